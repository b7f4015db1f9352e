"""The targets: names, facts with sources, entries, and a reason for every tuned value."""

from __future__ import annotations

import ast
import importlib
import pkgutil
import re
import subprocess
import sys
from dataclasses import MISSING, fields
from pathlib import Path

import pytest

import runtime.targets
from runtime.configs.registry import Registry, load
from runtime.configs.schema import Entry, MultiStream, Offline, Server, Settings, SingleStream
from runtime.configs.target import Fact, Target
from runtime.policies.estimates import memory_share
from runtime.policies.precision import check_precision
from runtime.policies.run import check_bound
from runtime.vocabulary import AccuracyTarget, Family, HarnessKind, PowerSetting, Scenario

FOLDER = Path(runtime.targets.__file__).parent
FILES = sorted(p for p in FOLDER.glob("*.py") if p.name != "__init__.py")
FACTS = ("compute_capability", "memory_gb", "bandwidth_gb_s", "sms", "power_w", "mig_capable")
SETTINGS = {cls.__name__ for cls in (Offline, Server, SingleStream, MultiStream)}

SINGLE = {
    "cpu", "h200-sxm-141gb", "h100-sxm-80gb", "h100-pcie-80gb", "gh200-96gb", "a100-sxm-80gb",
    "a100-pcie-40gb", "a30", "l40s", "l4", "jetson-agx-orin", "b200",
}  # fmt: skip
EIGHT = {f"{name}-x8" for name in SINGLE - {"cpu", "gh200-96gb", "jetson-agx-orin"}}
SLICES = {
    "a100-sxm-80gb-mig-1g.10gb", "a30-mig-1g.6gb", "h100-sxm-80gb-mig-1g.10gb",
    "h200-sxm-141gb-mig-1g.18gb",
}  # fmt: skip


@pytest.fixture(scope="module")
def registry() -> Registry:
    return load()


def test_load_defines_every_target(registry: Registry) -> None:
    assert set(registry.targets) == SINGLE | EIGHT | SLICES


def test_keys_are_unique_over_all_modules(registry: Registry) -> None:
    keys = [
        entry.key
        for info in pkgutil.iter_modules([str(FOLDER)])
        for entry in getattr(importlib.import_module(f"runtime.targets.{info.name}"), "ENTRIES", ())
    ]
    assert len(keys) == len(set(keys)) == len(registry.entries)


def test_entries_cover_the_scenarios(registry: Registry) -> None:
    for name in SINGLE | SLICES | EIGHT:
        scenarios = (Scenario.OFFLINE, Scenario.SERVER) if name in EIGHT else tuple(Scenario)
        for workload in ("digits", "resnet50"):
            for scenario in scenarios:
                assert f"{name}/{workload}/{scenario}" in registry.entries


def test_keys_with_variants_exist(registry: Registry) -> None:
    for key in (
        "h100-sxm-80gb/resnet50/offline@99.9",
        "h100-sxm-80gb/resnet50/server@triton",
        "h100-sxm-80gb-x8/resnet50/server@maxq",
        "a100-sxm-80gb-mig-1g.10gb/resnet50/server@hetero-mig",
        "jetson-agx-orin/resnet50/single-stream@maxq",
    ):
        assert registry.entry(key).key == key


def test_devices_count_and_slices(registry: Registry) -> None:
    for name, target in registry.targets.items():
        assert target.devices == (8 if name in EIGHT else 1)
        assert (target.mig is not None) == (name in SLICES)
        assert target.sibling == "" or target.sibling in registry.targets


