"""The static evaluator: syntax trees of a source tree in, values with provenance out.

It executes module bodies symbolically and in order, follows imports within the
tree when a name is used, and carries out only what it can carry out exactly.
Everything else is Unknown with its place and cause: never a guess. Nothing of
the tree is imported or run. The parts are in `docgen.evaluation`.
"""

from __future__ import annotations

import ast
from pathlib import Path
from typing import Any

from docgen.catalog import Source
from docgen.evaluation import calls, expressions, statements
from docgen.evaluation.annotations import Annotation
from docgen.evaluation.modules import Modules
from docgen.evaluation.objects import (
    Binding,
    ClassInfo,
    FunctionInfo,
    Instance,
    NotStatic,
    Owner,
    Unknown,
)
from docgen.evaluation.plain import kind_of, plain
from docgen.evaluation.scopes import COMMON, FREE, Frame, Rules, builtin
from docgen.evaluation.tree import Module, Tree

__all__ = [
    "COMMON",
    "FREE",
    "Evaluator",
    "Frame",
    "NotStatic",
    "Rules",
    "Tree",
    "Unknown",
    "kind_of",
    "plain",
    "read_tree",
]

MAX_DEPTH = 50
"""Function calls that may be nested."""


class Evaluator(Modules):
    """Evaluates expressions of the modules of one tree; keeps what it has read."""

    def __init__(self, tree: Tree, rules: Rules = COMMON) -> None:
        """Evaluate over a tree; the rules say what goes beyond the common subset."""
        super().__init__(tree)
        self.rules = rules
        self.expressions = dict(expressions.HANDLERS)
        """Handler by expression type; a front end may change its own evaluator's."""
        self.statements = dict(statements.HANDLERS)
        """Handler by statement type, likewise."""
        self.annotations: dict[tuple[str, str], Annotation] = {}
        """Annotations that were read, by class and field."""

    def execute(self, module: Module) -> None:
        """Bind the names of a module by executing its body statically."""
        if module.node is not None:
            frame = Frame(module, Owner(module.name), module.names)
            statements.run(self, module.node.body, frame)

    def look_up(self, name: str, node: ast.AST, frame: Frame) -> Any:
        """Return what a name stands for in a scope; raise NotStatic where that is unknown."""
        scope: Frame | None = frame
        while scope is not None:
            if name in scope.names:
                return self.follow(scope.names[name])
            scope = scope.outer
        if name in frame.module.names:
            return self.follow(frame.module.names[name])
        where = frame.module.source(node)
        if frame.module.open_star:
            got = f"{name!r}, perhaps from `import *` of {frame.module.open_star}"
            raise NotStatic(where, got)
        found = builtin(name)
        if found is None:
            raise NotStatic(
                where,
                f"{name!r}, which nothing defines",
                do="define it or mend the name",
                fails=True,
            )
        return found

    # Expressions

    def evaluate(self, node: ast.expr, scope: Frame | Module) -> Any:
        """Return the value of an expression.

        Raises:
            NotStatic: With the place of the very part that cannot be known.
        """
        frame = self.frame(scope)
        handler = self.expressions.get(type(node))
        if handler is None:
            kind = type(node).__name__
            raise NotStatic(frame.module.source(node), _KINDS.get(kind, f"an expression ({kind})"))
        return handler(self, node, frame)

    def settle(self, node: ast.expr, scope: Frame | Module) -> Any:
        """Return the value of an expression, or Unknown with the cause."""
        try:
            return self.evaluate(node, scope)
        except NotStatic as cause:
            return Unknown(cause)
        except RecursionError:
            frame = self.frame(scope)
            where = frame.module.source(node)
            return Unknown(NotStatic(where, "an expression nested too deeply"))

    def try_evaluate(self, node: ast.expr, scope: Frame | Module) -> Any:
        """Return the value of an expression, or None where it is not static."""
        value = self.settle(node, scope)
        return None if isinstance(value, Unknown) else value

    def attribute(self, value: Any, name: str, source: Source, scope: Frame | Module) -> Any:
        """Return an attribute of an evaluated value; properties that only choose are called."""
        return expressions.get_attribute(self, value, name, source, self.frame(scope))

    def frame(self, scope: Frame | Module) -> Frame:
        """Return the frame of a scope; that of a module is its top level."""
        if isinstance(scope, Frame):
            return scope
        self.module(scope.name)
        return Frame(scope, Owner(scope.name), scope.names)

    def assign(self, target: ast.expr, value: Any, node: ast.expr | None, frame: Frame) -> None:
        """Bind a value to a name, to several, or to an item of a list or dict."""
        where = frame.module.source(target)
        if isinstance(target, ast.Name):
            frame.names[target.id] = Binding(value, where, frame.owner, node, None, frame.module)
        elif isinstance(target, (ast.Tuple, ast.List)):
            self._unpack(target, value, frame)
        elif isinstance(target, ast.Subscript):
            holder = self.evaluate(target.value, frame)
            key = self.evaluate(target.slice, frame)
            if not isinstance(holder, (dict, list)):
                raise NotStatic(where, "an assignment to an item of something fixed")
            try:
                key = self.key(holder, expressions.hashable(key, target, frame), where, frame)
                holder[key] = value
            except (TypeError, LookupError) as error:
                raise NotStatic(where, f"an assignment that fails: {error}") from error
        else:
            raise NotStatic(where, "an assignment to an attribute")

    def key(self, holder: Any, key: Any, source: Source, frame: Frame) -> Any:
        """Return the key of a container that another value stands for: here, that value."""
        del holder, source, frame
        return key

    def _unpack(self, target: ast.Tuple | ast.List, value: Any, frame: Frame) -> None:
        """Bind the names of `a, b = value`."""
        where = frame.module.source(target)
        if any(isinstance(item, ast.Starred) for item in target.elts):
            raise NotStatic(where, "an assignment with `*`")
        if isinstance(value, Unknown):
            items: list[Any] = [value] * len(target.elts)
        else:
            items = expressions.iterate(value, target, frame)
        if len(items) != len(target.elts):
            raise NotStatic(where, f"{len(items)} values for {len(target.elts)} names")
        for item, part in zip(target.elts, items, strict=True):
            self.assign(item, part, None, frame)

    # Calls and classes

    def instantiate(self, cls: ClassInfo, call: ast.Call, module: Module, at: ast.expr) -> Instance:
        """Return the object that a call of a dataclass makes; the place is that of `at`."""
        made = calls.instantiate(self, cls, call, self.frame(module))
        return Instance(made.cls, made.fields, module.source(at), made.owner, made.findings)

    def call_function(
        self,
        function: FunctionInfo,
        values: list[Any],
        named: dict[str, Any],
        source: Source,
        frame: Frame,
    ) -> Any:
        """Return the result of a function that only assigns, chooses and returns."""
        if frame.depth >= MAX_DEPTH or isinstance(function.node, ast.AsyncFunctionDef):
            raise NotStatic(source, f"a call of {function.node.name}(), which goes too deep")
        arguments = function.node.args
        names = [a.arg for a in (*arguments.posonlyargs, *arguments.args)]
        given = dict(zip(names, values, strict=False)) | named
        home = self.frame(function.module)
        if arguments.vararg or arguments.kwarg or len(values) > len(names):
            raise NotStatic(source, f"a call of {function.node.name}() with free arguments")
        tail = names[len(names) - len(arguments.defaults) :]
        pairs = [*zip(tail, arguments.defaults, strict=True)]
        only = [a.arg for a in arguments.kwonlyargs]
        pairs += [(n, d) for n, d in zip(only, arguments.kw_defaults, strict=True) if d]
        for name, default in pairs:
            if name not in given:
                given[name] = self.evaluate(default, home)
        if set(given) != {*names, *only}:
            raise NotStatic(source, f"a call of {function.node.name}() with wrong arguments")
        bound = {n: Binding(v, source, function.owner) for n, v in given.items()}
        inner = Frame(function.module, function.owner, bound, home, frame.depth + 1)
        try:
            statements.run(self, function.node.body, inner)
        except statements.Return as result:
            return result.value
        return None

    def annotation_head(self, node: ast.expr, module: Module) -> str:
        """Return the dotted name of what an annotation subscripts, or of itself."""
        while isinstance(node, ast.Subscript):
            node = node.value
        found = self.annotation(node, module)
        return str(getattr(found, "name", ""))

    def annotation(self, node: ast.expr, module: Module) -> Any:
        """Return what an expression in an annotation stands for; None where unknown."""
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            try:
                node = ast.parse(node.value, mode="eval").body
            except (SyntaxError, ValueError, RecursionError, MemoryError):
                return None
        frame = self.frame(module)
        outer = Frame(module, frame.owner, module.typing_names)
        return self.try_evaluate(node, Frame(module, frame.owner, module.names, outer))


_KINDS = {
    "Lambda": "a lambda",
    "Await": "an await",
    "Yield": "a yield",
    "YieldFrom": "a yield",
    "NamedExpr": "an assignment in an expression",
    "Starred": "an unpacking",
}


def read_tree(root: Path, packages: tuple[str, ...], rules: Rules = COMMON) -> Evaluator:
    """Return an evaluator over the packages under a root; nothing is read yet."""
    return Evaluator(Tree(root, packages), rules)
