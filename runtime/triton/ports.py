"""The ports that one server listens on, on the loopback address."""

from __future__ import annotations

import socket
from dataclasses import dataclass

LOOPBACK = "127.0.0.1"
"""Address that servers listen on: nobody else on the network is meant."""


@dataclass(frozen=True, kw_only=True)
class Ports:
    """The ports of one server on the loopback address."""

    http: int
    """HTTP/REST; health is asked here."""
    grpc: int
    """gRPC; inferences go here."""
    metrics: int
    """Metrics in Prometheus's form."""


def free_ports() -> Ports:
    """Return three ports of the loopback address that nobody listens on now."""
    held = [socket.socket() for _ in range(3)]
    try:
        for one in held:
            one.bind((LOOPBACK, 0))
        http_port, grpc_port, metrics_port = (int(one.getsockname()[1]) for one in held)
    finally:
        for one in held:
            one.close()
    return Ports(http=http_port, grpc=grpc_port, metrics=metrics_port)
