"""user.conf: written for a plan, and checked, because LoadGen ignores mistakes in silence.

A line reads `model.Scenario.key = number`. Latencies and durations are in ms,
percentiles in %, and the equals sign stands between blanks.

Source: LoadGen, test_settings_internal.cc; each rule tried against wheel 6.0.17.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Annotated, Any, get_args, get_origin, get_type_hints

from runtime.configs.fieldspec import LoadGenKey
from runtime.configs.schema import Offline, Server, Settings
from runtime.errors import Problem, suggest
from runtime.troubles.settings import (
    USER_CONF_FORM,
    USER_CONF_NAME,
    USER_CONF_NO_EFFECT,
    USER_CONF_SEED,
    USER_CONF_VALUE,
)
from runtime.vocabulary import Mode, Scenario

SCENARIOS: dict[Scenario, str] = {
    Scenario.OFFLINE: "Offline",
    Scenario.SERVER: "Server",
    Scenario.SINGLE_STREAM: "SingleStream",
    Scenario.MULTI_STREAM: "MultiStream",
}
"""LoadGen's spelling of the scenarios; another letter case is ignored."""

KEYS: frozenset[str] = frozenset(
    {
        "accuracy_log_probability",
        "accuracy_log_rng_seed",
        "accuracy_log_sampling_target",
        "accuracy_sample_count_override",
        "coalesce_queries",
        "infer_token_latencies",
        "max_async_queries",
        "max_duration",
        "max_query_count",
        "min_duration",
        "min_query_count",
        "mode",
        "performance_issue_same",
        "performance_issue_same_index",
        "performance_issue_unique",
        "performance_sample_count_override",
        "print_timestamps",
        "sample_concatenate_permutation",
        "samples_per_query",
        "target_latency",
        "target_latency_percentile",
        "target_qps",
        "token_latency_scaling_factor",
        "tpot_latency",
        "ttft_latency",
        "use_token_latencies",
    }
)
"""Keys that LoadGen reads from a user.conf."""

SEED_KEYS: frozenset[str] = frozenset(
    {
        "qsl_rng_seed",
        "sample_index_rng_seed",
        "schedule_rng_seed",
        "test05_qsl_rng_seed",
        "test05_sample_index_rng_seed",
        "test05_schedule_rng_seed",
    }
)
"""Keys that LoadGen takes from its own compiled configuration only."""

MODELS: frozenset[str] = frozenset(
    {
        "*",
        "3d-unet",
        "bert",
        "deepseek-r1",
        "deepseek-r1-interactive",
        "dlrm",
        "dlrm-v2",
        "dlrm-v3",
        "gpt-oss-120b",
        "gpt-oss-120b-interactive",
        "gptj",
        "llama2-70b",
        "llama2-70b-interactive",
        "llama3_1-405b",
        "llama3_1-405b-interactive",
        "llama3_1-8b",
        "llama3_1-8b-edge",
        "llama3_1-8b-interactive",
        "mixtral-8x7b",
        "pointpainting",
        "qwen3-vl-235b-a22b",
        "resnet50",
        "retinanet",
        "rgat",
        "rnnt",
        "ssd-mobilenet",
        "stable-diffusion-xl",
        "wan-2.2-t2v-a14b",
        "whisper",
        "yolo",
    }
)
"""Model names of the mlperf.conf that is compiled into the wheel.

Source: the configuration text inside wheel 6.0.17.
"""

WHOLE_KEYS: frozenset[str] = frozenset({"Server.target_latency"})
"""`Scenario.key` whose fraction LoadGen cuts off: 1.5 ms becomes 1 ms."""

IDLE_KEYS: frozenset[str] = frozenset({"Offline.max_duration", "Offline.max_query_count"})
"""`Scenario.key` that LoadGen reads and that changes nothing."""

LATENCY_KEYS: frozenset[str] = frozenset({"target_latency", "tpot_latency", "ttft_latency"})
"""Keys whose value is a latency in ms."""

NANOSECONDS_FROM = 1_000_000
"""Latency in ms from which on the writer probably meant ns: 17 minutes, or 1 ms."""

ACCURACY_QPS = 100_000.0
"""Least Server rate of an accuracy run, in queries/s.

Why: LoadGen paces a Server accuracy run by target_qps (50 000 samples at 50 queries/s take
    1 000 s), and latency is not judged there; the queue holds what arrives.
"""


def write_conf(settings: Settings, model: str, mode: Mode, samples_held: int) -> str:
    """Return the text of a user.conf that carries the settings to LoadGen.

    Args:
        settings: Effective values of the run.
        model: Model name of mlperf.conf, or `*`.
        mode: In accuracy mode a Server run gets at least `ACCURACY_QPS`.
        samples_held: Samples that the library can hold in memory at once.

    Why: every line names the model and the scenario, because `*.Offline.key` would win over
        `resnet50.*.key`, and a line of the compiled mlperf.conf that names both would win
        over a `*`.
    """
    values: dict[str, Any] = dict(_loadgen_values(settings))
    values["performance_sample_count_override"] = samples_held
    if isinstance(settings, Server):
        values["coalesce_queries"] = int(settings.coalesce_queries)
        if mode is Mode.ACCURACY:
            values["target_qps"] = max(settings.target_qps, ACCURACY_QPS)
    place = f"{model}.{SCENARIOS[settings.scenario]}"
    lines = ["# LoadGen settings of this run; times in ms, percentiles in %."]
    for key, value in values.items():
        if f"{SCENARIOS[settings.scenario]}.{key}" in WHOLE_KEYS and value != int(value):
            lines.append(f"# {place}.{key} is {value} ms, set by the harness: LoadGen would cut it")
        else:
            lines.append(f"{place}.{key} = {_number(value)}")
    return "\n".join(lines) + "\n"


