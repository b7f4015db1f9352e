"""`harness explain` and `harness conf`: the section of a code in the terminal."""

from __future__ import annotations

import json
from importlib.metadata import version
from pathlib import Path

import pytest
from click.shell_completion import ShellComplete
from click.testing import CliRunner

from runtime.cli import main
from runtime.explain import explain, explanations
from runtime.policies.rounds import ROUNDS, round_of_wheel


def invoke(*words: str):
    return CliRunner().invoke(main, list(words))


@pytest.mark.parametrize(
    ("word", "kind", "part"),
    [
        ("latency-bound", "trouble", "Mend"),
        ("h400", "error", "Exit code"),
        ("run.min-duration", "policy", "Rule"),
        ("3d-unet.samples", "contradiction", "Taken"),
        ("early stopping", "term", "Meaning"),
        ("qsl", "term", "Meaning"),
    ],
)
def test_every_kind_of_word_is_explained(word, kind, part):
    found = explain(word)
    assert found.kind == kind
    assert part in dict(found.parts)
    done = invoke("explain", word)
    assert done.exit_code == 0
    assert found.word in done.output
    assert found.page in " ".join(done.output.split())
    assert json.loads(invoke("explain", word, "--json").stdout)["page"] == found.page


def test_a_near_word_is_named():
    done = invoke("explain", "latency-bond")
    assert done.exit_code == 2
    assert "did you mean 'latency-bound'" in done.stderr
    assert "`harness explain` lists the codes" in invoke("explain", "zzzzqqqq").stderr


def test_without_a_word_every_code_of_a_message_is_listed():
    listed = json.loads(invoke("explain", "--json").stdout)
    assert {e["kind"] for e in listed} == {"trouble", "error"}
    assert {e["word"] for e in listed} >= {"latency-bound", "permission-denied", "H600"}
    assert "audit-config" in invoke("explain").stdout


def test_words_complete():
    shell = ShellComplete(main, {}, "harness", "_HARNESS_COMPLETE")
    words = [c.value for c in shell.get_completions(["explain"], "early")]
    assert "early-stopping" in words
    assert "early stopping" in words


def test_pages_are_those_of_the_site():
    pages = {e.page.partition("#")[0] for e in explanations().values()}
    assert pages == {
        "troubleshooting.html", "reference/policies.html", "reference/glossary.html",
    }  # fmt: skip


def test_an_error_says_where_to_read_more():
    done = invoke("run", "--target", "cpu", "--set", "batch_sise=1", "--dry-run")
    assert done.exit_code == 2
    assert "read more: harness explain config-field" in done.stderr


def test_conf_names_every_mistake_of_every_file(tmp_path: Path):
    good, bad = tmp_path / "good.conf", tmp_path / "bad.conf"
    good.write_text("resnet50.Offline.target_qps = 100\n")
    bad.write_text("resnet.Offline.target_qbs = 100\n\n*.*.qsl_rng_seed = 1\n")
    assert invoke("conf", str(good)).stdout == "1 file: LoadGen reads every line as written\n"
    done = invoke("conf", str(good), str(bad))
    assert done.exit_code == 2
    assert f"{bad}:3" in done.stderr
    assert "harness explain user-conf-seed" in done.stderr
    told = invoke("conf", str(bad), "--json")
    assert told.exit_code == 2
    assert [p["code"] for p in json.loads(told.stdout)] == [
        "user-conf-name", "user-conf-name", "user-conf-seed",
    ]  # fmt: skip


def test_a_round_whose_seeds_the_wheel_lacks_is_refused(tmp_path: Path):
    words = [
        "run",
        "--target",
        "cpu",
        "--workload",
        "digits",
        "--scenario",
        "offline",
        "--quick",
        "--round",
    ]
    carried = round_of_wheel(version("mlcommons-loadgen"))
    other = next(r.name for r in ROUNDS if r is not carried)
    done = invoke(*words, other, "--out", str(tmp_path / "out"))
    assert done.exit_code == 3
    assert f"want the seeds of round {other}" in done.stderr
    unknown = invoke(*words, "v9", "--out", str(tmp_path / "out"))
    assert unknown.exit_code == 2
    assert not (tmp_path / "out").exists()
