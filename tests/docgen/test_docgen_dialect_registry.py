"""The decorator-registry dialect: the same values as Python itself, with history and place."""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from docgen import digests
from docgen.catalog import from_json, to_json
from docgen.dialects import choose, registry

HERE = Path(__file__).parent / "fixtures_registry"
MILL = HERE / "mill"
CHAINED = "FLOUR/Offline/G9_80GBx1/Custom/k_99_9/MaxP"


@pytest.fixture(name="catalog", scope="module")
def _catalog():
    return registry.read(MILL)


@pytest.fixture(name="truth", scope="module")
def _truth():
    """What the fixture's own registry says when Python runs it."""
    command = [sys.executable, "-B", str(HERE / "oracle.py"), str(MILL)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return json.loads(done.stdout)


@pytest.fixture(name="entries", scope="module")
def _entries(catalog):
    return {entry.key: entry for entry in catalog.entries}


def _hashed(fields):
    """The digest as it is documented, without the code that is tested."""
    text = json.dumps(fields, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256(text.encode()).hexdigest()


def test_every_accepted_configuration_has_the_values_that_python_gives_it(catalog, truth):
    found = dict(line.split("\t") for line in digests.lines(catalog) if line.count("\t") == 1)
    assert found == {key: _hashed(fields) for key, fields in truth["accepted"].items()}
    assert len(found) == 15


def test_every_value_is_the_one_that_python_gives(catalog, truth):
    for entry in catalog.entries:
        if not entry.rejected:
            got = {name: value.resolved for name, value in entry.values.items()}
            assert got == truth["accepted"][entry.key]


def test_bases_stand_in_the_order_of_python(catalog, truth):
    found = {entry.key: list(entry.bases) for entry in catalog.entries if not entry.rejected}
    assert found == truth["bases"]


def test_what_the_registry_refuses_is_there_with_a_reason(catalog, truth):
    found = [
        [
            digests.key_of(e),
            e.set_by.rpartition(".")[2],
            {n: v.resolved for n, v in e.values.items()},
        ]
        for e in catalog.entries
        if e.rejected
    ]
    assert sorted(found, key=lambda item: item[:2]) == truth["refused"]
    assert len(found) == 12


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("SameKey", "its key is registered already"),
        ("NoBatch", "mandatory field 'gpu_batch_size' is missing"),
        ("UnknownField", "unknown field 'gpu_batch_sise'"),
        ("WrongSystem", "unsupported field 'start_from_device'"),
        ("WrongHarness", "the tree's check at configs/configuration.py:63 ends with "),
        ("NotServed", "the tree's check at configs/configuration.py:83 ends with "),
        ("Twice", "Twice sets 'precision' more than once, on lines 68 and 69"),
        ("OtherScenario", "scenario is Server, but Offline in its base G9_80GBx1"),
        ("OtherBoard", "its base Good is for another accelerator (G9_141GBx8)"),
        ("SeveralBases", "SeveralBases has 2 base classes, not one"),
    ],
)
def test_the_reason_says_what_is_wrong(catalog, name, reason):
    (entry,) = (e for e in catalog.entries if e.set_by.endswith(f".{name}"))
    assert entry.rejected.startswith(reason)


def test_systems_equal_to_another_are_aliases_of_it(catalog, truth):
    names = {t.name for t in catalog.targets if "deprecated" not in t.facts}
    assert names == set(truth["systems"].values())
    assert truth["systems"]["Partner_G9x2"] == "G9_80GBx2"


def test_a_value_tells_its_history(entries):
    value = entries[CHAINED].values["offline_expected_qps"]
    assert (value.resolved, value.kind) == (4700.0, "arithmetic")
    assert value.expression == "G9_80GBx1.offline_expected_qps * 0.5"
    steps = [(s.set_by.rpartition(".")[2], s.resolved, s.source.line) for s in value.chain]
    assert steps == [("G9_80GBx1", 9400, 22), ("G9_80GBx1_HighAccuracy", 4700.0, 32)]
    assert {s.source.path for s in value.chain} == {"configs/flour/Offline/__init__.py"}


def test_values_say_how_they_are_written(entries):
    kinds = {name: value.kind for name, value in entries[CHAINED].values.items()}
    expected = {
        "benchmark": "enum",
        "precision": "enum",
        "ratio": "literal",
        "workspace_size": "arithmetic",
        "options": "derived",
    }
    assert {name: kinds[name] for name in expected} == expected
    partner = entries["FLOUR/Offline/Partner_G9x3/Custom/k_99/MaxP"]
    assert partner.values["options"].kind == "reference"


def test_none_hidden_names_and_callables_are_no_fields(entries):
    assert "use_graphs" not in entries[CHAINED].values
    served = entries["FLOUR/Offline/G9_80GBx8/Triton/k_99/MaxP"].values
    assert not {"power_limit", "instance_count", "_per_sack", "make", "helper"} & set(served)


