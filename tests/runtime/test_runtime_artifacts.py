"""Files and folders: probes, whole writes, locks."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
import tempfile
from datetime import datetime, timezone
from pathlib import Path

import pytest

from runtime import artifacts, places
from runtime.errors import ArtifactError

HOLD = """
import sys, time
from pathlib import Path
from runtime.artifacts import claim_folder
with claim_folder(Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.read()
"""


def test_probe_of_a_folder_that_does_not_exist_creates_nothing(tmp_path):
    place = artifacts.probe(tmp_path / "a" / "b")
    assert place.writable
    assert place.existing == tmp_path
    assert place.free_mib > 0
    assert f"uid {os.getuid()}" in place.us
    assert f"uid {os.getuid()}" in place.owner
    assert place.mode.startswith("d")
    assert list(tmp_path.iterdir()) == []
    assert artifacts.problem_of(place, "--out") is None


def test_probe_below_a_file_tells_the_mend(tmp_path):
    file = tmp_path / "file"
    file.write_text("x")
    found = artifacts.problem_of(artifacts.probe(file / "results"), "--out")
    assert found is not None
    assert str(found).startswith(f"--out {file / 'results'}: want a folder that we can write")
    assert f"not a folder: {file} is -rw" in str(found)
    assert found.do == f"move {file} away or choose another folder"


def test_probe_of_a_broken_link(tmp_path):
    link = tmp_path / "link"
    link.symlink_to(tmp_path / "gone")
    place = artifacts.probe(link / "results")
    assert (place.writable, place.reason) == (False, "broken link")
    assert place.mend == f"rm {link}"


@pytest.mark.parametrize(
    ("case", "reason", "mend"),
    [
        ((errno.EACCES, 1000, 0), "permission denied", "run `sudo chown -R 1000:"),
        ((errno.EACCES, 1000, 1000), "permission denied", "run `chmod u+rwx "),
        ((errno.EACCES, 0, 0), "permission denied", "another file system"),
        ((errno.EROFS, 1000, 0), "read-only file system", "mounted read-write"),
        ((errno.ENOSPC, 1000, 0), "no space left", "free some space"),
    ],
)
def test_refusals_name_owner_mode_us_and_the_command(tmp_path, monkeypatch, case, reason, mend):
    code, uid, owner = case

    def refuse(**_):
        raise OSError(code, os.strerror(code))

    real = os.stat(tmp_path)  # noqa: PTH116
    monkeypatch.setattr(tempfile, "TemporaryFile", refuse)
    monkeypatch.setattr(os, "getuid", lambda: uid)
    monkeypatch.setattr(
        Path, "stat", lambda _, **__: os.stat_result((*real[:4], owner, *real[5:10]))
    )
    place = artifacts.probe(tmp_path)
    text = str(artifacts.problem_of(place, "--out"))
    assert place.reason == reason
    assert mend in text
    assert f"uid {owner}" in text
    assert f"uid {uid}" in text
    assert "drwx" in text


def test_little_space_is_a_problem(tmp_path, monkeypatch):
    monkeypatch.setattr(places, "_free_mib", lambda _: 5)
    found = artifacts.problem_of(artifacts.probe(tmp_path), "--out")
    assert "at least 64 MiB free, got 5 MiB" in str(found)


def test_atomic_write_makes_folders_replaces_and_leaves_no_rest(tmp_path):
    path = tmp_path / "a" / "record.json"
    artifacts.atomic_write(path, b"one")
    artifacts.atomic_write(path, b"two")
    assert path.read_bytes() == b"two"
    assert [p.name for p in path.parent.iterdir()] == ["record.json"]
    mask = os.umask(0)
    os.umask(mask)
    assert path.stat().st_mode & 0o777 == 0o666 & ~mask


def test_atomic_write_that_fails_keeps_the_old_file(tmp_path, monkeypatch):
    path = tmp_path / "record.json"
    artifacts.atomic_write(path, b"old")

    def full(_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(ArtifactError, match="no space left") as caught:
        artifacts.atomic_write(path, b"new")
    assert caught.value.exit_code == 4
    assert path.read_bytes() == b"old"
    assert [p.name for p in tmp_path.iterdir()] == ["record.json"]


def test_folder_with_files_is_refused(tmp_path):
    (tmp_path / "record.json").write_text("{}")
    with pytest.raises(ArtifactError, match=r"1 files \(record.json\); choose another folder"):
        artifacts.prepare_folder(tmp_path)


def test_two_processes_cannot_hold_one_folder(tmp_path):
    folder = tmp_path / "run"
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, str(folder)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as first:
        assert first.stdout.readline() == b"held\n"
        assert artifacts.folder_holder(folder) == f"process {first.pid}"
        with (
            pytest.raises(ArtifactError, match=f"in use by process {first.pid}; wait"),
            artifacts.claim_folder(folder),
        ):
            pass
        first.stdin.close()
        assert first.wait(10) == 0
    assert artifacts.folder_holder(folder) == ""
    with artifacts.claim_folder(folder) as held:
        assert held == folder
    assert list(folder.iterdir()) == []


def test_lock_of_a_killed_process_does_not_stay(tmp_path):
    folder = tmp_path / "run"
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, str(folder)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as first:
        first.stdout.readline()
        first.kill()
    assert (folder / artifacts.LOCK_NAME).exists()
    with artifacts.claim_folder(folder):
        pass


def test_unique_folder_counts_up(tmp_path):
    now = datetime(2026, 1, 2, 3, 4, 5, tzinfo=timezone.utc)
    first = artifacts.unique_folder(tmp_path, "cpu/digits/offline@99.9", now)
    assert first.name == "20260102-030405-cpu-digits-offline-99.9"
    first.mkdir()
    assert artifacts.unique_folder(tmp_path, "cpu/digits/offline@99.9", now).name.endswith("-2")


def test_environment_names_the_folders(monkeypatch, tmp_path):
    monkeypatch.delenv("HARNESS_CACHE", raising=False)
    monkeypatch.delenv("HARNESS_RECORD_DIR", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert artifacts.cache_folder() == tmp_path / "calliope"
    assert artifacts.record_folder() is None
    monkeypatch.setenv("HARNESS_CACHE", str(tmp_path / "c"))
    monkeypatch.setenv("HARNESS_RECORD_DIR", str(tmp_path / "r"))
    assert artifacts.cache_folder() == tmp_path / "c"
    assert artifacts.record_folder() == tmp_path / "r"
