"""The glossary: complete, ordered, each term defined with a source."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

import runtime
from runtime.policies.catalog import policies
from runtime.policies.contradictions import CONTRADICTIONS
from runtime.policies.rounds import ROUNDS
from runtime.terms import measuring, results, rules, systems
from runtime.terms.catalog import terms
from runtime.terms.model import Term
from runtime.troubles.catalog import troubles
from runtime.vocabulary import (
    Category,
    Division,
    HarnessKind,
    Mode,
    PowerSetting,
    Precision,
    Scenario,
)

FOLDER = Path(runtime.__file__).parent / "terms"

PLAIN = {
    "API", "ASCII", "CUDA", "CPU", "GB", "GPU", "HBM", "HTTP", "ID", "IEEE", "ISO", "JSON", "MB",
    "NVIDIA", "OK", "OS", "PASS", "PCI", "POSIX", "README", "UTC", "UUID", "YES", "NO", "URL", "UI",
    "CNN", "COCO", "GSM", "MBXP", "BFCL", "IGBH", "FRAMES", "DLRM", "RGAT", "BERT", "YOLO", "GPT",
    "OSS", "DICE", "ROUGE", "FP", "Q", "DQ", "NULL", "LLM", "UCX", "XL", "PARTIAL", "SQ", "SHA",
    "HARNESS", "RESULT", "VALID_AVAILABILITIES", "AIME", "GPQA", "SUDO", "FIELD", "NEW",
    "TEST", "CODE", "FILE", "RTX", "PRO", "REQUIRED", "POWER", "FILES", "DIR", "CACHE", "RECORD", "LIMIT", "MEMLOCK", "INDEX",
}  # fmt: skip
"""Short words that every reader knows, names of data sets and models, parts of identifiers."""


def test_every_constant_is_listed_once() -> None:
    constants = [
        t
        for m in (measuring, results, rules, systems)
        for t in vars(m).values()
        if isinstance(t, Term)
    ]
    assert len(terms()) == len(constants) == len({t.name for t in constants}) > 90


def test_terms_are_ordered_by_name() -> None:
    names = [t.name.lower() for t in terms()]
    assert names == sorted(names)


@pytest.mark.parametrize("term", terms(), ids=lambda t: t.name)
def test_terms_say_what_and_where(term: Term) -> None:
    assert re.match(r"[A-Z`8b]", term.definition)
    assert term.definition.endswith(".")
    assert len(term.definition) > 30
    assert len(term.source) >= len("Calliope") or term.source == "IEEE 754"


def test_words_of_the_vocabulary_are_explained() -> None:
    names = {t.name.lower().replace("-", "").replace(" ", "") for t in terms()}
    known = {
        "performance": "performancemode", "accuracy": "accuracymode", "closed": "closeddivision",
        "open": "opendivision", "network": "networkdivision", "heteromig": "heterogeneousmig",
    }  # fmt: skip
    for enum in (Scenario, Mode, Precision, PowerSetting, HarnessKind, Division, Category):
        for word in enum:
            plain = str(word).replace("-", "")
            if plain != "direct":
                assert known.get(plain, plain) in names, word


def test_acronyms_of_rules_and_messages_are_explained() -> None:
    texts = [t for p in policies() for t in (p.title, p.rule)]
    texts += [t for c in CONTRADICTIONS for t in (c.subject, c.why)]
    texts += [t for x in troubles() for t in (x.title, x.symptom, x.cause, x.mend)]
    texts += [t.definition for t in terms()]
    glossary = " ".join(t.name for t in terms())
    explained = {t.name for t in terms()} | set(re.findall(r"[A-Z]{2,}", glossary))
    used = set(re.findall(r"(?<![\w`.-])[A-Z]{2,}(?![\w.-])", " ".join(texts)))
    assert len(used) > 15
    assert used - explained - PLAIN == set()


def test_metrics_and_tests_of_the_rounds_are_said_somewhere() -> None:
    compliance = next(t for t in terms() if t.name == "compliance test").definition
    named = {t for r in ROUNDS for b in r.benchmarks for t in b.compliance}
    assert named == {"TEST01", "TEST04", "TEST06", "TEST07", "TEST08", "TEST09"}
    assert {"TEST01", "TEST04", "TEST06", "TEST09"} <= set(re.findall(r"TEST\d\d", compliance))


def test_every_constant_has_a_docstring_that_names_its_term() -> None:
    for path in FOLDER.glob("*.py"):
        body = ast.parse(path.read_text(encoding="utf-8")).body
        for node, after in zip(body, [*body[1:], None], strict=False):
            if isinstance(node, ast.Assign) and isinstance(node.value, ast.Call):
                assert isinstance(after, ast.Expr)
                name = ast.literal_eval(node.value.keywords[0].value)
                assert ast.literal_eval(after.value) == f"The term `{name}`."
