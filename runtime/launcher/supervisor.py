"""One round: starts the members in their order, watches all of them, and judges.

One loop, one clock, a deadline for each part. The backgrounds start first; when every one is
in its timed part and has been there for the settle time, the main members start; when these
have their results, all are ended. The round succeeds when every main result is VALID and every
background was in its timed part, and went on, from the start of the main timed part to its end.
"""

from __future__ import annotations

import select
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic

from runtime.launcher.judgement import Failure, background_failure, main_failure
from runtime.launcher.members import Deadlines, Member, Role, State
from runtime.launcher.process import Running, end_all
from runtime.troubles.mig import BACKGROUND_SILENT, MAIN_DIED

TICK_S = 0.05
"""Longest time between two looks at all members, in seconds.

Why: events wake the loop at once; only deadlines and silent deaths wait for a tick.
"""

CONFIRM_S = 3.0
"""How long a background may take to report once more after the main part, in seconds."""


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What became of one member."""

    name: str
    """Name of the member."""
    role: Role
    """What it was for."""
    reason: str
    """How it ended."""
    history: tuple[tuple[str, float], ...]
    """States with the seconds since the start of the round."""
    interval: tuple[float, float] | None
    """Its timed part, in seconds since the start of the round; None where it has no end."""
    verdict: str
    """VALID, INVALID, or empty where it told none."""
    record: str
    """Its record; empty where it named none."""
    exit_code: int | None
    """Exit code; negative for a signal; None where it was not started."""
    rate: float | None
    """Units per second during the main timed part, from its own counter."""
    unit: str
    """What the rate counts."""


@dataclass(kw_only=True)
class Round:
    """What became of a round."""

    success: bool = False
    """Whether every main result is VALID and every background overlapped."""
    failure: Failure | None = None
    """Why not; None for a success."""
    outcomes: tuple[Outcome, ...] = ()
    """Every member."""
    interval: tuple[float, float] | None = None
    """From the first main start to the last main end, in seconds since the round began."""
    shared: float = 0.0
    """Share of that time in which all main members were in their timed part."""
    seconds: float = 0.0
    """Length of the round."""
    swept: int = 0
    """Processes that had to be ended beside the members."""


Listener = Callable[[str, Sequence[Running]], None]
"""Gets the part of the round and all members, a few times a second."""


@dataclass
class Supervisor:
    """Runs rounds; each has members of its own."""

    members: Sequence[Member]
    """Who takes part."""
    folder: Path
    """Gets a folder and two files of each member."""
    deadlines: Deadlines = field(default_factory=Deadlines)
    """How long each part may take."""
    listener: Listener | None = None
    """Is told where the round stands."""

    def __post_init__(self) -> None:
        """Plan the members."""
        self.began = monotonic()
        self.mark = uuid.uuid4().hex
        self.running = [Running(m, self.folder, self.mark) for m in self.members]
        self.mains = [r for r in self.running if r.member.role is Role.MAIN]
        self.backgrounds = [r for r in self.running if r.member.role is Role.BACKGROUND]

    def run(self) -> Round:
        """Run the round and return what became of it; no process is left behind.

        Raises:
            RunError: A process cannot be started.
            KeyboardInterrupt: The user stopped it; everything was ended.
        """
        failure: Failure | None = None
        swept = 0
        try:
            failure = self._background_part() or self._main_part()
        finally:
            swept = end_all(self.running, self.mark, self.deadlines.grace)
        for one in self.running:
            one.enter(State.FINAL, self._reason(one, failure))
        return self._round(failure, swept)

    def _background_part(self) -> Failure | None:
        """Start the backgrounds, wait for their timed parts, settle; return what went wrong."""
        for one in self.backgrounds:
            one.start()
        while not all(one.state is State.READY for one in self.backgrounds):
            self._turn("backgrounds start")
            if failure := self._early_failure(settled=False):
                return failure
        end = monotonic() + (self.deadlines.settle if self.backgrounds else 0.0)
        while monotonic() < end:
            self._turn("settling", end - monotonic())
            if failure := self._early_failure(settled=True):
                return failure
        return None

    def _main_part(self) -> Failure | None:
        """Start the main members and wait for their results; return what went wrong."""
        for one in self.mains:
            one.start()
        while True:
            self._turn("main run")
            now = monotonic()
            for one in self.mains:
                if failure := main_failure(one, self.deadlines, now):
                    return failure
            span = self._span()
            for one in self.backgrounds:
                failure = background_failure(one, self._main_times(), self.deadlines, now)
                if failure:
                    return failure
                if span is not None and one.told.begun is not None:
                    one.enter(State.OVERLAPPING)
            if all(not one.alive and one.told.result for one in self.mains):
                return self._confirm()

    def _confirm(self) -> Failure | None:
        """Wait until every background has shown that it was there to the end."""
        span = self._span()
        if span is None:
            return Failure(
                MAIN_DIED.code, self.mains[0].member.name, "it never began its timed part"
            )
        limit = monotonic() + CONFIRM_S
        while missing := [b for b in self.backgrounds if not covers(b, span)]:
            for one in missing:
                found = background_failure(one, (span[1],), self.deadlines, monotonic())
                if found:
                    return found
            if monotonic() > limit:
                got = "its last report is from before the end of the main timed part"
                return Failure(BACKGROUND_SILENT.code, missing[0].member.name, got)
            self._turn("main run")
        return None

    def _early_failure(self, *, settled: bool) -> Failure | None:
        """Return what went wrong before the main members are started."""
        for one in self.backgrounds:
            if found := background_failure(one, None, self.deadlines, monotonic()):
                return found
            if one.told.begun is not None and not settled:
                one.enter(State.READY)
        return None

    def _turn(self, part: str, longest: float = TICK_S) -> None:
        """Wait for news or a tick, and take everything in."""
        readers = [r.reader for r in self.running if r.reader is not None]
        select.select(readers, [], [], max(0.0, min(TICK_S, longest)))
        for one in self.running:
            if one.alive or one.reader is not None:
                one.read()
            if one.member.role is Role.MAIN and one.told.begun is not None:
                one.enter(State.READY)
                one.enter(State.OVERLAPPING)
        if self.listener:
            self.listener(part, self.running)

    def _main_times(self) -> tuple[float | None, ...]:
        """Return when each main member's timed part ended; None for those still in it."""
        return tuple(one.told.ended for one in self.mains)

    def _span(self) -> tuple[float, float] | None:
        """Return first start and last end (or now) of the main timed parts."""
        begins = [o.told.begun for o in self.mains if o.told.begun is not None]
        if len(begins) < len(self.mains) or not begins:
            return None
        ends = [monotonic() if o.told.ended is None else o.told.ended for o in self.mains]
        return min(begins), max(ends)

    def _reason(self, one: Running, failure: Failure | None) -> str:
        """Return how a member ended, in words."""
        if failure is not None and failure.member == one.member.name:
            return failure.text
        if one.exit_code is None:
            return "not started"
        if one.member.role is Role.MAIN and one.told.result:
            return str(one.told.result["verdict"])
        return "ended with the round"

    def _round(self, failure: Failure | None, swept: int) -> Round:
        """Return what became of everything."""
        span = self._span() if all(o.told.ended is not None for o in self.mains) else None
        outcomes = tuple(self._outcome(one, span) for one in self.running)
        return Round(
            success=failure is None,
            failure=failure,
            outcomes=outcomes,
            interval=None if span is None else (span[0] - self.began, span[1] - self.began),
            shared=self._shared(span),
            seconds=monotonic() - self.began,
            swept=swept,
        )

    def _shared(self, span: tuple[float, float] | None) -> float:
        """Return the share of the main span in which all main members ran."""
        if span is None or span[1] <= span[0]:
            return 0.0
        first = max(o.told.begun or 0.0 for o in self.mains)
        last = min(o.told.ended or 0.0 for o in self.mains)
        return max(0.0, last - first) / (span[1] - span[0])

    def _outcome(self, one: Running, span: tuple[float, float] | None) -> Outcome:
        """Return what became of a member."""
        told, began = one.told, self.began
        result = told.result or {}
        timed = None
        if told.begun is not None and told.ended is not None:
            timed = (told.begun - began, told.ended - began)
        return Outcome(
            name=one.member.name,
            role=one.member.role,
            reason=one.reason,
            history=tuple((state, round(at - began, 3)) for state, at in one.history),
            interval=timed,
            verdict=str(result.get("verdict", "")),
            record=str(result.get("record", "")),
            exit_code=one.exit_code,
            rate=told.rate(*span) if span else None,
            unit=told.unit,
        )


def covers(one: Running, span: tuple[float, float]) -> bool:
    """Tell whether a background was in its timed part, and went on, through a main one."""
    told = one.told
    if told.begun is None or told.begun > span[0]:
        return False
    if told.ended is not None:
        return told.ended >= span[1]
    stepped = told.stepped is not None and told.stepped >= span[0]
    return told.last is not None and told.last >= span[1] and stepped
