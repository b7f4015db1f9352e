"""Nothing of a tree runs, wherever in the syntax the code stands that would run."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner

from docgen.cli import main

HERE = Path(__file__).parent
FIXTURES = {
    "registry": (HERE / "fixtures_registry/mill", "configs/flour/Offline/__init__.py"),
    "exports": (HERE / "fixtures_exports/rack", "configs/Y9x1/Offline/alpha.py"),
}
RAN = "__import__('pathlib').Path({mark!r}).touch()"
POSITIONS = {
    "expression": "RAN",
    "assigned": "a = RAN",
    "annotation": "a: RAN = 1",
    "augmented": "a = []\na += [RAN]",
    "subscript-store": "a = {}\na[RAN] = 1",
    "subscript-delete": "a = {}\ndel a[RAN]",
    "decorator": "@RAN\ndef f(): pass",
    "class-decorator": "@RAN\nclass C: pass",
    "base": "class C(RAN or object): pass",
    "metaclass": "class C(metaclass=RAN or type): pass",
    "class-keyword": "class C(x=RAN): pass",
    "class-body": "class C:\n    a = RAN",
    "default": "def f(a=RAN): pass",
    "keyword-default": "def f(*, a=RAN): pass",
    "argument-annotation": "def f(a: RAN): pass",
    "return-annotation": "def f() -> RAN: pass",
    "called-body": "def f():\n    return RAN\na = f()",
    "lambda-body": "a = (lambda: RAN)()",
    "lambda-default": "a = lambda b=RAN: b",
    "comprehension": "a = [RAN for _ in range(1)]",
    "comprehension-iterable": "a = [b for b in [RAN]]",
    "comprehension-test": "a = {b for b in [1] if RAN is None}",
    "dict-comprehension": "a = {1: RAN for _ in [1]}",
    "generator": "a = list(RAN for _ in [1])",
    "f-string": 'a = f"""{RAN}"""',
    "f-string-format": 'a = f"""{1:{RAN}}"""',
    "percent": 'a = "%s" % RAN',
    "walrus": "(a := RAN)",
    "star": "a = [*[RAN]]",
    "double-star": "a = {**{'a': RAN}}",
    "call-keyword": "a = dict(a=RAN)",
    "if-test": "if RAN is None: pass",
    "if-body": "if True:\n    RAN",
    "while-test": "while RAN: pass",
    "for-iterable": "for a in [RAN]: pass",
    "for-body": "for a in [1]:\n    RAN",
    "with": "with open(RAN or 0) as a: pass",
    "try": "try:\n    RAN\nfinally:\n    pass",
    "except-type": "try:\n    {}[1]\nexcept (RAN or KeyError):\n    pass",
    "except-body": "try:\n    {}[1]\nexcept KeyError:\n    RAN",
    "finally": "try:\n    pass\nfinally:\n    RAN",
    "assert": "assert RAN is None",
    "assert-message": "try:\n    assert False, RAN\nexcept AssertionError:\n    pass",
    "conditional": "a = RAN if True else 1",
    "boolean": "a = True and RAN",
    "compare": "a = 1 < (RAN or 2)",
    "slice": "a = [1][RAN:]",
    "match": "match 1:\n    case 1 if RAN is None: pass",
    "property": "class C:\n    @property\n    def p(self):\n        return RAN\na = C().p",
    "init": "class C:\n    def __init__(self):\n        RAN\na = C()",
    "new": "class C:\n    def __new__(cls):\n        RAN\na = C()",
    "getattr": "class C:\n    def __getattr__(self, n):\n        RAN\na = C().n",
    "operator": "class C:\n    def __add__(self, o):\n        RAN\na = C() + 1",
    "hash": "class C:\n    def __hash__(self):\n        RAN\na = {C(): 1}",
    "str": "class C:\n    def __str__(self):\n        RAN\na = str(C())",
    "subclass-hook": "class C:\n    def __init_subclass__(cls):\n        RAN\nclass D(C): pass",
    "set-name": "class C:\n    def __set_name__(self, o, n):\n        RAN\nclass D:\n    a = C()",
    "format": "a = '{0.__class__}'.format(RAN)",
    "eval": 'eval("RAN")',
    "exec": 'exec("RAN")',
    "compile": "eval(compile(\"RAN\", '', 'eval'))",
    "sorted-key": "a = sorted([1], key=lambda b: RAN)",
    "module-getattr": "def __getattr__(name):\n    RAN",
    "global": "global only_here\nonly_here = RAN",
}
"""Statements that each run RAN when Python runs them."""
AT_ONCE = 16
"""Statements in one file: few, as one that ends the file's reading hides those below it."""


@pytest.mark.parametrize("dialect", FIXTURES)
def test_nothing_runs_wherever_it_stands(dialect, tmp_path, monkeypatch):
    monkeypatch.setenv("DOCGEN_CACHE", str(tmp_path / "cache"))
    source, name = FIXTURES[dialect]
    root = Path(shutil.copytree(source, tmp_path / dialect))
    sound = _digests(root)
    file = root / name
    text = file.read_text()
    marks = tmp_path / "ran"
    marks.mkdir()
    codes = [
        code.replace("RAN", RAN.format(mark=str(marks / position)))
        for position, code in POSITIONS.items()
    ]
    for start in range(0, len(codes), AT_ONCE):
        file.write_text("\n".join([text, *codes[start : start + AT_ONCE], ""]))
        compile(file.read_text(), name, "exec")
        assert set(_digests(root)) == set(sound)
        assert list(marks.iterdir()) == []


def _digests(root):
    """Return the keys that an export prints; it may end with an error, but never with a crash."""
    done = CliRunner().invoke(main, ["export", "--source", str(root), "--digests"])
    assert done.exit_code in {0, 3}, done.output
    return [line.split("\t")[0] for line in done.stdout.splitlines()]


def test_each_statement_runs_when_python_runs_it(tmp_path):
    ended = {}
    for position, code in POSITIONS.items():
        mark = tmp_path / position
        if position == "module-getattr":
            continue
        try:
            text = code.replace("RAN", RAN.format(mark=str(mark)))
            exec(compile(text, position, "exec", dont_inherit=True), {})
        except (TypeError, ValueError, AttributeError, KeyError, RuntimeError, OSError) as error:
            ended[position] = error
        assert mark.exists(), (position, ended.get(position))
