"""Judges the folders of compliance tests."""

from __future__ import annotations

from runtime.loadgen.audit import TESTS
from runtime.loadgen.logs import ACCURACY, DETAIL
from runtime.policies import submission_logs as rules
from runtime.submission.check_logs import check_performance, check_run
from runtime.submission.cut import fault_of_hash, fault_of_log
from runtime.submission.findings import Ledger
from runtime.submission.logfile import Log, read_log
from runtime.submission.place import Place
from runtime.submission.tree import Tree, join
from runtime.submission.verify import compare_speed

VERIFY_ACCURACY = "verify_accuracy.txt"
"""What the comparison of answers printed."""

VERIFY_PERFORMANCE = "verify_performance.txt"
"""What the comparison of speeds printed."""

PASS = "TEST PASS"  # noqa: S105 - no password
"""Words that a passed verification has."""

_LOGS = ("performance/run_1/mlperf_log_summary.txt", f"performance/run_1/{DETAIL}")
_ANSWERS = (f"accuracy/{ACCURACY}", "accuracy/accuracy.txt")

FILES: dict[str, tuple[str, ...]] = {
    "TEST01": (VERIFY_ACCURACY, VERIFY_PERFORMANCE, *_LOGS, *_ANSWERS),
    "TEST04": (VERIFY_PERFORMANCE, *_LOGS),
    "TEST06": (VERIFY_ACCURACY,),
    "TEST07": (VERIFY_ACCURACY,),
    "TEST08": (VERIFY_ACCURACY,),
    "TEST09": ("verify_output_len.txt",),
}
"""Files that the folder of each test has."""

_TOKEN_LINES = (
    ("First token check pass: True", "First token check pass: Skipped"),
    ("EOS check pass: True",),
    ("Sample length check pass: True",),
)


def check_tests(tree: Tree, ledger: Ledger, place: Place, speed: Log | None) -> None:
    """Judge the compliance tests of a result.

    Args:
        tree: The tree.
        ledger: Gets the findings.
        place: The result.
        speed: Log of its performance run; None where that cannot be judged.
    """
    wanted = place.benchmark.compliance
    for name in tree.folders_in(place.folder):
        if not name.startswith("TEST"):
            continue
        folder = join(place.folder, name)
        tree.claim_below(folder)
        if name not in wanted:
            known = ", ".join(wanted) or "none"
            got = f"{name}; {place.benchmark.name} has {known}"
            ledger.add(rules.TEST_UNKNOWN, folder, got, "move it away")
        elif place.judged:
            _check_test(tree, ledger, place, folder, speed)
    for name in wanted if place.judged else ():
        if name not in tree.folders_in(place.folder):
            do = f"run `harness compliance run {name}` and pack it, too"
            ledger.add(rules.TEST_MISSING, join(place.folder, name), "no folder", do)


def _check_test(tree: Tree, ledger: Ledger, place: Place, folder: str, speed: Log | None) -> None:
    """Judge one test."""
    name = folder.rpartition("/")[2]
    present = _check_files(tree, ledger, folder, FILES[name])
    detail = f"performance/run_1/{DETAIL}"
    log = None
    if detail in present:
        path = join(folder, detail)
        log = read_log(tree.text(path))
        if check_run(ledger, place, path, log, mode="PerformanceOnly"):
            check_performance(ledger, place, path, log)
            _check_settings(ledger, path, log, name)
    if VERIFY_ACCURACY in present:
        _check_answers(ledger, join(folder, VERIFY_ACCURACY), tree, name)
    if VERIFY_PERFORMANCE in present:
        _check_speed(ledger, join(folder, VERIFY_PERFORMANCE), tree, (name, speed, log))
    if f"accuracy/{ACCURACY}" in present and "accuracy/accuracy.txt" in present:
        path, text = join(folder, "accuracy", ACCURACY), join(folder, "accuracy/accuracy.txt")
        data = tree.bytes(path)
        fault = fault_of_log(data) or fault_of_hash(tree.text(text), data)
        if fault:
            ledger.add(rules.TEST_HASH, path, fault, "pack the compliance run again")


def _check_files(tree: Tree, ledger: Ledger, folder: str, wanted: tuple[str, ...]) -> set[str]:
    """Return the files of a test that are there and not empty; report absent and foreign ones."""
    inside = folder + "/"
    found = {p.removeprefix(inside): size for p, size in tree.sizes.items() if p.startswith(inside)}
    for name in wanted:
        if not found.get(name):
            got = "an empty file" if name in found else "no such file"
            do = "pack the compliance run again"
            ledger.add(rules.TEST_FILES, join(folder, name), got, do)
    optional = {f"performance/run_1/{ACCURACY}", f"accuracy/{ACCURACY}", "accuracy/accuracy.txt"}
    for name in sorted(set(found) - set(wanted) - optional):
        ledger.add(rules.TEST_FILES, join(folder, name), "a file without a place", "move it away")
    return {name for name, size in found.items() if size}


def _check_settings(ledger: Ledger, path: str, log: Log, name: str) -> None:
    """Report a test's log that does not show the settings of its audit.config."""
    for key, want in TESTS.get(name, {}).items():
        if key in {"mode", "accuracy_log_rng_seed"}:
            continue
        got = log.values.get(f"effective_{key}")
        if got != want:
            text = f"effective_{key} {got}, want {want}"
            do = f"run `harness compliance run {name}`"
            ledger.add(rules.TEST_SETTINGS, path, text, do)


def _check_answers(ledger: Ledger, path: str, tree: Tree, name: str) -> None:
    """Report a verification of answers that did not pass."""
    lines = [line.strip() for line in tree.text(path).splitlines()]
    wanted = _TOKEN_LINES if name == "TEST06" else ((PASS,),)
    if not all(any(line in lines for line in choice) for choice in wanted):
        got = next((line for line in lines if "FAIL" in line), f"no line {PASS}")
        do = "find out why answers differ between the runs, and measure again"
        ledger.add(rules.TEST_ACCURACY, path, got, do)


def _check_speed(
    ledger: Ledger, path: str, tree: Tree, runs: tuple[str, Log | None, Log | None]
) -> None:
    """Report a verification of speed that did not pass, or that the logs do not bear out."""
    name, speed, log = runs
    do = "measure both again on a quiet machine"
    if PASS not in tree.text(path):
        ledger.add(rules.TEST_PERFORMANCE, path, f"no {PASS}", do)
    elif speed is not None and log is not None and log.values:
        compared = compare_speed(name, speed, log)
        if not compared.passed:
            ledger.add(rules.TEST_PERFORMANCE, path, compared.reason, do)
