"""`docgen diff`: what changed between two trees."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from docgen.cli.group import main
from docgen.cli.progress import show_parts

if TYPE_CHECKING:
    from docgen.catalog import Catalog

WIDTH = 130
"""Columns where no terminal says how many it has."""


@main.command("diff")
@click.argument("old", metavar="OLD")
@click.argument("new", metavar="NEW")
@click.option(
    "--target",
    default="",
    metavar="NAME",
    help="Only this GPU or system: H200, H200-SXM, H200_SXM_141GBx8. H200 is not GH200.",
)
@click.option("--full", is_flag=True, help="Show every changed value, not the first ones alone.")
@click.option("--markdown", is_flag=True, help="Print a changelog in Markdown.")
@click.option("--json", "as_json", is_flag=True, help="Print every difference as JSON.")
@click.option("--old-dialect", default="", metavar="NAME", help="How OLD is written.")
@click.option("--new-dialect", default="", metavar="NAME", help="How NEW is written.")
@click.option("--output", type=click.Path(path_type=Path, dir_okay=False), metavar="FILE",
              help="File to write JSON or Markdown to.")  # fmt: skip
@click.option("--exit-code", is_flag=True, help="Exit 1 where something differs.")
def diff_trees(
    *,
    old: str,
    new: str,
    target: str,
    full: bool,
    markdown: bool,
    as_json: bool,
    old_dialect: str,
    new_dialect: str,
    output: Path | None,
    exit_code: bool,
) -> None:
    """Print what changed from OLD to NEW, GPU by GPU: configurations, values, fields, systems.

    Each of the two is a folder, a commit written PATH@REV (or PATH@REV:FOLDER; @REV alone is
    about the working directory), or a file that `docgen export` wrote. They need not be written
    in the same dialect. Commits are read from git's objects; nothing is checked out.

    \b
    Examples:
      docgen diff @v0.1.0 .
      docgen diff round1/closed/SUBMITTER round2/closed/SUBMITTER --target H200
      docgen diff results.git@v1:closed/SUBMITTER closed/SUBMITTER --markdown
      docgen diff old.json new.json --json
    """  # noqa: D301 - \b is click's mark for a paragraph that keeps its lines
    from docgen.changes import compare
    from docgen.changes.trees import read_side
    from docgen.cli.export import put
    from docgen.errors import DriftError, Problem, UsageError

    if as_json and markdown:
        problem = Problem("--json", "one form", "--markdown too", "leave one out")
        raise UsageError(problem)
    if output is not None and not (as_json or markdown):
        problem = Problem("--output", "--json or --markdown with it", "neither", "add one")
        raise UsageError(problem)
    with show_parts("comparing", 3, quiet=as_json) as begin:
        begin(f"reading {old}")
        before = read_side(old, option="OLD", dialect=old_dialect)
        begin(f"reading {new}")
        after = read_side(new, option="NEW", dialect=new_dialect)
        begin("holding one against the other")
        if target:
            _check_target(target, before.catalog, after.catalog)
        names = (before.name, after.name)
        changes = compare(before.catalog, after.catalog, target=target, names=names)
    if as_json:
        from docgen.changes.model import to_json

        put(to_json(changes), output)
    elif markdown:
        from docgen.changes.markdown import to_markdown

        put(to_markdown(changes).encode(), output)
    else:
        from rich.console import Console

        from docgen.changes.text import print_changes

        console = Console()
        if not console.is_terminal:
            console.width = max(console.width, WIDTH)
        print_changes(changes, console, full=full)
    if exit_code and not changes.is_empty:
        raise click.exceptions.Exit(DriftError.exit_code)


def _check_target(wanted: str, *catalogs: Catalog) -> None:
    """Raise UsageError where neither tree has a GPU or system of a name."""
    from difflib import get_close_matches

    from docgen.changes import identity
    from docgen.errors import Problem, UsageError

    targets = [t for catalog in catalogs for t in catalog.targets]
    names = sorted({identity.gpu_of(t) for t in targets})
    if any(identity.is_named(n, wanted) for n in (*names, *(t.name for t in targets))):
        return
    every = [*names, *(t.name for t in targets)]
    near = get_close_matches(wanted, every, n=3, cutoff=0.5)
    do = f"did you mean {' or '.join(near)}?" if near else f"use one of {', '.join(names)}"
    raise UsageError(Problem("--target", "a GPU or system of one of the trees", wanted, do))
