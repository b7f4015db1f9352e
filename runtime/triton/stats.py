"""Triton's own statistics of a model, and where a request's time went."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

NS_PER_MS = 1e6
"""Nanoseconds in a millisecond."""


@dataclass(frozen=True, kw_only=True)
class Statistics:
    """Counters of a model on one server or several, summed; they only grow.

    Source: Triton Inference Server documentation, "Statistics Extension".
    """

    requests: int = 0
    """Requests that were answered."""
    failed: int = 0
    """Requests that failed."""
    samples: int = 0
    """Samples in them (`inference_count`)."""
    executions: int = 0
    """Inferences that the backend made; fewer than requests where batches were formed."""
    total_ns: int = 0
    """Time of all answered requests inside the server."""
    queue_ns: int = 0
    """Time that they waited for the batch and an instance."""
    input_ns: int = 0
    """Time to bring inputs to the backend."""
    infer_ns: int = 0
    """Time inside the backend."""
    output_ns: int = 0
    """Time to bring outputs back."""

    def __add__(self, other: Statistics) -> Statistics:
        """Return the sum over two servers."""
        mine, theirs = asdict(self), asdict(other)
        return Statistics(**{name: mine[name] + theirs[name] for name in mine})

    def since(self, before: Statistics) -> Statistics:
        """Return what was counted after an earlier reading."""
        mine, theirs = asdict(self), asdict(before)
        return Statistics(**{name: mine[name] - theirs[name] for name in mine})


def read_statistics(stub: Any, model: str, timeout: float) -> Statistics:
    """Return the counters of a model, over all its versions."""
    from tritonclient.grpc import service_pb2

    answer = stub.ModelStatistics(service_pb2.ModelStatisticsRequest(name=model), timeout=timeout)
    found = Statistics()
    for one in answer.model_stats:
        times = one.inference_stats
        found += Statistics(
            requests=times.success.count,
            failed=times.fail.count,
            samples=one.inference_count,
            executions=one.execution_count,
            total_ns=times.success.ns,
            queue_ns=times.queue.ns,
            input_ns=times.compute_input.ns,
            infer_ns=times.compute_infer.ns,
            output_ns=times.compute_output.ns,
        )
    return found


@dataclass(frozen=True, kw_only=True)
class ClientTimes:
    """What the clients measured, summed over their requests."""

    requests: int = 0
    """Requests that were answered."""
    samples: int = 0
    """Samples in them."""
    waiting_ns: int = 0
    """From the oldest query's arrival until its request had a slot."""
    gather_ns: int = 0
    """To copy samples into the slot and hand the request to gRPC."""
    call_ns: int = 0
    """From there until the answer came."""
    complete_ns: int = 0
    """To post-process and hand the answers to LoadGen."""


@dataclass(frozen=True, kw_only=True)
class Share:
    """One part of a request's time."""

    name: str
    """`client wait`, `client`, `network`, `server queue`, ..."""
    ms: float
    """Mean time of a request in it, in ms."""
    meaning: str
    """What happens in it."""


def breakdown(times: ClientTimes, counted: Statistics) -> tuple[Share, ...]:
    """Return where a request's time went, part by part, in order; means over requests.

    Args:
        times: What the clients measured.
        counted: What the server counted in the same time.

    Why: the transport is what is left of the client's time when the server's is taken off;
        clocks of the two are never compared, only durations.
    """
    if not times.requests or not counted.requests:
        return ()
    sent, served = times.requests * NS_PER_MS, counted.requests * NS_PER_MS
    inside = counted.total_ns / served
    parts = (counted.queue_ns, counted.input_ns, counted.infer_ns, counted.output_ns)
    rest = max(0.0, inside - sum(parts) / served)
    transport = max(0.0, times.call_ns / sent - inside)
    return (
        Share(
            name="client wait",
            ms=times.waiting_ns / sent,
            meaning="the query waits for a place in a client's window",
        ),
        Share(
            name="client",
            ms=(times.gather_ns + times.complete_ns) / sent,
            meaning="samples are gathered, answers post-processed and handed to LoadGen",
        ),
        Share(
            name="transport",
            ms=transport,
            meaning="gRPC on both sides, and the way between them",
        ),
        Share(name="server queue", ms=parts[0] / served, meaning="waits for a batch, an instance"),
        Share(name="compute input", ms=parts[1] / served, meaning="inputs go to the backend"),
        Share(name="compute infer", ms=parts[2] / served, meaning="the backend infers"),
        Share(name="compute output", ms=parts[3] / served, meaning="outputs come back"),
        Share(name="server rest", ms=rest, meaning="the rest of the server's time"),
    )
