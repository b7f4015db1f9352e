"""Every check of the project: `nox -l` lists them; `docs` and `tests` are the two that matter."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import nox
import tomllib

nox.needs_version = ">=2024.10.9"
nox.options.sessions = ["tests", "lint", "docs", "drift"]
nox.options.reuse_existing_virtualenvs = True
nox.options.error_on_missing_interpreters = False
nox.options.default_venv_backend = "uv|virtualenv"

ROOT = Path(__file__).parent

TWO = ("-n", "2", "--dist", "worksteal")
"""Two tests at a time: more would take the cores from the runs that tests measure.

Each process begins with half of the files, so that what a file shares is made once; the one that
is done first takes over half of what the other one has left.
"""


@nox.session
def docs(session: nox.Session) -> None:
    """Measure on this machine, build the site, say where it is."""
    session.install("-e", ".[docs]")
    session.run("docgen", "build", *session.posargs)


@nox.session
def tests(session: nox.Session) -> None:
    """Run the tests that need neither GPU, network, nor patience."""
    session.install("-e", ".[dev]")
    selection = ["-m", "not slow and not gpu and not triton and not trees"]
    session.run("pytest", *TWO, *selection, *session.posargs)


@nox.session
def lint(session: nox.Session) -> None:
    """Hold style, types and the arrows between modules."""
    session.install("-e", ".[dev]")
    session.run("ruff", "check", ".")
    session.run("ruff", "format", "--check", ".")
    session.run("mypy")
    session.run("lint-imports")


@nox.session
def drift(session: nox.Session) -> None:
    """Fail when pages or evidence no longer agree with the source."""
    session.install("-e", ".[docs]")
    session.run("docgen", "check")
    session.run("docgen", "lint", "--fail-on", "warning")


@nox.session
def snippets(session: nox.Session) -> None:
    """Run the snippets of the pages as tests."""
    session.install("-e", ".[dev]")
    session.run("docgen", "test", *session.posargs)


@nox.session(python=["3.12", "3.13"])
def versions(session: nox.Session) -> None:
    """Run the tests on the other supported Pythons that this machine has."""
    session.install("-e", ".[dev]")
    selection = ["-m", "not slow and not gpu and not triton and not trees and not site"]
    session.run("pytest", *selection, *session.posargs)


@nox.session(python="3.10")
def runtime310(session: nox.Session) -> None:
    """Run the harness's own tests on the oldest Python that it supports."""
    session.install("-e", ".", "pytest>=8.3", "jsonschema>=4.23")
    session.run(
        "pytest", "-p", "no:docgen", "-m", "not slow and not gpu and not triton", "tests/runtime"
    )


@nox.session
def minimums(session: nox.Session) -> None:
    """Run the tests with the oldest versions that pyproject.toml admits."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    wanted = [*project["dependencies"], *project["optional-dependencies"]["docs"]]
    pins = [m for line in wanted if (m := _pin(line))]
    constraints = Path(session.create_tmp()) / "minimums.txt"
    constraints.write_text("\n".join(pins) + "\n", "utf-8")
    session.install("-e", ".[dev]", "-c", str(constraints))
    selection = ["-m", "not slow and not gpu and not triton and not trees"]
    session.run("pytest", *selection, *session.posargs)


@nox.session
def slow(session: nox.Session) -> None:
    """Run the long campaigns: retraining, whole-site rebuilds, big models."""
    session.install("-e", ".[dev]")
    session.run("pytest", "-m", "slow", *session.posargs)


@nox.session
def gpu(session: nox.Session) -> None:
    """Run the tests that need an NVIDIA GPU; HARNESS_GPU_TARGET names its target."""
    session.install("-e", ".[dev,gpu]")
    session.run("pytest", "-m", "gpu", *session.posargs)


@nox.session
def triton(session: nox.Session) -> None:
    """Run the tests that need a Triton server: the one that the extra brings."""
    session.install("-e", ".[dev,triton]")
    session.run("pytest", "-m", "triton", *session.posargs)


@nox.session
def trees(session: nox.Session) -> None:
    """Run the tests on public harness trees that environment variables name."""
    session.install("-e", ".[dev]")
    session.run("pytest", "-m", "trees", *session.posargs, success_codes=[0, 5])


@nox.session
def bench(session: nox.Session) -> None:
    """Print every benchmark's ratios to its floor."""
    session.install("-e", ".[dev]")
    for script in sorted((ROOT / "tests" / "benchmarks").glob("bench_*.py")):
        session.run("python", str(script), *session.posargs)


@nox.session(venv_backend="none")
def clean(session: nox.Session) -> None:
    """Remove what builds and tests leave behind."""
    for name in ("build", "dist", ".evidence", "results", "docs/targets", "docs/reference"):
        shutil.rmtree(ROOT / name, ignore_errors=True)
    session.log("removed build output, local evidence and generated pages")


def _pin(requirement: str) -> str:
    """Return `name==lowest` of a requirement that holds on this Python, or nothing."""
    if "python_version" in requirement:
        return ""
    match = re.match(r"^([A-Za-z0-9_.-]+)(?:\[.*?\])?>=([0-9.]+)", requirement)
    return f"{match[1]}=={match[2]}" if match else ""