def lint(text: str, name: str = "user.conf") -> list[Problem]:
    """Return every mistake in a user.conf that LoadGen would pass over.

    Args:
        text: Content of the file.
        name: What to call the file in messages.
    """
    seen: dict[str, int] = {}
    problems: list[Problem] = []
    for number, line in enumerate(text.splitlines(), start=1):
        content = line.split("#", 1)[0].strip()
        if content:
            problems += _lint_line(f"{name}:{number}", content, number, seen)
    return problems


def _loadgen_values(settings: Settings) -> Iterator[tuple[str, Any]]:
    """Yield (key, value) of every field that has a LoadGen key, in order of declaration."""
    for field, hint in get_type_hints(type(settings), include_extras=True).items():
        marks = get_args(hint)[1:] if get_origin(hint) is Annotated else ()
        for mark in marks:
            if isinstance(mark, LoadGenKey):
                yield mark.key, getattr(settings, field)


def _number(value: float) -> str:
    """Return a number without an exponent, which LoadGen's reader may not know."""
    if isinstance(value, int) or value.is_integer():
        return str(int(value))
    return f"{value:.12f}".rstrip("0")


def _lint_line(where: str, content: str, number: int, seen: dict[str, int]) -> list[Problem]:
    """Return the mistakes of one line that is neither blank nor a comment."""
    form = "write `model.Scenario.key = number`"
    words = content.split()
    if len(words) != 3 or words[1] != "=":  # noqa: PLR2004 - name, sign, value
        want = "a name, a blank, =, a blank, a number"
        return [Problem(where, want, repr(content), form, USER_CONF_FORM.code)]
    parts = words[0].rsplit(".", 2)
    if len(parts) != 3:  # noqa: PLR2004 - model, scenario, key
        want = "a name of three parts"
        return [Problem(where, want, repr(words[0]), form, USER_CONF_FORM.code)]
    problems = [*_lint_names(where, *parts), *_lint_value(where, parts, words[2])]
    if f"{parts[1]}.{parts[2]}" in IDLE_KEYS:
        want = f"no {parts[2]} in Offline, which has one query"
        do = "remove the line; size the run with target_qps"
        problems.append(Problem(where, want, repr(words[0]), do, USER_CONF_NO_EFFECT.code))
    if words[0] in seen:
        got = f"{words[0]} again"
        first = f"line {seen[words[0]]}"
        want = f"each name once (it is on {first})"
        problems.append(Problem(where, want, got, "keep one", USER_CONF_FORM.code))
    seen.setdefault(words[0], number)
    return problems


def _lint_names(where: str, model: str, scenario: str, key: str) -> Iterator[Problem]:
    """Yield the problems of the three parts of a name."""
    if model not in MODELS:
        known = sorted(MODELS - {"*"})
        do = suggest(model, known)
        want = "a model name of mlperf.conf or *"
        yield Problem(where, want, repr(model), do, USER_CONF_NAME.code)
    names = [*SCENARIOS.values(), "*"]
    if scenario not in names:
        do = suggest(scenario, names)
        yield Problem(where, "a LoadGen scenario or *", repr(scenario), do, USER_CONF_NAME.code)
    if key in SEED_KEYS:
        yield Problem(
            where,
            "no seed (LoadGen has the round's seeds compiled in)",
            repr(key),
            "remove the line; another round's seeds need that round's wheel",
            USER_CONF_SEED.code,
        )
    elif key not in KEYS:
        do = suggest(key, sorted(KEYS))
        yield Problem(where, "a key that LoadGen reads", repr(key), do, USER_CONF_NAME.code)


def _lint_value(where: str, parts: list[str], text: str) -> Iterator[Problem]:
    """Yield the problem of a value that LoadGen would not take as written."""
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        do = "write digits, in ms or %, without a unit"
        yield Problem(where, "a number", repr(text), do, USER_CONF_FORM.code)
    elif f"{parts[1]}.{parts[2]}" in WHOLE_KEYS and not value.is_integer():
        got = f"{text}, which LoadGen cuts to {int(value)}"
        do = "round up or down yourself"
        yield Problem(where, "whole milliseconds", got, do, USER_CONF_VALUE.code)
    elif parts[2] in LATENCY_KEYS and value >= NANOSECONDS_FROM:
        got = f"{text} ms, which is {value / 60_000:.0f} minutes"
        do = f"write {value / 1e6:g}, if {text} ns is meant"
        yield Problem(where, "a latency in ms", got, do, USER_CONF_VALUE.code)
    elif parts[2] == "target_latency_percentile" and value <= 1:
        do = f"write {value * 100:g}"
        yield Problem(where, "a percentile in %", text, do, USER_CONF_VALUE.code)


def loadgen_samples(settings: Offline) -> int:
    """Return how many samples LoadGen puts into the Offline query.

    Source: LoadGen's sizing, tried against wheel 6.0.17.
    """
    sized = 1.1 * settings.min_duration_ms / 1000 * settings.target_qps
    return max(settings.min_sample_count, math.ceil(sized))
