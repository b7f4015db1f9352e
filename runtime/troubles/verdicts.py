"""Why a run is INVALID, PARTIAL, or VALID and still not good enough."""

from __future__ import annotations

from runtime.troubles.model import Trouble

MIN_DURATION = Trouble(
    code="min-duration",
    title="The run ended too early",
    symptom="INVALID; LoadGen says `Min duration satisfied : NO` and `Increase expected QPS`.",
    cause=(
        "Offline: LoadGen sends 1.1 x min_duration x target_qps samples in one query, and the "
        "system answered them faster than target_qps says. A maximum duration is ignored there: "
        "there is only one query. Streams: too few queries were prepared."
    ),
    mend=(
        "Offline: set `target_qps` to the measured rate or above; the message names the number. "
        "Streams: set a smaller `expected_latency_ms`."
    ),
    source="mlcommons/inference issues 457, 1397 and 2375; tried with LoadGen 6.0.17",
)
"""INVALID in seconds."""

MIN_QUERIES = Trouble(
    code="min-queries",
    title="Fewer queries than asked for",
    symptom="INVALID; LoadGen says `Min queries satisfied : NO`.",
    cause="The run was ended by a maximum, or LoadGen had prepared too few queries.",
    mend=(
        "Set a higher `target_qps`, or a smaller `expected_latency_ms`; leave `max_query_count` "
        "and `max_duration` out of a user.conf."
    ),
    source="mlcommons/inference issues 1079 and 1397; tried with LoadGen 6.0.17",
)
"""The count is a floor."""

LATENCY_BOUND = Trouble(
    code="latency-bound",
    title="Too slow at this rate",
    symptom="INVALID; the 99th-percentile latency of a Server run is above the bound.",
    cause=(
        "Queries arrive faster than they are answered, so that they wait; or a single answer takes "
        "longer than the bound, at any rate."
    ),
    mend=(
        "Set `target_qps` to the number in the message; or use more lanes, or a batch that fills "
        "in time (`batch_size`, `max_queue_delay_us`). Where the median is above the bound, only a "
        "faster model or device helps."
    ),
    source="mlcommons/inference issue 464; mlcommons/inference_results_v1.0 issue 9",
)
"""The usual INVALID of Server."""

EARLY_STOPPING = Trouble(
    code="early-stopping",
    title="Too few queries to trust the percentile",
    symptom=(
        "INVALID although the percentile looks met; or a stream run `only processed` some dozens "
        "of queries."
    ),
    cause=(
        "LoadGen wants so many queries that chance explains the percentile with at most 1 %: 459 "
        "at 99 % when none misses the bound, 662 when one does, 64 at 90 %; the closer to the "
        "bound, the more."
    ),
    mend=(
        "Set `min_query_count` to the number in the message. Where the share of misses is at the "
        "limit, no number suffices: lower `target_qps` so that fewer queries miss the bound."
    ),
    source="MLPerf inference_rules.adoc, Early Stopping Criterion; mlcommons/inference issues "
    "1079, 1397, 1788 and 2322",
)
"""A statistical verdict."""

RAN_OUT = Trouble(
    code="ran-out-of-queries",
    title="LoadGen had no queries left",
    symptom="An error line `Ran out of generated queries`, with a VALID or an INVALID run.",
    cause=(
        "LoadGen prepares its queries before the clock starts, for the rate or latency that it is "
        "told. The system was faster than that."
    ),
    mend=(
        "Streams: set `expected_latency_ms` to the number in the message, below the usual latency. "
        "Server: set a higher `target_qps` or `min_query_count`."
    ),
    source="mlcommons/inference issues 370, 460 and 1566; tried with LoadGen 6.0.17",
)
"""A submission checker refuses a log with an error line, a VALID one too."""

MULTIPLE_CONF = Trouble(
    code="multiple-conf-files",
    title="LoadGen was configured twice",
    symptom="An error line `Multiple conf files are used`.",
    cause="FromConfig was called twice in one process, or was called on an audit.config.",
    mend="Run one test per process, and call FromConfig once; never on an audit.config.",
    source="mlcommons/inference pull request 2541 and issue 2356; tried with LoadGen 6.0.17",
)
"""The harness starts a process for each run."""

