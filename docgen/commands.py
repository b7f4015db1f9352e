"""Commands of console scripts, read from their click decorators."""

from __future__ import annotations

import ast
import inspect
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from docgen.catalog import Command, Flag, Json
from docgen.evaluate import Evaluator, plain
from docgen.evaluation.classes import derives_from
from docgen.evaluation.notes import Notes
from docgen.evaluation.objects import (
    Binding,
    ClassInfo,
    External,
    FunctionInfo,
    ModuleRef,
    NotStatic,
)
from docgen.evaluation.tree import Module

_PARAMETERS = (
    "click.option",
    "click.argument",
    "click.version_option",
    "click.password_option",
    "click.confirmation_option",
)

_Given: TypeAlias = dict[str, tuple[ast.expr, Module]]
"""Expression of each parameter of a function, and the module that it stands in."""

MAX_IMPORTS = 20
"""Imports that are followed from a shared option to its declaration."""


@dataclass
class _Found:
    """A function that click makes a command of."""

    function: FunctionInfo
    name: str
    flags: tuple[Flag, ...]
    group: bool
    help: str
    hidden: bool = False
    children: dict[str, _Found] = field(default_factory=dict)


def read_commands(
    evaluator: Evaluator, scripts: dict[str, str], packages: tuple[str, ...], notes: Notes
) -> list[Command]:
    """Return the commands of console scripts, each group followed by its commands by name.

    Args:
        evaluator: Evaluator over the tree; its rules should be free.
        scripts: Entry point (`package.module:function`) by name of the script.
        packages: Packages whose scripts are read; others are passed over.
        notes: Gets what is not static.
    """
    commands: list[Command] = []
    for script, entry in scripts.items():
        module_name, _, function = entry.partition(":")
        if not any(module_name == p or module_name.startswith(p + ".") for p in packages):
            continue
        module = evaluator.module(module_name)
        bound = module.names.get(function) if module is not None else None
        if module is None or bound is None:
            continue
        reader = _Reader(evaluator, notes)
        reader.read(module_name)
        try:
            main = evaluator.follow(bound)
        except NotStatic as cause:
            notes.unresolved(cause)
            continue
        root = reader.found.get(id(main))
        if root is not None:
            commands += _listed(root, script)
    return commands


def _listed(found: _Found, name: str) -> Iterator[Command]:
    """Yield a command and, for a group, its commands by name."""
    yield Command(name=name, help=found.help, source=found.function.source, flags=found.flags)
    for child_name, child in sorted(found.children.items()):
        if not child.hidden:
            yield from _listed(child, f"{name} {child_name}")


