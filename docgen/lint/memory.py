"""Whether models, batches and parallelism fit the devices of a system; nothing is guessed."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from docgen.catalog import Entry, Source, Target, Value
from docgen.findings import Finding, Other
from docgen.lint import rules
from docgen.lint.context import Subject, make, number

GIB = 2**30
"""Bytes of a GiB. Vendors' GB are taken for GiB: the greater one, so that a finding is certain."""


@dataclass(frozen=True)
class Model:
    """What is known of a published model."""

    names: tuple[str, ...]
    """Names of its workload, in small letters and digits only."""
    parameters: float = 0.0
    """Parameters; 0 where only its samples are known."""
    sample: float = 0.0
    """Elements of input and largest layer output of one sample; 0 where unknown."""
    source: str = ""
    """Where the figures come from."""


MODELS = (
    Model(
        names=("llama2", "llama270b"),
        parameters=68.9e9,
        source="Llama 2 70B: 80 layers, width 8192, feed-forward 28672, 8 key-value heads",
    ),
    Model(
        names=("llama31405b",),
        parameters=405.8e9,
        source="Llama 3.1 405B: 126 layers, width 16384, feed-forward 53248, 8 key-value heads",
    ),
    Model(names=("llama318b",), parameters=8.03e9, source="Llama 3.1 8B, model card"),
    Model(names=("mixtral8x7b",), parameters=46.7e9, source="Mixtral of Experts, arXiv:2401.04088"),
    Model(names=("gptj",), parameters=6.05e9, source="GPT-J-6B, model card"),
    Model(names=("deepseekr1",), parameters=671e9, source="DeepSeek-V3 report, arXiv:2412.19437"),
    Model(
        names=("resnet50",),
        sample=3 * 224 * 224 + 64 * 112 * 112,
        source="ResNet-50: 3x224x224 in, 64x112x112 after the first convolution",
    ),
    Model(
        names=("retinanet",),
        sample=3 * 800 * 800 + 64 * 400 * 400,
        source="RetinaNet at 800x800: 64x400x400 after the first convolution",
    ),
    Model(
        names=("bert",),
        sample=2 * 384 * 1024,
        source="BERT-Large at 384 tokens: two tensors of width 1024",
    ),
    Model(
        names=("unet3d", "3dunet"),
        sample=(1 + 32) * 128**3,
        source="3D U-Net on windows of 128x128x128: 32 channels at full size",
    ),
)
"""Models of public rounds whose size is published."""

BYTES = {
    "fp4": 0.5, "nvfp4": 0.5, "int4": 0.5, "w4a16": 0.5, "fp8": 1.0, "int8": 1.0,
    "fp16": 2.0, "bf16": 2.0, "float16": 2.0, "bfloat16": 2.0, "fp32": 4.0, "float32": 4.0,
}  # fmt: skip
"""Bytes of one element by precision."""

ENGINE_LIMITS = (
    "max_num_tokens",
    "max_batch_size",
    "max_seq_len",
    "max_input_len",
    "max_beam_width",
)
"""Settings that are a limit both when an engine is built and when it runs."""


def check(subject: Subject) -> Iterator[Finding]:
    """Yield every finding about room and devices."""
    for entry in subject.entries:
        yield from _parallel(subject, entry)
        yield from _weights(subject, entry)
        yield from _batch(subject, entry)
        yield from _power(subject, entry)
        yield from _engine(entry)


def _number(entry: Entry, name: str) -> float | None:
    """Return a number that an entry sets; None where it does not."""
    value = entry.values.get(name)
    found = value.resolved if value is not None else None
    return float(found) if isinstance(found, int | float) and not isinstance(found, bool) else None


def _copies(entry: Entry) -> tuple[float, Source] | None:
    """Return the devices of one model copy, and where they are set; None where nothing says."""
    tensor, pipeline = _number(entry, "tensor_parallelism"), _number(entry, "pipeline_parallelism")
    if tensor is None:
        return None
    return tensor * (pipeline or 1), entry.values["tensor_parallelism"].source


def _parallel(subject: Subject, entry: Entry) -> Iterator[Finding]:
    """Yield a parallelism that the devices of a system cannot give."""
    found, devices = _copies(entry), subject.devices(entry.target)
    if found is None or found[0] < 1 or devices < 1:
        return
    needed, source = found
    if needed > devices or devices % needed:
        grave = "error" if needed > devices else "warning"
        yield make(
            rules.PARALLEL_DEVICES,
            source,
            f"parallelism that divides the {devices} device(s) of {entry.target}",
            f"{number(needed)} devices for one model copy",
            severity=grave,
            keys=[entry.key],
        )


def memory_of(target: Target | None, name: str) -> float | None:
    """Return the memory of one device in bytes, at most; None where nothing says."""
    if target is not None and target.mig is not None:
        found = re.search(r"(\d+)gb", target.mig.profile)
        return float(found[1]) * GIB if found else None
    facts = target.facts if target is not None else {}
    for fact in ("memory", "memory_gb"):
        stated = (
            re.match(r"(\d+(?:\.\d+)?)(?: GiB)?$", str(facts[fact].value))
            if fact in facts
            else None
        )
        if stated:
            return float(stated[1]) * GIB
    named = re.findall(r"(\d+)GB(?![a-z])", name) if not re.search(r"_MIG_", name) else []
    return float(named[-1]) * GIB if named else None


