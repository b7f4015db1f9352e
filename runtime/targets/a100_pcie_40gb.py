"""NVIDIA A100 PCIe 40GB: one, and a system of eight."""

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
from runtime.vocabulary import Family

A100_PCIE = Target(
    name="a100-pcie-40gb",
    title="NVIDIA A100 PCIe 40GB",
    family=Family.AMPERE,
    compute_capability=Fact(
        value="8.0",
        source="NVIDIA, CUDA GPU Compute Capability table, developer.nvidia.com/cuda-gpus",
    ),
    memory_gb=Fact(
        value=40.0,
        source="NVIDIA A100 Tensor Core GPU data sheet, A100 40GB PCIe: 40GB HBM2",
        note=(
            "The vendor's GB are nominal: the MIG profile 7g.40gb lists 39.5 GiB, which "
            "is 42.4 x 10^9 bytes."
        ),
    ),
    bandwidth_gb_s=Fact(
        value=1555.0, source="NVIDIA A100 Tensor Core GPU data sheet, A100 40GB PCIe: 1,555GB/s"
    ),
    sms=Fact(
        value=108,
        source="NVIDIA A100 Tensor Core GPU Architecture white paper: 108 SMs",
        note="In MIG mode 7g.40gb has 98 of them.",
    ),
    power_w=Fact(
        value=250.0, source="NVIDIA A100 Tensor Core GPU data sheet, A100 40GB PCIe: 250W"
    ),
    mig_capable=Fact(
        value=True,
        source=(
            "NVIDIA MIG User Guide, 'Supported GPUs', "
            "docs.nvidia.com/datacenter/tesla/mig-user-guide"
        ),
        note="Up to seven instances.",
    ),
    pci_ids=("0x20B110DE", "0x20F110DE"),
    sibling="a100-sxm-80gb",
)
"""One A100 PCIe 40GB.

Source:
    pci_ids: NVIDIA/mig-parted bd7160f deployments/systemd/config-default.yaml, device-filter
        A100-40GB; of its four ids the two that the PCI ID database names A100 PCIe 40GB.
"""

A100_PCIE_X8 = replace(
    A100_PCIE,
    name="a100-pcie-40gb-x8",
    title="8x NVIDIA A100 PCIe 40GB",
    devices=8,
    sibling="a100-pcie-40gb",
)
"""Eight A100 PCIe 40GB in one system."""

A100_PCIE_RESNET50_OFFLINE = replace(AMPERE_RESNET50_OFFLINE, target_qps=36_000.0)
"""ResNet-50 Offline on one A100 PCIe 40GB.

Why:
    target_qps: The round's only entries for the whole board have an Arm host.

Source:
    target_qps: offline_expected_qps in mlcommons/inference_results_v4.1
        closed/NVIDIA/configs/resnet50/Offline/__init__.py:302 (system A100_PCIe_40GB_ARMx1)
"""

A100_PCIE_RESNET50_SERVER = replace(
    AMPERE_RESNET50_SERVER, target_qps=236_000 / 8 * 36_000 / 40_000
)
"""ResNet-50 Server on one A100 PCIe 40GB.

Source:
    target_qps: not measured: an eighth of A100_PCIe_80GBx8's 236 000
        (mlcommons/inference_results_v4.1 closed/NVIDIA/configs/resnet50/Server/__init__.py:216),
        scaled by the Offline rates of the 40 GB and 80 GB boards, 36 000 to 40 000
        (mlcommons/inference_results_v4.1 closed/NVIDIA/configs/resnet50/Offline/__init__.py:302 and
        :183).
"""

A100_PCIE_RESNET50_SINGLE_STREAM = replace(GPU_RESNET50_SINGLE_STREAM, expected_latency_ms=0.66)
"""ResNet-50 SingleStream on one A100 PCIe 40GB.

Source:
    expected_latency_ms: single_stream_expected_latency_ns in mlcommons/inference_results_v4.1
        closed/NVIDIA/configs/resnet50/SingleStream/__init__.py:118 (system A100_PCIe_40GB_ARMx1)
"""

A100_PCIE_RESNET50_MULTI_STREAM = replace(GPU_RESNET50_MULTI_STREAM, expected_latency_ms=0.83)
"""ResNet-50 MultiStream on one A100 PCIe 40GB.

Source:
    expected_latency_ms: multi_stream_expected_latency_ns in mlcommons/inference_results_v4.1
        closed/NVIDIA/configs/resnet50/MultiStream/__init__.py:115 (system A100_PCIe_40GB_ARMx1)
"""

A100_PCIE_RESNET50_OFFLINE_X8 = replace(A100_PCIE_RESNET50_OFFLINE, target_qps=140_000.0 * 2)
"""ResNet-50 Offline on eight A100 PCIe 40GB.

Source:
    target_qps: not measured: twice A100_PCIe_40GB_ARMx4's 140 000 (mlcommons/inference_results_v4.1
        closed/NVIDIA/configs/resnet50/Offline/__init__.py:337).
"""

A100_PCIE_RESNET50_SERVER_X8 = replace(
    A100_PCIE_RESNET50_SERVER, target_qps=A100_PCIE_RESNET50_SERVER.target_qps * 8
)
"""ResNet-50 Server on eight A100 PCIe 40GB.

Source:
    target_qps: not measured: the rate of one GPU times eight.
"""

TARGETS = (A100_PCIE, A100_PCIE_X8)
"""Targets of this file."""

ENTRIES = (
    Entry(target="a100-pcie-40gb", workload="resnet50", settings=A100_PCIE_RESNET50_OFFLINE),
    Entry(target="a100-pcie-40gb", workload="resnet50", settings=A100_PCIE_RESNET50_SERVER),
    Entry(target="a100-pcie-40gb", workload="resnet50", settings=A100_PCIE_RESNET50_SINGLE_STREAM),
    Entry(target="a100-pcie-40gb", workload="resnet50", settings=A100_PCIE_RESNET50_MULTI_STREAM),
    Entry(target="a100-pcie-40gb", workload="digits", settings=GPU_DIGITS_OFFLINE),
    Entry(target="a100-pcie-40gb", workload="digits", settings=GPU_DIGITS_SERVER),
    Entry(target="a100-pcie-40gb", workload="digits", settings=GPU_DIGITS_SINGLE_STREAM),
    Entry(target="a100-pcie-40gb", workload="digits", settings=GPU_DIGITS_MULTI_STREAM),
    Entry(target="a100-pcie-40gb-x8", workload="resnet50", settings=A100_PCIE_RESNET50_OFFLINE_X8),
    Entry(target="a100-pcie-40gb-x8", workload="resnet50", settings=A100_PCIE_RESNET50_SERVER_X8),
    Entry(target="a100-pcie-40gb-x8", workload="digits", settings=GPU_DIGITS_OFFLINE_X8),
    Entry(target="a100-pcie-40gb-x8", workload="digits", settings=GPU_DIGITS_SERVER_X8),
)
"""Entries of the targets of this file."""
