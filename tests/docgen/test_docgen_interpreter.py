"""The interpreter: the same results as Python for ordinary code, and limits for the rest."""

from __future__ import annotations

import textwrap

import pytest

from docgen.digests import canonical
from docgen.evaluation.interpreter import Interpreter, Raised
from docgen.evaluation.objects import NotStatic, Unknown
from docgen.evaluation.tree import Tree

PROGRAMS = {
    "loop": """
        found = []
        for n in range(10):
            if n == 2:
                continue
            if n > 5:
                break
            found.append(n * n)
        else:
            found.append("end")
        result = found
    """,
    "else": """
        result = []
        for a, b in {"x": 1, "y": 2}.items():
            result += [(a, b)]
        else:
            result.append("end")
    """,
    "arguments": """
        def collect(first, *rest, last=3, **more):
            return {"first": first, "rest": rest, "last": last, "more": more}

        pair = (2, 4)
        result = [collect(1), collect(1, *pair, last=9, **{"z": 1}), collect(first=0, y=2)]
    """,
    "closure": """
        def twice(f):
            def inner(x, by=2):
                return f(f(x)) * by
            return inner

        @twice
        def add(x):
            return x + 1

        result = [add(1), add(1, by=3), (lambda a: add(a))(5)]
    """,
    "objects": """
        from dataclasses import dataclass

        class Plain:
            count = 0

            def __init__(self, size, *, unit="m"):
                self.size = size
                self.text = f"{size}{unit}"
                self.label = "big" if size > 3 else "small"

            def __eq__(self, other):
                if isinstance(other, Plain):
                    return self.size == other.size
                return NotImplemented

            def __add__(self, other):
                return Plain(self.size + other.size)

            @property
            def double(self):
                return self.size * 2

            @classmethod
            def of(cls, size):
                return cls(size, unit="km")

            @staticmethod
            def zero():
                return Plain(0)

        @dataclass(frozen=True)
        class Point:
            x: int
            y: int = 2

            def __post_init__(self):
                object.__setattr__(self, "y", self.y + 1)

        whole = Plain(1) + Plain.of(4)
        result = [
            whole.size, whole.text, whole.double, Plain.of(2).text, Plain.zero().label,
            Plain(1) == Plain(1), Plain(1) != Plain(2), Plain(1) in [Plain(2), Plain(1)],
            Plain(1) == 1, Point(1).y, Point(1) == Point(1, 2), Point(1) == Point(2),
            hasattr(whole, "size"), getattr(Plain, "missing", "none"), isinstance(1, (str, int)),
        ]
    """,
    "state": """
        class Base:
            items = {"a": 1}

        class Child(Base):
            items = Base.items
            items["b"] = 2
            extra: int
            total = sum(items.values())

        Child.late = "yes"
        table = {}
        def fill(keys, into=table):
            for key in keys:
                into[key.format(len(into))] = len(key)
        fill(["a{}", "b{}"])
        del table["a0"]
        gone = 1
        del gone
        result = [Base.items, Child.total, Child.late, table, hasattr(Child, "extra")]
    """,
    "collections": """
        import copy
        from collections import OrderedDict, defaultdict
        from pathlib import Path

        counts = defaultdict(int)
        for letter in "abca":
            counts[letter] += 1
        first = {"a": [1]}
        second = copy.deepcopy(first)
        second["a"] += [2]
        third = {**first, "b": max(3, 4), **dict(c=5)}
        third |= {"d": 6}
        result = [
            counts, first, second, third, sorted({3, 1, 2}, reverse=True), list(zip("ab", (1, 2))),
            [n for n, _ in enumerate("xy", start=5)], {k: v for k, v in third.items() if k != "a"},
            Path("a") / "b.c", (Path("x") / "y").name, OrderedDict(z=1), "-".join(["p", "q"]),
            "{:>4}|{x:.1f}".format("r", x=2.0), any(n > 1 for n in (1, 2)), list(map(str, (1, 2))),
            {1, 2} - {2}, 7 // 2, -7 % 3, 1 << 4 | 1, not [], None or "z", 1 < 2 < 2,
        ]
    """,
    "enums": """
        import enum
        import re

        class Size:
            def __init__(self, n, names=()):
                self.n = n
                self.patterns = [re.compile(name) for name in names]

            def __eq__(self, other):
                if isinstance(other, str):
                    return any(p.fullmatch(other) for p in self.patterns)
                return self.n == other.n

            __hash__ = None

        class Base(enum.Enum):
            def half(self):
                return self.value.n / 2

            @classmethod
            def names(cls):
                return [member.name for member in cls]

        Sizes = Base("Sizes", {"A": Size(1, ("a+",)), "B": Size(2), "C": Size(1)})
        class Kind(enum.Enum):
            x: int = 1
            y = 2
            z = 1
        result = [
            Sizes.names(), Sizes.C.name, Sizes.B.half(), Sizes.A.value == "aa",
            Kind.z.name, Kind(2).name, Kind["y"] is Kind.y, Kind.x in Kind, Kind.x == Kind.y,
            type(Kind.x) is Kind, Kind.x.__class__ is Kind, [k.value for k in Kind],
        ]
    """,
    "environment": """
        import os
        os.environ["UNLIKELY_NAME_X"] = "3"
        result = [
            os.environ["UNLIKELY_NAME_X"], os.environ.get("UNLIKELY_NAME_Y", "none"),
            os.getenv("UNLIKELY_NAME_Z"),
        ]
    """,
}


