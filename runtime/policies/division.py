"""How a result is classed: division, category, suite, and what each asks for."""

from __future__ import annotations

from runtime.errors import Problem
from runtime.policies.model import Policy
from runtime.policies.systems import DIVISIONS, STATUS, SYSTEM_TYPES

CLOSED = Policy(
    id="division.closed",
    title="Closed division",
    rule=(
        "The reference model, or one that computes the same, with the reference's pre- and "
        "post-processing. Calibration is allowed, retraining is not. Every required scenario of "
        "the suite, the accuracy goal and the compliance tests must be met."
    ),
    applies_to="closed",
    source="MLPerf inference_rules.adoc, Closed Division; compliance/README.md",
)
"""The only division whose results are compared with each other."""

OPEN = Policy(
    id="division.open",
    title="Open division",
    rule=(
        "Any model, pre- and post-processing, retraining included, for the same task on the same "
        "data set. Accuracy is reported beside speed; no goal and no compliance test is asked for."
    ),
    applies_to="open",
    source="MLPerf inference_rules.adoc, Open Division and Relaxed constraints",
)
"""Where a stand-in model belongs."""

NETWORK = Policy(
    id="division.network",
    title="Network division",
    rule=(
        "Closed, for datacenter systems behind a real network fabric: LoadGen and the system under "
        "test are separate machines, the proxy between them may carry data and nothing else, and "
        "the system's name contains `Network SUT`."
    ),
    applies_to="network",
    source="MLPerf inference_rules.adoc, Network Division",
)
"""This harness has no proxy, so it makes no such result."""

AVAILABLE = Policy(
    id="category.available",
    title="Category: available",
    rule=(
        "Hardware and software have a price, were shipped or rented to a third party, and anybody "
        "can buy or rent them by the day of submission."
    ),
    applies_to="all",
    source="MLPerf submission_rules.adoc, Available Systems",
)
"""The strictest category."""

PREVIEW = Policy(
    id="category.preview",
    title="Category: preview",
    rule=(
        "The system becomes available within 140 days or by the next submission, whichever is "
        "later, and the submitter then submits it again; at most 2 % may be lost."
    ),
    applies_to="all",
    source="MLPerf submission_rules.adoc, Preview Systems",
    value=140,
    unit="days",
)
"""A promise with a date."""

RDI = Policy(
    id="category.rdi",
    title="Category: research, development or internal",
    rule="A system with a part that is neither available nor preview.",
    applies_to="all",
    source="MLPerf submission_rules.adoc, Research, Development, or Internal Systems",
)
"""Where a machine of unknown parts belongs."""

SPELLING = Policy(
    id="category.spelling",
    title="Words of the systems JSON",
    rule=(
        "`system_type` is `datacenter`, `edge`, or both joined by a comma, in exactly this letter "
        "case; `status` is `available`, `preview` or `rdi`. A division folder in another letter "
        "case is passed over by the checker without a word."
    ),
    applies_to="all",
    source="mlcommons/inference@b66003e10 submission_checker, checks/system_check.py and loader.py",
)
"""A folder that is passed over looks like success."""

ECC = Policy(
    id="suite.ecc",
    title="Datacenter systems use ECC",
    rule=(
        "A datacenter result is measured with ECC switched on in main memory and in the memory of "
        "the accelerators, and the network that the system needs is fitted."
    ),
    applies_to="datacenter",
    source="MLPerf inference_rules.adoc, Minimum requirements of a datacenter system",
)
"""Edge systems have no such rule."""

SCENARIOS = Policy(
    id="suite.scenarios",
    title="Required scenarios",
    rule=(
        "A closed submission of a benchmark has every scenario that the round requires of its "
        "suite; the tables of the rounds list them. Of a language model Server or Interactive is "
        "enough in v6.1."
    ),
    applies_to="closed",
    source="mlcommons/inference@b66003e10 submission_checker, constants.py and commit b66003e10",
)
"""`runtime.policies.rounds` has them as data."""

INFERRED = Policy(
    id="suite.inferred",
    title="Inferred edge results",
    rule=(
        "An edge submitter may derive MultiStream from SingleStream (8 x the 99th-percentile "
        "latency), and Offline from either (samples of a query divided by the mean latency). The "
        "folders of the run are copied under the derived name."
    ),
    applies_to="edge",
    source="MLPerf inference_rules.adoc, after the edge scenarios",
    value=8,
    unit="samples",
)
"""The harness measures instead of deriving; the rule explains what others submit."""

SEEN_CODE = Policy(
    id="division.source",
    title="Source is shown",
    rule="The source that made the result is public and sufficient to repeat it.",
    applies_to="all",
    source="MLPerf inference_rules.adoc, General rules; submission_rules.adoc, Source code",
)
"""A run record names version and commit."""


def inferred_multi_stream_ms(p99_ms: float) -> float:
    """Return the MultiStream result in ms that a SingleStream 99th percentile in ms stands for."""
    return INFERRED.number * p99_ms


def inferred_offline(mean_ms: float, samples_per_query: int = 1) -> float:
    """Return the Offline result in samples/s that a stream's mean latency stands for.

    Args:
        mean_ms: Mean latency of a query in ms.
        samples_per_query: 1 for SingleStream, 8 for MultiStream.
    """
    return samples_per_query * 1000 / mean_ms


def check_words(division: str, status: str, system_type: str) -> list[Problem]:
    """Return the problems of the three words that class a system; empty when all are known."""
    found = []
    for key, word, known in (
        ("division", division, DIVISIONS),
        ("status", status.lower(), STATUS),
        ("system_type", system_type, SYSTEM_TYPES),
    ):
        if word not in known:
            do = "write one of them, in lower case"
            found.append(Problem(key, f"one of {', '.join(known)}", repr(word), do))
    return found
