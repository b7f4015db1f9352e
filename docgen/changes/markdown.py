"""Differences as a changelog in Markdown."""

from __future__ import annotations

from collections.abc import Iterator

from docgen.changes import summary
from docgen.changes.model import Changes, Gpu, Side, System


def to_markdown(changes: Changes) -> str:
    """Return a changelog: a section a GPU, a part a system, every value with its places."""
    lines = [f"# What changed from {_plain(changes.old)} to {_plain(changes.new)}", ""]
    if changes.is_empty:
        lines += ["Nothing differs.", ""]
    for gpu in changes.gpus:
        lines += _gpu(gpu)
    if changes.renamed:
        lines += ["## Fields under another name", ""]
        lines += [
            f"- {_code(r.old)} is now {_code(r.new)} ({r.equal} of {r.configurations} values equal)"
            if r.configurations
            else f"- {_code(r.old)} is now {_code(r.new)} (same type and description)"
            for r in changes.renamed
        ]
        lines.append("")
    for title, fields in (
        ("Fields declared now", changes.fields_added),
        ("Fields no longer declared", changes.fields_removed),
    ):
        if fields:
            lines += [f"## {title}", ""]
            lines += [f"- {_code(f.name)} ({f.source.path}:{f.source.line})" for f in fields]
            lines.append("")
    for unread in changes.unread:
        lines += [f"{_plain(unread.text[:1].upper() + unread.text[1:])}.", ""]
    return "\n".join(lines)


def _gpu(gpu: Gpu) -> Iterator[str]:
    """Yield the section of one GPU."""
    state = "" if gpu.state == "kept" else f" ({gpu.state})"
    yield f"## {_plain(gpu.name)}{state}"
    yield ""
    for system in gpu.systems:
        yield from _system(system)


def _system(system: System) -> Iterator[str]:
    """Yield the part of one system."""
    yield f"### {_plain(summary.headline(system))}"
    yield ""
    for title, found in (("Added", system.added), ("Removed", system.removed)):
        if found:
            yield f"{title}:"
            yield ""
            yield from (
                f"- {_plain(c.place.text)} ({_code(f'{c.source.path}:{c.source.line}')})"
                for c in found
            )
            yield ""
    if system.facts:
        yield "Facts:"
        yield ""
        yield from (f"- {f.name}: {_code(str(f.old))} to {_code(str(f.new))}" for f in system.facts)
        yield ""
    changed = summary.lines(system)
    if changed:
        yield "Changed:"
        yield ""
        for line in changed:
            change = line.change
            yield (
                f"- {_code(change.field)}: {_side(change.old)} to {_side(change.new)}, "
                f"in {_plain(line.where)}"
            )
        yield ""


def _side(side: Side | None) -> str:
    """Return a value with its expression and place."""
    if side is None:
        return "not set"
    how = summary.expression(side)
    tail = f" = {_code(how)}" if how else ""
    return f"{_code(summary.text(side))}{tail} ({_code(summary.where(side))})"


def _code(text: str) -> str:
    """Return text as a code span."""
    from docgen.views.text import code

    return code(text)


def _plain(text: str) -> str:
    """Return text without marks that Markdown would take for its own."""
    from docgen.views.text import inline

    return inline(text)
