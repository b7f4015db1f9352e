"""What a closed implementation may do to the reference model, and what it may not."""

from __future__ import annotations

from runtime.policies.model import Policy

_SOURCE = "MLPerf inference_rules.adoc, Model Equivalence"

SAME_MODEL = Policy(
    id="equivalence.same-model",
    title="The same mathematics",
    rule=(
        "A closed implementation computes the reference model with the reference weights. Other "
        "frameworks, layouts, algorithms, fused operations, approximations of functions, and "
        "number formats chosen by hand for each operation are allowed."
    ),
    applies_to="closed",
    source=_SOURCE,
)
"""Why ONNX Runtime, TensorRT and CUDA graphs are fine."""

BATCHING = Policy(
    id="equivalence.batching",
    title="Batches and order",
    rule=(
        "Batch sizes may change during a run and differ by scenario, and queries may be answered "
        "out of order. Samples of a query may be sorted, but not across the border of the data "
        "set, and never so that equal samples meet."
    ),
    applies_to="closed",
    source=_SOURCE,
)
"""What dynamic batching rests on."""

NO_CACHE = Policy(
    id="equivalence.no-cache",
    title="Nothing is answered from memory",
    rule=(
        "Queries and answers are not cached, equal queries are not merged, and nothing is keyed by "
        "a sample's index. Compliance tests look for it."
    ),
    applies_to="closed, network",
    source=f"{_SOURCE} and FAQ; compliance/TEST04",
)
"""Samples may lie in memory; answers may not."""

NO_FORESIGHT = Policy(
    id="equivalence.no-foresight",
    title="No use of what LoadGen will do",
    rule=(
        "An implementation does not count on the number of queries, predict LoadGen's arrivals, "
        "detect the benchmark, or know anything of the content of the evaluation set."
    ),
    applies_to="all",
    source=f"{_SOURCE}; General rules",
)
"""The reason why the harness reads LoadGen's counts only to show progress."""

NO_PRUNING = Policy(
    id="equivalence.no-pruning",
    title="Weights stay",
    rule=(
        "Non-zero weights are not dropped, replaced or supplemented, and do not change while the "
        "clock runs."
    ),
    applies_to="closed",
    source=_SOURCE,
)
"""Sparse kernels are fine where the result is the same."""

SPECULATION = Policy(
    id="equivalence.speculative-decoding",
    title="Speculative decoding",
    rule=(
        "Allowed for DeepSeek-R1 Interactive, GPT-OSS 120B Interactive and Qwen3.6 27B alone, with "
        "the draft model and the settings that the rules name."
    ),
    applies_to="closed",
    source="MLPerf inference_rules.adoc, appendix Speculative Decoding",
)
"""No workload of this harness decodes tokens."""

DETERMINISM = Policy(
    id="equivalence.determinism",
    title="What may vary",
    rule=(
        "Only the order of floating-point operations, the order of inputs and rounding may vary "
        "from run to run. Random numbers come from a Mersenne Twister with the round's seeds."
    ),
    applies_to="all",
    source="MLPerf inference_rules.adoc, Non-determinism is restricted",
)
"""LoadGen draws; the harness draws nothing."""
