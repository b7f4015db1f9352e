"""The canonical form: what two programs must agree on to have resolved the same values."""

from __future__ import annotations

import hashlib
import json
from pathlib import PurePosixPath

import pytest

from docgen import catalog as c
from docgen import digests
from docgen.evaluation.interpreter import Interpreter
from docgen.evaluation.objects import NotStatic, Unknown
from docgen.evaluation.tree import Tree

WHERE = c.Source(path="a.py", line=3)


@pytest.fixture(name="member")
def _member(tmp_path):
    (tmp_path / "words.py").write_text("from enum import Enum\n\nclass Kind(Enum):\n    A = 1\n")
    interpreter = Interpreter(Tree(tmp_path, ("words",)))
    module = interpreter.module("words")
    return interpreter.attribute(module.names["Kind"].value, "A", WHERE, module)


def test_values_take_their_canonical_form(member):
    value = {
        member: member,
        1: (1, 1.0, True, None),
        "set": {"b", "a"},
        "path": PurePosixPath("x") / "y",
    }
    assert digests.canonical(value) == {
        "Kind.A": "Kind.A",
        "1": [1, 1.0, True, None],
        "set": ["a", "b"],
        "path": "x/y",
    }


def test_sets_are_sorted_by_json_text():
    assert digests.canonical({10, 9, "9"}) == ["9", 10, 9]


def test_integers_and_floats_are_distinct():
    assert digests.digest({"x": 1}) != digests.digest({"x": 1.0})


def test_the_digest_is_that_of_the_documented_text():
    fields = {"b": [1, 2.5], "a": "ä"}
    text = json.dumps(fields, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    assert digests.digest(fields) == hashlib.sha256(text.encode()).hexdigest()


def test_what_is_unknown_or_no_value_is_refused():
    with pytest.raises(NotStatic):
        digests.digest({"x": [Unknown(NotStatic(WHERE, "a call"))]})
    with pytest.raises(TypeError, match="function"):
        digests.digest({"x": lambda: 1})


def _entry(key: str, **values) -> c.Entry:
    benchmark, scenario, system, harness, accuracy, power = key.split("/")
    return c.Entry(
        key=key,
        target=system,
        workload=benchmark,
        scenario=scenario,
        setting=c.Setting(accuracy=accuracy, power=power, harness=harness),
        values={},
        source=WHERE,
        **values,
    )


def test_lines_are_sorted_and_say_what_was_refused_or_left_open():
    entries = (
        _entry("B/Offline/S/H/99/P", digest="2" * 64),
        _entry("A/Offline/S/H/99/P", digest="1" * 64, rejected="no batch"),
        _entry("C/Offline/S/H/99/P"),
    )
    catalog = c.Catalog(dialect="registry", root="x", packages=(), entries=entries)
    assert list(digests.lines(catalog)) == [
        f"A/Offline/S/H/99/P\t{'1' * 64}\trejected",
        f"B/Offline/S/H/99/P\t{'2' * 64}",
        "C/Offline/S/H/99/P\t-\tunresolved",
    ]
