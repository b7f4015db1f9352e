"""Trees that are broken or hostile: nothing runs, what is wrong is named, the rest is complete."""

from __future__ import annotations

import shutil
import sys
import time
from pathlib import Path

import pytest

from docgen import digests
from docgen.catalog import to_json
from docgen.dialects import registry
from docgen.evaluation.interpreter import MAX_STEPS

MILL = Path(__file__).parent / "fixtures_registry" / "mill"
HEAD = """
from configs.configuration import *

class Base(BenchmarkConfiguration):
    benchmark = Benchmark.RYE
    scenario = Scenario.Server
    gpu_batch_size = {"rye": 1}

"""
REGISTER = "@ConfigRegistry.register(HarnessType.Custom, AccuracyTarget.k_99, PowerSetting.MaxP)\n"
GOOD = REGISTER + "class Good(Base):\n    system = KnownSystem.G9_80GBx1\n"
BAD = REGISTER + "class Bad(Base):\n    system = KnownSystem.G9_80GBx8\n"
KEY = "RYE/Server/{}/Custom/k_99/MaxP"


@pytest.fixture(name="tree")
def _tree(tmp_path):
    root = tmp_path / "mill"
    shutil.copytree(MILL, root, ignore=shutil.ignore_patterns("__pycache__"))
    return root


@pytest.fixture(name="sound", scope="module")
def _sound():
    """The lines of the tree as it is."""
    return set(digests.lines(registry.read(MILL)))


def _add(root: Path, text: str | bytes, name: str = "__init__.py") -> Path:
    file = root / "configs" / "rye" / "Server" / name
    file.parent.mkdir(parents=True, exist_ok=True)
    if isinstance(text, str):
        file.write_text(text)
    else:
        file.write_bytes(text)
    return file


def _notes(catalog, path="configs/rye/Server/__init__.py"):
    return [
        (d.code, d.source.line, d.message) for d in catalog.diagnostics if d.source.path == path
    ]


def _entries(catalog):
    return {e.key: e for e in catalog.entries if e.source.path.startswith("configs/rye/Server")}


HOSTILE = """
import os, pathlib, sys
pathlib.Path({mark!r}).write_text("ran")
open({mark!r}, "w").write("ran")
os.system("touch {mark}")
raise SystemExit("ran")
sys.exit(3)
"""


def test_nothing_of_the_tree_runs(tree, tmp_path):
    mark = tmp_path / "ran"
    for file in tree.rglob("*.py"):
        file.write_text(
            HOSTILE.format(mark=str(mark)) + file.read_text().partition("annotations\n")[2]
        )
    loaded = set(sys.modules)
    catalog = registry.read(tree)
    assert not mark.exists()
    assert not {n for n in set(sys.modules) - loaded if n.partition(".")[0] in ("configs", "code")}
    assert to_json(catalog)


def test_a_hostile_statement_does_not_hide_the_configurations(tree, sound, tmp_path):
    mark = tmp_path / "ran"
    for file in tree.rglob("*.py"):
        text = file.read_text()
        start = text.index("from ") if "from " in text else 0
        file.write_text(text[:start] + HOSTILE.format(mark=str(mark)) + text[start:])
    assert set(digests.lines(registry.read(tree))) == sound
    assert not mark.exists()


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("class (:\n", "syntax-error"),
        (b"\xff\xfe\x00bad", "syntax-error"),
        (b"# coding: utf-8\nx = '\xe9'\n", "syntax-error"),
        (b"# coding: nonsense\nx = 1\n", "syntax-error"),
        (b"x = 1\n" * 2_000_000, "too-large"),
        ("x = " + "[" * 250 + "]" * 250, "syntax-error"),
        ("\n".join(" " * n + "if True:" for n in range(150)), "syntax-error"),
    ],
    ids=["syntax", "utf-16", "latin", "codec", "12-mb", "brackets", "indents"],
)
def test_a_file_that_is_not_python_is_named_and_the_rest_is_complete(tree, sound, text, code):
    _add(tree, text)
    catalog = registry.read(tree)
    assert [note[0] for note in _notes(catalog)] == [code]
    assert set(digests.lines(catalog)) == sound


