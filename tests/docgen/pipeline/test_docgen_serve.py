"""The preview rebuilds for edits, never for its own outputs."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import threading
import time
import urllib.request
from pathlib import Path

import pytest

from docgen.build import Options, build
from docgen.config import load
from docgen.errors import OutputError
from docgen.serve import HOST, Inputs, follow, open_server, watch_folders

pytestmark = pytest.mark.site


def test_a_build_changes_no_input(tree: Path) -> None:
    inputs = Inputs(load(tree))
    file = tree / "runtime/targets/cpu.py"
    text = file.read_text()
    file.write_text(text.replace("batch_size=128", "batch_size=64"))
    assert inputs.changed() == [file]
    build(load(tree), Options(run=False, jobs=1))
    assert inputs.changed() == []


def test_what_counts_as_an_input(tree: Path) -> None:
    config = load(tree)
    inputs = Inputs(config)
    index = config.docs / "index.md"
    for path in (index, tree / "runtime/targets/cpu.py", tree / "templates/target.md.j2"):
        assert inputs.is_input(path), path
    for path in (
        config.docs / "compare.md",
        config.docs / ".docgen-manifest.json",
        config.site / "index.html",
        config.store / "x.json",
        config.cache / "catalog.msgpack",
        tree / "runtime/__pycache__/x.pyc",
        config.docs / ".#index.md",
        config.docs / ".index.md.swp",
    ):
        assert not inputs.is_input(path), path

    os.utime(index)
    assert inputs.changed() == []
    index.write_text(index.read_text() + "\nMore.\n")
    assert inputs.changed() == [index]
    assert inputs.changed() == []
    (config.docs / "new.md").write_text("# New\n")
    index.unlink()
    assert inputs.changed() == [index, config.docs / "new.md"]


def test_only_real_changes_are_followed(tree: Path) -> None:
    inputs = Inputs(load(tree))
    index = tree / "docs/index.md"
    seen: list[list[Path]] = []

    def events():
        yield "touched"
        index.write_text("# Other\n")
        yield "edited"
        yield "touched again"

    follow(inputs, events(), seen.append)
    assert seen == [[index]]


def wait_until(condition, seconds: float = 15) -> None:
    deadline = time.monotonic() + seconds
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.05)


def test_edits_are_noticed_once_and_outputs_are_not(tree: Path) -> None:
    config = load(tree)
    inputs = Inputs(config)
    stop = threading.Event()
    seen: list[list[Path]] = []
    thread = threading.Thread(
        target=lambda: follow(inputs, watch_folders(inputs, stop), seen.append), daemon=True
    )
    early = config.docs / "early.md"
    early.write_text("# Written before anything is watched\n")
    thread.start()
    wait_until(lambda: seen)
    assert seen.pop() == [early]
    (config.docs / "compare.md").write_text("an output\n")
    time.sleep(0.7)
    assert seen == []
    index = config.docs / "index.md"
    for number in range(3):
        index.write_text(f"# Edit {number}\n")
        time.sleep(0.05)
    wait_until(lambda: seen)
    time.sleep(0.7)
    stop.set()
    thread.join(10)
    assert not thread.is_alive()
    assert seen == [[index]]


def test_only_this_machine_is_served(pristine: Path) -> None:
    server = open_server(load(pristine).site, 0)
    try:
        assert server.server_address[0] == HOST == "127.0.0.1"
        threading.Thread(target=server.serve_forever, daemon=True).start()
        with urllib.request.urlopen(f"http://{HOST}:{server.server_port}/", timeout=10) as reply:
            assert reply.headers["Cache-Control"] == "no-store"
            assert b"Site" in reply.read()
        with pytest.raises(OutputError, match=rf"--port {server.server_port}: want a free port"):
            open_server(load(pristine).site, server.server_port)
    finally:
        server.shutdown()
        server.server_close()


@pytest.mark.slow
def test_command_follows_an_edit_and_ends_at_ctrl_c(tree: Path) -> None:
    command = [sys.executable, "-u", "-m", "docgen", "serve", "--port", "0", "--root", str(tree)]
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, cwd=tree
    )
    assert process.stdout is not None
    lines: list[str] = []
    threading.Thread(
        target=lambda: lines.extend(iter(process.stdout.readline, "")), daemon=True
    ).start()

    def wait_for(pattern: str, count: int = 1) -> re.Match[str]:
        deadline = time.monotonic() + 90
        while time.monotonic() < deadline:
            found = [m for m in (re.search(pattern, line) for line in lines) if m]
            if len(found) >= count:
                return found[-1]
            time.sleep(0.1)
        raise AssertionError(lines)

    try:
        url = wait_for(r"serving (http://127\.0\.0\.1:\d+/)")[1]
        (tree / "docs/index.md").write_text((tree / "docs/index.md").read_text() + "\nEdited.\n")
        wait_for(r"^built")
        with urllib.request.urlopen(url, timeout=10) as reply:
            assert b"Edited." in reply.read()
        time.sleep(2)
        assert len([line for line in lines if line.startswith("changed")]) == 1
    finally:
        process.send_signal(signal.SIGINT)
        code = process.wait(30)
        wait_for("stopped")
        process.stdout.close()
    assert code == 0
