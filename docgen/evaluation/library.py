"""Outside functions that the interpreter carries out: pure built-ins, paths, patterns."""

from __future__ import annotations

import ast
import dataclasses
import math
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import PurePath, PurePosixPath
from typing import TYPE_CHECKING, Any

from docgen.catalog import Source
from docgen.evaluation import classes, comparison, operations
from docgen.evaluation.construction import make_enum
from docgen.evaluation.containers import DefaultDict, iterate, known
from docgen.evaluation.objects import (
    Bound,
    ClassInfo,
    EnumMember,
    External,
    FunctionInfo,
    Instance,
    NotStatic,
    Setting,
)
from docgen.evaluation.scopes import Frame

if TYPE_CHECKING:
    from docgen.evaluation.interpreter import Interpreter

MAX_ITEMS = 100_000
"""Longest `range` that is counted out."""
MAX_PATTERN = 200
"""Longest regular expression, and longest text that one is tried on."""
MAX_REPEATS = 3
"""Repetitions in a regular expression: more could take long."""


@dataclass
class Given:
    """A call: its arguments and where it stands."""

    interpreter: Interpreter
    """Who evaluates it."""
    values: list[Any]
    """Arguments by position; Unknown where one is not static."""
    named: dict[str, Any]
    """Arguments by name."""
    source: Source
    """Where the call stands."""
    frame: Frame
    """Scope of the call."""
    nodes: dict[Any, ast.expr] = field(default_factory=dict)
    """Expression of each argument, by position or name."""

    def value(self, index: int) -> Any:
        """Return an argument; raise NotStatic where it is not known."""
        return self.interpreter.use(self.values[index])

    def items(self, index: int = 0) -> list[Any]:
        """Return the items of an argument; nothing where there is no such argument."""
        if index >= len(self.values):
            return []
        return iterate(self.value(index), self.source)

    def operands(self) -> list[Any]:
        """Return every argument as a plain value."""
        return [operations.operand(value) for value in self.values]

    def alone(self) -> Given:
        """Return the call itself where it has one argument at most, and none by name."""
        if self.named or len(self.values) > 1:
            raise NotStatic(self.source, "a call with further arguments")
        return self


def path_attribute(value: PurePath, name: str) -> Any:
    """Return an attribute of a path that its text decides."""
    if name in ("name", "stem", "suffix", "parent", "parts"):
        return getattr(value, name)
    return Bound(value, name)


def match(bound: Bound, values: list[Any], where: Source) -> Any:
    """Return whether a regular expression matches: an object for a match, or None."""
    if bound.name not in ("match", "fullmatch", "search") or len(values) != 1:
        raise NotStatic(where, f"a call of the method {bound.name}()")
    text = values[0]
    if not isinstance(text, str) or len(text) > MAX_PATTERN:
        raise NotStatic(where, "a match of something that is no short text")
    found = getattr(bound.owner, bound.name)(text)
    return None if found is None else External("re.Match()")


def _isinstance(given: Given) -> bool:
    value, kinds = given.value(0), given.value(1)
    return any(_is(value, kind, given) for kind in (kinds if isinstance(kinds, tuple) else [kinds]))


def _is(value: Any, kind: Any, given: Given) -> bool:
    """Tell whether a value is an object of one class."""
    kind = given.interpreter.use(kind)
    if not isinstance(kind, (External, ClassInfo)):
        raise NotStatic(given.source, "isinstance() of something that is no class")
    if isinstance(value, (Instance, EnumMember)):
        return any(base is kind or base.name == kind.name for base in classes.mro(value.cls))
    comparison.type_of(value, given.source)
    if isinstance(kind, ClassInfo):
        return False
    if not kind.name.startswith("builtins."):
        raise NotStatic(given.source, f"isinstance() with {kind.name}")
    return kind.name in {f"builtins.{base.__name__}" for base in type(value).__mro__}


def _getattr(given: Given) -> Any:
    from docgen.evaluation.interpreter import Raised

    try:
        name = given.value(1)
        return given.interpreter.attribute(given.value(0), name, given.source, given.frame)
    except Raised:
        if len(given.values) <= len(("object", "name")):
            raise
        return given.value(2)


