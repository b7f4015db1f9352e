"""Settings that the smallest MIG slices share (one compute slice of a board)."""

from __future__ import annotations

from dataclasses import replace

from runtime.targets._gpu import (
    GPU_DIGITS_OFFLINE,
    GPU_DIGITS_SERVER,
    GPU_RESNET50_OFFLINE,
    GPU_RESNET50_SERVER,
)

SLICE_RESNET50_OFFLINE = replace(GPU_RESNET50_OFFLINE, batch_size=256)
"""ResNet-50 Offline on a 1g slice.

Why:
    batch_size: An eighth of a whole board's batch fills a slice's SMs and fits its memory.

Source:
    batch_size: gpu_batch_size in mlcommons/inference_results_v4.1
        closed/NVIDIA/configs/resnet50/Offline/__init__.py:403 (system A100_SXM_80GB_MIG_1x1g_10gb)
"""

SLICE_RESNET50_SERVER = replace(GPU_RESNET50_SERVER, batch_size=8, max_queue_delay_us=1_000)
"""ResNet-50 Server on a 1g slice.

Source:
    batch_size: gpu_batch_size in mlcommons/inference_results_v4.1
        closed/NVIDIA/configs/resnet50/Server/__init__.py:356 (system A100_SXM_80GB_MIG_1x1g_10gb)
    max_queue_delay_us: deque_timeout_usec in mlcommons/inference_results_v4.1
        closed/NVIDIA/configs/resnet50/Server/__init__.py:356 (system A100_SXM_80GB_MIG_1x1g_10gb)
"""

SLICE_DIGITS_OFFLINE = replace(
    GPU_DIGITS_OFFLINE, target_qps=GPU_DIGITS_OFFLINE.target_qps / 4, batch_size=256
)
"""Digits Offline on a 1g slice.

Why:
    batch_size: The same as for ResNet-50 on a slice.

Source:
    target_qps: not measured: a quarter of the base value; the host, not the slice, is expected to
        limit it.
    batch_size: not measured: Calliope's own choice; the guide shows what was measured.
"""

SLICE_DIGITS_SERVER = replace(
    GPU_DIGITS_SERVER, target_qps=GPU_DIGITS_SERVER.target_qps / 4, batch_size=16
)
"""Digits Server on a 1g slice.

Why:
    batch_size: A quarter of the base rate fills smaller batches.

Source:
    target_qps: not measured: a quarter of the base value.
    batch_size: not measured: Calliope's own choice; the guide shows what was measured.
"""
