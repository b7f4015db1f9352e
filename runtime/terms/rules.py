"""Words of the rules: accuracy, divisions, rounds, submission, wording."""

from __future__ import annotations

from runtime.terms.model import Term

QUALITY_TARGET = Term(
    name="quality target",
    definition="The share of the reference model's accuracy that a run must keep: 99 % or 99.9 %.",
    source="MLPerf inference_rules.adoc, Benchmarks",
)
"""The term `quality target`."""

UPPER_LIMIT = Term(
    name="upper limit",
    definition=(
        "The greatest value of a metric that passes, for instance of the tokens of an answer."
    ),
    source="mlcommons/inference submission_checker, accuracy-upper-limit",
)
"""The term `upper limit`."""

REFERENCE_MODEL = Term(
    name="reference model",
    definition="The FP32 model of a benchmark, with its weights, that accuracy is compared with.",
    source="MLPerf inference_rules.adoc, Benchmarks",
)
"""The term `reference model`."""

EQUIVALENCE = Term(
    name="equivalence",
    definition=(
        "The rule that a closed implementation computes the reference model; lists name what is "
        "allowed and what is not."
    ),
    source="MLPerf inference_rules.adoc, Model Equivalence",
)
"""The term `equivalence`."""

RETRAINING = Term(
    name="retraining",
    definition="Changing weights by training; allowed in the open division alone.",
    source="MLPerf inference_rules.adoc, Open Division",
)
"""The term `retraining`."""

CALIBRATION = Term(
    name="calibration",
    definition=(
        "Finding the numeric ranges for quantisation after training, with the calibration set only."
    ),
    source="MLPerf inference_rules.adoc, Weight Definition and Quantization",
)
"""The term `calibration`."""

CALIBRATION_CACHE = Term(
    name="calibration cache",
    definition=(
        "A file of tensor scales. It is bound to the model, the samples, the algorithm and "
        "the library version."
    ),
    source="NVIDIA/TensorRT issue 1378",
)
"""The term `calibration cache`."""

DIVISION = Term(
    name="division",
    definition="How far a submission may leave the reference: closed, open or network.",
    source="MLPerf inference_rules.adoc, Divisions",
)
"""The term `division`."""

CLOSED_DIVISION = Term(
    name="closed division",
    definition="The reference model and its pre- and post-processing; results are comparable.",
    source="MLPerf inference_rules.adoc, Closed Division",
)
"""The term `closed division`."""

OPEN_DIVISION = Term(
    name="open division",
    definition="Any model for the same task and data set; accuracy and latency are reported.",
    source="MLPerf inference_rules.adoc, Open Division",
)
"""The term `open division`."""

NETWORK_DIVISION = Term(
    name="network division",
    definition="Closed, with the system under test behind a real network.",
    source="MLPerf inference_rules.adoc, Network Division",
)
"""The term `network division`."""

QDL = Term(
    name="QDL",
    definition=(
        "Query dispatch library: the proxy of the system under test on the machine of LoadGen in "
        "the network division; it may carry data and nothing else."
    ),
    source="MLPerf inference_rules.adoc, QDL Constraints",
)
"""The term `QDL`."""

CATEGORY = Term(
    name="category",
    definition=(
        "Whether a system can be obtained: available, preview, or RDI (research, development, "
        "internal)."
    ),
    source="MLPerf submission_rules.adoc, Available Systems, Preview Systems",
)
"""The term `category`."""

AVAILABLE = Term(
    name="available",
    definition="Category of a system that anybody can buy or rent.",
    source="MLPerf submission_rules.adoc, Available Systems",
)
"""The term `available`."""

PREVIEW = Term(
    name="preview",
    definition="Category of a system that becomes available within 140 days or by the next round.",
    source="MLPerf submission_rules.adoc, Preview Systems",
)
"""The term `preview`."""

RDI = Term(
    name="RDI",
    definition=(
        "Research, development or internal: category of a system that is neither available nor "
        "preview."
    ),
    source="MLPerf submission_rules.adoc, Research, Development, or Internal Systems",
)
"""The term `RDI`."""

SUITE = Term(
    name="suite",
    definition="The class of system, datacenter or edge, which decides the required scenarios.",
    source="MLPerf inference_rules.adoc, Constraints for the Closed division",
)
"""The term `suite`."""

DATACENTER = Term(
    name="datacenter",
    definition=(
        "Suite of systems with ECC and all their networking; it asks for other scenarios than edge."
    ),
    source="MLPerf inference_rules.adoc, Constraints for the Closed division",
)
"""The term `datacenter`."""

EDGE = Term(
    name="edge",
    definition="Suite of all systems that are not datacenter systems.",
    source="MLPerf inference_rules.adoc, Constraints for the Closed division",
)
"""The term `edge`."""

INFERRED_RESULT = Term(
    name="inferred result",
    definition=(
        "An edge result that is derived from another scenario by a fixed formula instead of a run."
    ),
    source="MLPerf inference_rules.adoc, after the edge scenarios",
)
"""The term `inferred result`."""

ROUND = Term(
    name="round",
    definition="A dated edition of the MLPerf benchmarks with its own rules and seeds: v6.1.",
    source="MLPerf submission_rules.adoc, Basics",
)
"""The term `round`."""

SYSTEM_DESC_ID = Term(
    name="system_desc_id",
    definition="Name of one system, hardware with software, in folders and as a JSON file.",
    source="MLPerf submission_rules.adoc, Directory structure",
)
"""The term `system_desc_id`."""

COMPLIANCE_TEST = Term(
    name="compliance test",
    definition=(
        "A performance run with special settings that shows a shortcut: TEST01 compares sampled "
        "answers, TEST04 repeats one sample, TEST06 to TEST09 look at tokens and answers."
    ),
    source="mlcommons/inference compliance/README.md",
)
"""The term `compliance test`."""

AUDIT_CONFIG = Term(
    name="audit.config",
    definition=(
        "The file with the settings of a compliance test. LoadGen reads it from the working "
        "directory."
    ),
    source="mlcommons/inference compliance/README.md, Test Methodology",
)
"""The term `audit.config`."""

SUBMISSION_CHECKER = Term(
    name="submission checker",
    definition="The official program that accepts or refuses the tree of a submission.",
    source="mlcommons/inference tools/submission/submission_checker",
)
"""The term `submission checker`."""

MAX_P = Term(
    name="MaxP",
    definition="A configuration tuned for maximum performance.",
    source="mlcommons/inference_results_v2.1 closed/NVIDIA, configurations",
)
"""The term `MaxP`."""

MAX_Q = Term(
    name="MaxQ",
    definition="A configuration tuned for efficiency, mostly under a power limit.",
    source="mlcommons/inference_results_v2.1 closed/NVIDIA, configurations",
)
"""The term `MaxQ`."""

UNVERIFIED = Term(
    name="unverified",
    definition="Not reviewed by MLCommons. The word stands beside every figure of this harness.",
    source="mlcommons/policies MLPerf_Results_Messaging_Guidelines.adoc",
)
"""The term `unverified`."""
