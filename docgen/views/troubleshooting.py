"""Every failure and every cause of an INVALID result: what it means and what to do."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from docgen.catalog import ApiItem, Catalog, Entry, Failure, Row
from docgen.views import links
from docgen.views.docstrings import render
from docgen.views.lookup import Lookup, causes, variant
from docgen.views.measure import measurements
from docgen.views.model import Config, Evidence, Page
from docgen.views.text import inline, prose, slug


@dataclass(frozen=True, kw_only=True)
class Section:
    """One code of a message."""

    code: str
    """The code as messages print it."""
    label: str
    """Label of its section: the code in lower case."""
    title: str
    """The code in words."""
    doc: str
    """What it means and what to do."""
    exit_code: str
    """What the command line returns; empty for a cause."""
    source: str
    """Link to its definition."""
    parts: tuple[tuple[str, str], ...] = ()
    """Heading and text of each paragraph: symptom, cause, mend, source."""
    seen: tuple[tuple[str, str, str], ...] = ()
    """Where it was met: link to the entry, what was wanted and found, what to do."""


def pages(catalog: Catalog, evidence: Evidence, config: Config) -> Iterable[Page]:
    """Yield the troubleshooting page."""
    del config
    lookup = Lookup(catalog)
    seen = _seen(lookup, evidence)
    failures = {f.code: f for f in (*_of_api(catalog), *catalog.failures)}
    ordered = sorted(failures.values(), key=lambda f: f.code)
    yield Page(
        path="troubleshooting.md",
        template="troubleshooting.md.j2",
        context={
            "causes": _causes(catalog, seen),
            "troubles": _troubles(catalog),
            "failures": [_failure(f) for f in ordered],
        },
    )


def _failure(failure: Failure) -> Section:
    """Return the section of an error class."""
    return Section(
        code=failure.code,
        label=slug(failure.code),
        title=failure.name,
        doc=render(failure.doc),
        exit_code=str(failure.exit_code),
        source=links.src(failure.source),
    )


def _causes(catalog: Catalog, seen: dict[str, list[tuple[str, str, str]]]) -> list[Section]:
    """Return the causes that the vocabulary defines, then those only records name."""
    words = {str(w.value): w for w in causes(catalog)}
    rows = {row.name: row for row in catalog.rows_of("Trouble")}
    names = [*words, *sorted(set(seen) - set(words))]
    found = []
    for name in names:
        met = tuple(dict.fromkeys(seen.get(name, ())))
        if name in rows:
            found.append(_trouble(rows[name], met))
            continue
        found.append(
            Section(
                code=name,
                label=slug(name),
                title=name.replace("-", " ").capitalize(),
                doc=render(words[name].doc) if name in words else "",
                exit_code="",
                source=links.src(words[name].source) if name in words else "",
                seen=met,
            )
        )
    return found


def _troubles(catalog: Catalog) -> list[Section]:
    """Return the sections of messages that are no verdict, by code."""
    verdicts = {str(w.value) for w in causes(catalog)}
    rows = [r for r in catalog.rows_of("Trouble") if r.name not in verdicts]
    return [_trouble(row) for row in sorted(rows, key=lambda r: r.name)]


def _trouble(row: Row, seen: tuple[tuple[str, str, str], ...] = ()) -> Section:
    """Return the section of a trouble: symptom, cause, mend and source."""
    parts = [(word.capitalize(), prose(str(row.values.get(word, "")))) for word in _PARTS]
    return Section(
        code=row.name,
        label=slug(row.name),
        title=inline(str(row.values.get("title", row.name))),
        doc="",
        exit_code="",
        source=links.src(row.source),
        parts=tuple((word, text) for word, text in parts if text),
        seen=seen,
    )


_PARTS = ("symptom", "cause", "mend", "source")


def _seen(lookup: Lookup, evidence: Evidence) -> dict[str, list[tuple[str, str, str]]]:
    """Return where causes were met in stored records, by code."""
    found: dict[str, list[tuple[str, str, str]]] = {}
    for entry in lookup.catalog.entries:
        for run in measurements(evidence, entry):
            for cause in run.causes:
                link = links.config(entry, _words(entry, lookup))
                row = (link, inline(cause.get("text", "")), inline(cause.get("do", "")))
                found.setdefault(str(cause.get("code", "")), []).append(row)
    return found


def _words(entry: Entry, lookup: Lookup) -> str:
    """Return an entry in words."""
    return f"{entry.target}, {lookup.title(entry.workload)}, {variant(entry)}"


def _of_api(catalog: Catalog) -> list[Failure]:
    """Return the error classes of documented packages that state `code` and `exit_code`."""
    items = {i.name: i for i in catalog.api}
    found = []
    for item in catalog.api:
        code = items.get(f"{item.name}.code")
        if item.kind != "class" or code is None:
            continue
        value = _constant(code.value)
        if not isinstance(value, str) or not value:
            continue
        exit_code = _inherited(item.name, "exit_code", items)
        found.append(
            Failure(
                code=value,
                name=item.name.rpartition(".")[2],
                doc=item.doc,
                exit_code=exit_code if isinstance(exit_code, int) else 1,
                source=item.source,
            )
        )
    return found


def _inherited(name: str, attribute: str, items: Mapping[str, ApiItem]) -> object:
    """Return a class attribute, from the class or from a base in the same module."""
    current: str | None = name
    while current:
        own = items.get(f"{current}.{attribute}")
        if own is not None:
            return _constant(own.value)
        owner = items.get(current)
        bases = owner.bases if owner is not None else ()
        module = current.rpartition(".")[0]
        current = next((f"{module}.{b}" for b in bases if f"{module}.{b}" in items), None)
    return None


def _constant(expression: str) -> object:
    """Return the value of a literal; None where it is none."""
    try:
        return ast.literal_eval(expression)
    except (ValueError, SyntaxError):
        return None