@pytest.mark.parametrize(
    ("name", ("expected")),
    [
        ("h200-sxm-141gb", (141, 4800, 132, "9.0", 700, True)),
        ("h100-sxm-80gb", (80, 3350, 132, "9.0", 700, True)),
        ("h100-pcie-80gb", (80, 2000, 114, "9.0", 350, True)),
        ("gh200-96gb", (96, 4000, 132, "9.0", 1000, True)),
        ("a100-sxm-80gb-x8", (80, 2039, 108, "8.0", 400, True)),
        ("a100-pcie-40gb", (40, 1555, 108, "8.0", 250, True)),
        ("a30", (24, 933, 56, "8.0", 165, True)),
        ("l40s", (48, 864, 142, "8.9", 350, False)),
        ("l4", (24, 300, 58, "8.9", 72, False)),
        ("jetson-agx-orin", (64, 204.8, 16, "8.7", 60, False)),
        ("b200-x8", (180, 8000, 148, "10.0", 1000, True)),
        ("a100-sxm-80gb-mig-1g.10gb", (10.2, None, 14, "8.0", None, True)),
        ("a30-mig-1g.6gb", (6.24, None, 14, "8.0", None, True)),
        ("h100-sxm-80gb-mig-1g.10gb", (10.47, None, 16, "9.0", None, True)),
        ("h200-sxm-141gb-mig-1g.18gb", (17.18, None, 16, "9.0", None, True)),
        ("cpu", (None, None, None, None, None, None)),
    ],
)
def test_facts(registry: Registry, name: str, expected: tuple[object, ...]) -> None:
    memory, bandwidth, sms, capability, power, mig = expected
    target = registry.target(name)
    got = [fact and fact.value for fact in (getattr(target, field) for field in FACTS)]
    assert got == [capability, memory, bandwidth, sms, power, mig]


def test_slices_follow_their_board(registry: Registry) -> None:
    gib = {"a100-sxm-80gb-mig-1g.10gb": 9.5, "a30-mig-1g.6gb": 5.81,
           "h100-sxm-80gb-mig-1g.10gb": 9.75, "h200-sxm-141gb-mig-1g.18gb": 16.0}  # fmt: skip
    for name, listed in gib.items():
        target, board = registry.target(name), registry.target(name.split("-mig-")[0])
        assert target.pci_ids == board.pci_ids
        assert target.compute_capability == board.compute_capability
        assert target.memory_gb is not None
        assert target.memory_gb.value == pytest.approx(listed * 2**30 / 1e9, abs=0.006)


def test_every_fact_has_a_source_or_a_reason(registry: Registry) -> None:
    reasons = {}
    for path in FILES:
        for _, call, sections in _constants(path):
            if _callee(call) in {"Target", "replace"} and "name" in _keywords(call):
                name = ast.literal_eval(_keywords(call)["name"])
                reasons[name] = sections.get("Why", {}).keys() | sections.get("Source", {}).keys()
    for name, target in registry.targets.items():
        whole = target if name not in EIGHT else registry.target(name.removesuffix("-x8"))
        for field in FACTS:
            fact = getattr(target, field)
            if isinstance(fact, Fact):
                assert len(fact.source) > 10, (name, field)
            else:
                assert field in reasons[whole.name], (name, field)
        assert target.pci_ids or "pci_ids" in reasons[whole.name], name
        if target.pci_ids:
            assert all(re.fullmatch(r"0x[0-9A-F]{4}10DE", i) for i in target.pci_ids)
            board = name.removesuffix("-x8").split("-mig-")[0]
            assert "pci_ids" in reasons[board], name


def test_every_set_value_has_a_reason_and_no_reason_is_stale() -> None:
    seen = 0
    for path in FILES:
        for name, call, sections in _constants(path):
            if _callee(call) not in SETTINGS | {"replace"} or "name" in _keywords(call):
                continue
            given = set().union(*(s.keys() for s in sections.values()), set())
            assert given == set(_keywords(call)), f"{path.name}: {name}"
            assert all(text for s in sections.values() for text in s.values()), name
            seen += 1
    assert seen > 100


def test_every_entry_uses_a_documented_constant() -> None:
    documented = {name for path in FILES for name, _, sections in _constants(path) if sections}
    for path in FILES:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and _callee(node) == "Entry":
                settings = _keywords(node)["settings"]
                assert isinstance(settings, ast.Name)
                assert settings.id in documented, (path.name, settings.id)


def test_public_values_name_file_line_and_system() -> None:
    pattern = re.compile(
        r"mlcommons/inference_results_v4\.1 closed/NVIDIA/configs/resnet50/"
        r"(Offline|Server|SingleStream|MultiStream)/__init__\.py:\d+"
    )
    cited = 0
    for path in FILES:
        for name, _, sections in _constants(path):
            for field, text in sections.get("Source", {}).items():
                if "inference_results_v4.1" in text:
                    assert pattern.search(text), (path.name, name, field)
                    assert "not measured" in text or "(system " in text, (path.name, name, field)
                    cited += 1
    assert cited > 80


