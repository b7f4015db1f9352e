"""Source tree to Catalog: chooses the dialect, reads, keeps the result for unchanged files."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from docgen import keys
from docgen.errors import Problem, SourceError
from docgen.writing import keep

if TYPE_CHECKING:
    from docgen.catalog import Catalog, Diagnostic
    from docgen.config import Config
    from docgen.dialects import Dialect
    from docgen.listing import Listing

OTHER_DIALECT = "other-dialect"
"""Diagnostic of files in a second dialect, which were not read."""

KEPT = 4
"""Catalogs that the cache keeps; older ones are removed."""


def extract(config: Config, *, strict: bool = False, cache: bool = True) -> Catalog:
    """Return the Catalog of a source tree; nothing of the tree is imported or run.

    Args:
        config: What to read.
        strict: Raise for what could not be resolved, instead of listing it in
            the Catalog's diagnostics.
        cache: Keep the result in `config.cache` and take it from there while no
            file has changed.

    Raises:
        SourceError: When no dialect fits the tree; with `strict`, with every error
            that was found in it, each with file, line and column.
    """
    catalog = _extract(_Place(config)) if cache else _read(config, _choose(config), None)
    if strict:
        raise_errors(catalog)
    return catalog


def extract_brief(config: Config, found: Listing | None = None) -> Catalog:
    """Return the Catalog of a source tree as far as prose is held against it.

    Values of entries and verdicts on them, items of the API, tables and warnings are left out:
    a tenth of the Catalog is read faster, and where the dialect can, no more is made.

    Args:
        config: What to read.
        found: The tree's files, where they are known.

    Raises:
        SourceError: When no dialect fits the tree.
    """
    return _brief(_Place(config, found))


def export(config: Config, *, strict: bool = False) -> tuple[bytes, list[Problem]]:
    """Return the JSON form of a tree's Catalog, and its errors; kept like the Catalog.

    Args:
        config: What to read.
        strict: Raise the errors instead.

    Raises:
        SourceError: When no dialect fits the tree; with `strict`, with every error
            that was found in it.
    """
    data, problems = _export(_Place(config))
    if strict and problems:
        raise SourceError(problems)
    return data, problems


def _export(place: _Place) -> tuple[bytes, list[Problem]]:
    """Return the JSON form of a tree's Catalog, and its errors, from the cache if there."""
    kept = place.load("exported", "bin")
    if kept is not None:
        head, _, data = kept.partition(b"\n")
        return data, _problems_of(head)
    from docgen.catalog import to_json

    catalog = _extract(place)
    data, problems = to_json(catalog), errors_of(catalog)
    place.keep("exported", "bin", _line(problems) + b"\n" + data, 1)
    return data, problems


def _line(problems: list[Problem]) -> bytes:
    """Return problems as a line of JSON."""
    import json

    return json.dumps([[p.where, p.want, p.got, p.do] for p in problems]).encode()


def _problems_of(line: bytes) -> list[Problem]:
    """Return the problems of a line of JSON."""
    if line == b"[]":
        return []
    import json

    return [Problem(*words) for words in json.loads(line)]


class _Place:
    """Where the cache keeps what was read from a tree in its present state.

    The key by content names the files. A key by stamps leads to it without a look into the
    tree; it is taken before anything is read, so a change that comes later has other stamps.
    """

    def __init__(self, config: Config, found: Listing | None = None) -> None:
        """Look at the stamps of the tree."""
        self.config = config
        self._stamps = keys.by_stamps(config, found)
        self._short = config.cache / f"state-{self._stamps}"
        self._key = self._known() if self._stamps else ""
        self._dialect: Dialect | None = None

    def _known(self) -> str:
        """Return the key by content that is kept for these stamps; empty without one."""
        try:
            key = self._short.read_text("ascii")
        except (OSError, UnicodeDecodeError):
            return ""
        return key if key.isalnum() else ""

    @property
    def dialect(self) -> Dialect:
        """Return the dialect of the tree."""
        if self._dialect is None:
            self._dialect = _choose(self.config)
        return self._dialect

    @property
    def key(self) -> str:
        """Return the key by content."""
        if not self._key:
            self._key = keys.by_content(self.config, self.dialect)
            if self._stamps:
                keep(self._short, self._key.encode(), "state-*", KEPT)
        return self._key

    def load(self, kind: str, ending: str) -> bytes | None:
        """Return what is kept of a kind; None where nothing is."""
        try:
            return (self.config.cache / f"{kind}-{self.key}.{ending}").read_bytes()
        except OSError:
            return None

    def keep(self, kind: str, ending: str, data: bytes, number: int) -> None:
        """Keep something of a kind."""
        file = self.config.cache / f"{kind}-{self.key}.{ending}"
        keep(file, data, f"{kind}-*.{ending}", number, durable=ending == "bin")


