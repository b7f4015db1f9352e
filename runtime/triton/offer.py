"""What a server offers under a model's name, held against what a run needs of it."""

from __future__ import annotations

from typing import Any

from runtime.configs.workload import Tensor
from runtime.errors import ConfigError, Problem
from runtime.triton.wire import WIRE, Served


def check_offer(stub: Any, served: Served, capacity: int, url: str, timeout: float) -> None:
    """Return when a server's model takes and gives what a run sends and expects.

    Args:
        stub: The service's methods.
        served: The model as the run needs it.
        capacity: Most samples of a request.
        url: Host and port, for the message.
        timeout: How long the server may take to answer, in seconds.

    Raises:
        ConfigError: Input, output or largest batch are others, with every one of them.
        grpc.RpcError: The server does not answer, or has no such model.
    """
    from tritonclient.grpc import service_pb2 as pb

    found = stub.ModelMetadata(pb.ModelMetadataRequest(name=served.name), timeout=timeout)
    asked = pb.ModelConfigRequest(name=served.name)
    most = stub.ModelConfig(asked, timeout=timeout).config.max_batch_size
    where = f"model {served.name} on {url}"
    problems = []
    for kind, own, theirs in (
        ("input", served.input, found.inputs),
        ("output", served.output, found.outputs),
    ):
        if not any(_is(own, tensor) for tensor in theirs):
            want = f"{own.name}: {WIRE[own.dtype]} {list(own.shape)}"
            got = [f"{t.name}: {t.datatype} {list(t.shape)[1:]}" for t in theirs]
            problems.append(_other(f"{kind} of {where}", want, "; ".join(got) or "none"))
    if most < capacity:
        want = f"a max_batch_size of at least {capacity}"
        problems.append(_other(where, want, str(most)))
    if problems:
        raise ConfigError(problems)


def _is(own: Tensor, tensor: Any) -> bool:
    """Tell whether a served tensor, batch axis first, admits ours; -1 is any size."""
    shape = tuple(tensor.shape)[1:]
    return (
        tensor.name == own.name
        and tensor.datatype == WIRE[own.dtype]
        and len(shape) == len(own.shape)
        and all(a in (-1, b) for a, b in zip(shape, own.shape, strict=True))
    )


def _other(where: str, want: str, got: str) -> Problem:
    do = "serve the repository that `harness triton model` makes for this entry"
    return Problem(where, want, got, do)
