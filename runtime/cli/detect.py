"""`harness detect`: which GPUs and MIG slices are here, and which targets they are."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

import click

from runtime.cli import options
from runtime.cli.group import main

if TYPE_CHECKING:
    from runtime.configs.registry import Registry
    from runtime.devices.detection import Detection


@main.command("detect")
@options.target("Ask for one target only: can it run here, on which devices?", required=False)
@options.as_json()
@click.pass_context
def detect_devices(ctx: click.Context, target: str | None, as_json: bool) -> None:
    """Print the GPUs and MIG slices of this machine, and which target each of them is.

    A GPU is known by PCI id and memory, a slice by board, profile and memory. For one that
    is no target, the nearest target is named, with what differs. Nothing is opened or
    changed; the driver is asked through NVML.

    \b
    Exit codes:
      0  every device found is a target; with --target: it can run here
      3  no device, one that does not answer, or one that is no target

    \b
    Examples:
      harness detect
      harness detect --json | jq -r '.gpus[].target'
      harness detect --target h200-sxm-141gb && harness run --target h200-sxm-141gb --quick
    """  # noqa: D301 - \b is click's mark for a paragraph that keeps its lines
    from runtime.configs.registry import load
    from runtime.devices.detection import detect

    registry = load()
    if target is not None:
        ctx.exit(_one(registry, target, as_json=as_json))
    found = detect(registry.targets.values())
    if as_json:
        from runtime.cli.output import print_json

        print_json(found.to_dict())
    else:
        _show(found)
    ctx.exit(0 if found.ok else 3)


def _one(registry: Registry, name: str, *, as_json: bool) -> int:
    """Print whether one target can run here, and return the exit code."""
    from runtime.devices.discovery import availability, discover

    seen = availability(registry.target(name), discover(), registry.targets.values())
    if as_json:
        from runtime.cli.output import print_json

        shown: dict[str, Any] = {"kind": "calliope.detect-target", "schema": 1}
        print_json({**shown, **dataclasses.asdict(seen)})
        return 0 if seen.ok else 3
    from runtime.cli.output import console, show_pairs

    lines = [(name, f"{'can run' if seen.ok else 'cannot run'}: {seen.reason}")]
    lines += [("do", seen.mend)] if seen.mend else []
    lines += [("read more", f"harness explain {seen.code}")] if seen.code else []
    lines += [("device", uuid) for uuid in seen.uuids]
    show_pairs(console(), lines, indent=0)
    return 0 if seen.ok else 3


def _show(found: Detection) -> None:
    """Print everything for people."""
    from runtime.cli.gpuoutput import links, show_gpu
    from runtime.cli.output import console, show_pairs

    out, seen = console(), found.found
    if seen.driver:
        cuda = f", CUDA up to {seen.cuda}" if seen.cuda else ""
        out.print(f"driver {seen.driver}{cuda}", markup=False)
    if seen.problem is not None:
        out.print(f"no GPU: {seen.problem}", style="yellow", markup=False)
        if seen.problem.code:
            out.print(f"  read more: harness explain {seen.problem.code}")
    elif not seen.gpus:
        out.print(f"no GPU: {seen.why_none}", style="yellow", markup=False)
    for match in found.matches:
        slices = [s for s in found.slices if s.gpu.index == match.gpu.index]
        show_gpu(match, slices, out)
    if seen.links:
        out.print("\n[bold]links[/]")
        show_pairs(out, links(seen))
    for problem in (*seen.broken, *found.driver):
        out.print(f"\n{problem}", style="red", markup=False)
        out.print(f"  read more: harness explain {problem.code}")
    out.print(f"\nruns here: {', '.join(found.targets)}", markup=False)
