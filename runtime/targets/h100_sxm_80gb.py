"""NVIDIA H100 SXM 80GB: one, and a system of eight."""

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
from runtime.vocabulary import AccuracyTarget, Family, HarnessKind, PowerSetting, Precision

H100_SXM = Target(
    name="h100-sxm-80gb",
    title="NVIDIA H100 SXM 80GB",
    family=Family.HOPPER,
    compute_capability=Fact(
        value="9.0",
        source="NVIDIA, CUDA GPU Compute Capability table, developer.nvidia.com/cuda-gpus",
    ),
    memory_gb=Fact(
        value=80.0,
        source="NVIDIA H100 Tensor Core GPU data sheet, H100 SXM: GPU Memory 80GB",
        note=(
            "The vendor's GB are nominal: the MIG profile 7g.80gb lists 79.25 GiB, which "
            "is 85.1 x 10^9 bytes."
        ),
    ),
    bandwidth_gb_s=Fact(
        value=3350.0,
        source="NVIDIA H100 Tensor Core GPU data sheet, H100 SXM: 3.35TB/s",
        note="Rounded by the vendor to 0.01 TB/s.",
    ),
    sms=Fact(
        value=132,
        source=(
            "NVIDIA H100 Tensor Core GPU Architecture white paper, H100 SXM5: 132 SMs; "
            "nvidia-smi mig -lgip, 7g.80gb"
        ),
    ),
    power_w=Fact(
        value=700.0,
        source="NVIDIA H100 Tensor Core GPU data sheet, H100 SXM: up to 700W (configurable)",
    ),
    mig_capable=Fact(
        value=True,
        source=(
            "NVIDIA MIG User Guide, 'Supported GPUs', "
            "docs.nvidia.com/datacenter/tesla/mig-user-guide"
        ),
        note="Up to seven instances.",
    ),
    pci_ids=("0x233010DE",),
    sibling="h200-sxm-141gb",
)
"""One H100 SXM.

Source:
    pci_ids: NVIDIA/mig-parted bd7160f deployments/systemd/config-default.yaml, device-filter
        H100-80GB.
"""

H100_SXM_X8 = replace(
    H100_SXM,
    name="h100-sxm-80gb-x8",
    title="8x NVIDIA H100 SXM 80GB",
    devices=8,
    sibling="h100-sxm-80gb",
)
"""Eight H100 SXM in one system (DGX or HGX H100)."""

H100_SXM_RESNET50_OFFLINE = replace(HOPPER_RESNET50_OFFLINE, target_qps=90_000.0)
"""ResNet-50 Offline on one H100 SXM.

Source:
    target_qps: offline_expected_qps in mlcommons/inference_results_v4.1
        closed/NVIDIA/configs/resnet50/Offline/__init__.py:68 (system H100_SXM_80GBx1)
"""

H100_SXM_RESNET50_SERVER = replace(HOPPER_RESNET50_SERVER, target_qps=73_000.0)
"""ResNet-50 Server on one H100 SXM.

Source:
    target_qps: server_target_qps in mlcommons/inference_results_v4.1
        closed/NVIDIA/configs/resnet50/Server/__init__.py:99 (system H100_SXM_80GBx1)
"""

H100_SXM_RESNET50_SERVER_TRITON = replace(
    H100_SXM_RESNET50_SERVER,
    target_qps=55_000.0,
    batch_size=64,
    lanes=5,
    max_queue_delay_us=1_000,
    use_cuda_graph=False,
)
"""ResNet-50 Server on one H100 SXM behind a Triton server.

Why:
    target_qps: Triton's own queue and copies cost about a quarter of the direct rate here.
    lanes: Five model instances hide Triton's per-request work.
    use_cuda_graph: The round leaves CUDA graphs off behind Triton.

Source:
    target_qps: server_target_qps in mlcommons/inference_results_v4.1
        closed/NVIDIA/configs/resnet50/Server/__init__.py:113 (system H100_SXM_80GBx1, Triton)
    batch_size: gpu_batch_size in mlcommons/inference_results_v4.1
        closed/NVIDIA/configs/resnet50/Server/__init__.py:113 (system H100_SXM_80GBx1, Triton)
    lanes: gpu_inference_streams in mlcommons/inference_results_v4.1
        closed/NVIDIA/configs/resnet50/Server/__init__.py:113 (system H100_SXM_80GBx1, Triton)
    max_queue_delay_us: max_queue_delay_usec in mlcommons/inference_results_v4.1
        closed/NVIDIA/configs/resnet50/Server/__init__.py:113 (system H100_SXM_80GBx1, Triton).
    use_cuda_graph: use_graphs in mlcommons/inference_results_v4.1
        closed/NVIDIA/configs/resnet50/Server/__init__.py:113 (system H100_SXM_80GBx1, Triton)
"""