def test_configs_stay_in_the_static_subset() -> None:
    banned = (
        ast.For, ast.While, ast.FunctionDef, ast.ClassDef, ast.Lambda, ast.ListComp, ast.SetComp,
        ast.DictComp, ast.GeneratorExp, ast.Try, ast.With, ast.AugAssign, ast.Starred,
    )  # fmt: skip
    for path in FILES:
        tree = ast.parse(path.read_text(encoding="utf-8"))
        found = [(type(n).__name__, n.lineno) for n in ast.walk(tree) if isinstance(n, banned)]
        assert not found, (path.name, found)


def test_no_entry_keeps_the_base_rate(registry: Registry) -> None:
    for key, entry in registry.entries.items():
        if isinstance(entry.settings, (Offline, Server)):
            assert entry.settings.target_qps > 1.0, key


@pytest.mark.parametrize(
    ("key", "values"),
    [
        ("h200-sxm-141gb/resnet50/offline", {"target_qps": 90_000, "batch_size": 2048, "lanes": 1}),
        (
            "h200-sxm-141gb/resnet50/server",
            {"target_qps": 79_000, "batch_size": 256, "max_queue_delay_us": 3000,
             "target_latency_ms": 15, "use_cuda_graph": True},
        ),
        ("h200-sxm-141gb-x8/resnet50/server", {"target_qps": 632_000, "lanes": 7}),
        ("h200-sxm-141gb-x8/resnet50/offline@maxq", {"target_qps": 750_000 * 480 / 632}),
        ("h100-sxm-80gb-x8/resnet50/offline@maxq", {"target_qps": 480_000, "batch_size": 2048}),
        ("h100-pcie-80gb/resnet50/server", {"target_qps": 47_000, "batch_size": 128, "lanes": 2}),
        ("a100-sxm-80gb/resnet50/server", {"target_qps": 36_250, "lanes": 3}),
        ("a100-sxm-80gb/resnet50/multi-stream", {"expected_latency_ms": 0.693, "batch_size": 8}),
        ("a100-pcie-40gb/resnet50/server", {"target_qps": 26_550}),
        ("a30/resnet50/offline", {"target_qps": 20_400, "batch_size": 1024}),
        ("l40s/resnet50/offline", {"target_qps": 40_000, "batch_size": 64}),
        ("l4/resnet50/server", {"target_qps": 12_200, "batch_size": 16, "use_cuda_graph": False}),
        ("jetson-agx-orin/resnet50/single-stream", {"expected_latency_ms": 0.72224}),
        ("b200/resnet50/offline", {"target_qps": 90_000 * 148 / 132}),
        ("a100-sxm-80gb-mig-1g.10gb/resnet50/server@hetero-mig", {"target_qps": 3_600}),
        ("h100-sxm-80gb-mig-1g.10gb/resnet50/offline", {"target_qps": 90_000 * 16 / 132}),
        ("cpu/digits/offline", {"batch_size": 128, "lanes": 1}),
        ("cpu/digits/server", {"target_qps": 1000, "target_latency_ms": 10}),
        ("cpu/resnet50/server", {"target_qps": 2, "target_latency_ms": 1000, "lanes": 2}),
    ],
)  # fmt: skip
def test_values(registry: Registry, key: str, values: dict[str, float]) -> None:
    settings = registry.entry(key).settings
    assert {n: getattr(settings, n) for n in values} == pytest.approx(values)


def test_entries_obey_the_policies(registry: Registry) -> None:
    problems = []
    for entry in registry.entries.values():
        target = registry.targets[entry.target]
        problems += check_precision(entry, target)
        if isinstance(entry.settings, Server):
            problems += check_bound(entry.settings, entry.workload, entry.target)
        provider = "CPUExecutionProvider" if entry.target == "cpu" else "TensorrtExecutionProvider"
        assert entry.settings.execution_provider == provider
    assert problems == []


