"""What a statement that cannot be executed may change: those names are Unknown from there on."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from docgen.evaluation import operations
from docgen.evaluation.objects import Binding, FunctionInfo, NotStatic, Owner, Unknown
from docgen.evaluation.scopes import Frame

if TYPE_CHECKING:
    from docgen.evaluate import Evaluator

Doc = tuple[str, int]
"""Attribute docstring under a statement and the line of its text; empty and 0 without one."""


def taint(
    evaluator: Evaluator,
    node: ast.stmt,
    frame: Frame,
    doc: Doc,
    cause: NotStatic | None = None,
) -> None:
    """Mark every name that a statement binds, or whose value it may change, as Unknown."""
    del doc, evaluator
    if frame.depth:
        what = type(node).__name__.lower()
        raise cause or NotStatic(frame.module.source(node), f"a {what} statement in a function")
    if cause is None:
        word = "a call" if isinstance(node, ast.Expr) else type(node).__name__.lower()
        got = f"a value that {word} on line {node.lineno} may have changed"
        cause = NotStatic(frame.module.source(node), got)
    where = frame.module.source(node)
    for part in _walk(node):
        if isinstance(part, ast.ImportFrom) and part.names[0].name == "*":
            frame.module.open_star = part.module or "."
    for name, names in touched(node, frame).items():
        known = names.get(name)
        if known is not None:
            spoil(known.value, cause)
        owner = known.owner if known is not None else Owner(f"{frame.owner.name}.{name}")
        names[name] = Binding(Unknown(cause), where, owner, None, None, frame.module)


def spoil(value: Any, cause: NotStatic, seen: set[int] | None = None) -> None:
    """Make the content of a list or dict Unknown, for everything that refers to it."""
    seen = set() if seen is None else seen
    if id(value) in seen or len(seen) > MAX_PARTS:
        return
    seen.add(id(value))
    if isinstance(value, (list, tuple)):
        for item in value:
            spoil(item, cause, seen)
        if isinstance(value, list):
            value[:] = [Unknown(cause)]
    elif isinstance(value, dict):
        for item in value.values():
            spoil(item, cause, seen)
        value.clear()
        value[operations.SPOILT] = Unknown(cause)
    elif isinstance(value, set):
        value.clear()
        value.add(Unknown(cause))


MAX_PARTS = 1_000_000
"""Parts of a value that are spoilt one by one."""


def _changeable(value: Any, seen: set[int] | None = None) -> bool:
    """Tell whether code that gets hold of a value could change it."""
    seen = set() if seen is None else seen
    if isinstance(value, tuple):
        if id(value) in seen:
            return False
        seen.add(id(value))
        return any(_changeable(item, seen) for item in value)
    return isinstance(value, (list, dict, set))


def touched(node: ast.AST, frame: Frame) -> dict[str, dict[str, Binding]]:
    """Return the names that executing a node might bind or change, each with its scope."""
    seen: dict[str, dict[str, Binding]] = {}
    pending: list[ast.AST] = [node]
    visited: set[int] = set()
    while pending:
        for part in _walk(pending.pop()):
            for name in _names_in(part):
                if not (isinstance(part, ast.Name) and isinstance(part.ctx, ast.Load)):
                    seen.setdefault(name, frame.names)
                    continue
                names = _home(name, frame)
                value = names[name].value if names is not None else None
                if names is not None and _changeable(value):
                    seen.setdefault(name, names)
                elif isinstance(value, FunctionInfo) and id(value) not in visited:
                    visited.add(id(value))
                    pending.append(_GlobalsOf(value.node))
    return seen


def _home(name: str, frame: Frame) -> dict[str, Binding] | None:
    """Return the scope that a name is found in."""
    scope: Frame | None = frame
    while scope is not None:
        if name in scope.names:
            return scope.names
        scope = scope.outer
    return None


class _GlobalsOf(ast.AST):
    """Stands for what a function may change outside of itself."""

    def __init__(self, node: ast.AST) -> None:
        """Hold the function."""
        super().__init__()
        self.node = node


def _walk(node: ast.AST) -> Iterator[ast.AST]:
    """Yield the nodes that run when a node is executed; bodies of definitions do not."""
    if isinstance(node, _GlobalsOf):
        for part in ast.walk(node.node):
            if isinstance(part, ast.Global) or (
                isinstance(part, ast.Name) and isinstance(part.ctx, ast.Load)
            ):
                yield part
        return
    stack = [node]
    while stack:
        part = stack.pop()
        yield part
        if isinstance(part, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)):
            stack += part.decorator_list if not isinstance(part, ast.Lambda) else []
        else:
            stack += reversed(list(ast.iter_child_nodes(part)))


def _names_in(node: ast.AST) -> list[str]:
    """Return the names that one node mentions."""
    if isinstance(node, ast.Name):
        return [node.id]
    if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
        return [node.name]
    if isinstance(node, ast.Global):
        return list(node.names)
    if isinstance(node, (ast.Import, ast.ImportFrom)):
        return [a.asname or a.name.partition(".")[0] for a in node.names if a.name != "*"]
    if isinstance(node, (ast.ExceptHandler, ast.MatchAs, ast.MatchStar)):
        return [node.name] if node.name else []
    if isinstance(node, ast.MatchMapping):
        return [node.rest] if node.rest else []
    return []
