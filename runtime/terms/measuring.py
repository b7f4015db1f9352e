"""Words of measuring: load and scenarios."""

from __future__ import annotations

from runtime.terms.model import Term

SAMPLE = Term(
    name="sample",
    definition=(
        "The smallest thing that one inference answers: an image, a sequence of tokens. Each "
        "benchmark says what its sample is."
    ),
    source="MLPerf inference_rules.adoc, Definitions and Scenarios",
)
"""The term `sample`."""

QUERY = Term(
    name="query",
    definition=(
        "One or more samples handed to the system under test at one time. Latency is measured "
        "per query."
    ),
    source="MLPerf inference_rules.adoc, Definitions; mlcommons/inference loadgen/query_sample.h",
)
"""The term `query`."""

SAMPLE_INDEX = Term(
    name="sample index",
    definition="Position of a sample in the data set. Answers may not be cached by it.",
    source="mlcommons/inference loadgen/query_sample.h; MLPerf inference_rules.adoc, FAQ",
)
"""The term `sample index`."""

RESPONSE_ID = Term(
    name="response id",
    definition=(
        "The opaque handle that LoadGen gives each issued sample and wants back unchanged "
        "with the answer."
    ),
    source="mlcommons/inference loadgen/query_sample.h",
)
"""The term `response id`."""

QUERY_ID = Term(
    name="query id",
    definition=(
        "Another name of the response id: the handle of an issued sample, different each time, "
        "and never the key of a cache."
    ),
    source="mlcommons/inference loadgen/query_sample.h",
)
"""The term `query id`."""

QSL = Term(
    name="QSL",
    definition=(
        "Query sample library: the object that owns the data set and loads samples into "
        "memory, untimed, when LoadGen asks."
    ),
    source="mlcommons/inference loadgen/query_sample_library.h",
)
"""The term `QSL`."""

PERFORMANCE_SAMPLE_COUNT = Term(
    name="performance_sample_count",
    definition=(
        "Number of distinct samples that a performance run draws from. Each benchmark sets a "
        "minimum, so that a cache does not answer for the model."
    ),
    source="mlcommons/inference loadgen/mlperf.conf, performance_sample_count_override",
)
"""The term `performance_sample_count`."""

SUT = Term(
    name="SUT",
    definition=(
        "System under test: the fixed hardware and software that is measured. In code, the "
        "object that receives queries from LoadGen and answers them."
    ),
    source=(
        "MLPerf inference_rules.adoc, Definitions; mlcommons/inference loadgen/system_under_test.h"
    ),
)
"""The term `SUT`."""

LOADGEN = Term(
    name="LoadGen",
    definition=(
        "MLCommons' load generator: it sends queries, measures time, judges validity and "
        "writes the logs. It is used unmodified."
    ),
    source="MLPerf inference_rules.adoc, Load Generator",
)
"""The term `LoadGen`."""

USER_CONF = Term(
    name="user.conf",
    definition=(
        "The submitter's settings for LoadGen, one line a setting. What LoadGen does not know in "
        "it is passed over without a word."
    ),
    source="mlcommons/inference loadgen/test_settings_internal.cc",
)
"""The term `user.conf`."""

MLPERF_CONF = Term(
    name="mlperf.conf",
    definition=(
        "The round's settings for LoadGen: seeds, durations, bounds. It is compiled into the wheel."
    ),
    source="mlcommons/inference loadgen/mlperf.conf",
)
"""The term `mlperf.conf`."""

LANE = Term(
    name="lane",
    definition=(
        "An inference worker of this harness with its own buffers and its own binding of the "
        "model. Several lanes on one device overlap copying and computing."
    ),
    source="Calliope",
)
"""The term `lane`."""

SCENARIO = Term(
    name="scenario",
    definition=(
        "How queries arrive and which metric judges the run: Offline, Server, SingleStream, "
        "MultiStream."
    ),
    source="MLPerf inference_rules.adoc, Scenarios",
)
"""The term `scenario`."""

