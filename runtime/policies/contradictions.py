"""Where official sources disagree: both values, and which one the harness takes.

Each was read in mlcommons/inference_policies@ac93e89 (inference_rules.adoc),
mlcommons/policies@c195f80 (submission_rules.adoc) and mlcommons/inference@b66003e10
(submission checker, LoadGen). The reason is mostly the same: the checker decides what is
accepted.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

RULES = "MLPerf inference_rules.adoc, Benchmarks"
"""The written rules: tables of the section Benchmarks."""

CHECKER = "submission checker, constants.py"
"""What the tree of a submission is held against."""

CONF = "LoadGen, mlperf.conf"
"""What LoadGen is compiled with."""

DECIDES = "The checker accepts or refuses a submission by its own value."
"""Why the checker's value is taken in most cases."""


@dataclass(frozen=True, kw_only=True)
class Contradiction:
    """Two official sources that say different things of one matter."""

    id: str
    """Stable identity: `3d-unet.samples`."""
    subject: str
    """What they disagree about."""
    first_source: str
    """The first document and its place."""
    first_says: str
    """Its value."""
    second_source: str
    """The second document and its place."""
    second_says: str
    """Its value."""
    taken: Literal["first", "second"]
    """Which of the two the harness takes."""
    why: str
    """Why that one."""

    @property
    def value(self) -> str:
        """Return the value that was taken."""
        return self.first_says if self.taken == "first" else self.second_says


