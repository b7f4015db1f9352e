"""The static evaluator against Python itself, and everything that it must refuse."""

from __future__ import annotations

import json
import random
from pathlib import Path
from textwrap import dedent

import pytest

from docgen.evaluate import COMMON, FREE, Evaluator, NotStatic, kind_of, plain
from docgen.evaluation.objects import EnumMember, Instance, Unknown
from docgen.evaluation.tree import Tree


def evaluator(root: Path, files: dict[str, str], rules=COMMON) -> Evaluator:
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(dedent(text), encoding="utf-8")
    packages = tuple(dict.fromkeys(name.split("/")[0].removesuffix(".py") for name in files))
    return Evaluator(Tree(root, packages), rules)


def value(root: Path, text: str, name: str = "X", rules=COMMON):
    made = evaluator(root, {"m.py": text}, rules)
    return made.follow(made.module("m").names[name])


def refusal(root: Path, text: str, name: str = "X", rules=COMMON) -> NotStatic:
    with pytest.raises(NotStatic) as caught:
        value(root, text, name, rules)
    return caught.value


EXACT = [
    "1_000",
    "-2.5e3",
    "(1, 'a', None, True)",
    "[1, [2, 3]]",
    "{'a': 1, 'b': {'c': 2}}",
    "{1, 2}",
    "1 << 20",
    "0xff >> 4 | 1 & 3 ^ 2",
    "2 ** 10 // 3 % 7",
    "7 / 2",
    "~5",
    "'a' + 'b' * 3",
    "(1, 2) + (3,)",
    "1 < 2 <= 2 != 3",
    "1 in (1, 2) and 'x' not in 'abc'",
    "None is None",
    "0 or 'x'",
    "1 if 2 > 3 else (4 if True else 5)",
    "not []",
    "f'{3}-{2.5:.2f}-{\"a\"!r:>5}'",
    "(10, 20, 30)[1]",
    "'abcdef'[1:5:2]",
    "{'a': (1, 2)}['a'][-1]",
    "[*(1, 2), 3]",
    "{**{'a': 1}, 'a': 2}",
]


@pytest.mark.parametrize("text", EXACT)
def test_equals_python(tmp_path, text):
    expected = eval(text)
    found = value(tmp_path, f"X = {text}\n")
    assert found == expected
    assert type(found) is type(expected)


def random_expression(source: random.Random, depth: int) -> str:
    if depth == 0 or source.random() < 0.15:
        return source.choice(["0", "1", "7", "-3", "2.5", "1_000", "True", "1e3", "A", "B"])
    left, right = (random_expression(source, depth - 1) for _ in range(2))
    form = source.choice(
        ["({} {} {})"] * 6 + ["({1} if {0} > {2} else {0})", "(-{0})", "(not {0})"]
    )
    if form == "({} {} {})":
        operators = ["+", "-", "*", "/", "//", "%", "<", "==", "<<", ">>", "&", "or", "and", "**"]
        return f"({left} {source.choice(operators)} {right})"
    return form.format(left, right, random_expression(source, depth - 1))


def test_random_arithmetic_equals_python_or_is_refused(tmp_path):
    source = random.Random(20240607)
    texts = [random_expression(source, 3) for _ in range(400)]
    lines = ["A = 6", "B = A * 2.5", *(f"X{i} = {text}" for i, text in enumerate(texts))]
    made = evaluator(tmp_path, {"m.py": "\n".join(lines)})
    names = made.module("m").names
    agreed = 0
    for index, text in enumerate(texts):
        found = names[f"X{index}"].value
        try:
            expected = eval(text, {"A": 6, "B": 15.0})
        except (ArithmeticError, TypeError, ValueError):
            assert isinstance(found, Unknown), text
            continue
        if isinstance(found, Unknown):
            assert "too large" in found.cause.got, text
        else:
            assert found == expected, text
            assert type(found) is type(expected), text
            agreed += 1
    assert agreed > 200