def _hasattr(given: Given) -> bool:
    from docgen.evaluation.interpreter import Raised

    try:
        name = given.value(1)
        given.interpreter.attribute(given.value(0), name, given.source, given.frame)
    except Raised:
        return False
    return True


def _setattr(given: Given) -> None:
    """Set a field of an object, also of a frozen one, as a constructor does."""
    holder, name = given.value(0), given.value(1)
    if not isinstance(holder, Instance) or not isinstance(name, str):
        raise NotStatic(given.source, "setattr() of something that is no object of the tree")
    frame = given.frame
    holder.fields[name] = (Setting(given.values[2], ast.Constant(None), frame.module, frame.owner),)


def _spec(given: Given) -> Any:
    """Return whether the tree has a module; that of an outside one is not known."""
    name, tree = given.value(0), given.interpreter.tree
    if not isinstance(name, str) or not tree.owns(name):
        raise NotStatic(given.source, "find_spec() of a module outside of the tree")
    found = tree.module(name) is not None or tree.is_namespace(name)
    return External("importlib.machinery.ModuleSpec()") if found else None


def _dict(given: Given) -> dict[Any, Any]:
    made: dict[Any, Any] = {}
    if given.values:
        held = known(given.value(0), given.source)
        made.update(held if isinstance(held, dict) else [tuple(pair) for pair in held])
    made.update(given.named)
    return made


def _default_dict(given: Given) -> dict[Any, Any]:
    simple: dict[str, Any] = {"int": int, "float": float, "list": list, "dict": dict, "str": str}
    made = DefaultDict(_dict(dataclasses.replace(given, values=given.values[1:])))
    head = given.values[0] if given.values else None
    name = head.name.removeprefix("builtins.") if isinstance(head, External) else ""
    made.make = simple.get(name)
    return made


def _map(given: Given) -> list[Any]:
    from docgen.evaluation.invocation import invoke

    columns = [given.items(i) for i in range(1, len(given.values))]
    function = given.value(0)
    return [
        invoke(function, dataclasses.replace(given, values=list(row), named={}, nodes={}))
        for row in zip(*columns, strict=False)
    ]


def _truths(given: Given) -> list[bool]:
    """Return the truth of each item of the only argument."""
    node = ast.Pass()
    return [given.interpreter.truth(v, node, given.frame) for v in given.alone().items()]


def _range(given: Given) -> list[int]:
    made = range(*(given.value(i) for i in range(len(given.values))))
    if len(made) > MAX_ITEMS:
        raise NotStatic(given.source, f"a range of more than {MAX_ITEMS:,} numbers")
    return list(made)


def _path(given: Given) -> PurePosixPath:
    return PurePosixPath(*(given.value(i) for i in range(len(given.values))))


def _pattern(given: Given) -> re.Pattern[str]:
    """Return a regular expression that cannot take long: no repeated group, few repetitions."""
    text = given.value(0)
    simple = isinstance(text, str) and len(text) <= MAX_PATTERN and len(given.values) == 1
    if not simple or re.search(r"\)[*+{?]|\\\d", text) or _repeats(text) > MAX_REPEATS:
        raise NotStatic(given.source, "a regular expression that may take long")
    try:
        return re.compile(text)
    except re.error as error:
        got = f"a regular expression that is none: {error}"
        raise NotStatic(given.source, got) from error


def _repeats(text: str) -> int:
    return len(re.findall(r"[*+{]", text))


def _str(given: Given) -> str:
    value = given.value(0) if given.values else ""
    if isinstance(value, PurePath):
        return str(value)
    if isinstance(value, (Instance, EnumMember)):
        interpreter = given.interpreter
        found = classes.attribute(value.cls, "__str__")
        function = interpreter.follow(found) if found is not None else None
        if isinstance(function, FunctionInfo):
            text = interpreter.call_function(function, [value], {}, given.source, given.frame)
            return str(operations.operand(text))
        if isinstance(value, EnumMember) and classes.derives_from(value.cls, "enum.StrEnum"):
            return str(value.value)
        raise NotStatic(given.source, f"the text of {operations.describe(value)}")
    return str(operations.operand(value))


