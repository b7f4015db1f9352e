"""Settings that the Ampere data-centre targets share."""

from __future__ import annotations

from dataclasses import replace

from runtime.targets._gpu import GPU_RESNET50_OFFLINE, GPU_RESNET50_SERVER

AMPERE_RESNET50_OFFLINE = replace(GPU_RESNET50_OFFLINE, batch_size=2048)
"""ResNet-50 Offline on Ampere.

Source:
    batch_size: gpu_batch_size in mlcommons/inference_results_v4.1
        closed/NVIDIA/configs/resnet50/Offline/__init__.py:428 (system A100_SXM_80GBx1)
"""

AMPERE_RESNET50_SERVER = replace(
    GPU_RESNET50_SERVER, batch_size=64, lanes=2, max_queue_delay_us=2_000
)
"""ResNet-50 Server on Ampere's PCIe boards.

Why:
    lanes: A second lane can copy its batch while the first computes.

Source:
    batch_size: gpu_batch_size in mlcommons/inference_results_v4.1
        closed/NVIDIA/configs/resnet50/Server/__init__.py:216 (system A100_PCIe_80GBx8)
    lanes: gpu_inference_streams in mlcommons/inference_results_v4.1
        closed/NVIDIA/configs/resnet50/Server/__init__.py:216 (system A100_PCIe_80GBx8)
    max_queue_delay_us: deque_timeout_usec in mlcommons/inference_results_v4.1
        closed/NVIDIA/configs/resnet50/Server/__init__.py:216 (system A100_PCIe_80GBx8)
"""
