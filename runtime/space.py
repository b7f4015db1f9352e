"""How much disk a run needs, before it starts: logs, answers, record, a model made on demand.

Sizes are those of LoadGen 6.0.17's files as measured: a detail log without a trace has
about 25 KiB and a list of the loaded samples, an answer is a line of JSON whose bytes
are written in hexadecimal.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path

from runtime.artifacts import MIN_FREE_MIB, cache_folder
from runtime.configs.workload import Workload
from runtime.plan import RunPlan
from runtime.vocabulary import Mode

LOG_BYTES = 64 * 1024
"""LoadGen's summary and detail log, user.conf, plan and record, without lists of samples."""

LISTED_BYTES = 8
"""One sample in the detail log's list of loaded ones: up to seven digits and a comma."""

ANSWER_BYTES = 56
"""One line of the accuracy log without the answer's own bytes.

Source: 540 answers of 8 bytes gave 35,423 bytes, 65.6 a line with 16 for the answer.
"""

HEX = 2
"""Characters for each byte of an answer."""

WEIGHT_BYTES = 4
"""One weight of a model file that is made on demand (FP32)."""

AMPLE = 2
"""How many times the need must be free for no warning."""


@dataclass(frozen=True, kw_only=True)
class Need:
    """Disk that runs need in one folder."""

    folder: Path
    """Where."""
    what: str
    """What for, in words."""
    size: int
    """Estimate in bytes."""

    @property
    def mib(self) -> int:
        """Return the free space to ask for, in MiB, never under that of an ordinary run."""
        return max(MIN_FREE_MIB, math.ceil(self.size / 2**20))


def run_bytes(plan: RunPlan, workload: Workload) -> int:
    """Return the size of everything that a run leaves in its folder, in bytes."""
    if plan.mode is Mode.PERFORMANCE:
        return LOG_BYTES + LISTED_BYTES * workload.performance_samples
    answer = ANSWER_BYTES + HEX * workload.answer_bytes
    return LOG_BYTES + (LISTED_BYTES + answer) * workload.accuracy_samples


def model_need(plan: RunPlan, workload: Workload, module: str | None) -> Need | None:
    """Return what a model that is made on demand needs in the cache; None where it is there.

    Args:
        plan: The run.
        workload: Its workload.
        module: File of the workload's module: a bundled model lies in `data` beside it.
    """
    bundled = module and (Path(module).parent / "data" / f"{workload.name}.onnx").is_file()
    cache = cache_folder()
    if plan.model is not None or bundled or any(cache.glob(f"{workload.name}*.onnx")):
        return None
    return Need(
        folder=cache,
        what=f"the model of {workload.name}",
        size=WEIGHT_BYTES * workload.parameters,
    )
