"""Which target a GPU or a MIG slice is, and whether this machine has what a target needs."""

from __future__ import annotations

from collections.abc import Iterable

from runtime.configs.target import Target
from runtime.devices.gpus import Availability, Found, Gpu, Match, Slice, SliceMatch
from runtime.devices.nvml import jetson_model
from runtime.errors import UsageError
from runtime.mig.boards import Board, find_board
from runtime.troubles.machine import DEVICE_MISSING, DRIVER_MISSING, SYSTEM_UNKNOWN
from runtime.vocabulary import Family

MEMORY_TOLERANCE = 0.12
"""Share by which NVML's memory may differ from the vendor's figure and still match.

Why: boards sold with "80 GB" hold 80 GiB, 7.4 % more than 80e9 bytes, and drivers
reserve some of it; the next larger board of a model is at least 25 % away.
"""


def match(gpu: Gpu, targets: Iterable[Target]) -> Match:
    """Return the one-device target that a GPU is, or the nearest one and what differs.

    The PCI id decides; where two targets share it, or none has it, memory does.
    """
    single = [t for t in targets if t.devices == 1 and t.mig is None and t.memory_gb is not None]
    same = [t for t in single if gpu.pci_id.upper() in (p.upper() for p in t.pci_ids)]
    for target in sorted(same, key=lambda t: _gap(gpu.memory_gb, t)):
        if _gap(gpu.memory_gb, target) <= MEMORY_TOLERANCE:
            why = f"PCI id {gpu.pci_id} and {gpu.memory_gb:.0f} GB of memory agree"
            return Match(gpu=gpu, target=target.name, exact=True, why=why)
        why = (
            f"PCI id {gpu.pci_id} agrees, memory does not: "
            f"{gpu.memory_gb:.0f} GB, the target has {_memory(target):.0f} GB"
        )
        return Match(gpu=gpu, target=target.name, exact=False, why=why)
    if not single:
        return Match(gpu=gpu, target="", exact=False, why="no GPU target is defined")
    near = min(single, key=lambda t: _distance(gpu, t))
    why = (
        f"PCI id {gpu.pci_id} ({gpu.name}, {gpu.memory_gb:.0f} GB) belongs to no target; "
        f"nearest by {_likeness(gpu, near)}: {near.title} with {_memory(near):.0f} GB"
    )
    return Match(gpu=gpu, target=near.name, exact=False, why=why)


def match_slice(gpu: Gpu, part: Slice, targets: Iterable[Target]) -> SliceMatch:
    """Return the target that a MIG slice is, or the nearest one and what differs.

    Board (by PCI id), profile and memory must agree: the same profile name means other
    figures on other boards.
    """
    slices = [t for t in targets if t.mig is not None]
    board = _board(gpu)
    here = f"{part.profile} with {part.memory_gb:.1f} GB on a {board.name if board else gpu.name}"
    for target in slices:
        if board is None or target.mig is None or target.mig.board != board.name:
            continue
        if target.mig.profile != part.profile:
            continue
        if part.shared:
            why = f"compute instance {part.compute_instance} is a part of {part.profile} only"
            return SliceMatch(gpu=gpu, slice=part, target=target.name, exact=False, why=why)
        exact = _gap(part.memory_gb, target) <= MEMORY_TOLERANCE
        why = f"board {board.name}, profile {part.profile} and {part.memory_gb:.1f} GB agree"
        if not exact:
            why = f"board and profile agree, memory does not: target has {_memory(target):.1f} GB"
        return SliceMatch(gpu=gpu, slice=part, target=target.name, exact=exact, why=why)
    if not slices:
        return SliceMatch(gpu=gpu, slice=part, target="", exact=False, why="no slice is a target")
    name = board.name if board else ""
    near = min(
        slices,
        key=lambda t: (t.mig is None or t.mig.board != name, _gap(part.memory_gb, t)),
    )
    why = f"{here} belongs to no target; nearest by board and memory: {near.title}"
    return SliceMatch(gpu=gpu, slice=part, target=near.name, exact=False, why=why)


def availability(target: Target, found: Found, targets: Iterable[Target]) -> Availability:
    """Return whether this machine has the devices that a target needs."""
    if target.family is Family.CPU:
        return Availability(target=target.name, ok=True, reason="the host's processor")
    if target.family is Family.JETSON and jetson_model():
        return Availability(target=target.name, ok=True, reason=jetson_model())
    if not found.gpus:
        mend = "run it on a machine that has the GPU; --dry-run shows the settings here"
        problem = found.problem or next(iter(found.broken), None)
        code = (problem.code if problem else "") or DRIVER_MISSING.code
        return Availability(
            target=target.name, ok=False, reason=found.why_none, mend=mend, code=code
        )
    known = tuple(targets)
    if target.mig is not None:
        return _slice_availability(target, found, known)
    return _gpu_availability(target, found, known)


