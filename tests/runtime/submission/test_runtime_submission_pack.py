"""Packing: run folders become a clean tree, or every reason why not is told at once."""

from __future__ import annotations

import hashlib
import json

import pytest
from click.testing import CliRunner

from runtime.cli import main
from runtime.configs.registry import load
from runtime.errors import ArtifactError, ConfigError, InvalidResult
from runtime.policies.rounds import round_of
from runtime.record import Cause, Model, Verdict
from runtime.submission.check import check_tree
from runtime.submission.metadata import parse_metadata, read_metadata
from runtime.submission.pack import plan_tree, publish
from runtime.submission.template import template

SYSTEM = {
    "system_name": "Box",
    "status": "available",
    "system_type": "edge",
    "host_processors_per_node": "1",
    "host_memory_configuration": "2x 4 GB",
    "host_storage_capacity": "100 GB",
    "host_storage_type": "SSD",
    "host_networking": "Ethernet",
    "host_network_card_count": "1",
    "host_networking_topology": "N/A",
    "cooling": "air",
}
SAID = {
    "division": "open",
    "submitter": "Org",
    "system_id": "box",
    "calibration": "None: FP32 weights.",
    "system": SYSTEM,
    "measurements": {"retraining": "none", "weight_transformations": "none"},
}
FOLDER = "open/Org/results/box/resnet/Offline"


def metadata(**changes):
    return parse_metadata(SAID | changes, "m.toml")


@pytest.fixture
def runs(factory, tmp_path):
    """Return a performance and an accuracy run that belong together."""
    return [factory.make_run(tmp_path / kind, kind) for kind in ("performance", "accuracy")]


def problems(error):
    return [str(p) for p in error.value.problems]


def test_two_runs_become_a_clean_tree(runs, tmp_path):
    plan = plan_tree(runs, metadata(), load())
    report = publish(plan, tmp_path / "tree")
    assert report.clean
    assert report.results == (FOLDER,)
    assert check_tree(tmp_path / "tree", round_of("v6.1")).clean
    assert sorted(p.name for p in tmp_path.iterdir()) == ["accuracy", "performance", "tree"]


def test_what_the_tree_says_follows_from_the_runs(runs, tmp_path):
    publish(plan_tree(runs, metadata(), load()), tmp_path / "tree")
    home = tmp_path / "tree" / FOLDER
    whole = (runs[1] / "loadgen" / "mlperf_log_accuracy.json").read_bytes()
    text = (home / "accuracy" / "accuracy.txt").read_text()
    digest = hashlib.sha256(whole).hexdigest()
    assert text == f"accuracy=76.1234%, good=38062, total=50000\nhash={digest}\n"
    cut = (home / "accuracy" / "mlperf_log_accuracy.json").read_bytes()
    assert len(cut) == 8199
    assert cut.startswith(whole[:4096])
    assert cut.endswith(whole[-4096:])
    assert (home / "user.conf").read_bytes() == (runs[0] / "user.conf").read_bytes()
    measured = json.loads((home / "measurements.json").read_text())
    assert measured["starting_weights_filename"] == "resnet50_v1.onnx"
    assert measured["weight_data_types"] == measured["input_data_types"] == "fp32"
    readme = (home / "README.md").read_text()
    assert "not verified by MLCommons" in readme
    assert "a note that must be said" in readme
    assert "--set batch_size=8" in readme
    assert "b" * 64 in readme
    system = json.loads((tmp_path / "tree/open/Org/systems/box.json").read_text())
    assert system["host_processor_model_name"] == "Some CPU"
    assert system["framework"] == "ONNX Runtime 1.22.0"
    assert "LoadGen 6.0.17" in system["other_software_stack"]
    assert system["accelerators_per_node"] == "0"
    source = tmp_path / "tree/open/Org/src/resnet/calliope-0.1.0"
    assert (source / "runtime/loadgen/sut.py").is_file()
    assert "a" * 40 in (source / "README.md").read_text()


def test_an_existing_tree_is_not_touched(runs, tmp_path):
    (tmp_path / "tree").mkdir()
    with pytest.raises(ArtifactError, match="a tree is never overwritten"):
        publish(plan_tree(runs, metadata(), load()), tmp_path / "tree")
    assert list((tmp_path / "tree").iterdir()) == []


