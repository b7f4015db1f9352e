"""The model that Triton's Python backend loads: ONNX Runtime inside.

This file is copied into a model repository as `VERSION/model.py`. It imports nothing of
this package, so that a repository works wherever NumPy and ONNX Runtime are installed.

Source:
    Triton Inference Server documentation, "Python Backend": `initialize`, `execute`,
    `finalize`, and the arguments of `initialize`.
"""

from __future__ import annotations

import importlib
import json
from pathlib import Path
from typing import Any

MODEL_FILE = "model.onnx"
"""Name of the ONNX file beside this one."""

HOST = "CPUExecutionProvider"
"""Execution provider that every build of ONNX Runtime has."""


class TritonPythonModel:
    """One model instance: a session of its own, used by one thread at a time."""

    def initialize(self, args: dict[str, str]) -> None:
        """Open the session.

        Args:
            args: What Triton hands over: the model's configuration as JSON, folder and
                version, kind and index of the instance's device.
        """
        self._utils = importlib.import_module("triton_python_backend_utils")
        self._numpy = importlib.import_module("numpy")
        config = json.loads(args["model_config"])
        given = {k: v["string_value"] for k, v in config.get("parameters", {}).items()}
        self._input = config["input"][0]["name"]
        self._output = config["output"][0]["name"]
        self._most = int(config.get("max_batch_size", 0))
        self._fixed = int(given.get("fixed_batch", "0"))
        folder = Path(args["model_repository"]) / args["model_version"]
        self._session = _open(folder / MODEL_FILE, args, given)
        self._names = [self._output]
        self._batch: Any = None

    def execute(self, requests: list[Any]) -> list[Any]:
        """Return a response per request, from one inference over all of them.

        Args:
            requests: What the dynamic batcher put together; samples of all of them are at
                most `max_batch_size`.
        """
        pb = self._utils
        arrays = [pb.get_input_tensor_by_name(r, self._input).as_numpy() for r in requests]
        outputs = self._infer(arrays[0] if len(arrays) == 1 else self._join(arrays))
        responses, start = [], 0
        for array in arrays:
            end = start + len(array)
            tensor = pb.Tensor(self._output, outputs[start:end])
            responses.append(pb.InferenceResponse(output_tensors=[tensor]))
            start = end
        return responses

    def finalize(self) -> None:
        """Drop the session."""
        self._session = None

    def _join(self, arrays: list[Any]) -> Any:
        """Return the samples of several requests, one after the other, in a kept buffer."""
        first = arrays[0]
        count = sum(map(len, arrays))
        if self._batch is None or count > len(self._batch):
            room = max(count, self._most)
            self._batch = self._numpy.empty((room, *first.shape[1:]), first.dtype)
        return self._numpy.concatenate(arrays, out=self._batch[:count])

    def _infer(self, batch: Any) -> Any:
        """Return the model's outputs; a graph of fixed batch is filled up."""
        count = len(batch)
        if self._fixed and count < self._fixed:
            full = self._numpy.zeros((self._fixed, *batch.shape[1:]), batch.dtype)
            full[:count] = batch
            batch = full
        return self._session.run(self._names, {self._input: batch})[0][:count]


def _open(path: Path, args: dict[str, str], given: dict[str, str]) -> Any:
    """Return a session on the instance's device.

    Raises:
        RuntimeError: ONNX Runtime fell back to another execution provider.
    """
    ort = importlib.import_module("onnxruntime")
    options = ort.SessionOptions()
    options.intra_op_num_threads = int(given.get("intra_op_threads", "1"))
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    name = given.get("execution_provider", HOST)
    own = json.loads(given.get("provider_options", "{}"))
    if name != HOST and args.get("model_instance_kind") == "GPU":
        own["device_id"] = args["model_instance_device_id"]
    providers: list[Any] = [(name, own)]
    if name != HOST:
        providers.append(HOST)
    session = ort.InferenceSession(str(path), options, providers=providers)
    if name not in session.get_providers():
        got = ", ".join(session.get_providers())
        raise RuntimeError(f"execution_provider: want {name} to start, got {got}")
    return session
