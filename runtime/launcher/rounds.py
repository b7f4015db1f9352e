"""The rounds of a launch: alone and together in turns, each on disk before the next begins."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec

from runtime.artifacts import atomic_write
from runtime.environment import read_machine, read_packages
from runtime.errors import ArtifactError, Problem
from runtime.launcher.interference import Figure, figures_of
from runtime.launcher.launch import Launch
from runtime.launcher.members import Role
from runtime.launcher.process import Running
from runtime.launcher.supervisor import Round, Supervisor
from runtime.launcher.telemetry import Reading, Telemetry
from runtime.record import Machine
from runtime.troubles.mig import BACKGROUND_EARLY, MAIN_INVALID
from runtime.tuning.journal import source_digest
from runtime.tuning.quiet import Load, Meter

JOURNAL = "journal.json"
"""Name of the journal in the launch's folder."""

ROUNDS = "rounds"
"""Folder in it with a folder for each round."""

SCHEMA_VERSION = 1
"""Version of the journal's form."""

STRETCH = 1.5
"""How much more work than by its measured rate a background gets after it ended too early."""

ALONE, TOGETHER = "alone", "together"
"""Kinds of round."""


class Done(msgspec.Struct, frozen=True, kw_only=True):
    """One round that was run."""

    pair: int
    """Which repeat, from 1."""
    kind: str
    """`alone` or `together`."""
    success: bool
    """Whether every main result is VALID and every background overlapped."""
    code: str
    """Why not; empty for a success."""
    member: str
    """Who made it fail; empty for a success."""
    text: str
    """What happened; empty for a success."""
    outcomes: tuple[dict[str, Any], ...]
    """Every member: states with times, interval, verdict, record, rate."""
    interval: tuple[float, float] | None
    """Main timed part, in seconds since the round began."""
    shared: float
    """Share of that time in which all main members were in their timed part."""
    seconds: float
    """Length of the round."""
    swept: int
    """Processes that had to be ended beside the members."""
    figures: dict[str, Figure]
    """Figures of the main workload; empty unless its results are VALID."""
    readings: Reading
    """Mean clocks and power during the main timed part, where the machine tells."""
    others_cores: float
    """Work of processes outside the launch, in processors."""
    disturbed: bool
    """Whether that is enough to change the figures."""
    folder: str
    """Folder of the round, relative to the launch's."""


class _Book(msgspec.Struct, frozen=True, kw_only=True):
    """The journal's form on disk."""

    key: str
    """What the rounds depend on; rounds of another key are not used."""
    rounds: tuple[Done, ...] = ()
    """Rounds in the order in which they were run."""
    schema: int = SCHEMA_VERSION
    """Version of this form."""
    kind: str = "calliope.mig-run-journal"
    """Says what this JSON is."""


Watcher = Callable[[int, int, str, str, Sequence[Running]], None]
"""Gets number and count of the rounds, kind, part, and members, a few times a second."""


