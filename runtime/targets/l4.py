"""NVIDIA L4 24GB: one, and a system of eight."""

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

L4 = Target(
    name="l4",
    title="NVIDIA L4 24GB",
    family=Family.ADA,
    compute_capability=Fact(
        value="8.9",
        source="NVIDIA, CUDA GPU Compute Capability table, developer.nvidia.com/cuda-gpus",
    ),
    memory_gb=Fact(value=24.0, source="NVIDIA L4 Tensor Core GPU data sheet: 24GB"),
    bandwidth_gb_s=Fact(value=300.0, source="NVIDIA L4 Tensor Core GPU data sheet: 300GB/s"),
    sms=Fact(
        value=58,
        source=(
            "Computed: 7,424 CUDA cores (vendors' listings) / 128 an SM (NVIDIA Ada GPU "
            "Architecture white paper)"
        ),
        note=(
            "The data sheet prints neither. Listings disagree with themselves: some print "
            "7,424 cores beside 60 SMs, others 7,680 cores."
        ),
    ),
    power_w=Fact(
        value=72.0, source="NVIDIA L4 Tensor Core GPU data sheet: max thermal design power 72W"
    ),
    mig_capable=Fact(
        value=False,
        source=(
            "NVIDIA MIG User Guide, 'Supported GPUs', "
            "docs.nvidia.com/datacenter/tesla/mig-user-guide"
        ),
        note="Not in the table: the board has no MIG.",
    ),
    pci_ids=("0x27B810DE",),
    sibling="l40s",
)
"""One L4.

Source:
    pci_ids: NVIDIA/gpu-admin-tools gpu/devid_names.py: 27B8.
"""

L4_X8 = replace(L4, name="l4-x8", title="8x NVIDIA L4 24GB", devices=8, sibling="l4")
"""Eight L4 in one system."""

L4_RESNET50_OFFLINE = replace(
    GPU_RESNET50_OFFLINE, target_qps=13_000.0, batch_size=32, use_cuda_graph=True
)
"""ResNet-50 Offline on one L4.

Why:
    batch_size: Far below the HBM boards' 2048: a small working set stays in the large L2 cache, and
        this memory is slower.
    use_cuda_graph: At a batch this small the launches show.

Source:
    target_qps: offline_expected_qps in mlcommons/inference_results_v4.1
        closed/NVIDIA/configs/resnet50/Offline/__init__.py:42 (system L4x1)
    batch_size: gpu_batch_size in mlcommons/inference_results_v4.1
        closed/NVIDIA/configs/resnet50/Offline/__init__.py:42 (system L4x1)
    use_cuda_graph: use_graphs in mlcommons/inference_results_v4.1
        closed/NVIDIA/configs/resnet50/Offline/__init__.py:42 (system L4x1)
"""

L4_RESNET50_SERVER = replace(
    ADA_RESNET50_SERVER,
    target_qps=12_200.0,
    batch_size=16,
    lanes=2,
    max_queue_delay_us=2_000,
    use_cuda_graph=False,
)
"""ResNet-50 Server on one L4.

Why:
    use_cuda_graph: L4's Server entry is the only one of the round that does not set it.

Source:
    target_qps: server_target_qps in mlcommons/inference_results_v4.1
        closed/NVIDIA/configs/resnet50/Server/__init__.py:44 (system L4x1)
    batch_size: gpu_batch_size in mlcommons/inference_results_v4.1
        closed/NVIDIA/configs/resnet50/Server/__init__.py:44 (system L4x1)
    lanes: gpu_inference_streams in mlcommons/inference_results_v4.1
        closed/NVIDIA/configs/resnet50/Server/__init__.py:44 (system L4x1)
    max_queue_delay_us: deque_timeout_usec in mlcommons/inference_results_v4.1
        closed/NVIDIA/configs/resnet50/Server/__init__.py:44 (system L4x1)
    use_cuda_graph: mlcommons/inference_results_v4.1
        closed/NVIDIA/configs/resnet50/Server/__init__.py:44 (system L4x1), by absence.
"""

L4_RESNET50_SINGLE_STREAM = replace(GPU_RESNET50_SINGLE_STREAM, expected_latency_ms=0.66)
"""ResNet-50 SingleStream on one L4.

Source:
    expected_latency_ms: single_stream_expected_latency_ns in mlcommons/inference_results_v4.1
        closed/NVIDIA/configs/resnet50/SingleStream/__init__.py:40 (system L4x1)
"""

L4_RESNET50_MULTI_STREAM = replace(GPU_RESNET50_MULTI_STREAM, expected_latency_ms=0.83)
"""ResNet-50 MultiStream on one L4.

Source:
    expected_latency_ms: multi_stream_expected_latency_ns in mlcommons/inference_results_v4.1
        closed/NVIDIA/configs/resnet50/MultiStream/__init__.py:41 (system L4x1)
"""

L4_RESNET50_OFFLINE_X8 = replace(L4_RESNET50_OFFLINE, target_qps=L4_RESNET50_OFFLINE.target_qps * 8)
"""ResNet-50 Offline on eight L4.

Source:
    target_qps: not measured: the rate of one GPU times eight.
"""

L4_RESNET50_SERVER_X8 = replace(L4_RESNET50_SERVER, target_qps=L4_RESNET50_SERVER.target_qps * 8)
"""ResNet-50 Server on eight L4.

Source:
    target_qps: not measured: the rate of one GPU times eight.
"""

TARGETS = (L4, L4_X8)
"""Targets of this file."""

ENTRIES = (
    Entry(target="l4", workload="resnet50", settings=L4_RESNET50_OFFLINE),
    Entry(target="l4", workload="resnet50", settings=L4_RESNET50_SERVER),
    Entry(target="l4", workload="resnet50", settings=L4_RESNET50_SINGLE_STREAM),
    Entry(target="l4", workload="resnet50", settings=L4_RESNET50_MULTI_STREAM),
    Entry(target="l4", workload="digits", settings=GPU_DIGITS_OFFLINE),
    Entry(target="l4", workload="digits", settings=GPU_DIGITS_SERVER),
    Entry(target="l4", workload="digits", settings=GPU_DIGITS_SINGLE_STREAM),
    Entry(target="l4", workload="digits", settings=GPU_DIGITS_MULTI_STREAM),
    Entry(target="l4-x8", workload="resnet50", settings=L4_RESNET50_OFFLINE_X8),
    Entry(target="l4-x8", workload="resnet50", settings=L4_RESNET50_SERVER_X8),
    Entry(target="l4-x8", workload="digits", settings=GPU_DIGITS_OFFLINE_X8),
    Entry(target="l4-x8", workload="digits", settings=GPU_DIGITS_SERVER_X8),
)
"""Entries of the targets of this file."""
