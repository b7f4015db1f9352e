"""NVIDIA A100 SXM 80GB: one, and a system of eight."""

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
from runtime.vocabulary import Family, PowerSetting

A100_SXM = Target(
    name="a100-sxm-80gb",
    title="NVIDIA A100 SXM 80GB",
    family=Family.AMPERE,
    compute_capability=Fact(
        value="8.0",
        source="NVIDIA, CUDA GPU Compute Capability table, developer.nvidia.com/cuda-gpus",
    ),
    memory_gb=Fact(
        value=80.0,
        source="NVIDIA A100 Tensor Core GPU data sheet, A100 80GB SXM: 80GB HBM2e",
        note=(
            "The vendor's GB are nominal: the MIG profile 7g.80gb lists 79.0 GiB, which "
            "is 84.8 x 10^9 bytes."
        ),
    ),
    bandwidth_gb_s=Fact(
        value=2039.0, source="NVIDIA A100 Tensor Core GPU data sheet, A100 80GB SXM: 2,039GB/s"
    ),
    sms=Fact(
        value=108,
        source="NVIDIA A100 Tensor Core GPU Architecture white paper: 108 SMs",
        note="In MIG mode 7g.80gb has 98 of them.",
    ),
    power_w=Fact(value=400.0, source="NVIDIA A100 Tensor Core GPU data sheet, A100 80GB SXM: 400W"),
    mig_capable=Fact(
        value=True,
        source=(
            "NVIDIA MIG User Guide, 'Supported GPUs', "
            "docs.nvidia.com/datacenter/tesla/mig-user-guide"
        ),
        note="Up to seven instances.",
    ),
    pci_ids=("0x20B210DE",),
    sibling="h100-sxm-80gb",
)
"""One A100 SXM 80GB.

Source:
    pci_ids: NVIDIA/mig-parted bd7160f deployments/systemd/config-default.yaml, device-filter
        A100-80GB; of its four ids the SXM board's (the PCI ID database names 20B2 A100 SXM4 80GB).
"""

A100_SXM_X8 = replace(
    A100_SXM,
    name="a100-sxm-80gb-x8",
    title="8x NVIDIA A100 SXM 80GB",
    devices=8,
    sibling="a100-sxm-80gb",
)
"""Eight A100 SXM 80GB in one system (DGX or HGX A100)."""

A100_SXM_RESNET50_OFFLINE = replace(AMPERE_RESNET50_OFFLINE, target_qps=43_000.0)
"""ResNet-50 Offline on one A100 SXM 80GB.

Source:
    target_qps: offline_expected_qps in mlcommons/inference_results_v4.1
        closed/NVIDIA/configs/resnet50/Offline/__init__.py:428 (system A100_SXM_80GBx1)
"""

A100_SXM_RESNET50_SERVER = replace(
    AMPERE_RESNET50_SERVER,
    target_qps=290_000 / 8,
    batch_size=128,
    lanes=3,
    max_queue_delay_us=4_000,
)
"""ResNet-50 Server on one A100 SXM 80GB.

Source:
    target_qps: not measured: an eighth of A100_SXM_80GBx8, the only direct Server entry of this
        board in the round.
    batch_size: gpu_batch_size in mlcommons/inference_results_v4.1
        closed/NVIDIA/configs/resnet50/Server/__init__.py:388 (system A100_SXM_80GBx8)
    lanes: gpu_inference_streams in mlcommons/inference_results_v4.1
        closed/NVIDIA/configs/resnet50/Server/__init__.py:388 (system A100_SXM_80GBx8)
    max_queue_delay_us: deque_timeout_usec in mlcommons/inference_results_v4.1
        closed/NVIDIA/configs/resnet50/Server/__init__.py:388 (system A100_SXM_80GBx8)
"""

A100_SXM_RESNET50_SINGLE_STREAM = replace(GPU_RESNET50_SINGLE_STREAM, expected_latency_ms=0.66)
"""ResNet-50 SingleStream on one A100 SXM 80GB.

Source:
    expected_latency_ms: single_stream_expected_latency_ns in mlcommons/inference_results_v4.1
        closed/NVIDIA/configs/resnet50/SingleStream/__init__.py:177 (system A100_SXM_80GBx1)
"""