def _element(entry: Entry) -> float | None:
    """Return the bytes of one weight; None where the precision is unknown."""
    if entry.values.get("use_fp8") is not None and entry.values["use_fp8"].resolved is True:
        return 1.0
    value = entry.values.get("precision")
    return BYTES.get(str(value.resolved).lower()) if value is not None else None


def _model(subject: Subject, entry: Entry) -> Model | None:
    """Return what is known of the model of an entry: by its own tree first."""
    for workload in subject.catalog.workloads:
        if workload.name == entry.workload:
            own = workload.properties
            if isinstance(own.get("parameters"), int | float):
                return Model(
                    names=(workload.name,),
                    parameters=float(own["parameters"]),
                    sample=float(own.get("peak_activations") or 0),
                    source=f"{workload.source.path}:{workload.source.line}",
                )
    name = re.sub(r"[^a-z0-9]", "", entry.workload.lower())
    return next((m for m in MODELS if name in m.names), None)


def _weights(subject: Subject, entry: Entry) -> Iterator[Finding]:
    """Yield weights that do not fit the devices of one copy."""
    model, found, size = _model(subject, entry), _copies(entry), _element(entry)
    memory = memory_of(subject.targets.get(entry.target), entry.target)
    if model is None or found is None or size is None or memory is None:
        return
    need, room = model.parameters * size, memory * found[0]
    if need > room:
        yield make(
            rules.WEIGHTS_MEMORY,
            found[1],
            f"weights within {number(round(room / GIB))} GiB ({number(found[0])} device(s))",
            f"{number(round(need / GIB))} GiB: {number(round(model.parameters / 1e9, 1))} billion "
            f"parameters of {size:g} bytes",
            keys=[entry.key],
        )


def _batches(entry: Entry) -> tuple[float, Value] | None:
    """Return the greatest batch size of an entry, in samples."""
    for name in ("batch_size", "gpu_batch_size"):
        value = entry.values.get(name)
        if value is None:
            continue
        sizes: Any = value.resolved
        numbers = list(sizes.values()) if isinstance(sizes, Mapping) else [sizes]
        numbers = [n for n in numbers if isinstance(n, int | float) and not isinstance(n, bool)]
        if numbers:
            return float(max(numbers)), value
    return None


def _batch(subject: Subject, entry: Entry) -> Iterator[Finding]:
    """Yield a batch that does not fit a device even without anything else."""
    model, found, size = _model(subject, entry), _batches(entry), _element(entry)
    memory = memory_of(subject.targets.get(entry.target), entry.target)
    if model is None or not model.sample or found is None or size is None or memory is None:
        return
    need = found[0] * model.sample * size + model.parameters * size
    if need > memory:
        most = max(int((memory - model.parameters * size) / (model.sample * size)), 0)
        yield make(
            rules.BATCH_MEMORY,
            found[1].source,
            f"a batch of at most {number(most)} in {number(round(memory / GIB))} GiB",
            f"{number(found[0])}, which takes {number(round(need / GIB))} GiB at least "
            f"({model.source})",
            keys=[entry.key],
        )


def _power(subject: Subject, entry: Entry) -> Iterator[Finding]:
    """Yield a power limit above what the board draws."""
    limit, target = _number(entry, "power_limit"), subject.targets.get(entry.target)
    facts = target.facts if target is not None else {}
    for name in ("power_limit", "power_w"):
        fact = facts.get(name)
        most = fact.value if fact is not None else None
        if (
            fact is not None
            and isinstance(most, int | float)
            and limit is not None
            and limit > most
        ):
            yield make(
                rules.POWER_OVER_BOARD,
                entry.values["power_limit"].source,
                f"at most {number(most)} W",
                f"power_limit = {number(limit)}",
                others=[Other(source=fact.source, text=f"{name} = {number(most)}")],
                keys=[entry.key],
            )


def _engine(entry: Entry) -> Iterator[Finding]:
    """Yield limits at run time above those that the engine is built for."""
    built, run = entry.values.get("trtllm_build_flags"), entry.values.get("trtllm_runtime_flags")
    if built is None or run is None:
        return
    if not (isinstance(built.resolved, Mapping) and isinstance(run.resolved, Mapping)):
        return
    for name in ENGINE_LIMITS:
        most, used = built.resolved.get(name), run.resolved.get(name)
        if isinstance(most, int) and isinstance(used, int) and used > most:
            yield make(
                rules.ENGINE_LIMIT,
                run.source,
                f"{name} of at most {number(most)}, as built",
                f"{number(used)} at run time",
                others=[Other(source=built.source, text=f"{name} = {number(most)}")],
                keys=[entry.key],
            )