def _gpu_availability(target: Target, found: Found, known: tuple[Target, ...]) -> Availability:
    """Return whether there are enough whole GPUs of a kind."""
    base = target.name.rpartition("-x")[0] if target.devices > 1 else target.name
    matches = [match(gpu, known) for gpu in found.gpus]
    mine = [m.gpu for m in matches if m.exact and m.target == base]
    whole = [gpu for gpu in mine if not gpu.mig]
    if len(whole) >= target.devices:
        reason = f"{len(whole)} of {target.devices} devices: {target.title}"
        uuids = tuple(gpu.uuid for gpu in whole[: target.devices])
        return Availability(target=target.name, ok=True, reason=reason, uuids=uuids)
    if len(mine) >= target.devices:
        index = next(gpu.index for gpu in mine if gpu.mig)
        reason = f"GPU {index} is in MIG mode: a process sees its slices, not the whole GPU"
        mend = f"choose a slice target, or run `sudo nvidia-smi -i {index} -mig 0`"
        code = DEVICE_MISSING.code
        return Availability(target=target.name, ok=False, reason=reason, mend=mend, code=code)
    seen = ", ".join(f"{m.gpu.name} ({m.target or 'no target'})" for m in matches)
    broken = "".join(f"; {p.where} does not answer ({p.got})" for p in found.broken)
    mend = "choose the target of this machine; `harness detect` names it"
    reason = f"{len(mine)} of {target.devices} devices; this machine has {seen}{broken}"
    unknown = not any(m.exact for m in matches)
    code = SYSTEM_UNKNOWN.code if unknown else DEVICE_MISSING.code
    return Availability(target=target.name, ok=False, reason=reason, mend=mend, code=code)


def _slice_availability(target: Target, found: Found, known: tuple[Target, ...]) -> Availability:
    """Return whether a slice of a kind exists, or what makes one."""
    profile = target.mig.profile if target.mig else ""
    made = [match_slice(g, s, known) for g in found.gpus for s in g.slices]
    mine = [m.slice.uuid for m in made if m.exact and m.target == target.name]
    if len(mine) >= target.devices:
        reason = f"{len(mine)} of {target.devices} slices: {target.title}"
        uuids = tuple(mine[: target.devices])
        return Availability(target=target.name, ok=True, reason=reason, uuids=uuids)
    boards = [g for g in found.gpus if _is_board(g, target)]
    if not boards:
        seen = ", ".join(g.name for g in found.gpus)
        reason, mend = f"no board for {profile}; this machine has {seen}", "use such a machine"
    elif not any(g.mig for g in boards):
        reason = f"MIG mode is off on GPU {boards[0].index}"
        mend = (
            f"run `sudo nvidia-smi -i {boards[0].index} -mig 1` and "
            f"`sudo nvidia-smi mig -i {boards[0].index} -cgi {profile} -C`"
        )
    else:
        there = ", ".join(s.profile for g in boards for s in g.slices) or "none"
        index = next(g.index for g in boards if g.mig)
        reason = f"{len(mine)} of {target.devices} slices {profile}; there are: {there}"
        mend = f"run `sudo nvidia-smi mig -i {index} -cgi {profile} -C`"
    code = DEVICE_MISSING.code
    return Availability(target=target.name, ok=False, reason=reason, mend=mend, code=code)


def _board(gpu: Gpu) -> Board | None:
    """Return the row of the MIG table that a GPU is; None where MIG does not know it."""
    try:
        return find_board(gpu.pci_id)
    except UsageError:
        return None


def _is_board(gpu: Gpu, target: Target) -> bool:
    """Tell whether a GPU is the board that a slice target is cut from."""
    board = _board(gpu)
    return board is not None and target.mig is not None and board.name == target.mig.board


def _memory(target: Target) -> float:
    """Return a target's memory, in 10^9 bytes."""
    return target.memory_gb.value if target.memory_gb else 0.0


def _gap(memory_gb: float, target: Target) -> float:
    """Return by which share a memory differs from a target's."""
    return abs(memory_gb - _memory(target)) / max(_memory(target), 1.0)


def _distance(gpu: Gpu, target: Target) -> tuple[bool, bool, float]:
    """Return how far a GPU is from a target: model, then architecture, then memory."""
    capability = target.compute_capability.value if target.compute_capability else ""
    other = not gpu.compute_capability or capability != gpu.compute_capability
    return not _shares_word(gpu, target), other, _gap(gpu.memory_gb, target)


def _likeness(gpu: Gpu, target: Target) -> str:
    """Return by what the nearest target was chosen."""
    if _shares_word(gpu, target):
        return "name and memory"
    _, other, _ = _distance(gpu, target)
    return "memory" if other else f"compute capability {gpu.compute_capability} and memory"


def _shares_word(gpu: Gpu, target: Target) -> bool:
    """Tell whether the product names have the model's word in common (`H200`, `L40S`)."""
    return bool(_models(gpu.name) & _models(target.title))


def _models(name: str) -> set[str]:
    """Return the words of a product name that have digits and are no size of a memory."""
    words = name.upper().replace("-", " ").replace(",", " ").split()
    return {w for w in words if any(c.isdigit() for c in w) and not w.endswith("GB")}
