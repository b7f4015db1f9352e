"""NVIDIA H200 SXM 141GB: one, and a system of eight."""

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
from runtime.vocabulary import Family, PowerSetting

H200 = Target(
    name="h200-sxm-141gb",
    title="NVIDIA H200 SXM 141GB",
    family=Family.HOPPER,
    compute_capability=Fact(
        value="9.0",
        source="NVIDIA, CUDA GPU Compute Capability table, developer.nvidia.com/cuda-gpus",
    ),
    memory_gb=Fact(
        value=141.0,
        source=(
            "NVIDIA H200 Tensor Core GPU data sheet: GPU Memory 141GB; MIG User Guide, "
            "'Supported GPUs', H200-SXM5"
        ),
        note=(
            "The vendor's GB are nominal: the MIG profile 7g.141gb lists 140 GiB, which "
            "is 150.3 x 10^9 bytes."
        ),
    ),
    bandwidth_gb_s=Fact(
        value=4800.0,
        source="NVIDIA H200 Tensor Core GPU data sheet: 4.8TB/s",
        note="Rounded by the vendor to 0.1 TB/s.",
    ),
    sms=Fact(
        value=132,
        source="nvidia-smi mig -lgip, 7g.141gb: 132 SMs",
        note="The data sheet does not print it; the profile is the whole board.",
    ),
    power_w=Fact(
        value=700.0,
        source="NVIDIA H200 Tensor Core GPU data sheet, H200 SXM: up to 700W (configurable)",
        note=("The same in mlcommons/inference_results_v4.1 closed/NVIDIA/systems: H200 TGP 700W."),
    ),
    mig_capable=Fact(
        value=True,
        source=(
            "NVIDIA MIG User Guide, 'Supported GPUs', "
            "docs.nvidia.com/datacenter/tesla/mig-user-guide"
        ),
        note="Up to seven instances.",
    ),
    pci_ids=("0x233510DE",),
    sibling="h100-sxm-80gb",
)
"""One H200 SXM.

Source:
    pci_ids: NVIDIA/mig-parted bd7160f deployments/systemd/config-default.yaml, device-filter
        H200-141GB; 0x233B10DE of the same filter is the H200 NVL.
"""

H200_X8 = replace(
    H200,
    name="h200-sxm-141gb-x8",
    title="8x NVIDIA H200 SXM 141GB",
    devices=8,
    sibling="h200-sxm-141gb",
)
"""Eight H200 SXM in one system (DGX or HGX H200)."""

H200_RESNET50_OFFLINE = replace(HOPPER_RESNET50_OFFLINE, target_qps=90_000.0)
"""ResNet-50 Offline on one H200.

Why:
    target_qps: The same as on H100 SXM, with which it shares the number of SMs; the larger memory
        shows in other workloads.

Source:
    target_qps: offline_expected_qps in mlcommons/inference_results_v4.1
        closed/NVIDIA/configs/resnet50/Offline/__init__.py:98 (system H200_SXM_141GBx1)
"""

H200_RESNET50_SERVER = replace(HOPPER_RESNET50_SERVER, target_qps=79_000.0)
"""ResNet-50 Server on one H200.

Source:
    target_qps: server_target_qps in mlcommons/inference_results_v4.1
        closed/NVIDIA/configs/resnet50/Server/__init__.py:70 (system H200_SXM_141GBx1)
"""

H200_RESNET50_SINGLE_STREAM = replace(GPU_RESNET50_SINGLE_STREAM, expected_latency_ms=0.66)
"""ResNet-50 SingleStream on one H200.

Source:
    expected_latency_ms: not measured: the round has no such H200 entry; the value of
        H100_SXM_80GBx1 is kept.
"""

H200_RESNET50_MULTI_STREAM = replace(GPU_RESNET50_MULTI_STREAM, expected_latency_ms=0.83)
"""ResNet-50 MultiStream on one H200.

Source:
    expected_latency_ms: not measured: the round has no such H200 entry; the value of
        H100_SXM_80GBx1 is kept.
"""

