"""Files that modules open as soon as they are imported, and that the tree does not have.

Such a line stops the harness before it registers anything, while everything else can be
read all the same. Only statements that certainly run are looked at: those at the top level
of a module, outside of conditions and `try`.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import PurePath
from typing import TYPE_CHECKING, Any

from docgen.catalog import Diagnostic
from docgen.evaluation.objects import External

if TYPE_CHECKING:
    from docgen.evaluate import Evaluator
    from docgen.evaluation.tree import Module

CODE = "missing-file"
"""Code of the diagnostics."""

_ALWAYS_RUN = (ast.With, ast.Assign, ast.AnnAssign, ast.AugAssign, ast.Expr)
_LATER = (ast.Lambda, ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Try)
_WRITES = frozenset("wxa+")
_READERS = frozenset({"open", "read_text", "read_bytes"})
_KEEPS_NAME = frozenset({"absolute", "resolve"})


def find_missing(evaluator: Evaluator) -> Iterator[Diagnostic]:
    """Yield a diagnostic for every missing file that an import of a read module would open.

    Relative names start at the root of the tree, where a harness is started.
    """
    for module in list(evaluator.tree.modules.values()):
        body = module.node.body if module is not None and module.node is not None else []
        for statement in body:
            if module is not None and isinstance(statement, _ALWAYS_RUN):
                yield from _of_statement(evaluator, module, statement)


def _of_statement(
    evaluator: Evaluator, module: Module, statement: ast.stmt
) -> Iterator[Diagnostic]:
    """Yield a diagnostic for every missing file that a statement opens."""
    for call in _calls(statement):
        named = _file_of(evaluator, module, call)
        if named is None or _is_there(evaluator, named):
            continue
        message = (
            f"want the file {named}, which the harness reads when it starts, got none; "
            f"add {named} to the tree"
        )
        where = module.source(call)
        yield Diagnostic(code=CODE, severity="warning", message=message, source=where)


def _calls(node: ast.AST) -> Iterator[ast.Call]:
    """Yield the calls in a statement that run with it."""
    for part in ast.iter_child_nodes(node):
        if not isinstance(part, _LATER):
            if isinstance(part, ast.Call):
                yield part
            yield from _calls(part)


def _file_of(evaluator: Evaluator, module: Module, call: ast.Call) -> str | None:
    """Return the relative file that a call reads; None for anything else."""
    function = call.func
    if isinstance(function, ast.Name) and function.id == "open" and call.args:
        found = evaluator.try_evaluate(function, module)
        if found != External("builtins.open") or _writes(call, 1):
            return None
        return _relative(_evaluate(evaluator, module, call.args[0]), text=True)
    if isinstance(function, ast.Attribute) and function.attr in _READERS:
        if function.attr == "open" and _writes(call, 0):
            return None
        return _relative(_evaluate(evaluator, module, function.value), text=False)
    return None


def _evaluate(evaluator: Evaluator, module: Module, node: ast.expr) -> Any:
    """Return what names a file, without calls that only make the name absolute."""
    while (
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr in _KEEPS_NAME
        and not node.args
    ):
        node = node.func.value
    return evaluator.try_evaluate(node, module)


def _writes(call: ast.Call, position: int) -> bool:
    """Tell whether a call opens a file to write it, or in a way that is not plain to see."""
    given: list[ast.expr] = [k.value for k in call.keywords if k.arg in {"mode", None}]
    given += call.args[position : position + 1]
    texts = [g.value if isinstance(g, ast.Constant) else None for g in given]
    return any(not isinstance(text, str) or _WRITES & set(text) for text in texts)


def _relative(value: Any, *, text: bool) -> str | None:
    """Return a path below the root; None for any other value."""
    if not isinstance(value, (PurePath, str) if text else PurePath):
        return None
    path = PurePath(value)
    inside = path.parts and not path.is_absolute() and ".." not in path.parts
    return path.as_posix() if inside else None


def _is_there(evaluator: Evaluator, named: str) -> bool:
    """Tell whether a tree has a file; one that cannot be looked for counts as there."""
    try:
        return (evaluator.tree.root / named).exists()
    except (OSError, ValueError):
        return True
