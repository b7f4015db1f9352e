"""Hashes of what code does: comments, docstrings, layout and positions do not enter.

One hash a function and one, `<module>`, for what runs when the file is imported.
A nested function, a lambda or a class inside a function counts to the outermost
function that holds it. Definitions that share a qualified name (property setters,
overloads, alternatives under `if`) share one hash.
"""

from __future__ import annotations

import ast
import functools
import hashlib
from collections.abc import Iterator

MODULE = "<module>"
"""Name of the hash over module-level statements."""

_Function = ast.FunctionDef | ast.AsyncFunctionDef


def functions(source: bytes, where: str = "<source>") -> dict[str, str]:
    """Return the hash of every outermost function by qualified name, and of `<module>`.

    The module's hash covers class bodies, decorators, defaults and signatures, but
    not the bodies of functions: those have their own.

    Raises:
        SyntaxError: When the source is no Python.
    """
    return dict(_functions(source, where))


@functools.lru_cache(maxsize=2048)
def _functions(source: bytes, where: str) -> dict[str, str]:
    """Return the hashes of a source.

    Why cached: the executions of one build read the same few hundred files, and hashing
        them takes longer than most of the commands do.
    """
    found: dict[str, list[str]] = {}
    tree = ast.parse(source, where)
    module = "".join(_outline(tree.body, "", found))
    table = {name: _digest("".join(parts)) for name, parts in found.items()}
    return {MODULE: _digest(module), **table}


@functools.lru_cache(maxsize=2048)
def whole(source: bytes) -> str:
    """Return one hash over everything a file does; over its bytes where it is no Python."""
    try:
        table = functions(source)
    except (SyntaxError, ValueError):
        return _digest(source.decode("utf-8", "replace"))
    return _digest("".join(f"{name}={value};" for name, value in sorted(table.items())))


def _outline(body: list[ast.stmt], prefix: str, found: dict[str, list[str]]) -> Iterator[str]:
    """Yield the text of the statements with function bodies left out, and collect those."""
    for node in body:
        if isinstance(node, _Function):
            found.setdefault(prefix + node.name, []).append("".join(_text(node)))
            yield from _text(node, without=("body",))
        elif isinstance(node, ast.ClassDef):
            yield from _text(node, without=("body",))
            yield "{"
            yield from _outline(node.body, f"{prefix}{node.name}.", found)
            yield "}"
        elif _is_block(node):
            yield from _block(node, prefix, found)
        elif not _is_string(node):
            yield from _text(node)


def _is_block(node: ast.AST) -> bool:
    """Return whether statements can stand inside the node."""
    return any(hasattr(node, name) for name in ("body", "handlers", "cases"))


def _block(node: ast.AST, prefix: str, found: dict[str, list[str]]) -> Iterator[str]:
    """Yield the text of a compound statement whose inner functions are left out."""
    lists = ("body", "orelse", "finalbody", "handlers", "cases")
    yield from _text(node, without=lists)
    for name in lists:
        inner = getattr(node, name, [])
        yield f"{name}{{"
        for child in inner if isinstance(inner, list) else []:
            if isinstance(child, ast.stmt):
                yield from _outline([child], prefix, found)
            else:
                yield from _block(child, prefix, found)
        yield "}"


def _text(node: ast.AST, without: tuple[str, ...] = ()) -> Iterator[str]:
    """Yield a form of the tree that is equal on every Python version.

    Fields that are empty or None are left out: newer versions add such fields.
    """
    yield f"{type(node).__name__}("
    if isinstance(node, ast.Constant):
        yield f"{type(node.value).__name__}:{node.value!r}"
    else:
        for name, value in ast.iter_fields(node):
            if name in without or name in ("ctx", "type_comment") or value is None:
                continue
            if isinstance(value, list):
                kept = [item for item in value if not _is_string(item)]
                if isinstance(node, ast.JoinedStr):
                    kept = list(_joined(kept))
                if kept:
                    yield f"{name}=["
                    for item in kept:
                        yield from _item(item)
                    yield "]"
            else:
                yield f"{name}="
                yield from _item(value)
    yield ")"


def _joined(parts: list[ast.AST]) -> Iterator[ast.AST]:
    """Yield the parts of an f-string with neighbouring text in one piece.

    Why: versions of Python differ in where they split it.
    """
    text = ""
    for part in [*parts, None]:
        if isinstance(part, ast.Constant) and isinstance(part.value, str):
            text += part.value
            continue
        if text:
            yield ast.Constant(text)
        text = ""
        if part is not None:
            yield part


def _item(value: object) -> Iterator[str]:
    """Yield the text of a field's value."""
    if isinstance(value, ast.AST):
        yield from _text(value)
    else:
        yield f"{value!r},"


def _is_string(node: object) -> bool:
    """Return whether a statement is a bare string: a docstring of something."""
    return (
        isinstance(node, ast.Expr)
        and isinstance(node.value, ast.Constant)
        and isinstance(node.value.value, str)
    )


def _digest(text: str) -> str:
    """Return the first 16 hex digits of a SHA-256."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:16]
