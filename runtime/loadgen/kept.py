"""Servers that stay up between the runs of a search, as long as runs can share them.

What a client may vary (requests in flight, connections, samples in a request) needs no new
server; what the model's configuration says (largest batch, instances, queue delay, threads)
does. A server that died, or does not answer any more, is replaced before the next run.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from runtime.errors import Problem
from runtime.loadgen.serving import REPOSITORY, Endpoints, Serving, specify, write_endpoints
from runtime.plan import RunPlan
from runtime.triton.fleet import Fleet, devices_of
from runtime.triton.install import find_server
from runtime.triton.repository import write_model
from runtime.triton.server import READY_S
from runtime.triton.spec import ModelSpec


@dataclass(frozen=True, kw_only=True)
class _Offer:
    """What servers serve: runs of the same offer can share them."""

    spec: ModelSpec
    """The model's configuration."""
    model: str
    """Hash of the model's file."""
    devices: tuple[str | None, ...]
    """What each server sees of the machine's GPUs."""


class KeptServers:
    """The servers of a search, started when a run first needs them; close them at its end."""

    def __init__(self, folder: Path) -> None:
        """Hold the place; nothing is started yet.

        Args:
            folder: Gets one folder a start, with the repository and the servers' logs.
        """
        self._folder = folder
        self._fleet: Fleet | None = None
        self._offer: _Offer | None = None
        self._endpoints: Endpoints | None = None
        self.starts = 0
        """How often servers were started."""
        self.problems: list[Problem] = []
        """What went wrong when servers were stopped."""

    def lend(self, plan: RunPlan, folder: Path) -> Serving:
        """Return ready servers for a run: those that are up, or new ones where it needs others.

        Args:
            plan: The run.
            folder: The run's folder; gets `triton.json`.

        Raises:
            MissingError: There is no server, or it lacks the model's backend.
            ConfigError: The settings cannot be served.
            RunError: A server does not start, or a model does not load.
        """
        install = find_server()
        devices, gpus = devices_of(plan)
        spec, model = specify(plan, install, gpus)
        offer = _Offer(spec=spec, model=model.sha256, devices=tuple(devices))
        if offer != self._offer or not self._usable(spec.name):
            self.close()
        if self._fleet is None or self._endpoints is None:
            self.starts += 1
            place = self._folder / f"{self.starts:03d}"
            place.mkdir(parents=True, exist_ok=True)
            write_model(place / REPOSITORY, spec, model.path, plan.key)
            fleet = Fleet(install, place / REPOSITORY, place, devices)
            fleet.start([spec.name], READY_S)
            self._fleet, self._offer = fleet, offer
            self._endpoints = Endpoints(
                model=spec.name, urls=fleet.urls, backend=spec.backend, origin=install.origin
            )
        write_endpoints(folder, self._endpoints)
        return Serving(self._fleet)

    def close(self) -> None:
        """Stop the servers; one that does not end by itself is killed and noted."""
        fleet, self._fleet, self._offer, self._endpoints = self._fleet, None, None, None
        if fleet is not None:
            self.problems += fleet.stop()

    def _usable(self, model: str) -> bool:
        """Tell whether the servers live and answer; regions of a run that was ended are dropped."""
        if self._fleet is None or self._fleet.deaths():
            return False
        return all(s.ready(model) and s.forget_regions() for s in self._fleet.servers)
