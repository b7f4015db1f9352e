"""No work at import: every module imports with the heavy libraries blocked."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

SCRIPT = """
import importlib, os, pkgutil, sys

HEAVY = {heavy!r}


class Blocked:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in HEAVY:
            raise ImportError(f"{{name}} is blocked")


sys.meta_path.insert(0, Blocked())
before = dict(os.environ), os.getcwd(), sorted(os.listdir("."))
package = importlib.import_module({package!r})
skip = {skip!r}
count = 0
for info in pkgutil.walk_packages(package.__path__, package.__name__ + "."):
    if info.name.startswith(skip) or info.name.endswith("__main__"):
        continue
    importlib.import_module(info.name)
    count += 1
after = dict(os.environ), os.getcwd(), sorted(os.listdir("."))
assert before == after, "an import changed the environment, the folder or its files"
assert count > 10, count
print(count)
"""

HEAVY = {
    "runtime": ("tensorrt", "pycuda", "onnxruntime", "onnx", "mlperf_loadgen", "sklearn", "ray",
                "tritonclient", "pynvml", "PIL", "matplotlib", "torch", "docgen", "sphinx"),
    "docgen": ("runtime", "sphinx", "docutils", "matplotlib", "pynvml", "onnxruntime",
               "mlperf_loadgen", "numpy", "watchfiles", "pytest"),
}  # fmt: skip


@pytest.mark.parametrize("package", ["runtime", "docgen"])
def test_every_module_imports_without_heavy_libraries(package: str, tmp_path: Path) -> None:
    """docgen.sphinx, the pytest plugin and the reader of RST are what may import their hosts."""
    hosted = ("docgen.sphinx", "docgen.pytest_plugin", "docgen.prose.restructured")
    skip = hosted if package == "docgen" else ("-",)
    code = SCRIPT.format(package=package, heavy=HEAVY[package], skip=skip)
    done = subprocess.run(
        [sys.executable, "-X", "utf8", "-c", code],
        cwd=tmp_path,
        env={"PYTHONPATH": str(ROOT), "PATH": "/usr/bin:/bin", "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
