"""Writes a plan as commands for nvidia-smi and as a configuration for mig-parted."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence

from runtime.mig.creation import creation_order
from runtime.mig.fleet import Gpu, Instance
from runtime.mig.layouts import Placement
from runtime.mig.plans import GpuPlan

CONFIG_NAME = "calliope-plan"
"""Name of the configuration that `nvidia-mig-parted apply -c` takes."""


def nvidia_smi(plans: Sequence[GpuPlan]) -> tuple[str, ...]:
    """Return the commands that make a plan real, in order; comments start with `#`.

    Instances are created at explicit placements, large ones first. Where the number of an
    instance that must go is not known, the command stops and says how to look it up.
    """
    lines: list[str] = []
    for plan in plans:
        if plan.changed:
            lines += _commands(plan)
    return tuple(lines) or ("# nothing to change",)


def create_commands(index: int, layout: Sequence[Placement]) -> tuple[str, ...]:
    """Return the command that creates a layout on an empty GPU in MIG mode."""
    tuples = ",".join(f"{p.profile}:{p.start}" for p in creation_order(layout))
    return (f"sudo nvidia-smi mig -i {index} -cgi {tuples} -C",)


def _commands(plan: GpuPlan) -> list[str]:
    """Return the commands for one GPU."""
    gpu = plan.gpu
    lines = [f"# GPU {gpu.index}, {gpu.board.name}"]
    if not gpu.current:
        lines.append(f"sudo nvidia-smi -i {gpu.index} -mig 1  # where MIG mode is still off")
    lines += _destroy(plan)
    if plan.created:
        lines += create_commands(gpu.index, plan.created)
    return lines


def _destroy(plan: GpuPlan) -> list[str]:
    """Return the commands that destroy instances: compute instances first."""
    gpu = plan.gpu
    if plan.destroyed and len(plan.destroyed) == len(gpu.current):
        names = ", ".join(map(str, plan.destroyed))
        return [
            f"sudo nvidia-smi mig -i {gpu.index} -dci  # all: {names}",
            f"sudo nvidia-smi mig -i {gpu.index} -dgi",
        ]
    lines = []
    for instance in plan.destroyed:
        number = _number(gpu, instance)
        lines.append(f"sudo nvidia-smi mig -i {gpu.index} -gi {number} -dci  # {instance}")
        lines.append(f"sudo nvidia-smi mig -i {gpu.index} -gi {number} -dgi")
    return lines


def _number(gpu: Gpu, instance: Instance) -> str:
    """Return the number of an instance, or a variable that stops the shell when it is unset."""
    if instance.gi_id is not None:
        return str(instance.gi_id)
    hint = f"number of {instance.placement}, from nvidia-smi mig -i {gpu.index} -lgi"
    return f'"${{GI_{gpu.index}_{instance.start}:?{hint}}}"'


def mig_parted(plans: Sequence[GpuPlan], name: str = CONFIG_NAME) -> str:
    """Return a plan as a mig-parted configuration in YAML.

    mig-parted knows profiles and counts, no placements and no instances that stay: it
    rebuilds a GPU whose instances differ.
    """
    lines = ["version: v1", "mig-configs:", f"  {json.dumps(name)}:"]
    groups: dict[tuple[tuple[str, int], ...], list[int]] = {}
    for plan in plans:
        if plan.in_use or plan.changed:
            counts = Counter(p.profile for p in creation_order(plan.layout))
            groups.setdefault(tuple(counts.items()), []).append(plan.gpu.index)
    for counts_of, indices in groups.items():
        lines.append(f"    - devices: {json.dumps(indices)}")
        lines.append("      mig-enabled: true")
        lines.append("      mig-devices:" + ("" if counts_of else " {}"))
        lines += [f"        {json.dumps(profile)}: {count}" for profile, count in counts_of]
    if not groups:
        lines[-1] += " []"
    return "\n".join(lines) + "\n"
