"""Sites of foreign trees built again: after a kill, without a change, after an edit of a base."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

pytest.importorskip("sphinx")
pytestmark = pytest.mark.site

HERE = Path(__file__).parent
MILL = HERE / "fixtures_registry" / "mill"
RACK = HERE / "fixtures_exports" / "rack"


def _start(root, site, cache):
    command = [sys.executable, "-m", "docgen", "build", "--source", str(root)]
    return subprocess.Popen(
        [*command, "--output", str(site), "--jobs", "2", "--json"],
        env={**os.environ, "DOCGEN_CACHE": str(cache)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )


def _build(root, site, cache):
    done = _start(root, site, cache)
    out, err = done.communicate()
    assert done.returncode == 0, err.decode()
    return json.loads(out)


def _pages(site):
    """Return every file of a site but what Sphinx alone keeps for itself."""
    own = {".buildinfo", ".buildinfo.bak"}
    return {
        p.relative_to(site).as_posix(): p.read_bytes()
        for p in site.rglob("*")
        if p.is_file() and p.name not in own
    }


@pytest.mark.slow
def test_a_build_that_was_killed_is_finished_by_the_next_one(tmp_path):
    root = Path(shutil.copytree(RACK, tmp_path / "rack"))
    site, cache = tmp_path / "site", tmp_path / "cache"
    kept = {
        "pages": lambda: any(cache.glob("*/*/pages/targets/*/*.md")),
        "doctrees": lambda: any(cache.glob("*/*/.doctrees/*.doctree")),
        "html": lambda: any(site.rglob("*.html")),
    }
    for stage, reached in kept.items():
        running = _start(root, site, cache)
        deadline = time.monotonic() + 240
        while not reached() and running.poll() is None and time.monotonic() < deadline:
            time.sleep(0.01)
        assert running.poll() is None, f"the build ended before {stage}"
        os.killpg(running.pid, signal.SIGKILL)
        running.communicate()
        assert running.returncode == -signal.SIGKILL
    _build(root, site, cache)
    fresh = tmp_path / "fresh"
    _build(root, fresh, tmp_path / "other")
    assert _pages(site) == _pages(fresh)


def test_edits_of_a_base_rewrite_the_guides_that_inherit_and_no_change_reads_nothing(tmp_path):
    root = Path(shutil.copytree(MILL, tmp_path / "mill"))
    site, cache = tmp_path / "site", tmp_path / "cache"
    first = _build(root, site, cache)
    before = _pages(site)
    times = {p: p.stat().st_mtime_ns for p in site.rglob("*")}
    again = _build(root, site, cache)
    assert (again["pages_read"], again["pages_written"]) == (0, 0)
    assert again["generated"] == {
        **first["generated"],
        "written": 0,
        "unchanged": len(_texts(cache)),
    }
    assert {p: p.stat().st_mtime_ns for p in site.rglob("*")} == times

    base = root / "configs" / "flour" / "Offline" / "__init__.py"
    text = base.read_text()
    base.write_text(text.replace("1 << 30", "1 << 29"))
    edited = _build(root, site, cache)
    after = _pages(site)
    changed = {n for n in after if after[n] != before.get(n) and n.startswith("targets/")}
    guides = {n for n in changed if n.count("/") > 1}
    catalog = json.loads(next(cache.glob("*/*/pages/_extra/catalog.json")).read_text())
    name = "configs.flour.Offline.OfflineGPUBaseConfig"
    heirs = {e["target"] for e in catalog["entries"] if name in e.get("bases", ())}
    assert {n.split("/")[1] for n in guides} == heirs
    assert 0 < edited["pages_read"] < first["pages_read"] / 2

    base.write_text(text)  # back again: two rebuilds must give what one build from nothing gave
    (site / "index.html").unlink()
    back = _build(root, site, cache)
    assert 0 < back["pages_read"] < first["pages_read"] / 2
    assert _pages(site) == before


def _texts(cache):
    """Return the generated files that the manifest lists."""
    return json.loads(next(cache.glob("*/*/pages/.docgen-manifest.json")).read_text())["files"]
