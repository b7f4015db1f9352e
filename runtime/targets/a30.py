"""NVIDIA A30 24GB: one, and a system of eight."""

from __future__ import annotations

from dataclasses import replace

from runtime.configs.schema import Entry
from runtime.configs.target import Fact, Target
from runtime.targets._ampere import AMPERE_RESNET50_OFFLINE, AMPERE_RESNET50_SERVER
from runtime.targets._gpu import (
    GPU_DIGITS_MULTI_STREAM,
    GPU_DIGITS_OFFLINE,
    GPU_DIGITS_OFFLINE_X8,
    GPU_DIGITS_SERVER,
    GPU_DIGITS_SERVER_X8,
    GPU_DIGITS_SINGLE_STREAM,
    GPU_RESNET50_MULTI_STREAM,
    GPU_RESNET50_SINGLE_STREAM,
)
from runtime.targets.a100_sxm_80gb_mig_1g_10gb import (
    A100_SLICE_RESNET50_OFFLINE,
    A100_SLICE_RESNET50_SERVER,
)
from runtime.vocabulary import Family

A30 = Target(
    name="a30",
    title="NVIDIA A30 24GB",
    family=Family.AMPERE,
    compute_capability=Fact(
        value="8.0",
        source="NVIDIA, CUDA GPU Compute Capability table, developer.nvidia.com/cuda-gpus",
    ),
    memory_gb=Fact(
        value=24.0,
        source="NVIDIA A30 Tensor Core GPU data sheet: 24GB HBM2",
        note="The MIG profile 4g.24gb lists 23.44 GiB, which is 25.2 x 10^9 bytes.",
    ),
    bandwidth_gb_s=Fact(value=933.0, source="NVIDIA A30 Tensor Core GPU data sheet: 933GB/s"),
    sms=Fact(
        value=56,
        source="nvidia-smi mig -lgip, 4g.24gb: 56 SMs",
        note="The data sheet does not print it; the profile is the whole board.",
    ),
    power_w=Fact(value=165.0, source="NVIDIA A30 Tensor Core GPU data sheet: 165W"),
    mig_capable=Fact(
        value=True,
        source=(
            "NVIDIA MIG User Guide, 'Supported GPUs', "
            "docs.nvidia.com/datacenter/tesla/mig-user-guide"
        ),
        note="Up to four instances.",
    ),
    pci_ids=("0x20B710DE",),
    sibling="a100-pcie-40gb",
)
"""One A30.

Source:
    pci_ids: NVIDIA/mig-parted bd7160f deployments/systemd/config-default.yaml, device-filter
        A30-24GB.
"""

A30_X8 = replace(A30, name="a30-x8", title="8x NVIDIA A30 24GB", devices=8, sibling="a30")
"""Eight A30 in one system."""

A30_RESNET50_OFFLINE = replace(
    AMPERE_RESNET50_OFFLINE,
    target_qps=A100_SLICE_RESNET50_OFFLINE.target_qps * 56 / 14,
    batch_size=1024,
)
"""ResNet-50 Offline on one A30.

Why:
    batch_size: About half of an A100's SMs: half of its batch.

Source:
    target_qps: not measured: the round has no A30 Offline entry; scaled from the A100's 1g.10gb
        slice by the SMs, 56 to 14.
    batch_size: not measured: half of A100_SXM_80GBx1's batch.
"""

A30_RESNET50_SERVER = replace(
    AMPERE_RESNET50_SERVER,
    target_qps=A100_SLICE_RESNET50_SERVER.target_qps * 56 / 14,
    batch_size=32,
)
"""ResNet-50 Server on one A30.

Why:
    batch_size: About half of an A100's SMs: half of its batch.

Source:
    target_qps: not measured: the round has no A30 Server entry; scaled from the A100's 1g.10gb
        slice by the SMs, 56 to 14.
    batch_size: not measured: half of A100_PCIe_80GBx8's batch.
"""

A30_RESNET50_SINGLE_STREAM = replace(GPU_RESNET50_SINGLE_STREAM, expected_latency_ms=0.66)
"""ResNet-50 SingleStream on one A30.

Source:
    expected_latency_ms: single_stream_expected_latency_ns in mlcommons/inference_results_v4.1
        closed/NVIDIA/configs/resnet50/SingleStream/__init__.py:309 (system A30x1)
"""

A30_RESNET50_MULTI_STREAM = replace(GPU_RESNET50_MULTI_STREAM, expected_latency_ms=0.96)
"""ResNet-50 MultiStream on one A30.

Source:
    expected_latency_ms: multi_stream_expected_latency_ns in mlcommons/inference_results_v4.1
        closed/NVIDIA/configs/resnet50/MultiStream/__init__.py:315 (system A30x1)
"""

A30_RESNET50_OFFLINE_X8 = replace(
    A30_RESNET50_OFFLINE, target_qps=A30_RESNET50_OFFLINE.target_qps * 8
)
"""ResNet-50 Offline on eight A30.

Source:
    target_qps: not measured: the rate of one GPU times eight.
"""

A30_RESNET50_SERVER_X8 = replace(A30_RESNET50_SERVER, target_qps=A30_RESNET50_SERVER.target_qps * 8)
"""ResNet-50 Server on eight A30.

Source:
    target_qps: not measured: the rate of one GPU times eight.
"""

TARGETS = (A30, A30_X8)
"""Targets of this file."""

ENTRIES = (
    Entry(target="a30", workload="resnet50", settings=A30_RESNET50_OFFLINE),
    Entry(target="a30", workload="resnet50", settings=A30_RESNET50_SERVER),
    Entry(target="a30", workload="resnet50", settings=A30_RESNET50_SINGLE_STREAM),
    Entry(target="a30", workload="resnet50", settings=A30_RESNET50_MULTI_STREAM),
    Entry(target="a30", workload="digits", settings=GPU_DIGITS_OFFLINE),
    Entry(target="a30", workload="digits", settings=GPU_DIGITS_SERVER),
    Entry(target="a30", workload="digits", settings=GPU_DIGITS_SINGLE_STREAM),
    Entry(target="a30", workload="digits", settings=GPU_DIGITS_MULTI_STREAM),
    Entry(target="a30-x8", workload="resnet50", settings=A30_RESNET50_OFFLINE_X8),
    Entry(target="a30-x8", workload="resnet50", settings=A30_RESNET50_SERVER_X8),
    Entry(target="a30-x8", workload="digits", settings=GPU_DIGITS_OFFLINE_X8),
    Entry(target="a30-x8", workload="digits", settings=GPU_DIGITS_SERVER_X8),
)
"""Entries of the targets of this file."""
