"""The EXPORTS dialect: the same values as Python itself, with their history and their place."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from docgen import digests
from docgen.dialects import choose, exports
from docgen.explain import explain

HERE = Path(__file__).parent / "fixtures_exports"
RACK = HERE / "rack"
SERVER = "X100-SXM-80GBx2/alpha/Server"

IMPORT = """
import enum, importlib.util, json, os, pathlib, sys
tree, stubs = map(pathlib.Path, sys.argv[1:3])
sys.path[:0] = [str(tree), str(stubs)]
sys.modules.pop("code", None)

def plain(value):
    if isinstance(value, enum.Enum):
        return f"{type(value).__name__}.{value.name}"
    if isinstance(value, dict):
        return {plain(k): plain(v) for k, v in value.items()}
    return [plain(v) for v in value] if isinstance(value, (list, tuple)) else value

found, variables = {}, {}
for path in sorted(tree.glob("configs/*/*/[!_]*.py")):
    system = path.parent.parent
    before = dict(os.environ)
    sys.path.insert(0, str(system))
    spec = importlib.util.spec_from_file_location("config", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    sys.path.remove(str(system))
    for key, fields in module.EXPORTS.items():
        parts = (path.stem, path.parent.name, system.name, key.harness_type.name,
                 str(key.accuracy_target.value), key.power_setting.name)
        found["/".join(parts)] = {f.name: plain(v) for f, v in fields.items()}
        new = {k: v for k, v in os.environ.items() if before.get(k) != v}
        variables["/".join(parts)] = new
    for name in set(os.environ) - set(before):
        del os.environ[name]
print(json.dumps([found, variables]))
"""


@pytest.fixture(scope="module")
def rack():
    return exports.read(RACK, ())


@pytest.fixture(scope="module")
def imported():
    """What Python gives for the fixture, whose files are our own and harmless."""
    command = [sys.executable, "-B", "-c", IMPORT, str(RACK), str(HERE / "stubs")]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return json.loads(done.stdout)


def entry(catalog, key):
    return next(e for e in catalog.entries if e.key == key)


def test_values_are_those_of_python(rack, imported):
    found = {
        digests.key_of(e): {name: v.resolved for name, v in e.values.items()} for e in rack.entries
    }
    assert found == imported[0]
    assert len(found) == 10
    flat = json.dumps(found, sort_keys=True)
    assert flat == json.dumps(imported[0], sort_keys=True)  # 10 is not 10.0


def _hashed(fields):
    """The digest as it is documented, without the code that is tested."""
    text = json.dumps(fields, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256(text.encode()).hexdigest()


def test_digests_are_those_of_the_imported_fields(rack, imported):
    expected = {key: _hashed(fields) for key, fields in imported[0].items()}
    assert dict(line.split("\t") for line in digests.lines(rack)) == expected


def test_environment_is_noted_for_the_entries_of_its_file(rack, imported):
    found = {
        digests.key_of(e): {name: v.resolved for name, v in e.environment.items()}
        for e in rack.entries
    }
    assert found == imported[1]
    modes = entry(rack, "X100-SXM-80GBx2/alpha/Offline").environment["RACK_MODE"]
    assert [step.resolved for step in modes.chain] == ["wide", "narrow"]
    assert "RACK_MODE" not in os.environ


def test_no_diagnostics(rack):
    assert rack.diagnostics == ()


def test_keys_leave_out_what_is_usual(rack):
    assert [e.key for e in rack.entries] == [
        "X100-SXM-80GBx2/alpha/Offline",
        "X100-SXM-80GBx2/alpha/Offline@0.999@MaxQ@Triton",
        "X100-SXM-80GBx2/beta.2/Offline",
        "X100-SXM-80GBx2/beta.2/Offline@0.999",
        SERVER,
        f"{SERVER}@0.999",
        f"{SERVER}@MaxQ",
        f"{SERVER}@0.999@MaxQ@Triton",
        f"{SERVER}@Triton",
        "Y9x1/alpha/Offline",
    ]


def test_history_goes_back_to_the_shared_dict(rack):
    value = entry(rack, f"{SERVER}@0.999").values["server_target_qps"]
    path = "configs/X100-SXM-80GBx2/Server/alpha.py"
    owner = "configs.X100-SXM-80GBx2.Server.alpha"
    steps = [(s.set_by, s.resolved, s.source.path, s.source.line) for s in value.chain]
    lines = (RACK / path).read_text().splitlines()
    first = next(i for i, line in enumerate(lines, 1) if "server_qps: 61.5" in line)
    second = next(i for i, line in enumerate(lines, 1) if "* 0.5" in line)
    assert steps == [
        (f"{owner}.base", 61.5, path, first),
        (f"{owner}.exact", 30.75, path, second),
    ]
    assert value.expression == "base[loadgen_fields.server_qps] * 0.5"
    assert value.kind == "arithmetic"


def test_change_of_a_part_is_a_step_and_keeps_what_was_before(rack):
    value = entry(rack, f"{SERVER}@0.999").values["build_flags"]
    assert [step.resolved for step in value.chain] == [
        {"max_tokens": 3584, "layers": [1, 2, 3]},
        {"max_tokens": 1024, "layers": [1, 2, 3]},
        {"max_tokens": 1024, "layers": [11, 2, 3]},
    ]
    assert value.chain[1].expression.endswith('["max_tokens"] = 1024')
    base = entry(rack, SERVER).values["build_flags"]
    assert [step.resolved for step in base.chain] == [{"max_tokens": 3584, "layers": [1, 2, 3]}]


def test_merged_dicts_keep_both_histories(rack):
    saving = entry(rack, f"{SERVER}@MaxQ")
    assert [s.resolved for s in saving.values["gpu_copy_streams"].chain] == [1, 8]
    assert [s.resolved for s in saving.values["server_target_qps"].chain] == [61.5, 30]
    assert "min_duration" not in saving.values


def test_entry_names_the_constant_that_holds_it(rack):
    assert entry(rack, SERVER).set_by == "configs.X100-SXM-80GBx2.Server.alpha.base"
    assert entry(rack, "X100-SXM-80GBx2/alpha/Offline").set_by == ""


def test_kinds(rack):
    values = entry(rack, "X100-SXM-80GBx2/alpha/Offline").values
    assert values["offline_expected_qps"].kind == "literal"
    assert values["tensor_path"].kind == "arithmetic"
    shared = entry(rack, "Y9x1/alpha/Offline").values
    assert shared["gpu_batch_size"].kind == "reference"


def test_fields_have_their_declared_name_and_the_one_that_configs_write(rack):
    specs = {spec.name: spec for spec in rack.fields}
    assert "Configs write it as `show_help`." in specs["help"].doc
    assert "`TENSOR_PATH`" in specs["tensor_path"].doc
    assert specs["tensor_path"].type == "pathlib.Path"
    assert specs["tensor_path"].group == "Switches of the harness"
    assert specs["test_mode"].choices == ("Fast", "Full")
    assert specs["deque_timeout_usec"].unit == "us"
    assert specs["min_duration"].unit == "ms"
    assert specs["workers"].type == "str"
    assert specs["workers"].owner == "code.text-kit.fields"
    assert [s.source.path for s in rack.fields] == sorted(s.source.path for s in rack.fields)


def test_systems_come_from_the_tree_s_own_list(rack):
    x100, y9 = rack.targets
    assert (x100.name, x100.family, x100.devices) == ("X100-SXM-80GBx2", "X100", 2)
    assert x100.pci_ids == ("1A2B", "1A2C")
    facts = {name: fact.value for name, fact in x100.facts.items()}
    assert facts == {"compute_capability": "9.1", "memory": "80 GiB", "power_w": 650.0}
    assert (y9.name, y9.family, y9.devices) == ("Y9x1", "Y9", 1)
    assert "does not have this one" in y9.doc


def test_workloads_and_words(rack):
    assert [w.name for w in rack.workloads] == ["alpha", "beta.2"]
    assert rack.workloads[0].source.path == "code/common/constants.py"
    words = {(w.enum, w.name): w.value for w in rack.words}
    assert words["HarnessType", "Triton"] == "triton"
    assert words["Benchmark", "Beta"] == "beta.2"


def test_explain(rack):
    found = explain(rack, SERVER, "min_duration")
    assert found.value.resolved == 600000
    assert {o.key: o.resolved for o in found.others} == {f"{SERVER}@0.999": 1200000}


def test_dialect_is_found_by_its_files(tmp_path):
    assert choose(RACK, ()).name == "exports"
    config = tmp_path / "configs" / "S" / "Offline" / "b.py"
    config.parent.mkdir(parents=True)
    config.write_text("text = 'EXPORTS'\n")
    assert not exports.detect(tmp_path, ())
    config.write_text("EXPORTS = {}\n")
    assert exports.detect(tmp_path, ())


def test_same_catalog_each_time():
    assert exports.read(RACK, ()) == exports.read(RACK, ())
