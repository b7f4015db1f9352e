"""Mistakes in configurations, in a user.conf, and in the choice of wheel or folder."""

from __future__ import annotations

from runtime.troubles.model import Trouble

CONFIG_FIELD = Trouble(
    code="config-field",
    title="A field that does not exist",
    symptom="A message with file, line and `did you mean`.",
    cause="A field of a configuration is misspelt, or belongs to another scenario.",
    mend="Take the name that the message suggests; `harness run --dry-run` prints all fields.",
    source="Calliope",
)
"""Nothing is ignored in silence."""

CONFIG_VALUE = Trouble(
    code="config-value",
    title="A value out of range",
    symptom="A message with file, line, the range and the value.",
    cause="The value cannot be right: wrong unit, wrong type, or outside of what is possible.",
    mend="Choose a value in the range that the message names, in the unit that it names.",
    source="Calliope",
)
"""All problems of a file at once."""

BOUND_LOOSENED = Trouble(
    code="bound-loosened",
    title="An entry loosens its latency bound",
    symptom="`want at most 15 ms, got ...` before the run starts.",
    cause="The bound belongs to the benchmark, not to the system; an entry may only tighten it.",
    mend=(
        "Lower `target_latency_ms` in the entry. For one experiment give it with `--set`: every "
        "output then says that the run departs from the rules."
    ),
    source="mlperf.conf, Server.target_latency; policy run.latency-bounds",
)
"""A figure under another bound is another figure."""

MEMORY_FIT = Trouble(
    code="memory-fit",
    title="The batch does not fit into the device's memory",
    symptom="`want at most ... GB`, before anything is opened; else an out-of-memory error later.",
    cause=(
        "Weights and activations of all lanes need more than the device has; often the batch was "
        "chosen for a bigger GPU, or for a whole one and runs on a MIG slice."
    ),
    mend="Set the `batch_size` that the message names, or fewer `lanes`.",
    source="mlcommons/inference issue 1830; NVIDIA/TensorRT issue 840",
)
"""Operators are taken as fused, so the refusal is certain."""

USER_CONF_FORM = Trouble(
    code="user-conf-form",
    title="A line of a user.conf that LoadGen cannot read",
    symptom="A setting has no effect, or LoadGen stops with code -22.",
    cause="Blanks around `=` are missing, a name has not three parts, or the value is no number.",
    mend="Write `model.Scenario.key = number`, with blanks around the equals sign.",
    source="tried with LoadGen 6.0.17",
)
"""LoadGen's reader is simple."""

USER_CONF_NAME = Trouble(
    code="user-conf-name",
    title="A name in a user.conf that LoadGen passes over",
    symptom="A setting has no effect, without a word.",
    cause=(
        "The key, the scenario or the model is misspelt or in another letter case. Models have "
        "mlperf.conf's names (`resnet50`), not the checker's (`resnet`)."
    ),
    mend="Take the name that the message suggests; `harness conf FILE` checks a whole file.",
    source="mlcommons/inference issues 493 and 2028; tried with LoadGen 6.0.17",
)
"""LoadGen returns success for it."""

USER_CONF_VALUE = Trouble(
    code="user-conf-value",
    title="A value in a user.conf that LoadGen takes otherwise",
    symptom="A bound is a little or a million times off.",
    cause=(
        "Times are in ms, percentiles in %. LoadGen cuts the fraction of `Server.target_latency`: "
        "1.5 becomes 1. A latency in ns is read as ms."
    ),
    mend="Write whole milliseconds; the harness sets fractional bounds by other means.",
    source="mlcommons/inference issue 2028; tried with LoadGen 6.0.17",
)
"""The log's `effective_target_latency_ns` shows what was taken."""

USER_CONF_NO_EFFECT = Trouble(
    code="user-conf-no-effect",
    title="A key without effect in its scenario",
    symptom="An Offline run lasts much longer than `max_duration`.",
    cause="Offline has one query, so `max_duration` and `max_query_count` cannot end it.",
    mend="Remove the line; size the run with `target_qps`.",
    source="mlcommons/inference issue 1397",
)
"""By design."""

USER_CONF_SEED = Trouble(
    code="user-conf-seed",
    title="Seeds do not belong into a user.conf",
    symptom="The seeds in the log are others than those in the file.",
    cause="LoadGen takes seeds from the configuration that is compiled into its wheel alone.",
    mend="Remove the line; another round's seeds need that round's wheel.",
    source="tried with LoadGen 6.0.17",
)
"""See also `seeds-of-round`."""

SEEDS_OF_ROUND = Trouble(
    code="seeds-of-round",
    title="The wheel carries the seeds of another round",
    symptom="The submission checker says that the seeds are wrong.",
    cause="Seeds change every round and are compiled into the wheel mlcommons-loadgen.",
    mend=(
        "Install the wheel that the message names, or ask for the round whose seeds the wheel "
        "carries: `harness run --round`."
    ),
    source="mlcommons/mlperf_automotive issue 77; mlcommons/inference issue 987",
)
"""Wheel 6.0.17 carries v6.1."""

SEEDS_MISSING = Trouble(
    code="seeds-missing",
    title="LoadGen has no seeds",
    symptom="Seeds of 0 in the log, while LoadGen says VALID.",
    cause=(
        "FromConfig was never called, or a second test ran in the process: LoadGen counts its "
        "settings in a static variable and gives later ones no seeds."
    ),
    mend="Run one test per process; the harness does so and ends a run with seeds of 0.",
    source="tried with LoadGen 6.0.17",
)
"""A checker refuses such a log."""

AUDIT_CONFIG = Trouble(
    code="audit-config",
    title="An audit.config lies in the working directory",
    symptom="The harness refuses to run.",
    cause=(
        "LoadGen reads audit.config from the working directory without a word, and the run becomes "
        "a compliance test with other rules. It is mostly left over from one."
    ),
    mend="Move the file away, or run from another folder.",
    source="mlcommons/inference compliance/README.md, Test Methodology",
)
"""The next run would silently be another one."""
