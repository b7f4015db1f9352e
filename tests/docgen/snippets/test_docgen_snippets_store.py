"""Results as files: names, environments, corrupt files, atomic writes."""

from __future__ import annotations

import msgspec
import pytest

from docgen import writing
from docgen.errors import OutputError
from docgen.evidence import State, judge
from docgen.snippets.execution import here
from docgen.snippets.run import run
from docgen.snippets.store import Store, file_name, made_in


@pytest.fixture
def result(project, snippet):
    return run([snippet("echo hi", id="run:cpu/digits/offline")], project)[0]


def test_round_trip(project, result):
    path = project.store / file_name(result.snippet, result.environment_key)
    assert path.is_file()
    assert path.name.startswith("run_cpu_digits_offline~")
    assert Store(project.store).all() == (result,)
    assert Store(project.store).load(result.snippet, here(project)) == result
    assert Store(project.store).load("other") is None


def test_names_never_collide():
    ids = ["a/b", "a_b", "a:b", "a--b", "a b", "a__b"]
    assert len({file_name(i, "k" * 8).lower() for i in ids}) == len(ids)
    assert file_name("quick-start", "0123456789") == "quick-start--01234567.json"


def test_this_environment_comes_before_the_newest(project, result):
    other = {**result.environment, "cpu": "Other"}
    newer = msgspec.structs.replace(
        result, environment=other, environment_key="f" * 64, started="2999-01-01T00:00:00+00:00"
    )
    store = Store(project.store)
    store.save(newer)
    assert store.load(result.snippet) == newer
    assert store.load(result.snippet, here(project)) == result
    assert Store(project.store).of(result.snippet) == (newer, result)


def test_packages_that_were_not_imported_do_not_count(result):
    now = {**result.environment, "numpy": "9.9"}
    assert made_in(result, now)
    assert not made_in(result, {**now, "gpus": "1 x NVIDIA H200"})
    assert not made_in(result, {**now, "python": "3.99"})


@pytest.mark.parametrize("data", [b"", b"{", b"[]", b'{"snippet": 1}', b"\xff\xfe"])
def test_a_corrupt_file_counts_as_never_run_and_is_kept_aside(project, result, snippet, data):
    wanted = snippet("echo hi", id=result.snippet)
    path = next(project.store.glob("*.json"))
    path.write_bytes(data)
    store = Store(project.store)
    evidence = judge([wanted], store, project)
    assert evidence.judged[0].state is State.NEVER
    assert [p.where for p in evidence.problems] == [path.name]
    run([wanted], project, store=store)
    assert path.with_suffix(".corrupt").read_bytes() == data
    assert judge([wanted], Store(project.store), project).problems == ()
    assert judge([wanted], Store(project.store), project).judged[0].state is State.EXECUTED


def test_a_newer_form_is_not_misread(project, result):
    path = next(project.store.glob("*.json"))
    path.write_bytes(path.read_bytes().replace(b'"schema": 1', b'"schema": 2'))
    assert "schema version 2" in Store(project.store).problems[0].got


def test_a_failed_write_leaves_the_old_file(project, result, monkeypatch):
    before = {p.name: p.read_bytes() for p in project.store.iterdir()}

    def fail(descriptor):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(writing.os, "fsync", fail)
    with pytest.raises(OutputError, match="No space left on device"):
        Store(project.store).save(result)
    assert {p.name: p.read_bytes() for p in project.store.iterdir()} == before


def test_a_folder_that_cannot_be_made(tmp_path, result):
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match="free space, or name another folder"):
        Store(tmp_path / "file" / "store").save(result)
