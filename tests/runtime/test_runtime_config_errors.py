"""A broken configuration package: every problem at once, each with file and line."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from runtime.configs.registry import load
from runtime.errors import ConfigError

GOOD_TARGET = """
from runtime.configs.schema import Entry, Offline
from runtime.configs.target import Target
from runtime.vocabulary import Family

TARGETS = (Target(name="box", title="Box", family=Family.CPU),)
GOOD = Offline(target_qps=10.0)
ENTRIES = (
    Entry(target="box", workload="tiny", settings=GOOD),
)
"""

WORKLOAD = """
from runtime.configs.workload import Tensor, Workload

WORKLOAD = Workload(
    name="tiny", title="Tiny", task="t", model="m", dataset="d",
    input=Tensor(name="x", dtype="float32", shape=(1,)),
    output=Tensor(name="y", dtype="float32", shape=(1,)),
    metric="accuracy", reference_accuracy=0.9, reference_source="here",
    accuracy_samples=10, performance_samples=10, flops_per_sample=1.0,
    parameters=1, loadgen_name="*",
)
"""


@pytest.fixture
def package(tmp_path, monkeypatch):
    """Return a function that writes a harness package and gives its name."""
    count = 0

    def make(**targets: str) -> str:
        nonlocal count
        count += 1
        name = f"fakeharness_{tmp_path.name.replace('-', '_')}_{count}"
        root = tmp_path / name
        for folder, files in (("workloads", {"tiny": WORKLOAD}), ("targets", targets)):
            (root / folder).mkdir(parents=True)
            (root / folder / "__init__.py").write_text("")
            for module, text in files.items():
                (root / folder / f"{module}.py").write_text(text)
        (root / "__init__.py").write_text("")
        return name

    monkeypatch.syspath_prepend(str(tmp_path))
    before = set(sys.modules)
    yield make
    for name in set(sys.modules) - before:
        if name.startswith("fakeharness_"):
            del sys.modules[name]


def problems_of(name: str) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        load(name)
    return [str(p).replace(f"{name}/", "") for p in caught.value.problems]


def test_good_package_loads(package):
    registry = load(package(box=GOOD_TARGET))
    assert list(registry.entries) == ["box/tiny/offline"]
    assert registry.targets["box"].title == "Box"


def test_every_problem_of_every_module_with_its_line(package):
    first = GOOD_TARGET.replace(
        "GOOD = Offline(target_qps=10.0)",
        "GOOD = Offline(\n    target_qps=10.0,\n    batch_size=0,\n    lanes=99,\n)\n"
        "OTHER = Offline(target_qps=1.0, batchsize=3)\n"
        "THIRD = Offline()\n",
    )
    second = "from runtime.vocabulary import Family\nX = Family.HOPER\n"
    third = "TARGETS = (\n"
    texts = problems_of(package(a=first, b=second, c=third))
    assert texts[0].startswith("targets/a.py:9: Offline.batch_size: want 1 to 65536, got 0")
    assert texts[1].startswith("targets/a.py:10: Offline.lanes: want 1 to 64, got 99")
    assert texts[2].startswith("targets/a.py:12: Offline.batchsize: want a field of Offline")
    assert "did you mean 'batch_size'" in texts[2]
    assert texts[3].startswith("targets/a.py:13: Offline: want values for 'target_qps'")
    assert texts[4].startswith("targets/b.py:2: want a statement that can be executed")
    assert "HOPER" in texts[4]
    assert texts[5].startswith("targets/c.py:1: want Python source")
    assert len(texts) == 6


def test_names_used_twice_and_unknown_names_carry_the_line_of_the_entry(package):
    text = GOOD_TARGET.replace(
        "    Entry(target",
        '    Entry(target="box", workload="tinny", settings=GOOD),\n    Entry(target',
    ).replace(
        "settings=GOOD),\n)",
        "settings=GOOD),\n    Entry(target='box', workload='tiny', settings=GOOD),\n)",
    )
    texts = problems_of(package(box=text))
    assert texts == [
        "targets/box.py:11: want a name of its own, got 'box/tiny/offline' twice; rename one",
        "targets/box.py:9: box/tinny/offline: want a known workload, got 'tinny'; did you mean 'tiny'?",
    ]


def test_an_error_inside_an_imported_base_is_reported_where_it_is(package):
    name = package(box="from {name}.targets._base import BASE\n" + GOOD_TARGET)
    folder = next(Path(p) for p in sys.path if (Path(p) / name).is_dir()) / name / "targets"
    (folder / "_base.py").write_text(
        "from runtime.configs.schema import Offline\nBASE = Offline(target_qps=-1.0)\n"
    )
    box = folder / "box.py"
    box.write_text(box.read_text().replace("{name}", name))
    texts = problems_of(name)
    assert len(texts) == 1
    assert texts[0].startswith(
        "targets/_base.py:2: Offline.target_qps: want at least 1e-06, got -1.0"
    )
