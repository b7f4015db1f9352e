"""Where the time goes behind Triton: one entry through a server and directly, held together.

Both runs have the same model, the same settings and the same rate. The direct run says what
the model costs; the server's own counters and the clients' clocks say where the rest goes.
"""

from __future__ import annotations

import csv
import dataclasses
import io
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from runtime.artifacts import atomic_write
from runtime.errors import ArtifactError, Problem
from runtime.loadgen.progress import Progress
from runtime.loadgen.serving import SERVED
from runtime.loadgen.session import RECORD, execute
from runtime.plan import RunPlan
from runtime.record import QUICK_NOTE, STATEMENT, RunRecord, from_json
from runtime.triton.stats import ClientTimes, Share, Statistics, breakdown
from runtime.vocabulary import HarnessKind

SCHEMA = 1
"""Version of the JSON form."""

REPORT = "report.json"
"""File with the whole comparison."""

TABLE = "where.csv"
"""File with the parts of a request's time."""

PLOT = "where.svg"
"""File with the plot of them."""

SIDES = ("triton", "direct")
"""Folders of the two runs."""


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """One entry through Triton and directly."""

    served: RunRecord
    """The run through a server."""
    direct: RunRecord | None
    """The direct run; None where only a served run was given."""
    client: ClientTimes
    """What the clients measured."""
    server: Statistics
    """What the server counted."""
    retried: int
    """Requests that were sent more than once."""
    origin: str
    """Where the server comes from."""

    @property
    def shares(self) -> tuple[Share, ...]:
        """Return the parts of a request's mean time, in order."""
        return breakdown(self.client, self.server)

    @property
    def ratio(self) -> float | None:
        """Return Triton's figure by the direct one; above 1 is better than direct.

        Latencies are turned over, so that more is better for every scenario.
        """
        mine = self.served.primary
        other = self.direct.primary if self.direct else None
        if mine is None or other is None or not mine.value or not other.value:
            return None
        ratio = mine.value / other.value
        return 1 / ratio if mine.better == "lower" else ratio

    @property
    def samples_per_request(self) -> float:
        """Return the mean samples of a request."""
        return self.client.samples / self.client.requests if self.client.requests else 0.0

    @property
    def samples_per_inference(self) -> float:
        """Return the mean samples of an inference: what the dynamic batcher made of them."""
        return self.server.samples / self.server.executions if self.server.executions else 0.0

    @property
    def direct_ms(self) -> float | None:
        """Return what a request's samples take directly, in ms; None without a direct run."""
        if self.direct is None:
            return None
        figures = {m.name: m.value for m in self.direct.metrics}
        if "latency_mean_ms" in figures:
            return figures["latency_mean_ms"]
        rate = figures.get("samples_per_s")
        lanes = max(1, int(self.direct.settings.get("lanes", 1)))
        return self.samples_per_request / rate * lanes * 1000 if rate else None

    @property
    def notes(self) -> tuple[str, ...]:
        """Return what every output must say."""
        records = [r for r in (self.served, self.direct) if r is not None]
        quick = (QUICK_NOTE,) if any(r.quick for r in records) else ()
        return tuple(dict.fromkeys((*quick, *(n for r in records for n in r.notes))))

    def to_dict(self) -> dict[str, Any]:
        """Return the JSON form."""
        return {
            "kind": "calliope.triton-report",
            "schema": SCHEMA,
            "key": self.served.key,
            "server": self.origin,
            "verdicts": {
                "triton": self.served.verdict.result,
                "direct": self.direct.verdict.result if self.direct else None,
            },
            "ratio": self.ratio,
            "figures": {
                "triton": {m.name: m.value for m in self.served.metrics},
                "direct": {m.name: m.value for m in self.direct.metrics} if self.direct else None,
            },
            "where_ms": {share.name: share.ms for share in self.shares},
            "direct_ms": self.direct_ms,
            "samples_per_request": self.samples_per_request,
            "samples_per_inference": self.samples_per_inference,
            "retried": self.retried,
            "client": dataclasses.asdict(self.client),
            "server_counters": dataclasses.asdict(self.server),
            "notes": list(self.notes),
            "statement": STATEMENT,
        }

    def to_csv(self) -> str:
        """Return the parts of a request's time as CSV."""
        text = io.StringIO()
        out = csv.writer(text, lineterminator="\n")
        out.writerow(["part", "mean time of a request (ms)", "meaning"])
        for share in self.shares:
            out.writerow([share.name, f"{share.ms:.6g}", share.meaning])
        if self.direct_ms is not None:
            out.writerow(["direct", f"{self.direct_ms:.6g}", "the same samples without a server"])
        return text.getvalue()


def direct_plan(plan: RunPlan) -> RunPlan:
    """Return the direct run of a served plan: the same model, settings and rate."""
    key = plan.key.replace(f"@{HarnessKind.TRITON}", "")
    return dataclasses.replace(plan, key=key, harness=HarnessKind.DIRECT, servers=())


def compare(
    plan: RunPlan, out: Path, on_progress: Callable[[str, Progress], None] | None = None
) -> Comparison:
    """Run an entry through Triton, then directly, and return what came of both.

    Args:
        plan: The served plan.
        out: Folder of the two runs, absent or empty.
        on_progress: Called with the side and where its run stands.

    Raises:
        HarnessError: As `runtime.loadgen.session.execute`.
    """
    for side, one in zip(SIDES, (plan, direct_plan(plan)), strict=True):

        def tell(progress: Progress, side: str = side) -> None:
            if on_progress is not None:
                on_progress(side, progress)

        execute(one, out / side, tell, evidence=False)
    return read(out / SIDES[0], out / SIDES[1])


def read(served: Path, direct: Path | None = None) -> Comparison:
    """Return the comparison of runs that were made before.

    Args:
        served: Folder of a run through Triton.
        direct: Folder of a direct run; None for none.

    Raises:
        ArtifactError: A folder holds no such run.
    """
    try:
        plain = json.loads((served / SERVED).read_bytes())
        record = from_json((served / RECORD).read_bytes())
        other = from_json((direct / RECORD).read_bytes()) if direct is not None else None
        client, server = ClientTimes(**plain["client"]), Statistics(**plain["server"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        want = f"the folder of a run through Triton, with {RECORD} and {SERVED}"
        do = "give the results folder of a `harness run --harness triton`"
        got = f"{type(error).__name__}: {error}"
        raise ArtifactError(Problem(str(served), want, got, do)) from error
    return Comparison(
        served=record,
        direct=other,
        client=client,
        server=server,
        retried=int(plain.get("retried", 0)),
        origin=str(plain.get("origin", "")),
    )


def write(found: Comparison, out: Path) -> list[Problem]:
    """Write report, table and plot; return what could not be drawn.

    Raises:
        ArtifactError: The folder cannot be written.
    """
    from runtime.errors import MissingError
    from runtime.tuning.servedplot import draw_where

    atomic_write(out / REPORT, json.dumps(found.to_dict(), indent=2).encode() + b"\n")
    atomic_write(out / TABLE, found.to_csv().encode())
    try:
        atomic_write(out / PLOT, draw_where(found).encode())
    except MissingError as error:
        return list(error.problems)
    return []
