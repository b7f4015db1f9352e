"""A small catalog with evidence, made by hand: two GPUs, a slice, a CPU, two workloads."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType, SimpleNamespace
from typing import Any

import msgspec
import pytest

from docgen.catalog import (
    ApiItem,
    Catalog,
    Command,
    Diagnostic,
    Entry,
    Fact,
    Failure,
    FieldSpec,
    Flag,
    MigSlice,
    Policy,
    Setting,
    Snippet,
    Source,
    Step,
    Target,
    Term,
    Value,
    Word,
    Workload,
)
from docgen.evidence import State
from docgen.render import render
from docgen.snippets.model import Check, Dependencies, Result

TEMPLATES = Path(__file__).resolve().parents[3] / "templates"


@dataclass(frozen=True)
class FakeJudged:
    state: State
    reason: str
    result: Result | None
    snippet: Snippet


@dataclass
class FakeEvidence:
    known: dict[str, FakeJudged] = field(default_factory=dict)

    @property
    def judged(self) -> tuple[FakeJudged, ...]:
        return tuple(self.known.values())

    def of(self, snippet_id: str) -> FakeJudged:
        return self.known[snippet_id]

    def measurements(self, entry_key: str) -> tuple[FakeJudged, ...]:
        return tuple(j for j in self.known.values() if j.snippet.measures == entry_key)

    def add(self, judged: FakeJudged) -> None:
        self.known[judged.snippet.id] = judged


def at(path: str, line: int) -> Source:
    return Source(path=path, line=line)


def spec(name: str, owner: str = "Settings", **more: Any) -> FieldSpec:
    return FieldSpec(
        **{
            "name": name,
            "owner": owner,
            "type": "int",
            "doc": f"What {name} does. Larger is `larger`.",
            "source": at("runtime/configs/schema.py", 10),
            **more,
        }
    )


FIELDS = (
    spec("batch_size", unit="samples", low=1, high=65536, default=1, group="batching"),
    spec("lanes", unit="lanes", low=1, high=64, default=1, group="concurrency"),
    spec("precision", type="Precision", choices=("fp32", "fp16"), default="fp32", group="model"),
    spec("use_cuda_graph", type="bool", default=False, group="device"),
    spec(
        "min_duration_ms", unit="ms", default=600_000, group="durations", loadgen_key="min_duration"
    ),
    spec(
        "target_qps",
        "Offline",
        type="float",
        unit="samples/s",
        required=True,
        group="load",
        scenarios=("offline",),
        loadgen_key="target_qps",
    ),
    spec(
        "min_sample_count",
        "Offline",
        unit="samples",
        default=24_576,
        group="durations",
        scenarios=("offline",),
    ),
    spec(
        "target_qps",
        "Server",
        type="float",
        unit="queries/s",
        required=True,
        group="load",
        scenarios=("server",),
    ),
    spec(
        "target_latency_ms",
        "Server",
        type="float",
        unit="ms",
        required=True,
        group="latency",
        scenarios=("server",),
    ),
    spec(
        "max_queue_delay_us",
        "Server",
        unit="us",
        default=0,
        group="batching",
        scenarios=("server",),
    ),
)


def default(of: FieldSpec) -> Value:
    step = Step(
        set_by=f"runtime.configs.schema.{of.owner}.{of.name}",
        expression=repr(of.default),
        resolved=of.default,
        source=of.source,
    )
    return Value(
        resolved=of.default,
        expression=step.expression,
        kind="default",
        source=of.source,
        set_by=step.set_by,
        chain=(step,),
    )


def given(
    of: FieldSpec,
    resolved: Any,
    place: Source,
    constant: str,
    *,
    why: str = "",
    basis: str = "",
    expression: str = "",
) -> Value:
    step = Step(
        set_by=constant,
        expression=expression or repr(resolved),
        resolved=resolved,
        source=place,
        why=why,
        basis=basis,
    )
    chain = (step,) if of.required else (*default(of).chain, step)
    return Value(
        resolved=resolved,
        expression=step.expression,
        kind="set",
        source=step.source,
        set_by=constant,
        chain=chain,
    )


def entry(place: str, line: int, values: dict[str, Any], setting: Setting | None = None) -> Entry:
    target, workload, scenario = place.split("/")
    path = f"runtime/targets/{target.replace('-', '_').replace('.', '_')}.py"
    constant = f"runtime.targets.x.{workload.upper()}_{scenario.upper()}"
    found = {}
    for of in FIELDS:
        if of.scenarios and scenario not in of.scenarios:
            continue
        if of.name in values:
            found[of.name] = given(
                of,
                values[of.name],
                at(path, line),
                constant,
                why=f"{of.name} because <it> | helps *a lot*",
                basis="not measured: taken from `somewhere`",
            )
        else:
            found[of.name] = default(of)
    key = place
    setting = setting or Setting()
    if setting.power != "maxp":
        key += f"@{setting.power}"
    return Entry(
        key=key,
        target=target,
        workload=workload,
        scenario=scenario,
        setting=setting,
        values=found,
        source=at(path, line + 20),
        set_by=constant,
        doc=f"{workload} {scenario} on {target}.",
    )


def fact(name: str, value: Any, unit: str = "", note: str = "") -> Fact:
    return Fact(
        name=name,
        value=value,
        unit=unit,
        basis="Vendor data sheet, page 1",
        note=note,
        source=at("runtime/targets/h.py", 5),
    )


def gpu(name: str, title: str, family: str, cc: str, memory: float, **more: Any) -> Target:
    facts = {
        "compute_capability": fact("compute_capability", cc),
        "memory_gb": fact("memory_gb", memory, "GB", "Nominal: 140 GiB in the profile list."),
        "bandwidth_gb_s": fact("bandwidth_gb_s", 4800.0, "GB/s"),
        "sms": fact("sms", 132, "SMs"),
        "power_w": fact("power_w", 700.0, "W"),
        "mig_capable": fact("mig_capable", value=family != "Ada"),
    }
    return Target(
        **{
            "name": name,
            "title": title,
            "family": family,
            "devices": 1,
            "facts": facts,
            "source": at(f"runtime/targets/{name}.py", 3),
            **more,
        }
    )


def make_catalog(h200_batch: int = 2048, h200_line: int = 40) -> Catalog:
    targets = (
        Target(
            name="cpu",
            title="CPU of this machine",
            family="CPU",
            devices=1,
            facts={},
            source=at("runtime/targets/cpu.py", 9),
        ),
        gpu("h200-sxm-141gb", "NVIDIA H200 SXM 141GB", "Hopper", "9.0", 141.0),
        gpu("h200-sxm-141gb-x8", "8x NVIDIA H200 SXM 141GB", "Hopper", "9.0", 141.0, devices=8),
        gpu(
            "h200-sxm-141gb-mig-1g.18gb",
            "H200 slice 1g.18gb",
            "Hopper",
            "9.0",
            16.0,
            mig=MigSlice(board="H200-141GB", profile="1g.18gb"),
        ),
        gpu("l4", "NVIDIA L4", "Ada", "8.9", 24.0),
    )
    resnet = {"batch_size": h200_batch, "precision": "fp16", "target_qps": 90_000.0}
    server = {
        "batch_size": h200_batch,
        "precision": "fp16",
        "target_qps": 79_000.0,
        "target_latency_ms": 15.0,
    }
    entries = (
        entry("cpu/digits/offline", 10, {"batch_size": 128, "target_qps": 70_000.0}),
        entry(
            "cpu/digits/server",
            20,
            {"batch_size": 32, "target_qps": 9_000.0, "target_latency_ms": 5.0},
        ),
        entry("h200-sxm-141gb/resnet50/offline", h200_line, resnet),
        entry("h200-sxm-141gb/resnet50/server", h200_line + 5, server),
        entry("h200-sxm-141gb-x8/resnet50/offline", 60, {**resnet, "target_qps": 750_000.0}),
        entry(
            "h200-sxm-141gb-x8/resnet50/offline",
            66,
            {**resnet, "target_qps": 500_000.0},
            Setting(power="maxq"),
        ),
        entry("h200-sxm-141gb-mig-1g.18gb/resnet50/offline", 9, {"target_qps": 9_000.0}),
        entry("l4/resnet50/offline", 12, {"target_qps": 13_000.0, "batch_size": 32}),
    )
    return Catalog(
        dialect="ours",
        root="project",
        packages=("runtime",),
        targets=targets,
        entries=entries,
        fields=FIELDS,
        workloads=WORKLOADS,
        policies=POLICIES,
        terms=TERMS,
        words=WORDS,
        commands=COMMANDS,
        failures=FAILURES,
        api=API,
        diagnostics=(
            Diagnostic(
                code="no-reason",
                severity="warning",
                message="want a | reason",
                source=at("runtime/targets/l4.py", 12),
            ),
        ),
        files={"runtime/targets/l4.py": "0" * 64},
        version="0.1.0",
    )


WORKLOADS = (
    Workload(
        name="digits",
        title="Digits",
        source=at("runtime/workloads/digits.py", 8),
        properties={
            "task": "Names the digit in an 8x8 image.",
            "model": "A small CNN_2.",
            "dataset": "1797 images",
            "metric": "top-1 accuracy",
            "reference_accuracy": 0.9815,
            "parameters": 30_000,
            "flops_per_sample": 1_200_000.0,
            "mlperf": False,
            "input": {"name": "image", "dtype": "float32", "shape": [1, 8, 8]},
            "output": {"name": "logits", "dtype": "float32", "shape": [10]},
        },
        docs={"task": "What it does.", "parameters": "Trainable numbers."},
        units={"parameters": "parameters", "flops_per_sample": "FLOP"},
    ),
    Workload(
        name="resnet50",
        title="ResNet-50",
        source=at("runtime/workloads/resnet50.py", 8),
        properties={
            "task": "Classifies an image into 1000 classes.",
            "parameters": 25_557_032,
            "input": {"name": "input", "dtype": "float32", "shape": [3, 224, 224]},
            "output": {"name": "logits", "dtype": "float32", "shape": [1000]},
        },
    ),
)
POLICIES = (
    Policy(
        id="run.min-duration",
        title="At least ten minutes",
        rule="A run lasts 600 s.",
        applies_to="all",
        basis="MLPerf rules",
        source=at("runtime/policies/run.py", 5),
        value=600_000,
        unit="ms",
    ),
    Policy(
        id="server.percentile",
        title="99th percentile",
        rule="Bound holds at p99.",
        applies_to="server",
        basis="MLPerf rules",
        source=at("runtime/policies/run.py", 15),
        value=99.0,
        unit="%",
    ),
    Policy(
        id="run.bert",
        title="Only for BERT",
        rule="Something of BERT.",
        applies_to="bert",
        basis="MLPerf rules",
        source=at("runtime/policies/run.py", 25),
    ),
)
TERMS = (
    Term(
        name="query",
        definition="One or more samples, sent at once.",
        basis="rules",
        source=at("runtime/terms.py", 9),
    ),
    Term(
        name="GI / CI",
        definition="GPU instance and compute instance.",
        basis="MIG guide",
        source=at("runtime/terms.py", 19),
    ),
)
WORDS = (
    Word(
        enum="Scenario",
        name="OFFLINE",
        value="offline",
        doc="All samples in one query.",
        source=at("runtime/vocabulary.py", 30),
    ),
    Word(
        enum="CauseCode",
        name="MIN_DURATION",
        value="min-duration",
        doc="It ended too early.",
        source=at("runtime/vocabulary.py", 90),
    ),
)
FAILURES = (
    Failure(
        code="H200",
        name="ConfigError",
        doc="Values that cannot be right.",
        exit_code=2,
        source=at("runtime/errors.py", 50),
    ),
)
COMMANDS = (
    Command(
        name="harness run",
        help="Run one workload.\n\nWrites `record.json`.",
        source=at("runtime/cli/run.py", 20),
        flags=(
            Flag(
                names=("--target", "-t"),
                help="Target to run on.",
                required=True,
                source=at("runtime/cli/run.py", 12),
            ),
            Flag(
                names=("--mode",),
                help="What for.",
                choices=("performance", "accuracy"),
                default="performance",
                source=at("runtime/cli/run.py", 14),
            ),
            Flag(
                names=("--quick",),
                help="Shorten it.",
                is_flag=True,
                default=False,
                source=at("runtime/cli/run.py", 15),
            ),
        ),
    ),
    Command(
        name="docgen explain",
        help="Say where a value comes from.",
        source=at("docgen/cli/explain.py", 20),
        flags=(
            Flag(
                names=("key",),
                help="Key of an entry.",
                argument=True,
                required=True,
                source=at("docgen/cli/explain.py", 12),
            ),
        ),
    ),
)
API = (
    ApiItem(name="runtime", kind="module", source=at("runtime/__init__.py", 1), doc="The harness."),
    ApiItem(
        name="runtime.errors",
        kind="module",
        source=at("runtime/errors.py", 1),
        doc="One root for errors.",
    ),
    ApiItem(
        name="runtime.errors.suggest",
        kind="function",
        source=at("runtime/errors.py", 80),
        signature="(word: str, known: Sequence[str] = ('a|b',), *rest: int) -> str",
        doc="Return a mend for *args and {role}`x`.\n\nArgs:\n    word: The <word>.\n"
        "    known: All of them.\n\nReturns:\n    One: text.\n\nWhy:\n    Because.\n",
    ),
    ApiItem(
        name="runtime.errors.RunError",
        kind="class",
        source=at("runtime/errors.py", 60),
        bases=("HarnessError",),
        doc="A run that could not finish.",
    ),
    ApiItem(
        name="runtime.errors.RunError.code",
        kind="attribute",
        value="'H500'",
        source=at("runtime/errors.py", 62),
        doc="Stable identity.",
    ),
    ApiItem(
        name="runtime.errors.RunError.exit_code",
        kind="attribute",
        value="5",
        source=at("runtime/errors.py", 63),
    ),
)


def make_record(key: str, mode: str, metrics: list[dict[str, Any]], **more: Any) -> dict[str, Any]:
    return {
        "key": key,
        "mode": mode,
        "quick": True,
        "created": "2026-11-23T10:05:00Z",
        "seconds": 12.5,
        "metrics": metrics,
        "verdict": {"result": "VALID", "causes": []},
        "machine": {
            "cpu": "Test CPU",
            "cores": 2,
            "memory_gib": 7.6,
            "os": "Linux",
            "python": "3.11",
            "devices": [],
            "driver": "",
        },
        "packages": {"numpy": "2.1", "loadgen": "6.0.17"},
        "code": {"version": "0.1.0", "commit": "abcdef0123456789", "modified": True},
        "model": {"name": "digits.onnx", "sha256": "0", "synthetic": False},
        "accuracy": None,
        "notes": ["quick run: shortened"],
        "statement": "Result not verified by MLCommons Association.",
        **more,
    }


def make_result(snippet: Snippet, records: tuple[dict[str, Any], ...]) -> Result:
    return Result(
        snippet=snippet.id,
        text=snippet.text,
        status="passed",
        started="2026-11-23T10:05:00Z",
        seconds=12.5,
        exit_code=0,
        output="done\n",
        errors="",
        checks=(Check(expect="verdict = VALID", actual="VALID", ok=True),),
        depends=Dependencies(code={}, files={}),
        code_key="1",
        environment={"cpu": "Test CPU"},
        environment_key="2",
        records=records,
    )


def make_evidence(catalog: Catalog, *, measured: bool = True) -> FakeEvidence:
    evidence = FakeEvidence()
    for item in catalog.entries:
        if item.setting != Setting():
            continue
        snippet = Snippet(
            id=f"run:{item.key}",
            text=f"harness run --target {item.target}",
            language="console",
            source=item.source,
            measures=item.key,
            mode="performance",
            needs="cpu" if item.target == "cpu" else f"gpu={item.target}",
        )
        if item.target != "cpu" or not measured:
            evidence.add(
                FakeJudged(State.SKIPPED, f"this machine has no {item.target}", None, snippet)
            )
            continue
        unit = "samples/s" if item.scenario == "offline" else "queries/s"
        name = "samples_per_s" if item.scenario == "offline" else "queries_per_s"
        metrics = [
            {"name": name, "value": 68_123.456, "unit": unit, "better": "higher", "primary": True},
            {"name": "latency_p99_ms", "value": 1.2345, "unit": "ms", "better": "lower"},
        ]
        record = make_record(item.key, "performance", metrics)
        evidence.add(FakeJudged(State.MEASURED, "", make_result(snippet, (record,)), snippet))
    if measured:
        key = "cpu/digits/offline"
        snippet = Snippet(
            id=f"accuracy:{key}",
            text="harness run --mode accuracy",
            language="console",
            source=at("runtime/targets/cpu.py", 10),
            measures=key,
            mode="accuracy",
        )
        accuracy = {
            "metric": "top-1 accuracy",
            "value": 0.9815,
            "reference": 0.9815,
            "goal": 0.9717,
            "passed": True,
            "samples": 540,
        }
        metrics = [
            {
                "name": "accuracy",
                "value": 0.9815,
                "unit": "share",
                "better": "higher",
                "primary": True,
            }
        ]
        record = make_record(key, "accuracy", metrics, accuracy=accuracy)
        evidence.add(FakeJudged(State.MEASURED, "", make_result(snippet, (record,)), snippet))
    for target in catalog.targets:
        snippet = Snippet(
            id=f"resolve:{target.name}",
            text=f"harness run --target {target.name}",
            language="console",
            source=target.source,
        )
        evidence.add(FakeJudged(State.RESOLVED, "dry run", make_result(snippet, ()), snippet))
    return evidence


@pytest.fixture(name="catalog")
def catalog_fixture() -> Catalog:
    return make_catalog()


@pytest.fixture(name="evidence")
def evidence_fixture(catalog: Catalog) -> FakeEvidence:
    return make_evidence(catalog)


@pytest.fixture(name="config")
def config_fixture(tmp_path: Path) -> SimpleNamespace:
    docs = tmp_path / "docs"
    docs.mkdir()
    return SimpleNamespace(root=tmp_path, docs=docs, templates=TEMPLATES)


@pytest.fixture(scope="session", name="files")
def files_fixture(tmp_path_factory: pytest.TempPathFactory) -> MappingProxyType[str, str]:
    """Every file of the catalog above, rendered once for all tests that only read."""
    root = tmp_path_factory.mktemp("rendered")
    config = SimpleNamespace(root=root, docs=root, templates=TEMPLATES)
    catalog = make_catalog()
    return MappingProxyType(render(catalog, make_evidence(catalog), config))


@pytest.fixture(name="make")
def make_fixture() -> SimpleNamespace:
    """The builders, for tests that need a changed catalog."""
    return SimpleNamespace(
        catalog=make_catalog,
        evidence=make_evidence,
        record=make_record,
        result=make_result,
        judged=FakeJudged,
        entry=entry,
        replace=msgspec.structs.replace,
    )
