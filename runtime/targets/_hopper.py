"""Settings that the Hopper targets share (Blackwell starts from them too)."""

from __future__ import annotations

from dataclasses import replace

from runtime.targets._gpu import (
    GPU_DIGITS_OFFLINE,
    GPU_DIGITS_SERVER,
    GPU_RESNET50_OFFLINE,
    GPU_RESNET50_SERVER,
)

HOPPER_RESNET50_OFFLINE = replace(GPU_RESNET50_OFFLINE, batch_size=2048)
"""ResNet-50 Offline on Hopper.

Source:
    batch_size: gpu_batch_size in mlcommons/inference_results_v4.1
        closed/NVIDIA/configs/resnet50/Offline/__init__.py:68 (system H100_SXM_80GBx1)
"""

HOPPER_RESNET50_SERVER = replace(GPU_RESNET50_SERVER, batch_size=256, max_queue_delay_us=3_000)
"""ResNet-50 Server on Hopper's SXM and superchip boards.

Why:
    max_queue_delay_us: A fifth of the bound: it fills batches and leaves 12 ms for the inference.

Source:
    batch_size: gpu_batch_size in mlcommons/inference_results_v4.1
        closed/NVIDIA/configs/resnet50/Server/__init__.py:99 (system H100_SXM_80GBx1)
    max_queue_delay_us: deque_timeout_usec in mlcommons/inference_results_v4.1
        closed/NVIDIA/configs/resnet50/Server/__init__.py:99 (system H100_SXM_80GBx1)
"""

HOPPER_DIGITS_OFFLINE = replace(
    GPU_DIGITS_OFFLINE, target_qps=GPU_DIGITS_OFFLINE.target_qps * 2, batch_size=2048
)
"""Digits Offline on Hopper.

Source:
    target_qps: not measured: twice the base value, as Hopper's ResNet-50 rates are about twice
        Ampere's.
    batch_size: not measured: Calliope's own choice; the guide shows what was measured.
"""

HOPPER_DIGITS_SERVER = replace(GPU_DIGITS_SERVER, target_qps=GPU_DIGITS_SERVER.target_qps * 2)
"""Digits Server on Hopper.

Source:
    target_qps: not measured: twice the base value, as Hopper's ResNet-50 rates are about twice
        Ampere's.
"""

HOPPER_DIGITS_OFFLINE_X8 = replace(
    HOPPER_DIGITS_OFFLINE, target_qps=HOPPER_DIGITS_OFFLINE.target_qps * 4
)
"""Digits Offline on eight Hopper GPUs.

Why:
    target_qps: Four times one GPU, not eight: more would pass what LoadGen's Python binding hands
        over.

Source:
    target_qps: not measured: scaled from one GPU by 4.
"""

HOPPER_DIGITS_SERVER_X8 = replace(
    HOPPER_DIGITS_SERVER, target_qps=HOPPER_DIGITS_SERVER.target_qps * 8
)
"""Digits Server on eight Hopper GPUs.

Source:
    target_qps: not measured: the rate of one GPU times eight.
"""