H100_SXM_RESNET50_OFFLINE_HIGH_ACCURACY = replace(
    H100_SXM_RESNET50_OFFLINE,
    target_qps=H100_SXM_RESNET50_OFFLINE.target_qps / 2,
    precision=Precision.FP16,
)
"""ResNet-50 Offline on one H100 SXM at 99.9 % of the reference accuracy.

Why:
    precision: FP16 keeps 99.9 % of the reference accuracy without calibration; INT8 need not.

Source:
    target_qps: not measured: half the INT8 rate, as the data sheet's dense FP16 rate is half its
        INT8 rate.
    precision: Calliope's own choice: MLPerf has no 99.9 % variant of ResNet-50.
"""

H100_SXM_RESNET50_OFFLINE_X8 = replace(H100_SXM_RESNET50_OFFLINE, target_qps=720_000.0)
"""ResNet-50 Offline on eight H100 SXM.

Source:
    target_qps: offline_expected_qps in mlcommons/inference_results_v4.1
        closed/NVIDIA/configs/resnet50/Offline/__init__.py:81 (system H100_SXM_80GBx8)
"""

H100_SXM_RESNET50_SERVER_X8 = replace(H100_SXM_RESNET50_SERVER, target_qps=584_000.0, lanes=7)
"""ResNet-50 Server on eight H100 SXM.

Why:
    lanes: More than on one GPU, so that a GPU has work while the host serves the other seven.

Source:
    target_qps: server_target_qps in mlcommons/inference_results_v4.1
        closed/NVIDIA/configs/resnet50/Server/__init__.py:126 (system H100_SXM_80GBx8)
    lanes: gpu_inference_streams in mlcommons/inference_results_v4.1
        closed/NVIDIA/configs/resnet50/Server/__init__.py:126 (system H100_SXM_80GBx8)
"""

H100_SXM_RESNET50_OFFLINE_X8_MAXQ = replace(H100_SXM_RESNET50_OFFLINE_X8, target_qps=480_000.0)
"""ResNet-50 Offline on eight H100 SXM, tuned for efficiency.

Why:
    target_qps: The round caps each GPU at 300 W for it (power_limit).

Source:
    target_qps: offline_expected_qps in mlcommons/inference_results_v4.1
        closed/NVIDIA/configs/resnet50/Offline/__init__.py:87 (system H100_SXM_80GBx8, MaxQ)
"""

H100_SXM_RESNET50_SERVER_X8_MAXQ = replace(H100_SXM_RESNET50_SERVER_X8, target_qps=400_000.0)
"""ResNet-50 Server on eight H100 SXM, tuned for efficiency.

Why:
    target_qps: The round caps each GPU at 300 W for it (power_limit).

Source:
    target_qps: server_target_qps in mlcommons/inference_results_v4.1
        closed/NVIDIA/configs/resnet50/Server/__init__.py:135 (system H100_SXM_80GBx8, MaxQ)
"""

TARGETS = (H100_SXM, H100_SXM_X8)
"""Targets of this file."""

ENTRIES = (
    Entry(target="h100-sxm-80gb", workload="resnet50", settings=H100_SXM_RESNET50_OFFLINE),
    Entry(target="h100-sxm-80gb", workload="resnet50", settings=H100_SXM_RESNET50_SERVER),
    Entry(target="h100-sxm-80gb", workload="resnet50", settings=GPU_RESNET50_SINGLE_STREAM),
    Entry(target="h100-sxm-80gb", workload="resnet50", settings=GPU_RESNET50_MULTI_STREAM),
    Entry(target="h100-sxm-80gb", workload="digits", settings=HOPPER_DIGITS_OFFLINE),
    Entry(target="h100-sxm-80gb", workload="digits", settings=HOPPER_DIGITS_SERVER),
    Entry(target="h100-sxm-80gb", workload="digits", settings=GPU_DIGITS_SINGLE_STREAM),
    Entry(target="h100-sxm-80gb", workload="digits", settings=GPU_DIGITS_MULTI_STREAM),
    Entry(
        target="h100-sxm-80gb",
        workload="resnet50",
        settings=H100_SXM_RESNET50_OFFLINE_HIGH_ACCURACY,
        accuracy=AccuracyTarget.P99_9,
    ),
    Entry(
        target="h100-sxm-80gb",
        workload="resnet50",
        settings=H100_SXM_RESNET50_SERVER_TRITON,
        harness=HarnessKind.TRITON,
    ),
    Entry(target="h100-sxm-80gb-x8", workload="resnet50", settings=H100_SXM_RESNET50_OFFLINE_X8),
    Entry(target="h100-sxm-80gb-x8", workload="resnet50", settings=H100_SXM_RESNET50_SERVER_X8),
    Entry(target="h100-sxm-80gb-x8", workload="digits", settings=HOPPER_DIGITS_OFFLINE_X8),
    Entry(target="h100-sxm-80gb-x8", workload="digits", settings=HOPPER_DIGITS_SERVER_X8),
    Entry(
        target="h100-sxm-80gb-x8",
        workload="resnet50",
        settings=H100_SXM_RESNET50_OFFLINE_X8_MAXQ,
        power=PowerSetting.MAX_Q,
    ),
    Entry(
        target="h100-sxm-80gb-x8",
        workload="resnet50",
        settings=H100_SXM_RESNET50_SERVER_X8_MAXQ,
        power=PowerSetting.MAX_Q,
    ),
)
"""Entries of the targets of this file."""
