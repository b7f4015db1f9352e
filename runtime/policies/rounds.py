"""The rounds of MLPerf Inference that are known here: their benchmarks, seeds and LoadGen wheels.

Source: the submission checker's constants and loadgen/mlperf.conf of mlcommons/inference@b66003e10;
    seeds and wheels as `runtime.policies.seeds` says.
"""

from __future__ import annotations

from dataclasses import dataclass

from runtime.errors import Problem, UsageError, suggest
from runtime.policies import seeds
from runtime.policies.benchmarks import language, others, vision
from runtime.policies.benchmarks.model import Benchmark, Suite
from runtime.troubles.settings import SEEDS_OF_ROUND

ALIASES: dict[str, str] = {
    "ssd-resnet34": "retinanet",
    "mobilenet": "resnet",
    "resnet50": "resnet",
    "llama3_1-405b": "llama3.1-405b",
    "llama3_1-8b": "llama3.1-8b",
    "llama3_1-8b-edge": "llama3.1-8b-edge",
}
"""Other names under which the checker knows a benchmark."""


@dataclass(frozen=True, kw_only=True)
class Round:
    """One edition of the benchmarks: what is run, and with which seeds."""

    name: str
    """Round, as MLCommons writes it: `v6.1`."""
    seeds: seeds.RoundSeeds
    """Seeds that its logs must show."""
    wheels: tuple[str, ...]
    """Versions of mlcommons-loadgen that were read and carry these seeds, oldest first."""
    benchmarks: tuple[Benchmark, ...]
    """Its benchmarks, in the checker's order."""
    layout: str
    """How its submission tree is laid out: `v5` or `v6`."""
    code_folder: str
    """Folder of a submitter's source: `src`, or `code` before v6.0."""

    def benchmark(self, name: str) -> Benchmark:
        """Return the benchmark of a name or of another name that the checker knows.

        Raises:
            UsageError: The round has no such benchmark.
        """
        known = {b.name: b for b in self.benchmarks}
        found = known.get(name) or known.get(ALIASES.get(name, ""))
        if found is None:
            want = f"a benchmark of round {self.name}"
            raise UsageError(Problem("benchmark", want, repr(name), suggest(name, list(known))))
        return found

    def required(self, suite: Suite) -> dict[str, tuple[str, ...]]:
        """Return, by benchmark, the scenarios that a closed submission to a suite must have."""
        return {b.name: b.required(suite) for b in self.benchmarks if b.required(suite)}


V5_1 = Round(
    name="v5.1",
    seeds=seeds.V5_1,
    wheels=("5.0.25", "5.1.2", "6.0.3"),
    benchmarks=(
        vision.RESNET,
        vision.RETINANET_V5_1,
        language.BERT_99,
        language.BERT_99_9,
        others.DLRM_V2_99,
        others.DLRM_V2_99_9,
        vision.UNET3D_99,
        vision.UNET3D_99_9,
        language.LLAMA3_1_8B,
        language.LLAMA3_1_8B_EDGE,
        language.LLAMA2_70B_99,
        language.LLAMA2_70B_99_9,
        vision.STABLE_DIFFUSION_XL_V5_1,
        language.MIXTRAL_8X7B,
        language.LLAMA3_1_405B,
        others.RGAT,
        vision.POINTPAINTING,
        language.DEEPSEEK_R1_V5_1,
        others.WHISPER,
    ),
    layout="v5",
    code_folder="code",
)
"""The last round whose trees have `measurements`, `compliance` and `code` folders of their own."""

V6_0 = Round(
    name="v6.0",
    seeds=seeds.V6_0,
    wheels=("6.0.10", "6.0.15"),
    benchmarks=(
        vision.RESNET,
        vision.RETINANET,
        language.BERT_99,
        language.BERT_99_9,
        vision.UNET3D_99,
        vision.UNET3D_99_9,
        language.LLAMA3_1_8B,
        language.LLAMA3_1_8B_EDGE,
        language.LLAMA2_70B_99,
        language.LLAMA2_70B_99_9,
        vision.STABLE_DIFFUSION_XL,
        language.MIXTRAL_8X7B,
        language.LLAMA3_1_405B,
        others.RGAT,
        vision.POINTPAINTING,
        language.DEEPSEEK_R1,
        others.WHISPER,
        language.GPT_OSS_120B,
        vision.WAN_2_2_T2V_A14B,
        vision.QWEN3_VL_235B_A22B_V6_0,
        others.DLRM_V3,
        vision.YOLO_95,
        vision.YOLO_99,
    ),
    layout="v6",
    code_folder="src",
)
"""The round that moved measurements and compliance under `results` and renamed `code` to `src`."""

V6_1 = Round(
    name="v6.1",
    seeds=seeds.V6_1,
    wheels=("6.0.16", "6.0.17"),
    benchmarks=(
        vision.RESNET,
        language.BERT_99,
        language.BERT_99_9,
        vision.UNET3D_99,
        vision.UNET3D_99_9,
        language.LLAMA3_1_8B,
        language.LLAMA3_1_8B_EDGE,
        language.LLAMA2_70B_99_9,
        vision.STABLE_DIFFUSION_XL,
        others.RGAT,
        language.DEEPSEEK_R1,
        others.WHISPER,
        language.GPT_OSS_120B,
        vision.WAN_2_2_T2V_A14B,
        vision.QWEN3_VL_235B_A22B,
        language.QWEN3_6_27B,
        others.DLRM_V3,
        vision.YOLO_95,
        vision.YOLO_99,
        language.E2E_RAG_QNA,
        language.E2E_RAG_DB,
    ),
    layout="v6",
    code_folder="src",
)
"""The newest round whose checker was read, at commit b66003e10 of 2026-08-20."""

ROUNDS: tuple[Round, ...] = (V5_1, V6_0, V6_1)
"""Every round with its benchmarks, oldest first."""


def round_of(name: str) -> Round:
    """Return the round of a name such as `v6.1`.

    Raises:
        UsageError: No such round is known here.
    """
    known = {r.name: r for r in ROUNDS}
    if name in known:
        return known[name]
    want = "a round whose rules are known here"
    raise UsageError(Problem("--round", want, repr(name), suggest(name, list(known))))


def round_of_wheel(version: str) -> Round | None:
    """Return the round whose seeds an mlcommons-loadgen version carries; None for another one."""
    found = seeds.find_round(version)
    return next((r for r in ROUNDS if found is not None and r.name == found.round), None)


def check_wheel(version: str, round_name: str) -> list[Problem]:
    """Return the problem of a LoadGen wheel that carries another round's seeds; empty if it fits.

    Args:
        version: Version of mlcommons-loadgen.
        round_name: Round that is asked for.
    """
    wanted = round_of(round_name)
    if round_of_wheel(version) is wanted:
        return []
    carried = seeds.find_round(version)
    carries = f"the seeds of {carried.round}" if carried else "seeds that nobody read here"
    return [
        Problem(
            f"mlcommons-loadgen {version}",
            f"the seeds of round {wanted.name}",
            carries,
            f"pip install mlcommons-loadgen=={wanted.wheels[-1]}, or ask for that round",
            SEEDS_OF_ROUND.code,
        )
    ]
