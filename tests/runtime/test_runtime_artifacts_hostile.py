"""Places that refuse: full disks, other owners, links to nowhere, folders that go away."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import psutil
import pytest

from runtime import artifacts, places
from runtime.configs.registry import load
from runtime.errors import ArtifactError, RunError
from runtime.loadgen.recording import REFUSED_NOTE
from runtime.loadgen.session import execute
from runtime.plan import resolve
from runtime.record import from_json
from runtime.space import ANSWER_BYTES, HEX, model_need, run_bytes

NOBODY = 65534
OVERRIDES = ("target_qps=2000", "min_duration_ms=500", "target_latency_ms=2000")
root_only = pytest.mark.skipif(os.getuid() != 0, reason="needs root to become another user")

AS_NOBODY = """
import fcntl, os, pwd, shutil, sys, tempfile
from pathlib import Path
from runtime import artifacts
from runtime.errors import ArtifactError
os.setgroups([]); os.setgid({nobody}); os.setuid({nobody})
try:
    artifacts.prepare_folder(Path(sys.argv[1]))
except ArtifactError as error:
    print(error)
"""


def plan_of(mode="performance", *overrides):
    return resolve(
        load(),
        target="cpu",
        workload="digits",
        scenario="server",
        mode=mode,
        quick=True,
        overrides=(*(OVERRIDES if mode == "performance" else ()), *overrides),
    )


@pytest.fixture
def fallback(tmp_path, monkeypatch):
    """Return the only folder that takes what is refused elsewhere."""
    place = tmp_path / "fallback"
    monkeypatch.setattr(artifacts, "fallback_folders", lambda: (place,))
    monkeypatch.delenv("HARNESS_RECORD_DIR", raising=False)
    return place


@pytest.fixture
def small_disk(tmp_path):
    """Return a folder on a disk of its own, of 80 MiB."""
    place = tmp_path / "disk"
    place.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=80m", "tmpfs", str(place)]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    except OSError as error:
        pytest.skip(f"no mount here: {error}")
    if done.returncode:
        pytest.skip(f"may not mount a small disk: {done.stderr.strip()}")
    yield place
    subprocess.run(["umount", "--lazy", str(place)], check=True)


def fill(place, when):
    """Return a progress callback that fills the disk at a phase, once."""
    done = []

    def take(progress):
        if done or progress.phase != when or not progress.done:
            return
        done.append(True)
        with (place / "filler").open("wb", buffering=0) as file:
            try:
                while True:
                    file.write(b"x" * 4096)
            except OSError:
                return

    return take


def children():
    return [p for p in psutil.Process().children(recursive=True) if p.status() != "zombie"]


@pytest.mark.parametrize("mode", ["performance", pytest.param("accuracy", marks=pytest.mark.slow)])
def test_a_disk_that_fills_up_during_a_run_keeps_what_was_measured(small_disk, fallback, mode):
    out = small_disk / "run"
    with pytest.raises(ArtifactError) as caught:
        execute(plan_of(mode), out, fill(small_disk, "timed"))
    text = str(caught.value)
    (kept,) = fallback.rglob("record.json")
    assert f"record: want it in {out}, got it in {kept}" in text
    assert "MiB" in text
    record = from_json(kept.read_bytes())
    assert record.key == "cpu/digits/server"
    if record.verdict.result == "PARTIAL":
        assert record.verdict.causes
    else:
        assert REFUSED_NOTE in record.notes
    assert not (out / "record.json").exists()
    left = [p.name for p in out.rglob("*") if p.name.startswith((".record", ".user"))]
    assert left == [], "no half file stays"
    assert children() == []
    (small_disk / "filler").unlink()
    again = execute(plan_of(mode), small_disk / "next")
    assert again.verdict.result == "VALID"
    assert json.loads((small_disk / "next" / "record.json").read_bytes())["key"] == record.key


LIMITED = """
import resource, sys
from pathlib import Path
from runtime.errors import HarnessError
from runtime.loadgen.session import execute
from runtime.plan import RunPlan
plan = RunPlan.from_json(Path(sys.argv[1]).read_bytes())
resource.setrlimit(resource.RLIMIT_FSIZE, (8192, 8192))
try:
    execute(plan, Path(sys.argv[2]))
except HarnessError as error:
    print(type(error).__name__, error)
