"""The glossary: complete, ordered, each term defined with a source."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import runtime.terms
from runtime.terms import TERMS, Term, terms


def test_every_constant_is_listed_once() -> None:
    constants = [t for t in vars(runtime.terms).values() if isinstance(t, Term)]
    assert len(TERMS) == len(constants) == len({t.name for t in TERMS}) > 50
    assert set(TERMS) == set(constants)


def test_terms_are_ordered_by_name() -> None:
    names = [t.name.lower() for t in terms()]
    assert names == sorted(names)
    assert set(terms()) == set(TERMS)


def test_terms_say_what_and_where() -> None:
    for term in TERMS:
        assert re.match(r"[A-Z`]", term.definition), term.name
        assert term.definition.endswith("."), term.name
        assert len(term.definition) > 30, term.name
        assert len(term.source) >= len("Calliope"), term.name


def test_words_of_the_vocabulary_are_explained() -> None:
    names = {t.name for t in TERMS}
    assert {
        "sample", "query", "QSL", "SUT", "LoadGen", "lane", "Offline", "Server", "SingleStream",
        "MultiStream", "VALID", "early stopping", "MaxQ", "MIG slice", "unverified", "Q/DQ nodes",
    } <= names  # fmt: skip


def test_every_constant_has_a_docstring_that_names_its_term() -> None:
    body = ast.parse(Path(runtime.terms.__file__).read_text(encoding="utf-8")).body
    for node, after in zip(body, [*body[1:], None], strict=False):
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Call):
            assert isinstance(after, ast.Expr)
            name = ast.literal_eval(node.value.keywords[0].value)
            assert ast.literal_eval(after.value) == f"The term `{name}`."
