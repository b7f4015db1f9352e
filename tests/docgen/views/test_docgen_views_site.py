"""The generated pages build as a site without one warning, and their anchors are stable."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from docgen import render

CONF = """
project = "Project"
extensions = ["myst_parser", "sphinx_design", "docgen.sphinx"]
exclude_patterns = ["_extra"]
html_extra_path = ["_extra"]
html_theme = "basic"
smartquotes = False
myst_enable_extensions = ["attrs_inline", "colon_fence", "deflist", "dollarmath", "fieldlist"]
myst_heading_anchors = 3
docgen_root = ".."
"""

INDEX = """# Project

```{toctree}
targets/index
workloads/index
compare
reference/index
troubleshooting
health
```
"""


def lay_source(root: Path, files) -> None:
    """Write every source file that a page links to, as long as its last linked line."""
    last: dict[str, int] = {}
    for text in files.values():
        for path, line in re.findall(r"\{bench:src\}`(?:[^`<]*<)?([^`:>]+):(\d+)>?`", text):
            last[path] = max(last.get(path, 0), int(line))
    for path, line in last.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text("# line\n" * line, encoding="utf-8")


@pytest.mark.site
def test_the_pages_build_without_a_warning(catalog, evidence, config, files, tmp_path):
    render.write(catalog, evidence, config)
    lay_source(tmp_path, files)
    (config.docs / "conf.py").write_text(CONF, encoding="utf-8")
    (config.docs / "index.md").write_text(INDEX, encoding="utf-8")
    site = tmp_path / "site"
    command = [sys.executable, "-m", "sphinx", "-q", "-n", "-W", "--keep-going", "-b", "html"]
    done = subprocess.run(
        [*command, str(config.docs), str(site)], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
    page = (site / "targets/h200-sxm-141gb/resnet50.html").read_text(encoding="utf-8")
    assert 'id="h200-sxm-141gb-resnet50-offline-batch-size"' in page
    assert 'id="offline-batch_size"' in page
    assert 'id="bench-config-h200-sxm-141gb-resnet50-offline"' in page
    assert page.count("<details") == page.count("</details>") > 3
    guide = (site / "targets/cpu/index.html").read_text(encoding="utf-8")
    assert "<svg" in guide
    for address in re.findall(r'href="(\.\./[^"#]+\.json)"', guide):
        assert (site / "targets/cpu" / address).resolve().is_file(), address
    inventory = (site / "objects.inv").read_bytes()
    assert inventory.startswith(b"# Sphinx inventory version 2")
    assert (site / "llms.txt").is_file()