@pytest.mark.parametrize(
    ("text", "got"),
    [
        ("import os\nX = os.cpu_count()", "a call of os.cpu_count()"),
        ("X = open('f').read()", "a call of open()"),
        ("X = tuple(i for i in (1, 2))", "a call of tuple()"),
        ("X = [i for i in (1, 2)]", "a comprehension"),
        ("X = {i: i for i in (1, 2)}", "a comprehension"),
        ("X = lambda: 1", "a lambda"),
        ("X = (y := 3)", "an assignment in an expression"),
        ("def f():\n    return 1\nX = f()", "a call of the function f()"),
        ("X = undefined", "'undefined', which nothing defines"),
        ("X = 1 / 0", "an operation that fails: division by zero"),
        ("X = 9 ** 9 ** 9", "a power too large to write down"),
        ("X = 1 << 10 ** 9", "a shift too large to write down"),
        ("X = 'a' * 10 ** 9", "a repetition too long to write down"),
        ("X = f'{1:>999999999}'", "a text too long to write down"),
        ("X = '%d' % 3", "formatting with %"),
        ("X = (1, 2)[5]", "an operation that fails: tuple index out of range"),
        ("X = (1).real", "attribute 'real' of a int"),
        ("from absent.of.tree import Y\nX = Y + 1", "arithmetic on absent.of.tree.Y"),
        ("X = 'abc'.upper()", "a call of 'abc'.upper()"),
    ],
)
def test_refuses_with_place_and_mend(tmp_path, text, got):
    cause = refusal(tmp_path, text + "\n")
    assert cause.got == got
    assert cause.source.path == "m.py"
    lines = text.splitlines()
    assert cause.source.line == len(lines)
    assert cause.code == "unresolved"
    assert cause.message.startswith("want a static value, got ")


def test_the_place_is_that_of_the_part(tmp_path):
    cause = refusal(tmp_path, "import os\nX = (1 +\n     2 * os.getpid())\n")
    assert (cause.source.line, cause.source.column) == (3, 9)
    assert "literals, names of module constants" in cause.message


def test_columns_and_texts_survive_other_alphabets(tmp_path):
    made = evaluator(tmp_path, {"m.py": "Ä = 'ü'; X = ('ö', 1 + 2)\n"})
    module = made.module("m")
    node = module.names["X"].node
    assert module.text(node) == "('ö', 1 + 2)"
    assert module.text(node.elts[1]) == "1 + 2"


def test_enums(tmp_path):
    text = """
        from enum import Enum, IntEnum, auto

        class Word(str, Enum):
            A = "a"
            B = "b"
            ALSO_A = "a"
            def __str__(self):
                return str(self.value)

        class Number(IntEnum):
            ONE = auto()
            TWO = auto()

        class Bare(Enum):
            X = 1

        X = Word.A
        TEXT = f"{Word.B}-{Number.TWO.value}"
        SAME = Word.ALSO_A is Word.A
        EQUAL = Word.A == "a"
        NOT_EQUAL = Bare.X == 1
        SUM = Number.TWO + 1
        BY_VALUE = Word("b")
        BY_NAME = Word["B"]
        NAME = Word.B.name
        LOST = Bare.Y
        ARITHMETIC = Bare.X + 1
    """
    made = evaluator(tmp_path, {"m.py": text})
    names = made.module("m").names
    found = {n: b.value for n, b in names.items() if n.isupper()}
    assert isinstance(found["X"], EnumMember)
    assert plain(found["X"]) == "a"
    assert found["TEXT"] == "b-2"
    assert found["SAME"] is True
    assert found["EQUAL"] is True
    assert found["NOT_EQUAL"] is False
    assert found["SUM"] == 3
    assert found["BY_VALUE"] == found["BY_NAME"]
    assert found["NAME"] == "B"
    assert found["LOST"].cause.got == "Bare.Y"
    assert "arithmetic on the enum member" in found["ARITHMETIC"].cause.got
    assert kind_of(names["X"].node, found["X"]) == "enum"


DATACLASS = """
    from dataclasses import dataclass, field, replace, KW_ONLY
    from typing import ClassVar

    BASE = 4

    @dataclass(frozen=True)
    class A:
        x: int
        y: int = BASE * 2
        z: ClassVar[int] = 9
        many: list = field(default_factory=list)
        _: KW_ONLY
        w: str = "w"

    @dataclass(frozen=True)
    class B(A):
        y: int = 1
        v: float = field(default=2.5)
"""


def test_dataclasses(tmp_path):
    text = (
        DATACLASS
        + """
    ONE = B(7, w="q")
    TWO = replace(ONE, y=ONE.x * 10)
    THREE = replace(TWO, y=1, x=replace(ONE, x=5).x)
    """
    )
    made = evaluator(tmp_path, {"m.py": text})
    names = made.module("m").names
    assert plain(names["ONE"].value) == {"x": 7, "y": 1, "many": [], "w": "q", "v": 2.5}
    assert plain(names["TWO"].value)["y"] == 70
    chain = names["THREE"].value.fields["y"]
    assert [s.owner.name for s in chain] == ["m.B", "m.TWO", "m.THREE"]
    assert [s.value for s in chain] == [1, 70, 1]
    assert chain[0].default
    assert plain(names["THREE"].value)["x"] == 5


