"""NVIDIA H100 PCIe 80GB: one, and a system of eight."""

from __future__ import annotations

from dataclasses import replace

from runtime.configs.schema import Entry
from runtime.configs.target import Fact, Target
from runtime.targets._gpu import (
    GPU_DIGITS_MULTI_STREAM,
    GPU_DIGITS_SINGLE_STREAM,
    GPU_RESNET50_MULTI_STREAM,
    GPU_RESNET50_SINGLE_STREAM,
)
from runtime.targets._hopper import (
    HOPPER_DIGITS_OFFLINE,
    HOPPER_DIGITS_OFFLINE_X8,
    HOPPER_DIGITS_SERVER,
    HOPPER_DIGITS_SERVER_X8,
    HOPPER_RESNET50_OFFLINE,
    HOPPER_RESNET50_SERVER,
)
from runtime.vocabulary import Family

H100_PCIE = Target(
    name="h100-pcie-80gb",
    title="NVIDIA H100 PCIe 80GB",
    family=Family.HOPPER,
    compute_capability=Fact(
        value="9.0",
        source="NVIDIA, CUDA GPU Compute Capability table, developer.nvidia.com/cuda-gpus",
    ),
    memory_gb=Fact(
        value=80.0,
        source="NVIDIA H100 Tensor Core GPU data sheet, H100 PCIe: GPU Memory 80GB",
        note=(
            "The vendor's GB are nominal: the MIG profile 7g.80gb lists 79.25 GiB, which "
            "is 85.1 x 10^9 bytes."
        ),
    ),
    bandwidth_gb_s=Fact(
        value=2000.0,
        source="NVIDIA H100 Tensor Core GPU data sheet, H100 PCIe: 2TB/s",
        note="Rounded by the vendor to 1 TB/s.",
    ),
    sms=Fact(
        value=114,
        source=(
            "NVIDIA H100 Tensor Core GPU Architecture white paper, H100 PCIe: 114 SMs; "
            "nvidia-smi mig -lgip, 7g.80gb"
        ),
    ),
    power_w=Fact(
        value=350.0,
        source="NVIDIA H100 Tensor Core GPU data sheet, H100 PCIe: 300-350W (configurable)",
        note="The upper end of the configurable range.",
    ),
    mig_capable=Fact(
        value=True,
        source=(
            "NVIDIA MIG User Guide, 'Supported GPUs', "
            "docs.nvidia.com/datacenter/tesla/mig-user-guide"
        ),
        note="Up to seven instances.",
    ),
    pci_ids=("0x233110DE",),
    sibling="h100-sxm-80gb",
)
"""One H100 PCIe.

Source:
    pci_ids: NVIDIA/mig-parted bd7160f deployments/systemd/config-default.yaml, device-filter
        H100-80GB.
"""

H100_PCIE_X8 = replace(
    H100_PCIE,
    name="h100-pcie-80gb-x8",
    title="8x NVIDIA H100 PCIe 80GB",
    devices=8,
    sibling="h100-pcie-80gb",
)
"""Eight H100 PCIe in one system."""

H100_PCIE_RESNET50_OFFLINE = replace(HOPPER_RESNET50_OFFLINE, target_qps=57_000.0)
"""ResNet-50 Offline on one H100 PCIe.

Source:
    target_qps: offline_expected_qps in mlcommons/inference_results_v4.1
        closed/NVIDIA/configs/resnet50/Offline/__init__.py:130 (system H100_PCIe_80GBx1)
"""

H100_PCIE_RESNET50_SERVER = replace(
    HOPPER_RESNET50_SERVER, target_qps=47_000.0, batch_size=128, lanes=2, max_queue_delay_us=2_000
)
"""ResNet-50 Server on one H100 PCIe.

Why:
    batch_size: Half of the SXM board's batch; a slower board needs more of the 15 ms for each
        batch.

Source:
    target_qps: server_target_qps in mlcommons/inference_results_v4.1
        closed/NVIDIA/configs/resnet50/Server/__init__.py:148 (system H100_PCIe_80GBx1)
    batch_size: gpu_batch_size in mlcommons/inference_results_v4.1
        closed/NVIDIA/configs/resnet50/Server/__init__.py:148 (system H100_PCIe_80GBx1)
    lanes: gpu_inference_streams in mlcommons/inference_results_v4.1
        closed/NVIDIA/configs/resnet50/Server/__init__.py:148 (system H100_PCIe_80GBx1)
    max_queue_delay_us: deque_timeout_usec in mlcommons/inference_results_v4.1
        closed/NVIDIA/configs/resnet50/Server/__init__.py:148 (system H100_PCIe_80GBx1)
"""

