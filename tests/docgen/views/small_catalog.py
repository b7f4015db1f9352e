"""A small catalog, made by hand: two GPUs, a slice, a CPU, two workloads."""

from __future__ import annotations

from typing import Any

from small_words import API, COMMANDS, FAILURES, POLICIES, TERMS, WORDS, WORKLOADS, at

from docgen.catalog import (
    Catalog,
    Diagnostic,
    Entry,
    Fact,
    FieldSpec,
    MigSlice,
    Setting,
    Source,
    Step,
    Target,
    Value,
)


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