OFFLINE = Term(
    name="Offline",
    definition="All samples in one query; the metric is samples per second.",
    source="MLPerf inference_rules.adoc, Scenarios",
)
"""The term `Offline`."""

SERVER = Term(
    name="Server",
    definition=(
        "Queries of one sample that arrive at random (Poisson); the metric is the highest "
        "rate at which the 99th-percentile latency stays within the bound."
    ),
    source="MLPerf inference_rules.adoc, Scenarios",
)
"""The term `Server`."""

INTERACTIVE = Term(
    name="Interactive",
    definition=(
        "Server with tighter bounds on TTFT and TPOT. LoadGen has no such scenario: it is a "
        "Server run under a model name that ends in -interactive."
    ),
    source="MLPerf inference_rules.adoc, Scenarios; mlcommons/inference loadgen/mlperf.conf",
)
"""The term `Interactive`."""

SINGLE_STREAM = Term(
    name="SingleStream",
    definition=(
        "Queries of one sample, each after the answer to the one before; the metric is the "
        "90th-percentile latency."
    ),
    source="MLPerf inference_rules.adoc, Scenarios",
)
"""The term `SingleStream`."""

MULTI_STREAM = Term(
    name="MultiStream",
    definition=(
        "Queries of eight samples, each after the answer to the one before; the metric is the "
        "99th-percentile latency of a query."
    ),
    source="MLPerf inference_rules.adoc, Scenarios",
)
"""The term `MultiStream`."""

POISSON = Term(
    name="Poisson arrivals",
    definition="Queries that come at random, independent of each other, with a fixed mean rate.",
    source="MLPerf inference_rules.adoc, Scenarios",
)
"""The term `Poisson arrivals`."""

EQUAL_ISSUE = Term(
    name="equal-issue mode",
    definition=(
        "LoadGen issues whole permutations of the data set instead of random draws, so that "
        "inputs of different size weigh the same in every run."
    ),
    source="mlcommons/inference loadgen/mlperf.conf, sample_concatenate_permutation",
)
"""The term `equal-issue mode`."""

SEED = Term(
    name="seed",
    definition=(
        "The start of a random sequence. Three seeds decide which samples are loaded, which are "
        "sent, and when; each round has its own."
    ),
    source="mlcommons/inference loadgen/mlperf.conf",
)
"""The term `seed`."""

TARGET_QPS = Term(
    name="target QPS",
    definition=(
        "The rate that a configuration declares. In Server it is the rate of arrivals under "
        "test, in Offline it only sizes the query. It is never a result."
    ),
    source="mlcommons/inference loadgen/test_settings_internal.cc; mlperf.conf",
)
"""The term `target QPS`."""

TARGET_LATENCY = Term(
    name="target latency",
    definition=(
        "In Server the bound that the 99th percentile must meet. In the streams the expected "
        "latency, which only sizes the list of prepared queries."
    ),
    source="mlcommons/inference loadgen/test_settings_internal.cc; mlcommons/inference issue 464",
)
"""The term `target latency`."""

MIN_DURATION = Term(
    name="min_duration",
    definition="Least length of the timed part: 600 000 ms for an official run.",
    source="MLPerf inference_rules.adoc, Scenarios; mlcommons/inference loadgen/mlperf.conf",
)
"""The term `min_duration`."""

MIN_QUERY_COUNT = Term(
    name="min_query_count",
    definition=(
        "Least number of queries of a run; in Offline LoadGen reads it as the least number of "
        "samples."
    ),
    source="mlcommons/inference loadgen/mlperf.conf; test_settings_internal.cc",
)
"""The term `min_query_count`."""

TTFT = Term(
    name="TTFT",
    definition=(
        "Time to first token: from the query to the first token of the answer. Bounded in the "
        "Server scenario of language models."
    ),
    source="MLPerf inference_rules.adoc, Benchmarks",
)
"""The term `TTFT`."""

TPOT = Term(
    name="TPOT",
    definition="Time per output token: the mean time of each token after the first.",
    source="MLPerf inference_rules.adoc, Benchmarks",
)
"""The term `TPOT`."""
