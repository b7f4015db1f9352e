"""Checks of one configuration by itself: names, tensors, batching, instances, options."""

from __future__ import annotations

from collections.abc import Iterator
from difflib import get_close_matches
from typing import Any

from runtime.errors import suggest
from runtime.triton import rules
from runtime.triton.folder import Finding, ModelFolder, doubles, elements
from runtime.triton.modelconfig import FILES, PLATFORMS

MOST_DELAY_US = 1_000_000
"""Longest queue delay that is taken for meant, in microseconds."""

ACCELERATORS = {
    "gpu_execution_accelerator": ("tensorrt", "cuda", "auto_mixed_precision", "gpu_io"),
    "cpu_execution_accelerator": ("openvino",),
}
"""Execution accelerators by where they run."""


def check_config(model: ModelFolder) -> Iterator[Finding]:
    """Yield what is wrong with a configuration, whatever files are there."""
    for check in (
        _names,
        _batch,
        _tensors,
        _batcher,
        _groups,
        _graphs,
        _accelerators,
        _gpu_only,
        _cache,
        _warm_up,
    ):
        yield from check(model)


def _names(model: ModelFolder) -> Iterator[Finding]:
    """Yield what is wrong with name, backend and platform."""
    config = model.config
    if config.name and config.name != model.name:
        do = f'write name: "{model.name}", or rename the folder'
        yield model.find(rules.NAME, f"{config.name!r} in the folder {model.name!r}", do, "name")
    platform, backend = config.platform, config.backend
    if platform and platform not in PLATFORMS:
        do = suggest(platform, list(PLATFORMS))
        yield model.find(rules.BACKEND, f"platform {platform!r}", do, "platform")
    known = {*FILES, *PLATFORMS.values()}
    if backend and backend not in known and not _own_backend(model):
        near = get_close_matches(backend, sorted(known), n=1, cutoff=0.7)
        rule = rules.BACKEND if near else rules.BACKEND_UNKNOWN
        do = f"did you mean {near[0]!r}?" if near else f"put libtriton_{backend}.so beside it"
        yield model.find(rule, f"backend {backend!r}", do, "backend")
    wanted = PLATFORMS.get(platform, "")
    if backend and wanted and backend != wanted:
        got = f"backend {backend!r} with platform {platform!r}"
        yield model.find(rules.BACKEND, got, f"write backend: {wanted!r}, or drop one", "backend")
    if not model.backend:
        do = "add backend: with the name of its backend"
        yield model.find(rules.BACKEND, "neither backend nor platform", do)


def _own_backend(model: ModelFolder) -> bool:
    """Tell whether a model brings its backend's library."""
    name = f"libtriton_{model.config.backend}.so"
    return (model.path / name).is_file() or any(
        (v / name).is_file() for v in model.versions().values()
    )


def _batch(model: ModelFolder) -> Iterator[Finding]:
    """Yield what is wrong with the maximum batch."""
    size = model.config.max_batch_size
    if size < 0:
        do = "write the largest batch, or 0 for a model without a batch axis"
        yield model.find(rules.MAX_BATCH, str(size), do, "max_batch_size")


def _tensors(model: ModelFolder) -> Iterator[Finding]:
    """Yield what is wrong with inputs and outputs."""
    config = model.config
    for kind, tensors in (("input", config.input), ("output", config.output)):
        if not tensors:
            yield model.find(rules.UNDECLARED, f"no {kind}", f"declare every {kind}")
        for name in doubles(t.name for t in tensors):
            yield model.find(rules.TENSORS, f"two {kind}s named {name!r}", "rename one", kind)
        for tensor in tensors:
            yield from _tensor(model, kind, tensor)