def test_a_refused_tree_leaves_nothing_unless_it_is_forced(factory, runs, tmp_path):
    log = runs[0] / "loadgen" / "mlperf_log_detail.txt"
    log.write_text(log.read_text().replace("600000", "60000"))
    plan = plan_tree(runs, metadata(), load())
    with pytest.raises(InvalidResult, match=r"submission\.min-duration"):
        publish(plan, tmp_path / "tree")
    assert sorted(p.name for p in tmp_path.iterdir()) == ["accuracy", "performance"]
    report = publish(plan, tmp_path / "tree", force=True)
    assert [f.rule.id for f in report.findings] == ["submission.min-duration"]
    assert (tmp_path / "tree" / FOLDER).is_dir()


def test_a_disk_that_refuses_leaves_nothing(runs, tmp_path, monkeypatch):
    plan = plan_tree(runs, metadata(), load())

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("runtime.submission.pack.shutil.copyfile", full)
    with pytest.raises(ArtifactError, match="No space left on device"):
        publish(plan, tmp_path / "tree")
    assert sorted(p.name for p in tmp_path.iterdir()) == ["accuracy", "performance"]


def test_everything_that_is_missing_is_asked_for_at_once(runs, tmp_path):
    with pytest.raises(ConfigError) as error:
        plan_tree(
            [runs[0], tmp_path / "absent"], metadata(system={k: SYSTEM[k] for k in
            ("status", "system_type")}, measurements={}), load(),
        )  # fmt: skip
    told = "\n".join(problems(error))
    for words in ("system_name", "cooling", "host_networking_topology", "retraining",
                  "weight_transformations", "a run of mode accuracy", "absent"):  # fmt: skip
        assert words in told
    assert "accelerator" not in told


@pytest.mark.parametrize(
    ("changes", "want"),
    [
        ({"model": Model(name="x", sha256="c" * 64)}, "the model of the performance run"),
        ({"settings": {"batch_size": 4}}, "the settings of the performance run"),
        ({"packages": {"loadgen": "6.0.17"}}, "the packages of the performance run"),
        ({"workload": "digits"}, "a benchmark of round v6.1"),
        ({"verdict": Verdict(result="PARTIAL")}, "a VALID run"),
        ({"packages": {"loadgen": "6.0.10"}}, "wheels of one round"),
    ],
)
def test_runs_that_do_not_belong_together(factory, runs, tmp_path, changes, want):
    other = factory.make_run(
        tmp_path / "other", "accuracy", factory.record_of("accuracy", **changes)
    )
    with pytest.raises(ConfigError) as error:
        plan_tree([runs[0], other], metadata(), load())
    assert want in "\n".join(problems(error))


def test_the_length_of_a_run_may_differ(factory, runs, tmp_path):
    settings = factory.record_of("accuracy").settings | {"target_qps": 9.0, "min_duration_ms": 1}
    other = factory.make_run(
        tmp_path / "other", "accuracy", factory.record_of("accuracy", settings=settings)
    )
    assert plan_tree([runs[0], other], metadata(), load()).results == (FOLDER,)


def test_an_invalid_run_names_the_mend(factory, runs, tmp_path):
    verdict = Verdict(
        result="INVALID",
        causes=(Cause(code="min-duration", text="short", do="set target_qps=9"),),
    )
    other = factory.make_run(
        tmp_path / "o", "performance", factory.record_of("performance", verdict=verdict)
    )
    with pytest.raises(ConfigError, match="want a VALID run, got INVALID; set target_qps=9"):
        plan_tree([other, runs[1]], metadata(), load())


def test_two_runs_of_one_kind_and_an_unknown_wheel(factory, runs, tmp_path):
    twin = factory.make_run(tmp_path / "twin", "performance")
    with pytest.raises(ConfigError, match="want one performance run of resnet Offline"):
        plan_tree([*runs, twin], metadata(), load())
    for wheel, words in (("9.9.9", "a wheel whose round is known"), ("5.1.2", "v6.0 or later")):
        record = factory.record_of("performance", packages={"loadgen": wheel})
        other = factory.make_run(tmp_path / wheel, "performance", record)
        with pytest.raises(ConfigError, match=words):
            plan_tree([other], metadata(), load())


