"""Snippets as tests: node ids, JUnit, skips with a reason, stored results, no cost when off."""

from __future__ import annotations

import os
import subprocess
import sys
import xml.etree.ElementTree as ET

import pytest

PAGE = """
```{snippet} good
:expect: output contains hi
echo hi; echo ran >> ../../../count
```

```{snippet} bad
:expect: exit = 0
echo 'cannot do it' >&2; exit 3
```

```{snippet} elsewhere
:needs: sm>=90 & cores>=1
nvidia-smi
```
"""


def run_pytest(root, *arguments):
    environment = {**os.environ, "PYTHONPATH": str(root)}
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-rs", *arguments]
    done = subprocess.run(
        command, cwd=root, env=environment, capture_output=True, text=True, check=False
    )
    return done.returncode, done.stdout + done.stderr


@pytest.fixture
def root(write_project, tmp_path):
    counted = tmp_path / "count"
    write_project({"docs/page.md": PAGE.replace("../../../count", str(counted))})
    return tmp_path


def test_snippets_are_tests(root):
    code, text = run_pytest(root, "--snippets", "docs", "--junitxml=junit.xml", "-v")
    assert code == 1, text
    assert "docs/page.md::good PASSED" in text
    assert "docs/page.md::bad FAILED" in text
    assert "docs/page.md::elsewhere SKIPPED (needs 1 NVIDIA GPU with sm>=90;" in text
    assert "docs/page.md:7 snippet bad: want exit = 0, got exit 3 (cannot do it); mend" in text
    assert "Traceback" not in text
    cases = {c.get("name"): c for c in ET.parse(root / "junit.xml").iter("testcase")}
    assert set(cases) == {"good", "bad", "elsewhere"}
    assert cases["bad"].find("failure") is not None
    assert "this machine has no NVIDIA GPU" in cases["elsewhere"].find("skipped").get("message")
    assert cases["good"].find("properties") is not None

    code, text = run_pytest(root, "--snippets", "docs/page.md::good")
    assert (code, (root / "count").read_text()) == (0, "ran\n"), text
    code, text = run_pytest(root, "--snippets", "--snippets-rerun", "docs/page.md::good")
    assert (code, (root / "count").read_text()) == (0, "ran\nran\n"), text


def test_malformed_pages_are_collection_errors(root):
    (root / "docs/page.md").write_text("```{snippet} x\n:needs: vran>1\ntrue\n```\n")
    code, text = run_pytest(root, "--snippets", "docs")
    assert code == 2
    assert "docs/page.md:2: want" in text
    assert "did you mean 'vram'?" in text


def test_off_by_default(root):
    probe = (
        "import sys, docgen.pytest_plugin; print(sorted(m for m in sys.modules if 'docgen' in m))"
    )
    done = subprocess.run([sys.executable, "-c", probe], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "['docgen', 'docgen.pytest_plugin']"
    code, text = run_pytest(root, "docs")
    assert code == 5, text
