"""Prepares and runs a launch for `harness mig run`: checks, folder, rounds, exit code."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timezone
from pathlib import Path
from types import FrameType

import click

from runtime.artifacts import RESULTS, lock_folder, probe, problem_of
from runtime.cli.request import slug
from runtime.configs.registry import Registry, load
from runtime.devices.host import allowed_cores
from runtime.errors import (
    ArtifactError,
    HarnessError,
    Interrupted,
    InvalidResult,
    MissingError,
    Problem,
    RunError,
)
from runtime.launcher.deciding import emulated, real
from runtime.launcher.instances import Instance
from runtime.launcher.launch import Asked, Launch
from runtime.launcher.members import Deadlines
from runtime.launcher.report import summarise, to_json, write_files
from runtime.launcher.requests import read_changes, read_requests
from runtime.launcher.rounds import JOURNAL, Rounds
from runtime.launcher.telemetry import Reading, cpu_probe, gpu_probe
from runtime.mig.boards import find_board
from runtime.mig.device import Machine, open_machine
from runtime.troubles.machine import DEVICE_MISSING
from runtime.troubles.mig import MAIN_INVALID

DEFAULT_BOARD = "A30-24GB"
"""Board that is emulated unless another one is named: the smallest one, of four slices."""

SETTLE_S = {False: 2.0, True: 1.0}
"""Settle time of ordinary and of quick runs, in seconds."""

MAIN_FACTOR, MAIN_FLOOR_S = 5.0, 60.0
"""Limit of the main timed part: a multiple of the expected time, and at least so many seconds."""


@dataclass(frozen=True, kw_only=True)
class Options:
    """What the command line asked for."""

    main_text: str
    """Text of `--main`."""
    backgrounds: tuple[str, ...]
    """Texts of `--background`."""
    board: str | None
    """Board to emulate; None where none was named."""
    gpu_only: bool
    """Whether emulation is refused."""
    no_isolation: bool
    """Whether emulated instances share all processors."""
    target: str | None
    """Target whose entries run; None for the instance's own."""
    quick: bool
    """Whether runs are shortened."""
    overrides: tuple[str, ...]
    """Texts of `--set`."""
    repeats: int
    """Pairs of rounds."""
    no_compare: bool
    """Whether the main workload is not measured alone."""
    retries: int
    """How often a round that failed is run again."""
    settle: float | None
    """Settle time in seconds; None for the usual one."""
    ready_limit: float
    """From a start to the timed part, in seconds."""
    main_limit: float | None
    """Main timed part in seconds; None for a multiple of what is expected."""
    silence_limit: float
    """Timed part without a step, in seconds."""
    grace: float
    """From SIGTERM to SIGKILL, in seconds."""
    out: Path | None
    """The user's folder."""
    fresh: bool
    """Whether an earlier journal is kept aside."""

    @property
    def compare(self) -> bool:
        """Return whether there is something to compare the main workload alone with."""
        several = bool(self.backgrounds) or "*" in self.main_text
        return several and not self.no_compare


def decide(options: Options, registry: Registry, machine: Machine | None) -> Launch:
    """Return the launch of a command line.

    Args:
        options: The command line.
        registry: What the packages define.
        machine: The GPUs; None where emulation was asked for.

    Raises:
        UsageError: With everything that cannot be understood.
        MissingError: There is no instance for a request.
    """
    asked = Asked(
        requests=read_requests(options.main_text, options.backgrounds),
        changes=read_changes(options.overrides),
        quick=options.quick,
        deadlines=_deadlines(options, 0.0),
        target=options.target or "",
    )
    found = _choose(options, registry, asked, machine)
    return replace(found, deadlines=_deadlines(options, found.expected_s))


def _choose(options: Options, registry: Registry, asked: Asked, machine: Machine | None) -> Launch:
    """Return the launch on instances, or on processors where there is no GPU."""
    if machine is not None and machine.count:
        if options.no_isolation:
            want = "an emulated launch (--emulate BOARD)"
            do = "leave it out: MIG instances are isolated by the hardware"
            raise MissingError(Problem("--no-isolation", want, "MIG instances", do))
        return real(registry, asked, seats_of(machine))
    if options.gpu_only:
        why = machine.why_none if machine else "--emulate"
        do = "run it where the GPU is, or leave out --gpu-only: processors stand in for it"
        raise MissingError(Problem("--gpu-only", "a MIG instance", why, do, DEVICE_MISSING.code))
    board = find_board(options.board or DEFAULT_BOARD)
    return emulated(registry, asked, board, allowed_cores(), isolated=not options.no_isolation)


def _deadlines(options: Options, expected_s: float) -> Deadlines:
    """Return how long each part may take."""
    usual = max(MAIN_FLOOR_S, MAIN_FACTOR * expected_s)
    return Deadlines(
        ready=options.ready_limit,
        settle=SETTLE_S[options.quick] if options.settle is None else options.settle,
        timed=usual if options.main_limit is None else options.main_limit,
        silence=options.silence_limit,
        grace=options.grace,
    )


