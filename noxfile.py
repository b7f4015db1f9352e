"""Every check of the project: `nox -l` lists them; `docs` and `tests` are the two that matter."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import nox
import tomllib

nox.needs_version = ">=2024.10.9"
nox.options.sessions = ["tests", "lint", "docs", "drift"]
nox.options.default_venv_backend = "uv|virtualenv"
nox.options.reuse_existing_virtualenvs = True
nox.options.error_on_missing_interpreters = False

ROOT = Path(__file__).parent

TWO = ("-n", "2", "--dist", "worksteal")
"""Two tests at a time: more would take the cores from the runs that tests measure.

Each process begins with half of the files, so that what a file shares is made once; the one that
is done first takes over half of what the other one has left.
"""


@nox.session
def docs(session: nox.Session) -> None:
    """Measure on this machine, build the site, say where it is."""
    _install(session, "-e", ".[docs]")
    session.run("docgen", "build", *session.posargs)


@nox.session
def tests(session: nox.Session) -> None:
    """Run the tests that need neither GPU, network, nor patience."""
    _install(session, "-e", ".[dev]")
    selection = ["-m", "not slow and not gpu and not triton and not trees"]
    session.run("pytest", *TWO, *selection, *session.posargs)


@nox.session
def lint(session: nox.Session) -> None:
    """Hold style, types and the arrows between modules."""
    _install(session, "-e", ".[dev]")
    session.run("ruff", "check", ".")
    session.run("ruff", "format", "--check", ".")
    session.run("mypy")
    session.run("lint-imports")


@nox.session
def drift(session: nox.Session) -> None:
    """Fail when pages or evidence no longer agree with the source."""
    _install(session, "-e", ".[docs]")
    session.run("docgen", "check")
    session.run("docgen", "lint", "--fail-on", "warning")


@nox.session
def snippets(session: nox.Session) -> None:
    """Run the snippets of the pages as tests."""
    _install(session, "-e", ".[dev]")
    session.run("docgen", "test", *session.posargs)


@nox.session(python=["3.12", "3.13"])
def versions(session: nox.Session) -> None:
    """Run the tests on the other supported Pythons that this machine has."""
    _install(session, "-e", ".[dev]")
    selection = ["-m", "not slow and not gpu and not triton and not trees and not site"]
    session.run("pytest", *selection, *session.posargs)


@nox.session(python="3.10")
def runtime310(session: nox.Session) -> None:
    """Run the harness's own tests on the oldest Python that it supports."""
    _install(session, "-e", ".", "pytest>=8.3", "jsonschema>=4.23")
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
    _install(session, "-e", ".[dev]", "-c", str(constraints))
    selection = ["-m", "not slow and not gpu and not triton and not trees"]
    session.run("pytest", *selection, *session.posargs)


@nox.session
def slow(session: nox.Session) -> None:
    """Run the long campaigns: retraining, whole-site rebuilds, big models."""
    _install(session, "-e", ".[dev]")
    session.run("pytest", "-m", "slow", *session.posargs)


@nox.session
def gpu(session: nox.Session) -> None:
    """Run the tests that need an NVIDIA GPU; HARNESS_GPU_TARGET names its target."""
    _install(session, "-e", ".[dev,gpu]")
    session.run("pytest", "-m", "gpu", *session.posargs)


@nox.session
def triton(session: nox.Session) -> None:
    """Run the tests that need a Triton server: the one that the extra brings."""
    _install(session, "-e", ".[dev,triton]")
    session.run("pytest", "-m", "triton", *session.posargs)


@nox.session
def trees(session: nox.Session) -> None:
    """Run the tests on public harness trees that environment variables name."""
    _install(session, "-e", ".[dev]")
    session.run("pytest", "-m", "trees", *session.posargs, success_codes=[0, 5])


@nox.session
def bench(session: nox.Session) -> None:
    """Print every benchmark's ratios to its floor."""
    _install(session, "-e", ".[dev]")
    for script in sorted((ROOT / "tests" / "benchmarks").glob("bench_*.py")):
        session.run("python", str(script), *session.posargs)


@nox.session(venv_backend="none")
def clean(session: nox.Session) -> None:
    """Remove what builds and tests leave behind."""
    for name in ("build", "dist", ".evidence", "results", "docs/targets", "docs/reference"):
        shutil.rmtree(ROOT / name, ignore_errors=True)
    session.log("removed build output, local evidence and generated pages")


def _install(session: nox.Session, *what: str) -> None:
    """Install with uv, in seconds where pip takes minutes; with pip where uv does not go.

    nox itself uses uv where the machine has it. Elsewhere the session's own Python gets it first.
    """
    if session.venv_backend == "uv":
        session.install(*what)
        return
    uv = ("python", "-m", "uv", "pip", "install", "--python", f"{session.bin}/python")
    try:
        session.install("uv")
        session.run_install(*uv, *what, silent=True)
    except nox.command.CommandFailed:
        session.log("uv cannot install here: pip does it, in minutes")
        session.install(*what)


def _pin(requirement: str) -> str:
    """Return `name==lowest` of a requirement that holds on this Python, or nothing."""
    if "python_version" in requirement:
        return ""
    match = re.match(r"^([A-Za-z0-9_.-]+)(?:\[.*?\])?>=([0-9.]+)", requirement)
    return f"{match[1]}=={match[2]}" if match else ""
