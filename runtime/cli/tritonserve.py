"""What `harness triton serve` does: a server's whole life, in words or JSON lines."""

from __future__ import annotations

import json
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from time import monotonic
from typing import Any

import click

from runtime.artifacts import RESULTS, unique_folder
from runtime.errors import ConfigError, Problem, RunError, UsageError
from runtime.triton.fleet import Fleet, devices_of
from runtime.triton.install import Install, find_server
from runtime.triton.ports import Ports

WATCH_S = 0.2
"""Time between two looks at running servers, in seconds."""

PORTS = 3
"""Ports that a server listens on."""


def serve(
    *,
    target: str | None,
    workload: str | None,
    scenario: str | None,
    overrides: tuple[str, ...],
    model: Path | None,
    repository: Path | None,
    ports: str | None,
    ready_s: float,
    seconds: float | None,
    out: Path | None,
    as_json: bool,
) -> int:
    """Serve until told to stop, and return the exit code.

    Raises:
        HarnessError: There is no server, it or a model fails, or it does not stop.
    """
    install, chosen = find_server(), _ports(ports)
    folder = out or unique_folder(Path(RESULTS), "triton")
    folder.mkdir(parents=True, exist_ok=True)
    devices: list[str | None] = [None]
    if repository is None:
        repository, devices = _generated(
            install,
            folder,
            target=target,
            workload=workload,
            scenario=scenario,
            overrides=overrides,
            model=model,
        )
    models = _models(repository)
    fleet = Fleet(install, repository, folder, devices)
    if chosen is not None:
        if len(fleet.servers) > 1:
            do = "leave --ports away: free ones are chosen"
            got = f"three ports for {len(fleet.servers)} servers"
            raise UsageError(Problem("--ports", "one server", got, do))
        fleet.servers[0].name_ports(chosen)
    say = _say_json if as_json else _say
    say("starting", server=install.origin, repository=str(repository))
    began = monotonic()
    with _told() as stop:
        fleet.start(models, ready_s)
        try:
            for server in fleet.servers:
                say(
                    "ready",
                    url=server.url,
                    http=f"127.0.0.1:{server.ports.http}",
                    metrics=f"127.0.0.1:{server.ports.metrics}",
                    pid=server.pid,
                    seconds=round(monotonic() - began, 1),
                    models=list(models),
                    log=str(server.log),
                )
            _watch(fleet, stop, seconds)
        except BaseException:
            fleet.stop()
            raise
        problems = fleet.stop()
    if problems:
        raise RunError(problems)
    say("stopped", code=0, seconds=round(monotonic() - began, 1))
    return 0


def _generated(install: Install, folder: Path, **words: Any) -> tuple[Path, list[str | None]]:
    """Return a repository made for the one entry that the words name, and what servers see."""
    from runtime.cli.tritonmodel import served_plans
    from runtime.configs.registry import load
    from runtime.loadgen.serving import REPOSITORY, prepare_repository

    plans = served_plans(load(), **words)
    if len(plans) > 1:
        do = "add --workload and --scenario"
        got = ", ".join(p.key for p in plans)
        raise UsageError(Problem("harness triton serve", "one entry", got, do))
    devices, gpus = devices_of(plans[0])
    prepare_repository(plans[0], folder / REPOSITORY, install, gpus)
    return folder / REPOSITORY, devices


def _models(repository: Path) -> tuple[str, ...]:
    """Return the models of a repository, once it was found without errors.

    Raises:
        ConfigError: It breaks a rule.
    """
    from runtime.triton.validate import validate

    found = validate(repository)
    if found.errors:
        raise ConfigError(f.problem() for f in found.errors)
    return found.models


def _watch(fleet: Fleet, stop: threading.Event, seconds: float | None) -> None:
    """Return when it is time to stop.

    Raises:
        RunError: A server ended by itself.
    """
    end = None if seconds is None else monotonic() + seconds
    while not stop.wait(WATCH_S):
        dead = fleet.deaths()
        if dead:
            raise RunError(dead)
        if end is not None and monotonic() >= end:
            return


@contextmanager
def _told() -> Iterator[threading.Event]:
    """Give an event that SIGINT and SIGTERM set: both are the usual way to end a server."""
    event = threading.Event()
    before = {n: signal.getsignal(n) for n in (signal.SIGINT, signal.SIGTERM)}
    for number in before:
        signal.signal(number, lambda *_: event.set())
    try:
        yield event
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _ports(text: str | None) -> Ports | None:
    """Return the named ports; None where none are.

    Raises:
        UsageError: They are no three numbers from 1 to 65535.
    """
    if text is None:
        return None
    try:
        numbers = [int(part) for part in text.split(",")]
    except ValueError:
        numbers = []
    if len(set(numbers)) != PORTS or not all(0 < n < 1 << 16 for n in numbers):
        want = "three different ports from 1 to 65535, as 8000,8001,8002"
        raise UsageError(Problem("--ports", want, repr(text), "correct them"))
    return Ports(http=numbers[0], grpc=numbers[1], metrics=numbers[2])


def _say(step: str, **facts: Any) -> None:
    """Print one step for people."""
    if step == "ready":
        models = ", ".join(facts["models"])
        click.echo(
            f"ready after {facts['seconds']} s: {models} at grpc://{facts['url']} "
            f"(http://{facts['http']}, metrics http://{facts['metrics']}/metrics)"
        )
        click.echo(f"  process {facts['pid']}, log {facts['log']}; Ctrl-C stops it")
    elif step == "stopped":
        click.echo(f"stopped after {facts['seconds']} s, exit code {facts['code']}")
    else:
        click.echo(f"starting {facts['server']} on {facts['repository']}")


def _say_json(step: str, **facts: Any) -> None:
    """Print one step as a JSON line."""
    click.echo(json.dumps({"step": step, **facts}))
