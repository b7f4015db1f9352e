"""What requests and responses look like on the wire, and what a response must be."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from runtime.configs.workload import Tensor
from runtime.errors import Problem, RunError
from runtime.troubles.served import TRITON_REQUEST_FAILED

WIRE: dict[str, str] = {
    "bool": "BOOL",
    "uint8": "UINT8",
    "int8": "INT8",
    "int16": "INT16",
    "int32": "INT32",
    "int64": "INT64",
    "float16": "FP16",
    "float32": "FP32",
    "float64": "FP64",
}
"""Data types in requests by NumPy's names.

Source: Open Inference Protocol, "Tensor Data Types".
"""


@dataclass(frozen=True, kw_only=True)
class Served:
    """The model that requests are for."""

    name: str
    """Name on the server."""
    input: Tensor
    """What it takes."""
    output: Tensor
    """What it gives."""


def check_response(response: Any, served: Served, count: int) -> tuple[int, ...]:
    """Return the shape of a response's output.

    Raises:
        RunError: It is not the output of `count` samples: never taken for an answer.
    """
    shape = (count, *served.output.shape)
    if len(response.outputs) != 1 or response.outputs[0].name != served.output.name:
        got = ", ".join(o.name for o in response.outputs) or "no output"
        raise odd_response(served, f"the output {served.output.name}", got)
    found = tuple(response.outputs[0].shape)
    if found != shape:
        raise odd_response(served, f"an output of shape {shape}", str(found))
    return shape


def row_bytes(tensor: Tensor) -> int:
    """Return the size of one sample's tensor, in bytes."""
    import numpy as np

    return int(np.prod(tensor.shape, dtype=np.int64)) * int(np.dtype(tensor.dtype).itemsize)


def make_request(served: Served, count: int) -> Any:
    """Return a request for `count` samples, without their data."""
    from tritonclient.grpc import service_pb2

    request = service_pb2.ModelInferRequest(model_name=served.name)
    source = request.inputs.add(name=served.input.name, datatype=WIRE[served.input.dtype])
    source.shape.extend((count, *served.input.shape))
    request.outputs.add(name=served.output.name)
    return request


def point_into(tensor: Any, region: str, offset: int, size: int) -> None:
    """Let a request's tensor point into a region."""
    tensor.parameters["shared_memory_region"].string_param = region
    tensor.parameters["shared_memory_byte_size"].int64_param = size
    if offset:
        tensor.parameters["shared_memory_offset"].int64_param = offset


def odd_response(served: Served, want: str, got: str) -> RunError:
    """Return the error of a response that fits no request."""
    do = "check that the server serves the model of this run; see its log"
    where = f"response of model {served.name}"
    return RunError(Problem(where, want, got, do, TRITON_REQUEST_FAILED.code))
