"""The rules of `docgen lint`, each with its reason and an example."""

from __future__ import annotations

from docgen.catalog.base import Frozen


class Rule(Frozen, frozen=True, kw_only=True):
    """Something that configurations should keep to."""

    id: str
    """Stable name, as written in a suppression."""
    severity: str
    """How grave it is to break it: `error`, `warning` or `info`."""
    title: str
    """The rule in one sentence."""
    reason: str
    """Why it holds, and where it may not."""
    example: str
    """A configuration that breaks it."""
    mend: str
    """What to do about a finding."""


RATE_COUNT = Rule(
    id="rate-count",
    severity="error",
    title="The rate of N devices is about N times the rate of one.",
    reason=(
        "LoadGen's Offline and Server scenarios split their samples over the devices of a system. "
        "A rate that does not grow with them was copied from another system, or has a digit too "
        "many or too few. An error below 0.5 or above 1.5 of the scaled rate, a warning below 0.7 "
        "or above 1.3. All requests of a model server go through one host: its rate has to grow "
        "by a fifth at least."
    ),
    example="x1: offline_expected_qps = 90000; x8: inherits 90000 instead of about 720000",
    mend="Set the rate of the larger system, or correct the smaller one.",
)
"""Rates grow with the number of devices."""

RATE_POWER = Rule(
    id="rate-power",
    severity="error",
    title="A MaxQ rate is below the MaxP rate, and of its order.",
    reason=(
        "MaxQ runs the same system for efficiency, under a power limit. It is slower, by a factor "
        "that boards allow: between 0.5 and 1 in most of the configurations seen. An error below "
        "0.3 of MaxP (or above 3.3 times its latency), a warning below 0.45, both lower where the "
        "limit is below half of what the board draws; a warning where MaxQ is faster than MaxP."
    ),
    example="MaxP: offline_expected_qps = 750000; MaxQ: offline_expected_qps = 53000",
    mend="Look for a lost or added digit; else set the rate that was measured under the limit.",
)
"""Rates under a power limit are lower, and not by much."""

RATE_HARNESS = Rule(
    id="rate-harness",
    severity="error",
    title="A model server is neither much slower nor faster than the direct harness.",
    reason=(
        "A server between LoadGen and the model adds work to each query. It cannot make the same "
        "model on the same device faster, and seldom costs more than half. An error where it is "
        "more than 1.5 times as fast or five times as slow, a warning above 1.3 or below 0.45. "
        "A server of 500 000 samples a second and more may be slowed down by its host to a tenth. "
        "Only configurations with the same precision and the same use of graphs are compared."
    ),
    example="direct: single_stream_expected_latency_ns = 11000000; Triton: 1700000",
    mend="Correct the older one of the two figures.",
)
"""A server in between costs time."""

RATE_ACCURACY = Rule(
    id="rate-accuracy",
    severity="error",
    title="A higher accuracy target is not faster than a lower one.",
    reason=(
        "Whatever reaches 99.9 % of the reference accuracy reaches 99 % too, so the lower target "
        "is at least as fast. An error where the higher target is more than 1.5 times as fast, a "
        "warning from 1.05 times on."
    ),
    example="99 %: expected latency 5.3 ms; 99.9 %: 1.7 ms",
    mend="Correct one of the two, or let the lower target use the configuration of the higher.",
)
"""Accuracy is not free."""

SERVER_OVER_OFFLINE = Rule(
    id="server-over-offline",
    severity="error",
    title="The Server rate does not exceed the Offline rate.",
    reason=(
        "Offline gives all samples at once and has no latency bound; Server has both arrival times "
        "and a bound, so on one system it cannot be faster. An error above 1.5 times the Offline "
        "rate, a warning above 1.1; more where Server has the higher power limit."
    ),
    example="Offline: offline_expected_qps = 23800; Server: server_target_qps = 35000",
    mend="Raise the Offline rate to what the system does, or lower the Server rate.",
)
"""A latency bound makes nothing faster."""

RATE_SIBLING = Rule(
    id="rate-sibling",
    severity="warning",
    title="Systems with the same board in the same number have rates of the same order.",
    reason=(
        "Host, cooling and vendor change a rate by some percent, not by a factor of two and more. "
        "Compared with the median of three or more systems of the same board and number, or with "
        "the only other one, where precision and the use of graphs are equal."
    ),
    example="one vendor's eight H200: 112; another vendor's eight H200: 14",
    mend="Look for a lost or added digit, or for a rate copied from a smaller system.",
)
"""The same board does the same work."""

