"""`docgen export` and `explain` of trees that others wrote: no configuration, nothing written."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner

from docgen.catalog import from_json
from docgen.cli import main
from docgen.errors import SourceError, UsageError
from docgen.extract import extract
from docgen.trees import load_source

RACK = Path(__file__).parent / "fixtures_exports" / "rack"
SERVER = "X100-SXM-80GBx2/alpha/Server"


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    place = tmp_path / "cache"
    monkeypatch.setenv("DOCGEN_CACHE", str(place))
    return place


@pytest.fixture
def rack(tmp_path):
    return Path(shutil.copytree(RACK, tmp_path / "closed" / "rack"))


def run(*arguments):
    return CliRunner().invoke(main, [str(a) for a in arguments])


def test_catalog_of_a_folder_without_a_configuration(rack):
    before = sorted(rack.rglob("*"))
    done = run("export", "--source", rack)
    assert done.exit_code == 0, done.stderr
    catalog = from_json(done.stdout.encode())
    assert (catalog.dialect, catalog.root, len(catalog.entries)) == ("exports", "rack", 10)
    assert str(rack) not in done.stdout
    assert sorted(rack.rglob("*")) == before


def test_digests(rack, tmp_path):
    done = run("export", "--source", rack, "--digests")
    lines = done.stdout.splitlines()
    assert len(lines) == 10
    key, digest = lines[0].split("\t")
    assert key == "alpha/Offline/X100-SXM-80GBx2/Custom/0.99/MaxP"
    assert len(digest) == 64
    output = tmp_path / "digests.tsv"
    assert run("export", "--source", rack, "--digests", "--output", output).exit_code == 0
    assert output.read_text().splitlines() == lines


def test_result_is_written_although_a_file_is_broken(rack, tmp_path):
    (rack / "configs" / "Y9x1" / "Offline" / "beta.py").write_text("EXPORTS = {\n")
    output = tmp_path / "catalog.json"
    done = run("export", "--source", rack, "--output", output)
    assert done.exit_code == SourceError.exit_code
    assert "configs/Y9x1/Offline/beta.py:1:" in done.stderr
    assert len(json.loads(output.read_text())["entries"]) == 10
    assert run("export", "--source", rack, "--lenient").exit_code == 0


def test_many_errors_are_counted_not_all_printed(rack):
    for number in range(30):
        (rack / "configs" / "Y9x1" / "Offline" / f"b{number}.py").write_text("EXPORTS = {\n")
    done = run("export", "--source", rack, "--digests")
    assert done.exit_code == SourceError.exit_code
    assert done.stderr.count("was never closed") == 20
    assert "10 more errors" in done.stderr
    assert len(done.stdout.splitlines()) == 10


def test_explain_of_a_foreign_tree(rack):
    done = run("explain", "--source", rack, f"{SERVER}@0.999", "server_target_qps", "--json")
    chain = json.loads(done.stdout)["value"]["chain"]
    assert [step["resolved"] for step in chain] == [61.5, 30.75]
    table = run("explain", "--source", rack, SERVER)
    assert "min_duration" in table.stdout
    digest_key = "alpha/Server/X100-SXM-80GBx2/Custom/0.999/MaxP"
    same = run("explain", "--source", rack, digest_key, "server_target_qps", "--json")
    assert same.stdout == done.stdout


def test_explain_suggests_a_key(rack):
    done = run("explain", "--source", rack, "X100-SXM-80GBx2/alpha/Sever", "x")
    assert done.exit_code == UsageError.exit_code
    assert SERVER in done.stderr


def test_folder_that_is_no_harness_says_what_was_looked_for(tmp_path):
    (tmp_path / "empty").mkdir()
    done = run("export", "--source", tmp_path / "empty")
    assert done.exit_code == SourceError.exit_code
    for part in ("exports (configs/<system>/<Scenario>/<benchmark>.py", "empty"):
        assert part in done.stderr


@pytest.mark.parametrize("name", ["nowhere", "file"])
def test_source_that_is_no_folder(tmp_path, name):
    (tmp_path / "file").write_text("")
    done = run("export", "--source", tmp_path / name)
    assert done.exit_code == UsageError.exit_code
    assert "closed/<submitter>" in done.stderr


def test_root_and_source_exclude_each_other(rack):
    done = run("export", "--source", rack, "--root", rack)
    assert done.exit_code == UsageError.exit_code
    assert "either --root or --source" in done.stderr


def test_dialect_can_be_named(rack):
    assert run("export", "--source", rack, "--dialect", "exports").exit_code == 0
    done = run("export", "--source", rack, "--dialect", "export")
    assert done.exit_code == UsageError.exit_code
    assert "did you mean 'exports'?" in done.stderr


def test_second_dialect_in_the_tree_is_a_warning(rack):
    folder = rack / "configs" / "alpha" / "Offline"
    folder.mkdir(parents=True)
    (folder / "__init__.py").write_text("@ConfigRegistry.register(1)\nclass A:\n    pass\n")
    catalog = extract(load_source(rack))
    assert catalog.dialect == "exports"
    (note,) = [d for d in catalog.diagnostics if d.code == "other-dialect"]
    assert "1 files of the dialect registry" in note.message


def test_cache_is_outside_of_the_tree_and_follows_its_files(rack, cache):
    config = load_source(rack)
    assert config.cache.is_relative_to(cache)
    first = extract(config)
    assert list(cache.rglob("catalog-*.msgpack"))
    assert extract(config) == first
    path = rack / "configs" / "X100-SXM-80GBx2" / "Server" / "alpha.py"
    path.write_text(path.read_text().replace("61.5", "62.5"))
    changed = {e.key: e.digest for e in extract(config).entries}
    same = {e.key: e.digest for e in first.entries}
    assert {key for key in same if same[key] != changed[key]} == {
        SERVER,
        f"{SERVER}@0.999",
        f"{SERVER}@Triton",
        f"{SERVER}@0.999@MaxQ@Triton",
    }


def test_commands_and_templates_of_the_tree_are_not_taken_over(rack):
    (rack / "templates").mkdir()
    (rack / "pyproject.toml").write_text(
        '[tool.docgen]\npackages = ["configs", "../up", 5]\ntemplates = "templates"\n'
        'commands.run = "touch x {target}"\n'
    )
    config = load_source(rack)
    assert config.packages == ()
    assert config.commands.run == ""
    assert not config.templates.is_relative_to(rack)
    (rack / "pyproject.toml").write_text("no toml")
    assert len(extract(load_source(rack)).entries) == 10
