"""The smallest MIG slice of an A100 SXM 80GB: one of seven compute slices, 10GB."""

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
from runtime.targets.a100_sxm_80gb import A100_SXM
from runtime.vocabulary import HarnessKind

A100_SLICE = replace(
    A100_SXM,
    name="a100-sxm-80gb-mig-1g.10gb",
    title="NVIDIA A100 SXM 80GB, MIG slice 1g.10gb",
    memory_gb=Fact(
        value=10.2,
        source=(
            "NVIDIA MIG User Guide, 'Supported MIG Profiles', and nvidia-smi mig -lgip, "
            "1g.10gb: 9.50 GiB"
        ),
        note="9.50 GiB in 10^9 bytes; an eighth of the board's memory.",
    ),
    bandwidth_gb_s=None,
    sms=Fact(value=14, source="nvidia-smi mig -lgip, 1g.10gb: 14 SMs"),
    power_w=None,
    mig=MigSlice(board="A100-80GB", profile="1g.10gb"),
    sibling="a100-sxm-80gb",
)
"""One 1g.10gb slice of an A100 SXM 80GB.

Why:
    bandwidth_gb_s: No source states a slice's share in GB/s, so none is given.
    power_w: MIG does not partition power: the limit is the board's.
    mig_capable: Says that of the board; a slice is a GPU instance and is not partitioned into
        further ones.
"""

A100_SLICE_RESNET50_OFFLINE = replace(SLICE_RESNET50_OFFLINE, target_qps=5_100.0)
"""ResNet-50 Offline on a 1g.10gb slice of an A100 80GB.

Source:
    target_qps: offline_expected_qps in mlcommons/inference_results_v4.1
        closed/NVIDIA/configs/resnet50/Offline/__init__.py:403 (system A100_SXM_80GB_MIG_1x1g_10gb)
"""

A100_SLICE_RESNET50_SERVER = replace(SLICE_RESNET50_SERVER, target_qps=3_530.0)
"""ResNet-50 Server on a 1g.10gb slice of an A100 80GB.

Source:
    target_qps: server_target_qps in mlcommons/inference_results_v4.1
        closed/NVIDIA/configs/resnet50/Server/__init__.py:356 (system A100_SXM_80GB_MIG_1x1g_10gb)
"""

A100_SLICE_RESNET50_SINGLE_STREAM = replace(GPU_RESNET50_SINGLE_STREAM, expected_latency_ms=0.67)
"""ResNet-50 SingleStream on a 1g.10gb slice of an A100 80GB.

Source:
    expected_latency_ms: single_stream_expected_latency_ns in mlcommons/inference_results_v4.1
        closed/NVIDIA/configs/resnet50/SingleStream/__init__.py:155 (system
        A100_SXM_80GB_MIG_1x1g_10gb)
"""

A100_SLICE_RESNET50_MULTI_STREAM = replace(GPU_RESNET50_MULTI_STREAM, expected_latency_ms=2.1)
"""ResNet-50 MultiStream on a 1g.10gb slice of an A100 80GB.

Source:
    expected_latency_ms: multi_stream_expected_latency_ns in mlcommons/inference_results_v4.1
        closed/NVIDIA/configs/resnet50/MultiStream/__init__.py:154 (system
        A100_SXM_80GB_MIG_1x1g_10gb)
"""

A100_SLICE_RESNET50_SERVER_HETERO = replace(A100_SLICE_RESNET50_SERVER, target_qps=3_600.0)
"""ResNet-50 Server on a 1g.10gb slice while the other slices are loaded.

Why:
    target_qps: The round has more here than its 3 530 without background work; it does not say why.

Source:
    target_qps: server_target_qps in mlcommons/inference_results_v4.1
        closed/NVIDIA/configs/resnet50/Server/__init__.py:369 (system A100_SXM_80GB_MIG_1x1g_10gb,
        HeteroMIG)
"""

A100_SLICE_RESNET50_SERVER_TRITON = replace(
    A100_SLICE_RESNET50_SERVER, target_qps=3_440.0, use_cuda_graph=False
)
"""ResNet-50 Server on a 1g.10gb slice behind a Triton server.

Why:
    use_cuda_graph: The round leaves CUDA graphs off behind Triton.

Source:
    target_qps: server_target_qps in mlcommons/inference_results_v4.1
        closed/NVIDIA/configs/resnet50/Server/__init__.py:374 (system A100_SXM_80GB_MIG_1x1g_10gb,
        Triton)
    use_cuda_graph: use_graphs in mlcommons/inference_results_v4.1
        closed/NVIDIA/configs/resnet50/Server/__init__.py:374 (system A100_SXM_80GB_MIG_1x1g_10gb,
        Triton)
"""

TARGETS = (A100_SLICE,)
"""Targets of this file."""

ENTRIES = (
    Entry(
        target="a100-sxm-80gb-mig-1g.10gb",
        workload="resnet50",
        settings=A100_SLICE_RESNET50_OFFLINE,
    ),
    Entry(
        target="a100-sxm-80gb-mig-1g.10gb", workload="resnet50", settings=A100_SLICE_RESNET50_SERVER
    ),
    Entry(
        target="a100-sxm-80gb-mig-1g.10gb",
        workload="resnet50",
        settings=A100_SLICE_RESNET50_SINGLE_STREAM,
    ),
    Entry(
        target="a100-sxm-80gb-mig-1g.10gb",
        workload="resnet50",
        settings=A100_SLICE_RESNET50_MULTI_STREAM,
    ),
    Entry(target="a100-sxm-80gb-mig-1g.10gb", workload="digits", settings=SLICE_DIGITS_OFFLINE),
    Entry(target="a100-sxm-80gb-mig-1g.10gb", workload="digits", settings=SLICE_DIGITS_SERVER),
    Entry(target="a100-sxm-80gb-mig-1g.10gb", workload="digits", settings=GPU_DIGITS_SINGLE_STREAM),
    Entry(target="a100-sxm-80gb-mig-1g.10gb", workload="digits", settings=GPU_DIGITS_MULTI_STREAM),
    Entry(
        target="a100-sxm-80gb-mig-1g.10gb",
        workload="resnet50",
        settings=A100_SLICE_RESNET50_OFFLINE,
        harness=HarnessKind.HETERO_MIG,
    ),
    Entry(
        target="a100-sxm-80gb-mig-1g.10gb",
        workload="resnet50",
        settings=A100_SLICE_RESNET50_SERVER_HETERO,
        harness=HarnessKind.HETERO_MIG,
    ),
    Entry(
        target="a100-sxm-80gb-mig-1g.10gb",
        workload="resnet50",
        settings=A100_SLICE_RESNET50_SINGLE_STREAM,
        harness=HarnessKind.HETERO_MIG,
    ),
    Entry(
        target="a100-sxm-80gb-mig-1g.10gb",
        workload="resnet50",
        settings=A100_SLICE_RESNET50_MULTI_STREAM,
        harness=HarnessKind.HETERO_MIG,
    ),
    Entry(
        target="a100-sxm-80gb-mig-1g.10gb",
        workload="resnet50",
        settings=A100_SLICE_RESNET50_SERVER_TRITON,
        harness=HarnessKind.TRITON,
    ),
)
"""Entries of the targets of this file."""
