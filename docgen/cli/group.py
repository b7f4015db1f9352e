"""The command group of docgen: help that teaches, and one way to end on an error."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from docgen import __version__
from docgen.cli.helping import Group
from docgen.errors import DocgenError, Problem, UsageError

if TYPE_CHECKING:
    from docgen.config import Config

CONTEXT = {"help_option_names": ["-h", "--help"], "max_content_width": 100}
"""Settings of every command: `-h` works, help is readable on wide terminals."""

UNEXPECTED = 70
"""Exit code of an error that nobody foresaw."""

INTERRUPTED = 130
"""Exit code after Ctrl-C."""


class DocgenGroup(Group):
    """A group whose commands end with one clear message and the error's exit code."""

    def invoke(self, ctx: click.Context) -> Any:
        """Run a command; turn an error into its message on stderr and its exit code."""
        try:
            return super().invoke(ctx)
        except DocgenError as error:
            if ctx.params.get("traceback"):
                raise
            show_error(error)
            ctx.exit(error.exit_code)
        except KeyboardInterrupt:
            click.echo("stopped; results that were finished are kept", err=True)
            ctx.exit(INTERRUPTED)
        except BrokenPipeError:
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            ctx.exit(0)
        except (click.ClickException, click.exceptions.Exit, click.Abort):
            raise
        except ModuleNotFoundError as error:
            if ctx.params.get("traceback"):
                raise
            show_error(_missing(error))
            ctx.exit(UsageError.exit_code)
        except Exception as error:  # the last place that can explain it
            if ctx.params.get("traceback"):
                raise
            _show_unexpected(error)
            ctx.exit(UNEXPECTED)


def show_error(error: DocgenError) -> None:
    """Print every problem of an error to stderr, with the code that troubleshooting lists."""
    count = len(error.problems)
    head = f"error {error.code}" + (f", {count} problems" if count > 1 else "")
    click.echo(click.style(f"{head}:", fg="red", bold=True) + f" {error.problems[0]}", err=True)
    for problem in error.problems[1:]:
        click.echo(f"  {problem}", err=True)


def _missing(error: ModuleNotFoundError) -> DocgenError:
    """Return the error of a package that is not installed."""
    name = (error.name or str(error)).partition(".")[0]
    do = "install what pages need: python -m pip install 'calliope-harness[docs]'"
    return UsageError(Problem("docgen", f"the package {name}", "no such module", do))


def _show_unexpected(error: Exception) -> None:
    """Print an error of docgen itself in two lines."""
    head = click.style("unexpected error:", fg="red", bold=True)
    click.echo(f"{head} {type(error).__name__}: {error}", err=True)
    click.echo("  this is a fault of docgen; `docgen --traceback ...` shows where", err=True)


def load_config(
    root: Path | None,
    source: Path | None = None,
    dialect: str | None = None,
    **more: Any,
) -> Config:
    """Return the configuration of a tree, of the nearest one without a root.

    Args:
        root: Folder with a configuration of docgen's own.
        source: Folder of a tree that others wrote, in its stead.
        dialect: Name of the dialect; None lets docgen find out.
        more: Further arguments of `docgen.trees.load_source`.

    Raises:
        UsageError: Both a root and a source are given, or the folder has no configuration.
    """
    from docgen.config import load
    from docgen.trees import load_source

    if source is None:
        return load(root, dialect=dialect, **{k: v for k, v in more.items() if k != "output"})
    if root is not None:
        want, got = "either --root or --source", "both"
        raise UsageError(Problem("--source", want, got, "leave one out"))
    return load_source(source, dialect=dialect or "", **more)


def source_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add --root, --source and --dialect to a command."""
    root = click.option(
        "--root",
        type=click.Path(path_type=Path),
        metavar="DIR",
        help="Tree to work on; without it, the nearest one whose pyproject.toml has [tool.docgen].",
    )
    source = click.option(
        "--source",
        type=click.Path(path_type=Path),
        metavar="TREE",
        help="Tree that others wrote, such as closed/<submitter>; it needs no pyproject.toml.",
    )
    dialect = click.option(
        "--dialect",
        metavar="NAME",
        help="How its configurations are written; without it, docgen looks at the tree.",
    )
    return root(source(dialect(command)))


@click.group("docgen", cls=DocgenGroup, context_settings=CONTEXT)
@click.version_option(__version__, prog_name="docgen")
@click.option("--traceback", is_flag=True, help="Show where in docgen an error came from.")
def main(traceback: bool) -> None:
    """Turn the source of a benchmark harness into guides with measured evidence.

    The source is read, never imported. Snippets are executed by `build` and `test` alone.

    \b
    First steps:
      docgen build             measure what is stale here, render, build the site
      docgen build --no-run    the same without executing anything
      docgen check             do pages and evidence still agree with the source?
      docgen lint              which configurations look wrong?
      docgen diff @v0.1.0 .    what changed since a tag?
      docgen serve             preview that follows your edits

    \b
    Exit codes:
      0 done     1 found by check or lint     2 usage     3 source     4 template
      5 snippet  6 a place that cannot be written         7 site
      70 fault of docgen                      130 stopped by Ctrl-C
    """  # noqa: D301 - \b is click's mark for a paragraph that keeps its lines
    del traceback
