"""`harness compliance`: TEST01 and TEST04, run and verified."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click
from click.shell_completion import CompletionItem

from runtime.cli import options
from runtime.cli.group import main

if TYPE_CHECKING:
    from runtime.submission.compliance import Verified


def complete_test(
    ctx: click.Context, param: click.Parameter, incomplete: str
) -> list[CompletionItem]:
    """Return the tests whose names start with a text."""
    del ctx, param
    from runtime.loadgen.audit import TESTS

    return [CompletionItem(name) for name in TESTS if name.startswith(incomplete)]


@main.group("compliance")
def compliance() -> None:
    """Run compliance tests and verify them: TEST01, TEST04.

    A closed submission has them for each benchmark that the round names. A test is the
    performance run again, under an audit.config that lies in a folder of its own.

    \b
    Examples:
      harness compliance run TEST01 --performance speed --accuracy exact --out test01
      harness submission pack speed exact test01 test04 --metadata m.toml --out tree
    """  # noqa: D301 - \b is click's mark for a paragraph that keeps its lines


@compliance.command("run")
@click.argument("test", shell_complete=complete_test)
@options.compared_runs
@click.option(
    "--out",
    required=True,
    type=click.Path(path_type=Path),
    metavar="DIR",
    help="Folder of the compliance run, absent or empty.",
)
@options.as_json()
@click.pass_context
def run_one(
    ctx: click.Context,
    /,
    *,
    test: str,
    performance: Path,
    accuracy: Path,
    out: Path,
    as_json: bool,
) -> None:
    """Run TEST with the settings of a performance run, and verify it.

    TEST01: a sample of answers is logged; each must be the accuracy run's, and the speed
    within 10 %. TEST04: one sample is sent again and again; more than 10 % faster means that
    answers were kept. The exit code is 6 for a test that fails.

    \b
    Examples:
      harness compliance run TEST01 --performance speed --accuracy exact --out test01
      harness compliance run TEST04 --performance speed --accuracy exact --out test04
    """  # noqa: D301 - \b is click's mark for a paragraph that keeps its lines
    from runtime.cli.progress import show_progress
    from runtime.submission.compliance import run_test

    with show_progress(test) as report:
        verified = run_test(test, performance, accuracy, out, report)
    ctx.exit(_show(verified, as_json=as_json))


@compliance.command("verify")
@click.argument("test", shell_complete=complete_test)
@options.compared_runs
@click.option(
    "--run",
    "folder",
    required=True,
    type=click.Path(path_type=Path),
    metavar="DIR",
    help="Folder of the compliance run.",
)
@options.as_json()
@click.pass_context
def verify_one(
    ctx: click.Context,
    /,
    *,
    test: str,
    performance: Path,
    accuracy: Path,
    folder: Path,
    as_json: bool,
) -> None:
    """Verify a run of TEST that was made before.

    \b
    Examples:
      harness compliance verify TEST01 --run test01 --performance speed --accuracy exact
    """  # noqa: D301 - \b is click's mark for a paragraph that keeps its lines
    from runtime.submission.compliance import verify_test

    ctx.exit(_show(verify_test(test, folder, performance, accuracy), as_json=as_json))


def _show(verified: Verified, *, as_json: bool) -> int:
    """Print an outcome and return the exit code."""
    from runtime.cli.output import print_json
    from runtime.errors import InvalidResult
    from runtime.record import STATEMENT

    if as_json:
        print_json(
            {
                "test": verified.test,
                "run": str(verified.folder),
                "passed": verified.passed,
                "compared": {
                    name: {"passed": one.passed, "reason": one.reason}
                    for name, one in verified.compared.items()
                },
                "causes": list(verified.causes),
                "statement": STATEMENT,
            }
        )
    else:
        verdict = click.style(
            "PASS" if verified.passed else "FAIL", fg="green" if verified.passed else "red"
        )
        click.echo(f"{verdict}  {verified.test}  {verified.folder}")
        for name, one in verified.compared.items():
            click.echo(f"  {name}: {'pass' if one.passed else 'fail'}; {one.reason} (unverified)")
        for cause in verified.causes:
            click.echo(f"  {cause}")
    return 0 if verified.passed else InvalidResult.exit_code
