"""Classes, enum names and docstrings of a tree's Python files, read without importing them."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import msgspec

from docgen.catalog import Source
from docgen.prose.files import MAX_BYTES, Index, keep

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


class Symbols(msgspec.Struct, frozen=True, kw_only=True):
    """What the Python files of a tree define."""

    classes: tuple[ClassInfo, ...] = ()
    """Every class."""
    docstrings: tuple[Docstring, ...] = ()
    """Docstrings with a command, an option or a path in them."""


def load(root: Path, index: Index, cache: Path | None, state: str) -> Symbols:
    """Return what the Python files of a tree define, from the cache while none has changed."""
    kept = cache / f"symbols-{state}.msgpack" if cache is not None and state else None
    if kept is not None:
        try:
            return msgspec.msgpack.decode(kept.read_bytes(), type=Symbols)
        except (OSError, msgspec.MsgspecError):
            pass
    classes: list[ClassInfo] = []
    docstrings: list[Docstring] = []
    for path in index.files:
        if path.endswith(".py"):
            for item in _read(root, path):
                if isinstance(item, ClassInfo):
                    classes.append(item)
                else:
                    docstrings.append(item)
    symbols = Symbols(classes=tuple(classes), docstrings=tuple(docstrings))
    if kept is not None:
        keep(kept, msgspec.msgpack.encode(symbols), "symbols-*.msgpack")
    return symbols


def _read(root: Path, path: str) -> Iterator[ClassInfo | Docstring]:
    """Yield the classes and docstrings of one file; none where it cannot be read."""
    file = root / path
    try:
        if file.is_symlink() or file.stat().st_size > MAX_BYTES:
            return
        tree = ast.parse(file.read_bytes())
    except (OSError, SyntaxError, ValueError, RecursionError, MemoryError):
        return
    found = _docstring(tree, path)
    if found is not None:
        yield found
    yield from _below(tree.body, path)


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
    if "make " not in text and "--" not in text and ".py" not in text and ".sh" not in text:
        return None
    return Docstring(path=path, line=value.lineno, text=text)


def is_enum(found: ClassInfo, classes: dict[str, list[ClassInfo]]) -> bool:
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


def members(found: ClassInfo, classes: dict[str, list[ClassInfo]]) -> set[str]:
    """Return every name that a class and its bases bind."""
    names = set(found.members) | _ENUM_ATTRIBUTES
    for base in found.bases:
        for one in classes.get(base, ()):
            if one is not found:
                names |= members(one, classes) if one.name != found.name else set(one.members)
    return names
