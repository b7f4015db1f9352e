"""A member that runs one plan: `python -m runtime.launcher.member PLAN --events FD --folder DIR`.

It tells where the run stands as JSON lines, each with the time of CLOCK_MONOTONIC, and ends
gently on SIGTERM: what was measured so far is kept, marked partial.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import os
import signal
import sys
from pathlib import Path
from time import monotonic
from types import FrameType
from typing import Any

from runtime.errors import HarnessError, InvalidResult
from runtime.loadgen.progress import Progress
from runtime.loadgen.session import RECORD, execute
from runtime.plan import RunPlan


def main(arguments: list[str] | None = None) -> int:
    """Run the plan and return the exit code of `harness run`."""
    parser = argparse.ArgumentParser(prog="python -m runtime.launcher.member")
    parser.add_argument("plan", type=Path, help="plan in JSON")
    parser.add_argument("--events", type=int, required=True, help="descriptor for JSON lines")
    parser.add_argument("--folder", type=Path, required=True, help="absent or empty; gets the run")
    parser.add_argument("--evidence", action="store_true", help="copy to HARNESS_RECORD_DIR")
    options = parser.parse_args(arguments)
    signal.signal(signal.SIGTERM, _interrupt)

    def tell(event: str, **values: Any) -> None:
        line = json.dumps({"event": event, "at": monotonic(), **values}).encode() + b"\n"
        os.write(options.events, line)

    def on_progress(progress: Progress) -> None:
        tell("progress", **dataclasses.asdict(progress))

    try:
        plan = RunPlan.from_json(options.plan.read_bytes())
        record = execute(plan, options.folder, on_progress, evidence=options.evidence)
    except HarnessError as error:
        tell("error", text=str(error))
        sys.stderr.write(f"{error}\n")
        return error.exit_code
    except KeyboardInterrupt:
        return 130
    verdict = record.verdict.result
    tell("result", verdict=verdict, record=str(options.folder / RECORD))
    return 0 if verdict == "VALID" else InvalidResult.exit_code


def _interrupt(number: int, frame: FrameType | None) -> None:
    """Turn SIGTERM into what Ctrl-C does: the run keeps what it has."""
    del number, frame
    raise KeyboardInterrupt


if __name__ == "__main__":
    sys.exit(main())
