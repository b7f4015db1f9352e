"""Collects every snippet of a project: from pages, from docstrings, and one set an entry.

All malformed snippets are reported together, each with its file and line.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from difflib import get_close_matches
from pathlib import Path

from docgen.catalog import ApiItem, Catalog, Snippet, Source
from docgen.config import Config
from docgen.errors import Problem, SnippetError
from docgen.snippets import expect, fences, needs
from docgen.snippets.entries import complete, of_entries

OPTIONS = (
    "needs",
    "timeout",
    "expect",
    "language",
    "measures",
    "mode",
    "caption",
    "figure",
    "output",
    "alone",
)
"""Options of the directive; `expect` can come more than once."""

LANGUAGES = ("console", "python")
"""Languages that can be executed."""

MODES = ("performance", "accuracy")
"""What a measuring snippet can measure."""

MANIFEST = ".docgen-manifest.json"
"""File in the folder of pages that lists the generated ones."""

_ID = re.compile(r"[A-Za-z0-9][\w.:/@+-]*")
_TIMEOUT = re.compile(r"(\d+(?:\.\d+)?)\s*s?")


def collect(catalog: Catalog, config: Config) -> tuple[Snippet, ...]:
    """Return every snippet of the project, sorted by file, line and identity.

    Raises:
        SnippetError: With every malformed snippet and every identity used twice.
    """
    problems: list[Problem] = []
    found: list[Snippet] = []
    for path in pages(config):
        found += _of_page(path, config.root, problems)
    found += _of_docstrings(catalog.api, config.root, problems)
    problems += _unknown_names(found, catalog)
    found = [complete(s, catalog) for s in found]
    found += of_entries(catalog, config)
    problems += _repeated(found)
    if problems:
        raise SnippetError(problems)
    return tuple(sorted(found, key=lambda s: (s.source.path, s.source.line, s.id)))


def collect_page(path: Path, root: Path) -> tuple[Snippet, ...]:
    """Return the snippets of one page in order.

    Raises:
        SnippetError: With every malformed snippet of the page.
    """
    problems: list[Problem] = []
    found = list(_of_page(path, root, problems))
    problems += _repeated(found)
    if problems:
        raise SnippetError(problems)
    return tuple(found)


def pages(config: Config) -> tuple[Path, ...]:
    """Return the hand-written pages: Markdown files that no manifest calls generated."""
    generated = _generated(config.docs)
    found = []
    for path in sorted(config.docs.rglob("*.md")):
        parts = path.relative_to(config.docs).parts
        hidden = any(part.startswith((".", "_")) for part in parts)
        if not hidden and "/".join(parts) not in generated:
            found.append(path)
    return tuple(found)


def _generated(docs: Path) -> set[str]:
    """Return the paths, relative to the folder of pages, that the manifest lists."""
    try:
        manifest = json.loads((docs / MANIFEST).read_text("utf-8"))
    except (OSError, ValueError):
        return set()
    listed = manifest.get("files", manifest) if isinstance(manifest, dict) else manifest
    names = {str(name).removeprefix("./") for name in listed}
    return names | {name.removeprefix(f"{docs.name}/") for name in names}


def _of_page(path: Path, root: Path, problems: list[Problem]) -> Iterator[Snippet]:
    """Yield the snippets of a page."""
    name = path.relative_to(root).as_posix() if path.is_relative_to(root) else path.as_posix()
    try:
        text = path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        problems.append(Problem(name, "a readable UTF-8 page", str(error), "mend the file"))
        return
    for directive in fences.find(text):
        yield from _snippet(directive, name, 0, problems)


def _of_docstrings(
    items: Iterable[ApiItem], root: Path, problems: list[Problem]
) -> Iterator[Snippet]:
    """Yield the snippets of docstrings, with the lines where they stand in the file."""
    for item in items:
        if f"{{{fences.NAME}}}" not in item.doc:
            continue
        lines = _lines(root / item.source.path)
        after = max(item.source.line - 1, 0)
        for directive in fences.find(item.doc):
            at = _find_line(lines, directive, after)
            yield from _snippet(directive, item.source.path, at - directive.line, problems)
            after = at


def _lines(path: Path) -> list[str]:
    """Return the lines of a file; none where it cannot be read."""
    try:
        return path.read_text("utf-8").split("\n")
    except (OSError, UnicodeDecodeError):
        return []


def _find_line(lines: list[str], directive: fences.Directive, after: int) -> int:
    """Return the line of a directive's fence in the file of its docstring, from 1."""
    pattern = re.compile(rf"[`~:]{{3,}}\s*\{{{fences.NAME}\}}\s*(.*)$")
    for index in range(after, len(lines)):
        match = pattern.search(lines[index])
        if match and " ".join(match[1].split()) == directive.argument:
            return index + 1
    return after + 1


