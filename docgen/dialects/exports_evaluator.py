"""Evaluator of the EXPORTS dialect: tables that remember who set what, fields, plain objects.

Beyond the common subset it carries out what these configs do to build their tables:
item assignments, updates, merges, deletions, copies, loops over known sequences,
and objects of classes whose constructor only assigns. What a config writes to the
environment is noted, never done.
"""

from __future__ import annotations

import ast
from typing import Any

from docgen.catalog import Source
from docgen.dialects import exports_expressions, exports_statements
from docgen.dialects.exports_objects import build
from docgen.dialects.exports_values import FieldRef, Point
from docgen.evaluate import FREE, Evaluator, Frame
from docgen.evaluation import expressions
from docgen.evaluation.mappings import Table
from docgen.evaluation.objects import (
    Binding,
    ClassInfo,
    External,
    Import,
    Instance,
    NotStatic,
    Owner,
    Setting,
)
from docgen.evaluation.tree import Module, Tree

MAX_STEPS = 500_000
"""Expressions that one file may evaluate and items that it may make, loops included."""

_MAKERS = (ast.BinOp, ast.JoinedStr, ast.Call, ast.ListComp, ast.DictComp, ast.Subscript)


class ExportsEvaluator(Evaluator):
    """Evaluates the configs of one tree."""

    def __init__(self, tree: Tree, configs: str) -> None:
        """Evaluate over a tree whose configs lie in the package of that name."""
        super().__init__(tree, FREE)
        self.configs = configs
        self.environment: dict[str, dict[str, tuple[Setting, ...]]] = {}
        """What each config file writes to the environment, by module and variable."""
        self._steps = 0
        self.expressions |= exports_expressions.HANDLERS
        self.statements |= exports_statements.HANDLERS

    # Modules

    def execute(self, module: Module) -> None:
        """Execute a module; each file has its own limit of steps."""
        outer, self._steps = self._steps, 0
        super().execute(module)
        self._steps = outer

    def load(self, found: Import, binding: Binding) -> None:
        """Execute what a config imports; other modules load what they import on use.

        Why: the harness's own modules import far more than configs ever look at.
        """
        if self._is_config(self._running[-1] if self._running else ""):
            super().load(found, binding)

    def _is_config(self, name: str) -> bool:
        """Tell whether a module is a config file."""
        return name.startswith(self.configs + ".")

    def absolute(self, module: Module, node: ast.ImportFrom, source: Source) -> str:
        """Return the name of the module in a `from ... import`.

        A config's own system folder is on the harness's import path, so that a config
        finds the files beside it by their path below that folder.
        """
        name = super().absolute(module, node, source)
        parts = module.name.split(".")
        if not node.level and self._is_config(module.name) and not self.tree.owns(name):
            own = ".".join([*parts[:2], name])
            if self.tree.module(own) is not None:
                return own
        return name

    def evaluate(self, node: ast.expr, scope: Frame | Module) -> Any:
        """Return the value of an expression, while the file's limit of steps lasts."""
        self.step(node, scope)
        value = super().evaluate(node, scope)
        if isinstance(value, (str, bytes, list, tuple, dict)) and isinstance(node, _MAKERS):
            self.step(node, scope, len(value))
        return value

    def step(self, node: ast.AST, scope: Frame | Module, count: int = 1) -> None:
        """Count steps; raise NotStatic where the limit of the file is reached."""
        self._steps += count
        if self._steps > MAX_STEPS:
            where = self.frame(scope).module.source(node)
            raise NotStatic(where, "a computation too long to follow", do="write the values")

    # Statements

    def assign(self, target: ast.expr, value: Any, node: ast.expr | None, frame: Frame) -> None:
        """Bind a value; an item of a table keeps its history."""
        if not isinstance(target, ast.Subscript):
            super().assign(target, value, node, frame)
            return
        holder = self.evaluate(target.value, frame)
        if isinstance(holder, External) and holder.name == exports_statements.ENVIRONMENT:
            self.note_variable(self.evaluate(target.slice, frame), value, node or target, frame)
            return
        owner = self.owner_of(target, frame)
        with_history = isinstance(holder, Table)
        change = self.begin_change(target.value, frame)
        if with_history:
            key = expressions.hashable(self.evaluate(target.slice, frame), target, frame)
            holder.put(key, Setting(value, node or target, frame.module, owner))
        else:
            super().assign(target, value, node, frame)
        self.end_change(change, exports_statements.span(target, node), frame, owner)

    def owner_of(self, node: ast.expr, frame: Frame) -> Owner:
        """Return what a statement on a part of a value sets: the constant that holds it."""
        root = _root(node)
        if frame.depth or root is None:
            return frame.owner
        known = frame.names.get(root)
        doc = known.owner.doc if known is not None else ""
        return Owner(f"{frame.module.name}.{root}", doc)

    def begin_change(self, holder: ast.expr, frame: Frame) -> tuple[Table, Any] | None:
        """Return the table and field that a part belongs to; its history keeps the old value."""
        node = holder
        while isinstance(node, ast.Subscript):
            table, key = (self.try_evaluate(part, frame) for part in (node.value, node.slice))
            if isinstance(table, Table) and isinstance(key, FieldRef) and key in table:
                table.snapshot(key)
                return table, key
            node = node.value
        return None

    def end_change(
        self,
        change: tuple[Table, Any] | None,
        node: ast.expr,
        frame: Frame,
        owner: Owner,
    ) -> None:
        """Add to the history of a field that a part of its value was changed."""
        if change is not None:
            table, key = change
            table.put(key, Setting(table[key], node, frame.module, owner))

    def note_variable(self, name: Any, value: Any, node: ast.expr, frame: Frame) -> None:
        """Note that a config sets a variable of the environment."""
        if not isinstance(name, str):
            raise NotStatic(frame.module.source(node), "a variable whose name is no text")
        setting = Setting(
            value,
            node,
            frame.module,
            Owner(f"{frame.module.name}.{exports_statements.ENVIRONMENT}"),
        )
        for module in self._running:
            if self._is_config(module):
                known = self.environment.setdefault(module, {})
                known[name] = (*known.get(name, ()), setting)

    def instantiate(self, cls: ClassInfo, call: ast.Call, module: Module, at: ast.expr) -> Instance:
        """Return the object that a call of a class of the tree makes."""
        made = build(self, cls, call, self.frame(module), module.source(at))
        return Point(made.cls, made.fields, module.source(at), made.owner, made.findings)


def _root(node: ast.expr) -> str | None:
    """Return the name at the start of `name[...][...]`."""
    while isinstance(node, (ast.Subscript, ast.Attribute, ast.Call)):
        node = node.func if isinstance(node, ast.Call) else node.value
    return node.id if isinstance(node, ast.Name) else None