def _choose(config: Config) -> Dialect:
    """Return the dialect of a tree."""
    from docgen.dialects import choose

    return choose(config.root, config.packages, config.dialect)


def _extract(place: _Place) -> Catalog:
    """Return the Catalog of a tree, from the cache where it is there."""
    import msgspec

    found = _decoded(place.load("catalog", "msgpack"))
    if found is None:
        found = _read(place.config, place.dialect, place.config.cache)
        place.keep("catalog", "msgpack", msgspec.msgpack.encode(found), KEPT)
        place.keep("brief", "msgpack", msgspec.msgpack.encode(_shortened(found)), KEPT)
    return found


def _brief(place: _Place) -> Catalog:
    """Return the short Catalog of a tree, from the cache where it is there."""
    import msgspec

    found = _decoded(place.load("brief", "msgpack"))
    if found is not None:
        return found
    read = place.dialect.read_brief
    if read is None or place.load("catalog", "msgpack") is not None:
        return _shortened(_extract(place))
    root = place.config.root
    found = _shortened(_note_others(_with_tools(read(root), root), place.dialect))
    place.keep("brief", "msgpack", msgspec.msgpack.encode(found), KEPT)
    return found


def _decoded(data: bytes | None) -> Catalog | None:
    """Return a kept Catalog; None where there is none that can be read."""
    import msgspec

    from docgen.catalog import Catalog

    try:
        return msgspec.msgpack.decode(data, type=Catalog) if data is not None else None
    except msgspec.MsgspecError:
        return None


def _shortened(catalog: Catalog) -> Catalog:
    """Return a Catalog without values, items of the API, tables and warnings."""
    import msgspec

    from docgen.catalog import Entry

    entries = tuple(
        Entry(
            key=e.key,
            target=e.target,
            workload=e.workload,
            scenario=e.scenario,
            setting=e.setting,
            values={},
            source=e.source,
        )
        for e in catalog.entries
    )
    return msgspec.structs.replace(
        catalog,
        entries=entries,
        api=(),
        rows=(),
        boards=(),
        diagnostics=tuple(
            d for d in catalog.diagnostics if d.severity == "error" or d.code == OTHER_DIALECT
        ),
        files={},
    )


def _read(config: Config, dialect: Dialect, folder: Path | None) -> Catalog:
    """Return the Catalog of a tree, read anew."""
    catalog = dialect.read(config.root, config.packages, config.api, folder)
    return _note_others(_with_tools(catalog, config.root), dialect)


def raise_errors(catalog: Catalog) -> None:
    """Raise SourceError with every error among the diagnostics; return when there is none."""
    problems = errors_of(catalog)
    if problems:
        raise SourceError(problems)


def errors_of(catalog: Catalog) -> list[Problem]:
    """Return the errors among the diagnostics as problems."""
    return [problem_of(d) for d in catalog.diagnostics if d.severity == "error"]


def problem_of(diagnostic: Diagnostic) -> Problem:
    """Return a diagnostic as a problem: `file:line:column: want X, got Y; do Z`."""
    place = diagnostic.source
    where = f"{place.path}:{place.line}:{place.column}"
    want, _, rest = diagnostic.message.removeprefix("want ").partition(", got ")
    got, _, do = rest.rpartition("; ")
    return Problem(where, want, got or rest, do or "mend it")


def _with_tools(catalog: Catalog, root: Path) -> Catalog:
    """Return the Catalog of a tree of others with its make targets and their programs."""
    from docgen.foreign import OURS

    if catalog.dialect == OURS:
        return catalog
    import msgspec

    from docgen.claims.arguments import close_fields, read_programs
    from docgen.claims.makefiles import read_makefiles

    makes = read_makefiles(root)
    known = {command.name for command in catalog.commands}
    programs = [c for c in read_programs(root, makes) if c.name not in known]
    return msgspec.structs.replace(
        catalog,
        makes=makes,
        fields=close_fields(root, catalog.fields),
        commands=(*catalog.commands, *programs),
    )


def _note_others(catalog: Catalog, dialect: Dialect) -> Catalog:
    """Return the Catalog with a warning for files of other dialects, which were not read."""
    import msgspec

    from docgen.catalog import Diagnostic, Source

    notes = tuple(
        Diagnostic(
            code=OTHER_DIALECT,
            severity="warning",
            message=f"want one dialect, got {count} files of the dialect {name} too; "
            f"read them with --dialect {name}",
            source=Source(path=".", line=1),
        )
        for name, count in dialect.others
    )
    return msgspec.structs.replace(catalog, diagnostics=(*catalog.diagnostics, *notes))
