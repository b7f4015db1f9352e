"""Settings that the Ada targets share."""

from __future__ import annotations

from dataclasses import replace

from runtime.targets._gpu import GPU_RESNET50_SERVER

ADA_RESNET50_SERVER = replace(GPU_RESNET50_SERVER, lanes=2, max_queue_delay_us=2_000)
"""ResNet-50 Server on Ada.

Source:
    lanes: gpu_inference_streams in mlcommons/inference_results_v4.1
        closed/NVIDIA/configs/resnet50/Server/__init__.py:57 (system L40x1)
    max_queue_delay_us: deque_timeout_usec in mlcommons/inference_results_v4.1
        closed/NVIDIA/configs/resnet50/Server/__init__.py:57 (system L40x1)
"""