LOADGEN_ERROR = Trouble(
    code="loadgen-error",
    title="LoadGen wrote an error",
    symptom="A line marked as an error in mlperf_log_detail.txt; the run may be VALID.",
    cause="The line says it. A submission checker refuses a log with any such line.",
    mend="Read `mlperf_log_detail.txt` in the run's folder, mend what the line names, run again.",
    source="mlcommons/inference submission_checker, checks/performance_check.py",
)
"""Everything that has no code of its own."""

PERFORMANCE_SAMPLES = Trouble(
    code="performance-samples",
    title="Too few distinct samples",
    symptom="VALID, but the submission checker says that the count `needs to be >=` another.",
    cause=(
        "The run drew from fewer distinct samples than the benchmark asks for, so that caches may "
        "have helped. LoadGen does not judge this; its log shows the number that it was told, even "
        "where the data set is smaller."
    ),
    mend="Give a data set with at least the number of samples in the message (`--data`).",
    source="mlcommons/inference issues 738 and 1329",
)
"""LoadGen's performance_sample_count."""

ACCURACY_GOAL = Trouble(
    code="accuracy-goal",
    title="The answers are not good enough",
    symptom="INVALID accuracy run: the metric is below its goal.",
    cause=(
        "The number format is too coarse, the calibration fits other data, or model file and "
        "preprocessing do not belong together."
    ),
    mend=(
        "Run the FP32 model first: if it misses the goal too, model or preprocessing are wrong; "
        "otherwise use a finer format or calibrate on more samples."
    ),
    source="MLPerf inference_rules.adoc, Benchmarks",
)
"""Speed without answers is no result."""

MISSING_ANSWERS = Trouble(
    code="missing-answers",
    title="Answers are missing",
    symptom="INVALID accuracy run: fewer answers than samples.",
    cause="The run was ended before its end, or the log was cut.",
    mend="Run the accuracy mode again, to its end, into another folder.",
    source="MLPerf inference_rules.adoc, LoadGen Operation",
)
"""Nothing can be said of such a run."""

INTERRUPTED = Trouble(
    code="interrupted",
    title="The user stopped the run",
    symptom="PARTIAL; exit code 130.",
    cause="Ctrl-C, or a signal to the harness.",
    mend="What was measured is kept in the record; run again into another folder.",
    source="Calliope",
)
"""No verdict, but nothing is lost."""

STALLED = Trouble(
    code="stalled",
    title="The run stood still",
    symptom="PARTIAL; no query was finished for minutes.",
    cause="A deadlock in a library, a device that fell off the bus, a machine that swaps.",
    mend="Read `child.stderr` in the run's folder; try one lane; look at `dmesg` and `free -h`.",
    source="Calliope",
)
"""The harness ends such a run itself."""

CHILD_DIED = Trouble(
    code="child-died",
    title="The measuring process died",
    symptom="PARTIAL, with a signal or an exit code; `signal 9` mostly means out of memory.",
    cause="The kernel killed it for want of memory, or a library crashed.",
    mend=(
        "Read `child.stderr` in the run's folder and `dmesg`; set a smaller `batch_size` or fewer "
        "`lanes`."
    ),
    source="Calliope",
)
"""Its standard error is in the message."""

UNREADABLE_LOG = Trouble(
    code="unreadable-log",
    title="LoadGen's log cannot be read",
    symptom="PARTIAL, or `Failed to open summary file` on standard error and a signal.",
    cause=(
        "LoadGen could not write into its folder (gone, full, not ours): it measures all the same "
        "and the process ends with a signal."
    ),
    mend=(
        "Free space, or name a folder that we can write with `--out`; the harness tries the folder "
        "before it starts, so something changed during the run."
    ),
    source="tried with LoadGen 6.0.17; mlcommons/inference issue 1718",
)
"""Why every folder is probed first."""
