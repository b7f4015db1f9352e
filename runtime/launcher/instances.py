"""Where members run: MIG instances of this machine, or shares of its processors instead."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from runtime.errors import MissingError, Problem, UsageError
from runtime.launcher.requests import Request
from runtime.mig.boards import Board
from runtime.mig.fleet import Gpu
from runtime.mig.layouts import Placement
from runtime.mig.needs import Need, offers
from runtime.mig.plans import Plan
from runtime.troubles.machine import DEVICE_MISSING

EMULATED = (
    "emulated: no GPU is involved; each instance is a share of this machine's processors "
    "(CPU affinity), so the figures say nothing of MIG"
)
"""The sentence that every output of an emulated launch carries."""


@dataclass(frozen=True, kw_only=True)
class Instance:
    """An instance that one member runs on."""

    gpu: int
    """Index of the GPU."""
    board: str
    """Board of the GPU."""
    profile: str
    """Profile on that board."""
    start: int | None
    """First memory slot; None where the driver does not tell us."""
    uuid: str = ""
    """UUID of the MIG device, `MIG-...`; empty where emulated."""
    cores: tuple[int, ...] = ()
    """Logical processors that stand in for it; empty for a real one."""
    shared: bool = False
    """Whether another instance has the same processors, for want of more."""

    def __str__(self) -> str:
        """Return `GPU N PROFILE@START`."""
        start = "" if self.start is None else f"@{self.start}"
        return f"GPU {self.gpu} {self.profile}{start}"


@dataclass(frozen=True, kw_only=True)
class Seated:
    """One copy of a request on its instance."""

    request: Request
    """What runs."""
    copy: int
    """Which copy of the request, from 0."""
    instance: Instance
    """Where it runs."""


def seat_emulated(
    requests: Sequence[Request],
    memories: Sequence[float],
    board: Board,
    cores: Sequence[int],
    *,
    isolated: bool = True,
) -> tuple[tuple[Seated, ...], Plan]:
    """Return the seats of requests on emulated GPUs of a board, and the plan behind them.

    Args:
        requests: What is asked for.
        memories: Memory that each request needs of its instance, in GiB.
        board: Board to emulate; as many as the plan takes.
        cores: Logical processors to share out.
        isolated: Whether each instance has processors of its own; otherwise all share all.

    Raises:
        UsageError: A profile that the board does not have.
        MissingError: The requests do not fit.
    """
    from runtime.mig.planner import gpus_needed, plan

    _check_profiles(requests, board)
    needs = [
        Need(
            name=f"{n}:{r}",
            count=r.count,
            profile=r.profile or None,
            memory=None if r.profile else memory,
        )
        for n, (r, memory) in enumerate(zip(requests, memories, strict=True))
    ]
    count = gpus_needed(needs, [], board) or 1
    gpus = [Gpu(index=n, board=board) for n in range(count)]
    found = plan(needs, gpus)
    if found is None:
        raise MissingError(_no_room(requests, board.name))
    return _seats(requests, needs, found, board, cores, isolated=isolated), found


def _seats(
    requests: Sequence[Request],
    needs: Sequence[Need],
    found: Plan,
    board: Board,
    cores: Sequence[int],
    *,
    isolated: bool,
) -> tuple[Seated, ...]:
    """Return who sits where, with processors."""
    places = [(g.gpu.index, i.placement, i.workload) for g in found.gpus for i in g.instances]
    # main members choose their processors first, so that those of the others overlap if any
    names = [n.name for n in needs]
    places.sort(key=lambda p: (names.index(p[2]), p[0], p[1]))
    share = share_cores(board, len(found.gpus), [p for _, p, _ in places], cores)
    every = tuple(cores)
    seats = []
    copies = dict.fromkeys(names, 0)
    for (gpu, placement, name), (own, shared) in zip(places, share, strict=True):
        instance = Instance(
            gpu=gpu,
            board=board.name,
            profile=placement.profile,
            start=placement.start,
            cores=own if isolated else every,
            shared=shared if isolated else len(places) > 1,
        )
        request = requests[names.index(name)]
        seats.append(Seated(request=request, copy=copies[name], instance=instance))
        copies[name] += 1
    return tuple(seats)


def share_cores(
    board: Board, gpus: int, placements: Sequence[Placement], cores: Sequence[int]
) -> list[tuple[tuple[int, ...], bool]]:
    """Return the processors of each instance, and whether it has to share them.

    An instance gets its share of the compute slices of all GPUs, rounded down, and one
    processor at least; where they run out, they are given out again from the first.

    Args:
        board: Board of the GPUs.
        gpus: How many GPUs are emulated.
        placements: The instances.
        cores: Logical processors to share out.
    """
    at = 0
    found = []
    for placement in placements:
        slices = board.profile(placement.profile).compute_slices
        count = max(1, len(cores) * slices // (board.compute_slices * gpus))
        found.append(tuple(cores[(at + n) % len(cores)] for n in range(count)))
        at += count
    return [
        (own, any(set(own) & set(other) for m, other in enumerate(found) if m != n))
        for n, own in enumerate(found)
    ]


def seat_real(
    requests: Sequence[Request],
    memories: Sequence[float],
    boards: Sequence[Board],
    instances: Sequence[Instance],
) -> tuple[Seated, ...]:
    """Return the seats of requests on instances that exist.

    Named profiles are taken first, then each request gets the smallest instance that it fits.

    Args:
        requests: What is asked for.
        memories: Memory that each request needs of its instance, in GiB.
        boards: Boards of the machine's GPUs.
        instances: What exists.

    Raises:
        MissingError: With every request for which no instance is left.
    """
    by_name = {b.name: b for b in boards}
    free = list(instances)
    seats: dict[tuple[int, int], Seated] = {}
    order = sorted(range(len(requests)), key=lambda n: (not requests[n].profile, -memories[n]))
    problems = []
    for n in order:
        request = requests[n]
        for copy in range(request.count):
            fitting = [i for i in free if _fits(request, memories[n], i, by_name)]
            if not fitting:
                problems.append(_no_instance(request, copy, instances))
                continue
            best = min(fitting, key=lambda i: _size(by_name[i.board], i))
            free.remove(best)
            seats[n, copy] = Seated(request=request, copy=copy, instance=best)
    if problems:
        raise MissingError(problems)
    return tuple(seats[key] for key in sorted(seats))


def _fits(request: Request, memory: float, one: Instance, boards: dict[str, Board]) -> bool:
    """Tell whether a request may run on an instance."""
    if request.profile:
        return one.profile == request.profile
    found = offers(boards[one.board], Need(name="need", memory=memory)).offers
    return any(o.profile.name == one.profile for o in found)


def _size(board: Board, one: Instance) -> tuple[int, int, int, int]:
    """Return what makes an instance larger than another, then its place."""
    profile = board.profile(one.profile)
    return profile.size, profile.compute_slices, one.gpu, one.start or 0


def _check_profiles(requests: Sequence[Request], board: Board) -> None:
    """Raise UsageError with every profile that the board does not have."""
    problems = []
    for request in requests:
        if request.profile:
            try:
                board.profile(request.profile)
            except UsageError as error:
                where = f"--{request.role} {request}"
                problems += [Problem(where, p.want, p.got, p.do) for p in error.problems]
    if problems:
        raise UsageError(problems)


def _no_room(requests: Sequence[Request], board: str) -> Problem:
    """Return the problem of requests that no number of boards can hold."""
    got = ", ".join(map(str, requests))
    return Problem(
        "mig run", f"instances of {board} for all", got, "ask for less, or another board"
    )


def _no_instance(request: Request, copy: int, instances: Sequence[Instance]) -> Problem:
    """Return the problem of a request for which no instance is left."""
    want = f"a free {request.profile or 'fitting'} instance for copy {copy + 1}"
    have = ", ".join(f"{i} ({i.uuid})" for i in instances) or "no MIG instance"
    do = "create it: `harness mig plan --apply` finds and makes a layout"
    return Problem(f"--{request.role} {request}", want, have, do, DEVICE_MISSING.code)
