"""Words of runs: modes, verdicts, records."""

from __future__ import annotations

from runtime.terms.model import Term

RUN = Term(
    name="run",
    definition=(
        "One execution that LoadGen controls from start to end. Its metric is the run's result."
    ),
    source="MLPerf inference_rules.adoc, Definitions",
)
"""The term `run`."""

RUN_RESULT = Term(
    name="run result",
    definition="The figure of the scenario that one run yields.",
    source="MLPerf inference_rules.adoc, Definitions",
)
"""The term `run result`."""

PERFORMANCE_MODE = Term(
    name="performance mode",
    definition="A timed run on samples drawn at random with replacement; answers are not kept.",
    source="MLPerf inference_rules.adoc, LoadGen Operation; mlcommons/inference loadgen, TestMode",
)
"""The term `performance mode`."""

ACCURACY_MODE = Term(
    name="accuracy mode",
    definition=(
        "A run on every sample of the data set exactly once, whose answers are logged and judged."
    ),
    source="MLPerf inference_rules.adoc, LoadGen Operation; mlcommons/inference loadgen, TestMode",
)
"""The term `accuracy mode`."""

COMPLIANCE_MODE = Term(
    name="compliance mode",
    definition=(
        "A performance run with an audit.config in the working directory, which checks for "
        "forbidden shortcuts such as caching."
    ),
    source="mlcommons/inference compliance/README.md",
)
"""The term `compliance mode`."""

SUBMISSION_RUN = Term(
    name="SubmissionRun",
    definition=(
        "LoadGen's mode that does an accuracy and a performance run in one process. Its logs are "
        "mixed, so it is not used."
    ),
    source="mlcommons/inference loadgen, TestMode",
)
"""The term `SubmissionRun`."""

FIND_PEAK = Term(
    name="FindPeakPerformance",
    definition="LoadGen's mode that searches the highest rate by itself. Its outcome is no result.",
    source="mlcommons/inference loadgen, TestMode",
)
"""The term `FindPeakPerformance`."""

VALID = Term(
    name="VALID",
    definition=(
        "LoadGen's verdict that a run was long enough, had enough queries, met its latency "
        "bound and passed early stopping. It says nothing of accuracy."
    ),
    source="mlcommons/inference loadgen/results.cc",
)
"""The term `VALID`."""

INVALID = Term(
    name="INVALID",
    definition="The opposite of VALID; the log names each condition that was missed.",
    source="mlcommons/inference loadgen/results.cc",
)
"""The term `INVALID`."""

EARLY_STOPPING = Term(
    name="early stopping",
    definition=(
        "The statistical rule that lets few queries suffice: it reports a slightly "
        "pessimistic percentile that holds with 99 % confidence."
    ),
    source="MLPerf inference_rules.adoc, appendix Early Stopping Criterion",
)
"""The term `early stopping`."""

PERCENTILE = Term(
    name="percentile",
    definition=(
        "The value that a given share of the measured ones stays below: 99 % of the latencies "
        "are below the 99th percentile."
    ),
    source="MLPerf inference_rules.adoc, Scenarios",
)
"""The term `percentile`."""

QUICK_RUN = Term(
    name="quick run",
    definition=(
        "A run with shortened durations that shows whether everything works and roughly how "
        "fast. It is no official run."
    ),
    source="Calliope",
)
"""The term `quick run`."""

DRY_RUN = Term(
    name="dry run",
    definition=(
        "Resolving a configuration without executing it: values and commands are right, "
        "nothing is measured."
    ),
    source="Calliope",
)
"""The term `dry run`."""

RUN_RECORD = Term(
    name="run record",
    definition=(
        "The JSON file that says what one run measured, on which machine, with which settings "
        "and versions."
    ),
    source="Calliope",
)
"""The term `run record`."""
