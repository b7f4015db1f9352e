"""A small project with one snippet whose parts run in threads, children and forks."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from docgen.catalog import Snippet, Source
from docgen.config import Config, load
from docgen.snippets.run import run
from docgen.snippets.store import Store

FILES = {
    "pyproject.toml": """
[project]
name = "tiny"
dependencies = ["msgspec", "rich"]

[tool.docgen]
packages = ["tiny"]
docs = "docs"
templates = "docs"
record_dir_env = "TINY_RECORDS"
""",
    "docs/index.md": "# Tiny\n",
    "tiny/__init__.py": "",
    "tiny/data.txt": "41",
    "tiny/parts/one.txt": "1",
    "tiny/core.py": '''
"""Does little."""

LIMIT = 7
"""Greatest answer."""

FLAG = lambda: 3


def used(x):
    """Return one more."""
    return x + 1  # plain


def unused():
    return 0


class Lane:
    """A lane."""

    width: int = 3
    """How wide it is."""

    def run(self):
        def inner():
            return 5

        return inner()

    def rest(self):
        return None


def in_thread():
    return 11


def in_native_thread():
    return 12


def in_child():
    return 13


def in_fork():
    return 14


def after_closing():
    return 15


def before_kill():
    return 16
''',
    "tiny/child.py": """
from tiny.core import in_child

print("child", in_child())
""",
    "tiny/killed.py": """
import os
import signal
from tiny.core import before_kill

before_kill()
os.kill(os.getpid(), signal.SIGKILL)
""",
    "tiny/app.py": '''
"""Runs everything."""

import _thread
import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import msgspec

from tiny import core

HERE = Path(__file__).parent


def main():
    print("used", core.used(int((HERE / "data.txt").read_text())), core.Lane().run())
    thread = threading.Thread(target=core.in_thread)
    thread.start()
    thread.join()
    done = []
    _thread.start_new_thread(lambda: done.append(core.in_native_thread()), ())
    while not done:
        time.sleep(0.001)
    subprocess.run([sys.executable, "-m", "tiny.child"], check=True)
    subprocess.run([sys.executable, "-m", "tiny.killed"])
    child = os.fork()
    if child == 0:
        core.in_fork()
        os._exit(0)
    os.waitpid(child, 0)
    print(sorted(os.listdir(HERE / "parts")))
    (HERE / "written.txt").write_text("new")
    os.closerange(3, 100)
    core.after_closing()


if __name__ == "__main__":
    main()
''',
}


def make_project(root: Path, files: dict[str, str]) -> Config:
    """Write the files of a project and return its configuration."""
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
    return load(root)


def make_snippet(text: str, **named: object) -> Snippet:
    """Return a console snippet."""
    source = Source(path="docs/index.md", line=3)
    named = {"id": "one", "language": "console", "timeout_s": 30.0, "source": source, **named}
    return Snippet(text=text, **named)


@pytest.fixture
def snippet():
    """Give the maker of snippets."""
    return make_snippet


@pytest.fixture
def project(tmp_path, monkeypatch):
    """Give the configuration of a fresh small project."""
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    return make_project(tmp_path, FILES)


@pytest.fixture
def write_project(tmp_path):
    """Give a function that adds files to the project and returns its configuration."""
    return lambda files: make_project(tmp_path, {**FILES, **files})


APP = make_snippet("python -m tiny.app", expect=("output contains child 13",))


@pytest.fixture(scope="session")
def executed(tmp_path_factory):
    """Execute the snippet of the small project once; give its folder with the store."""
    root = tmp_path_factory.mktemp("executed")
    config = make_project(root, FILES)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", str(root))
        run([APP], config)
    return root


@pytest.fixture
def copied(executed, tmp_path):
    """Give configuration, snippet and store of a copy of the executed project."""
    root = tmp_path / "copy"
    shutil.copytree(executed, root)
    config = load(root)
    return config, APP, lambda: Store(config.store)
