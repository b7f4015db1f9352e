"""The API reference: one page per module, every object an entry of the Python domain."""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from docgen.catalog import ApiItem, Catalog
from docgen.views import links
from docgen.views.docstrings import render
from docgen.views.model import Config, Evidence, Page
from docgen.views.text import code, first_sentence

_MEMBERS = {"method": "method", "property": "property", "attribute": "attribute"}
_TOP = {"class": "class", "function": "function", "attribute": "data", "property": "data"}
_LONG = 120


@dataclass(frozen=True, kw_only=True)
class Member:
    """One object as the page shows it."""

    directive: str
    """Directive of the Python domain."""
    signature: str
    """Name with parameters, without types."""
    facts: str
    """Type, value, bases and place, as one line."""
    doc: str
    """Its docstring in MyST."""
    members: tuple[Member, ...] = ()
    """Objects inside it."""


def pages(catalog: Catalog, evidence: Evidence, config: Config) -> Iterable[Page]:
    """Yield the list of modules and a page of each."""
    del evidence, config
    modules = {i.name: i for i in catalog.api if i.kind == "module"}
    children = _children(catalog)
    packages: dict[str, list[ApiItem]] = defaultdict(list)
    for name in sorted(modules):
        packages[name.partition(".")[0]].append(modules[name])
    yield Page(
        path="reference/api/index.md",
        template="api.md.j2",
        context={
            "packages": [
                (name, [(m.name, first_sentence(m.doc)) for m in members])
                for name, members in packages.items()
            ]
        },
    )
    for name, module in modules.items():
        yield Page(
            path=f"reference/api/{name}.md",
            template="module.md.j2",
            context={
                "module": module,
                "doc": render(module.doc),
                "source": links.src(module.source),
                "members": tuple(
                    _member(i, children, name) for i in children[name] if i.kind != "module"
                ),
            },
        )


def _children(catalog: Catalog) -> dict[str, list[ApiItem]]:
    """Return the objects by the dotted name that they stand in, in order of the source."""
    found: dict[str, list[ApiItem]] = defaultdict(list)
    seen: set[str] = set()
    for item in catalog.api:
        if item.name not in seen:
            found[item.name.rpartition(".")[0]].append(item)
            seen.add(item.name)
    for items in found.values():
        items.sort(key=lambda i: (i.source.path, i.source.line))
    return found


def _member(item: ApiItem, children: dict[str, list[ApiItem]], owner: str) -> Member:
    """Return one object with everything inside it."""
    directive = (_TOP if item.name.rpartition(".")[0] == owner else _MEMBERS).get(item.kind, "data")
    name = item.name.rpartition(".")[2]
    parameters = plain_parameters(item.signature) if item.signature else ""
    inside = [i for i in children.get(item.name, ()) if i.kind in _MEMBERS or i.kind == "class"]
    return Member(
        directive=directive,
        signature=f"{name}{parameters}",
        facts=_facts(item),
        doc=render(item.doc, item.signature),
        members=tuple(_member(i, children, owner) for i in inside),
    )


def _facts(item: ApiItem) -> str:
    """Return type, value, bases and place of an object in one line."""
    parts = []
    if item.annotation:
        parts.append(f"Type {code(item.annotation)}.")
    if item.value and len(item.value) <= _LONG:
        parts.append(f"Value {code(item.value)}.")
    if item.bases:
        parts.append("Bases " + ", ".join(code(b) for b in item.bases) + ".")
    result = returned(item.signature)
    if result and item.kind in {"function", "method"}:
        parts.append(f"Gives {code(result)}.")
    place = links.src(item.source)
    return " ".join([*parts, place]).strip()


def plain_parameters(signature: str) -> str:
    """Return a signature without types: `(obj, where='')`; as it stands where it is no Python.

    Types would become links of the Python domain that nothing resolves; they are
    shown in the list of arguments instead.
    """
    parsed = _parse(signature)
    if parsed is None:
        return signature.partition("->")[0].strip()
    arguments = parsed.args
    for argument in [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs]:
        argument.annotation = None
    arguments.defaults = [_plain_default(d) for d in arguments.defaults]
    arguments.kw_defaults = [d and _plain_default(d) for d in arguments.kw_defaults]
    for special in (arguments.vararg, arguments.kwarg):
        if special is not None:
            special.annotation = None
    return f"({ast.unparse(arguments)})"


def _plain_default(node: ast.expr) -> ast.expr:
    """Return a default value, or an ellipsis for one that Sphinx cannot read."""
    hard = any(isinstance(part, ast.JoinedStr | ast.IfExp) for part in ast.walk(node))
    return ast.Constant(value=...) if hard else node


def parameter_types(signature: str) -> dict[str, str]:
    """Return the type of each parameter as written."""
    parsed = _parse(signature)
    if parsed is None:
        return {}
    arguments = parsed.args
    every = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs]
    every += [a for a in (arguments.vararg, arguments.kwarg) if a is not None]
    return {a.arg: ast.unparse(a.annotation) for a in every if a.annotation is not None}


def returned(signature: str) -> str:
    """Return the type of the result as written; empty where there is none."""
    parsed = _parse(signature)
    return ast.unparse(parsed.returns) if parsed is not None and parsed.returns else ""


def _parse(signature: str) -> ast.FunctionDef | None:
    """Return a signature as Python reads it; None where it is no Python or empty."""
    if not signature:
        return None
    try:
        node = ast.parse(f"def f{signature}: ...").body[0]
    except SyntaxError:
        return None
    return node if isinstance(node, ast.FunctionDef) else None