"""


@pytest.mark.parametrize("mode", ["performance", pytest.param("accuracy", marks=pytest.mark.slow)])
def test_a_log_that_was_cut_off_is_never_judged(tmp_path, mode):
    """A limit on the size of files does to LoadGen's logs what a full disk does; no root needed."""
    plan = tmp_path / "plan.json"
    plan.write_bytes(plan_of(mode).to_json())
    done = subprocess.run(
        [sys.executable, "-c", LIMITED, str(plan), str(tmp_path / "run")],
        capture_output=True,
        text=True,
        check=True,
        env={k: v for k, v in os.environ.items() if k != "HARNESS_RECORD_DIR"},
    )
    assert done.stdout.startswith("ArtifactError"), done.stdout + done.stderr
    record = from_json((tmp_path / "run" / "record.json").read_bytes())
    assert record.verdict.result == "PARTIAL"
    if mode == "performance":
        assert "want LoadGen's log to its end, got one that is cut off" in done.stdout
        assert record.primary.value > 100  # what was measured until then is kept


@pytest.mark.slow
def test_a_folder_that_is_removed_during_the_run(tmp_path, fallback):
    out = tmp_path / "run"

    def remove(progress):
        import shutil

        if progress.phase == "timed":
            shutil.rmtree(out, ignore_errors=True)

    with pytest.raises((ArtifactError, RunError), match=r"loadgen|child"):
        execute(plan_of(), out, remove)
    places = [*out.rglob("record.json"), *fallback.rglob("record.json")]
    assert [from_json(p.read_bytes()).verdict.result for p in places] == ["PARTIAL"]
    assert children() == []


def test_a_folder_that_becomes_a_file_during_the_run(tmp_path, fallback):
    out = tmp_path / "run"

    def replace(progress):
        if progress.phase == "timed" and out.is_dir():
            out.rename(tmp_path / "moved")
            out.write_text("somebody's file")

    with pytest.raises((ArtifactError, RunError)) as caught:
        execute(plan_of(), out, replace)
    (kept,) = fallback.rglob("record.json")
    assert str(kept) in str(caught.value)
    assert out.read_text() == "somebody's file"


def test_a_record_that_was_saved_is_not_replaced_when_its_copy_fails(
    tmp_path, fallback, monkeypatch
):
    blocked = tmp_path / "copies"
    blocked.write_text("a file")
    monkeypatch.setenv("HARNESS_RECORD_DIR", str(blocked))
    with pytest.raises(ArtifactError, match="not a folder"):
        execute(plan_of(), tmp_path / "run")
    record = from_json((tmp_path / "run" / "record.json").read_bytes())
    assert record.verdict.result == "VALID"
    (copy,) = fallback.rglob("*.json")
    assert from_json(copy.read_bytes()).metrics == record.metrics


@pytest.fixture
def open_folder():
    """Return a temporary folder that every user may enter; pytest's own are closed."""
    with tempfile.TemporaryDirectory() as name:
        os.chmod(name, 0o755)  # noqa: PTH101
        yield Path(name)


@root_only
@pytest.mark.parametrize(("owner", "mode"), [(0, 0o755), (12345, 0o700)])
def test_a_folder_of_somebody_else_names_all_that_is_needed(open_folder, owner, mode):
    place = open_folder / "theirs"
    place.mkdir()
    os.chown(place, owner, owner)
    place.chmod(mode)
    script = AS_NOBODY.format(nobody=NOBODY)
    done = subprocess.run(
        [sys.executable, "-c", script, str(place / "run")],
        capture_output=True,
        text=True,
        check=True,
    )
    text = done.stdout
    assert f"want a folder that we can write, got permission denied: {place}" in text
    assert f"uid {owner}" in text
    assert f"(uid {NOBODY})" in text or f"we are uid {NOBODY}" in text
    assert ("drwxr-xr-x" if mode == 0o755 else "drwx------") in text
    assert f"sudo chown -R {NOBODY}:{NOBODY} {place}" in text
    assert list(place.iterdir()) == []


@root_only
def test_a_read_only_disk(small_disk):
    remount = ["mount", "-o", "remount,ro", str(small_disk)]
    subprocess.run(remount, check=True)
    found = artifacts.problem_of(artifacts.probe(small_disk / "run"), "--out")
    assert "read-only file system" in str(found)
    assert "mounted read-write" in found.do


@pytest.mark.parametrize(
    ("make", "reason", "mend"),
    [
        (lambda p: (p / "link").symlink_to(p / "gone"), "broken link", "rm "),
        (lambda p: (p / "link").write_text("x"), "not a folder", "away or choose another"),
        (lambda p: (p / "link").symlink_to(p / "link"), "a loop of links", "rm "),
    ],
)
def test_places_that_are_no_folder(tmp_path, make, reason, mend):
    make(tmp_path)
    for path in (tmp_path / "link", tmp_path / "link" / "deeper"):
        place = artifacts.probe(path)
        assert (place.writable, place.reason) == (False, reason)
        assert mend in place.mend
        with pytest.raises(ArtifactError, match=reason):
            artifacts.prepare_folder(path)


