"""Triton servers around a run: made, started, watched and stopped by the process that waits.

LoadGen's process only has clients. The servers belong to its parent, so that they outlive
whatever happens to it, and their logs say what it was.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from runtime.artifacts import atomic_write, cache_folder
from runtime.configs.workload import ModelFile
from runtime.errors import ArtifactError, HarnessError, Problem, RunError
from runtime.loadgen.modules import find_workload
from runtime.plan import RunPlan
from runtime.record import Cause, Verdict
from runtime.triton.fleet import Fleet, devices_of
from runtime.triton.install import Install, find_server
from runtime.triton.regions import sweep
from runtime.triton.repository import write_model
from runtime.triton.server import READY_S
from runtime.triton.spec import PYTHON, ModelSpec, choose_backend, spec_of
from runtime.vocabulary import HarnessKind

if TYPE_CHECKING:
    from runtime.loadgen.kept import KeptServers

SERVED = "triton.json"
"""File in the run's folder that says which servers serve it, and later what they counted."""

REPOSITORY = "repository"
"""Folder in the run's folder with the model repository."""

EXTERNAL_NOTE = "served by Triton at {}, which the harness did not start"
"""What the record of a run says whose servers are not the harness's."""


@dataclass(frozen=True, kw_only=True)
class Endpoints:
    """Where a run's model is served."""

    model: str
    """Name of the model."""
    urls: tuple[str, ...]
    """Host and port of each server's gRPC."""
    backend: str = ""
    """Backend that executes the model; empty where the servers are not ours."""
    origin: str = ""
    """Where the server program comes from; empty where the servers are not ours."""

    @classmethod
    def read(cls, folder: Path) -> Endpoints:
        """Return what `serving` wrote into a run's folder.

        Raises:
            ArtifactError: There is no such file.
        """
        try:
            plain = json.loads((folder / SERVED).read_bytes())
        except OSError as error:
            do = "start the run with `harness run`, not its child process"
            got = error.strerror or str(error)
            raise ArtifactError(
                Problem(str(folder / SERVED), "the run's servers", got, do)
            ) from error
        return cls(
            model=plain["model"],
            urls=tuple(plain["urls"]),
            backend=plain["backend"],
            origin=plain["origin"],
        )


class Serving:
    """The servers of one run; of a direct run: none."""

    def __init__(self, fleet: Fleet | None = None, urls: tuple[str, ...] = ()) -> None:
        self._fleet = fleet
        self.notes: list[str] = []
        """What the record must say of the servers."""
        if urls:
            self.notes.append(EXTERNAL_NOTE.format(", ".join(urls)))

    def explain(self, failure: HarnessError) -> HarnessError:
        """Return a run's failure, with what became of the servers before it.

        Why: the client sees that a connection is gone; the server's log says why.
        """
        dead = self.deaths()
        return RunError([*dead, *failure.problems]) if dead else failure

    def deaths(self) -> list[Problem]:
        """Return a problem for each server that has ended by itself."""
        return self._fleet.deaths() if self._fleet is not None else []

    def close(self) -> None:
        """Stop the servers; one that does not end by itself is killed and noted."""
        if self._fleet is not None:
            self.notes += [str(p) for p in self._fleet.stop()]


@contextmanager
def serving(plan: RunPlan, folder: Path, kept: KeptServers | None = None) -> Iterator[Serving]:
    """Give the servers of a run: started and ready now, stopped and gone afterwards.

    Args:
        plan: The run. Of another harness kind than Triton, nothing is done.
        folder: The run's folder; gets the repository, the servers' logs and `triton.json`.
        kept: Lends servers that outlive the run; None for servers of the run's own.

    Raises:
        MissingError: There is no server, or it lacks the model's backend.
        ConfigError: The settings cannot be served.
        RunError: A server does not start, or a model does not load.
    """
    if plan.harness is not HarnessKind.TRITON:
        yield Serving()
        return
    with ExitStack() as stack:
        stack.callback(sweep)  # a child that ended on an error leaves its regions
        if plan.servers:
            write_endpoints(folder, Endpoints(model=plan.workload, urls=plan.servers))
            yield Serving(urls=plan.servers)
            return
        if kept is not None:
            yield kept.lend(plan, folder)
            return
        install = find_server()
        devices, gpus = devices_of(plan)
        backend = prepare_repository(plan, folder / REPOSITORY, install, gpus)
        fleet = Fleet(install, folder / REPOSITORY, folder, devices)
        served = Serving(fleet)
        stack.callback(served.close)
        fleet.start([plan.workload], READY_S)
        endpoints = Endpoints(
            model=plan.workload, urls=fleet.urls, backend=backend, origin=install.origin
        )
        write_endpoints(folder, endpoints)
        yield served


def prepare_repository(
    plan: RunPlan,
    repository: Path,
    install: Install | None,
    gpus: tuple[int, ...] | None = None,
    backend: str = "",
) -> str:
    """Write a run's model repository and return the backend that it is made for.

    Args:
        plan: The run.
        repository: Folder of the repository.
        install: The server that will serve it; None where none is known.
        gpus: GPUs as the server numbers them; None for the plan's devices.
        backend: Backend to make it for; empty chooses one.

    Raises:
        MissingError: The server lacks the backend, or the model is not there.
        ConfigError: The settings cannot be served.
    """
    spec, model = specify(plan, install, gpus, backend)
    write_model(repository, spec, model.path, plan.key)
    return spec.backend


def specify(
    plan: RunPlan,
    install: Install | None,
    gpus: tuple[int, ...] | None = None,
    backend: str = "",
) -> tuple[ModelSpec, ModelFile]:
    """Return how a plan's model is served, and its file; see `prepare_repository`."""
    from runtime.backends.graphs import check_model

    module = find_workload(plan.workload)
    chosen = backend or choose_backend(plan.settings, install.names if install else ())
    if install is not None:
        install.require(chosen)
    model = module.open_model(plan.model, cache_folder())
    if chosen == PYTHON:
        check_model(model, plan.settings)
    return spec_of(plan, module.WORKLOAD, model, backend=chosen, gpus=gpus), model


def write_endpoints(folder: Path, endpoints: Endpoints, **more: Any) -> None:
    """Write `triton.json` into a run's folder."""
    plain = {**dataclasses.asdict(endpoints), **more}
    atomic_write(folder / SERVED, json.dumps(plain, indent=2).encode() + b"\n")


def with_retries(verdict: Verdict, retried: int) -> Verdict:
    """Return a verdict that counts retries as what they are: no success.

    Args:
        verdict: LoadGen's, or the accuracy goal's.
        retried: Requests that were sent again.
    """
    if not retried:
        return verdict
    cause = Cause(
        code="triton-retried",
        text=f"want no request sent twice, got {retried} sent again",
        do="mend what the server failed at (see its log) and run again",
    )
    return Verdict(result="INVALID", causes=(*verdict.causes, cause))