def test_a_link_out_of_the_tree_is_not_followed(tree, sound, tmp_path):
    outside = tmp_path / "outside.py"
    outside.write_text(HEAD + GOOD)
    (tree / "configs/rye/Server").mkdir()
    (tree / "configs/rye/Server/__init__.py").symlink_to(outside)
    catalog = registry.read(tree)
    assert [note[0] for note in _notes(catalog)] == ["outside"]
    assert set(digests.lines(catalog)) == sound


def test_a_link_to_itself_and_odd_names_are_survived(tree, sound):
    (tree / "configs/loop").symlink_to(tree / "configs")
    (tree / "configs/rye/Ser ver <b>&{{x}}").mkdir()
    (tree / "configs/rye/Ser ver <b>&{{x}}/__init__.py").write_text(HEAD + GOOD)
    (tree / "configs/flour-99.9/Offline").mkdir(parents=True)
    (tree / "configs/flour-99.9/Offline/__init__.py").write_text(HEAD + GOOD)
    catalog = registry.read(tree)
    assert sound < set(digests.lines(catalog))
    assert "odd-name" in {d.code for d in catalog.diagnostics}


@pytest.mark.parametrize(
    "text",
    [
        "    ratio = " + "(" * 90 + "1" + ")" * 90,
        "    ratio = " + " + ".join(["1"] * 200),
        "    options = " + "{'a': " * 90 + "1" + "}" * 90,
        "    ratio = " + "-" * 190 + "1",
    ],
    ids=["parentheses", "sum", "dicts", "signs"],
)
def test_deep_nesting_is_read(tree, text):
    _add(tree, HEAD + GOOD + text + "\n")
    catalog = registry.read(tree)
    entry = _entries(catalog)[KEY.format("G9_80GBx1")]
    scope: dict[str, object] = {}
    exec(text.strip(), scope)  # the fixture's own arithmetic
    name = "options" if "options" in scope else "ratio"
    assert entry.values[name].resolved == scope[name]


@pytest.mark.parametrize(
    "text",
    [
        REGISTER + "class Loop(Loop):\n    system = KnownSystem.G9_80GBx8\n",
        REGISTER + "class Loop(Missing):\n    system = KnownSystem.G9_80GBx8\n",
        REGISTER + "class Loop(make()):\n    system = KnownSystem.G9_80GBx8\n",
        "from configs.nowhere import Gone\n" + REGISTER + "class Loop(Gone):\n    ratio = 1\n",
        REGISTER + "class Loop(1):\n    ratio = 1\n",
    ],
    ids=["itself", "unknown", "call", "missing-file", "number"],
)
def test_a_class_without_known_bases_is_named_and_the_rest_is_complete(tree, sound, text):
    _add(tree, HEAD + text + "\n\n" + GOOD)
    catalog = registry.read(tree)
    assert set(_entries(catalog)) == {KEY.format("G9_80GBx1")}
    assert "unresolved" in {note[0] for note in _notes(catalog)}
    assert sound < set(digests.lines(catalog))


@pytest.mark.parametrize(
    "expression",
    [
        "len(open('x').read())",
        "__import__('os').getpid()",
        "[x for x in range(10**9)]",
        "'x' * 10**9",
        "1 << 10**9",
        "9 ** 9 ** 9",
        "eval('1')",
        "os.environ['NOT_SET']",
        "'{0.__class__}'.format(1)",
    ],
)
def test_a_value_that_cannot_be_known_is_left_out_and_named(tree, expression):
    _add(tree, f"import os\n{HEAD}{BAD}    ratio = {expression}\n\n{GOOD}")
    catalog = registry.read(tree)
    entries = _entries(catalog)
    bad = entries[KEY.format("G9_80GBx8")]
    assert bad.digest == ""
    assert "ratio" not in bad.values
    assert bad.values["gpu_batch_size"].resolved == {"rye": 1}
    assert entries[KEY.format("G9_80GBx1")].digest
    assert ("unresolved", 13) in {(code, line) for code, line, _ in _notes(catalog)}
    assert f"{bad.key}\t-\tunresolved" in set(digests.lines(catalog))


