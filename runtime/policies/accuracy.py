"""What answers must be worth, and what calibration may use."""

from __future__ import annotations

from collections.abc import Iterable

from runtime.errors import Problem
from runtime.policies.model import Policy
from runtime.vocabulary import AccuracyTarget

GOAL_99 = Policy(
    id="accuracy.goal-99",
    title="Accuracy goal, 99 %",
    rule=(
        "An accuracy run reaches at least 99 % of the reference model's accuracy, measured on the "
        "whole evaluation set."
    ),
    applies_to="all",
    source=(
        "MLPerf inference_rules.adoc, Benchmarks; the submission checker's ResNet goal 75.6954 % "
        "is 0.99 x 76.46 %"
    ),
    value=0.99,
)
"""The default."""

GOAL_99_9 = Policy(
    id="accuracy.goal-99.9",
    title="Accuracy goal, 99.9 %",
    rule=(
        "The high-accuracy variant of a benchmark reaches at least 99.9 % of the reference "
        "model's accuracy. MLPerf has one for some benchmarks; ResNet-50 is not among them."
    ),
    applies_to="all",
    source="MLPerf inference_rules.adoc, Benchmarks",
    value=0.999,
)
"""The variant that entries mark `@99.9`."""

RANGE = Policy(
    id="accuracy.range",
    title="Accuracy has an upper limit, too, where it is a length",
    rule=(
        "Some metrics must lie in a range: the tokens of an answer within 90 % and 110 % of the "
        "reference, both scores of Stable Diffusion XL between fixed figures. Every metric of a "
        "benchmark must pass; the tables of the rounds list them."
    ),
    applies_to="all",
    source="mlcommons/inference@b66003e10 submission_checker, accuracy-upper-limit",
)
"""Short answers are fast answers."""

FIVE_FIGURES = Policy(
    id="accuracy.five-figures",
    title="Accuracy in five figures",
    rule="An accuracy is reported with five significant figures, rounded half to even.",
    applies_to="all",
    source="MLPerf inference_rules.adoc, after the edge scenarios",
    value=5,
    unit="figures",
)
"""98.9995 % is written 99.000 %."""

WHOLE_SET = Policy(
    id="accuracy.whole-set",
    title="Every sample once",
    rule=(
        "An accuracy run sends every sample of the evaluation set exactly once and judges logged "
        "answers, with the same code and model as the performance run."
    ),
    applies_to="all",
    source="MLPerf inference_rules.adoc, LoadGen Operation; LoadGen, TestMode.AccuracyOnly",
)
"""Why an accuracy run is never shortened."""

SEPARATE_VERDICTS = Policy(
    id="accuracy.separate-verdicts",
    title="Validity and accuracy are two verdicts",
    rule=(
        "LoadGen's VALID says nothing of the answers. A figure counts when a performance run is "
        "VALID and an accuracy run of the same configuration reaches its goal."
    ),
    applies_to="all",
    source="LoadGen, results.cc; MLPerf submission_rules.adoc",
)
"""A fast wrong model is still VALID to LoadGen."""

LOG_LIMIT = Policy(
    id="accuracy.log-limit",
    title="Size of a published accuracy log",
    rule=(
        "A submission's accuracy log is cut to 10 240 bytes, with the hash of the whole log kept "
        "beside the result. The harness keeps the whole log of its own runs."
    ),
    applies_to="all",
    source="mlcommons/inference tools/submission/submission_checker/constants.py",
    value=10_240,
    unit="bytes",
)
"""Only matters for a submission."""

CALIBRATION_SET = Policy(
    id="calibration.given-set",
    title="Calibration uses its own data alone",
    rule=(
        "Ranges for quantisation come from the calibration set of the benchmark only, which "
        "shares no sample with the evaluation set, and from no retraining."
    ),
    applies_to="int8, fp8",
    source="MLPerf inference_rules.adoc, Weight Definition and Quantization",
)
"""Calibrating on what is judged would measure memory, not the model."""

CALIBRATION_RECORD = Policy(
    id="calibration.record",
    title="Calibration can be repeated",
    rule=(
        "The ordered list of calibration samples is kept with its hash, and the method is "
        "described, so that the same ranges come out again."
    ),
    applies_to="int8, fp8",
    source="MLPerf submission_rules.adoc, Directory structure (calibration); Calliope",
)
"""What a reader needs to reproduce a quantised model."""


CALIBRATION_METHOD = Policy(
    id="calibration.method",
    title="Calibration is mathematics alone",
    rule=(
        "Quantisation is a purely mathematical, repeatable procedure whose description is much "
        "smaller than the weights it makes. A subset of the calibration set may be used."
    ),
    applies_to="int8, fp8",
    source="MLPerf inference_rules.adoc, Weight Definition and Quantization",
)
"""No search over the evaluation set in disguise."""


def accuracy_goal(target: AccuracyTarget, reference: float) -> float:
    """Return the least accuracy that passes, as a share.

    Args:
        target: Share of the reference that must be kept.
        reference: Accuracy of the FP32 reference model, as a share.

    Returns:
        0.756954 for 99 % of ResNet-50's reference 0.7646.
    """
    rule = GOAL_99_9 if target is AccuracyTarget.P99_9 else GOAL_99
    return reference * rule.number


def check_disjoint(calibration: Iterable[str], evaluation: Iterable[str]) -> list[Problem]:
    """Return the problem of sample sets that overlap; empty when they share nothing.

    Args:
        calibration: Identities of the calibration samples: hashes or file names.
        evaluation: Identities of the evaluation samples, of the same kind.
    """
    shared = sorted(set(calibration) & set(evaluation))
    if not shared:
        return []
    got = f"{len(shared)} shared samples, the first {shared[0]}"
    do = "calibrate on the calibration set alone"
    return [Problem("calibration samples", "none of the evaluation set", got, do)]