def _tensor(model: ModelFolder, kind: str, tensor: Any) -> Iterator[Finding]:
    """Yield what is wrong with one input or output."""
    where = f"{kind} {tensor.name!r}"
    if not tensor.name:
        yield model.find(rules.TENSORS, f"{kind} without a name", "name it", kind)
    if tensor.data_type == 0:
        do = "write its data_type, for example TYPE_FP32"
        yield model.find(rules.TENSORS, f"{where} without a data type", do, kind)
    if not tensor.dims:
        do = "write its shape without the batch axis; a scalar is dims: [ 1 ] with a reshape"
        yield model.find(rules.TENSORS, f"{where} without dims", do, kind)
    bad = [size for size in tensor.dims if size < -1 or size == 0]
    if bad:
        do = "write -1 for a free axis, or its size"
        yield model.find(rules.TENSORS, f"{where} with dims {list(tensor.dims)}", do, "dims")
    if tensor.HasField("reshape"):
        before, after = elements(tensor.dims), elements(tensor.reshape.shape)
        if before is not None and after is not None and before != after:
            got = f"{list(tensor.dims)} to {list(tensor.reshape.shape)} of {where}"
            do = f"keep {before} elements"
            yield model.find(rules.RESHAPE, got, do, "reshape")


def _batcher(model: ModelFolder) -> Iterator[Finding]:
    """Yield what is wrong with dynamic and sequence batching."""
    config, most = model.config, model.config.max_batch_size
    choice = config.WhichOneof("scheduling_choice")
    if choice == "dynamic_batching" and most < 1:
        do = "set max_batch_size, or drop dynamic_batching"
        yield model.find(rules.BATCHER, f"max_batch_size {most}", do, "dynamic_batching")
    batching = config.dynamic_batching
    sizes = list(batching.preferred_batch_size)
    if choice == "sequence_batching":
        sizes = list(config.sequence_batching.oldest.preferred_batch_size)
    wrong = [size for size in sizes if size < 1 or size > most]
    again = doubles(iter(sizes))
    if wrong or again:
        got = f"{wrong or again} with max_batch_size {most}"
        do = "correct the sizes, or raise max_batch_size"
        yield model.find(rules.PREFERRED, got, do, "preferred_batch_size")
    delay = batching.max_queue_delay_microseconds
    if delay >= MOST_DELAY_US:
        got = f"{delay} us, that is {delay / 1e6:g} s"
        do = "write microseconds"
        yield model.find(rules.DELAY, got, do, "max_queue_delay_microseconds")
    yield from _priorities(model)


def _priorities(model: ModelFolder) -> Iterator[Finding]:
    """Yield what is wrong with priority levels."""
    batching = model.config.dynamic_batching
    levels, default = batching.priority_levels, batching.default_priority_level
    if levels and not 1 <= default <= levels:
        do = f"set default_priority_level from 1 to {levels}"
        yield model.find(rules.QUEUE, f"default {default} of {levels}", do, "priority_levels")
    beyond = sorted(n for n in batching.priority_queue_policy if not 1 <= n <= levels)
    if beyond:
        do = f"use levels from 1 to {levels}" if levels else "set priority_levels"
        got = f"policies for levels {beyond}"
        yield model.find(rules.QUEUE, got, do, "priority_queue_policy")


def _groups(model: ModelFolder) -> Iterator[Finding]:
    """Yield what is wrong with instance groups."""
    kinds = {"KIND_AUTO": 0, "KIND_GPU": 1, "KIND_CPU": 2, "KIND_MODEL": 3}
    words = {number: word for word, number in kinds.items()}
    for group in model.config.instance_group:
        word = words[group.kind]
        if group.count < 0 or (group.count == 0 and _says_count(model)):
            do = "write how many instances each device has"
            yield model.find(rules.GROUP, f"count {group.count}", do, "count")
        if group.gpus and word in ("KIND_CPU", "KIND_MODEL"):
            got = f"gpus {list(group.gpus)} with {word}"
            yield model.find(rules.GROUP, got, "write KIND_GPU, or drop gpus", "gpus")
        wrong = [n for n in group.gpus if n < 0] or doubles(iter(group.gpus))
        if wrong:
            yield model.find(rules.GROUP, f"gpus {list(group.gpus)}", f"correct {wrong}", "gpus")
        seen = model.limits.devices
        beyond = [n for n in group.gpus if seen is not None and n >= seen]
        if beyond:
            do = f"use 0 to {(seen or 0) - 1}; for a MIG slice start a server that sees it alone"
            got = f"{beyond} of {seen} devices"
            yield model.find(rules.ORDINAL, got, do, "gpus")
        if word == "KIND_CPU" and model.backend == "tensorrt":
            do = "write KIND_GPU"
            yield model.find(rules.KIND, "KIND_CPU for a TensorRT engine", do, "KIND_CPU")
        if not group.profile and word == "KIND_CPU" and group.secondary_devices:
            do = "drop secondary_devices"
            yield model.find(rules.GROUP, "secondary devices on a CPU", do, "secondary_devices")


