"""Lies of every kind are found, true statements of the same kinds are not flagged."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from docgen.extract import extract
from docgen.prose import markdown, restructured
from docgen.prose.check import check, facts_of, judge
from docgen.prose.facts import Facts
from docgen.prose.rules import RULES
from docgen.trees import load_source

# code, lie, true statement, nearest right name of the lie; FENCE marks a block of commands
STATEMENTS = {
    "make-target": ("FENCE make sweeep", "FENCE make bag_oats", "sweep"),
    "make-variable": (
        'FENCE make run RUN_ARG="--test_mode=Accuracy"',
        'FENCE make fetch_grain GRAINS="rye"',
        "RUN_ARGS",
    ),
    "flag": (
        'FENCE make run RUN_ARGS="--time_out_s=4"',
        'FENCE make run RUN_ARGS="--timeout_s=4"',
        "--timeout_s",
    ),
    "flag-value": (
        "FENCE python3 scripts/weigh.py --scale=finer",
        "FENCE python3 scripts/weigh.py --scale=coarse",
        "fine",
    ),
    "program": (
        "FENCE python3 scripts/weigh_all.py",
        "FENCE python3 scripts/weigh.py --repeat 2",
        "scripts/weigh.py",
    ),
    "path": (
        "Sacks are sorted by `scripts/sort_sacks.py`.",
        "Sacks are sorted by `scripts/tools/sort_sacks.py`.",
        "scripts/tools/sort_sacks.py",
    ),
    "link": (
        "Read LINK(the guide, docs/tunning.md).",
        "Read LINK(the guide, docs/tuning.md).",
        "",
    ),
    "anchor": (
        "Read LINK(stones, docs/tuning.md#choosing-stones).",
        "Read LINK(stones, docs/tuning.md#choosing-a-stone).",
        "#choosing-a-stone",
    ),
    "name": (
        "Use `HarnessType.Tritn` for it.",
        "Use `HarnessType.Triton` for it.",
        "HarnessType.Triton",
    ),
    "environment": (
        "Set the environment variable `MILL_SCRATCH_DIR` first.",
        "Set the environment variable `MILL_SCRATCH_PATH` first.",
        "",
    ),
    "gpu-memory": ("It was tried on Q700-SXM-96GB.", "It was tried on Q700-SXM-80GB.", "Q700-SXM-80GB"),
    "benchmark": ("Valid benchmarks are:\n\n- flour\n- barley", "Valid benchmarks are:\n\n- flour\n- rye\n- 3d-oats", ""),
    "default": (
        "`--timeout_s`: longest wait (default: 60).",
        "`--timeout_s`: longest wait (default: 30).",
        "30",
    ),
    "version": (
        "The container's OS is Ubuntu 20.04.",
        "The container's OS is Ubuntu 22.04.",
        "Ubuntu 22.04",
    ),
    "count": ("The mill supports 5 benchmarks.", "The mill supports 3 benchmarks.", "3"),
    "field": (
        "PYTHON gpu_batch_sizes = {'flour': 2}",
        "PYTHON gpu_batch_size = {'flour': 2}",
        "gpu_batch_size",
    ),
}  # fmt: skip

CONFIG = """\
@ConfigRegistry.register(HarnessType.Custom, AccuracyTarget.k_99, PowerSetting.MaxP)
class Mine(OfflineGPUBaseConfig):
    {}"""


def in_markdown(text):
    if text.startswith("FENCE "):
        return f"```console\n$ {text[6:]}\n```\n"
    if text.startswith("PYTHON "):
        return f"```python\n{CONFIG.format(text[7:])}\n```\n"
    start, mark, rest = text.partition("LINK(")
    if mark:
        label, _, target = rest.partition(").")[0].partition(", ")
        text = f"{start}[{label}]({target})."
    return text + "\n"


def in_rst(text):
    def indented(body):
        return "\n".join(f"   {line}" for line in body.splitlines())

    if text.startswith("FENCE "):
        return f".. code-block:: console\n\n   $ {text[6:]}\n"
    if text.startswith("PYTHON "):
        return f".. code-block:: python\n\n{indented(CONFIG.format(text[7:]))}\n"
    start, mark, rest = text.partition("LINK(")
    if mark:
        label, _, target = rest.partition(").")[0].partition(", ")
        text = f"{start}`{label} <{target}>`_."
    return text.replace("`", "``") + "\n" if not mark else text + "\n"


DIALECTS = {"README.md": (markdown.read, in_markdown), "README.rst": (restructured.read, in_rst)}


@pytest.fixture(scope="module")
def facts(master: Path, cache: Path) -> Facts:
    config = load_source(master)
    return Facts(config.root, extract(config, cache=False), cache)


def verdicts(name, texts, facts):
    reader, write = DIALECTS[name]
    head = "# Mill\n\n" if name.endswith(".md") else "Mill\n====\n\n"
    document = reader(head + "\n".join(write(t) for t in texts), name)
    return judge(facts, [document]).verdicts


def test_there_are_enough_kinds() -> None:
    assert len(STATEMENTS) >= 10
    assert set(STATEMENTS) <= set(RULES)


@pytest.mark.parametrize("name", DIALECTS)
@pytest.mark.parametrize("code", STATEMENTS)
def test_a_lie_is_found_with_both_places(code, name, facts) -> None:
    lie, _, near = STATEMENTS[code]
    found = [v for v in verdicts(name, [lie], facts) if not v.holds]
    assert [v.code for v in found if v.code == code] == [code], found
    one = next(v for v in found if v.code == code)
    assert one.severity == RULES[code].severity
    assert one.line > 2
    assert one.source is not None
    assert (facts.root / one.source.path).exists()
    assert one.truth
    if near:
        assert one.nearest == near


@pytest.mark.parametrize("name", DIALECTS)
@pytest.mark.parametrize("code", STATEMENTS)
def test_a_true_statement_is_judged_and_holds(code, name, facts) -> None:
    found = verdicts(name, [STATEMENTS[code][1]], facts)
    assert [v for v in found if not v.holds] == []
    assert code in {v.code for v in found}, "the statement was not even looked at"


@pytest.mark.parametrize("name", DIALECTS)
def test_all_lies_in_one_document(name, facts) -> None:
    texts = [lie for lie, _, _ in STATEMENTS.values()]
    found = {v.code for v in verdicts(name, texts, facts) if not v.holds}
    assert found >= set(STATEMENTS)


@pytest.mark.parametrize("name", DIALECTS)
def test_all_true_statements_in_one_document(name, facts) -> None:
    texts = [true for _, true, _ in STATEMENTS.values()]
    assert [v for v in verdicts(name, texts, facts) if not v.holds] == []


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("The script will generate (or append to) a file at `scripts/mine.py`.", False),
        ("Its results go to `docs/measured`, and the guide shows them.", False),
        ("`--all` keeps what was weighed in `docs/measured`.", False),
        ("The program to write labels is located in `scripts/mine.py`.", True),
        ("It writes a list. Use it with `scripts/mine.py`.", True),
        ("To save time, go to the section in `docs/mine.md`.", True),
        ("Go to `docs/mine.md` for more.", True),
        ("Labels are made by `scripts/mine.py`.", True),
    ],
)
def test_a_place_where_something_is_written_need_not_be_there(text, found, facts) -> None:
    document = markdown.read(text + "\n", "README.md")
    assert [v.code for v in judge(facts, [document]).findings] == ["path"] * found


RYE = """```console
$ make run RUN_ARGS="--benchmarks=rye"
```

