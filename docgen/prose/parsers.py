"""Command-line parsers whose options do not all stand in the program itself."""

from __future__ import annotations

import ast
from collections.abc import Iterator

_MAKES = frozenset({"ArgumentParser", "add_argument_group", "add_mutually_exclusive_group",
                    "add_parser", "add_subparsers"})  # fmt: skip
"""Calls that give a parser, or a group of one, whose options the program adds itself."""

_COMPUTED = (ast.JoinedStr, ast.Call, ast.BinOp)
"""Expressions that give the name of an option when the program runs."""

_READS = frozenset({"parse_args", "parse_known_args", "add_argument"})
"""Methods of a parser."""


def is_open(text: str) -> bool:
    """Tell whether a program may take options that no `add_argument` of it declares.

    So it is where another module makes or fills the parser, where options are named by
    a value that is computed, and where words that are left over go to somebody else.

    Args:
        text: Source of the program.
    """
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return True
    own = {n.name for n in ast.walk(tree) if isinstance(n, (ast.FunctionDef, ast.ClassDef))}
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call)]
    parsers = _parsers(calls)
    return (
        any(_is_foreign(node, parsers, own) for node in ast.walk(tree))
        or any(_is_filled(call, parsers, own) for call in calls)
        or _passes_on(tree)
    )


def _parsers(calls: list[ast.Call]) -> set[str]:
    """Return the names on which methods of a parser are called."""
    return {
        call.func.value.id
        for call in calls
        if isinstance(call.func, ast.Attribute)
        and call.func.attr in _READS
        and isinstance(call.func.value, ast.Name)
    }


def _called(node: ast.expr) -> str:
    """Return the last name of what is called."""
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.id if isinstance(node, ast.Name) else ""


def _text(node: ast.expr) -> str:
    """Return a literal text; empty for anything else."""
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else ""


def _is_foreign(node: ast.AST, parsers: set[str], own: set[str]) -> bool:
    """Tell whether a statement gets a parser from another module."""
    if not isinstance(node, (ast.Assign, ast.AnnAssign)) or not isinstance(node.value, ast.Call):
        return False
    targets = node.targets if isinstance(node, ast.Assign) else [node.target]
    named = any(isinstance(t, ast.Name) and t.id in parsers for t in targets)
    return named and _called(node.value.func) not in _MAKES | own


def _is_filled(call: ast.Call, parsers: set[str], own: set[str]) -> bool:
    """Tell whether a call adds options to a parser that cannot be read from here."""
    words = (*call.args, *(k.value for k in call.keywords))
    name = _called(call.func)
    if name == "ArgumentParser" and any(k.arg == "parents" for k in call.keywords):
        return True
    if name == "add_argument":
        rest = any(_called(w) == "REMAINDER" or _text(w) in ("...", "A...") for w in words)
        table = any(k.arg is None for k in call.keywords)  # `**TABLE[name]` is read
        return rest or (not table and any(isinstance(a, _COMPUTED) for a in call.args))
    given = any(isinstance(w, ast.Name) and w.id in parsers for w in words)
    return given and name not in own and name not in _MAKES


def _passes_on(tree: ast.Module) -> bool:
    """Tell whether words that the parser does not know are kept for somebody else."""
    return any(not name.startswith("_") and _uses(tree, name) > 1 for name in _left_over(tree))


def _left_over(tree: ast.Module) -> Iterator[str]:
    """Yield the names that take what `parse_known_args` leaves over."""
    for node in ast.walk(tree):
        if not isinstance(node, ast.Assign) or not isinstance(node.value, ast.Call):
            continue
        if _called(node.value.func) != "parse_known_args":
            continue
        for target in node.targets:
            if isinstance(target, ast.Tuple) and isinstance(target.elts[-1], ast.Name):
                yield target.elts[-1].id


def _uses(tree: ast.Module, name: str) -> int:
    """Return how often a name stands in a module."""
    return sum(isinstance(node, ast.Name) and node.id == name for node in ast.walk(tree))
