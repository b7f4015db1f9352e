"""Options of Python programs, read from their `add_argument` calls without running them."""

from __future__ import annotations

import ast
import os
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from docgen.catalog import Command, FieldSpec, Flag, Json, MakeTarget, Source

MAX_BYTES = 1_000_000
"""Longest program that is read."""

PYTHON = "python3 -m "
"""How a command of the Catalog names a Python program."""

CLOSED = "command line"
"""Limit of a declared field that its tree keeps from being an option."""

_KEEPS_OUT = ("no_argparse", "disallow_argparse")
"""Words of a declaration that keep a field from being an option."""

_FLAG_ACTIONS = ("store_true", "store_false", "store_const", "count", "help", "version")
"""Actions of argparse whose option takes no value."""


def tool_files(root: Path) -> list[Path]:
    """Return the files that decide which commands a tree has, beside its Python packages."""
    from docgen.claims.makefiles import makefiles

    found = makefiles(root)
    for folder in ("scripts",):
        for here, folders, names in os.walk(root / folder):
            folders.sort()
            found += [Path(here, n) for n in sorted(names) if n.endswith((".py", ".mk"))]
    return found


def read_programs(root: Path, makes: Iterable[MakeTarget]) -> tuple[Command, ...]:
    """Return the programs that the recipes of a tree start, each with its own options.

    Programs without a file in the tree, or without one option that stands in it, are
    left out.
    """
    names = dict.fromkeys(run.program for target in makes for run in target.runs)
    commands = []
    for name in names:
        command = _program(root, name)
        if command is not None and command.flags:
            commands.append(command)
    return tuple(commands)


def close_fields(root: Path, fields: tuple[FieldSpec, ...]) -> tuple[FieldSpec, ...]:
    """Return fields, those marked that their own declaration keeps from being an option."""
    closed: set[tuple[str, str]] = set()
    for place in dict.fromkeys(spec.source.path for spec in fields):
        tree = _parsed(root / place)
        for node in ast.walk(tree) if tree is not None else ():
            if isinstance(node, ast.Call) and any(map(_keeps_out, node.keywords)):
                words = (a.value for a in node.args[:1] if isinstance(a, ast.Constant))
                closed.update((place, str(word)) for word in words)
    return tuple(
        msgspec.structs.replace(s, limits={**s.limits, CLOSED: ("never",)})
        if (s.source.path, s.name) in closed
        else s
        for s in fields
    )


def _keeps_out(keyword: ast.keyword) -> bool:
    """Tell whether a word of a declaration keeps its field from being an option."""
    value = keyword.value
    return keyword.arg in _KEEPS_OUT and isinstance(value, ast.Constant) and value.value is True


