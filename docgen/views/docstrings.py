"""Docstrings in Google style as MyST: sections become lists, text is made safe."""

from __future__ import annotations

import ast
import inspect
from typing import Any

from docgen.views.text import code, fenced, inline, prose

_LISTS = {
    "parameters": "Arguments",
    "other parameters": "Further arguments",
    "attributes": "Attributes",
    "raises": "Raises",
    "warns": "Warns",
}
_RESULTS = {"returns": "Returns", "yields": "Yields", "receives": "Receives"}


def render(doc: str, signature: str = "") -> str:
    """Return a docstring as MyST.

    Args:
        doc: Docstring as written, indented or not.
        signature: Signature of its function; gives the types of the arguments.

    Returns:
        MyST text; empty for an empty docstring.
    """
    text = inspect.cleandoc(doc)
    if not text:
        return ""
    return "\n\n".join(part for s in _sections(text) if (part := _section(s, signature)))


def _sections(text: str) -> list[Any]:
    """Return the sections that griffe finds."""
    from griffe import Docstring

    return list(
        Docstring(text).parse(
            "google", warnings=False, returns_multiple_items=False, returns_named_value=False
        )
    )


def _section(section: Any, signature: str) -> str:
    """Return one section as MyST."""
    kind = section.kind.value
    if kind == "text":
        return prose(section.value)
    if kind in _LISTS:
        types = _types(signature) if kind == "parameters" else {}
        items = "\n".join(_item(i, types) for i in section.value)
        return f"{_LISTS[kind]}:\n\n{items}"
    if kind in _RESULTS:
        # griffe takes words before a colon for a type; types stand in annotations only.
        lead = [f"{i.annotation}: " if i.annotation else "" for i in section.value]
        words = " ".join(
            inline(head + i.description) for head, i in zip(lead, section.value, strict=True)
        )
        return f"{_RESULTS[kind]}: {words}"
    if kind == "admonition":
        return _admonition(section)
    if kind == "examples":
        return "Examples:\n\n" + "\n\n".join(
            prose(v) if k.value == "text" else fenced(v, "pycon") for k, v in section.value
        )
    return prose(str(section.value)) if isinstance(section.value, str) else ""


def _item(item: Any, types: dict[str, str]) -> str:
    """Return one argument, attribute or exception as a list item."""
    name = getattr(item, "name", "") or str(getattr(item, "annotation", "") or "")
    declared = types.get(name.lstrip("*"), "")
    kind = f" ({code(declared)})" if declared else ""
    return f"- {code(name)}{kind}: {inline(item.description)}"


def _admonition(section: Any) -> str:
    """Return a section that the style does not know: `Why:`, `Source:`, `Shapes:`."""
    title = inline(section.title or str(section.value.kind).capitalize())
    body = section.value.description if hasattr(section.value, "description") else ""
    return f"{title}: {prose(str(body))}" if "\n\n" not in body else f"{title}:\n\n{prose(body)}"


def _types(signature: str) -> dict[str, str]:
    """Return the type of each parameter of a signature as written."""
    try:
        node = ast.parse(f"def f{signature}: ...").body[0] if signature else None
    except SyntaxError:
        return {}
    if not isinstance(node, ast.FunctionDef):
        return {}
    arguments = node.args
    every = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs]
    every += [a for a in (arguments.vararg, arguments.kwarg) if a is not None]
    return {a.arg: ast.unparse(a.annotation) for a in every if a.annotation is not None}