H100_PCIE_RESNET50_SINGLE_STREAM = replace(GPU_RESNET50_SINGLE_STREAM, expected_latency_ms=0.66)
"""ResNet-50 SingleStream on one H100 PCIe.

Source:
    expected_latency_ms: single_stream_expected_latency_ns in mlcommons/inference_results_v4.1
        closed/NVIDIA/configs/resnet50/SingleStream/__init__.py:54 (system H100_PCIe_80GBx1)
"""

H100_PCIE_RESNET50_MULTI_STREAM = replace(GPU_RESNET50_MULTI_STREAM, expected_latency_ms=0.83)
"""ResNet-50 MultiStream on one H100 PCIe.

Source:
    expected_latency_ms: multi_stream_expected_latency_ns in mlcommons/inference_results_v4.1
        closed/NVIDIA/configs/resnet50/MultiStream/__init__.py:64 (system H100_PCIe_80GBx1)
"""

H100_PCIE_RESNET50_OFFLINE_X8 = replace(H100_PCIE_RESNET50_OFFLINE, target_qps=450_000.0)
"""ResNet-50 Offline on eight H100 PCIe.

Source:
    target_qps: offline_expected_qps in mlcommons/inference_results_v4.1
        closed/NVIDIA/configs/resnet50/Offline/__init__.py:149 (system H100_PCIe_80GBx8)
"""

H100_PCIE_RESNET50_SERVER_X8 = replace(H100_PCIE_RESNET50_SERVER, target_qps=368_000.0)
"""ResNet-50 Server on eight H100 PCIe.

Source:
    target_qps: server_target_qps in mlcommons/inference_results_v4.1
        closed/NVIDIA/configs/resnet50/Server/__init__.py:175 (system H100_PCIe_80GBx8)
"""

TARGETS = (H100_PCIE, H100_PCIE_X8)
"""Targets of this file."""

ENTRIES = (
    Entry(target="h100-pcie-80gb", workload="resnet50", settings=H100_PCIE_RESNET50_OFFLINE),
    Entry(target="h100-pcie-80gb", workload="resnet50", settings=H100_PCIE_RESNET50_SERVER),
    Entry(target="h100-pcie-80gb", workload="resnet50", settings=H100_PCIE_RESNET50_SINGLE_STREAM),
    Entry(target="h100-pcie-80gb", workload="resnet50", settings=H100_PCIE_RESNET50_MULTI_STREAM),
    Entry(target="h100-pcie-80gb", workload="digits", settings=HOPPER_DIGITS_OFFLINE),
    Entry(target="h100-pcie-80gb", workload="digits", settings=HOPPER_DIGITS_SERVER),
    Entry(target="h100-pcie-80gb", workload="digits", settings=GPU_DIGITS_SINGLE_STREAM),
    Entry(target="h100-pcie-80gb", workload="digits", settings=GPU_DIGITS_MULTI_STREAM),
    Entry(target="h100-pcie-80gb-x8", workload="resnet50", settings=H100_PCIE_RESNET50_OFFLINE_X8),
    Entry(target="h100-pcie-80gb-x8", workload="resnet50", settings=H100_PCIE_RESNET50_SERVER_X8),
    Entry(target="h100-pcie-80gb-x8", workload="digits", settings=HOPPER_DIGITS_OFFLINE_X8),
    Entry(target="h100-pcie-80gb-x8", workload="digits", settings=HOPPER_DIGITS_SERVER_X8),
)
"""Entries of the targets of this file."""
