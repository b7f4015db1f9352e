"""Broken configurations: every mistake is found, at its place, with its mend; the rest is read."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from docgen.config import load
from docgen.errors import SourceError
from docgen.extract import extract

RIGS = Path(__file__).parent / "fixtures" / "rigs"


@pytest.fixture
def rig(tmp_path):
    shutil.copytree(RIGS, tmp_path / "t")
    return tmp_path / "t"


def edit(root: Path, name: str, *changes: tuple[str, str]) -> None:
    path = root / "rig" / name
    text = path.read_text(encoding="utf-8")
    for old, new in changes:
        assert old in text, old
        text = text.replace(old, new, 1)
    path.write_text(text, encoding="utf-8")


def found(root: Path, code: str):
    return [d for d in extract(load(root), cache=False).diagnostics if d.code == code]


def place(root: Path, diagnostic) -> str:
    source = diagnostic.source
    line = (root / source.path).read_text(encoding="utf-8").splitlines()[source.line - 1]
    return line[source.column :]


def test_unresolved_value(rig):
    edit(rig, "targets/beta.py", ("target_qps=5.0", "target_qps=5.0 * os.cpu_count()"))
    edit(rig, "targets/beta.py", ("from rig.vocabulary", "import os\nfrom rig.vocabulary"))
    (one,) = found(rig, "unresolved")
    assert one.severity == "error"
    assert place(rig, one).startswith("os.cpu_count()")
    assert "got a call of os.cpu_count(); write it with literals, names of module" in one.message
    catalog = extract(load(rig), cache=False)
    beta = next(e for e in catalog.entries if e.target == "beta")
    assert "target_qps" not in beta.values
    assert beta.values["tags"].resolved == ["a", "b"]
    assert len(catalog.entries) == 6


def test_an_unresolved_base_value_that_is_overridden_does_no_harm(rig):
    edit(rig, "targets/_base.py", ("target_qps=100.0", "target_qps=float('100')"))
    catalog = extract(load(rig), cache=False)
    first = next(e for e in catalog.entries if e.key == "alpha/echo/offline").values["target_qps"]
    assert first.resolved == 1000.0
    assert first.chain[0].resolved is None
    assert [d.source.path for d in found(rig, "unresolved")] == ["rig/targets/_base.py"]


@pytest.mark.parametrize(
    "text",
    [
        "tuple(Entry(target=t, workload='echo', settings=BETA_OFFLINE) for t in ('beta',))",
        "make_entries()",
        "[Entry(target=t, workload='echo', settings=BETA_OFFLINE) for t in ('beta',)]",
    ],
)
def test_entries_that_are_computed(rig, text):
    old = 'ENTRIES = (Entry(target="beta", workload="echo", settings=BETA_OFFLINE),)'
    edit(rig, "targets/beta.py", (old, f"def make_entries():\n    return ()\n\nENTRIES = {text}"))
    (one,) = found(rig, "unresolved")
    assert one.source.path == "rig/targets/beta.py"
    assert place(rig, one).startswith(text[:6])
    assert "what" not in one.message
    assert "dataclasses.replace" in one.message


def test_settings_that_a_loop_changed(rig):
    edit(
        rig,
        "targets/beta.py",
        (
            "TARGETS =",
            "for qps in (1.0, 2.0):\n    BETA_OFFLINE = Offline(target_qps=qps)\n\nTARGETS =",
        ),
    )
    (one,) = found(rig, "unresolved")
    assert "a value that for on line" in one.message
    keys = [e.key for e in extract(load(rig), cache=False).entries]
    assert "beta/echo/offline" not in keys
    assert len(keys) == 5


def test_misspelt_field(rig):
    edit(
        rig,
        "targets/alpha.py",
        ("replace(BASE_OFFLINE, target_qps", "replace(BASE_OFFLINE, target_qsp"),
    )
    (one,) = found(rig, "unknown-field")
    assert (
        one.message
        == "want a field of Offline, got 'target_qsp'; did you mean 'target_qps' or 'tags'?"
    )
    assert place(rig, one).startswith("target_qsp=1_000.0")


def test_misspelt_field_of_target_entry_and_fact(rig):
    edit(
        rig,
        "targets/alpha.py",
        ("note=", "notes="),
        ("pci_ids=", "pciids="),
        ('Entry(target="alpha", workload', 'Entry(target="alpha", work_load'),
    )
    messages = [d.message for d in found(rig, "unknown-field")]
    assert len(messages) == 3
    assert any("a field of Fact, got 'notes'" in m for m in messages)
    assert any("a field of Target, got 'pciids'" in m for m in messages)
    assert any("a field of Entry, got 'work_load'" in m for m in messages)
    (missing,) = found(rig, "missing-field")
    assert missing.message == "want Entry.workload, got nothing; give it a value"


def test_out_of_bounds_and_wrong_types(rig):
    edit(
        rig,
        "targets/beta.py",
        ("target_qps=5.0", "target_qps=0, batch_size=4097, precision='int8'"),
        ('layout="nhwc"', 'layout="nwhc"'),
    )
    bounds = [(place(rig, d)[:4], d.message) for d in found(rig, "out-of-bounds")]
    assert bounds == [
        ("0, b", "want Offline.target_qps of at least 1e-06, got 0; choose a value in that range"),
        ("4097", "want Offline.batch_size from 1 to 4096, got 4097; choose a value in that range"),
        ('"nwh', "want Offline.layout as one of 'nchw', 'nhwc', got 'nwhc'; choose one of them"),
    ]
    (kind,) = found(rig, "wrong-type")
    assert kind.message.startswith("want Offline.precision as Precision, got 'int8' (str)")


def test_a_bool_is_no_int_and_a_fact_is_a_fact(rig):
    edit(
        rig,
        "targets/alpha.py",
        ("devices=SCALE", "devices=True"),
        ("memory_gb=None", "memory_gb=80.0"),
    )
    messages = sorted(d.message for d in found(rig, "wrong-type"))
    assert messages[0].startswith("want Target.devices as int, got True (bool)")
    assert messages[1].startswith("want Target.memory_gb as Fact[float] | None, got 80.0 (float)")


def test_names_used_twice_and_names_of_nothing(rig):
    edit(
        rig,
        "targets/beta.py",
        ('Target(name="beta"', 'Target(name="alpha"'),
        ('Entry(target="beta"', 'Entry(target="alhpa"'),
    )
    edit(
        rig,
        "targets/alpha.py",
        ('    Entry(target="alpha", workload="echo", settings=ALPHA_OFFLINE),\n', ""),
        (
            "    Entry(\n",
            '    Entry(target="alpha", workload="ecco", settings=ALPHA_SERVER),\n' * 2
            + "    Entry(\n",
        ),
    )
    twice = [d.message for d in found(rig, "duplicate-key")]
    assert any("want target names of their own, got 'alpha' twice" in m for m in twice)
    assert any("got 'alpha/ecco/server' twice" in m for m in twice)
    names = [d.message for d in found(rig, "unknown-name")]
    assert any("a known target, got 'alhpa'; did you mean 'alpha'" in m for m in names)
    assert any("a known workload, got 'ecco'; did you mean 'echo'?" in m for m in names)


def test_reasons(rig):
    edit(
        rig,
        "targets/beta.py",
        ("    tags: two words.\n", "    tag: two words.\n"),
        ("    layout: faster.\n", ""),
    )
    reasons = found(rig, "no-reason")
    assert [d.message.split(",")[0] for d in reasons] == [
        "want a reason for tags",
        "want a reason for layout",
    ]
    assert {d.severity for d in reasons} == {"warning"}
    assert place(rig, reasons[1]).startswith('"nhwc"')
    (unknown,) = found(rig, "unknown-why-field")
    assert (
        unknown.message == "want a reason for a field of Offline, got 'tag'; did you mean 'tags'?"
    )
    assert place(rig, unknown).strip() == "tag: two words."


def test_a_value_set_to_its_default_needs_no_reason(rig):
    edit(rig, "targets/beta.py", ('layout="nhwc"', 'layout="nchw"'), ("    layout: faster.\n", ""))
    assert not found(rig, "no-reason")


def test_undocumented(rig):
    edit(
        rig,
        "configs/schema.py",
        ('    """Samples in a batch."""\n', ""),
        ('    """Return Scenario.SERVER."""\n', ""),
    )
    messages = [d.message for d in found(rig, "undocumented")]
    assert any("under batch_size, got none" in m for m in messages)
    assert not any("BadUsageError.code" in m for m in messages)


def test_strict_lists_every_error_at_its_place(rig):
    edit(rig, "targets/beta.py", ("target_qps=5.0", "target_qps=open('f'), batchsize=2"))
    edit(rig, "targets/alpha.py", ("bound_ms=10.0 if SCALE > 4 else 20.0", "bound_ms='10'"))
    with pytest.raises(SourceError) as caught:
        extract(load(rig), strict=True, cache=False)
    lines = str(caught.value).splitlines()
    assert len(lines) == len(caught.value.problems) == 3
    assert lines[0].startswith("rig/targets/alpha.py:55:49: want Server.bound_ms as float | None")
    assert "rig/targets/beta.py:7:34: want a static value, got a call of open()" in lines[1]
    assert "rig/targets/beta.py:7:45: want a field of Offline, got 'batchsize'" in lines[2]
    assert caught.value.exit_code == 3


def test_syntax_errors_leave_the_rest_readable(rig):
    edit(rig, "targets/beta.py", ("TARGETS = (", "TARGETS = (("))
    catalog = extract(load(rig), cache=False)
    (one,) = [d for d in catalog.diagnostics if d.code == "syntax-error"]
    assert one.source.path == "rig/targets/beta.py"
    assert [t.name for t in catalog.targets] == ["alpha", "alpha-x8", "alpha-slice"]
    with pytest.raises(SourceError, match="want Python"):
        extract(load(rig), strict=True, cache=False)


def test_circle_between_configs(rig):
    edit(rig, "targets/_base.py", ("target_qps=100.0", "target_qps=FAST"))
    edit(rig, "targets/_base.py", ("SCALE = 8", "from rig.targets.alpha import FAST\nSCALE = 8"))
    edit(
        rig,
        "targets/alpha.py",
        ("ALPHA = Target(", "FAST = BASE_OFFLINE.target_qps\n\nALPHA = Target("),
    )
    (one,) = found(rig, "import-cycle")
    assert (
        "break the circle rig.targets.alpha -> rig.targets._base -> rig.targets.alpha"
        in one.message
    )