A100_SXM_RESNET50_MULTI_STREAM = replace(GPU_RESNET50_MULTI_STREAM, expected_latency_ms=0.693)
"""ResNet-50 MultiStream on one A100 SXM 80GB.

Source:
    expected_latency_ms: multi_stream_expected_latency_ns in mlcommons/inference_results_v4.1
        closed/NVIDIA/configs/resnet50/MultiStream/__init__.py:177 (system A100_SXM_80GBx1)
"""

A100_SXM_RESNET50_OFFLINE_X8 = replace(A100_SXM_RESNET50_OFFLINE, target_qps=340_000.0, lanes=2)
"""ResNet-50 Offline on eight A100 SXM 80GB.

Why:
    lanes: More than on one GPU, so that a GPU has work while the host serves the other seven.

Source:
    target_qps: offline_expected_qps in mlcommons/inference_results_v4.1
        closed/NVIDIA/configs/resnet50/Offline/__init__.py:453 (system A100_SXM_80GBx8)
    lanes: gpu_inference_streams in mlcommons/inference_results_v4.1
        closed/NVIDIA/configs/resnet50/Offline/__init__.py:453 (system A100_SXM_80GBx8)
"""

A100_SXM_RESNET50_SERVER_X8 = replace(A100_SXM_RESNET50_SERVER, target_qps=290_000.0)
"""ResNet-50 Server on eight A100 SXM 80GB.

Source:
    target_qps: server_target_qps in mlcommons/inference_results_v4.1
        closed/NVIDIA/configs/resnet50/Server/__init__.py:388 (system A100_SXM_80GBx8)
"""

A100_SXM_RESNET50_SERVER_X8_MAXQ = replace(A100_SXM_RESNET50_SERVER_X8, target_qps=229_000.0)
"""ResNet-50 Server on eight A100 SXM 80GB, tuned for efficiency.

Why:
    target_qps: The round caps each GPU at 225 W for it (power_limit).

Source:
    target_qps: server_target_qps in mlcommons/inference_results_v4.1
        closed/NVIDIA/configs/resnet50/Server/__init__.py:436 (system A100_SXM_80GBx8, MaxQ)
"""

TARGETS = (A100_SXM, A100_SXM_X8)
"""Targets of this file."""

ENTRIES = (
    Entry(target="a100-sxm-80gb", workload="resnet50", settings=A100_SXM_RESNET50_OFFLINE),
    Entry(target="a100-sxm-80gb", workload="resnet50", settings=A100_SXM_RESNET50_SERVER),
    Entry(target="a100-sxm-80gb", workload="resnet50", settings=A100_SXM_RESNET50_SINGLE_STREAM),
    Entry(target="a100-sxm-80gb", workload="resnet50", settings=A100_SXM_RESNET50_MULTI_STREAM),
    Entry(target="a100-sxm-80gb", workload="digits", settings=GPU_DIGITS_OFFLINE),
    Entry(target="a100-sxm-80gb", workload="digits", settings=GPU_DIGITS_SERVER),
    Entry(target="a100-sxm-80gb", workload="digits", settings=GPU_DIGITS_SINGLE_STREAM),
    Entry(target="a100-sxm-80gb", workload="digits", settings=GPU_DIGITS_MULTI_STREAM),
    Entry(target="a100-sxm-80gb-x8", workload="resnet50", settings=A100_SXM_RESNET50_OFFLINE_X8),
    Entry(target="a100-sxm-80gb-x8", workload="resnet50", settings=A100_SXM_RESNET50_SERVER_X8),
    Entry(target="a100-sxm-80gb-x8", workload="digits", settings=GPU_DIGITS_OFFLINE_X8),
    Entry(target="a100-sxm-80gb-x8", workload="digits", settings=GPU_DIGITS_SERVER_X8),
    Entry(
        target="a100-sxm-80gb-x8",
        workload="resnet50",
        settings=A100_SXM_RESNET50_SERVER_X8_MAXQ,
        power=PowerSetting.MAX_Q,
    ),
)
"""Entries of the targets of this file."""
