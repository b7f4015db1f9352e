"""Our dialect read from a small harness: every part of the Catalog, with places and chains."""

from __future__ import annotations

from pathlib import Path

import pytest

from docgen.config import load
from docgen.dialects import choose
from docgen.dialects.ours import detect
from docgen.errors import SourceError, UsageError
from docgen.extract import extract

RIGS = Path(__file__).parent / "fixtures" / "rigs"


@pytest.fixture(scope="module")
def catalog():
    return extract(load(RIGS), cache=False)


def entry(catalog, key):
    return next(e for e in catalog.entries if e.key == key)


def at(source) -> str:
    """Return the text that a place points to."""
    line = (RIGS / source.path).read_bytes().splitlines()[source.line - 1]
    return line[source.column :].decode()


def test_head(catalog):
    assert (catalog.dialect, catalog.root, catalog.version) == ("ours", "rig-harness", "2.5")
    assert catalog.packages == ("rig",)
    assert not [d for d in catalog.diagnostics if d.severity != "info"]
    assert set(catalog.files) == {p.relative_to(RIGS).as_posix() for p in RIGS.rglob("*.py")}


def test_targets_by_family_then_as_declared(catalog):
    assert [t.name for t in catalog.targets] == ["beta", "alpha", "alpha-x8", "alpha-slice"]
    alpha, box, piece = catalog.targets[1:]
    memory = alpha.facts["memory_gb"]
    assert (memory.value, memory.unit, memory.basis, memory.note) == (
        80.0,
        "GB",
        "data sheet, page 1",
        "nominal",
    )
    assert memory.doc == "Memory."
    assert at(memory.source).startswith("Fact(value=80.0")
    assert alpha.doc == "One alpha."
    assert alpha.basis == {"pci_ids": "printed on the board."}
    assert box.devices == 8
    assert box.facts == alpha.facts
    assert box.pci_ids == ("0x1",)
    assert at(box.source).startswith("replace(ALPHA, name=f")
    assert piece.facts == {}
    assert piece.why == {"memory_gb": "nobody has stated it."}
    assert (piece.mig.board, piece.mig.profile) == ("ALPHA", "1g.10gb")
    assert catalog.targets[0].doc == "The beta board: newer, so it stands first."


def test_workload(catalog):
    (echo,) = catalog.workloads
    assert echo.properties == {
        "input": {"name": "x", "shape": [1, 8]},
        "share": 0.75,
        "samples": 10,
    }
    assert echo.units == {"samples": "samples"}
    assert echo.docs["share"] == "Accuracy as a share."
    assert echo.doc == "Echo: gives back what it gets."


def test_fields(catalog):
    found = {(f.owner, f.name): f for f in catalog.fields}
    assert list(found) == [
        ("Settings", "batch_size"),
        ("Settings", "precision"),
        ("Settings", "tags"),
        ("Settings", "layout"),
        ("Offline", "target_qps"),
        ("Server", "target_qps"),
        ("Server", "bound_ms"),
    ]
    batch = found["Settings", "batch_size"]
    assert (batch.type, batch.unit, batch.low, batch.high) == ("int", "samples", 1, 4096)
    assert (batch.default, batch.required, batch.group) == (1, False, "batching")
    assert batch.scenarios == ()
    assert at(batch.source).startswith("batch_size: Annotated")
    rate = found["Offline", "target_qps"]
    assert (rate.required, rate.loadgen_key, rate.scenarios) == (True, "target_qps", ("offline",))
    assert found["Server", "target_qps"].unit == "queries/s"
    assert found["Settings", "precision"].choices == ("fp32", "int8")
    assert found["Settings", "layout"].choices == ("nchw", "nhwc")
    assert found["Settings", "layout"].default == "nchw"
    assert found["Settings", "tags"].default == []


def test_entries_and_their_order(catalog):
    assert [e.key for e in catalog.entries] == [
        "beta/echo/offline",
        "alpha/echo/offline",
        "alpha/echo/server",
        "alpha-x8/echo/offline",
        "alpha-x8/echo/offline@99.9@maxq@triton",
        "alpha-slice/echo/server",
    ]
    last = catalog.entries[4]
    assert (last.setting.accuracy, last.setting.power, last.setting.harness) == (
        "99.9",
        "maxq",
        "triton",
    )
    assert last.set_by == "rig.targets.alpha.ALPHA_X8_OFFLINE"
    assert last.doc == "Offline on eight."
    assert at(last.source) == "Entry("


def test_the_chain_of_a_value(catalog):
    value = entry(catalog, "alpha-x8/echo/offline").values["target_qps"]
    assert (value.resolved, value.kind) == (8000.0, "derived")
    assert value.expression == "ALPHA_OFFLINE.target_qps * SCALE"
    assert [(s.set_by, s.resolved, s.why, s.basis) for s in value.chain] == [
        ("rig.targets._base.BASE_OFFLINE", 100.0, "", "not measured: a guess."),
        ("rig.targets.alpha.ALPHA_OFFLINE", 1000.0, "", "round 1, line 7."),
        ("rig.targets.alpha.ALPHA_X8_OFFLINE", 8000.0, "eight times one.", ""),
    ]
    for step in value.chain:
        assert at(step.source).startswith(step.expression)
    batch = entry(catalog, "alpha-x8/echo/offline").values["batch_size"]
    assert [s.set_by for s in batch.chain] == [
        "rig.configs.schema.Settings",
        "rig.targets._base.BASE_OFFLINE",
    ]
    assert (batch.resolved, batch.expression, batch.kind) == (32, "2**5", "derived")
    assert batch.chain[1].why == "fills the lanes."


