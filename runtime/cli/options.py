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


def model(help_text: str = "Your own ONNX model file.") -> Callable[[Command], Command]:
    """Return the option that names the user's own model."""
    path = click.Path(path_type=Path)
    return click.option("--model", type=path, metavar="FILE", help=help_text)


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


def own_files(command: Command) -> Command:
    """Put the options on a command that name the user's own model and data."""
    path = click.Path(path_type=Path)
    for option in reversed(
        (
            click.option("--model", type=path, metavar="FILE", help="Your own ONNX model file."),
            click.option("--data", type=path, metavar="DIR", help="Your own data set folder."),
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