def test_a_closed_tree_with_compliance_runs(factory, tmp_path):
    kinds = ("performance", "accuracy", "TEST01", "TEST04")
    runs = [factory.make_run(tmp_path / kind, kind) for kind in kinds]
    for test in ("TEST01", "TEST04"):
        (tmp_path / test / "verify_performance.txt").write_text("TEST PASS\n")
    (tmp_path / "TEST01" / "verify_accuracy.txt").write_text("TEST PASS\n")
    plan = plan_tree(runs, metadata(division="closed"), load())
    report = publish(plan, tmp_path / "tree", force=True)
    assert [f.rule.id for f in report.findings] == ["submission.scenarios-required"]
    assert "no MultiStream, no SingleStream" in report.findings[0].got


def test_metadata_reports_every_fault(tmp_path):
    with pytest.raises(ConfigError) as error:
        parse_metadata(
            {"division": "Open", "submiter": "x", "system_id": "a b",
             "system": {"status": "yes", "colling": "air"}}, "m.toml",
        )  # fmt: skip
    told = "\n".join(problems(error))
    for words in ("'submiter'; did you mean 'submitter'", "'colling'; did you mean 'cooling'",
                  "division: want one of", "status: want one of", "system_type: want one of",
                  "system_id: want a name", "calibration: want a text"):  # fmt: skip
        assert words in told
    with pytest.raises(ArtifactError, match="harness submission init"):
        read_metadata(tmp_path / "absent.toml")


def test_the_template_is_read_back_and_asks_for_what_is_empty(tmp_path):
    path = tmp_path / "m.toml"
    path.write_text(template())
    with pytest.raises(ConfigError) as error:
        read_metadata(path)
    told = "\n".join(problems(error))
    assert "submitter: want a name" in told
    assert "known key" not in told
    text = template().replace('division = ""', 'division = "open"')
    for key in ("submitter", "system_id", "calibration"):
        text = text.replace(f'{key} = ""', f'{key} = "x"')
    text = text.replace('status = ""', 'status = "rdi"')
    path.write_text(text.replace('system_type = ""', 'system_type = "edge"'))
    assert read_metadata(path).division == "open"


def test_commands_pack_and_check(runs, tmp_path):
    lines = [f"{k} = {json.dumps(SAID[k])}" for k in ("division", "submitter", "system_id",
                                                      "calibration")]  # fmt: skip
    for table in ("system", "measurements"):
        lines += [f"[{table}]", *(f"{k} = {json.dumps(v)}" for k, v in SAID[table].items())]
    (tmp_path / "m.toml").write_text("\n".join(lines))
    tree = str(tmp_path / "tree")
    words = ["submission", "pack", *map(str, runs), "--metadata", str(tmp_path / "m.toml")]
    words += ["--out", tree]
    cli = CliRunner()
    dry = cli.invoke(main, [*words, "--dry-run"])
    assert dry.exit_code == 0
    assert f"{FOLDER}/accuracy/accuracy.txt" in dry.output
    assert "nothing was written" in dry.output
    assert not (tmp_path / "tree").exists()
    done = cli.invoke(main, words)
    assert done.exit_code == 0, done.output
    assert "clean" in done.stdout
    assert cli.invoke(main, words).exit_code == 4
    judged = cli.invoke(main, ["submission", "check", tree, "--json"])
    assert judged.exit_code == 0
    assert json.loads(judged.stdout)["clean"] is True
    (tmp_path / "tree" / FOLDER / "README.md").unlink()
    judged = cli.invoke(main, ["submission", "check", tree, "--json"])
    assert judged.exit_code == 6
    (finding,) = json.loads(judged.stdout)["findings"]
    assert finding["rule"] == "submission.missing-file"
    assert finding["path"] == f"{FOLDER}/README.md"
    shown = cli.invoke(main, ["submission", "check", tree])
    assert "submission.missing-file" in shown.output
    assert "pack the run again" in shown.output
    old = cli.invoke(main, ["submission", "check", tree, "--round", "v5.1"])
    assert old.exit_code == 2
    assert "v6.0 or later" in old.output


def test_command_init_does_not_overwrite(tmp_path):
    cli, path = CliRunner(), tmp_path / "m.toml"
    assert cli.invoke(main, ["submission", "init", str(path)]).exit_code == 0
    assert cli.invoke(main, ["submission", "init", str(path)]).exit_code == 4
    assert path.read_text() == template()
