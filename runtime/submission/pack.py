"""Packs runs into the tree of their round: `plan_tree` decides every file, `publish` writes it."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from runtime.configs.registry import Registry
from runtime.errors import ArtifactError, ConfigError, InvalidResult, Problem
from runtime.loadgen.logs import ACCURACY, DETAIL
from runtime.policies.rounds import Round, round_of_wheel
from runtime.submission import texts
from runtime.submission.check import check_tree
from runtime.submission.cut import cut_log, hash_line
from runtime.submission.findings import Report
from runtime.submission.forms import write_accuracy
from runtime.submission.metadata import Metadata
from runtime.submission.runs import SUMMARY, Result, Run, facts_of, group_runs, read_runs
from runtime.submission.systems import build_system, missing_values

PACKAGE = Path(__file__).resolve().parents[1]
"""Folder of the package `runtime`, which is packed as source."""


@dataclass(frozen=True, kw_only=True)
class TreePlan:
    """A tree that is decided and not yet written."""

    round: Round
    """Its round."""
    files: dict[str, bytes | Path]
    """Content of each file, or the file to copy, by its path in the tree."""
    results: tuple[str, ...]
    """Folders of its scenarios."""


def plan_tree(folders: Sequence[Path], metadata: Metadata, registry: Registry) -> TreePlan:
    """Return the tree that runs make.

    Args:
        folders: Run folders: performance, accuracy and compliance runs.
        metadata: What the submitter says.
        registry: Gives the targets' facts.

    Raises:
        ConfigError: With everything that is absent or does not belong together.
    """
    runs, problems = read_runs(folders)
    round_, more = _find_round(runs)
    problems += more
    if round_ is None:
        raise ConfigError(problems or _nothing())
    results, more = group_runs(runs, round_)
    problems += more
    problems += _unfinished(runs)
    whole = [r for r in results if "performance" in r.runs]
    system: dict[str, str] = {}
    if whole:
        record = whole[0].runs["performance"].record
        system = build_system(record, registry.target(record.target), metadata)
        problems += missing_values(system)
        for result in whole:
            problems += _missing_measurements(result, metadata)
    if problems:
        raise ConfigError(dict.fromkeys(problems))
    return _lay_out(results, metadata, round_, system)


def publish(
    plan: TreePlan, out: Path, *, force: bool = False, on_step: Callable[[str], None] | None = None
) -> Report:
    """Write a tree whole or not at all, after the check of it, and return the check's report.

    Args:
        plan: The tree.
        out: Folder of the tree; must not exist.
        force: Keep a tree that the check refuses.
        on_step: Called with what is done next.

    Raises:
        ArtifactError: The folder exists, or cannot be written.
        InvalidResult: The check refuses the tree; nothing is left behind.
    """
    say = on_step or (lambda _: None)
    if os.path.lexists(out):
        do = "choose another folder; a tree is never overwritten"
        raise ArtifactError(Problem(f"--out {out}", "a folder to make", "one that exists", do))
    try:
        out.absolute().parent.mkdir(parents=True, exist_ok=True)
        part = Path(tempfile.mkdtemp(prefix=f".{out.name}.", dir=out.absolute().parent))
    except OSError as error:
        raise _unwritable(out, error) from error
    try:
        say("writing the tree")
        for name, content in plan.files.items():
            path = part / name
            path.parent.mkdir(parents=True, exist_ok=True)
            if isinstance(content, Path):
                shutil.copyfile(content, path)
            else:
                path.write_bytes(content)
        say("checking the tree")
        report = check_tree(part, plan.round)
        if not report.clean and not force:
            raise InvalidResult([finding.problem() for finding in report.findings])
        part.chmod(0o755)
        part.rename(out)
    except OSError as error:
        raise _unwritable(out, error) from error
    finally:
        shutil.rmtree(part, ignore_errors=True)
    return Report(
        tree=str(out), round=report.round, findings=report.findings, results=report.results
    )


def _find_round(runs: Sequence[Run]) -> tuple[Round | None, list[Problem]]:
    """Return the round of the runs' LoadGen wheels, and what is wrong with them."""
    wheels = {run.record.packages.get("loadgen", "none") for run in runs}
    rounds = {wheel: round_of_wheel(wheel) for wheel in sorted(wheels)}
    names = {round_.name if round_ else "unknown" for round_ in rounds.values()}
    said = ", ".join(f"{wheel} ({r.name if r else 'unknown'})" for wheel, r in rounds.items())
    where, do = "mlcommons-loadgen", "measure all runs with one wheel of the round"
    if len(names) > 1:
        return None, [Problem(where, "wheels of one round", said, do)]
    chosen = next(iter(rounds.values()), None)
    if chosen is None:
        return None, [Problem(where, "a wheel whose round is known", said, do)] if runs else []
    if chosen.layout != "v6":
        want = "a round whose tree is known here: v6.0 or later"
        return None, [Problem(where, want, said, "measure with mlcommons-loadgen==6.0.17")]
    return chosen, []


