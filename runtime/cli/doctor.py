"""`harness doctor`: what this machine has, lacks, and can run."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from runtime.cli.group import main
from runtime.cli.output import show_pairs, show_rows

if TYPE_CHECKING:
    from rich.console import Console

    from runtime.devices.checkup import Checkup
    from runtime.devices.host import Limit


@main.command("doctor")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object to stdout.")
@click.pass_context
def examine_machine(ctx: click.Context, as_json: bool) -> None:
    """Print what this machine has and lacks: libraries, devices, limits, places, targets.

    Nothing is opened or changed. Exit code 0 when the cpu target can run here, else 3.

    \b
    Examples:
      harness doctor
      harness doctor --json | python -m json.tool
    """  # noqa: D301 - \b is click's mark for a paragraph that keeps its lines
    from runtime.configs.registry import load
    from runtime.devices.checkup import examine

    found = examine(load().targets.values())
    if as_json:
        from runtime.cli.output import print_json

        print_json(found.to_dict())
    else:
        from runtime.cli.output import console

        _show(found, console())
    ctx.exit(3 if found.missing else 0)


def _show(found: Checkup, out: Console) -> None:
    """Print the checkup for people."""
    _show_machine(found, out)
    _show_libraries(found, out)
    _show_places(found, out)
    _show_targets(found, out)
    if found.missing:
        out.print("\n[bold red]The cpu target cannot run here:[/]")
        show_pairs(out, [("-", text) for text in found.missing])
    else:
        out.print("\n[bold green]The cpu target can run here.[/]")
        out.print("Try: harness run --target cpu --workload digits --scenario offline --quick")


def _show_machine(found: Checkup, out: Console) -> None:
    """Print computer and accelerators."""
    host = found.machine
    out.print("[bold]machine[/]")
    lines = [("python", found.python), ("usable cores", str(found.cores))]
    if host:
        lines = [
            ("processor", f"{host.cpu}, {host.cores} cores, {found.cores} usable"),
            ("memory", f"{host.memory_gib:g} GiB"),
            ("system", host.os),
            ("python", found.python),
        ]
    show_pairs(out, lines)
    _show_accelerators(found, out)


def _show_accelerators(found: Checkup, out: Console) -> None:
    """Print driver, GPUs, slices and links, or why there are none."""
    from runtime.cli.gpuoutput import facts, links

    seen = found.found
    out.print("\n[bold]accelerators[/]")
    lines = []
    for match in found.matches:
        sign = "is" if match.exact else "is none of the targets; nearest is"
        more = "" if match.exact else "; harness explain system-unknown"
        text = f"{match.gpu.name}: {sign} {match.target} ({match.why}{more})"
        lines.append((f"GPU {match.gpu.index}", text))
        lines += [(f"  {name}", fact) for name, fact in facts(match.gpu)]
        for part in found.slices:
            if part.gpu.index == match.gpu.index:
                sign = "is" if part.exact else "is none of the targets; nearest is"
                text = f"{part.slice.profile} {sign} {part.target} ({part.why})"
                lines.append((f"  slice {part.slice.instance}/{part.slice.compute_instance}", text))
    if seen.driver:
        cuda = f", CUDA up to {seen.cuda}" if seen.cuda else ""
        lines.append(("driver", f"{seen.driver}{cuda}"))
    lines += links(seen)
    if seen.why_none:
        code = (seen.problem.code if seen.problem else "") or "driver-missing"
        lines.append(("none", f"{seen.why_none} (harness explain {code})"))
    for problem in (*seen.broken, *found.driver):
        lines.append(("problem", f"{problem} (harness explain {problem.code})"))
    show_pairs(out, lines)


def _show_libraries(found: Checkup, out: Console) -> None:
    """Print libraries with versions and what each is for."""
    rows: list[tuple[str, ...]] = []
    for library in found.libraries:
        if library.version:
            seeds = found.loadgen_seeds if library.name == "mlcommons-loadgen" else ""
            note = f" (seeds of MLPerf Inference {seeds})" if seeds else ""
            rows.append((library.name, library.version, library.purpose + note))
        else:
            colour = "red" if library.needed else "yellow"
            mend = f"{library.purpose}: {_escape(library.install)}"
            rows.append((library.name, f"[{colour}]missing[/]", mend))
    out.print("\n[bold]libraries[/]")
    show_rows(out, ("library", "version", "for"), rows)


def _show_places(found: Checkup, out: Console) -> None:
    """Print the folders that runs write to, limits, and a left-over audit.config."""
    from runtime.artifacts import problem_of
    from runtime.cli.preflight import sudo_note

    out.print("[bold]places[/]")
    lines = []
    for name, place in found.places.items():
        problem = problem_of(place, f"{name} folder")
        fine = f"{place.path}: writable, {place.free_mib / 1024:.1f} GiB free"
        lines.append((name, str(problem) if problem else fine))
    if found.audit:
        text = f"lies at {found.audit}: move it away (harness explain audit-config)"
        lines.append(("audit.config", text))
    note = sudo_note()
    if note:
        lines.append(("sudo", note))
    show_pairs(out, lines)
    out.print("\n[bold]limits[/]")
    show_pairs(
        out,
        [
            (x.name, x.value if x.ok else f"{x.value}; want {x.need} {_more(x)}")
            for x in found.limits
        ],
    )


def _show_targets(found: Checkup, out: Console) -> None:
    """Print which targets can run here, and why the others cannot."""
    out.print("\n[bold]targets[/]")
    lines = [(f"{t.target} can run", t.reason) for t in found.targets if t.ok]
    reasons: dict[str, list[str]] = {}
    for target in found.targets:
        if not target.ok:
            reasons.setdefault(target.reason, []).append(target.target)
    lines += [("cannot", f"{', '.join(names)}: {reason}") for reason, names in reasons.items()]
    show_pairs(out, lines)


def _more(limit: Limit) -> str:
    """Return where to read more of a limit that is too low."""
    return "(harness explain locked-memory)" if limit.name.startswith("locked") else ""


def _escape(text: str) -> str:
    """Return a text whose brackets are no markup."""
    from rich.markup import escape

    return escape(text)
