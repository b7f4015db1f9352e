"""Finds every problem of a configuration module that could not be imported, with its line.

Python stops at the first statement that raises. Whoever edits a config wants the
whole list, so the module's statements are executed one by one here; a statement
that fails only because an earlier one did is left out.
"""

from __future__ import annotations

import ast
import re
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any

from runtime.errors import ConfigError, Problem, suggest
from runtime.troubles.settings import CONFIG_FIELD, CONFIG_VALUE


def diagnose(path: Path, name: str) -> list[Problem]:
    """Return the problems of a module's file, in the order of its lines.

    Args:
        path: The module's source file.
        name: Its dotted name.
    """
    shown = shown_path(path, name)
    try:
        tree = ast.parse(path.read_text(encoding="utf-8"), filename=str(path))
    except SyntaxError as error:
        got = f"{error.msg}: {(error.text or '').strip()!r}"
        where = f"{shown}:{error.lineno}"
        return [Problem(where, "Python source", got, "mend the line", CONFIG_VALUE.code)]
    scope: dict[str, Any] = {"__name__": name, "__file__": str(path)}
    problems: list[Problem] = []
    failed: set[str] = set()
    for statement in tree.body:
        code = compile(ast.Module([statement], []), str(path), "exec")
        try:
            exec(code, scope)  # noqa: S102 - the module's own statements, as an import runs them
        except Exception as error:  # noqa: BLE001 - whatever a config raises becomes its problem
            behind = _imported_file(error, path)
            if behind is not None:
                problems += diagnose(*behind)
            elif not (isinstance(error, NameError) and error.name in failed):
                problems += _problems_of(error, statement, shown)
            failed |= _bound_names(statement)
    return problems


def shown_path(path: Path, name: str) -> str:
    """Return a module's path as messages print it, from the top package's folder on."""
    return "/".join(path.parts[-1 - name.count(".") :])


def line_of_item(module: ModuleType, constant: str, index: int) -> str:
    """Return `path:line` of an item of a module's tuple; only the path where it is not literal."""
    path = Path(str(module.__file__))
    shown = shown_path(path, module.__name__)
    try:
        tree = ast.parse(path.read_text(encoding="utf-8"))
    except (OSError, SyntaxError):
        return shown
    for statement in tree.body:
        if constant in _bound_names(statement) and isinstance(
            statement, (ast.Assign, ast.AnnAssign)
        ):
            items = getattr(statement.value, "elts", [])
            plain = not any(isinstance(i, ast.Starred) for i in items)
            if plain and index < len(items):
                return f"{shown}:{items[index].lineno}"
    return shown


def _problems_of(error: Exception, statement: ast.stmt, shown: str) -> list[Problem]:
    """Return the problems behind what a statement raised."""
    if isinstance(error, ConfigError):
        return [
            replace(p, where=f"{shown}:{_line_of_field(statement, p.where)}: {p.where}")
            for p in error.problems
        ]
    place = f"{shown}:{_line_of(error, statement, shown)}"
    misspelt = re.search(
        r"(\w+)\.__init__\(\) got an unexpected keyword argument '(\w+)'", str(error)
    )
    if misspelt:
        owner, word = misspelt.groups()
        place = f"{shown}:{_line_of_field(statement, word)}"
        mend = suggest(word, _fields_of(owner))
        where = f"{place}: {owner}.{word}"
        return [Problem(where, f"a field of {owner}", repr(word), mend, CONFIG_FIELD.code)]
    lacking = re.search(r"(\w+)\.__init__\(\) missing .* arguments?: (.+)", str(error))
    if lacking:
        owner, words = lacking.groups()
        where = f"{place}: {owner}"
        return [Problem(where, f"values for {words}", "none", "add them", CONFIG_VALUE.code)]
    got = f"{type(error).__name__}: {error}"
    want = "a statement that can be executed"
    return [Problem(place, want, got, "mend the line", CONFIG_VALUE.code)]


def _imported_file(error: Exception, path: Path) -> tuple[Path, str] | None:
    """Return the module beside this one whose import raised, file and name, or None."""
    trace, found = error.__traceback__, None
    while trace is not None:
        frame = trace.tb_frame
        file = Path(frame.f_code.co_filename)
        if frame.f_code.co_name == "<module>" and file != path and file.parent == path.parent:
            found = file, str(frame.f_globals["__name__"])
        trace = trace.tb_next
    return found


def _fields_of(owner: str) -> list[str]:
    """Return the field names of a config class."""
    from runtime.configs import schema, target, workload

    for module in (schema, target, workload):
        cls = getattr(module, owner, None)
        if cls is not None:
            return list(getattr(cls, "__dataclass_fields__", {}))
    return []


def _line_of(error: Exception, statement: ast.stmt, shown: str) -> int:
    """Return the line in the module where an error rose."""
    trace, line = error.__traceback__, statement.lineno
    while trace is not None:
        if trace.tb_frame.f_code.co_filename.replace("\\", "/").endswith(shown):
            line = trace.tb_lineno
        trace = trace.tb_next
    return line


def _line_of_field(statement: ast.stmt, where: str) -> int:
    """Return the line of the keyword that sets a field; the statement's own where none does."""
    field = where.rpartition(".")[2]
    for node in ast.walk(statement):
        if isinstance(node, ast.keyword) and node.arg == field:
            return node.lineno
    return statement.lineno


def _bound_names(statement: ast.stmt) -> set[str]:
    """Return the names that a statement binds at module level."""
    if isinstance(statement, (ast.Import, ast.ImportFrom)):
        return {(a.asname or a.name).partition(".")[0] for a in statement.names}
    if isinstance(statement, (ast.FunctionDef, ast.ClassDef)):
        return {statement.name}
    return {
        n.id
        for n in ast.walk(statement)
        if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)
    }