H200_RESNET50_OFFLINE_X8 = replace(H200_RESNET50_OFFLINE, target_qps=750_000.0)
"""ResNet-50 Offline on eight H200.

Source:
    target_qps: offline_expected_qps in mlcommons/inference_results_v4.1
        closed/NVIDIA/configs/resnet50/Offline/__init__.py:106 (system H200_SXM_141GBx8)
"""

H200_RESNET50_SERVER_X8 = replace(H200_RESNET50_SERVER, target_qps=632_000.0, lanes=7)
"""ResNet-50 Server on eight H200.

Why:
    lanes: More than on one GPU, so that a GPU has work while the host serves the other seven.

Source:
    target_qps: server_target_qps in mlcommons/inference_results_v4.1
        closed/NVIDIA/configs/resnet50/Server/__init__.py:84 (system H200_SXM_141GBx8)
    lanes: gpu_inference_streams in mlcommons/inference_results_v4.1
        closed/NVIDIA/configs/resnet50/Server/__init__.py:84 (system H200_SXM_141GBx8)
"""

H200_RESNET50_SERVER_X8_MAXQ = replace(H200_RESNET50_SERVER_X8, target_qps=480_000.0)
"""ResNet-50 Server on eight H200, tuned for efficiency.

Why:
    target_qps: The round caps each GPU at 400 W for it (power_limit).

Source:
    target_qps: server_target_qps in mlcommons/inference_results_v4.1
        closed/NVIDIA/configs/resnet50/Server/__init__.py:93 (system H200_SXM_141GBx8, MaxQ)
"""

H200_RESNET50_OFFLINE_X8_MAXQ = replace(
    H200_RESNET50_OFFLINE_X8,
    target_qps=H200_RESNET50_OFFLINE_X8.target_qps
    * H200_RESNET50_SERVER_X8_MAXQ.target_qps
    / H200_RESNET50_SERVER_X8.target_qps,
)
"""ResNet-50 Offline on eight H200, tuned for efficiency.

Why:
    target_qps: The round's own 53 000 (mlcommons/inference_results_v4.1
        closed/NVIDIA/configs/resnet50/Offline/__init__.py:111) is less than one GPU's 90 000 and
        looks like a lost digit.

Source:
    target_qps: not measured: scaled from MaxP by the Server ratio of MaxQ to MaxP.
"""

TARGETS = (H200, H200_X8)
"""Targets of this file."""

ENTRIES = (
    Entry(target="h200-sxm-141gb", workload="resnet50", settings=H200_RESNET50_OFFLINE),
    Entry(target="h200-sxm-141gb", workload="resnet50", settings=H200_RESNET50_SERVER),
    Entry(target="h200-sxm-141gb", workload="resnet50", settings=H200_RESNET50_SINGLE_STREAM),
    Entry(target="h200-sxm-141gb", workload="resnet50", settings=H200_RESNET50_MULTI_STREAM),
    Entry(target="h200-sxm-141gb", workload="digits", settings=HOPPER_DIGITS_OFFLINE),
    Entry(target="h200-sxm-141gb", workload="digits", settings=HOPPER_DIGITS_SERVER),
    Entry(target="h200-sxm-141gb", workload="digits", settings=GPU_DIGITS_SINGLE_STREAM),
    Entry(target="h200-sxm-141gb", workload="digits", settings=GPU_DIGITS_MULTI_STREAM),
    Entry(target="h200-sxm-141gb-x8", workload="resnet50", settings=H200_RESNET50_OFFLINE_X8),
    Entry(target="h200-sxm-141gb-x8", workload="resnet50", settings=H200_RESNET50_SERVER_X8),
    Entry(target="h200-sxm-141gb-x8", workload="digits", settings=HOPPER_DIGITS_OFFLINE_X8),
    Entry(target="h200-sxm-141gb-x8", workload="digits", settings=HOPPER_DIGITS_SERVER_X8),
    Entry(
        target="h200-sxm-141gb-x8",
        workload="resnet50",
        settings=H200_RESNET50_OFFLINE_X8_MAXQ,
        power=PowerSetting.MAX_Q,
    ),
    Entry(
        target="h200-sxm-141gb-x8",
        workload="resnet50",
        settings=H200_RESNET50_SERVER_X8_MAXQ,
        power=PowerSetting.MAX_Q,
    ),
)
"""Entries of the targets of this file."""