def _sorted(given: Given) -> list[Any]:
    if set(given.named) - {"reverse"}:
        raise NotStatic(given.source, "sorted() with a key")
    items = [operations.operand(v) for v in given.items()]
    return sorted(items, reverse=bool(given.named.get("reverse", False)))


def _getenv(given: Given) -> Any:
    default = given.values[1] if len(given.values) > 1 else None
    return given.interpreter.environment.get(given.value(0), default)


def _numbers(given: Given) -> list[Any]:
    """Return what `max`, `min` and `sum` work on."""
    if given.named:
        raise NotStatic(given.source, "a call with a key or a default")
    return (
        given.operands() if len(given.values) > 1 else list(map(operations.operand, given.items()))
    )


def _plain(function: Callable[..., Any]) -> Callable[[Given], Any]:
    """Return a built-in on plain values."""
    return lambda given: function(*given.operands(), **given.named)


def _over(function: Callable[[list[Any]], Any]) -> Callable[[Given], Any]:
    """Return a built-in on the items of a container."""
    return lambda given: function(given.alone().items())


def _rows(function: Callable[..., Any]) -> Callable[[Given], Any]:
    """Return `zip` or `enumerate` as a list of tuples."""

    def carry_out(given: Given) -> list[tuple[Any, ...]]:
        columns = [given.items(i) for i in range(len(given.values))]
        return [tuple(row) for row in function(*columns, **given.named)]

    return carry_out


def _kind(kind: str) -> Callable[[Given], FunctionInfo]:
    """Return a built-in that makes a method of a function."""

    def carry_out(given: Given) -> FunctionInfo:
        function = given.value(0)
        if not isinstance(function, FunctionInfo):
            got = f"{kind}() of something that is no function of the tree"
            raise NotStatic(given.source, got)
        return dataclasses.replace(function, kind=kind)

    return carry_out


LIBRARY: dict[str, Callable[[Given], Any]] = {
    **{f"builtins.{f.__name__}": _plain(f) for f in (abs, bool, float, int, round, divmod)},
    **{f"builtins.{f.__name__}": _over(f) for f in (tuple, list, set, frozenset, len)},
    **{f"builtins.{kind}": _kind(kind) for kind in ("staticmethod", "classmethod", "property")},
    **{f"math.{f.__name__}": _plain(f) for f in (math.ceil, math.floor, math.trunc)},
    **{f"math.{f.__name__}": _plain(f) for f in (math.isclose, math.sqrt, math.log2)},
    "builtins.max": lambda given: max(_numbers(given)),
    "builtins.min": lambda given: min(_numbers(given)),
    "builtins.sum": lambda given: sum(map(operations.operand, given.alone().items())),
    "builtins.dict": _dict,
    "builtins.str": _str,
    "builtins.sorted": _sorted,
    "builtins.map": _map,
    "builtins.any": lambda given: any(_truths(given)),
    "builtins.all": lambda given: all(_truths(given)),
    "builtins.range": _range,
    "builtins.zip": _rows(zip),
    "builtins.enumerate": _rows(enumerate),
    "builtins.isinstance": _isinstance,
    "builtins.getattr": _getattr,
    "builtins.hasattr": _hasattr,
    "builtins.setattr": _setattr,
    "builtins.object.__setattr__": _setattr,
    "builtins.type": lambda given: comparison.type_of(given.alone().value(0), given.source),
    "collections.defaultdict": _default_dict,
    "collections.OrderedDict": _dict,
    "enum.Enum": lambda given: make_enum(None, given),
    "importlib.util.find_spec": _spec,
    "os.getenv": _getenv,
    "pathlib.Path": _path,
    "pathlib.PurePath": _path,
    "pathlib.PurePosixPath": _path,
    "re.compile": _pattern,
}
"""Outside functions that are carried out, by dotted name."""