def _parsed(path: Path) -> ast.Module | None:
    """Return the syntax tree of a file; None where it cannot be read."""
    try:
        if path.stat().st_size > MAX_BYTES:
            return None
        return ast.parse(path.read_bytes())
    except (OSError, SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def program_file(root: Path, program: str) -> Path | None:
    """Return the file of a program's dotted name; None where the tree has none."""
    if not all(part.isidentifier() for part in program.split(".")):
        return None
    base = root.joinpath(*program.split("."))
    for path in (base.with_name(base.name + ".py"), base / "__main__.py"):
        if path.is_file() and path.resolve().is_relative_to(root.resolve()):
            return path
    return None


def _program(root: Path, program: str) -> Command | None:
    """Return a program with its options; None without a file that can be read."""
    path = program_file(root, program)
    if path is None:
        return None
    place = path.relative_to(root).as_posix()
    return read_program(path, place, PYTHON + program)


def read_program(path: Path, place: str, name: str) -> Command | None:
    """Return the options that a file declares; None where it cannot be read."""
    tree = _parsed(path)
    if tree is None:
        return None
    doc = (ast.get_docstring(tree) or "").partition("\n\n")[0]
    flags: dict[tuple[str, ...], Flag] = {}
    for flag in _Reader(tree, place).flags():
        flags.setdefault(flag.names, flag)
    return Command(
        name=name, help=doc, source=Source(path=place, line=1), flags=tuple(flags.values())
    )


@dataclass
class _Reader:
    """Reads the options of one module."""

    tree: ast.Module
    """Its syntax tree."""
    place: str
    """Its path relative to the root."""

    def flags(self) -> Iterator[Flag]:
        """Yield the options in source order."""
        calls = [
            node
            for node in ast.walk(self.tree)
            if isinstance(node, ast.Call)
            and isinstance(node.func, ast.Attribute)
            and node.func.attr == "add_argument"
        ]
        for call in sorted(calls, key=lambda c: (c.lineno, c.col_offset)):
            table = self._table(call)
            if table is not None:
                yield from self._from_table(call, table)
                continue
            words = [self._value(a) for a in call.args]
            names = tuple(w for w in words if isinstance(w, str) and w)
            if names:
                options = {k.arg: k.value for k in call.keywords if k.arg}
                yield self._flag(names, options, call)

    def _table(self, call: ast.Call) -> ast.Dict | None:
        """Return the dictionary that `**TABLE[name]` takes an option's words from."""
        for keyword in call.keywords:
            inner = keyword.value
            if keyword.arg is None and isinstance(inner, ast.Subscript):
                found = self._constant(inner.value)
                return found if isinstance(found, ast.Dict) else None
        return None

    def _from_table(self, call: ast.Call, table: ast.Dict) -> Iterator[Flag]:
        """Yield an option for every entry of a table, as `add_argument("--" + name)` does."""
        dashes = "--" if call.args and "--" in ast.unparse(call.args[0]) else ""
        for key, value in zip(table.keys, table.values, strict=True):
            named = isinstance(key, ast.Constant) and isinstance(key.value, str)
            if named and isinstance(key, ast.Constant) and isinstance(value, ast.Dict):
                options = {
                    k.value: v
                    for k, v in zip(value.keys, value.values, strict=True)
                    if isinstance(k, ast.Constant) and isinstance(k.value, str)
                }
                yield self._flag((f"{dashes}{key.value!s}",), options, key)

    def _flag(self, names: tuple[str, ...], options: dict[str, ast.expr], at: ast.expr) -> Flag:
        """Return an option as the Catalog has it."""
        argument = not names[0].startswith("-")
        action = self._value(options.get("action"))
        choices = self._value(options.get("choices"))
        help_text = self._value(options.get("help"))
        kind = ast.unparse(options["type"]) if "type" in options else ""
        return Flag(
            names=names,
            help=" ".join(help_text.split()) if isinstance(help_text, str) else "",
            source=Source(path=self.place, line=at.lineno, column=at.col_offset),
            type="" if kind == "str" else kind,
            default=_json(self._value(options.get("default"))),
            required=self._value(options.get("required")) is True or argument,
            is_flag=action in _FLAG_ACTIONS or "BooleanOptionalAction" in str(action),
            multiple=action in ("append", "extend"),
            choices=tuple(str(c) for c in choices) if isinstance(choices, (list, tuple)) else (),
            argument=argument,
        )

    def _value(self, node: ast.expr | None) -> Any:
        """Return a literal, or a constant of the module; None where it is not static."""
        if node is None:
            return None
        try:
            return ast.literal_eval(node)
        except (ValueError, TypeError, SyntaxError, RecursionError, MemoryError):
            pass
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
            left, right = self._value(node.left), self._value(node.right)
            same = type(left) is type(right) and isinstance(left, (str, list, tuple))
            return left + right if same else None
        if isinstance(node, ast.Attribute):
            return node.attr if node.attr == "BooleanOptionalAction" else None
        found = self._constant(node)
        return self._value(found) if found is not None and found is not node else None

    def _constant(self, node: ast.expr) -> ast.expr | None:
        """Return the only expression that a module-level name is bound to."""
        if not isinstance(node, ast.Name):
            return None
        bound: list[ast.expr] = []
        for statement in self.tree.body:
            targets: list[ast.expr] = []
            if isinstance(statement, ast.Assign):
                targets = statement.targets
            elif isinstance(statement, ast.AnnAssign) and statement.value is not None:
                targets = [statement.target]
            for target in targets:
                named = isinstance(target, ast.Name) and target.id == node.id
                if named and isinstance(statement, (ast.Assign, ast.AnnAssign)) and statement.value:
                    bound.append(statement.value)
        one = bound[0] if len(bound) == 1 else None
        refers = one is not None and any(
            isinstance(n, ast.Name) and n.id == node.id for n in ast.walk(one)
        )
        return None if refers else one


def _json(value: Any) -> Json:
    """Return a literal as JSON; what has no form there as text."""
    if isinstance(value, (tuple, list)):
        return [_json(item) for item in value]
    plain = value is None or isinstance(value, (bool, int, float, str))
    return value if plain else re.sub(r"\s+", " ", repr(value))
