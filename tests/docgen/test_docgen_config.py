"""The configuration: what is read, what is reported, what can be overridden."""

from __future__ import annotations

from pathlib import Path

import pytest

from docgen import config
from docgen.errors import UsageError

ROOT = Path(__file__).parents[2]


def make(tmp_path: Path, text: str, *folders: str) -> Path:
    for folder in folders:
        (tmp_path / folder).mkdir(parents=True)
    (tmp_path / "pyproject.toml").write_text(text, encoding="utf-8")
    return tmp_path


def test_defaults(tmp_path):
    root = make(tmp_path, '[tool.docgen]\npackages = ["rig"]\n', "rig", "templates")
    found = config.load(root)
    assert found.packages == ("rig",)
    assert found.api == ()
    assert found.docs == tmp_path / "docs"
    assert found.templates == tmp_path / "templates"
    assert found.store == tmp_path / ".evidence"
    assert found.site == tmp_path / "build/site"
    assert found.cache.is_relative_to(tmp_path)
    assert found.commands == config.Commands()
    assert found.repository_url == ""


def test_every_key_is_read(tmp_path):
    text = """
[tool.docgen]
packages = ["rig"]
api = ["rig", "tool"]
docs = "d"
templates = "t"
store = "e"
site = "s"
cache = "c"
record_dir_env = "DIR"
repository_url = "https://example.org/{path}#L{line}"
dialect = "ours"
since = "@v1"
[tool.docgen.commands]
run = "go {target} {workload} {scenario}"
accuracy = "judge {target} {workload}"
resolve = "plan {target}"
"""
    found = config.load(make(tmp_path, text, "rig", "tool", "d", "t"))
    assert found.api == ("rig", "tool")
    for name in ("docs", "templates", "store", "site", "cache"):
        assert getattr(found, name) == tmp_path / {"store": "e"}.get(name, name[0])
    assert found.record_dir_env == "DIR"
    assert found.dialect == "ours"
    assert found.since == "@v1"
    assert found.commands.resolve == "plan {target}"
    assert set(config.fields()) == {"root", *config._KEYS}


def test_keywords_take_precedence_and_none_does_not(tmp_path):
    root = make(tmp_path, '[tool.docgen]\npackages = ["rig"]\nstore = "e"\n', "rig", "other")
    found = config.load(root, packages=("other",), store=None, site=tmp_path / "elsewhere")
    assert found.packages == ("other",)
    assert found.store == tmp_path / "e"
    assert found.site == tmp_path / "elsewhere"


def test_all_problems_at_once(tmp_path):
    text = """
[tool.docgen]
package = ["rig"]
packages = ["rgi", "rig"]
docs = "missing"
site = 3
dialect = 4
[tool.docgen.commands]
run = "go {taget}"
runn = "x"
accuracy = "go {"
"""
    root = make(tmp_path, text, "rig")
    (root / "rig/__init__.py").touch()
    with pytest.raises(UsageError) as caught:
        config.load(root)
    text = str(caught.value)
    assert len(caught.value.problems) == 8
    assert "package: want a known key, got an unknown one; did you mean 'packages'" in text
    assert "no folder 'rgi'; did you mean 'rig'?" in text
    assert "docs: want an existing folder" in text
    assert "site: want a path, got 3" in text
    assert "dialect: want a string, got 4" in text
    assert "commands.run: want placeholders of {scenario}, {target}, {workload}" in text
    assert (
        "commands.runn: want a known key, got an unknown one; did you mean 'commands.run'" in text
    )
    assert "commands.accuracy: want a command" in text


def test_no_packages_no_table_no_folder(tmp_path):
    with pytest.raises(UsageError, match="packages: want the packages to read, got nothing"):
        config.load(tmp_path)
    with pytest.raises(UsageError, match="want the folder of a source tree"):
        config.load(tmp_path / "absent")
    (tmp_path / "pyproject.toml").write_text("[tool.docgen\n", encoding="utf-8")
    with pytest.raises(UsageError, match="want a readable TOML file"):
        config.load(tmp_path)
    (tmp_path / "pyproject.toml").write_text("[tool]\ndocgen = 1\n", encoding="utf-8")
    with pytest.raises(UsageError, match="want a table, got 1"):
        config.load(tmp_path)


def test_root_is_found_upwards(tmp_path, monkeypatch):
    root = make(tmp_path, '[tool.docgen]\npackages = ["rig"]\n', "rig/deep/er")
    monkeypatch.delenv(config.ROOT_VARIABLE, raising=False)
    monkeypatch.chdir(root / "rig/deep/er")
    assert config.load().root == root


def test_templates_of_the_installation_are_the_fallback(tmp_path):
    root = make(tmp_path, '[tool.docgen]\npackages = ["rig"]\n', "rig")
    assert config.load(root).templates == config.bundled_templates()


def test_our_own_table_is_right():
    found = config.load(ROOT)
    assert found.packages == ("runtime",)
    assert "docgen" in found.api
    assert all((found.commands.run, found.commands.accuracy, found.commands.resolve))
