"""The smallest MIG slice of an A30: one of four compute slices, 6GB."""

from __future__ import annotations

from dataclasses import replace

from runtime.configs.schema import Entry
from runtime.configs.target import Fact, MigSlice
from runtime.targets._gpu import (
    GPU_DIGITS_MULTI_STREAM,
    GPU_DIGITS_SINGLE_STREAM,
    GPU_RESNET50_MULTI_STREAM,
    GPU_RESNET50_SINGLE_STREAM,
)
from runtime.targets._mig import (
    SLICE_DIGITS_OFFLINE,
    SLICE_DIGITS_SERVER,
    SLICE_RESNET50_OFFLINE,
    SLICE_RESNET50_SERVER,
)
from runtime.targets.a30 import A30
from runtime.targets.a100_sxm_80gb_mig_1g_10gb import (
    A100_SLICE_RESNET50_OFFLINE,
    A100_SLICE_RESNET50_SERVER,
    A100_SLICE_RESNET50_SINGLE_STREAM,
)
from runtime.vocabulary import HarnessKind

A30_SLICE = replace(
    A30,
    name="a30-mig-1g.6gb",
    title="NVIDIA A30, MIG slice 1g.6gb",
    memory_gb=Fact(
        value=6.24,
        source=(
            "NVIDIA MIG User Guide, 'Supported MIG Profiles', and nvidia-smi mig -lgip, "
            "1g.6gb: 5.81 GiB"
        ),
        note="5.81 GiB in 10^9 bytes; a quarter of the board's memory.",
    ),
    bandwidth_gb_s=None,
    sms=Fact(value=14, source="nvidia-smi mig -lgip, 1g.6gb: 14 SMs"),
    power_w=None,
    mig=MigSlice(board="A30-24GB", profile="1g.6gb"),
    sibling="a30",
)
"""One 1g.6gb slice of an A30.

Why:
    bandwidth_gb_s: No source states a slice's share in GB/s, so none is given.
    power_w: MIG does not partition power: the limit is the board's.
    mig_capable: Says that of the board; a slice is a GPU instance and is not partitioned into
        further ones.
"""

A30_SLICE_RESNET50_SINGLE_STREAM = replace(GPU_RESNET50_SINGLE_STREAM, expected_latency_ms=0.715769)
"""ResNet-50 SingleStream on a 1g.6gb slice of an A30.

Source:
    expected_latency_ms: single_stream_expected_latency_ns in mlcommons/inference_results_v4.1
        closed/NVIDIA/configs/resnet50/SingleStream/__init__.py:284 (system A30_MIG_1x1g_6gb)
"""

A30_SLICE_RESNET50_MULTI_STREAM = replace(GPU_RESNET50_MULTI_STREAM, expected_latency_ms=5.726152)
"""ResNet-50 MultiStream on a 1g.6gb slice of an A30.

Why:
    expected_latency_ms: Exactly eight times the SingleStream value: the round computed it.

Source:
    expected_latency_ms: multi_stream_expected_latency_ns in mlcommons/inference_results_v4.1
        closed/NVIDIA/configs/resnet50/MultiStream/__init__.py:289 (system A30_MIG_1x1g_6gb)
"""

A30_SLICE_RESNET50_OFFLINE = replace(
    SLICE_RESNET50_OFFLINE,
    target_qps=A100_SLICE_RESNET50_OFFLINE.target_qps
    * A100_SLICE_RESNET50_SINGLE_STREAM.expected_latency_ms
    / A30_SLICE_RESNET50_SINGLE_STREAM.expected_latency_ms,
)
"""ResNet-50 Offline on a 1g.6gb slice of an A30.

Source:
    target_qps: not measured: the round has no such entry; scaled from the A100's 1g.10gb slice,
        which has as many SMs, by their SingleStream latencies.
"""

A30_SLICE_RESNET50_SERVER = replace(
    SLICE_RESNET50_SERVER,
    target_qps=A100_SLICE_RESNET50_SERVER.target_qps
    * A100_SLICE_RESNET50_SINGLE_STREAM.expected_latency_ms
    / A30_SLICE_RESNET50_SINGLE_STREAM.expected_latency_ms,
)
"""ResNet-50 Server on a 1g.6gb slice of an A30.

Source:
    target_qps: not measured: the round has no such entry; scaled from the A100's 1g.10gb slice,
        which has as many SMs, by their SingleStream latencies.
"""

A30_SLICE_RESNET50_SINGLE_STREAM_HETERO = replace(
    A30_SLICE_RESNET50_SINGLE_STREAM, expected_latency_ms=0.74604
)
"""ResNet-50 SingleStream on a 1g.6gb slice while the other slices are loaded.

Why:
    expected_latency_ms: 4 % above the value without background work on the other slices.

Source:
    expected_latency_ms: single_stream_expected_latency_ns in mlcommons/inference_results_v4.1
        closed/NVIDIA/configs/resnet50/SingleStream/__init__.py:290 (system A30_MIG_1x1g_6gb,
        HeteroMIG)
"""

A30_SLICE_RESNET50_MULTI_STREAM_HETERO = replace(
    A30_SLICE_RESNET50_MULTI_STREAM, expected_latency_ms=5.96832
)
"""ResNet-50 MultiStream on a 1g.6gb slice while the other slices are loaded.

Why:
    expected_latency_ms: 4 % above the value without background work on the other slices.

Source:
    expected_latency_ms: multi_stream_expected_latency_ns in mlcommons/inference_results_v4.1
        closed/NVIDIA/configs/resnet50/MultiStream/__init__.py:295 (system A30_MIG_1x1g_6gb,
        HeteroMIG)
"""

TARGETS = (A30_SLICE,)
"""Targets of this file."""

ENTRIES = (
    Entry(target="a30-mig-1g.6gb", workload="resnet50", settings=A30_SLICE_RESNET50_OFFLINE),
    Entry(target="a30-mig-1g.6gb", workload="resnet50", settings=A30_SLICE_RESNET50_SERVER),
    Entry(target="a30-mig-1g.6gb", workload="resnet50", settings=A30_SLICE_RESNET50_SINGLE_STREAM),
    Entry(target="a30-mig-1g.6gb", workload="resnet50", settings=A30_SLICE_RESNET50_MULTI_STREAM),
    Entry(target="a30-mig-1g.6gb", workload="digits", settings=SLICE_DIGITS_OFFLINE),
    Entry(target="a30-mig-1g.6gb", workload="digits", settings=SLICE_DIGITS_SERVER),
    Entry(target="a30-mig-1g.6gb", workload="digits", settings=GPU_DIGITS_SINGLE_STREAM),
    Entry(target="a30-mig-1g.6gb", workload="digits", settings=GPU_DIGITS_MULTI_STREAM),
    Entry(
        target="a30-mig-1g.6gb",
        workload="resnet50",
        settings=A30_SLICE_RESNET50_SINGLE_STREAM_HETERO,
        harness=HarnessKind.HETERO_MIG,
    ),
    Entry(
        target="a30-mig-1g.6gb",
        workload="resnet50",
        settings=A30_SLICE_RESNET50_MULTI_STREAM_HETERO,
        harness=HarnessKind.HETERO_MIG,
    ),
)
"""Entries of the targets of this file."""
