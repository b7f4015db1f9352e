"""The smallest MIG slice of an H200 SXM 141GB: one of seven compute slices, 18GB."""

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
from runtime.targets.h200_sxm_141gb import H200, H200_RESNET50_OFFLINE, H200_RESNET50_SERVER

H200_SLICE = replace(
    H200,
    name="h200-sxm-141gb-mig-1g.18gb",
    title="NVIDIA H200 SXM 141GB, MIG slice 1g.18gb",
    memory_gb=Fact(
        value=17.18,
        source=(
            "NVIDIA MIG User Guide, 'Supported MIG Profiles', and nvidia-smi mig -lgip, "
            "1g.18gb: 16 GiB"
        ),
        note="16 GiB in 10^9 bytes, from a partial transcript; the profile's name says 18.",
    ),
    bandwidth_gb_s=None,
    sms=Fact(
        value=16,
        source="nvidia-smi mig -lgip, 1g.18gb: 16 SMs",
        note=(
            "From a partial transcript; the board's other rows and the placements are "
            "inferred from H100."
        ),
    ),
    power_w=None,
    mig=MigSlice(board="H200-141GB", profile="1g.18gb"),
    sibling="h200-sxm-141gb",
)
"""One 1g.18gb slice of an H200 SXM.

Why:
    bandwidth_gb_s: No source states a slice's share in GB/s, so none is given.
    power_w: MIG does not partition power: the limit is the board's.
    mig_capable: Says that of the board; a slice is a GPU instance and is not partitioned into
        further ones.
"""

H200_SLICE_RESNET50_OFFLINE = replace(
    SLICE_RESNET50_OFFLINE, target_qps=H200_RESNET50_OFFLINE.target_qps * 16 / 132
)
"""ResNet-50 Offline on a 1g.18gb slice of an H200.

Source:
    target_qps: not measured: scaled from the whole H200 by the SMs, 16 to 132.
"""

H200_SLICE_RESNET50_SERVER = replace(
    SLICE_RESNET50_SERVER, target_qps=H200_RESNET50_SERVER.target_qps * 16 / 132
)
"""ResNet-50 Server on a 1g.18gb slice of an H200.

Source:
    target_qps: not measured: scaled from the whole H200 by the SMs, 16 to 132.
"""

H200_SLICE_RESNET50_SINGLE_STREAM = replace(GPU_RESNET50_SINGLE_STREAM, expected_latency_ms=0.67)
"""ResNet-50 SingleStream on a 1g.18gb slice of an H200.

Source:
    expected_latency_ms: not measured: the value of the A100's 1g.10gb slice is kept; it only sizes
        the query list.
"""

H200_SLICE_RESNET50_MULTI_STREAM = replace(GPU_RESNET50_MULTI_STREAM, expected_latency_ms=2.1)
"""ResNet-50 MultiStream on a 1g.18gb slice of an H200.

Source:
    expected_latency_ms: not measured: the value of the A100's 1g.10gb slice is kept; it only sizes
        the query list.
"""

TARGETS = (H200_SLICE,)
"""Targets of this file."""

ENTRIES = (
    Entry(
        target="h200-sxm-141gb-mig-1g.18gb",
        workload="resnet50",
        settings=H200_SLICE_RESNET50_OFFLINE,
    ),
    Entry(
        target="h200-sxm-141gb-mig-1g.18gb",
        workload="resnet50",
        settings=H200_SLICE_RESNET50_SERVER,
    ),
    Entry(
        target="h200-sxm-141gb-mig-1g.18gb",
        workload="resnet50",
        settings=H200_SLICE_RESNET50_SINGLE_STREAM,
    ),
    Entry(
        target="h200-sxm-141gb-mig-1g.18gb",
        workload="resnet50",
        settings=H200_SLICE_RESNET50_MULTI_STREAM,
    ),
    Entry(target="h200-sxm-141gb-mig-1g.18gb", workload="digits", settings=SLICE_DIGITS_OFFLINE),
    Entry(target="h200-sxm-141gb-mig-1g.18gb", workload="digits", settings=SLICE_DIGITS_SERVER),
    Entry(
        target="h200-sxm-141gb-mig-1g.18gb", workload="digits", settings=GPU_DIGITS_SINGLE_STREAM
    ),
    Entry(target="h200-sxm-141gb-mig-1g.18gb", workload="digits", settings=GPU_DIGITS_MULTI_STREAM),
)
"""Entries of the targets of this file."""
