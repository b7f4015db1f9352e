"""What a snippet must print or record: `accuracy ~ 0.98 +- 0.01`, `exit = 0`, ...

A name is looked up in the run records, then in JSON on standard output, then in the
printed text (`NAME: 12.3`). Forms:

- `exit = 0`
- `METRIC >= 0.97`, `METRIC ~ 5e4 +- 30%`, `METRIC ~ 0.98 +- 0.01`
- `verdict = VALID`
- `output contains TEXT`, `output lacks TEXT`, the same for `errors`
- `json:$.path[0].to ~ 3 +- 0.1`, `json:$.name = text`
"""

from __future__ import annotations

import contextlib
import json
import math
import operator
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from docgen.snippets.model import Check

_FORM = re.compile(
    r"^(json:(?:\"[^\"]*\"|'[^']*'|[^\s\"'])+|[A-Za-z_][\w.@-]*)\s*(>=|<=|!=|==|=|>|<|~)\s*(\S.*?)\s*$"
)
_TEXT = re.compile(r"^(output|errors)\s+(contains|lacks)\s+(\S.*)$")
_NEAR = re.compile(r"^(\S+?)\s*(?:\+-|\+/-|\u00b1)\s*(\S+?)\s*(%?)$")
_STEP = re.compile(r"\.([A-Za-z_][\w-]*)|\[(\d+)\]|\[\"([^\"]*)\"\]|\['([^']*)'\]")

_COMPARE: dict[str, Callable[[float, float], bool]] = {
    ">=": operator.ge,
    "<=": operator.le,
    ">": operator.gt,
    "<": operator.lt,
}
FORMS = (
    "`exit = 0`, `METRIC >= 0.97`, `METRIC ~ 0.98 +- 0.01`, `METRIC ~ 5e4 +- 30%`, "
    "`verdict = VALID`, `output contains TEXT` or `json:$.path = VALUE`"
)
"""The forms in words, for messages."""
_SHOWN = 120


@dataclass(frozen=True)
class Expectation:
    """One condition, parsed."""

    text: str
    """The condition as written."""
    name: str
    """`exit`, `verdict`, `output`, `errors`, `json:PATH` or a metric."""
    compare: str
    """`=`, `!=`, `>=`, `<=`, `>`, `<`, `~`, `contains` or `lacks`."""
    value: str
    """Right side as written."""
    number: float = math.nan
    """Right side as a number, where it is one."""
    tolerance: float = 0.0
    """Half width of the interval that `~` accepts."""


@dataclass(frozen=True)
class Outcome:
    """What an execution left behind, as far as expectations look at it."""

    exit_code: int | None
    """Exit code; None after a timeout."""
    output: str
    """Standard output."""
    errors: str
    """Standard error."""
    records: tuple[dict[str, Any], ...] = ()
    """Run records."""


_PLAIN = ("exit", "output", "errors")


def is_figure(text: str) -> bool:
    """Return whether a condition is about something measured, not about what was printed."""
    word = re.match(r"\w*", text.strip())
    return word is None or word[0] not in _PLAIN


def parse(text: str) -> Expectation:
    """Return the condition of a line.

    Raises:
        ValueError: When it has none of the forms; the message says what would be right.
    """
    text = " ".join(text.split())
    match = _TEXT.match(text)
    if match is not None:
        return Expectation(text, match[1], match[2], match[3])
    match = _FORM.match(text)
    if match is None:
        raise ValueError(f"one of {FORMS}")
    name, compare, value = match[1], match[2].replace("==", "="), match[3]
    if name.startswith("json:"):
        _path(name.removeprefix("json:"))
    if compare == "~":
        number, tolerance = _near(name, value)
        return Expectation(text, name, compare, value, number, tolerance)
    number = _number(value)
    if math.isnan(number) and (compare in _COMPARE or name == "exit"):
        raise ValueError(f"a number after `{compare}`")
    return Expectation(text, name, compare, value, number)


def _near(name: str, value: str) -> tuple[float, float]:
    """Return value and half width of `0.98 +- 0.01` or `5e4 +- 30%`."""
    match = _NEAR.match(value)
    number = _number(match[1]) if match else math.nan
    width = _number(match[2]) if match else math.nan
    if match is None or math.isnan(number) or math.isnan(width) or width < 0:
        raise ValueError(f"a value with its tolerance, such as `{name} ~ 0.98 +- 0.01` or `+- 30%`")
    return number, abs(number) * width / 100 if match[3] else width


def _number(text: str) -> float:
    """Return the number of a text; NaN where it is none."""
    try:
        value = float(text.replace("_", ""))
    except ValueError:
        return math.nan
    return value if math.isfinite(value) else math.nan


def check(expectations: Sequence[str], outcome: Outcome) -> tuple[Check, ...]:
    """Return every condition with what was found; `exit = 0` leads where none is named."""
    parsed = [parse(text) for text in expectations]
    if not any(item.name == "exit" for item in parsed):
        parsed.insert(0, parse("exit = 0"))
    return tuple(_judge(item, outcome) for item in parsed)