def seats_of(machine: Machine) -> list[Instance]:
    """Return every MIG device of a machine as an instance to run on."""
    return [
        Instance(
            gpu=gpu.index,
            board=gpu.board.name,
            profile=one.profile.name,
            start=one.start,
            uuid=compute.uuid,
        )
        for gpu in machine.gpus
        for one in gpu.standing
        for compute in one.computes[:1]
        if compute.uuid and not one.pids
    ]


@contextmanager
def _look(options: Options) -> Iterator[Machine | None]:
    """Give this machine's GPUs; None where emulation was asked for."""
    if options.board:
        yield None
        return
    with open_machine() as machine:
        yield machine


@contextmanager
def prepare(options: Options) -> Iterator[Rounds]:
    """Check everything, hold the folder, and give the rounds.

    Raises:
        UsageError: With everything that cannot be understood.
        MissingError: A package, a device or an instance is missing.
        ArtifactError: The folder cannot be written, or another launch is in it.
    """
    from runtime.cli.preflight import check_before_run

    registry = load()
    with ExitStack() as stack:
        machine = stack.enter_context(_look(options))
        launch = decide(options, registry, machine)
        folder, note = folder_of(options)
        places = [folder / "rounds" / p.name for p in launch.posts]
        check_before_run([p.plan for p in launch.posts], registry, places, None)
        if found := problem_of(probe(folder), "--out"):
            raise ArtifactError(found)
        if note:
            click.echo(f"note: {note}", err=True)
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise ArtifactError(problem_of(probe(folder), "--out") or ()) from error
        stack.enter_context(lock_folder(folder))
        if options.fresh:
            _set_aside(folder / JOURNAL)
        yield Rounds(
            launch=launch,
            folder=folder,
            repeats=options.repeats,
            compare=options.compare,
            retries=options.retries,
            probe=_probe(launch, machine),
        )


def run_rounds(rounds: Rounds, *, as_json: bool) -> int:
    """Run what is missing, write and print the report, and return the exit code."""
    from runtime.cli.group import show_error
    from runtime.cli.migrunoutput import show_progress, show_report

    failed, interrupted = None, False
    error: HarnessError | None = None
    with _gentle(), show_progress(rounds) as watcher:
        rounds.watcher = watcher
        try:
            failed = rounds.run()
        except KeyboardInterrupt:
            interrupted = True
        except HarnessError as caught:
            error = caught
    if error is not None:
        show_error(error)
        return error.exit_code
    report = summarise(rounds, failed, interrupted=interrupted)
    problems = write_files(report, rounds.folder)
    if as_json:
        click.echo(to_json(report), nl=False)
    show_report(report, rounds, problems, err=as_json)
    if interrupted:
        return Interrupted.exit_code
    if failed is not None:
        invalid = failed.code == MAIN_INVALID.code
        return InvalidResult.exit_code if invalid else RunError.exit_code
    return ArtifactError.exit_code if any(p.where != "plot" for p in problems) else 0


def show_dry_run(options: Options, *, as_json: bool) -> None:
    """Print what would run; nothing is started."""
    from runtime.cli.migdryrun import print_dry_run

    registry = load()
    with _look(options) as machine:
        launch = decide(options, registry, machine)
    folder, _ = folder_of(options)
    print_dry_run(launch, folder, options.repeats, compare=options.compare, as_json=as_json)


def folder_of(options: Options) -> tuple[Path, str]:
    """Return the folder of a launch, and a note where it is not the usual one."""
    from runtime.cli.preflight import choose_parent

    if options.out is not None:
        return options.out, ""
    parent, note = choose_parent(Path(RESULTS))
    name = slug(options.main_text).replace(":", "-").replace("*", "-x")
    return parent / f"mig-{name}", note


def _probe(launch: Launch, machine: Machine | None) -> Callable[[], Reading]:
    """Return what reads clocks and power of what the launch runs on."""
    if launch.emulated or machine is None:
        return cpu_probe
    return gpu_probe(machine.nvml, [p.instance.gpu for p in launch.posts])


@contextmanager
def _gentle() -> Iterator[None]:
    """Let SIGTERM end a launch as Ctrl-C does: members are ended, and the report is written."""

    def interrupt(number: int, frame: FrameType | None) -> None:
        del number, frame
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _set_aside(journal: Path) -> None:
    """Rename an earlier journal, so that no round of it is used."""
    stamp = datetime.now(timezone.utc).strftime("%Y%m%d-%H%M%S")
    try:
        journal.rename(journal.with_name(f"{journal.stem}-{stamp}.json"))
    except FileNotFoundError:
        return