def test_misspelt_missing_and_free_arguments(tmp_path):
    text = (
        DATACLASS
        + """
    ONE = B(7, yy=1, why="?")
    TWO = B(1, 2, 3, 4, 5, 6)
    THREE = B()
    FOUR = B(1, **{"y": 2})
    FIVE = replace(ONE, q=1)
    """
    )
    names = evaluator(tmp_path, {"m.py": text}).module("m").names
    one = [f.message for f in names["ONE"].value.findings]
    assert one[0] == "want a field of B, got 'yy'; did you mean 'y'?"
    assert one[1].startswith("want a field of B, got 'why'; ")
    assert [f.code for f in names["TWO"].value.findings] == ["unknown-field"] * 2
    assert [f.code for f in names["THREE"].value.findings] == ["missing-field"]
    assert names["FOUR"].value.cause.got == "`**` in a call"
    assert len(names["FIVE"].value.findings) == 3


def test_objects_that_may_differ_from_their_call_are_refused(tmp_path):
    text = """
        from dataclasses import dataclass

        @dataclass
        class Own:
            x: int
            def __init__(self):
                self.x = 1

        @dataclass(frozen=True)
        class Post:
            x: int
            def __post_init__(self):
                object.__setattr__(self, "x", 5)

        class Plain:
            x = 1

        A = Own(x=2)
        B = Post(x=2)
        C = Plain()
    """
    names = evaluator(tmp_path, {"m.py": text}).module("m").names
    assert "its own __init__" in names["A"].value.cause.got
    assert "__post_init__ that sets fields" in names["B"].value.cause.got
    assert "which is no dataclass" in names["C"].value.cause.got


def test_properties_are_followed_and_other_methods_are_not(tmp_path):
    text = """
        from dataclasses import dataclass

        @dataclass(frozen=True)
        class A:
            x: int
            @property
            def name(self):
                \"\"\"Return a name.\"\"\"
                text = f"a{self.x}"
                if self.x > 1 and not text == "a9":
                    text += "+"
                elif self.x == 0:
                    raise ValueError
                return text
            @property
            def looped(self):
                for i in range(3):
                    pass
                return 1
            def method(self):
                return 1

        X = A(2).name
        Y = A(1).name
        Z = A(0).name
        L = A(1).looped
        M = A(1).method()
    """
    names = evaluator(tmp_path, {"m.py": text}).module("m").names
    assert (names["X"].value, names["Y"].value) == ("a2+", "a1")
    assert names["Z"].value.cause.got == "a raise statement that is reached"
    assert names["L"].value.cause.got == "a for statement in a function"
    assert names["M"].value.cause.got.startswith("a call of the function")


def test_free_rules_run_what_is_pure(tmp_path):
    text = """
        from enum import Enum
        class Word(str, Enum):
            A = "a"
            B = "b"
        def double(n, times=2):
            return n * times
        X = [str(w.value) for w in Word if w is not Word.A]
        Y = double(4) + double(n=1, times=3)
        Z = max(len("abc"), *[1]) if False else max(3, 2)
        S = sorted({"b": 1, "a": 2}.keys())
    """
    names = evaluator(tmp_path, {"m.py": text}, FREE).module("m").names
    assert names["X"].value == ["b"]
    assert names["Y"].value == 11
    assert names["Z"].value == 3
    assert names["S"].value == ["a", "b"]


def test_unknown_parts_do_not_hide_the_others(tmp_path):
    made = evaluator(tmp_path, {"m.py": "import os\nX = (1, os.name, {'a': os.getpid()}, 4)\n"})
    items = made.module("m").names["X"].value
    assert items[0] == 1
    assert items[3] == 4
    assert isinstance(items[2]["a"], Unknown)
    with pytest.raises(NotStatic):
        plain(items[2])


def test_plain_values_are_json(tmp_path):
    text = "X = (1e999, b'a', 1 << 70, 2j, -5, 1 << 63, {1: {2, 1}})\n"
    found = plain(value(tmp_path, text))
    assert found == ["inf", "b'a'", str(1 << 70), "2j", -5, 1 << 63, {"1": [1, 2]}]
    assert json.loads(json.dumps(found)) == found


def test_deep_nesting_is_a_finding_not_a_crash(tmp_path):
    made = evaluator(tmp_path, {"m.py": "X = " + "+".join(["1"] * 900) + "\nY = 2\n"})
    names = made.module("m").names
    assert isinstance(names["X"].value, Unknown)
    assert names["X"].value.cause.got == "an expression nested too deeply"
    assert names["Y"].value == 2
    made = evaluator(tmp_path, {"n.py": "X = " + "(" * 300 + "1" + ")" * 300 + "\n"})
    assert made.module("n").node is None
    assert [d.code for d in made.tree.diagnostics] == ["syntax-error"]


def test_instance_text_and_repr_are_short(tmp_path):
    made = evaluator(tmp_path, {"m.py": DATACLASS + "\n    ONE = A(1)\n"})
    one = made.module("m").names["ONE"].value
    assert isinstance(one, Instance)
    assert len(repr(one)) < 80
