"""NVIDIA GH200 Grace Hopper Superchip with 96GB of HBM3."""

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
    HOPPER_DIGITS_SERVER,
    HOPPER_RESNET50_OFFLINE,
    HOPPER_RESNET50_SERVER,
)
from runtime.vocabulary import Family

GH200 = Target(
    name="gh200-96gb",
    title="NVIDIA GH200 96GB",
    family=Family.HOPPER,
    compute_capability=Fact(
        value="9.0",
        source="NVIDIA, CUDA GPU Compute Capability table, developer.nvidia.com/cuda-gpus",
    ),
    memory_gb=Fact(
        value=96.0,
        source=(
            "NVIDIA GH200 Grace Hopper Superchip data sheet: 96GB HBM3; MIG User Guide, "
            "'Supported GPUs', H100 on GH200"
        ),
        note=(
            "The GPU's own memory, without the CPU's LPDDR5X. nvidia-smi mig -lgip lists "
            "93.0 GiB in 7g.96gb, which is 99.9 x 10^9 bytes."
        ),
    ),
    bandwidth_gb_s=Fact(
        value=4000.0,
        source="NVIDIA GH200 Grace Hopper Superchip data sheet, 96GB HBM3: up to 4TB/s",
        note="Rounded by the vendor to 1 TB/s.",
    ),
    sms=Fact(value=132, source="nvidia-smi mig -lgip, 7g.96gb: 132 SMs"),
    power_w=Fact(
        value=1000.0,
        source=(
            "NVIDIA GH200 Grace Hopper Superchip data sheet, module TDP: programmable "
            "from 450W to 1000W"
        ),
        note=(
            "For the whole module: CPU, GPU and memory; not comparable with a GPU's board power."
        ),
    ),
    mig_capable=Fact(
        value=True,
        source=(
            "NVIDIA MIG User Guide, 'Supported GPUs', "
            "docs.nvidia.com/datacenter/tesla/mig-user-guide"
        ),
        note="Up to seven instances.",
    ),
    pci_ids=("0x234210DE",),
    sibling="h100-sxm-80gb",
)
"""One GH200 96GB: a Grace CPU and a Hopper GPU in one package.

Source:
    pci_ids: NVIDIA/mig-parted bd7160f deployments/systemd/config-default.yaml, device-filter;
        NVIDIA/gpu-admin-tools gpu/devid_names.py names the id GH200 and H100.
"""

GH200_RESNET50_OFFLINE = replace(HOPPER_RESNET50_OFFLINE, target_qps=90_000.0)
"""ResNet-50 Offline on one GH200.

Source:
    target_qps: offline_expected_qps in mlcommons/inference_results_v4.1
        closed/NVIDIA/configs/resnet50/Offline/__init__.py:34 (system GH200_96GB_ARMx1)
"""

GH200_RESNET50_SERVER = replace(HOPPER_RESNET50_SERVER, target_qps=77_000.0)
"""ResNet-50 Server on one GH200.

Source:
    target_qps: server_target_qps in mlcommons/inference_results_v4.1
        closed/NVIDIA/configs/resnet50/Server/__init__.py:30 (system GH200_96GB_ARMx1)
"""

GH200_RESNET50_SINGLE_STREAM = replace(GPU_RESNET50_SINGLE_STREAM, expected_latency_ms=0.66)
"""ResNet-50 SingleStream on one GH200.

Source:
    expected_latency_ms: single_stream_expected_latency_ns in mlcommons/inference_results_v4.1
        closed/NVIDIA/configs/resnet50/SingleStream/__init__.py:33 (system GH200_96GB_ARMx1)
"""

GH200_RESNET50_MULTI_STREAM = replace(GPU_RESNET50_MULTI_STREAM, expected_latency_ms=0.83)
"""ResNet-50 MultiStream on one GH200.

Source:
    expected_latency_ms: multi_stream_expected_latency_ns in mlcommons/inference_results_v4.1
        closed/NVIDIA/configs/resnet50/MultiStream/__init__.py:35 (system GH200_96GB_ARMx1)
"""

TARGETS = (GH200,)
"""Targets of this file."""

ENTRIES = (
    Entry(target="gh200-96gb", workload="resnet50", settings=GH200_RESNET50_OFFLINE),
    Entry(target="gh200-96gb", workload="resnet50", settings=GH200_RESNET50_SERVER),
    Entry(target="gh200-96gb", workload="resnet50", settings=GH200_RESNET50_SINGLE_STREAM),
    Entry(target="gh200-96gb", workload="resnet50", settings=GH200_RESNET50_MULTI_STREAM),
    Entry(target="gh200-96gb", workload="digits", settings=HOPPER_DIGITS_OFFLINE),
    Entry(target="gh200-96gb", workload="digits", settings=HOPPER_DIGITS_SERVER),
    Entry(target="gh200-96gb", workload="digits", settings=GPU_DIGITS_SINGLE_STREAM),
    Entry(target="gh200-96gb", workload="digits", settings=GPU_DIGITS_MULTI_STREAM),
)
"""Entries of the targets of this file."""