PARALLEL_DEVICES = Rule(
    id="parallel-devices",
    severity="error",
    title="Tensor and pipeline parallelism fit the devices of the system.",
    reason=(
        "A model copy occupies tensor_parallelism x pipeline_parallelism devices. More than the "
        "system has cannot start; a number that does not divide them leaves devices idle."
    ),
    example="a system of 2 devices with tensor_parallelism = 8",
    mend="Set a product that divides the number of devices.",
)
"""A model copy needs its devices."""

WEIGHTS_MEMORY = Rule(
    id="weights-memory",
    severity="error",
    title="The weights of a model fit the devices that hold one copy.",
    reason=(
        "Parameters times the bytes of the precision is the least that a copy needs, before any "
        "activation or cache. Only models whose number of parameters the tree or a published "
        "paper states are judged, and only systems whose memory is known."
    ),
    example="70 billion parameters in fp16 (140 GB) on one device of 80 GB",
    mend="Raise the parallelism, lower the precision, or name a larger system.",
)
"""Weights take their room."""

BATCH_MEMORY = Rule(
    id="batch-memory",
    severity="error",
    title="A batch fits the memory of a device.",
    reason=(
        "Least need of a batch: input and largest layer output of every sample, in the precision "
        "of the configuration, plus the weights. Real use is higher, so a finding is certain and "
        "silence proves nothing."
    ),
    example="batch size 65536 of ResNet-50 in fp32 on a device of 24 GB",
    mend="Lower the batch size.",
)
"""A batch takes its room."""

POWER_OVER_BOARD = Rule(
    id="power-over-board",
    severity="error",
    title="A power limit is not above what the board can draw.",
    reason="A limit above the greatest board power limits nothing; the tool that sets it refuses.",
    example="power_limit = 750 on a board of 700 W",
    mend="Set a limit that the board accepts.",
)
"""A limit has to limit."""

MAXQ_UNLIMITED = Rule(
    id="maxq-unlimited",
    severity="warning",
    title="A MaxQ configuration limits power or clocks.",
    reason=(
        "What makes a configuration MaxQ is a power limit or a lower clock. One that sets neither "
        "runs as MaxP does, and its result is no MaxQ result. Judged only in trees where other "
        "MaxQ configurations set one."
    ),
    example="a class registered as MaxQ whose body and bases set no power_limit",
    mend="Set the limit, or register it as MaxP.",
)
"""MaxQ means a limit."""

SAME_AS_MAXP = Rule(
    id="same-as-maxp",
    severity="warning",
    title="A MaxQ configuration differs from its MaxP configuration.",
    reason="Two configurations with all values equal measure the same thing twice.",
    example="EXPORTS[(MaxQ, ...)] = EXPORTS[(MaxP, ...)]",
    mend="Set what makes it MaxQ, or remove it.",
)
"""A variant has to vary."""

ENGINE_LIMIT = Rule(
    id="engine-limit",
    severity="warning",
    title="A limit at run time is within the limit that the engine is built for.",
    reason=(
        "An engine is built for at most max_num_tokens, max_batch_size, max_seq_len and so on. A "
        "larger value at run time is refused or cut down. Not judged where no engine is built: "
        "such a tree may carry unused build flags, hence a warning."
    ),
    example="trtllm_build_flags max_num_tokens 1536, trtllm_runtime_flags max_num_tokens 12000",
    mend="Build the engine for the larger value, or lower the one at run time.",
)
"""An engine keeps what it was built for."""

UNDECLARED_FIELD = Rule(
    id="undeclared-field",
    severity="error",
    title="A field that a configuration sets is declared.",
    reason="Nothing reads a field that nothing declares: most often it is misspelt.",
    example="gpu_batchsize = {'resnet50': 2048}",
    mend="Spell it as declared, or declare it.",
)
"""Somebody has to read what is set."""

UNSET_FIELD = Rule(
    id="unset-field",
    severity="info",
    title="A declared field is set by a configuration.",
    reason=(
        "A field that no configuration sets may be meant for the command line, or for whoever "
        "tunes next. Where no other file of the tree names it, the message says so: it is then "
        "read by name nowhere, though code that goes over all fields may still pass it on."
    ),
    example="a declaration of `use_jemalloc` that no configuration mentions",
    mend="Remove the declaration where nothing reads it.",
)
"""Declarations are there to be used."""

