"""NVIDIA Jetson AGX Orin 64GB: an edge module whose CPU and GPU share their memory."""

from __future__ import annotations

from dataclasses import replace

from runtime.configs.schema import Entry
from runtime.configs.target import Fact, Target
from runtime.targets._gpu import (
    GPU_DIGITS_MULTI_STREAM,
    GPU_DIGITS_OFFLINE,
    GPU_DIGITS_SERVER,
    GPU_DIGITS_SINGLE_STREAM,
    GPU_RESNET50_MULTI_STREAM,
    GPU_RESNET50_OFFLINE,
    GPU_RESNET50_SERVER,
    GPU_RESNET50_SINGLE_STREAM,
)
from runtime.vocabulary import Family, PowerSetting

ORIN = Target(
    name="jetson-agx-orin",
    title="NVIDIA Jetson AGX Orin 64GB",
    family=Family.JETSON,
    compute_capability=Fact(
        value="8.7",
        source="NVIDIA, CUDA GPU Compute Capability table, developer.nvidia.com/cuda-gpus",
    ),
    memory_gb=Fact(
        value=64.0,
        source="NVIDIA Jetson AGX Orin series data sheet, AGX Orin 64GB: 64GB 256-bit LPDDR5",
        note=(
            "Shared with the CPU; a device query shows 62,841 MiB, which is 65.9 x 10^9 "
            "bytes. A 32GB module exists too."
        ),
    ),
    bandwidth_gb_s=Fact(
        value=204.8,
        source="NVIDIA Jetson AGX Orin series data sheet: 204.8GB/s",
        note="Shared with the CPU.",
    ),
    sms=Fact(
        value=16,
        source=(
            "NVIDIA Jetson AGX Orin series data sheet: 2048 CUDA cores, 128 an SM; CUDA "
            "device query: 16 multiprocessors"
        ),
        note="The 32GB module has 1792 cores, which is 14 SMs.",
    ),
    power_w=Fact(
        value=60.0,
        source="NVIDIA Jetson AGX Orin series data sheet, AGX Orin 64GB: 15W to 60W",
        note="For the whole module: CPU, GPU and memory.",
    ),
    mig_capable=Fact(
        value=False,
        source=(
            "NVIDIA MIG User Guide, 'Supported GPUs', "
            "docs.nvidia.com/datacenter/tesla/mig-user-guide"
        ),
        note="Not in the table: the module has no MIG.",
    ),
    sibling="l4",
)
"""One Jetson AGX Orin 64GB module.

Why:
    pci_ids: The GPU is part of the chip and has no PCI id.
"""

ORIN_RESNET50_OFFLINE = replace(GPU_RESNET50_OFFLINE, target_qps=6_100.0, batch_size=256)
"""ResNet-50 Offline on a Jetson AGX Orin.

Why:
    target_qps: The round uses the chip's deep-learning accelerators beside the GPU (dla_core,
        dla_batch_size); this harness does not: expect less.

Source:
    target_qps: offline_expected_qps in mlcommons/inference_results_v4.1
        closed/NVIDIA/configs/resnet50/Offline/__init__.py:642 (system Orin)
    batch_size: gpu_batch_size in mlcommons/inference_results_v4.1
        closed/NVIDIA/configs/resnet50/Offline/__init__.py:642 (system Orin)
"""

ORIN_RESNET50_SERVER = replace(
    GPU_RESNET50_SERVER,
    target_qps=ORIN_RESNET50_OFFLINE.target_qps * 0.6,
    batch_size=8,
    max_queue_delay_us=1_000,
)
"""ResNet-50 Server on a Jetson AGX Orin.

Why:
    target_qps: MLPerf has no Server scenario for edge systems; here it shows what the module
        serves.

Source:
    target_qps: not measured: six tenths of the Offline rate, below the 0.69 of an A100 slice of
        about as many SMs.
    batch_size: not measured: the value of the A100's 1g.10gb slice.
    max_queue_delay_us: not measured: the value of the A100's 1g.10gb slice.
"""

ORIN_RESNET50_SINGLE_STREAM = replace(GPU_RESNET50_SINGLE_STREAM, expected_latency_ms=0.72224)
"""ResNet-50 SingleStream on a Jetson AGX Orin.

Source:
    expected_latency_ms: single_stream_expected_latency_ns in mlcommons/inference_results_v4.1
        closed/NVIDIA/configs/resnet50/SingleStream/__init__.py:345 (system Orin)
"""

ORIN_RESNET50_MULTI_STREAM = replace(GPU_RESNET50_MULTI_STREAM, expected_latency_ms=2.33)
"""ResNet-50 MultiStream on a Jetson AGX Orin.

Source:
    expected_latency_ms: multi_stream_expected_latency_ns in mlcommons/inference_results_v4.1
        closed/NVIDIA/configs/resnet50/MultiStream/__init__.py:353 (system Orin)
"""

