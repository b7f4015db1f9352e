"""Workloads, policies, terms, commands and names of the small catalog."""

from __future__ import annotations

from docgen.catalog import (
    ApiItem,
    Command,
    Failure,
    Flag,
    Policy,
    Source,
    Term,
    Word,
    Workload,
)


def at(path: str, line: int) -> Source:
    return Source(path=path, line=line)


WORKLOADS = (
    Workload(
        name="digits",
        title="Digits",
        source=at("runtime/workloads/digits.py", 8),
        properties={
            "task": "Names the digit in an 8x8 image.",
            "model": "A small CNN_2.",
            "dataset": "1797 images",
            "metric": "top-1 accuracy",
            "reference_accuracy": 0.9815,
            "parameters": 30_000,
            "flops_per_sample": 1_200_000.0,
            "mlperf": False,
            "input": {"name": "image", "dtype": "float32", "shape": [1, 8, 8]},
            "output": {"name": "logits", "dtype": "float32", "shape": [10]},
        },
        docs={"task": "What it does.", "parameters": "Trainable numbers."},
        units={"parameters": "parameters", "flops_per_sample": "FLOP"},
    ),
    Workload(
        name="resnet50",
        title="ResNet-50",
        source=at("runtime/workloads/resnet50.py", 8),
        properties={
            "task": "Classifies an image into 1000 classes.",
            "parameters": 25_557_032,
            "input": {"name": "input", "dtype": "float32", "shape": [3, 224, 224]},
            "output": {"name": "logits", "dtype": "float32", "shape": [1000]},
        },
    ),
)
POLICIES = (
    Policy(
        id="run.min-duration",
        title="At least ten minutes",
        rule="A run lasts 600 s.",
        applies_to="all",
        basis="MLPerf rules",
        source=at("runtime/policies/run.py", 5),
        value=600_000,
        unit="ms",
    ),
    Policy(
        id="server.percentile",
        title="99th percentile",
        rule="Bound holds at p99.",
        applies_to="server",
        basis="MLPerf rules",
        source=at("runtime/policies/run.py", 15),
        value=99.0,
        unit="%",
    ),
    Policy(
        id="run.bert",
        title="Only for BERT",
        rule="Something of BERT.",
        applies_to="bert",
        basis="MLPerf rules",
        source=at("runtime/policies/run.py", 25),
    ),
)
TERMS = (
    Term(
        name="query",
        definition="One or more samples, sent at once.",
        basis="rules",
        source=at("runtime/terms.py", 9),
    ),
    Term(
        name="GI / CI",
        definition="GPU instance and compute instance.",
        basis="MIG guide",
        source=at("runtime/terms.py", 19),
    ),
)
WORDS = (
    Word(
        enum="Scenario",
        name="OFFLINE",
        value="offline",
        doc="All samples in one query.",
        source=at("runtime/vocabulary.py", 30),
    ),
    Word(
        enum="CauseCode",
        name="MIN_DURATION",
        value="min-duration",
        doc="It ended too early.",
        source=at("runtime/vocabulary.py", 90),
    ),
)
FAILURES = (
    Failure(
        code="H200",
        name="ConfigError",
        doc="Values that cannot be right.",
        exit_code=2,
        source=at("runtime/errors.py", 50),
    ),
)
COMMANDS = (
    Command(
        name="harness run",
        help="Run one workload.\n\nWrites `record.json`.",
        source=at("runtime/cli/run.py", 20),
        flags=(
            Flag(
                names=("--target", "-t"),
                help="Target to run on.",
                required=True,
                source=at("runtime/cli/run.py", 12),
            ),
            Flag(
                names=("--mode",),
                help="What for.",
                choices=("performance", "accuracy"),
                default="performance",
                source=at("runtime/cli/run.py", 14),
            ),
            Flag(
                names=("--quick",),
                help="Shorten it.",
                is_flag=True,
                default=False,
                source=at("runtime/cli/run.py", 15),
            ),
        ),
    ),
    Command(
        name="docgen explain",
        help="Say where a value comes from.",
        source=at("docgen/cli/explain.py", 20),
        flags=(
            Flag(
                names=("key",),
                help="Key of an entry.",
                argument=True,
                required=True,
                source=at("docgen/cli/explain.py", 12),
            ),
        ),
    ),
)
API = (
    ApiItem(name="runtime", kind="module", source=at("runtime/__init__.py", 1), doc="The harness."),
    ApiItem(
        name="runtime.errors",
        kind="module",
        source=at("runtime/errors.py", 1),
        doc="One root for errors.",
    ),
    ApiItem(
        name="runtime.errors.suggest",
        kind="function",
        source=at("runtime/errors.py", 80),
        signature="(word: str, known: Sequence[str] = ('a|b',), *rest: int) -> str",
        doc="Return a mend for *args and {role}`x`.\n\nArgs:\n    word: The <word>.\n"
        "    known: All of them.\n\nReturns:\n    One: text.\n\nWhy:\n    Because.\n",
    ),
    ApiItem(
        name="runtime.errors.RunError",
        kind="class",
        source=at("runtime/errors.py", 60),
        bases=("HarnessError",),
        doc="A run that could not finish.",
    ),
    ApiItem(
        name="runtime.errors.RunError.code",
        kind="attribute",
        value="'H500'",
        source=at("runtime/errors.py", 62),
        doc="Stable identity.",
    ),
    ApiItem(
        name="runtime.errors.RunError.exit_code",
        kind="attribute",
        value="5",
        source=at("runtime/errors.py", 63),
    ),
)