class _Reader:
    """Finds the commands in the modules of one script."""

    def __init__(self, evaluator: Evaluator, notes: Notes) -> None:
        self.evaluator = evaluator
        self.notes = notes
        self.found: dict[int, _Found] = {}

    def read(self, name: str) -> None:
        """Find the commands of a module and of everything below it."""
        modules = [m for m in self.evaluator.tree.walk(name) if self.evaluator.module(m.name)]
        parents: list[tuple[FunctionInfo, _Found, str]] = []
        for module in modules:
            for node in module.node.body if module.node is not None else ():
                bound = module.names.get(node.name) if isinstance(node, ast.FunctionDef) else None
                if bound is not None and isinstance(bound.value, FunctionInfo):
                    parents += self._function(bound.value)
        for parent, child, child_name in parents:
            group = self.found.get(id(parent))
            if group is not None:
                group.children[child_name] = child
        for module in modules:
            self._added(module)

    def _function(self, function: FunctionInfo) -> Iterator[tuple[FunctionInfo, _Found, str]]:
        """Note a function that is a command; yield it with its group, where it has one."""
        made: ast.Call | ast.expr | None = None
        parent: FunctionInfo | None = None
        group = False
        flags: list[Flag] = []
        for decorator in function.node.decorator_list:
            call = decorator.func if isinstance(decorator, ast.Call) else decorator
            owner = self._group_of(call, function.module)
            known = self.evaluator.try_evaluate(call, function.module)
            name = known.name if isinstance(known, External) else ""
            if owner is not None and isinstance(call, ast.Attribute):
                made, parent, group = decorator, owner, call.attr == "group"
            elif name in ("click.command", "click.group"):
                made, group = decorator, name == "click.group"
            else:
                flags += self._flags(decorator, function.module)
        if made is None:
            return
        found = self._command(function, made, tuple(flags), group=group)
        self.found[id(function)] = found
        if parent is not None:
            yield parent, found, found.name

    def _group_of(self, call: ast.expr, module: Module) -> FunctionInfo | None:
        """Return the group of `group.command` or `group.group`."""
        if isinstance(call, ast.Attribute) and call.attr in ("command", "group"):
            owner = self.evaluator.try_evaluate(call.value, module)
            if isinstance(owner, FunctionInfo):
                return owner
        return None

    def _command(
        self, function: FunctionInfo, made: ast.expr, flags: tuple[Flag, ...], *, group: bool
    ) -> _Found:
        """Return the command that a decorator makes of a function."""
        arguments = made.args if isinstance(made, ast.Call) else []
        keywords = self._keywords(made, function.module)
        name = self._value(arguments[0], function.module) if arguments else keywords.get("name")
        if not isinstance(name, str):
            name = _default_name(function.node.name, group=group)
        text = keywords.get("help") or ast.get_docstring(function.node) or ""
        hidden = bool(keywords.get("hidden"))
        return _Found(function, name, flags, group, as_markdown(str(text)), hidden)

    def _flags(self, decorator: ast.expr, module: Module) -> Iterator[Flag]:
        """Yield what a decorator adds to a command; constants and functions are followed."""
        if isinstance(decorator, ast.Call):
            known = self.evaluator.try_evaluate(decorator.func, module)
            if isinstance(known, External) and known.name in _PARAMETERS:
                yield self._flag(known.name, decorator, module)
            elif isinstance(known, FunctionInfo):
                yield from self._in_function(known, _arguments(known, decorator, module))
            return
        known = self.evaluator.try_evaluate(decorator, module)
        if isinstance(known, FunctionInfo):
            yield from self._in_function(known)
            return
        bound = self._binding(decorator, module)
        if bound is not None and isinstance(bound.node, ast.Call):
            yield from self._flags(bound.node, bound.module or module)

    def _binding(self, node: ast.expr, module: Module | None) -> Binding | None:
        """Return the assignment that a name or a module's attribute comes from."""
        name = getattr(node, "id", "")
        if isinstance(node, ast.Attribute) and module is not None:
            owner = self.evaluator.try_evaluate(node.value, module)
            module = owner.module if isinstance(owner, ModuleRef) else None
            name = node.attr
        for _ in range(MAX_IMPORTS):
            bound = module.names.get(name) if module is not None else None
            if bound is None or bound.node is not None:
                return bound
            dotted = bound.owner.name
            module = self.evaluator.module(dotted.rpartition(".")[0])
            name = dotted.rpartition(".")[2]
        return None

    def _in_function(self, function: FunctionInfo, given: _Given | None = None) -> Iterator[Flag]:
        """Yield the options that a decorator of the tree's own applies, in source order.

        Args:
            function: The decorator, or the function that returns it.
            given: What the latter was called with, by parameter.
        """
        calls = [n for n in ast.walk(function.node) if isinstance(n, ast.Call)]
        for call in sorted(calls, key=lambda c: (c.lineno, c.col_offset)):
            known = self.evaluator.try_evaluate(call.func, function.module)
            if isinstance(known, External) and known.name in _PARAMETERS:
                yield self._flag(known.name, call, function.module, given)

    def _flag(self, kind: str, call: ast.Call, module: Module, given: _Given | None = None) -> Flag:
        """Return the option or argument that a decorator declares."""
        words = [self._value(argument, module) for argument in call.args]
        keywords = self._keywords(call, module, given)
        source = module.source(call)
        if kind == "click.version_option":
            names = tuple(str(w) for w in words if str(w).startswith("-")) or ("--version",)
            text = keywords.get("help") or "Show the version and exit."
            return Flag(names=names, help=str(text), source=source, is_flag=True)
        argument = kind == "click.argument"
        names = tuple(
            part.strip()
            for word in words
            if isinstance(word, str) and (argument or word.startswith("-"))
            for part in ([word] if argument else word.split("/"))
        )
        raw = {k.arg: k.value for k in call.keywords if k.arg}
        return Flag(
            names=names,
            help=inspect.cleandoc(str(keywords.get("help") or "")),
            source=source,
            type=ast.unparse(raw["type"]) if "type" in raw else "",
            default=keywords.get("default"),
            required=_required(keywords, argument=argument),
            is_flag=bool(keywords.get("is_flag")) or any("/" in str(w) for w in words),
            multiple=bool(keywords.get("multiple")),
            choices=self._choices(raw.get("type"), module),
            argument=argument,
        )

    def _keywords(
        self, call: ast.expr, module: Module, given: _Given | None = None
    ) -> dict[str, Json]:
        """Return the static keywords of a call as JSON; types and callbacks are left out."""
        if not isinstance(call, ast.Call):
            return {}
        skipped = ("type", "callback", "shell_complete", "cls", "context_settings")
        found = {}
        for keyword in call.keywords:
            if keyword.arg and keyword.arg not in skipped:
                node, where = keyword.value, module
                if isinstance(node, ast.Name) and given is not None:
                    node, where = given.get(node.id, (node, where))
                found[keyword.arg] = self._value(node, where)
        return found

    def _value(self, node: ast.expr, module: Module) -> Json:
        """Return an expression as JSON; None, with a note, where it is not static."""
        try:
            return plain(self.evaluator.evaluate(node, module))
        except NotStatic as cause:
            self.notes.unresolved(cause, "warning")
            return None

    def _choices(self, node: ast.expr | None, module: Module) -> tuple[str, ...]:
        """Return the words of a `click.Choice` or of a class derived from it."""
        if not isinstance(node, ast.Call) or not node.args:
            return ()
        kind = self.evaluator.try_evaluate(node.func, module)
        if isinstance(kind, External):
            choice = kind.name == "click.Choice"
        else:
            choice = isinstance(kind, ClassInfo) and derives_from(kind, "click.Choice")
        if not choice:
            return ()
        try:
            value = self.evaluator.evaluate(node.args[0], module)
        except NotStatic as cause:
            self.notes.unresolved(cause, "warning")
            return ()
        if isinstance(value, ClassInfo):
            from docgen.evaluation.classes import enum_members

            return tuple(enum_members(value))
        words = plain(value)
        return tuple(str(word) for word in words) if isinstance(words, list) else ()

    def _added(self, module: Module) -> None:
        """Carry out `group.add_command(command)`, in loops over constant tuples too."""
        for node in module.node.body if module.node is not None else ():
            if isinstance(node, ast.Expr):
                self._add(node.value, module, {})
            elif isinstance(node, ast.For) and isinstance(node.target, ast.Name):
                values = self.evaluator.try_evaluate(node.iter, module)
                for value in values if isinstance(values, (tuple, list)) else ():
                    for inner in node.body:
                        if isinstance(inner, ast.Expr):
                            self._add(inner.value, module, {node.target.id: value})

    def _add(self, call: ast.expr, module: Module, local: dict[str, Any]) -> None:
        """Carry out one `group.add_command(command, name)`."""
        if not (isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute) and call.args):
            return
        if call.func.attr != "add_command":
            return
        group = self.found.get(id(self.evaluator.try_evaluate(call.func.value, module)))
        first = call.args[0]
        if isinstance(first, ast.Name) and first.id in local:
            function = local[first.id]
        else:
            function = self.evaluator.try_evaluate(first, module)
        child = self.found.get(id(function))
        names = [*call.args[1:], *(k.value for k in call.keywords if k.arg == "name")]
        if group is not None and child is not None:
            name = self._value(names[0], module) if names else child.name
            group.children[str(name)] = child