def _says_count(model: ModelFolder) -> bool:
    """Tell whether the text itself writes a count of zero: absent means one."""
    return any(
        part.split("#")[0].replace(" ", "").startswith("count:0")
        for part in model.text.replace("{", "\n").splitlines()
        for part in (part.strip(),)
    )


def _graphs(model: ModelFolder) -> Iterator[Finding]:
    """Yield what is wrong with CUDA graphs."""
    cuda, most = model.config.optimization.cuda, model.config.max_batch_size
    if (cuda.graphs or cuda.graph_spec) and model.backend != "tensorrt":
        got = f"CUDA graphs on the backend {model.backend!r}"
        do = "drop them: only the TensorRT backend captures graphs"
        yield model.find(rules.GRAPHS, got, do, "cuda")
    names = {tensor.name for tensor in model.config.input}
    for spec in cuda.graph_spec:
        if spec.batch_size > max(most, 0) or spec.batch_size < 0:
            got = f"batch_size {spec.batch_size} with max_batch_size {most}"
            yield model.find(rules.GRAPHS, got, "use a batch that can occur", "graph_spec")
        unknown = sorted(set(spec.input) - names)
        if unknown:
            do = "declare them, or " + suggest(unknown[0], sorted(names))
            yield model.find(rules.GRAPHS, f"inputs {unknown}", do, "graph_spec")
        if spec.input and names - set(spec.input):
            missing = sorted(names - set(spec.input))
            yield model.find(rules.GRAPHS, f"no shape of {missing}", "add their dims", "graph_spec")


def _accelerators(model: ModelFolder) -> Iterator[Finding]:
    """Yield what is wrong with execution accelerators."""
    wanted = model.config.optimization.execution_accelerators
    for place, known in ACCELERATORS.items():
        for one in getattr(wanted, place):
            if one.name not in known:
                do = suggest(one.name, known)
                yield model.find(rules.ACCELERATOR, f"{place} {one.name!r}", do, place)
            elif model.backend not in ("onnxruntime", "tensorflow"):
                got = f"{one.name!r} on the backend {model.backend!r}"
                yield model.find(rules.ACCELERATOR, got, "drop it", place)
            elif place.startswith("gpu") and not model.on_gpu():
                got = f"{one.name!r} with KIND_CPU"
                yield model.find(rules.ACCELERATOR, got, "write KIND_GPU, or drop it", place)


def _gpu_only(model: ModelFolder) -> Iterator[Finding]:
    """Yield CUDA options of a model that runs on the host alone."""
    if model.on_gpu():
        return
    policy = model.config.optimization
    words = {
        "gather_kernel_buffer_threshold": bool(policy.gather_kernel_buffer_threshold),
        "cuda": policy.HasField("cuda"),
        "output_pinned_memory": policy.HasField("output_pinned_memory"),
        "input_pinned_memory": policy.HasField("input_pinned_memory"),
    }
    for word, used in words.items():
        if used:
            yield model.find(rules.GPU_ONLY, f"{word} with KIND_CPU", "drop it", word)


def _cache(model: ModelFolder) -> Iterator[Finding]:
    """Yield a response cache where there cannot be one."""
    config = model.config
    if config.response_cache.enable and config.model_transaction_policy.decoupled:
        do = "drop one of them"
        yield model.find(rules.CACHE, "response_cache on a decoupled model", do, "response_cache")


def _warm_up(model: ModelFolder) -> Iterator[Finding]:
    """Yield what is wrong with warm-up samples."""
    names = {tensor.name for tensor in model.config.input if not tensor.optional}
    most = model.config.max_batch_size
    for sample in model.config.model_warmup:
        if sample.batch_size > max(most, 1):
            got = f"{sample.name!r} of {sample.batch_size} with max_batch_size {most}"
            yield model.find(rules.WARMUP, got, "lower its batch_size", "model_warmup")
        given = set(sample.inputs)
        if names - given:
            do = f"add {sorted(names - given)}"
            got = f"{sample.name!r} with inputs {sorted(given)}"
            yield model.find(rules.WARMUP, got, do, "model_warmup")
