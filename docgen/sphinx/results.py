"""Doctrees of snippets and results: what was executed, when, where, and what came out."""

from __future__ import annotations

import html
import re
from typing import TYPE_CHECKING

from docutils import nodes

from docgen.evidence import State, describe_machine
from docgen.snippets.machine import MACHINE_KEYS
from docgen.sphinx import drawings, markup, roles

if TYPE_CHECKING:
    from docgen.catalog import Snippet
    from docgen.evidence import Judged
    from docgen.snippets.model import Check, Figure, Result

SHOWN_LINES = 200
"""Most lines of output that a page shows; the end of longer output is kept."""

NOT_VERIFIED = "Unverified figures: Result not verified by MLCommons Association."
"""Said wherever figures of a run record are shown."""

_ESCAPE = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|[@-Z\\-_])")
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")


def make_command(snippet: Snippet) -> markup.command_block:
    """Return the commands as a code block; the theme adds the copy button."""
    language = snippet.language
    if language == "console" and not re.search(r"^\$ ", snippet.text, re.MULTILINE):
        language = "bash"
    block = markup.command_block(snippet.text, snippet.text, classes=["docgen-command"])
    block["language"] = language
    block["force"] = True
    return block


def make_report(
    judged: Judged | None, written: Snippet | None = None, *, shown: bool = False
) -> list[nodes.Node]:
    """Return badge, expectations, output and provenance of a snippet.

    Args:
        judged: What is known of it; None where nothing is.
        written: The snippet as the page writes it, for what is said without evidence.
        shown: Whether the output is shown without being asked for.
    """
    if judged is None:
        return [_make_status(State.NEVER, "no result is kept of it", written)]
    parts: list[nodes.Node] = [_make_status(judged.state, judged.reason, judged.snippet)]
    result = judged.result
    if result is None:
        return parts
    if result.checks:
        parts.append(_make_checks(result.checks))
    opened = judged.state is State.FAILED
    parts += [_make_figure(figure, result.snippet) for figure in result.figures]
    exit_code = "timed out" if result.exit_code is None else f"exit code {result.exit_code}"
    parts.append(
        _make_output(
            f"Output ({exit_code}, {result.seconds:.3g} s)", result.output, opened or shown
        )
    )
    if result.errors.strip():
        parts.append(_make_output("Standard error", result.errors, opened))
    parts.append(_make_provenance(result))
    return parts


def _make_status(state: State, reason: str, snippet: Snippet | None) -> nodes.paragraph:
    """Return the badge and why it is so."""
    line = nodes.paragraph(classes=["docgen-status"])
    line += roles.make_badge(state)
    if reason:
        line += nodes.Text(": " + clean(reason))
    said = state is State.SKIPPED and reason  # the reason names what is missing
    if snippet is not None and snippet.needs != "cpu" and not said:
        line += nodes.Text("; needs " if reason else " needs ")
        line += nodes.literal("", snippet.needs)
    return line


def _make_checks(checks: tuple[Check, ...]) -> nodes.bullet_list:
    """Return every expectation with what was found."""
    found = nodes.bullet_list(classes=["docgen-checks"])
    for check in checks:
        line = nodes.paragraph()
        line += nodes.inline("", "holds: " if check.ok else "broken: ", classes=["docgen-verdict"])
        line += nodes.literal("", clean(check.expect))
        line += nodes.Text(f", got {clean(check.actual)}")
        found += nodes.list_item("", line, classes=["docgen-ok" if check.ok else "docgen-broken"])
    return found


def _make_output(title: str, text: str, opened: bool) -> markup.details:
    """Return what was printed, closed unless it explains a failure."""
    part = markup.details(classes=["docgen-output"])
    if opened:
        part["opened"] = True
    part += markup.summary("", title)
    shown = shorten(clean(text))
    if not shown.strip():
        part += nodes.paragraph("", "Nothing was printed.")
        return part
    block = nodes.literal_block(shown, shown)
    block["language"] = "text"
    part += block
    return part


def _make_figure(figure: Figure, snippet: str) -> nodes.container:
    """Return a drawing with its data in a part that a reader can open."""
    block = nodes.container(classes=["docgen-figure"])
    title = re.search(r"<title>(.*?)</title>", figure.svg, re.DOTALL)
    alt = html.unescape(title[1]) if title else figure.path
    prefix = "svg-" + re.sub(r"[^A-Za-z0-9]+", "-", f"{snippet}-{figure.path}")
    drawing = markup.inline_svg(classes=["docgen-svg"])
    drawing["markup"] = drawings.inline(figure.svg, prefix, alt, figure.path)
    drawing += nodes.paragraph("", alt)
    block += drawing
    if figure.rows:
        data = markup.details()
        data += markup.summary("", f"Data of the plot ({len(figure.rows) - 1} rows)")
        data += _make_table(figure.rows)
        block += data
    return block


def _make_table(rows: tuple[tuple[str, ...], ...]) -> nodes.table:
    """Return rows as a table, the first one as its head."""
    head, *body = rows
    group = nodes.tgroup(cols=len(head))
    for _ in head:
        group += nodes.colspec(colwidth=1)
    group += nodes.thead("", _make_row(head))
    group += nodes.tbody("", *map(_make_row, body))
    return nodes.table("", group, classes=["docgen-data"])


def _make_row(cells: tuple[str, ...]) -> nodes.row:
    """Return a row of a table."""
    return nodes.row("", *(nodes.entry("", nodes.paragraph("", clean(c))) for c in cells))


def _make_provenance(result: Result) -> nodes.paragraph:
    """Return when and where it was executed, and with which versions."""
    line = nodes.paragraph(classes=["docgen-provenance"])
    words = f"Executed {result.started[:16].replace('T', ' ')} UTC"
    machine = describe_machine(result.environment)
    words += f" on {machine}" if machine else ""
    if result.beside:
        words += f", beside {len(result.beside)} other snippet{'s' * (len(result.beside) > 1)}"
    versions = ", ".join(
        f"{name} {value}"
        for name, value in result.environment.items()
        if value and (name == "python" or name not in MACHINE_KEYS)
    )
    words += f"; {versions}." if versions else "."
    line += nodes.Text(clean(words))
    if result.records:
        line += nodes.Text(" " + NOT_VERIFIED)
    return line


def clean(text: str) -> str:
    """Return the text without terminal escapes and control characters."""
    text = _ESCAPE.sub("", text).replace("\r\n", "\n")
    lines = (
        line.rpartition("\r")[2] if "\r" in line.rstrip("\r") else line.rstrip("\r")
        for line in text.split("\n")
    )
    return _CONTROL.sub("\N{REPLACEMENT CHARACTER}", "\n".join(lines))


def shorten(text: str) -> str:
    """Return the last lines of a text, with a line that says how many are left out."""
    lines = text.rstrip("\n").split("\n")
    if len(lines) <= SHOWN_LINES:
        return "\n".join(lines)
    left_out = len(lines) - SHOWN_LINES
    return "\n".join([f"[{left_out} lines before are left out]", *lines[-SHOWN_LINES:]])