@dataclass
class Rounds:
    """Runs what is missing of a launch, and remembers it."""

    launch: Launch
    """What to run."""
    folder: Path
    """Folder of the launch."""
    repeats: int
    """Pairs of rounds, or rounds where there is no comparison."""
    compare: bool = True
    """Whether each repeat also measures the main workload alone."""
    retries: int = 1
    """How often a round is run once more after one that failed."""
    probe: Callable[[], Reading] = dict
    """Reads clocks and power."""
    watcher: Watcher | None = None
    """Is told where the launch stands."""
    done: list[Done] = field(default_factory=list)
    """Rounds that were run, those of earlier calls included."""
    reused: int = 0
    """How many of them are from an earlier call."""
    machine: Machine = field(default_factory=read_machine)
    """Where it runs."""

    def __post_init__(self) -> None:
        """Read the journal of an earlier call.

        Raises:
            ArtifactError: It cannot be read.
        """
        self.folder = self.folder.absolute()
        self.key = self._key()
        book = _read(self.folder / JOURNAL)
        if book is not None and book.key == self.key:
            self.done = [r for r in book.rounds if r.success]
            self.reused = len(self.done)

    @property
    def schedule(self) -> list[tuple[int, str]]:
        """Return pair and kind of every round, in order: alone first in every other pair."""
        kinds = (ALONE, TOGETHER) if self.compare else (TOGETHER,)
        return [
            (pair, kind)
            for pair in range(1, self.repeats + 1)
            for kind in (kinds if pair % 2 else kinds[::-1])
        ]

    def missing(self) -> list[tuple[int, str]]:
        """Return the rounds that no earlier call has run with success."""
        have = {(r.pair, r.kind) for r in self.done if r.success}
        return [step for step in self.schedule if step not in have]

    def run(self) -> Done | None:
        """Run what is missing; return the round that failed for good, None where none did.

        Raises:
            RunError: A process cannot be started.
            ArtifactError: A file cannot be written.
            KeyboardInterrupt: The user stopped it; earlier rounds are kept.
        """
        for pair, kind in self.missing():
            last = None
            for last in self._attempts(pair, kind):
                self.done.append(last)
                self._write()
                if last.success:
                    break
            if last is not None and not last.success:
                return last
        return None

    def _attempts(self, pair: int, kind: str) -> Iterator[Done]:
        """Yield the attempts of one round; a main result that is INVALID is final."""
        stretch = 1.0
        for _ in range(self.retries + 1):
            done = self._once(pair, kind, stretch)
            yield done
            if done.code == MAIN_INVALID.code:
                return
            if done.code == BACKGROUND_EARLY.code:
                took = [o["interval"] for o in done.outcomes if o["name"] == done.member]
                begin, end = took[0] or (0.0, 0.0)
                wanted = self.launch.background_s(stretch)
                stretch *= STRETCH * max(1.0, wanted / max(end - begin, 1e-3))

    def _once(self, pair: int, kind: str, stretch: float) -> Done:
        """Run one round."""
        folder = self._new_folder(f"{pair:02}-{kind}")
        members = self.launch.members(self.folder, together=kind == TOGETHER, stretch=stretch)
        telemetry = Telemetry(self.probe)
        schedule = self.schedule
        number = schedule.index((pair, kind)) + 1

        def listen(part: str, running: Sequence[Running]) -> None:
            telemetry.sample()
            if self.watcher:
                self.watcher(number, len(schedule), kind, part, running)

        supervisor = Supervisor(members, folder, self.launch.deadlines, listen)
        meter = Meter()
        made = supervisor.run()
        load = meter.read()
        interval = made.interval or (0.0, 0.0)
        readings = telemetry.mean(*(supervisor.began + t for t in interval))
        return self._done((pair, kind), folder, made, readings, load)

    def _done(
        self, step: tuple[int, str], folder: Path, made: Round, readings: Reading, load: Load
    ) -> Done:
        """Return what to remember of a round."""
        failure = made.failure
        records = [o.record for o in made.outcomes if o.role is Role.MAIN]
        return Done(
            pair=step[0],
            kind=step[1],
            success=made.success,
            code=failure.code if failure else "",
            member=failure.member if failure else "",
            text=failure.text if failure else "",
            outcomes=tuple(self._plain(dataclasses.asdict(o)) for o in made.outcomes),
            interval=made.interval,
            shared=round(made.shared, 4),
            seconds=round(made.seconds, 3),
            swept=made.swept,
            figures=figures_of([_metrics(Path(r)) for r in records]) if made.success else {},
            readings=readings,
            others_cores=load.cores,
            disturbed=load.disturbed,
            folder=str(folder.relative_to(self.folder)),
        )

    def _plain(self, outcome: dict[str, Any]) -> dict[str, Any]:
        """Return an outcome in JSON form; its record relative to the launch's folder."""
        record = outcome["record"]
        if record:
            outcome["record"] = str(Path(record).relative_to(self.folder))
        outcome["role"] = str(outcome["role"])
        return outcome

    def _new_folder(self, name: str) -> Path:
        """Return a folder for a round that does not exist yet."""
        for attempt in range(1, 1000):
            tail = "" if attempt == 1 else f"-{attempt}"
            folder = self.folder / ROUNDS / f"{name}{tail}"
            if not folder.exists():
                folder.mkdir(parents=True)
                return folder
        where = str(self.folder / ROUNDS)
        raise ArtifactError(Problem(where, "a free folder name", name, "empty the folder"))

    def _key(self) -> str:
        """Return what all rounds depend on."""
        machine = msgspec.to_builtins(self.machine)
        shared = [self.launch.digest, machine, read_packages(), source_digest()]
        return hashlib.sha256(json.dumps(shared, sort_keys=True).encode()).hexdigest()

    def _write(self) -> None:
        """Write the journal."""
        data = msgspec.json.encode(_Book(key=self.key, rounds=tuple(self.done)))
        atomic_write(self.folder / JOURNAL, msgspec.json.format(data, indent=1) + b"\n")


def _metrics(record: Path) -> list[dict[str, Any]]:
    """Return the metrics of a record."""
    metrics: list[dict[str, Any]] = json.loads(record.read_bytes())["metrics"]
    return metrics


def _read(path: Path) -> _Book | None:
    """Return the journal of an earlier call; None where there is none.

    Raises:
        ArtifactError: It cannot be read.
    """
    try:
        return msgspec.json.decode(path.read_bytes(), type=_Book)
    except FileNotFoundError:
        return None
    except (OSError, msgspec.DecodeError) as error:
        do = "move it away, or name another folder with --out"
        problem = Problem(str(path), "the journal of an earlier call", str(error), do)
        raise ArtifactError(problem) from error
