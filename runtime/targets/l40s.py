"""NVIDIA L40S 48GB: one, and a system of eight."""

from __future__ import annotations

from dataclasses import replace

from runtime.configs.schema import Entry
from runtime.configs.target import Fact, Target
from runtime.targets._ada import ADA_RESNET50_SERVER
from runtime.targets._gpu import (
    GPU_DIGITS_MULTI_STREAM,
    GPU_DIGITS_OFFLINE,
    GPU_DIGITS_OFFLINE_X8,
    GPU_DIGITS_SERVER,
    GPU_DIGITS_SERVER_X8,
    GPU_DIGITS_SINGLE_STREAM,
    GPU_RESNET50_MULTI_STREAM,
    GPU_RESNET50_OFFLINE,
    GPU_RESNET50_SINGLE_STREAM,
)
from runtime.vocabulary import Family

L40S = Target(
    name="l40s",
    title="NVIDIA L40S 48GB",
    family=Family.ADA,
    compute_capability=Fact(
        value="8.9",
        source="NVIDIA, CUDA GPU Compute Capability table, developer.nvidia.com/cuda-gpus",
    ),
    memory_gb=Fact(value=48.0, source="NVIDIA L40S data sheet: 48GB GDDR6 with ECC"),
    bandwidth_gb_s=Fact(value=864.0, source="NVIDIA L40S data sheet: 864GB/s"),
    sms=Fact(
        value=142,
        source=(
            "NVIDIA L40S data sheet: 142 RT Cores, one an SM, and 18,176 CUDA Cores, 128 an SM"
        ),
        note="Computed from either; both give 142.",
    ),
    power_w=Fact(value=350.0, source="NVIDIA L40S data sheet: max power consumption 350W"),
    mig_capable=Fact(
        value=False,
        source=(
            "NVIDIA MIG User Guide, 'Supported GPUs', "
            "docs.nvidia.com/datacenter/tesla/mig-user-guide"
        ),
        note="Not in the table: the board has no MIG.",
    ),
    pci_ids=("0x26B910DE",),
    sibling="l4",
)
"""One L40S.

Source:
    pci_ids: NVIDIA/gpu-admin-tools gpu/devid_names.py: 26B9.
"""

L40S_X8 = replace(L40S, name="l40s-x8", title="8x NVIDIA L40S 48GB", devices=8, sibling="l40s")
"""Eight L40S in one system."""

L40S_RESNET50_OFFLINE = replace(GPU_RESNET50_OFFLINE, target_qps=40_000.0, batch_size=64)
"""ResNet-50 Offline on one L40S.

Why:
    batch_size: Far below the HBM boards' 2048: a small working set stays in the large L2 cache, and
        this memory is slower.

Source:
    target_qps: offline_expected_qps in mlcommons/inference_results_v4.1
        closed/NVIDIA/configs/resnet50/Offline/__init__.py:59 (system L40Sx1)
    batch_size: gpu_batch_size in mlcommons/inference_results_v4.1
        closed/NVIDIA/configs/resnet50/Offline/__init__.py:59 (system L40Sx1)
"""

L40S_RESNET50_SERVER = replace(ADA_RESNET50_SERVER, target_qps=16_000.0, batch_size=64)
"""ResNet-50 Server on one L40S.

Source:
    target_qps: not measured: the round has no L40S Server entry; the value of L40x1 is kept
        (mlcommons/inference_results_v4.1 closed/NVIDIA/configs/resnet50/Server/__init__.py:57),
        which has the same 142 SMs and less power.
    batch_size: gpu_batch_size in mlcommons/inference_results_v4.1
        closed/NVIDIA/configs/resnet50/Server/__init__.py:57 (system L40x1)
"""

L40S_RESNET50_SINGLE_STREAM = replace(GPU_RESNET50_SINGLE_STREAM, expected_latency_ms=0.66)
"""ResNet-50 SingleStream on one L40S.

Source:
    expected_latency_ms: not measured: the value of L40x1 is kept (mlcommons/inference_results_v4.1
        closed/NVIDIA/configs/resnet50/SingleStream/__init__.py:47).
"""

L40S_RESNET50_MULTI_STREAM = replace(GPU_RESNET50_MULTI_STREAM, expected_latency_ms=0.83)
"""ResNet-50 MultiStream on one L40S.

Source:
    expected_latency_ms: not measured: the value of L40x1 is kept (mlcommons/inference_results_v4.1
        closed/NVIDIA/configs/resnet50/MultiStream/__init__.py:47).
"""

L40S_RESNET50_OFFLINE_X8 = replace(
    L40S_RESNET50_OFFLINE, target_qps=L40S_RESNET50_OFFLINE.target_qps * 8
)
"""ResNet-50 Offline on eight L40S.

Source:
    target_qps: not measured: the rate of one GPU times eight.
"""

L40S_RESNET50_SERVER_X8 = replace(
    L40S_RESNET50_SERVER, target_qps=L40S_RESNET50_SERVER.target_qps * 8
)
"""ResNet-50 Server on eight L40S.

Source:
    target_qps: not measured: the rate of one GPU times eight.
"""

TARGETS = (L40S, L40S_X8)
"""Targets of this file."""

ENTRIES = (
    Entry(target="l40s", workload="resnet50", settings=L40S_RESNET50_OFFLINE),
    Entry(target="l40s", workload="resnet50", settings=L40S_RESNET50_SERVER),
    Entry(target="l40s", workload="resnet50", settings=L40S_RESNET50_SINGLE_STREAM),
    Entry(target="l40s", workload="resnet50", settings=L40S_RESNET50_MULTI_STREAM),
    Entry(target="l40s", workload="digits", settings=GPU_DIGITS_OFFLINE),
    Entry(target="l40s", workload="digits", settings=GPU_DIGITS_SERVER),
    Entry(target="l40s", workload="digits", settings=GPU_DIGITS_SINGLE_STREAM),
    Entry(target="l40s", workload="digits", settings=GPU_DIGITS_MULTI_STREAM),
    Entry(target="l40s-x8", workload="resnet50", settings=L40S_RESNET50_OFFLINE_X8),
    Entry(target="l40s-x8", workload="resnet50", settings=L40S_RESNET50_SERVER_X8),
    Entry(target="l40s-x8", workload="digits", settings=GPU_DIGITS_OFFLINE_X8),
    Entry(target="l40s-x8", workload="digits", settings=GPU_DIGITS_SERVER_X8),
)
"""Entries of the targets of this file."""
