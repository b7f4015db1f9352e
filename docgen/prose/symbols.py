"""Classes, enum names and docstrings of a tree's Python files, parsed and never imported."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import msgspec

from docgen.catalog import Source
from docgen.listing import Listing, Stamp
from docgen.prose.files import FORM, MARKS, Index
from docgen.writing import keep

_ENUM_ATTRIBUTES = frozenset({"name", "value", "names", "values", "choices", "mro"})


class ClassInfo(msgspec.Struct, frozen=True, kw_only=True):
    """A class as written."""

    name: str
    """Its name."""
    source: Source
    """Where it is defined."""
    bases: tuple[str, ...] = ()
    """Last parts of its bases' names."""
    members: tuple[str, ...] = ()
    """Names that its body binds."""
    spellings: tuple[tuple[str, tuple[str, ...], int], ...] = ()
    """Members with every text that stands for them, and their line."""


class Docstring(msgspec.Struct, frozen=True, kw_only=True):
    """A docstring that may claim something about the tree."""

    path: str
    """File that it stands in."""
    line: int
    """Line of its first word."""
    text: str
    """Its words, indented as written."""


class Parsed(msgspec.Struct, frozen=True, array_like=True):
    """What one file defines."""

    stamp: Stamp
    """State of the file."""
    classes: tuple[ClassInfo, ...] = ()
    """Its classes."""
    docstrings: tuple[Docstring, ...] = ()
    """Its docstrings with a command, an option or a path in them."""


class Classes(Mapping[str, list[ClassInfo]]):
    """Classes of a tree by name; a file is parsed when one of its classes is asked for."""

    def __init__(self, symbols: Symbols) -> None:
        """Hold the files and what looks like the header of a class in them."""
        self._symbols = symbols
        self._found: dict[str, list[ClassInfo]] = {}

    def __getitem__(self, name: str) -> list[ClassInfo]:
        """Return the classes of a name, by file; raise KeyError where there is none."""
        if name not in self._found:
            index = self._symbols.index
            files = [index.files[number] for number in index.classes[name]]
            every = (c for path in files for c in self._symbols.parsed(path).classes)
            self._found[name] = [c for c in every if c.name == name]
        if not self._found[name]:
            raise KeyError(name)
        return self._found[name]

    def __iter__(self) -> Iterator[str]:
        """Yield the names in headers; one in the text of a string may be among them."""
        return iter(self._symbols.index.classes)

    def __len__(self) -> int:
        """Return how many names there are in headers."""
        return len(self._symbols.index.classes)


class Symbols:
    """What the Python files of a tree define; each is parsed when it is first needed."""

    def __init__(
        self,
        root: Path,
        index: Index,
        listing: Listing,
        cache: Path | None,
        before: Mapping[str, Parsed] | None = None,
    ) -> None:
        """Hold a tree.

        Args:
            root: Its folder.
            index: What a look at its files gave.
            listing: Its files.
            cache: Folder that keeps what was parsed; None keeps nothing.
            before: What is parsed already, by path.
        """
        self.index = index
        self._root = root
        self._listing = listing
        self._kept = cache / f"symbols-{FORM}.msgpack" if cache is not None else None
        self._parsed = self._load() | dict(before or {})
        self._same: dict[bytes, Parsed] = {}
        self._changed = bool(before)

    def _load(self) -> dict[str, Parsed]:
        """Return what was parsed before; nothing where that cannot be read."""
        try:
            data = self._kept.read_bytes() if self._kept is not None else b""
            return msgspec.msgpack.decode(data, type=dict[str, Parsed]) if data else {}
        except (OSError, msgspec.MsgspecError):
            return {}

    def parsed(self, path: str) -> Parsed:
        """Return what one file defines; nothing where it cannot be read."""
        stamp = self._listing.files[path]
        known = self._parsed.get(path)
        if known is None or known.stamp != stamp:
            known = self._parsed[path] = self._read(path, stamp)
            self._changed = True
        return known

    def docstrings(self, wanted: Callable[[str], bool]) -> Iterator[Docstring]:
        """Yield the docstrings of wanted files that may claim something about the tree."""
        for number in self.index.claiming:
            path = self.index.files[number]
            if wanted(path):
                yield from self.parsed(path).docstrings

    def write(self) -> None:
        """Keep what was parsed."""
        if self._kept is not None and self._changed:
            here = {path: one for path, one in self._parsed.items() if path in self._listing.files}
            keep(self._kept, msgspec.msgpack.encode(here), "symbols-*.msgpack", 1)
            self._changed = False

    def _read(self, path: str, stamp: Stamp) -> Parsed:
        """Parse one file; files of the same content share the work."""
        try:
            data = (self._root / path).read_bytes()
        except OSError:
            return Parsed(stamp)
        if data not in self._same:
            self._same[data] = _parse(data)
        same = self._same[data]
        place = msgspec.structs.replace
        return Parsed(
            stamp,
            tuple(place(c, source=place(c.source, path=path)) for c in same.classes),
            tuple(place(d, path=path) for d in same.docstrings),
        )