def _snippet(
    directive: fences.Directive, path: str, offset: int, problems: list[Problem]
) -> Iterator[Snippet]:
    """Yield the snippet of a directive, or note everything that is wrong with it."""
    before = len(problems)
    where = f"{path}:{directive.line + offset}"
    if not _ID.fullmatch(directive.argument):
        want = "an identity of letters, digits and `.:/@_-` after {snippet}"
        problems.append(Problem(where, want, repr(directive.argument), "give it one"))
    if not directive.closed:
        problems.append(Problem(where, "a closing fence", "the end of the text", "close it"))
    if not directive.body.strip():
        problems.append(Problem(where, "commands to execute", "an empty body", "write some"))
    values, expects = _options(directive, path, offset, problems)
    if len(problems) > before:
        return
    yield Snippet(
        id=directive.argument,
        text=directive.body,
        language=values.get("language", "console"),
        source=Source(
            path=path, line=directive.line + offset, end_line=directive.end_line + offset
        ),
        needs=values.get("needs", "cpu"),
        timeout_s=_seconds(values.get("timeout", "60")),
        expect=tuple(expects),
        measures=values.get("measures", ""),
        mode=values.get("mode", "performance" if values.get("measures") else ""),
        figures=tuple(values.get("figure", "").split()),
        alone="alone" in values,
    )


def _options(
    directive: fences.Directive, path: str, offset: int, problems: list[Problem]
) -> tuple[dict[str, str], list[str]]:
    """Return the options and the expectations; note everything that is wrong with them."""
    values: dict[str, str] = {}
    expects: list[str] = []
    for option in directive.options:
        where = f"{path}:{option.line + offset}"
        if option.name not in OPTIONS:
            problems.append(_unknown(where, option.name))
            continue
        if option.name == "expect":
            expects += [line.strip() for line in option.value.splitlines() if line.strip()]
        elif option.name in values:
            got = f"`:{option.name}:` twice"
            problems.append(Problem(where, "every option once", got, "remove one"))
        values[option.name] = option.value.strip()
        want = _wrong(option.name, option.value.strip())
        if want:
            got = f"`{option.value.strip()}`"
            problems.append(Problem(where, want, got, f"correct `:{option.name}:`"))
    return values, expects


def _wrong(name: str, value: str) -> str:
    """Return what would be right where an option's value is not; empty where it is."""
    try:
        if name == "needs":
            needs.parse(value)
        elif name == "expect":
            for line in filter(str.strip, value.splitlines()):
                expect.parse(line)
    except ValueError as error:
        return str(error)
    if name == "timeout" and (not _TIMEOUT.fullmatch(value) or _seconds(value) <= 0):
        return "seconds greater than 0, such as 120"
    allowed = {"language": LANGUAGES, "mode": MODES, "alone": ("",)}.get(name)
    if allowed == ("",):
        return f"`:{name}:` without a value" if value else ""
    return "" if allowed is None or value in allowed else " or ".join(allowed)


def _seconds(text: str) -> float:
    """Return a number of seconds."""
    match = _TIMEOUT.fullmatch(text)
    return float(match[1]) if match else 0.0


def _unknown(where: str, name: str) -> Problem:
    """Return the problem of an unknown option, with its likely spelling."""
    close = get_close_matches(name, OPTIONS, n=1, cutoff=0.5)
    mend = f"did you mean `:{close[0]}:`?" if close else "remove it"
    return Problem(where, "an option of " + ", ".join(OPTIONS), f"`:{name}:`", mend)


def _unknown_names(found: list[Snippet], catalog: Catalog) -> Iterator[Problem]:
    """Yield a problem for every entry or target that a snippet names in vain."""
    keys = [e.key for e in catalog.entries]
    targets = [t.name for t in catalog.targets]
    for snippet in found:
        where = f"{snippet.source.path}:{snippet.source.line}"
        if snippet.measures and snippet.measures not in keys:
            mend = _suggest(snippet.measures, keys)
            yield Problem(where, "the key of an entry in `:measures:`", snippet.measures, mend)
        for term in needs.parse(snippet.needs):
            if term.name == "gpu" and term.compare and term.value not in targets:
                mend = _suggest(term.value, targets)
                yield Problem(where, "a target after `gpu=`", term.value, mend)


def _suggest(word: str, known: list[str]) -> str:
    """Return the likely spelling of a word."""
    close = get_close_matches(word, known, n=1, cutoff=0.4)
    return f"did you mean {close[0]!r}?" if close else "name one that exists"


def _repeated(found: list[Snippet]) -> Iterator[Problem]:
    """Yield a problem for every identity that is used again."""
    first: dict[str, Source] = {}
    for snippet in found:
        place = snippet.source
        earlier = first.setdefault(snippet.id, place)
        if earlier is not place:
            got = f"{snippet.id!r} again (first at {earlier.path}:{earlier.line})"
            yield Problem(f"{place.path}:{place.line}", "an identity of its own", got, "rename one")
