"""Classes, functions and attributes of packages, as griffe reads them from the source."""

from __future__ import annotations

import contextlib
import hashlib
import logging
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from docgen.catalog import ApiItem, Source
from docgen.evaluation.notes import Notes
from docgen.evaluation.tree import Module, Tree
from docgen.writing import write_atomically

if TYPE_CHECKING:
    import griffe

_SEPARATORS = ("positional-only", "positional or keyword", "keyword-only")


def read_api(
    tree: Tree, packages: tuple[str, ...], notes: Notes, cache: Path | None = None
) -> list[ApiItem]:
    """Return the public items of packages, modules by path, members as declared.

    Names that start with an underscore and imported names are left out. What has
    no docstring is noted.

    Args:
        tree: Where the packages are.
        packages: Packages to read.
        notes: Gets what is undocumented.
        cache: Folder that keeps the items of each file while it does not change.
    """
    items: list[ApiItem] = []
    kept = _Kept(cache)
    for package in packages:
        for module in tree.walk(package):
            if _is_public_path(module.name):
                items += kept.items(tree.root, module)
    kept.save()
    enums = descendants(items, ENUM_NAMES)
    classes = {i.name: i for i in items if i.kind == "class"}
    for item in items:
        if not item.doc and not _is_override(item, classes, enums):
            message = f"want a docstring for {item.name}, got none; say what it is"
            notes.add("undocumented", "info", message, item.source)
    return items


class _Kept:
    """Items of files by content, kept in a folder between runs."""

    def __init__(self, folder: Path | None) -> None:
        own = hashlib.sha256(Path(__file__).read_bytes()).hexdigest()[:16]
        self.file = folder / f"api-{own}.msgpack" if folder is not None else None
        self.old: dict[str, list[ApiItem]] = {}
        self.new: dict[str, list[ApiItem]] = {}
        if self.file is not None:
            with contextlib.suppress(OSError, msgspec.MsgspecError):
                self.old = msgspec.msgpack.decode(
                    self.file.read_bytes(), type=dict[str, list[ApiItem]]
                )

    def items(self, root: Path, module: Module) -> list[ApiItem]:
        """Return the items of a module, read anew only where the file has changed."""
        key = f"{module.name} {module.path} {module.digest}"
        found = self.old.get(key)
        if found is None:
            if module.node is None:
                return []
            found = read_module(root, module)
        self.new[key] = found
        return found

    def save(self) -> None:
        """Keep the items of this run's files, and no others."""
        if self.file is None or self.new.keys() == self.old.keys():
            return
        with contextlib.suppress(OSError):
            self.file.parent.mkdir(parents=True, exist_ok=True)
            write_atomically(self.file, msgspec.msgpack.encode(self.new))


ENUM_NAMES = ("Enum", "IntEnum", "StrEnum", "Flag", "IntFlag")
"""Names of Python's own enums."""


def descendants(items: list[ApiItem], roots: tuple[str, ...]) -> set[str]:
    """Return the dotted names of the classes that derive, by name, from some classes."""
    names = set(roots)
    found: set[str] = set()
    pending = [i for i in items if i.kind == "class"]
    while True:
        new = [
            i
            for i in pending
            if i.name not in found and any(_short(base) in names for base in i.bases)
        ]
        if not new:
            return found
        found |= {i.name for i in new}
        names |= {_short(i.name) for i in new}


def _short(name: str) -> str:
    """Return the last part of a dotted name, without a subscript."""
    return name.partition("[")[0].rpartition(".")[2]


def _is_override(item: ApiItem, classes: dict[str, ApiItem], enums: set[str]) -> bool:
    """Tell whether an item needs no docstring: it sets what a base class describes."""
    if item.kind != "attribute" or item.annotation:
        return False
    parent = classes.get(item.name.rpartition(".")[0])
    if parent is None:
        return item.value.startswith("TypeVar(")
    return bool(parent.bases) and parent.name not in enums


