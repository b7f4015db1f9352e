"""Options that several commands share, so that a word means the same everywhere."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click
from click.shell_completion import CompletionItem

from runtime.cli.words import (
    Choice,
    complete_field,
    complete_scenario,
    complete_target,
    complete_workload,
)

Command = TypeVar("Command", bound=Callable[..., Any])
"""A command's function, before or after an option is put on it."""

SCENARIOS = ("offline", "server", "single-stream", "multi-stream")
"""Scenarios as the command line spells them."""


def target(
    help_text: str = "What to run on; `harness list targets` prints the names.",
    *,
    required: bool = True,
) -> Callable[[Command], Command]:
    """Return the option that names a target."""
    return click.option(
        "--target",
        required=required,
        metavar="NAME",
        shell_complete=complete_target,
        help=help_text,
    )


def workload(help_text: str, *, required: bool = True) -> Callable[[Command], Command]:
    """Return the option that names a workload."""
    return click.option(
        "--workload",
        required=required,
        metavar="NAME",
        shell_complete=complete_workload,
        help=help_text,
    )


def scenario(help_text: str, *, required: bool = True) -> Callable[[Command], Command]:
    """Return the option that names a scenario."""
    return click.option(
        "--scenario",
        required=required,
        type=Choice(SCENARIOS),
        shell_complete=complete_scenario,
        help=help_text,
    )


def overrides(
    help_text: str,
    *,
    metavar: str = "FIELD=VALUE",
    complete: Callable[[click.Context, click.Parameter, str], list[CompletionItem]] = (
        complete_field
    ),
) -> Callable[[Command], Command]:
    """Return the option that replaces values of the entry."""
    return click.option(
        "--set",
        "overrides",
        multiple=True,
        metavar=metavar,
        shell_complete=complete,
        help=help_text,
    )


def variant(command: Command) -> Command:
    """Put the options on a command that choose among the variants of an entry."""
    for option in reversed(
        (
            click.option(
                "--accuracy-target",
                "accuracy",
                type=Choice(["99", "99.9"]),
                help="Variant of the entry: share of the reference accuracy to keep, in %.",
            ),
            click.option(
                "--power",
                type=Choice(["maxp", "maxq"]),
                help="Variant of the entry: most performance or most efficiency.",
            ),
            click.option(
                "--harness",
                type=Choice(["direct", "triton", "hetero-mig"]),
                help="Variant of the entry: what stands between LoadGen and the model.",
            ),
        )
    ):
        command = option(command)
    return command


def model_file(
    help_text: str = "Your own ONNX model file.",
) -> Callable[[Command], Command]:
    """Return the option that names the user's own model."""
    path = click.Path(path_type=Path)
    return click.option("--model", type=path, metavar="FILE", help=help_text)


def data_folder(command: Command) -> Command:
    """Put the option on a command that names the user's own data."""
    path = click.Path(path_type=Path)
    option = click.option("--data", type=path, metavar="DIR", help="Your own data set folder.")
    return option(command)


def out_folder(help_text: str) -> Callable[[Command], Command]:
    """Return the option that names the folder of what a command writes."""
    return click.option("--out", type=click.Path(path_type=Path), metavar="DIR", help=help_text)


def search(trial_help: str) -> Callable[[Command], Command]:
    """Return the options that say how long and how exactly a search looks.

    Args:
        trial_help: What the length of a trial leaves out.
    """

    def put(command: Command) -> Command:
        for option in reversed(
            (
                click.option(
                    "--budget",
                    type=click.FloatRange(min=0, min_open=True),
                    metavar="MINUTES",
                    help="Most time for new trials; the best so far is confirmed within it.",
                ),
                click.option(
                    "--trial",
                    "trial_s",
                    type=click.FloatRange(min=0.2, max=600),
                    default=1.0,
                    show_default=True,
                    metavar="SECONDS",
                    help=trial_help,
                ),
                click.option(
                    "--confirm",
                    "confirmations",
                    type=click.IntRange(min=1, max=20),
                    default=3,
                    show_default=True,
                    metavar="RUNS",
                    help="VALID runs in a row that a result needs.",
                ),
                click.option(
                    "--tolerance",
                    type=click.FloatRange(min=0.5, max=50),
                    default=5.0,
                    show_default=True,
                    metavar="PERCENT",
                    help="How exactly the Server rate is found.",
                ),
            )
        ):
            command = option(command)
        return command

    return put


def search_folder(command: Command) -> Command:
    """Put the options on a command that say where a search lies, and whether it only plans."""
    for option in reversed(
        (
            click.option(
                "--out",
                type=click.Path(path_type=Path),
                metavar="DIR",
                help="Folder of journal, trials and result; a second call goes on there. Without "
                "it: results/tune-ENTRY under the working directory.",
            ),
            click.option(
                "--fresh", is_flag=True, help="Start anew; the earlier journal is kept aside."
            ),
            click.option(
                "--dry-run",
                is_flag=True,
                help="Print what would be tried, and how long it takes.",
            ),
        )
    ):
        command = option(command)
    return command


def as_json(help_text: str = "Print one JSON object to stdout.") -> Callable[[Command], Command]:
    """Return the option that asks for JSON."""
    return click.option("--json", "as_json", is_flag=True, help=help_text)


def compared_runs(command: Command) -> Command:
    """Put the options on a command that name the runs of a result."""
    path = click.Path(path_type=Path)
    for option in reversed(
        (
            click.option(
                "--performance",
                required=True,
                type=path,
                metavar="RUN",
                help="Folder of the result's performance run.",
            ),
            click.option(
                "--accuracy",
                required=True,
                type=path,
                metavar="RUN",
                help="Folder of the result's accuracy run.",
            ),
        )
    ):
        command = option(command)
    return command
