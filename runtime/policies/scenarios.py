"""The scenarios in words: how queries arrive, what is measured, what ends a run, what to tune."""

from __future__ import annotations

from dataclasses import dataclass

from runtime.policies import run
from runtime.policies.model import Policy
from runtime.vocabulary import Scenario


@dataclass(frozen=True, kw_only=True)
class ScenarioGuide:
    """One scenario, for who chooses or tunes it."""

    scenario: Scenario
    """The scenario."""
    title: str
    """Its name as MLPerf writes it."""
    question: str
    """What a run answers."""
    arrival: str
    """How LoadGen sends queries."""
    drawing: str
    """The arrival over time, in characters."""
    metric: str
    """The figure that a run yields, and which way is better."""
    valid: str
    """When LoadGen calls a run VALID."""
    tune: tuple[str, ...]
    """What to change, the strongest first."""
    rules: tuple[Policy, ...]
    """Rules that set its numbers."""
    source: str
    """Where it is defined."""


OFFLINE = ScenarioGuide(
    scenario=Scenario.OFFLINE,
    title="Offline",
    question="How much does the system do when everything is there from the start?",
    arrival="One query with all samples, at once.",
    drawing=(
        "query   ################################\n"
        "answers  1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 |  samples / time\n"
        "time    0 ------------------------------->"
    ),
    metric="Throughput in samples/s; higher is better. Latency is not judged.",
    valid=(
        "The query lasted at least 600 s and had at least 24 576 samples, or the whole data set "
        "where that is smaller."
    ),
    tune=(
        "`batch_size`: double it until the rate stops rising or memory ends",
        "`lanes`: two overlap copying and computing",
        "`target_qps`: the rate that you expect; it only sizes the query (1.1 x 600 s x rate)",
    ),
    rules=(run.MIN_DURATION, run.OFFLINE_SAMPLES, run.OFFLINE_SIZING),
    source="MLPerf inference_rules.adoc, Scenarios",
)
"""Batch work."""

SERVER = ScenarioGuide(
    scenario=Scenario.SERVER,
    title="Server",
    question="Which rate of random requests does the system hold within a latency bound?",
    arrival="Queries of one sample, at random times (Poisson) with a fixed mean rate.",
    drawing=(
        "queries  #   ##  #     # ###   #  #    #\n"
        "answers   1    11 1     1  111  1  1    1   each within the bound, 99 % of them\n"
        "time    0 ------------------------------->"
    ),
    metric="The rate in queries/s at which the bound still holds; higher is better.",
    valid=(
        "99 % of the queries met the bound, with so many queries that luck is no explanation (459 "
        "without a miss, more with each), and the last was scheduled after 600 s."
    ),
    tune=(
        "`target_qps`: the rate under test; raise it until the bound breaks, then go back",
        "`batch_size` and `max_queue_delay_us`: larger batches raise the rate and cost latency",
        "`lanes`: more of them shorten the queue",
    ),
    rules=(
        run.MIN_DURATION,
        run.QUERIES_SERVER,
        run.PERCENTILE_SERVER,
        run.LATENCY_BOUNDS,
        run.CONFIDENCE,
    ),
    source="MLPerf inference_rules.adoc, Scenarios",
)
"""Online services. MLPerf's Interactive is Server with tighter bounds on tokens."""

SINGLE_STREAM = ScenarioGuide(
    scenario=Scenario.SINGLE_STREAM,
    title="SingleStream",
    question="How long does one user wait?",
    arrival="Queries of one sample, each sent when the one before is answered.",
    drawing=(
        "queries  #    #    #    #    #    #    #\n"
        "answers      1    1    1    1    1    1    1   each sends the next\n"
        "time    0 ------------------------------->"
    ),
    metric="The 90th percentile of the latency in ms; lower is better.",
    valid="The last query was issued after 600 s, and there were at least 64 queries.",
    tune=(
        "`intra_op_threads` on a CPU, `use_cuda_graph` on a GPU: the time of a single answer",
        "a coarser number format, where the accuracy goal allows it",
        "`expected_latency_ms`: at or below the usual latency; it only sizes the list of queries",
    ),
    rules=(run.MIN_DURATION, run.QUERIES_SINGLE_STREAM, run.PERCENTILE_SINGLE_STREAM),
    source="MLPerf inference_rules.adoc, Scenarios",
)
"""A phone, a robot."""

MULTI_STREAM = ScenarioGuide(
    scenario=Scenario.MULTI_STREAM,
    title="MultiStream",
    question="How long does a group of eight, one frame of eight cameras, wait?",
    arrival="Queries of eight samples, each sent when the one before is answered.",
    drawing=(
        "queries  8        8        8        8\n"
        "answers         1        1        1        1   when all eight are done\n"
        "time    0 ------------------------------->"
    ),
    metric="The 99th percentile of the latency of a query in ms; lower is better.",
    valid="The last query was issued after 600 s, and there were at least 662 queries.",
    tune=(
        "`batch_size`: eight answers all samples of a query in one call",
        "`intra_op_threads` on a CPU, `use_cuda_graph` on a GPU",
        "`expected_latency_ms`: at or below the usual latency of a query",
    ),
    rules=(
        run.MIN_DURATION,
        run.QUERIES_MULTI_STREAM,
        run.PERCENTILE_MULTI_STREAM,
        run.SAMPLES_PER_QUERY,
    ),
    source="MLPerf inference_rules.adoc, Scenarios",
)
"""Several sensors at one device."""
