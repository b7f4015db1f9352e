"""Checks of a model's files: versions, model file, Python class, labels, ONNX head, memory."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from runtime.triton import rules
from runtime.triton.folder import Finding, ModelFolder
from runtime.triton.modelconfig import DTYPES, FILES

GIB = 1 << 30
"""Bytes in a GiB."""

MAX_ONNX_BYTES = 1 << 31
"""Largest ONNX file that is read: protobuf takes no more than 2 GiB."""


def check_files(model: ModelFolder) -> Iterator[Finding]:
    """Yield what is wrong with the files of a model."""
    yield from _versions(model)
    if model.backend == "ensemble":
        return
    for version in model.served().values():
        yield from _model_file(model, version)
    yield from _labels(model)
    yield from _memory(model)


def _versions(model: ModelFolder) -> Iterator[Finding]:
    """Yield what is wrong with version folders and the version policy."""
    found = model.versions()
    for path in sorted(model.path.iterdir()):
        if (
            path.is_dir()
            and re.fullmatch(r"[0-9]+", path.name)
            and int(path.name) not in (n for n, p in found.items() if p == path)
        ):
            do = f"rename it to {int(path.name) or 1}"
            yield Finding(rule=rules.VERSION_DIR, path=str(path), got=f"{path.name!r}", do=do)
    if not found:
        do = "make a folder 1 with the model's file in it"
        yield Finding(rule=rules.NO_VERSION, path=str(model.path), got="none", do=do)
        return
    policy = model.config.version_policy
    choice = policy.WhichOneof("policy_choice")
    if choice == "specific":
        absent = sorted(set(policy.specific.versions) - set(found))
        if absent or not policy.specific.versions:
            got = f"versions {absent or []} wanted, {sorted(found)} there"
            yield model.find(rules.POLICY, got, "correct the list", "version_policy")
    # An empty `latest` message stands for its default of one version.
    text = re.sub(r"#[^\n]*", "", model.text)
    if choice == "latest" and re.search(r"num_versions\s*:\s*0\b", text):
        yield model.find(rules.POLICY, "the latest 0", "write how many", "num_versions")


def _model_file(model: ModelFolder, version: Path) -> Iterator[Finding]:
    """Yield what is wrong with the model's file of one version."""
    names = list(model.config.cc_model_filenames.values())
    name = model.config.default_model_filename or FILES.get(model.backend, "")
    if not name and not names:
        return
    paths = [version / n for n in names] or [version / name]
    if not any(path.exists() for path in paths):
        has = sorted(p.name for p in version.iterdir())
        got = f"no {paths[0].name}" + (f" but {', '.join(has[:3])}" if has else "")
        do = "put it there, or name it with default_model_filename"
        yield Finding(rule=rules.MODEL_FILE, path=str(version), got=got, do=do)
        return
    path = next(path for path in paths if path.exists())
    if model.backend == "python":
        yield from _python(path)
    elif model.backend == "onnxruntime" and path.is_file():
        yield from _onnx(model, path)


def _python(path: Path) -> Iterator[Finding]:
    """Yield what is wrong with a Python model; it is parsed, not run."""
    try:
        tree = ast.parse(path.read_bytes())
    except (SyntaxError, ValueError) as error:
        line = getattr(error, "lineno", None) or 1
        got = f"{type(error).__name__}: {error}"
        do = "mend the syntax"
        yield Finding(rule=rules.PYTHON_CLASS, path=str(path), line=line, got=got, do=do)
        return
    classes = [n for n in tree.body if isinstance(n, ast.ClassDef)]
    found = next((c for c in classes if c.name == "TritonPythonModel"), None)
    imported = any(
        alias.asname == "TritonPythonModel" or alias.name == "TritonPythonModel"
        for node in tree.body
        if isinstance(node, (ast.ImportFrom, ast.Import))
        for alias in node.names
    )
    if found is None and not imported:
        got = "no such class"
        do = "name the class TritonPythonModel"
        yield Finding(rule=rules.PYTHON_CLASS, path=str(path), line=1, got=got, do=do)
    elif found is not None and not found.bases:
        methods = {
            n.name for n in found.body if isinstance(n, (ast.FunctionDef, ast.AsyncFunctionDef))
        }
        if "execute" not in methods:
            do = "add execute(self, requests)"
            got = "a class without execute"
            yield Finding(
                rule=rules.PYTHON_CLASS, path=str(path), line=found.lineno, got=got, do=do
            )


def _labels(model: ModelFolder) -> Iterator[Finding]:
    """Yield label files that are not there."""
    for tensor in model.config.output:
        name = tensor.label_filename
        if name and not (model.path / name).is_file():
            do = f"put {name} into {model.path}, or drop label_filename"
            yield model.find(rules.LABELS, f"no {name}", do, "label_filename")


