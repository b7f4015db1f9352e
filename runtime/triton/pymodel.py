"""The model that Triton's Python backend loads: ONNX Runtime inside.

This file is copied into a model repository as `VERSION/model.py`. It imports nothing of
this package, so that a repository works wherever NumPy and ONNX Runtime are installed.

Source:
    Triton Inference Server documentation, "Python Backend": `initialize`, `execute`,
    `finalize`, and the arguments of `initialize`.
"""

from __future__ import annotations

import gc
import importlib
import json
import queue
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

MODEL_FILE = "model.onnx"
"""Name of the ONNX file beside this one."""

HOST = "CPUExecutionProvider"
"""Execution provider that every build of ONNX Runtime has."""

DEPTH = 2
"""Batches in an overlapping model: one that is inferred, one that is ready for it.

Why: with more, requests would wait here rather than in Triton's queue, where the dynamic
    batcher can put them together.
"""

END_S = 5.0
"""How long an overlapping model may take to answer what it holds when it ends, in seconds."""


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
        overlaps = given.get("overlap", "0") == "1"
        self._overlap = Overlap(self._utils, self._answers) if overlaps else None
        gc.collect()
        gc.freeze()  # what is loaded by now stays: no collection need look at it again

    def execute(self, requests: list[Any]) -> list[Any] | None:
        """Return a response per request, from one inference over all of them.

        Args:
            requests: What the dynamic batcher put together; samples of all of them are at
                most `max_batch_size`.

        Returns:
            The responses; None from an overlapping model, which sends them later.
        """
        pb = self._utils
        tensors = [pb.get_input_tensor_by_name(r, self._input) for r in requests]
        if self._overlap is not None:
            self._overlap.take(requests, tensors)
            return None
        return self._answers([tensor.as_numpy() for tensor in tensors])

    def finalize(self) -> None:
        """Answer what is under way, and drop the session."""
        if self._overlap is not None:
            self._overlap.end()
        self._session = None

    def _answers(self, arrays: list[Any]) -> list[Any]:
        """Return a response per array of samples, from one inference over all of them."""
        pb = self._utils
        outputs = self._infer(arrays[0] if len(arrays) == 1 else self._join(arrays))
        responses, start = [], 0
        for array in arrays:
            end = start + len(array)
            tensor = pb.Tensor(self._output, outputs[start:end])
            responses.append(pb.InferenceResponse(output_tensors=[tensor]))
            start = end
        return responses

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


class Overlap:
    """Infers one batch while the next one comes in and the answers of the last one go out.

    The thread that Triton calls takes batches, a second one infers, a third one sends; each
    batch goes through them in order. Without it, the model stands still while answers go to
    the server and the server brings the next batch.
    """

    def __init__(self, utils: Any, answers: Callable[[list[Any]], list[Any]]) -> None:
        """Start the threads.

        Args:
            utils: The module `triton_python_backend_utils`.
            answers: Returns the responses of some arrays of samples; called in one thread.
        """
        self._utils = utils
        self._answers = answers
        self._room = threading.Semaphore(DEPTH)
        self._taken: queue.SimpleQueue[Any] = queue.SimpleQueue()
        self._done: queue.SimpleQueue[Any] = queue.SimpleQueue()
        self._threads = [
            threading.Thread(target=work, daemon=True) for work in (self._infer, self._send)
        ]
        for thread in self._threads:
            thread.start()

    def take(self, requests: list[Any], tensors: list[Any]) -> None:
        """Take a batch, once there is room for it.

        Args:
            requests: Held until they are answered: their memory goes with them.
            tensors: The input of each.
        """
        senders = [request.get_response_sender() for request in requests]
        self._room.acquire()
        self._taken.put((requests, tensors, senders))

    def end(self) -> None:
        """Answer what is held, and end the threads."""
        self._taken.put(None)
        for thread in self._threads:
            thread.join(END_S)

    def _infer(self) -> None:
        """Infer batch after batch; one that fails is answered with its error."""
        while (batch := self._taken.get()) is not None:
            _, tensors, senders = batch
            try:
                responses = self._answers([tensor.as_numpy() for tensor in tensors])
            except Exception as error:  # noqa: BLE001 - whatever it is, its requests must be answered
                said = self._utils.TritonError(f"{type(error).__name__}: {error}")
                responses = [self._utils.InferenceResponse(error=said) for _ in senders]
            self._room.release()
            self._done.put((responses, batch))
        self._done.put(None)

    def _send(self) -> None:
        """Send the answers of batch after batch."""
        final = self._utils.TRITONSERVER_RESPONSE_COMPLETE_FINAL
        while (done := self._done.get()) is not None:
            responses, (_, _, senders) = done
            for response, sender in zip(responses, senders, strict=True):
                sender.send(response, final)


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