def _parse(data: bytes) -> Parsed:
    """Return what a text defines, with paths left empty; nothing where it does not parse."""
    try:
        tree = ast.parse(data)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return Parsed(Stamp(0, 0, 0))
    found = [_docstring(tree, ""), *_below(tree.body, "")]
    classes = tuple(item for item in found if isinstance(item, ClassInfo))
    docstrings = tuple(item for item in found if isinstance(item, Docstring))
    return Parsed(Stamp(0, 0, 0), classes, docstrings)


def _below(body: list[ast.stmt], path: str) -> Iterator[ClassInfo | Docstring]:
    """Yield the classes and docstrings of statements; expressions have none."""
    for node in body:
        if isinstance(node, ast.ClassDef):
            yield _class(node, path)
        if isinstance(node, (ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)):
            found = _docstring(node, path)
            if found is not None:
                yield found
            yield from _below(node.body, path)
        elif isinstance(node, (ast.If, ast.With, ast.Try)):
            yield from _below(node.body, path)
            yield from _below(getattr(node, "orelse", []), path)


def _class(node: ast.ClassDef, path: str) -> ClassInfo:
    """Return a class with what its body binds."""
    members: list[str] = []
    spellings: list[tuple[str, tuple[str, ...], int]] = []
    for item in node.body:
        if isinstance(item, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            members.append(item.name)
        targets = item.targets if isinstance(item, ast.Assign) else []
        if isinstance(item, ast.AnnAssign):
            targets = [item.target]
        for target in targets:
            if isinstance(target, ast.Name):
                members.append(target.id)
                value = item.value if isinstance(item, (ast.Assign, ast.AnnAssign)) else None
                texts = tuple(_texts(value)) if value is not None else ()
                spellings.append((target.id, texts, item.lineno))
    return ClassInfo(
        name=node.name,
        source=Source(path=path, line=node.lineno),
        bases=tuple(ast.unparse(b).rpartition(".")[2] for b in node.bases),
        members=tuple(members),
        spellings=tuple(spellings),
    )


def _texts(node: ast.expr) -> Iterator[str]:
    """Yield the texts of a literal, a tuple of them, or the arguments of a call."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.value
    elif isinstance(node, (ast.Tuple, ast.List)):
        for item in node.elts:
            yield from _texts(item)
    elif isinstance(node, ast.Call):
        for item in node.args:
            yield from _texts(item)


def _docstring(
    node: ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef, path: str
) -> Docstring | None:
    """Return the docstring of a node where it has something that can be checked."""
    if not node.body or not isinstance(node.body[0], ast.Expr):
        return None
    value = node.body[0].value
    if not isinstance(value, ast.Constant) or not isinstance(value.value, str):
        return None
    text = value.value
    if not any(mark in text for mark in MARKS):
        return None
    return Docstring(path=path, line=value.lineno, text=text)


def is_enum(found: ClassInfo, classes: Mapping[str, list[ClassInfo]]) -> bool:
    """Tell whether a class is an enum whose members are all written down."""
    seen: set[str] = set()
    open_ones = list(found.bases)
    while open_ones:
        base = open_ones.pop()
        if base.endswith(("Enum", "IntFlag")):
            return True
        if base not in seen:
            seen.add(base)
            open_ones += [b for c in classes.get(base, ()) for b in c.bases]
    return False


def members(found: ClassInfo, classes: Mapping[str, list[ClassInfo]]) -> set[str]:
    """Return every name that a class and its bases bind."""
    names = set(found.members) | _ENUM_ATTRIBUTES
    for base in found.bases:
        for one in classes.get(base, ()):
            if one is not found:
                names |= members(one, classes) if one.name != found.name else set(one.members)
    return names