def _judge(item: Expectation, outcome: Outcome) -> Check:
    """Return one condition with what was found."""
    if item.name == "exit":
        return _judge_exit(item, outcome)
    if item.compare in ("contains", "lacks"):
        text = outcome.output if item.name == "output" else outcome.errors
        inside = item.value in text or item.value in " ".join(text.split())
        found = "found" if inside else f"not in {_excerpt(text)}"
        return Check(expect=item.text, actual=found, ok=inside is (item.compare == "contains"))
    found_values = list(_look_up(item.name, outcome))
    if not found_values:
        return Check(expect=item.text, actual=_missing(item.name, outcome), ok=False)
    ok = all(_holds(item, value) for value, _ in found_values)
    shown = ", ".join(f"{_show(value)} {unit}".strip() for value, unit in found_values)
    return Check(expect=item.text, actual=shown[:_SHOWN], ok=ok)


def _judge_exit(item: Expectation, outcome: Outcome) -> Check:
    """Return the check of the exit code; a failure carries the last line of the errors."""
    code = outcome.exit_code
    if code is None:
        return Check(expect=item.text, actual="no exit: stopped at its timeout", ok=False)
    ok = _holds(item, code)
    last = [line for line in (outcome.errors or outcome.output).splitlines() if line.strip()]
    reason = f" ({last[-1].strip()[:_SHOWN]})" if last and not ok else ""
    return Check(expect=item.text, actual=f"exit {code}{reason}", ok=ok)


def _holds(item: Expectation, value: Any) -> bool:
    """Return whether a found value meets the condition."""
    if item.compare in ("=", "!="):
        same = _same(item, value)
        return same if item.compare == "=" else not same
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return False
    if item.compare == "~":
        return abs(value - item.number) <= item.tolerance
    return _COMPARE[item.compare](value, item.number)


def _same(item: Expectation, value: Any) -> bool:
    """Return whether a found value is the one on the right side."""
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return value == item.number
    return _show(value) == item.value.strip("\"'")


def _look_up(name: str, outcome: Outcome) -> Iterator[tuple[Any, str]]:
    """Yield every value of that name with its unit: records first, then JSON, then text."""
    if name.startswith("json:"):
        yield from _follow(_parsed(outcome.output), name.removeprefix("json:"))
        return
    found = [v for record in outcome.records for v in _in_record(record, name)]
    if not found:
        document = _parsed(outcome.output)
        for record in document if isinstance(document, list) else [document]:
            if isinstance(record, dict):
                found += _in_record(record, name)
    if not found:
        number = re.escape(name) + r"\"?\s*[:=]?\s*(-?\d[\d_]*(?:\.\d+)?(?:[eE][+-]?\d+)?)\b"
        match = re.search(rf"(?<![\w.]){number}", outcome.output)
        found = [(float(match[1].replace("_", "")), "")] if match else []
    yield from found


def _in_record(record: dict[str, Any], name: str) -> list[tuple[Any, str]]:
    """Return the values of a name in a run record, or in any JSON object."""
    verdict = record.get("verdict")
    if name == "verdict" and isinstance(verdict, dict):
        return [(verdict.get("result", ""), "")]
    for metric in _metrics(record):
        if metric.get("name") == name:
            return [(metric.get("value"), str(metric.get("unit", "")))]
    accuracy = record.get("accuracy")
    if name == "accuracy" and isinstance(accuracy, dict):
        return [(accuracy.get("value"), "share")]
    if name in record and not isinstance(record[name], (dict, list)):
        return [(record[name], "")]
    return []


def _metrics(record: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the metrics of a run record; none where it has none."""
    metrics = record.get("metrics")
    return [m for m in metrics if isinstance(m, dict)] if isinstance(metrics, list) else []


def _path(text: str) -> list[str | int]:
    """Return the steps of a path such as `$.a.b[0]`.

    Raises:
        ValueError: When it is no such path.
    """
    steps: list[str | int] = []
    at = 1
    while at < len(text) or not text.startswith("$"):
        match = _STEP.match(text, at) if text.startswith("$") else None
        if match is None:
            raise ValueError("a path such as `json:$.metrics[0].value`")
        steps.append(int(match[2]) if match[2] else match[1] or match[3] or match[4] or "")
        at = match.end()
    return steps


def _follow(document: Any, path: str) -> Iterator[tuple[Any, str]]:
    """Yield the value at a path of a JSON document, where there is one."""
    with contextlib.suppress(LookupError, TypeError):
        for step in _path(path):
            document = document[step]
        yield document, ""


def _parsed(text: str) -> Any:
    """Return the JSON document of an output; None where it is none."""
    try:
        return json.loads(text)
    except ValueError:
        return None


def _missing(name: str, outcome: Outcome) -> str:
    """Return `missing` with what was there instead."""
    if name.startswith("json:"):
        if _parsed(outcome.output) is None:
            return f"missing: standard output is no JSON: {_excerpt(outcome.output)}"
        return "missing: the JSON has no such path"
    names = [str(m.get("name")) for r in outcome.records for m in _metrics(r)]
    if names:
        return "missing: the run records have " + ", ".join(dict.fromkeys(names))
    return f"missing: no run record, and not in the output: {_excerpt(outcome.output)}"


def _excerpt(text: str) -> str:
    """Return the start of a text for a message."""
    text = "".join(c if c.isprintable() else "\ufffd" for c in " ".join(text.split()))
    if not text:
        return "(nothing was printed)"
    return repr(text if len(text) <= _SHOWN else text[:_SHOWN] + "...")


def _show(value: Any) -> str:
    """Return a value as an expectation would write it."""
    if isinstance(value, str):
        return value
    if isinstance(value, float):
        return f"{value:.6g}"
    return json.dumps(value)
