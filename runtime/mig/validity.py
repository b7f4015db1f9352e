"""Judges layouts: what breaks which rule, and explicit placements for a set of profiles."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import combinations

from runtime.errors import ConfigError, Problem, UsageError, suggest
from runtime.mig.boards import ENGINES, Board, Profile
from runtime.mig.layouts import Layout, Placement, space
from runtime.policies.mig import MEDIA_LIMIT

_ITEM = re.compile(r"^(?P<profile>[^@\s*]+)(?:@(?P<start>\d+))?(?:\*(?P<count>\d+))?$")


def parse_layout(
    board: Board, text: str, where: str = "layout"
) -> tuple[list[Placement], list[str]]:
    """Return the placements and the profiles without a place that a text names.

    Args:
        board: The board that the names belong to.
        text: `3g.40gb,1g.10gb*2`, or with starts `3g.40gb@4,1g.10gb@0`.
        where: Place for messages.

    Raises:
        UsageError: With every item that is no profile of the board.
    """
    placed: list[Placement] = []
    free: list[str] = []
    problems: list[Problem] = []
    for word in filter(None, (w.strip() for w in text.split(","))):
        match = _ITEM.match(word)
        name = match["profile"] if match else word
        profile = next((p for p in board.profiles if p.name == name), None)
        if match is None or profile is None:
            mend = suggest(name, [p.name for p in board.profiles])
            problems.append(Problem(where, f"a profile of {board.name}", word, mend))
        elif match["start"] is not None:
            if match["count"] is not None:
                want = "one instance at a start"
                problems.append(Problem(where, want, word, "name each with its own start"))
                continue
            placed.append(Placement(int(match["start"]), profile.size, name))
        else:
            free += [name] * int(match["count"] or 1)
    if not placed and not free and not problems:
        problems.append(Problem(where, "at least one profile", "none", "name them"))
    if problems:
        raise UsageError(problems)
    return sorted(placed), free


def check_layout(board: Board, placements: Iterable[Placement]) -> tuple[Problem, ...]:
    """Return every rule that a layout breaks; empty when the board can hold it."""
    layout = sorted(placements)
    found = _starts(board, layout) + _overlaps(board, layout)
    return tuple(found + check_profiles(board, [p.profile for p in layout]))


def check_profiles(board: Board, names: Sequence[str]) -> list[Problem]:
    """Return the rules that a set of profiles breaks wherever its instances are placed."""
    profiles = [board.profile(name) for name in names]
    return [
        *_too_many(board, profiles),
        *_too_much_compute(board, profiles),
        *_too_much_media(board, profiles),
    ]


def arrange(board: Board, names: Sequence[str], fixed: Sequence[Placement] = ()) -> Layout:
    """Return explicit placements for profiles, beside instances that already have theirs.

    Of all possible ones, those are taken that leave most to be used; among equals, the
    ones that creation in the right order would find by itself.

    Raises:
        ConfigError: With the rules that are broken, or that no arrangement exists.
    """
    wanted = Counter([*names, *(p.profile for p in fixed)])
    problems = [*check_layout(board, fixed), *check_profiles(board, list(wanted.elements()))]
    if problems:
        raise ConfigError(tuple(dict.fromkeys(problems)))
    media = any(board.profile(name).attributes for name in wanted)
    found = space(board, media=media)
    kept = found.bits_of(fixed)
    multiset = tuple((p.name, wanted[p.name]) for p in found.profiles if wanted[p.name])
    fits = [b for b in found.bits if b & kept == kept and found.multiset(b) == multiset]
    if not fits:
        raise ConfigError(_no_arrangement(board, wanted, fixed))
    best = min(fits, key=lambda b: (sum(found.locked(b)), _lowness(found.layout(b))))
    return found.layout(best)


def _lowness(layout: Layout) -> list[int]:
    """Return a key that is smaller the higher the starts, large instances first."""
    return [-p.start for p in sorted(layout, key=lambda p: (-p.size, -p.start))]


def _no_arrangement(board: Board, wanted: Counter[str], fixed: Sequence[Placement]) -> Problem:
    """Return why a set that breaks no sum still has no places."""
    slots = sum(board.profile(name).size * count for name, count in wanted.items())
    starts = "; ".join(
        f"{name} takes {board.profile(name).size} slots from {_list(board.profile(name).starts)}"
        for name in wanted
    )
    got = f"no free places for {_counted(wanted)}: {starts}"
    if slots > board.slots:
        got = f"{slots} slots in all: {_counted(wanted)}"
    mend = "take smaller profiles or fewer"
    if fixed:
        mend += ", or move what stands at " + ", ".join(map(str, fixed))
    want = f"instances that share no slot of {board.slots}"
    return Problem(board.name, want, got, mend)


def _starts(board: Board, layout: Sequence[Placement]) -> list[Problem]:
    """Return placements at starts that their profile does not offer."""
    return [
        Problem(
            f"{board.name} {placement}",
            f"a start of {_list(board.profile(placement.profile).starts)}",
            str(placement.start),
            "move it to one of them",
        )
        for placement in layout
        if placement.start not in board.profile(placement.profile).starts
    ]


def _overlaps(board: Board, layout: Sequence[Placement]) -> list[Problem]:
    """Return pairs of placements that share slots."""
    found = []
    for one, two in combinations(layout, 2):
        shared = one.mask & two.mask
        if shared:
            slots = [str(n) for n in range(shared.bit_length()) if shared >> n & 1]
            got = f"both on slot{'s' if len(slots) > 1 else ''} {', '.join(slots)}"
            where = f"{board.name} {one} and {two}"
            found.append(Problem(where, "instances that share no slot", got, "move one of them"))
    return found


def _too_many(board: Board, profiles: Sequence[Profile]) -> list[Problem]:
    """Return profiles with more instances than the board holds."""
    counts = Counter(p.name for p in profiles)
    return [
        Problem(
            f"{board.name} {p.name}",
            f"at most {p.max_instances}",
            str(counts[p.name]),
            "take fewer",
        )
        for p in board.profiles
        if counts[p.name] > p.max_instances
    ]


def _too_much_compute(board: Board, profiles: Sequence[Profile]) -> list[Problem]:
    """Return the problem of more compute slices than the board has."""
    total = sum(p.compute_slices for p in profiles)
    if total <= board.compute_slices:
        return []
    want = f"at most {board.compute_slices} compute slices"
    return [Problem(board.name, want, str(total), "take smaller profiles or fewer")]


def _too_much_media(board: Board, profiles: Sequence[Profile]) -> list[Problem]:
    """Return the problems of too many +me instances, or of more engines than there are."""
    found = []
    takers = [p.name for p in profiles if p.takes_media]
    if len(takers) > MEDIA_LIMIT.number:
        want = f"at most {MEDIA_LIMIT.number:g} instance with +me in all"
        mend = "take the plain profile for the others"
        found.append(Problem(board.name, want, ", ".join(takers), mend))
    for kind in ENGINES if board.engines else ():
        has = board.engines.count(kind) if board.engines else 0
        total = sum(p.engines.count(kind) for p in profiles)
        if total > has:
            want = f"at most {has} {kind.upper()} engines (inferred rule)"
            found.append(Problem(board.name, want, str(total), "take -me variants for some"))
    return found


def _counted(wanted: Counter[str]) -> str:
    """Return `2 x 3g.40gb + 1 x 1g.10gb`."""
    return " + ".join(f"{count} x {name}" for name, count in wanted.items())


def _list(numbers: Iterable[int]) -> str:
    """Return numbers as a list in words."""
    return ", ".join(map(str, numbers))