@pytest.mark.parametrize(
    ("line", "got"),
    [
        ("    ratio = KnownSystem.Missing", "KnownSystem.Missing"),
        ("    ratio = Nothing.anywhere", "'Nothing'"),
        ("    ratio = (lambda: undefined)()", "'undefined'"),
        ("    ratio: Missing[str, int] = 3", "'Missing'"),
    ],
    ids=["attribute", "name", "lambda", "annotation"],
)
def test_what_stands_after_the_place_where_python_stops_is_rejected(tree, sound, line, got):
    _add(tree, f"{HEAD}{GOOD}\n\n{BAD}{line}\n\n{GOOD.replace('x1', 'x4')}")
    catalog = registry.read(tree)
    entries = _entries(catalog)
    before, bad, after = (entries[KEY.format(f"G9_80GBx{n}")] for n in (1, 8, 4))
    assert not before.rejected
    assert got in bad.stopped
    assert after.stopped == bad.stopped
    assert after.rejected.startswith("it is never registered: configs/")
    assert f"{after.key}\t{after.digest}\trejected" in set(digests.lines(catalog))
    assert sound < set(digests.lines(catalog))
    (message,) = (text for code, _, text in _notes(catalog) if code == "stops")
    assert "2 configurations" in message


def test_a_deferred_annotation_stops_nothing(tree):
    body = f"{BAD}    ratio: Missing[str, int] = 3\n\n{GOOD}"
    _add(tree, f"from __future__ import annotations\n{HEAD}{body}")
    assert not any(entry.stopped for entry in registry.read(tree).entries)


def test_a_registration_under_an_unknown_name_is_rejected(tree):
    names = (
        "AccuracyTarget, Benchmark, BenchmarkConfiguration, HarnessType, KnownSystem, "
        "PowerSetting, Scenario"
    )
    _add(tree, HEAD.replace("import *", f"import {names}") + GOOD)
    (entry,) = _entries(registry.read(tree)).values()
    assert "'ConfigRegistry', which nothing defines" in entry.rejected


def test_a_package_that_fails_takes_all_that_imports_from_it(tree):
    text = 'from importlib import import_module\nPart = import_module("code.absent.parts").Part\n'
    (tree / "code" / "__init__.py").write_text(text)
    catalog = registry.read(tree)
    assert catalog.entries
    assert all("code/__init__.py:2 fails" in entry.stopped for entry in catalog.entries)
    assert {line.rpartition("\t")[2] for line in digests.lines(catalog)} == {"rejected"}


def test_a_package_that_is_loading_does_not_fail_its_own_modules(tree, sound):
    (tree / "code" / "grain" / "__init__.py").write_text(
        "from code.grain import constants\nfrom code.absent import part\n"
    )
    assert sound == set(digests.lines(registry.read(tree)))


@pytest.mark.parametrize("missing", ["fields.py", "constants.py", "systems"])
def test_missing_parts_are_named(tree, missing):
    path = tree / "code" / "common" / missing
    shutil.rmtree(path) if path.is_dir() else path.unlink()
    catalog = registry.read(tree)
    assert catalog.diagnostics
    for entry in catalog.entries:
        assert missing == "fields.py"
        assert entry.values


def test_without_declared_fields_no_field_is_refused(tree, sound):
    (tree / "code/common/fields.py").unlink()
    found = {line.partition("\t")[0] for line in digests.lines(registry.read(tree))}
    assert found == {line.partition("\t")[0] for line in sound}


def test_a_missing_registry_leaves_diagnostics(tree):
    (tree / "configs/configuration.py").unlink()
    catalog = registry.read(tree)
    assert catalog.entries == ()
    assert {d.source.path for d in catalog.diagnostics} >= {"configs/flour/__init__.py"}


def test_a_program_without_end_is_given_up(tree):
    loop = "def spin():\n    n = 0\n    for a in range(100000):\n        for b in range(100000):\n            n += 1\n    return n\n"
    _add(tree, HEAD + loop + BAD + "    ratio = spin()\n\n" + GOOD)
    start = time.monotonic()
    catalog = registry.read(tree)
    assert time.monotonic() - start < 60
    assert "ratio" not in _entries(catalog)[KEY.format("G9_80GBx8")].values
    assert any(f"{MAX_STEPS:,} steps" in d.message for d in catalog.diagnostics)


@pytest.mark.parametrize("pattern", ["(a+)+$", "(a|aa)*b", "a*" * 20 + "b", r"(a)\\1"])
def test_expressions_that_may_take_long_are_not_tried(tree, pattern):
    text = f"import re\n{HEAD}SLOW = re.compile({pattern!r})\n"
    text += f"{BAD}    ratio = 1 if SLOW.match('{'a' * 60}') else 2\n"
    _add(tree, text)
    assert "ratio" not in _entries(registry.read(tree))[KEY.format("G9_80GBx8")].values