def _memory(model: ModelFolder) -> Iterator[Finding]:
    """Yield instances that cannot fit a device, by the size of the model's files."""
    limit = model.limits.memory_gib
    if limit is None or not model.on_gpu():
        return
    size = sum(
        p.stat().st_size for v in model.served().values() for p in v.rglob("*") if p.is_file()
    )
    count = max((max(1, g.count) for g in model.config.instance_group), default=1)
    if size * count > limit * GIB:
        got = f"{count} x {size / GIB:.1f} GiB of files on {limit:g} GiB"
        do = "lower count, or use a larger device or slice"
        yield model.find(rules.MEMORY, got, do, "instance_group")


def _onnx(model: ModelFolder, path: Path) -> Iterator[Finding]:
    """Yield where a configuration and its ONNX graph disagree."""
    if path.stat().st_size > MAX_ONNX_BYTES:
        return
    import onnx

    try:
        graph = onnx.load(str(path), load_external_data=False).graph
    except Exception as error:  # noqa: BLE001 - a foreign file may be anything
        got = f"{type(error).__name__}: {str(error).splitlines()[0] if str(error) else ''}"
        do = "put an ONNX file there"
        yield Finding(rule=rules.ONNX, path=str(path), got=got, do=do)
        return
    held = {i.name for i in graph.initializer}
    sides: tuple[tuple[str, Any, dict[str, Any]], ...] = (
        ("input", model.config.input, {t.name: t for t in graph.input if t.name not in held}),
        ("output", model.config.output, {t.name: t for t in graph.output}),
    )
    for kind, declared, found in sides:
        for tensor in declared:
            if tensor.name in held:
                continue
            if tensor.name not in found:
                got = f"{kind} {tensor.name!r}; the graph has {', '.join(sorted(found))}"
                yield model.find(rules.ONNX, got, f"use the graph's {kind} name", tensor.name)
            else:
                yield from _onnx_tensor(model, kind, tensor, found[tensor.name])
        known = {t.name for t in declared} | _controls(model)
        missing = sorted(set(found) - known) if kind == "input" and declared else []
        if missing:
            yield model.find(rules.ONNX, f"inputs {missing} undeclared", "declare them", kind)


def _controls(model: ModelFolder) -> set[str]:
    """Return the inputs that a sequence batcher fills itself."""
    batching = model.config.sequence_batching
    return {c.name for c in batching.control_input} | {s.input_name for s in batching.state}


def _onnx_tensor(model: ModelFolder, kind: str, tensor: Any, found: Any) -> Iterator[Finding]:
    """Yield where one tensor's type or shape is not the graph's."""
    import onnx

    kinds = {
        getattr(onnx.TensorProto, word): DTYPES[name]
        for word, name in (
            ("FLOAT", "float32"),
            ("FLOAT16", "float16"),
            ("DOUBLE", "float64"),
            ("INT64", "int64"),
            ("INT32", "int32"),
            ("INT8", "int8"),
            ("UINT8", "uint8"),
            ("BOOL", "bool"),
            ("STRING", "object"),
        )
    }
    graph_type = kinds.get(found.type.tensor_type.elem_type, "")
    own_type = type(tensor).DESCRIPTOR.fields_by_name["data_type"].enum_type.values_by_number
    word = own_type[tensor.data_type].name
    if graph_type and word not in (graph_type, "TYPE_INVALID"):
        got = f"{word} for {kind} {tensor.name!r}; the graph has {graph_type}"
        yield model.find(rules.ONNX, got, f"write {graph_type}", "data_type")
    if not found.type.tensor_type.HasField("shape"):
        return
    axes = [
        d.dim_value if d.HasField("dim_value") else -1 for d in found.type.tensor_type.shape.dim
    ]
    shape = list(tensor.reshape.shape if tensor.HasField("reshape") else tensor.dims)
    if model.config.max_batch_size > 0:
        if axes and axes[0] not in (-1, 0):
            got = f"{kind} {tensor.name!r} fixed to a batch of {axes[0]}"
            do = "export it with a free batch axis, or set max_batch_size: 0 and full dims"
            yield model.find(rules.ONNX, got, do, "max_batch_size")
        axes = axes[1:]
    if len(axes) != len(shape) or any(
        a > 0 and b > 0 and a != b for a, b in zip(axes, shape, strict=False)
    ):
        got = f"dims {shape} for {kind} {tensor.name!r}; the graph has {axes}"
        yield model.find(rules.ONNX, got, "write the graph's shape without the batch axis", "dims")
