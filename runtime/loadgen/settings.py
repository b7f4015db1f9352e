"""LoadGen's TestSettings for a plan: user.conf through FromConfig, once, then attributes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from runtime.artifacts import atomic_write
from runtime.configs.schema import Server
from runtime.configs.workload import Workload
from runtime.errors import ConfigError, Problem, RunError
from runtime.loadgen.userconf import SCENARIOS, lint, write_conf
from runtime.plan import RunPlan
from runtime.troubles.settings import AUDIT_CONFIG, SEEDS_MISSING, USER_CONF_FORM
from runtime.vocabulary import Mode

AUDIT_NAME = "audit.config"
"""File that LoadGen reads from the working directory and that turns a run into an audit."""

NS_PER_MS = 1_000_000
"""Nanoseconds in a millisecond."""


def refuse_audit(folder: Path) -> None:
    """Raise ConfigError where a folder holds an audit.config.

    Why: LoadGen reads it from the working directory without a word, and the run becomes a
        compliance test with other rules.
    """
    found = folder / AUDIT_NAME
    if found.exists():
        raise ConfigError(
            Problem(
                f"working directory {folder}",
                f"no {AUDIT_NAME}",
                "one left from a compliance test",
                f"move {found} away, or run from another folder",
                AUDIT_CONFIG.code,
            )
        )


def write_user_conf(plan: RunPlan, workload: Workload, held: int, path: Path) -> None:
    """Write the plan's user.conf, after it passed our own check.

    Args:
        plan: The run.
        workload: Gives the model's name in LoadGen's configuration.
        held: Samples that the library can hold in memory at once.
        path: File to write.

    Raises:
        ConfigError: With every line that LoadGen would ignore or misread.
    """
    text = write_conf(plan.settings, workload.loadgen_name, plan.mode, held)
    problems = lint(text, path.name)
    if problems:
        raise ConfigError(problems)
    atomic_write(path, text.encode())


def make_settings(plan: RunPlan, workload: Workload, user_conf: Path) -> Any:
    """Return TestSettings for the plan; call it once in a process.

    The compiled mlperf.conf comes first (it brings the round's seeds), then user.conf,
    then scenario, mode and what user.conf cannot carry.

    Raises:
        RunError: LoadGen refused the file, or has no seeds afterwards.
    """
    import mlperf_loadgen as lg

    scenario = SCENARIOS[plan.scenario]
    settings = lg.TestSettings()
    code = settings.FromConfig(str(user_conf), workload.loadgen_name, scenario)
    if code != 0:
        got = f"LoadGen's code {code}"
        do = "mend the file: `harness conf` names every line"
        want = "a file that LoadGen reads"
        raise RunError(Problem(str(user_conf), want, got, do, USER_CONF_FORM.code))
    if settings.qsl_rng_seed == 0:
        raise RunError(
            Problem(
                "LoadGen",
                "the round's seeds",
                "seeds of 0",
                "run one test per process, and check the mlcommons-loadgen wheel",
                SEEDS_MISSING.code,
            )
        )
    settings.scenario = getattr(lg.TestScenario, scenario)
    accuracy = plan.mode is Mode.ACCURACY
    settings.mode = lg.TestMode.AccuracyOnly if accuracy else lg.TestMode.PerformanceOnly
    if isinstance(plan.settings, Server):
        bound_ns = round(plan.settings.target_latency_ms * NS_PER_MS)
        settings.server_target_latency_ns = bound_ns
    return settings


def make_log_settings(folder: Path) -> Any:
    """Return LogSettings that write into a folder, quietly and without a trace."""
    import mlperf_loadgen as lg

    output = lg.LogOutputSettings()
    output.outdir = str(folder)
    output.copy_summary_to_stdout = False
    settings = lg.LogSettings()
    settings.log_output = output
    settings.enable_trace = False
    return settings