CONTRADICTIONS: tuple[Contradiction, ...] = (
    Contradiction(
        id="3d-unet.samples",
        subject="3D U-Net: samples of the data set",
        first_source=RULES,
        first_says="42",
        second_source=f"{CHECKER}; {CONF}",
        second_says="43",
        taken="second",
        why="LoadGen sends 43 samples, and the checker counts them.",
    ),
    Contradiction(
        id="3d-unet.reference",
        subject="3D U-Net: mean DICE of the reference",
        first_source=RULES,
        first_says="0.86330",
        second_source=CHECKER,
        second_says="0.86170",
        taken="second",
        why=DECIDES,
    ),
    Contradiction(
        id="llama3.1-8b.reference",
        subject="Llama 3.1 8B: ROUGE of the reference",
        first_source=RULES,
        first_says="42.9865 / 20.1235 / 29.9881, the figures of GPT-J",
        second_source=CHECKER,
        second_says="38.7792 / 15.9075 / 24.4957, and 35.793 for ROUGE-Lsum",
        taken="second",
        why=DECIDES,
    ),
    Contradiction(
        id="dlrm-v3.samples",
        subject="DLRM v3: samples",
        first_source=RULES,
        first_says="34 996",
        second_source=CHECKER,
        second_says="349 823",
        taken="second",
        why=DECIDES,
    ),
    Contradiction(
        id="dlrm-v3.latency",
        subject="DLRM v3: latency bound in Server",
        first_source=f"{RULES}; {CONF}",
        first_says="80 ms",
        second_source=CHECKER,
        second_says="60 000 ms",
        taken="first",
        why="LoadGen judges with 80 ms and calls a slower run INVALID; the checker is only laxer.",
    ),
    Contradiction(
        id="gpt-oss-120b.tpot",
        subject="GPT-OSS 120B: time per output token in Interactive",
        first_source=RULES,
        first_says="20 ms",
        second_source=f"{CHECKER}; {CONF}",
        second_says="15 ms",
        taken="second",
        why="LoadGen and the checker agree, and the stricter bound satisfies both.",
    ),
    Contradiction(
        id="deepseek-r1.reference",
        subject="DeepSeek-R1: exact match of the reference",
        first_source=RULES,
        first_says="81.9132 %",
        second_source=CHECKER,
        second_says="81.3582 %",
        taken="second",
        why=DECIDES,
    ),
    Contradiction(
        id="deepseek-r1.scenarios",
        subject="DeepSeek-R1: required datacenter scenarios in v6.1",
        first_source=RULES,
        first_says="Server, Offline",
        second_source=CHECKER,
        second_says="Offline; Server or Interactive besides",
        taken="second",
        why=DECIDES,
    ),
    Contradiction(
        id="qwen3.6-27b.goal",
        subject="Qwen3.6 27B: accuracy goal",
        first_source=RULES,
        first_says="97 % of 86.23, which is 83.64",
        second_source=CHECKER,
        second_says="99 % of 86.23, which is 85.37",
        taken="second",
        why="The stricter goal satisfies both.",
    ),
    Contradiction(
        id="qwen3.6-27b.scenario",
        subject="Qwen3.6 27B: required edge scenario",
        first_source=RULES,
        first_says="Offline, accuracy only",
        second_source=CHECKER,
        second_says="SingleStream",
        taken="second",
        why=DECIDES,
    ),
    Contradiction(
        id="qwen3-vl.scenarios",
        subject="Qwen3-VL: required datacenter scenarios in v6.1",
        first_source=RULES,
        first_says="Server, Offline",
        second_source=CHECKER,
        second_says="Offline; Server or Interactive besides",
        taken="second",
        why=DECIDES,
    ),
    Contradiction(
        id="whisper.goal",
        subject="Whisper: accuracy goals",
        first_source=RULES,
        first_says="99 % and 99.9 %",
        second_source=CHECKER,
        second_says="99 % only",
        taken="second",
        why="The checker knows one benchmark of that name, with the 99 % goal.",
    ),
    Contradiction(
        id="wan.samples",
        subject="Wan 2.2: samples of a performance run and of an Offline query",
        first_source=f"{RULES}; {CONF}",
        first_says="248",
        second_source=CHECKER,
        second_says="at least 50",
        taken="first",
        why="LoadGen is compiled with 248, which is above the checker's minimum.",
    ),
    Contradiction(
        id="wan.compliance",
        subject="Wan 2.2: compliance test",
        first_source=f"{CHECKER}; compliance/README.md",
        first_says="TEST04",
        second_source="compliance/TEST01, which has an audit.config for it",
        second_says="TEST01",
        taken="first",
        why="The checker asks for TEST04 alone.",
    ),
    Contradiction(
        id="resnet.datacenter",
        subject="ResNet-50: datacenter suite",
        first_source=RULES,
        first_says="Image classification: Server, Offline",
        second_source=CHECKER,
        second_says="no datacenter scenario",
        taken="second",
        why="The checker refuses a closed datacenter submission of it.",
    ),
    Contradiction(
        id="benchmarks.v6.1",
        subject="Benchmarks of v6.1",
        first_source=RULES,
        first_says="Llama 3.1 405B, Mixtral 8x7B, PointPainting and Llama 2 70B at 99 % included",
        second_source=CHECKER,
        second_says="without these four",
        taken="second",
        why="The checker knows none of them in v6.1.",
    ),
    Contradiction(
        id="server.metric",
        subject="Server: the figure that is reported",
        first_source="MLPerf inference_rules.adoc, FAQ",
        first_says="scheduled samples per second",
        second_source="submission checker, RESULT_FIELD_NEW",
        second_says="result_completed_samples_per_sec",
        taken="second",
        why="The published tables are made from what the checker reads.",
    ),
    Contradiction(
        id="queries.minimum",
        subject="Least queries of SingleStream, MultiStream and Server",
        first_source="MLPerf inference_rules.adoc, Scenarios; LoadGen, early_stopping.cc",
        first_says="what early stopping wants: 64, 662, 459 and more",
        second_source=f"{CHECKER}, min-queries",
        second_says="1 024, 270 336, 270 336",
        taken="first",
        why="The checker skips its own minimum in the scenarios that have early stopping.",
    ),
    Contradiction(
        id="system.status",
        subject="Systems JSON: status",
        first_source="MLPerf submission_rules.adoc, table of categories",
        first_says="Available in cloud, Available on premise, ...",
        second_source=f"{CHECKER}, VALID_AVAILABILITIES",
        second_says="available, preview, rdi; any letter case",
        taken="second",
        why=DECIDES,
    ),
)
"""Every contradiction that was found, by benchmark, then by matter."""


def contradictions_of(prefix: str) -> tuple[Contradiction, ...]:
    """Return the contradictions whose identity begins with a benchmark or matter."""
    return tuple(c for c in CONTRADICTIONS if c.id.startswith(f"{prefix}."))