def read_module(root: Path, module: Module) -> list[ApiItem]:
    """Return a module's item and those of its public members."""
    import griffe

    logging.getLogger("griffe").setLevel(logging.ERROR)
    text = module.data.decode("utf-8", "replace")
    found = griffe.visit(module.name, root / module.path, text)
    own = ApiItem(
        name=module.name,
        kind="module",
        source=Source(path=module.path, line=1),
        doc=module.doc,
    )
    return [own, *_members(found, module.name, module.path)]


def _is_public_path(name: str) -> bool:
    """Tell whether no part of a dotted name starts with an underscore."""
    return not any(part.startswith("_") for part in name.split("."))


def _members(parent: Any, prefix: str, path: str) -> Iterator[ApiItem]:
    """Yield the public members of a module or class, each followed by its own."""
    for name, member in parent.members.items():
        if name.startswith("_") or member.is_alias or member.is_module:
            continue
        dotted = f"{prefix}.{name}"
        if member.is_class:
            yield _class(member, dotted, path)
            yield from _members(member, dotted, path)
        elif member.is_function:
            kind = "method" if parent.is_class else "function"
            yield _item(member, dotted, path, kind, signature=signature_of(member))
        elif member.is_attribute and not _is_instance_only(member):
            kind = "property" if "property" in member.labels else "attribute"
            value = str(member.value) if kind == "attribute" and member.value is not None else ""
            annotation = str(member.annotation) if member.annotation is not None else ""
            yield _item(member, dotted, path, kind, annotation=annotation, value=value)


def _is_instance_only(member: Any) -> bool:
    """Tell whether an attribute is only set in `__init__` and not described there."""
    return (
        "class-attribute" not in member.labels
        and "instance-attribute" in member.labels
        and (member.docstring is None)
    )


def _class(member: griffe.Class, dotted: str, path: str) -> ApiItem:
    """Return a class; its signature is that of its own `__init__`, where it has one."""
    init = member.members.get("__init__")
    signature = ""
    if init is not None and init.is_function:
        signature = signature_of(init, skip_first=True).removesuffix(" -> None")
    bases = tuple(str(base) for base in member.bases)
    return _item(member, dotted, path, "class", signature=signature, bases=bases)


def _item(member: Any, dotted: str, path: str, kind: str, **more: Any) -> ApiItem:
    """Return the item of a member."""
    line, end = member.lineno or 1, member.endlineno or 0
    doc = member.docstring.value if member.docstring is not None else ""
    source = Source(path=path, line=line, end_line=end if end != line else 0)
    return ApiItem(name=dotted, kind=kind, source=source, doc=doc, **more)


def signature_of(function: Any, *, skip_first: bool = False) -> str:
    """Return parameters and result as written: `(obj: Any, *, where: str = "") -> None`."""
    parts: list[str] = []
    starred = positional = False
    parameters = list(function.parameters)[1 if skip_first else 0 :]
    for parameter in parameters:
        kind = parameter.kind.value if parameter.kind is not None else _SEPARATORS[1]
        if kind == _SEPARATORS[0]:
            positional = True
        elif positional:
            parts.append("/")
            positional = False
        if kind == _SEPARATORS[2] and not starred:
            parts.append("*")
            starred = True
        if kind == "variadic positional":
            starred = True
        parts.append(_parameter(parameter, kind))
    if positional:
        parts.append("/")
    result = f" -> {function.returns}" if function.returns is not None else ""
    return f"({', '.join(parts)}){result}"


def _parameter(parameter: Any, kind: str) -> str:
    """Return one parameter as written."""
    mark = {"variadic positional": "*", "variadic keyword": "**"}.get(kind, "")
    text = f"{mark}{parameter.name}"
    if parameter.annotation is not None:
        text += f": {parameter.annotation}"
    if parameter.default is not None and not mark:
        equals = " = " if parameter.annotation is not None else "="
        text += f"{equals}{parameter.default}"
    return text
