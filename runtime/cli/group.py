"""The command group: help that teaches, and one way to end on an error."""

from __future__ import annotations

from typing import Any

import click

from runtime import __version__
from runtime.cli.helping import Group
from runtime.errors import HarnessError

CONTEXT = {"help_option_names": ["-h", "--help"], "max_content_width": 100}
"""Settings of every command: `-h` works, help is readable on wide terminals."""


class HarnessGroup(Group):
    """A group whose commands end with one clear message and the error's exit code."""

    def invoke(self, ctx: click.Context) -> Any:
        """Run a command; turn a HarnessError into its message on stderr and its exit code."""
        try:
            return super().invoke(ctx)
        except HarnessError as error:
            show_error(error)
            ctx.exit(error.exit_code)
        except KeyboardInterrupt:
            click.echo("stopped", err=True)
            ctx.exit(130)
        except BrokenPipeError:
            _forget_stdout()
            ctx.exit(0)


def show_error(error: HarnessError) -> None:
    """Print every problem of an error to stderr, with the code that troubleshooting lists."""
    count = len(error.problems)
    head = f"error {error.code}" + (f", {count} problems" if count > 1 else "")
    click.echo(click.style(f"{head}:", fg="red", bold=True) + f" {error.problems[0]}", err=True)
    for problem in error.problems[1:]:
        click.echo(f"  {problem}", err=True)
    for code in error.codes:
        click.echo(f"  read more: harness explain {code}", err=True)


def _forget_stdout() -> None:
    """Let Python end quietly when the reader of stdout has gone (`harness list | head`)."""
    import os
    import sys

    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


@click.group("harness", cls=HarnessGroup, context_settings=CONTEXT)
@click.version_option(__version__, prog_name="harness")
def main() -> None:
    """Run GPU inference benchmarks in the MLPerf style, driven by LoadGen.

    \b
    First steps:
      harness doctor           what this machine has and lacks
      harness detect           GPUs, and which targets they are
      harness list             targets and workloads
      harness run --target cpu --workload digits --scenario offline --quick
      harness run --target h200-sxm-141gb --dry-run
                               settings of a GPU; needs no GPU
      harness tune --target cpu --workload digits --scenario server

    \b
    Environment:
      HARNESS_RECORD_DIR  folder that also gets a copy of every run record
      HARNESS_CACHE       folder for what is made on demand: ~/.cache/calliope
      NO_COLOR            set to anything: no colours

    \b
    Exit codes:
      0 done   1 error   2 usage or configuration   3 something is missing
      4 file or folder   5 run failed   6 result INVALID   130 stopped by Ctrl-C

    Figures are not verified by MLCommons Association.
    """  # noqa: D301 - \b is click's mark for a paragraph that keeps its lines