def test_one_class_is_entered_by_each_of_its_decorators(entries):
    keys = [key for key, entry in entries.items() if entry.set_by.endswith("G9_80GBx8_Triton")]
    assert sorted(keys) == [
        "FLOUR/Offline/G9_80GBx8/Triton/k_99/MaxP",
        "FLOUR/Offline/G9_80GBx8/Triton/k_99_9/MaxP",
    ]


def test_targets_say_what_the_tree_knows(catalog):
    target = catalog.target("G9_80GBx8")
    assert (target.family, target.devices) == ("Hopper", 8)
    assert target.pci_ids == ("0x900110DE", "0x900210DE")
    facts = {name: fact.value for name, fact in target.facts.items()}
    assert facts["accelerators"] == [{"name": "KnownGPU.G9_80GB", "kind": "GPU", "count": 8}]
    assert facts["memory"] == 80
    assert facts["device_name"] == "Graphics Device"
    assert facts["system_id"] == "Nine-80GBx8"
    assert target.source.path == "code/common/systems/system_list.py"
    assert target.facts["memory"].source.path == "code/common/systems/known_hardware.py"


def test_slices_partners_and_deprecated_systems_are_told_apart(catalog):
    mig = catalog.target("G8_MIG_1x1g_5gb").mig
    assert (mig.board, mig.profile) == ("KnownGPU.G8_40GB", "1g.5gb")
    partner = catalog.target("Partner_G9x3")
    assert partner.facts["accelerators"].value[0]["name"] == "KnownGPU.G9_80GB"
    assert partner.source.path == "code/common/systems/custom_list.py"
    assert catalog.target("G8_40GBx2").facts["deprecated"].value is True


def test_fields_say_what_they_are_for(catalog):
    fields = {field.name: field for field in catalog.fields}
    assert fields["gpu_batch_size"].required
    assert fields["gpu_batch_size"].type == "dict[str, int]"
    assert fields["offline_expected_qps"].scenarios == ("Offline",)
    assert fields["power_limit"].limits == {"power_settings": ("MaxQ",)}
    assert fields["start_from_device"].limits == {"systems": ("start_from_device_enabled",)}
    assert fields["workspace_size"].default == 1 << 30
    assert fields["precision"].choices == ("int8", "fp16")


def test_words_workloads_and_options_are_there(catalog):
    assert [w.name for w in catalog.workloads] == ["FLOUR", "OATS", "RYE"]
    assert catalog.workloads[1].title == "3d-oats"
    assert ["HarnessType", "Triton", "triton"] in [[w.enum, w.name, w.value] for w in catalog.words]
    flags = {flag.names[0]: flag for flag in catalog.commands[0].flags}
    assert flags["--action"].choices == ("grind", "sweep")
    assert flags["--gpu_only"].is_flag


def test_nothing_is_wrong_with_the_tree(catalog):
    assert catalog.diagnostics == ()


def test_the_catalog_survives_its_json(catalog):
    assert digests_of(from_json(to_json(catalog))) == digests_of(catalog)


def digests_of(catalog):
    return [digests.digest({n: v.resolved for n, v in e.values.items()}) for e in catalog.entries]


def test_the_dialect_is_found_by_what_the_files_say(tmp_path):
    assert choose(MILL, ()).name == "registry"
    assert registry.count(MILL) == 5
    assert not registry.detect(tmp_path)


@pytest.mark.parametrize(
    ("bound", "name"),
    [(True, "host_memory_at_least"), (False, "host_memory_at_most"), (None, "host_memory")],
)
def test_memory_of_the_host_says_that_it_is_a_bound(tmp_path, bound, name):
    root = Path(shutil.copytree(MILL, tmp_path / "mill"))
    systems = root / "code/common/systems"
    with (systems / "systems.py").open("a") as file:
        file.write(
            "\n\nclass Held:\n    def __init__(self, o, min_threshold=None):\n"
            "        self.o = o\n"
            + ("        self.min_threshold = min_threshold\n" if bound is not None else "")
        )
    path = systems / "system_list.py"
    text = path.read_text()
    held = f"Held(Memory(30, Suffix.GiB), {bound})"
    made = f"system_id=identity.format(count), host_mem_conf={held})"
    assert "system_id=identity.format(count)" in text
    text = text.replace("system_id=identity.format(count)\n        )", f"{made}")
    path.write_text(text)
    whole = systems / "systems.py"
    text = whole.read_text()
    whole.write_text(
        text.replace("    system_id: ", "    host_mem_conf: Any = None\n    system_id: ", 1)
    )
    facts = registry.read(root).target("G9_80GBx8").facts
    assert {n: f.value for n, f in facts.items() if n.startswith("host_memory")} == {name: 30}
