"""When a round has failed: by whom, and why; judged from what was told and from the clock."""

from __future__ import annotations

import signal
from collections.abc import Sequence
from dataclasses import dataclass

from runtime.launcher.members import Deadlines
from runtime.launcher.process import Running
from runtime.troubles.mig import (
    BACKGROUND_DIED,
    BACKGROUND_EARLY,
    BACKGROUND_HUNG,
    BACKGROUND_LATE,
    MAIN_DIED,
    MAIN_HUNG,
    MAIN_INVALID,
    MAIN_LATE,
)
from runtime.troubles.model import Trouble


@dataclass(frozen=True)
class Failure:
    """Why a round did not succeed."""

    code: str
    """Code of its trouble, `harness explain CODE`: `runtime.troubles.mig`."""
    member: str
    """Who it was."""
    text: str
    """What happened."""


def main_failure(one: Running, deadlines: Deadlines, now: float) -> Failure | None:
    """Return why a main member makes the round fail; None where it does not (yet).

    Args:
        one: The member.
        deadlines: How long each part may take.
        now: Time of the judgement.
    """
    told, name = one.told, one.member.name
    if told.result and told.result["verdict"] != "VALID":
        return Failure(MAIN_INVALID.code, name, f"its result is {told.result['verdict']}")
    if not one.alive:
        if told.result and one.exit_code == 0:
            return None
        return Failure(MAIN_DIED.code, name, _end(one))
    if told.begun is None:
        return _late(
            one, MAIN_LATE, now, one.started + deadlines.ready, "was not in its timed part"
        )
    if told.ended is None:
        if now > told.begun + deadlines.timed:
            got = f"its timed part takes more than {deadlines.timed:g} s"
            return Failure(MAIN_LATE.code, name, got)
        return _hung(one, MAIN_HUNG, deadlines, now)
    limit = told.ended + deadlines.finish
    return _late(one, MAIN_LATE, now, limit, "gave no result and did not end")


def background_failure(
    one: Running, main_ends: Sequence[float | None] | None, deadlines: Deadlines, now: float
) -> Failure | None:
    """Return why a background makes the round fail; None where it does not (yet).

    Args:
        one: The member.
        main_ends: When each main timed part ended, None for one that has not; None as a whole
            where no main member was started.
        deadlines: How long each part may take.
        now: Time of the judgement.
    """
    told, name = one.told, one.member.name
    if told.begun is None:
        if not one.alive:
            return Failure(BACKGROUND_DIED.code, name, _end(one))
        limit = one.started + deadlines.ready
        return _late(one, BACKGROUND_LATE, now, limit, "was not in its timed part")
    if told.ended is None and one.alive:
        return _hung(one, BACKGROUND_HUNG, deadlines, now)
    seen = told.ended if told.ended is not None else (told.last or 0.0)
    if main_ends is None or (main_ends and _outlived(seen, main_ends, now)):
        crashed = not one.alive and one.exit_code not in (0, None)
        if told.ended is None or crashed:
            return Failure(BACKGROUND_DIED.code, name, _end(one))
        where = "one began" if main_ends is None else "one ended"
        got = f"its timed part ended before the main {where}"
        return Failure(BACKGROUND_EARLY.code, name, got)
    return None


def _outlived(seen: float, main_ends: Sequence[float | None], now: float) -> bool:
    """Tell whether a main timed part went on after a background's end.

    A main member tells its end a moment later than it comes; until then nobody can say.
    """
    if any(end is not None and end > seen for end in main_ends):
        return True
    return any(end is None for end in main_ends) and now > seen + PATIENCE_S


PATIENCE_S = 1.0
"""How long a main member's end may take to become known, in seconds."""


def _hung(one: Running, trouble: Trouble, deadlines: Deadlines, now: float) -> Failure | None:
    """Return the failure of a member whose timed part makes no step."""
    last = one.told.stepped if one.told.stepped is not None else one.told.begun
    if last is not None and now > last + deadlines.silence:
        got = f"no step forward in {deadlines.silence:g} s ({one.told.done} {one.told.unit} done)"
        return Failure(trouble.code, one.member.name, got)
    return None


def _late(one: Running, trouble: Trouble, now: float, limit: float, what: str) -> Failure | None:
    """Return the failure of a member that is over a deadline."""
    if now <= limit:
        return None
    name = one.member.name
    return Failure(trouble.code, name, f"it {what} within {now - one.started:.3g} s of its start")


def _end(one: Running) -> str:
    """Return how a process ended, in words."""
    code, told = one.exit_code, one.told
    if code is not None and code < 0:
        try:
            how = f"signal {signal.Signals(-code).name}"
        except ValueError:
            how = f"signal {-code}"
    else:
        how = f"exit code {code}"
    where = "before its timed part" if told.begun is None else "in its timed part"
    if told.result:
        where = f"after its result ({told.result['verdict']})"
    elif told.ended is not None:
        where = "after its timed part, without a result"
    said = told.error or one.tail()
    return f"it ended with {how} {where}" + (f": {said}" if said else "")