def _unfinished(runs: Sequence[Run]) -> list[Problem]:
    """Return the problem of each run that did not end, or was judged invalid by LoadGen."""
    found = []
    for run in runs:
        result, mode = run.record.verdict.result, run.record.mode
        if result == "PARTIAL" or (result == "INVALID" and mode == "performance"):
            causes = "; ".join(c.do for c in run.record.verdict.causes) or "measure again"
            found.append(Problem(f"run {run.folder}", "a VALID run", result, causes))
    return found


def _missing_measurements(result: Result, metadata: Metadata) -> list[Problem]:
    """Return the problem of each key of measurements.json that has no value."""
    facts = facts_of(result.runs["performance"].record.workload)
    said = json.loads(texts.measurements_json(result, facts, metadata))
    return [
        Problem(f"metadata [measurements] {key}", "what was done, or `none`", "nothing", "add it")
        for key, value in said.items()
        if not value.strip()
    ]


def _lay_out(
    results: list[Result], metadata: Metadata, round_: Round, system: dict[str, str]
) -> TreePlan:
    """Return the tree with every file in its place."""
    home = f"{metadata.division}/{metadata.submitter}"
    record = results[0].runs["performance"].record
    files: dict[str, bytes | Path] = {
        f"{home}/systems/{metadata.system_id}.json": json.dumps(system, indent=2).encode() + b"\n",
        f"{home}/documentation/calibration.md": metadata.calibration.rstrip().encode() + b"\n",
        f"{home}/documentation/README.md": texts.documentation_readme(results, metadata),
    }
    folders = []
    for result in results:
        name = result.benchmark.name
        folder = f"{home}/results/{metadata.system_id}/{name}/{result.scenario}"
        folders.append(folder)
        files |= _result_files(folder, result, metadata)
        source = f"{home}/{round_.code_folder}/{name}/calliope-{record.code.version}"
        files[f"{source}/README.md"] = texts.source_readme(record)
        for path in sorted(PACKAGE.rglob("*.py")):
            files[f"{source}/runtime/{path.relative_to(PACKAGE).as_posix()}"] = path
    return TreePlan(round=round_, files=files, results=tuple(folders))


def _result_files(folder: str, result: Result, metadata: Metadata) -> dict[str, bytes | Path]:
    """Return the files of one scenario."""
    speed, exact = result.runs["performance"], result.runs["accuracy"]
    facts = facts_of(speed.record.workload)
    files: dict[str, bytes | Path] = {
        f"{folder}/user.conf": speed.folder / "user.conf",
        f"{folder}/README.md": texts.result_readme(result, metadata),
        f"{folder}/measurements.json": texts.measurements_json(result, facts, metadata),
        f"{folder}/performance/run_1/{SUMMARY}": speed.logs / SUMMARY,
        f"{folder}/performance/run_1/{DETAIL}": speed.logs / DETAIL,
        f"{folder}/accuracy/{SUMMARY}": exact.logs / SUMMARY,
        f"{folder}/accuracy/{DETAIL}": exact.logs / DETAIL,
    }
    whole = (exact.logs / ACCURACY).read_bytes()
    files[f"{folder}/accuracy/{ACCURACY}"] = cut_log(whole)
    accuracy = exact.record.accuracy
    text = write_accuracy(accuracy.value, accuracy.samples) if accuracy else ""
    files[f"{folder}/accuracy/accuracy.txt"] = (text + hash_line(whole)).encode()
    for kind, run in result.runs.items():
        if run.record.audit:
            files |= _test_files(f"{folder}/{kind}", run)
    return files


def _test_files(folder: str, run: Run) -> dict[str, bytes | Path]:
    """Return the files of a compliance test."""
    files: dict[str, bytes | Path] = {
        f"{folder}/performance/run_1/{SUMMARY}": run.logs / SUMMARY,
        f"{folder}/performance/run_1/{DETAIL}": run.logs / DETAIL,
    }
    for path in sorted(run.folder.glob("verify_*.txt")):
        files[f"{folder}/{path.name}"] = path
    if run.kind == "TEST01":
        whole = (run.logs / ACCURACY).read_bytes()
        files[f"{folder}/accuracy/{ACCURACY}"] = cut_log(whole)
        files[f"{folder}/accuracy/accuracy.txt"] = hash_line(whole).encode()
    return files


def _nothing() -> Problem:
    """Return the problem of a pack without runs."""
    return Problem("RUN", "run folders", "none", "name the --out folders of the runs")


def _unwritable(out: Path, error: OSError) -> ArtifactError:
    """Return the error for a place that refuses the tree."""
    got = error.strerror or str(error)
    return ArtifactError(Problem(f"--out {out}", "a place to write", got, "choose another folder"))