def test_every_model_fits_its_device(registry: Registry) -> None:
    for key, entry in registry.entries.items():
        memory = registry.targets[entry.target].memory_gb
        if memory is not None:
            workload = registry.workloads[entry.workload]
            assert 0 < memory_share(workload, entry.settings, memory.value) < 0.5, key


def test_families(registry: Registry) -> None:
    families = {name: target.family for name, target in registry.targets.items()}
    assert families["b200-x8"] is Family.BLACKWELL
    assert families["h200-sxm-141gb-mig-1g.18gb"] is Family.HOPPER
    assert families["a30-mig-1g.6gb"] is Family.AMPERE
    assert families["l4"] is Family.ADA
    assert families["jetson-agx-orin"] is Family.JETSON
    assert families["cpu"] is Family.CPU


def test_variants_only_differ_where_they_say_so(registry: Registry) -> None:
    for entry in registry.entries.values():
        plain = (AccuracyTarget.P99, PowerSetting.MAX_P, HarnessKind.DIRECT)
        if (entry.accuracy, entry.power, entry.harness) != plain:
            base = registry.entries[f"{entry.target}/{entry.workload}/{entry.scenario}"]
            assert type(base.settings) is type(entry.settings)


def test_misspelt_field_is_a_mypy_error(tmp_path: Path) -> None:
    pytest.importorskip("mypy", reason="the type checker is not installed")
    file = tmp_path / "misspelt.py"
    file.write_text(
        "from runtime.configs.schema import Offline\n"
        "GOOD = Offline(target_qps=1.0, batch_size=2)\n"
        "BAD = Offline(target_qps=1.0, batchsize=2)\n",
        encoding="utf-8",
    )
    command = [sys.executable, "-m", "mypy", "--strict", "--follow-imports=silent"]
    command += ["--config-file=", f"--cache-dir={tmp_path / 'cache'}", str(file)]
    done = subprocess.run(
        command, capture_output=True, text=True, check=False, cwd=FOLDER.parent.parent
    )
    assert done.returncode == 1, done.stdout + done.stderr
    errors = [line for line in done.stdout.splitlines() if ": error:" in line]
    assert len(errors) == 1
    assert 'misspelt.py:3: error: Unexpected keyword argument "batchsize"' in errors[0]


def test_defaults_are_what_entries_leave_out(registry: Registry) -> None:
    entry = registry.entry("h200-sxm-141gb/digits/single-stream")
    defaults = {f.name: f.default for f in fields(Settings) if f.default is not MISSING}
    assert entry.settings.min_duration_ms == defaults["min_duration_ms"] == 600_000
    assert isinstance(entry, Entry)
    assert isinstance(registry.targets[entry.target], Target)


def _constants(path: Path) -> list[tuple[str, ast.Call, dict[str, dict[str, str]]]]:
    """Return (name, call, {section: {field: text}}) of a module's documented constants."""
    body = ast.parse(path.read_text(encoding="utf-8")).body
    found = []
    for node, after in zip(body, [*body[1:], None], strict=False):
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Call):
            assert isinstance(after, ast.Expr), f"{path.name}:{node.lineno}: no docstring"
            doc = ast.literal_eval(after.value)
            assert isinstance(node.targets[0], ast.Name)
            found.append((node.targets[0].id, node.value, _sections(doc)))
    return found


def _sections(doc: str) -> dict[str, dict[str, str]]:
    """Return the `Why:` and `Source:` lines of a docstring, by section and field."""
    sections: dict[str, dict[str, str]] = {}
    section, field = "", ""
    for line in doc.splitlines():
        if line in {"Why:", "Source:"}:
            section = line[:-1]
        elif section and (match := re.match(r"    (\w+): (.+)$", line)):
            field = match[1]
            sections.setdefault(section, {})[field] = match[2]
        elif section and line.startswith("        "):
            sections[section][field] += " " + line.strip()
    return sections


def _callee(call: ast.Call) -> str:
    return call.func.id if isinstance(call.func, ast.Name) else ""


def _keywords(call: ast.Call) -> dict[str, ast.expr]:
    return {k.arg: k.value for k in call.keywords if k.arg}