def _arguments(function: FunctionInfo, call: ast.Call, module: Module) -> _Given:
    """Return what a call gives each parameter of a function: its own values, or the defaults."""
    declared = function.node.args
    positional = [*declared.posonlyargs, *declared.args]
    given: _Given = {}
    if declared.defaults:
        last = positional[-len(declared.defaults) :]
        for parameter, node in zip(last, declared.defaults, strict=True):
            given[parameter.arg] = (node, function.module)
    for parameter, default in zip(declared.kwonlyargs, declared.kw_defaults, strict=True):
        if default is not None:
            given[parameter.arg] = (default, function.module)
    for parameter, node in zip(positional, call.args, strict=False):
        given[parameter.arg] = (node, module)
    for keyword in call.keywords:
        if keyword.arg:
            given[keyword.arg] = (keyword.value, module)
    return given


def _default_name(function: str, *, group: bool) -> str:
    """Return the name that click makes of a function's."""
    name = function.lower().replace("_", "-")
    head, _, tail = name.rpartition("-")
    suffixes = ("command", "cmd", "group", "grp")
    del group
    return head if head and tail in suffixes else name


def _required(keywords: dict[str, Json], *, argument: bool) -> bool:
    """Return whether click asks for the parameter; arguments are required by default."""
    if "required" in keywords:
        return bool(keywords["required"])
    return argument and "default" not in keywords and keywords.get("nargs") != -1


def as_markdown(text: str) -> str:
    """Return the help of a command as Markdown.

    A paragraph under click's mark for kept lines becomes a block of code, its
    first line the sentence above it where that ends with a colon; what follows a
    form feed is hidden, as click hides it.
    """
    text = inspect.cleandoc(text.split("\f", maxsplit=1)[0])
    paragraphs = []
    for paragraph in text.split("\n\n"):
        lines = paragraph.split("\n")
        if lines[0].strip() != "\b":
            paragraphs.append(paragraph)
            continue
        lines = lines[1:]
        if lines and lines[0].endswith(":") and not lines[0].startswith(" "):
            paragraphs.append(lines[0])
            lines = lines[1:]
        if lines:
            body = inspect.cleandoc("\n" + "\n".join(lines))
            paragraphs.append(f"```text\n{body}\n```")
    return "\n\n".join(paragraphs).strip()
