"""Judges one scenario's folder: texts, performance, accuracy, compliance."""

from __future__ import annotations

from runtime.loadgen.logs import ACCURACY, DETAIL
from runtime.loadgen.userconf import lint
from runtime.policies import submission as rules
from runtime.policies import submission_logs as log_rules
from runtime.submission.check_logs import check_performance, check_run, check_summary
from runtime.submission.check_systems import read_object
from runtime.submission.check_tests import check_tests
from runtime.submission.cut import fault_of_hash, fault_of_log
from runtime.submission.findings import Ledger
from runtime.submission.folders import find_folders, require
from runtime.submission.forms import read_metric
from runtime.submission.logfile import Log, read_log
from runtime.submission.place import Place
from runtime.submission.tree import Tree, join

SUMMARY = "mlperf_log_summary.txt"
"""Name of LoadGen's summary."""

ACCURACY_TEXT = "accuracy.txt"
"""Name of the text with metric and hash."""

MEASUREMENTS = "measurements.json"
"""Name of the file that describes the model."""

MEASUREMENT_KEYS = (
    "input_data_types",
    "retraining",
    "starting_weights_filename",
    "weight_data_types",
    "weight_transformations",
)
"""Keys of a measurements.json, each with a meaningful value.

Source: mlcommons/inference@b66003e10, submission_checker/constants.py,
    SYSTEM_IMP_REQUIRED_FILES.
"""

TEXTS = ("user.conf", "README.md", MEASUREMENTS)
"""Files beside the runs of a scenario."""

__all__ = ["ACCURACY_TEXT", "MEASUREMENTS", "MEASUREMENT_KEYS", "SUMMARY", "Place"]


def check_scenario(tree: Tree, ledger: Ledger, place: Place) -> None:
    """Judge everything in a scenario's folder."""
    present = require(tree, ledger, place.folder, TEXTS)
    tree.claim(join(place.folder, "mlperf.conf"))
    if "user.conf" in present:
        _check_user_conf(tree, ledger, place)
    if MEASUREMENTS in present:
        _check_measurements(tree, ledger, join(place.folder, MEASUREMENTS))
    named = find_folders(tree, ledger, place.folder, ("performance", "accuracy"))
    speed = _check_performance(tree, ledger, place, named.get("performance", "performance"))
    _check_accuracy(tree, ledger, place, join(place.folder, named.get("accuracy", "accuracy")))
    check_tests(tree, ledger, place, speed)


def _check_performance(tree: Tree, ledger: Ledger, place: Place, name: str) -> Log | None:
    """Judge the performance run and return its log; None where there is none to judge."""
    parent = join(place.folder, name)
    run = join(parent, find_folders(tree, ledger, parent, ("run_1",)).get("run_1", "run_1"))
    present = require(tree, ledger, run, (SUMMARY, DETAIL))
    tree.claim(join(run, ACCURACY), join(run, "mlperf_log_trace.json"))
    if DETAIL not in present:
        return None
    path = join(run, DETAIL)
    log = read_log(tree.text(path))
    if check_run(ledger, place, path, log, mode="PerformanceOnly"):
        check_performance(ledger, place, path, log)
        if SUMMARY in present:
            check_summary(ledger, join(run, SUMMARY), tree.text(join(run, SUMMARY)), log)
        return log
    return None


def _check_accuracy(tree: Tree, ledger: Ledger, place: Place, run: str) -> None:
    """Judge the accuracy run."""
    present = require(tree, ledger, run, (SUMMARY, DETAIL, ACCURACY_TEXT, ACCURACY))
    tree.claim(join(run, "mlperf_log_trace.json"))
    if DETAIL in present:
        path = join(run, DETAIL)
        log = read_log(tree.text(path))
        if check_run(ledger, place, path, log, mode="AccuracyOnly"):
            _check_samples(ledger, place, path, log)
    data = tree.bytes(join(run, ACCURACY)) if ACCURACY in present else None
    fault = fault_of_log(data) if data is not None else ""
    if fault:
        ledger.add(
            log_rules.ACCURACY_LOG, join(run, ACCURACY), fault, "pack the accuracy run again"
        )
    if ACCURACY_TEXT in present:
        path, text = join(run, ACCURACY_TEXT), tree.text(join(run, ACCURACY_TEXT))
        _check_goals(ledger, place, path, text)
        wrong = fault_of_hash(text, data) if data is not None and not fault else ""
        if wrong:
            ledger.add(log_rules.ACCURACY_HASH, path, wrong, "pack the accuracy run again")


def _check_samples(ledger: Ledger, place: Place, path: str, log: Log) -> None:
    """Report an accuracy run over another number of samples than the evaluation set has."""
    want = place.benchmark.answers(place.scenario)
    got = log.number("effective_accuracy_sample_count") or log.number("qsl_reported_total_count")
    if got != want:
        do = f"run the accuracy mode over all {want} samples"
        text = f"{got:.0f} samples" if got is not None else "no number of samples"
        ledger.add(log_rules.ACCURACY_SAMPLES, path, text, do)


def _check_goals(ledger: Ledger, place: Place, path: str, text: str) -> None:
    """Report metrics that are absent, and in the closed division those out of their range."""
    for goal in place.benchmark.goals_of(place.scenario):
        value = read_metric(text, goal.metric)
        if value is None:
            do = "write the metric as the reference's accuracy script prints it"
            ledger.add(log_rules.ACCURACY_METRIC, path, f"no line with {goal.metric}", do)
            continue
        low = goal.least is not None and value < goal.least
        high = goal.most is not None and value > goal.most
        if (low or high) and place.judged:
            bound = f"at least {goal.least:g}" if low else f"at most {goal.most:g}"
            got = f"{goal.metric} of {value:g}, want {bound}"
            do = "use a more exact precision, or submit in the open division"
            ledger.add(log_rules.ACCURACY_GOAL, path, got, do)


def _check_user_conf(tree: Tree, ledger: Ledger, place: Place) -> None:
    """Report lines that LoadGen would ignore, and those of other models and scenarios."""
    path = join(place.folder, "user.conf")
    text = tree.text(path)
    for problem in lint(text, path):
        got = f"{problem.where.removeprefix(path).lstrip(':')}: {problem.got}"
        ledger.add(rules.USER_CONF, path, got, problem.do)
    name, scenario = place.benchmark.loadgen_name, place.loadgen_scenario
    fitting = [
        line
        for line in text.splitlines()
        if line.startswith((f"{name}.{scenario}.", f"*.{scenario}.", f"{name}.*.", "*.*."))
        or (name and line.startswith(f"{name}-interactive."))
    ]
    if not fitting and name:
        do = f"pack the user.conf of the run, with lines {name}.{scenario}.key = number"
        ledger.add(rules.USER_CONF, path, f"no line for {name}.{scenario}", do)


def _check_measurements(tree: Tree, ledger: Ledger, path: str) -> None:
    """Report keys without a meaningful value."""
    said = read_object(tree, path)
    if said is None:
        ledger.add(rules.MEASUREMENTS, path, "no JSON object", "pack the run again")
        return
    lacking = [key for key in MEASUREMENT_KEYS if not str(said.get(key) or "").strip()]
    if lacking:
        got = f"nothing in {', '.join(lacking)}"
        ledger.add(rules.MEASUREMENTS, path, got, "write what was done; a plain `none` counts")
