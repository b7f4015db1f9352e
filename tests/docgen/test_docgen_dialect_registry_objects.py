"""Systems that a call makes: the names and values that Python itself gives them."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from docgen import digests
from docgen.dialects import choose, registry
from docgen.views import profile

HERE = Path(__file__).parent / "fixtures_registry"
KILN = HERE / "kiln"
SLICES = "Oven-40GB-MIG_11x1g.5gb_1x3g.20gb"


@pytest.fixture(name="catalog", scope="module")
def _catalog():
    return registry.read(KILN)


@pytest.fixture(name="truth", scope="module")
def _truth():
    """What the fixture's own registry says when Python runs it."""
    command = [sys.executable, "-B", str(HERE / "oracle.py"), str(KILN)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return json.loads(done.stdout)


def test_every_accepted_configuration_has_the_values_that_python_gives_it(catalog, truth):
    found = {
        digests.key_of(e): {name: value.resolved for name, value in e.values.items()}
        for e in catalog.entries
        if not e.rejected
    }
    assert found == truth["accepted"]
    assert len(found) == 7
    lines = dict(line.split("\t") for line in digests.lines(catalog) if line.count("\t") == 1)
    assert lines == {key: digests.digest(fields) for key, fields in found.items()}


def test_what_the_registry_refuses_is_there_with_a_reason(catalog, truth):
    refused = {e.set_by.rpartition(".")[2]: e.rejected for e in catalog.entries if e.rejected}
    assert set(refused) == {name for _, name, _ in truth["refused"]}
    assert refused["SameText"] == "its key is registered already"
    assert refused["NoSlices"] == "unsupported field 'wall'"
    assert refused["NoBatch"] == "mandatory field 'batch' is missing"
    assert refused["OtherBoard"].startswith("its base Ovenx2 is for another accelerator (Oven")
    assert refused["ServedOnArm"].startswith("the tree's check at configs/configuration.py:45")


def test_a_system_is_named_by_its_own_text(catalog):
    assert {t.name: (t.family, t.devices) for t in catalog.targets} == {
        "Oven-40GBx2": ("Ampere", 2),
        "Oven-40GBx16": ("Ampere", 16),
        "Oven-40GBx32": ("Ampere", 32),
        "Oven-40GB_aarch64x4": ("Ampere", 4),
        SLICES: ("Ampere", 12),
        "Hearthx2": ("Clay", 2),
        "Hearth_aarch64x1": ("Clay", 1),
        "Stove": ("CPU", 1),
    }


def test_a_system_says_what_the_tree_lists_of_its_board(catalog):
    target = catalog.target(SLICES)
    assert (target.mig.board, target.mig.profile) == ("KnownBoards.Oven", "1g.5gb")
    assert target.pci_ids == ("AA01", "AA02")
    facts = {name: fact.value for name, fact in target.facts.items()}
    assert facts["accelerators"] == [{"name": "KnownBoards.Oven", "kind": "MIG", "count": 12}]
    assert facts["device_name"] == "Oven 40, Oven 40 Pro"
    assert target.facts["device_name"].source.path == "code/common/system_list.py"
    assert (target.source.path, target.source.line) == ("configs/brick/Offline/__init__.py", 32)
    arm = catalog.target("Oven-40GB_aarch64x4")
    assert arm.pci_ids == ("AA03",)
    assert arm.facts["host_cpu_arch"].value == "aarch64"


def test_several_slices_are_not_called_one(catalog):
    assert profile.sentence(catalog.target(SLICES)).startswith(
        "12 isolated MIG slices (1g.5gb) of Ampere GPUs"
    )


def test_the_value_of_a_system_tells_its_history(catalog):
    (entry,) = (e for e in catalog.entries if e.set_by.endswith(".Ovenx2_Triton"))
    value = entry.values["system"]
    assert value.resolved == "Oven-40GBx2"
    assert value.expression == 'System("Oven-40GB", Architecture.Ampere, 2)'
    assert [step.resolved for step in value.chain] == ["Oven-40GBx2"]


def test_nothing_is_wrong_with_the_tree(catalog):
    assert catalog.diagnostics == ()


def test_a_system_without_a_text_is_a_diagnostic(tmp_path):
    root = Path(shutil.copytree(KILN, tmp_path / "kiln"))
    path = root / "configs/tile/Offline/__init__.py"
    made = 'System("Hearth", Architecture.Clay, 1, cpu_arch=Host.aarch64)'
    text = path.read_text()
    assert made in text
    text = text.replace(made, 'Nameless("Hearth")').replace("import Arch", "import Nameless, Arch")
    path.write_text(text)
    catalog = registry.read(root)
    assert not any(e.workload == "TILE" for e in catalog.entries)
    assert {(d.code, d.source.path, d.source.line) for d in catalog.diagnostics} == {
        ("unresolved", "configs/tile/Offline/__init__.py", 5)
    }
    assert "an object of Nameless, which has no text" in catalog.diagnostics[0].message


def test_a_class_that_the_registry_does_not_take_is_rejected(tmp_path):
    root = Path(shutil.copytree(KILN, tmp_path / "kiln"))
    with (root / "code/common/system_list.py").open("a") as file:
        file.write("\n\nclass Other(System):\n    pass\n")
    path = root / "configs/tile/Offline/__init__.py"
    text = (
        path.read_text()
        .replace("= System(", "= Other(")
        .replace("import Arch", "import Other, Arch")
    )
    path.write_text(text)
    catalog = registry.read(root)
    reasons = [e.rejected for e in catalog.entries if e.workload == "TILE"]
    said = "its system is an object of Other, which the tree does not take"
    assert len(reasons) == 2
    assert all(reason.startswith(said) for reason in reasons)


def test_the_dialect_is_found():
    assert choose(KILN, ()).name == "registry"


OPENED = {
    'with open("NOTES") as file:\n    text = file.read()\n': "NOTES",
    'from pathlib import Path\ntext = Path("notes", "a.txt").absolute().read_text()\n': "notes/a.txt",
    'from pathlib import Path\nwith Path("NOTES").open(mode="rb") as file:\n    pass\n': "NOTES",
}
"""Lines that a harness starts with, and the file that they need."""


@pytest.mark.parametrize(("lines", "name"), OPENED.items(), ids=range(len(OPENED)))
def test_a_file_that_the_harness_opens_and_that_is_not_there_is_named(tmp_path, lines, name):
    root = Path(shutil.copytree(KILN, tmp_path / "kiln"))
    (root / "code/common/__init__.py").write_text(lines)
    (found,) = registry.read(root).diagnostics
    assert (found.code, found.severity) == ("missing-file", "warning")
    assert found.source.path == "code/common/__init__.py"
    assert found.message == (
        f"want the file {name}, which the harness reads when it starts, got none; "
        f"add {name} to the tree"
    )
    (root / name).parent.mkdir(exist_ok=True)
    (root / name).write_text("here")
    assert registry.read(root).diagnostics == ()


@pytest.mark.parametrize(
    "lines",
    [
        'with open("NOTES", "w") as file:\n    pass\n',
        'if 1 > 2:\n    text = open("NOTES").read()\n',
        'try:\n    text = open("NOTES").read()\nexcept OSError:\n    text = ""\n',
        'def read():\n    return open("NOTES").read()\n',
        'read = lambda: open("NOTES").read()\n',
        'text = open("/etc/NOTES-that-nobody-has").read()\n',
        'def open(name):\n    return name\ntext = open("NOTES")\n',
    ],
)
def test_a_file_that_is_not_read_at_the_start_is_not_missed(tmp_path, lines):
    root = Path(shutil.copytree(KILN, tmp_path / "kiln"))
    (root / "code/common/__init__.py").write_text(lines)
    assert "missing-file" not in {d.code for d in registry.read(root).diagnostics}