TWO_NAMES = Rule(
    id="two-names",
    severity="warning",
    title="One thing has one name.",
    reason=(
        "Two fields whose names differ only in abbreviations, word order or plural mean the same "
        "to a reader, yet setting one leaves the other as it is."
    ),
    example="`batch_sched_policy` and `batch_scheduler_policy`",
    mend="Keep one name; let the other be refused with a hint.",
)
"""Names are not synonyms."""

SHARED_DOC = Rule(
    id="shared-doc",
    severity="warning",
    title="Each field has a description of its own.",
    reason=(
        "Two fields with the same words were made by copying one; at least one description is "
        "wrong, or the two are one field."
    ),
    example="`power_limit` and `soc_gpu_freq`: 'Set power upper limit to the specified value.'",
    mend="Describe what the copied field does.",
)
"""A copied description is a wrong one."""

REPEATED_KEY = Rule(
    id="repeated-key",
    severity="error",
    title="A dictionary or class body sets a name once.",
    reason="Python keeps the last one without a word; the first one never holds.",
    example="{'resnet50': 1024, 'resnet50': 2048}",
    mend="Remove the one that is not meant.",
)
"""The last one wins silently."""

REDUNDANT_SETTING = Rule(
    id="redundant-setting",
    severity="info",
    title="A configuration sets only what differs from what it inherits.",
    reason=(
        "A value repeated in a subclass hides that it is the same, and stays behind when the base "
        "changes."
    ),
    example="class Child(Base): use_graphs = False, where Base has use_graphs = False",
    mend="Remove the line.",
)
"""Inheritance does it already."""

REDEFINED_CLASS = Rule(
    id="redefined-class",
    severity="warning",
    title="A class name stands for one class in a file.",
    reason=(
        "The second definition hides the first: what inherits from the name afterwards gets the "
        "second, and a reader who looks for the name finds the wrong one."
    ),
    example="class H200x8(H200x1): ... followed by class H200x8(H200x8): ...",
    mend="Name the second one after what it is.",
)
"""One name, one class."""

NAME_MISMATCH = Rule(
    id="name-mismatch",
    severity="warning",
    title="The name of a configuration agrees with what it is registered as.",
    reason=(
        "Readers and subclasses go by the name. One that lacks MaxQ, HighAccuracy or the server "
        "that it is registered for, or has one that it is not, misleads both. Judged only where "
        "the tree names most of the others so."
    ),
    example="@register(..., PowerSetting.MaxQ) class H200_SXM_141GBx8",
    mend="Rename the class.",
)
"""Names tell what a configuration is."""

DEAD_CLASS = Rule(
    id="dead-class",
    severity="warning",
    title="A configuration class is registered or inherited from.",
    reason="A class that is neither is read by people and by nothing else.",
    example="class L4x2(L4x1) without @register, and no class inherits from it",
    mend="Register it or remove it.",
)
"""What nothing uses is dead."""

IDENTICAL_BODY = Rule(
    id="identical-body",
    severity="info",
    title="Different systems have values of their own.",
    reason=(
        "Configurations of different boards that agree in every value, the expected rate included, "
        "were copied. That may be meant as a start; it is not a tuned configuration. Boards that "
        "differ in the host alone are not compared."
    ),
    example="A100 40GB and A100 80GB with the same batch size, streams and rate",
    mend="Tune the copy, or let one inherit from the other.",
)
"""Copies are starting points."""

RULES: dict[str, Rule] = {
    rule.id: rule
    for rule in (
        RATE_COUNT,
        RATE_POWER,
        RATE_HARNESS,
        RATE_ACCURACY,
        SERVER_OVER_OFFLINE,
        RATE_SIBLING,
        PARALLEL_DEVICES,
        WEIGHTS_MEMORY,
        BATCH_MEMORY,
        POWER_OVER_BOARD,
        UNDECLARED_FIELD,
        REPEATED_KEY,
        MAXQ_UNLIMITED,
        SAME_AS_MAXP,
        ENGINE_LIMIT,
        TWO_NAMES,
        SHARED_DOC,
        REDEFINED_CLASS,
        NAME_MISMATCH,
        DEAD_CLASS,
        UNSET_FIELD,
        REDUNDANT_SETTING,
        IDENTICAL_BODY,
    )
}
"""Every rule by its name, rates and memory first."""