ORIN_RESNET50_OFFLINE_MAXQ = replace(ORIN_RESNET50_OFFLINE, target_qps=3_400.0)
"""ResNet-50 Offline on a Jetson AGX Orin, tuned for efficiency.

Why:
    target_qps: The round lowers the module's clocks for it (soc_gpu_freq 612 MHz).

Source:
    target_qps: offline_expected_qps in mlcommons/inference_results_v4.1
        closed/NVIDIA/configs/resnet50/Offline/__init__.py:674 (system Orin, MaxQ)
"""

ORIN_RESNET50_SINGLE_STREAM_MAXQ = replace(
    ORIN_RESNET50_SINGLE_STREAM, expected_latency_ms=0.898255
)
"""ResNet-50 SingleStream on a Jetson AGX Orin, tuned for efficiency.

Why:
    expected_latency_ms: The round lowers the module's clocks for it (soc_gpu_freq 612 MHz).

Source:
    expected_latency_ms: single_stream_expected_latency_ns in mlcommons/inference_results_v4.1
        closed/NVIDIA/configs/resnet50/SingleStream/__init__.py:364 (system Orin, MaxQ)
"""

ORIN_RESNET50_MULTI_STREAM_MAXQ = replace(ORIN_RESNET50_MULTI_STREAM, expected_latency_ms=2.87)
"""ResNet-50 MultiStream on a Jetson AGX Orin, tuned for efficiency.

Why:
    expected_latency_ms: The round lowers the module's clocks for it (soc_gpu_freq 624.75 MHz).

Source:
    expected_latency_ms: multi_stream_expected_latency_ns in mlcommons/inference_results_v4.1
        closed/NVIDIA/configs/resnet50/MultiStream/__init__.py:373 (system Orin, MaxQ)
"""

ORIN_DIGITS_OFFLINE = replace(
    GPU_DIGITS_OFFLINE, target_qps=GPU_DIGITS_OFFLINE.target_qps / 5, batch_size=256
)
"""Digits Offline on a Jetson AGX Orin.

Why:
    target_qps: The module's Arm cores hand over samples more slowly than a server's.
    batch_size: The same as for ResNet-50.

Source:
    target_qps: not measured: a fifth of the base value.
    batch_size: not measured: Calliope's own choice; the guide shows what was measured.
"""

ORIN_DIGITS_SERVER = replace(
    GPU_DIGITS_SERVER, target_qps=GPU_DIGITS_SERVER.target_qps / 5, batch_size=16
)
"""Digits Server on a Jetson AGX Orin.

Why:
    batch_size: A fifth of the base rate fills smaller batches.

Source:
    target_qps: not measured: a fifth of the base value.
    batch_size: not measured: Calliope's own choice; the guide shows what was measured.
"""

TARGETS = (ORIN,)
"""Targets of this file."""

ENTRIES = (
    Entry(target="jetson-agx-orin", workload="resnet50", settings=ORIN_RESNET50_OFFLINE),
    Entry(target="jetson-agx-orin", workload="resnet50", settings=ORIN_RESNET50_SERVER),
    Entry(target="jetson-agx-orin", workload="resnet50", settings=ORIN_RESNET50_SINGLE_STREAM),
    Entry(target="jetson-agx-orin", workload="resnet50", settings=ORIN_RESNET50_MULTI_STREAM),
    Entry(target="jetson-agx-orin", workload="digits", settings=ORIN_DIGITS_OFFLINE),
    Entry(target="jetson-agx-orin", workload="digits", settings=ORIN_DIGITS_SERVER),
    Entry(target="jetson-agx-orin", workload="digits", settings=GPU_DIGITS_SINGLE_STREAM),
    Entry(target="jetson-agx-orin", workload="digits", settings=GPU_DIGITS_MULTI_STREAM),
    Entry(
        target="jetson-agx-orin",
        workload="resnet50",
        settings=ORIN_RESNET50_OFFLINE_MAXQ,
        power=PowerSetting.MAX_Q,
    ),
    Entry(
        target="jetson-agx-orin",
        workload="resnet50",
        settings=ORIN_RESNET50_SINGLE_STREAM_MAXQ,
        power=PowerSetting.MAX_Q,
    ),
    Entry(
        target="jetson-agx-orin",
        workload="resnet50",
        settings=ORIN_RESNET50_MULTI_STREAM_MAXQ,
        power=PowerSetting.MAX_Q,
    ),
)
"""Entries of the targets of this file."""