@pytest.mark.parametrize("name", ["n" * 300, "/".join(["deep" * 20] * 60)])
def test_a_name_that_is_too_long_is_told_before_the_work(tmp_path, name):
    place = artifacts.probe(tmp_path / name)
    assert (place.writable, place.reason) == (False, "name too long")
    found = artifacts.problem_of(place, "--out")
    assert found.do == "choose a shorter name"
    assert list(tmp_path.iterdir()) == []


def test_rescue_tries_every_place_in_order(tmp_path, monkeypatch):
    blocked = tmp_path / "blocked"
    blocked.write_text("x")
    monkeypatch.setattr(
        artifacts, "fallback_folders", lambda: (blocked / "a", tmp_path / "b", tmp_path / "c")
    )
    place, refusal = artifacts.rescue_write(blocked / "run" / "record.json", b"1", b"2")
    assert refusal is not None
    assert place.is_relative_to(tmp_path / "b")
    assert place.read_bytes() == b"2"
    assert not (tmp_path / "c").exists()
    monkeypatch.setattr(artifacts, "fallback_folders", lambda: (blocked / "a",))
    with pytest.raises(ArtifactError, match="not a folder"):
        artifacts.rescue_write(blocked / "run" / "record.json", b"1")


def test_fallback_places_differ_and_belong_to_us():
    places = artifacts.fallback_folders()
    assert len(set(places)) == len(places)
    assert artifacts.fallback_folder() in places


def test_space_is_estimated_from_the_size_of_the_answers(tmp_path, monkeypatch):
    registry = load()
    workload = registry.workload("digits")
    out = tmp_path / "run"
    execute(plan_of("accuracy", "target_qps=5000"), out)
    real = sum(p.stat().st_size for p in out.rglob("*") if p.is_file())
    estimate = run_bytes(plan_of("accuracy"), workload)
    assert real <= estimate <= 3 * real
    log = (out / "loadgen" / "mlperf_log_accuracy.json").stat().st_size
    per_answer = ANSWER_BYTES + HEX * workload.answer_bytes
    assert log <= workload.accuracy_samples * per_answer <= 1.2 * log
    monkeypatch.setenv("HARNESS_CACHE", str(tmp_path / "cache"))
    need = model_need(plan_of(), registry.workload("resnet50"), None)
    assert need.folder == tmp_path / "cache"
    assert 90 <= need.mib <= 110
    (tmp_path / "cache").mkdir()
    (tmp_path / "cache" / "resnet50-synthetic-0.onnx").write_bytes(b"x")
    assert model_need(plan_of(), registry.workload("resnet50"), None) is None
    module = registry.modules["digits"].__file__
    assert model_need(plan_of(), workload, module) is None


def test_preflight_refuses_too_little_space_and_warns_of_little(tmp_path, monkeypatch):
    from runtime.cli import preflight

    registry = load()
    plan = plan_of("accuracy")
    free = [100_000]
    monkeypatch.setattr(places, "_free_mib", lambda _: free[0])
    monkeypatch.setattr(preflight, "run_bytes", lambda *_: 500 * 2**20)
    folders = [tmp_path / "run"]
    preflight.check_places([plan], registry, folders, None)
    assert preflight.tight_places([plan], registry, folders) == []
    free[0] = 700
    preflight.check_places([plan], registry, folders, None)
    (line,) = preflight.tight_places([plan], registry, folders)
    assert "700 MiB are free, about 500 MiB are needed" in line
    free[0] = 400
    with pytest.raises(ArtifactError, match="at least 500 MiB free, got 400 MiB"):
        preflight.check_places([plan], registry, folders, None)


def test_every_place_gets_an_offer_of_its_own(tmp_path, monkeypatch):
    from runtime.cli import preflight

    registry = load()
    for name in ("out", "copies", "cache", "rec"):
        (tmp_path / name).write_text("a file")
    monkeypatch.setenv("HARNESS_RECORD_DIR", str(tmp_path / "copies"))
    monkeypatch.setenv("HARNESS_CACHE", str(tmp_path / "cache"))
    plan = resolve(registry, target="cpu", workload="resnet50", scenario="offline", quick=True)
    with pytest.raises(ArtifactError) as caught:
        preflight.check_places(
            [plan], registry, [tmp_path / "out"], tmp_path / "rec" / "record.json"
        )
    offers = {p.where.split()[0]: p.do for p in caught.value.problems}
    assert set(offers) == {"--out", "--record", "HARNESS_RECORD_DIR", "HARNESS_CACHE"}
    for name, do in offers.items():
        assert f"for example {name}" in do
        assert str(artifacts.fallback_folder()) in do
