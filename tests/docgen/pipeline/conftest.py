"""A small tree of our own dialect: two GPUs and the CPU, with pages and a site."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[3]

TARGETS = {
    "__init__.py",
    "_gpu.py",
    "_hopper.py",
    "_mig.py",
    "cpu.py",
    "h100_sxm_80gb.py",
    "h200_sxm_141gb.py",
}

INDEX = """# Site

```{toctree}
targets/index
workloads/index
compare
troubleshooting
reference/index
health
```
"""


def copy_tree(to: Path) -> Path:
    """Copy the harness with few targets; no commands, so nothing asks to be executed."""
    ignore = shutil.ignore_patterns("__pycache__", "*.onnx")
    shutil.copytree(REPOSITORY / "runtime", to / "runtime", ignore=ignore)
    for path in (to / "runtime/targets").glob("*.py"):
        if path.name not in TARGETS:
            path.unlink()
    shutil.copytree(REPOSITORY / "templates", to / "templates")
    (to / "docs").mkdir()
    shutil.copy(REPOSITORY / "docs/conf.py", to / "docs/conf.py")
    (to / "docs/index.md").write_text(INDEX)
    text = (REPOSITORY / "pyproject.toml").read_text()
    text = re.sub(r"^api = .*$", "api = []", text, flags=re.MULTILINE)
    text = re.sub(r"\[tool\.docgen\.commands\]\n(\w+ = .*\n)+", "", text)
    (to / "pyproject.toml").write_text(text)
    return to


@pytest.fixture(scope="session")
def pristine(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tree with its pages and its site, built once."""
    from docgen.build import Options, build
    from docgen.config import load

    root = copy_tree(tmp_path_factory.mktemp("pristine") / "tree")
    build(load(root), Options(run=False))
    return root


@pytest.fixture
def tree(pristine: Path) -> Iterator[Path]:
    """The built tree, put back as it was afterwards; at another place Sphinx starts anew."""
    kept = pristine.with_name("kept")
    if not kept.exists():
        shutil.copytree(pristine, kept)
    yield pristine
    shutil.rmtree(pristine)
    shutil.copytree(kept, pristine)


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """A tree of the test's own that nothing was built from."""
    return copy_tree(tmp_path / "tree")
