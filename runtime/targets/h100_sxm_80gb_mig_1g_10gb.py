"""The smallest MIG slice of an H100 SXM 80GB: one of seven compute slices, 10GB."""

from __future__ import annotations

from dataclasses import replace

from runtime.configs.schema import Entry
from runtime.configs.target import Fact, MigSlice
from runtime.targets._gpu import (
    GPU_DIGITS_MULTI_STREAM,
    GPU_DIGITS_SINGLE_STREAM,
    GPU_RESNET50_MULTI_STREAM,
    GPU_RESNET50_SINGLE_STREAM,
)
from runtime.targets._mig import (
    SLICE_DIGITS_OFFLINE,
    SLICE_DIGITS_SERVER,
    SLICE_RESNET50_OFFLINE,
    SLICE_RESNET50_SERVER,
)
from runtime.targets.h100_sxm_80gb import (
    H100_SXM,
    H100_SXM_RESNET50_OFFLINE,
    H100_SXM_RESNET50_SERVER,
)

H100_SLICE = replace(
    H100_SXM,
    name="h100-sxm-80gb-mig-1g.10gb",
    title="NVIDIA H100 SXM 80GB, MIG slice 1g.10gb",
    memory_gb=Fact(
        value=10.47,
        source=(
            "NVIDIA MIG User Guide, 'Supported MIG Profiles', and nvidia-smi mig -lgip, "
            "1g.10gb: 9.75 GiB"
        ),
        note="9.75 GiB in 10^9 bytes; an eighth of the board's memory.",
    ),
    bandwidth_gb_s=None,
    sms=Fact(value=16, source="nvidia-smi mig -lgip, 1g.10gb: 16 SMs"),
    power_w=None,
    mig=MigSlice(board="H100-80GB-SXM", profile="1g.10gb"),
    sibling="h100-sxm-80gb",
)
"""One 1g.10gb slice of an H100 SXM 80GB.

Why:
    bandwidth_gb_s: No source states a slice's share in GB/s, so none is given.
    power_w: MIG does not partition power: the limit is the board's.
    mig_capable: Says that of the board; a slice is a GPU instance and is not partitioned into
        further ones.
"""

H100_SLICE_RESNET50_OFFLINE = replace(
    SLICE_RESNET50_OFFLINE, target_qps=H100_SXM_RESNET50_OFFLINE.target_qps * 16 / 132
)
"""ResNet-50 Offline on a 1g.10gb slice of an H100.

Source:
    target_qps: not measured: scaled from the whole H100 SXM by the SMs, 16 to 132.
"""

H100_SLICE_RESNET50_SERVER = replace(
    SLICE_RESNET50_SERVER, target_qps=H100_SXM_RESNET50_SERVER.target_qps * 16 / 132
)
"""ResNet-50 Server on a 1g.10gb slice of an H100.

Source:
    target_qps: not measured: scaled from the whole H100 SXM by the SMs, 16 to 132.
"""

H100_SLICE_RESNET50_SINGLE_STREAM = replace(GPU_RESNET50_SINGLE_STREAM, expected_latency_ms=0.67)
"""ResNet-50 SingleStream on a 1g.10gb slice of an H100.

Source:
    expected_latency_ms: not measured: the value of the A100's 1g.10gb slice is kept; it only sizes
        the query list.
"""

H100_SLICE_RESNET50_MULTI_STREAM = replace(GPU_RESNET50_MULTI_STREAM, expected_latency_ms=2.1)
"""ResNet-50 MultiStream on a 1g.10gb slice of an H100.

Source:
    expected_latency_ms: not measured: the value of the A100's 1g.10gb slice is kept; it only sizes
        the query list.
"""

TARGETS = (H100_SLICE,)
"""Targets of this file."""

ENTRIES = (
    Entry(
        target="h100-sxm-80gb-mig-1g.10gb",
        workload="resnet50",
        settings=H100_SLICE_RESNET50_OFFLINE,
    ),
    Entry(
        target="h100-sxm-80gb-mig-1g.10gb", workload="resnet50", settings=H100_SLICE_RESNET50_SERVER
    ),
    Entry(
        target="h100-sxm-80gb-mig-1g.10gb",
        workload="resnet50",
        settings=H100_SLICE_RESNET50_SINGLE_STREAM,
    ),
    Entry(
        target="h100-sxm-80gb-mig-1g.10gb",
        workload="resnet50",
        settings=H100_SLICE_RESNET50_MULTI_STREAM,
    ),
    Entry(target="h100-sxm-80gb-mig-1g.10gb", workload="digits", settings=SLICE_DIGITS_OFFLINE),
    Entry(target="h100-sxm-80gb-mig-1g.10gb", workload="digits", settings=SLICE_DIGITS_SERVER),
    Entry(target="h100-sxm-80gb-mig-1g.10gb", workload="digits", settings=GPU_DIGITS_SINGLE_STREAM),
    Entry(target="h100-sxm-80gb-mig-1g.10gb", workload="digits", settings=GPU_DIGITS_MULTI_STREAM),
)
"""Entries of the targets of this file."""