def _run(tmp_path, text):
    (tmp_path / "program.py").write_text(textwrap.dedent(text))
    interpreter = Interpreter(Tree(tmp_path, ("program",)))
    return interpreter.module("program"), interpreter


@pytest.mark.parametrize("name", PROGRAMS)
def test_programs_give_what_python_gives(tmp_path, monkeypatch, name):
    monkeypatch.setattr("os.environ", {})
    module, interpreter = _run(tmp_path, PROGRAMS[name])
    scope: dict[str, object] = {"__name__": "builtins"}
    code = compile(textwrap.dedent(PROGRAMS[name]), "program", "exec", dont_inherit=True)
    exec(code, scope)
    assert canonical(interpreter.follow(module.names["result"])) == canonical(scope["result"])


@pytest.mark.parametrize(
    "text",
    [
        "def f(n):\n    return f(n)\nresult = f(1)",
        "result = 'ab' * 600_000 + 'c' * 600_000",
        "x = 'a' * 900_000\nfor _ in range(30):\n    x = x + x\nresult = x",
        "def f():\n    global y\n    y = 1\n    return y\nresult = f()",
        "def f():\n    raise ValueError('no')\nresult = f()",
        "def f():\n    with open('x') as file:\n        return file\nresult = f()",
        "def f():\n    while True:\n        pass\nresult = f()",
        "import numpy\n\nclass A(numpy.ndarray):\n    pass\nresult = A()",
        "import functools\n\n@functools.partial(print)\ndef f():\n    return 1\nresult = f()",
        "import re\nresult = re.compile('(a*)*b').match('aaa')",
        "result = {}[1]",
        "result = range(10**9)",
        "class A:\n    pass\nresult = A.missing",
        "class A:\n    def __new__(cls):\n        return 1\nresult = A()",
    ],
)
def test_what_cannot_be_known_is_unknown(tmp_path, text):
    module, _ = _run(tmp_path, text)
    assert isinstance(module.names["result"].value, Unknown)


def test_a_certain_error_is_told_from_an_open_question(tmp_path):
    module, interpreter = _run(tmp_path, "class A:\n    pass\nx = A.missing\ny = unknown()\n")
    assert isinstance(module.names["x"].value.cause, Raised)
    assert not isinstance(module.names["y"].value.cause, Raised)
    assert interpreter.stops["program"].source.line == 3


def test_the_place_of_a_helper_call_is_that_of_the_module(tmp_path):
    text = "class A:\n    pass\n\ndef make():\n    return A()\n\n\nresult = make()\n"
    module, _ = _run(tmp_path, text)
    made = module.names["result"].value
    assert (made.source.line, made.site.line) == (5, 8)


def test_a_failed_change_leaves_nothing_stale(tmp_path):
    text = "t = {'a': 1}\ndef fill(into):\n    into['b'] = 2\n    into['c'] = open('x')\n\nfill(t)\nresult = t\n"
    module, interpreter = _run(tmp_path, text)
    with pytest.raises(NotStatic):
        canonical(interpreter.follow(module.names["result"]))
