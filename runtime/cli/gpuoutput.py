"""How GPUs, slices and links are printed: `harness detect` and `harness doctor` share it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from runtime.devices.gpus import Found, Gpu, Match, SliceMatch

if TYPE_CHECKING:
    from rich.console import Console

Pairs = list[tuple[str, str]]
"""Labels with texts, as `show_pairs` prints them."""


def show_gpu(match: Match, slices: Iterable[SliceMatch], out: Console) -> None:
    """Print one GPU with everything that is known of it, and its slices."""
    from runtime.cli.output import show_pairs

    gpu = match.gpu
    colour = "green" if match.exact else "yellow"
    name = match.target if match.exact else "none of the targets"
    out.print(f"\n[bold]GPU {gpu.index}  {gpu.name}[/]  [{colour}]{name}[/]")
    show_pairs(out, [*_about(match), *facts(gpu)])
    for found in slices:
        name = found.target if found.exact else "none of the targets"
        shown = found.slice
        sms = f", {shown.sms} SMs" if shown.sms else ""
        head = f"  slice {shown.instance}/{shown.compute_instance}  {shown.profile}"
        out.print(f"{head}, {shown.memory_gb:.1f} GB{sms}: {name}", markup=False)
        show_pairs(out, [("why", found.why), ("uuid", shown.uuid)], indent=4)


def facts(gpu: Gpu) -> Pairs:
    """Return what is known of a GPU as labels with texts; what is not known has no line."""
    lines = [
        ("memory", _memory(gpu)),
        ("compute", gpu.compute_capability and f"capability {gpu.compute_capability}"),
        ("power", _power(gpu)),
        ("clocks", _clocks(gpu)),
        ("temperature", "" if gpu.temperature_c is None else f"{gpu.temperature_c} \u00b0C"),
        ("held down by", "; ".join(gpu.throttled)),
        ("place", _place(gpu)),
        ("modes", _modes(gpu)),
        ("used by", _users(gpu)),
        ("uuid", gpu.uuid),
    ]
    return [(name, text) for name, text in lines if text]


def links(found: Found) -> Pairs:
    """Return what lies between each two GPUs."""
    return [(f"GPU {x.one} - GPU {x.other}", f"{x.level}: {x.meaning}") for x in found.links]


def cores(numbers: Sequence[int]) -> str:
    """Return processors as the kernel writes them: `0-3,8`."""
    parts: list[list[int]] = []
    for number in numbers:
        if parts and number == parts[-1][-1] + 1:
            parts[-1][1:] = [number]
        else:
            parts.append([number])
    return ",".join("-".join(map(str, part)) for part in parts)


def _about(match: Match) -> Pairs:
    """Return how the GPU was matched."""
    if match.exact:
        return [("target", match.why)]
    near = f"{match.why} (target {match.target}; harness explain system-unknown)"
    return [("nearest", near if match.target else match.why)]


def _memory(gpu: Gpu) -> str:
    """Return size and use of the memory."""
    used = "" if gpu.memory_used_gb is None else f", {gpu.memory_used_gb:.1f} GB in use"
    return f"{gpu.memory_gb:.1f} GB{used}"


def _power(gpu: Gpu) -> str:
    """Return draw and limits."""
    power = gpu.power
    if power.limit_w is None:
        return ""
    draw = "" if power.draw_w is None else f"{power.draw_w:.0f} W of "
    spread = ""
    if power.least_w is not None and power.most_w is not None:
        spread = f" (can be set from {power.least_w:.0f} to {power.most_w:.0f} W)"
    return f"{draw}{power.limit_w:.0f} W{spread}"


def _clocks(gpu: Gpu) -> str:
    """Return the clocks of SMs and memory."""
    clocks = gpu.clocks
    pairs = (
        ("SM", clocks.sm_mhz, clocks.sm_most_mhz),
        ("memory", clocks.memory_mhz, clocks.memory_most_mhz),
    )
    known = [(n, now, most) for n, now, most in pairs if now is not None]
    return ", ".join(f"{n} {now} of {most or '?'} MHz" for n, now, most in known)


def _place(gpu: Gpu) -> str:
    """Return address, link, NUMA node and processors."""
    place = gpu.place
    node = "" if place.numa_node is None else f"NUMA node {place.numa_node}"
    near = f"processors {cores(place.cores)}" if place.cores else ""
    return ", ".join(filter(None, (place.bus_id, place.link, node, near)))


def _modes(gpu: Gpu) -> str:
    """Return MIG mode, ECC and persistence."""
    words = []
    if gpu.mig_pending is not None:
        words.append(f"MIG {'on' if gpu.mig else 'off'}")
        if gpu.mig_pending != gpu.mig:
            words.append(f"MIG {'on' if gpu.mig_pending else 'off'} after a reset")
    if gpu.ecc is not None:
        words.append(f"ECC {'on' if gpu.ecc else 'off'}")
    if gpu.persistence is not None:
        words.append(f"persistence {'on' if gpu.persistence else 'off'}")
    return ", ".join(words)


def _users(gpu: Gpu) -> str:
    """Return the processes that compute on it: they disturb a measurement."""
    if not gpu.processes:
        return ""
    return f"processes {', '.join(map(str, gpu.processes))}: a run beside them measures both"