The tree has 7 benchmarks.
"""


def _told(mill: Path) -> set[str]:
    facts = facts_of(load_source(mill))
    return {v.code for v in judge(facts, [markdown.read(RYE, "README.md")]).findings}


def test_a_configuration_that_could_not_be_read_is_not_missing(mill) -> None:
    shutil.rmtree(mill / "configs/rye")
    assert _told(mill) == {"no-config", "count"}
    (mill / "configs/rye/Offline").mkdir(parents=True)
    broken = mill / "configs/rye/Offline/__init__.py"
    broken.write_text("from configs.configuration import *\nConfigRegistry.register(\n")
    assert _told(mill) == {"count"}


def test_a_tree_with_files_of_a_second_dialect_is_not_counted(mill) -> None:
    shutil.rmtree(mill / "configs/rye")
    (mill / "configs/G8x1/Offline").mkdir(parents=True)
    other = mill / "configs/G8x1/Offline/barley.py"
    other.write_text("EXPORTS = {}\n")
    assert _told(mill) == {"no-config"}
    other.rename(other.with_name("rye.py"))
    assert _told(mill) == set()


def test_a_project_inside_of_a_tree_speaks_of_its_own_versions(mill) -> None:
    text = "The container's CUDA 11.8 is old.\n"
    place = mill / "vendor/docs/guide.md"
    place.parent.mkdir(parents=True)
    place.write_text(text)
    assert [v.code for v in check(load_source(mill)).findings] == ["version"]
    (mill / "vendor/setup.py").write_text("")
    assert not check(load_source(mill)).findings
