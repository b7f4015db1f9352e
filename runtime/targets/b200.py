"""NVIDIA B200 SXM: one, and a system of eight."""

from __future__ import annotations

from dataclasses import replace

from runtime.configs.schema import Entry
from runtime.configs.target import Fact, Target
from runtime.targets._gpu import GPU_DIGITS_MULTI_STREAM, GPU_DIGITS_SINGLE_STREAM
from runtime.targets._hopper import (
    HOPPER_DIGITS_OFFLINE,
    HOPPER_DIGITS_OFFLINE_X8,
    HOPPER_DIGITS_SERVER,
    HOPPER_DIGITS_SERVER_X8,
)
from runtime.targets.h200_sxm_141gb import (
    H200_RESNET50_MULTI_STREAM,
    H200_RESNET50_OFFLINE,
    H200_RESNET50_OFFLINE_X8,
    H200_RESNET50_SERVER,
    H200_RESNET50_SERVER_X8,
    H200_RESNET50_SINGLE_STREAM,
)
from runtime.vocabulary import Family

B200 = Target(
    name="b200",
    title="NVIDIA B200 SXM 180GB",
    family=Family.BLACKWELL,
    compute_capability=Fact(
        value="10.0",
        source="NVIDIA, CUDA GPU Compute Capability table, developer.nvidia.com/cuda-gpus",
    ),
    memory_gb=Fact(
        value=180.0,
        source=(
            "NVIDIA MIG User Guide, 'Supported GPUs', "
            "docs.nvidia.com/datacenter/tesla/mig-user-guide: B200 180GB"
        ),
        note=(
            "Sources disagree: early product pages say 192 GB, a device query shows "
            "178.35 GiB (pytorch/ao pull request 4002), which is 191.5 x 10^9 bytes."
        ),
    ),
    bandwidth_gb_s=Fact(
        value=8000.0,
        source="NVIDIA DGX B200 data sheet: 64TB/s for eight GPUs",
        note=(
            "Sources disagree: a device query gives 7680 bits x 3996 MHz x 2 = 7672 GB/s "
            "(pytorch/ao pull request 4002)."
        ),
    ),
    sms=Fact(
        value=148,
        source="pytorch/ao pull request 4002, device query of a B200: 148 SMs",
        note="A user's measurement; the data sheet does not print it.",
    ),
    power_w=Fact(
        value=1000.0, source="NVIDIA HGX B200 specifications: up to 1000W per GPU (configurable)"
    ),
    mig_capable=Fact(
        value=True,
        source=(
            "NVIDIA MIG User Guide, 'Supported GPUs', "
            "docs.nvidia.com/datacenter/tesla/mig-user-guide"
        ),
        note="Up to seven instances.",
    ),
    pci_ids=("0x290110DE",),
    sibling="h200-sxm-141gb",
)
"""One B200 SXM.

Source:
    pci_ids: NVIDIA/mig-parted bd7160f deployments/systemd/config-default.yaml, device-filter
        B200-180GB.
"""

B200_X8 = replace(B200, name="b200-x8", title="8x NVIDIA B200 SXM 180GB", devices=8, sibling="b200")
"""Eight B200 SXM in one system (DGX or HGX B200)."""

B200_RESNET50_OFFLINE = replace(
    H200_RESNET50_OFFLINE, target_qps=H200_RESNET50_OFFLINE.target_qps * 148 / 132
)
"""ResNet-50 Offline on one B200.

Source:
    target_qps: not measured: no public round has ResNet-50 on B200; scaled from H200 by the SMs,
        148 to 132.
"""

B200_RESNET50_SERVER = replace(
    H200_RESNET50_SERVER, target_qps=H200_RESNET50_SERVER.target_qps * 148 / 132
)
"""ResNet-50 Server on one B200.

Source:
    target_qps: not measured: no public round has ResNet-50 on B200; scaled from H200 by the SMs,
        148 to 132.
"""

B200_RESNET50_OFFLINE_X8 = replace(
    H200_RESNET50_OFFLINE_X8, target_qps=H200_RESNET50_OFFLINE_X8.target_qps * 148 / 132
)
"""ResNet-50 Offline on eight B200.

Source:
    target_qps: not measured: no public round has ResNet-50 on B200; scaled from H200 by the SMs,
        148 to 132.
"""

B200_RESNET50_SERVER_X8 = replace(
    H200_RESNET50_SERVER_X8, target_qps=H200_RESNET50_SERVER_X8.target_qps * 148 / 132
)
"""ResNet-50 Server on eight B200.

Source:
    target_qps: not measured: no public round has ResNet-50 on B200; scaled from H200 by the SMs,
        148 to 132.
"""

TARGETS = (B200, B200_X8)
"""Targets of this file."""

ENTRIES = (
    Entry(target="b200", workload="resnet50", settings=B200_RESNET50_OFFLINE),
    Entry(target="b200", workload="resnet50", settings=B200_RESNET50_SERVER),
    Entry(target="b200", workload="resnet50", settings=H200_RESNET50_SINGLE_STREAM),
    Entry(target="b200", workload="resnet50", settings=H200_RESNET50_MULTI_STREAM),
    Entry(target="b200", workload="digits", settings=HOPPER_DIGITS_OFFLINE),
    Entry(target="b200", workload="digits", settings=HOPPER_DIGITS_SERVER),
    Entry(target="b200", workload="digits", settings=GPU_DIGITS_SINGLE_STREAM),
    Entry(target="b200", workload="digits", settings=GPU_DIGITS_MULTI_STREAM),
    Entry(target="b200-x8", workload="resnet50", settings=B200_RESNET50_OFFLINE_X8),
    Entry(target="b200-x8", workload="resnet50", settings=B200_RESNET50_SERVER_X8),
    Entry(target="b200-x8", workload="digits", settings=HOPPER_DIGITS_OFFLINE_X8),
    Entry(target="b200-x8", workload="digits", settings=HOPPER_DIGITS_SERVER_X8),
)
"""Entries of the targets of this file."""