def test_a_reason_for_an_inherited_value_stands_at_its_step(catalog):
    batch = entry(catalog, "alpha/echo/offline").values["batch_size"]
    assert batch.set_by == "rig.targets._base.BASE_OFFLINE"
    assert batch.chain[-1].basis == "round 1, line 7."
    assert batch.chain[-1].why == "fills the lanes."


def test_kinds_of_values(catalog):
    values = entry(catalog, "alpha/echo/offline").values
    assert {n: v.kind for n, v in values.items()} == {
        "batch_size": "derived",
        "precision": "enum",
        "tags": "default",
        "layout": "default",
        "target_qps": "set",
    }
    assert values["precision"].chain[-1].why == "the file is INT8, so nothing else would run."
    beta = entry(catalog, "beta/echo/offline").values
    assert beta["tags"].resolved == ["a", "b"]
    assert beta["tags"].kind == "set"


def test_settings_written_inline(catalog):
    found = entry(catalog, "alpha-slice/echo/server")
    assert found.set_by == ""
    last = found.values["target_qps"].chain[-1]
    assert (last.set_by, last.resolved) == ("rig.targets.alpha.ENTRIES", 7.0)
    assert last.why == "inline, for the slice."
    assert found.values["bound_ms"].resolved == 10.0
    assert found.values["bound_ms"].expression == "10.0 if SCALE > 4 else 20.0"


def test_policies_terms_words_failures(catalog):
    (policy,) = catalog.policies
    assert (policy.rule, policy.value, policy.unit) == ("At least 600000 ms.", 600000, "ms")
    assert policy.doc == "Why ten minutes: clocks settle."
    assert [t.name for t in catalog.terms] == ["sample", "query"]
    words = {(w.enum, w.name): w for w in catalog.words}
    assert words["Precision", "INT8"].value == "int8"
    assert words["Precision", "INT8"].doc == "Eight bits."
    assert not [w for w in catalog.words if w.enum.startswith("_")]
    assert [(f.code, f.name, f.exit_code) for f in catalog.failures] == [
        ("R000", "RigError", 1),
        ("R100", "BadUsageError", 2),
    ]


def test_commands(catalog):
    found = {c.name: c for c in catalog.commands}
    assert list(found) == ["rig", "rig list", "rig run", "rig sub", "rig sub leaf"]
    assert found["rig"].help == (
        "Run things.\n\nFirst steps:\n\n```text\nrig run alpha\nrig list --all\n```\n\nThe end."
    )
    flags = {f.names[0]: f for f in found["rig run"].flags}
    assert list(flags) == [
        "target",
        "--scenario",
        "--count",
        "--fast",
        "--tag",
        "rest",
        "--verbose",
    ]
    assert flags["target"].argument
    assert flags["target"].required
    assert not flags["rest"].required
    assert flags["--scenario"].choices == ("offline", "server")
    assert flags["--scenario"].names == ("--scenario", "-s")
    assert (flags["--count"].default, flags["--count"].type) == (8, "int")
    assert flags["--fast"].names == ("--fast", "--slow")
    assert flags["--fast"].is_flag
    assert flags["--tag"].multiple
    assert [f.names for f in found["rig list"].flags] == [("--all",), ("--json",)]
    assert found["rig list"].flags[0].help == "All 4 kinds."


def test_api(catalog):
    items = {i.name: i for i in catalog.api}
    assert items["rig.errors.BadUsageError"].bases == ("RigError",)
    assert items["rig.configs.schema.Entry.key"].kind == "property"
    assert items["rig.configs.schema.LIMIT"].value == "1 << 12"
    assert items["rig.configs.schema.Settings.batch_size"].annotation.startswith("Annotated[int")
    assert items["rig.cli.run_one"].signature == "(target: str, **options: object) -> None"
    assert items["rig.configs.schema"].doc == "Settings and entries of the small harness."
    assert not [n for n in items if any(part.startswith("_") for part in n.split("."))]


def test_the_dialect_is_recognized_or_named(tmp_path):
    assert detect(RIGS, ("rig",))
    assert choose(RIGS, ("rig",)).name == "ours"
    assert choose(tmp_path, ("rig",), "ours").name == "ours"
    (tmp_path / "rig").mkdir()
    with pytest.raises(SourceError, match="want a harness in one of the dialects ours"):
        choose(tmp_path, ("rig",))
    with pytest.raises(UsageError, match="did you mean 'ours'"):
        choose(tmp_path, ("rig",), "our")
