"""`docgen test`: the snippets of pages and docstrings as tests."""

from __future__ import annotations

from pathlib import Path

import click

from docgen.cli.group import load_config, main


@main.command("test", context_settings={"ignore_unknown_options": True})
@click.option(
    "--root",
    type=click.Path(path_type=Path),
    metavar="DIR",
    help="Tree to work on; without it, the nearest one whose pyproject.toml has [tool.docgen].",
)
@click.option("--only", metavar="EXPRESSION", help="Snippets to run, as pytest's -k takes them.")
@click.option("--rerun", is_flag=True, help="Execute snippets even where their result still holds.")
@click.argument("pytest_args", nargs=-1, type=click.UNPROCESSED)
def run_tests(
    root: Path | None, only: str | None, rerun: bool, pytest_args: tuple[str, ...]
) -> None:
    """Run the snippets with pytest and keep their results; further arguments go to pytest.

    \b
    Examples:
      docgen test
      docgen test --only 'run and cpu' --rerun
      docgen test -- --junitxml=snippets.xml
    """  # noqa: D301 - \b is click's mark for a paragraph that keeps its lines
    import os
    import subprocess
    import sys

    config = load_config(root)
    api = [name.replace(".", "/") for name in (*config.packages, *config.api)]
    folders = [str(config.docs), *dict.fromkeys(str(config.root / name) for name in api)]
    command = [sys.executable, "-m", "pytest", "--snippets", f"--rootdir={config.root}"]
    command += ["--snippets-rerun"] if rerun else []
    command += ["-k", only] if only else []
    done = subprocess.run(
        [*command, *folders, *pytest_args], cwd=config.root, env=os.environ, check=False
    )
    raise click.exceptions.Exit(done.returncode)
