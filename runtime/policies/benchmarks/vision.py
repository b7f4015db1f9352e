"""What MLPerf asks of the benchmarks that see: images, video, points.

Figures of `mlcommons/inference@b66003e10`: the submission checker's constants and mlperf.conf.
"""

from __future__ import annotations

from dataclasses import replace

from runtime.policies.benchmarks.model import Benchmark, Bound, Goal

RESNET = Benchmark(
    name="resnet",
    title="Image classification: ResNet-50 v1.5 on ImageNet 2012, 224 x 224",
    loadgen_name="resnet50",
    edge=("SingleStream", "MultiStream", "Offline"),
    both=("SingleStream", "MultiStream", "Offline", "Server"),
    goals=(Goal(metric="acc", least=76.46 * 0.99),),
    dataset_samples=50_000,
    performance_samples=1024,
    offline_samples=24_576,
    bounds=(Bound(scenario="Server", latency_ms=15),),
    compliance=("TEST01", "TEST04"),
)
"""Image classification: ResNet-50 v1.5 on ImageNet 2012, 224 x 224."""

RETINANET = Benchmark(
    name="retinanet",
    title="Object detection: RetinaNet on a subset of OpenImages, 800 x 800",
    loadgen_name="retinanet",
    both=("SingleStream", "Offline", "MultiStream", "Server"),
    goals=(Goal(metric="mAP", least=37.55 * 0.99),),
    dataset_samples=24_781,
    performance_samples=64,
    offline_samples=24_576,
    bounds=(Bound(scenario="Server", latency_ms=100),),
    compliance=("TEST01",),
)
"""Object detection: RetinaNet on a subset of OpenImages, 800 x 800. Last asked for in v6.0."""

RETINANET_V5_1 = replace(
    RETINANET,
    datacenter=("Server", "Offline"),
    edge=("SingleStream", "MultiStream", "Offline"),
)
"""RetinaNet in v5.1, when both suites still asked for it."""

UNET3D_99 = Benchmark(
    name="3d-unet-99",
    title="Medical image segmentation: 3D U-Net on KiTS 2019, at 99 %",
    loadgen_name="3d-unet",
    datacenter=("Offline",),
    edge=("SingleStream", "Offline"),
    both=("SingleStream", "Offline"),
    goals=(Goal(metric="DICE", least=0.8617 * 0.99),),
    dataset_samples=43,
    performance_samples=43,
    offline_samples=43,
    compliance=("TEST01",),
)
"""Medical image segmentation: 3D U-Net on KiTS 2019, at 99 %."""

UNET3D_99_9 = Benchmark(
    name="3d-unet-99.9",
    title="Medical image segmentation: 3D U-Net on KiTS 2019, at 99.9 %",
    loadgen_name="3d-unet",
    datacenter=("Offline",),
    edge=("SingleStream", "Offline"),
    both=("SingleStream", "Offline"),
    goals=(Goal(metric="DICE", least=0.8617 * 0.999),),
    dataset_samples=43,
    performance_samples=43,
    offline_samples=43,
    compliance=("TEST01",),
)
"""3D U-Net on KiTS 2019, at 99.9 %."""

STABLE_DIFFUSION_XL = Benchmark(
    name="stable-diffusion-xl",
    title="Text to image: Stable Diffusion XL",
    loadgen_name="stable-diffusion-xl",
    edge=("SingleStream", "Offline"),
    both=("SingleStream", "Offline", "Server"),
    goals=(
        Goal(metric="CLIP_SCORE", least=31.68631873, most=31.81331801),
        Goal(metric="FID_SCORE", least=23.01085758, most=23.95007626),
    ),
    dataset_samples=5000,
    performance_samples=5000,
    offline_samples=5000,
    bounds=(Bound(scenario="Server", latency_ms=20_000),),
    compliance=("TEST01", "TEST04"),
)
"""Text to image: Stable Diffusion XL; both metrics have a range."""

STABLE_DIFFUSION_XL_V5_1 = replace(
    STABLE_DIFFUSION_XL,
    datacenter=("Server", "Offline"),
)
"""Stable Diffusion XL in v5.1, when the datacenter suite still asked for it."""

POINTPAINTING = Benchmark(
    name="pointpainting",
    title="3D object detection: PointPainting on Waymo Open",
    loadgen_name="pointpainting",
    edge=("SingleStream",),
    both=("SingleStream",),
    goals=(Goal(metric="mAP", least=0.5425 * 0.999),),
    single_stream_percentile=99.9,
    dataset_samples=39_987,
    performance_samples=1024,
    offline_samples=6636,
    compliance=("TEST01", "TEST04"),
)
"""3D object detection: PointPainting on Waymo Open. Gone since v6.1."""

YOLO_95 = Benchmark(
    name="yolo-95",
    title="Object detection: YOLO11l on 1 525 images of COCO 2017, at 95 %",
    loadgen_name="yolo",
    edge=("SingleStream", "MultiStream", "Offline"),
    both=("SingleStream", "MultiStream", "Offline"),
    goals=(Goal(metric="mAP", least=53.4 * 0.95),),
    dataset_samples=1525,
    performance_samples=64,
    offline_samples=1525,
    compliance=("TEST01",),
)
"""Object detection: YOLO11l on 1 525 images of COCO 2017, at 95 %."""

YOLO_99 = Benchmark(
    name="yolo-99",
    title="Object detection: YOLO11l on 1 525 images of COCO 2017, at 99 %",
    loadgen_name="yolo",
    edge=("SingleStream", "MultiStream", "Offline"),
    both=("SingleStream", "MultiStream", "Offline"),
    goals=(Goal(metric="mAP", least=53.4 * 0.99),),
    dataset_samples=1525,
    performance_samples=64,
    offline_samples=1525,
    compliance=("TEST01",),
)
"""YOLO11l on 1 525 images of COCO 2017, at 99 %."""

WAN_2_2_T2V_A14B = Benchmark(
    name="wan-2.2-t2v-a14b",
    title="Text to video: Wan 2.2 T2V A14B on VBench prompts",
    loadgen_name="wan-2.2-t2v-a14b",
    datacenter=("Offline", "SingleStream"),
    goals=(Goal(metric="vbench_score", least=70.48 * 0.99),),
    dataset_samples=248,
    performance_samples=248,
    offline_samples=248,
    compliance=("TEST04",),
)
"""Text to video: Wan 2.2 T2V A14B on VBench prompts. The counts are mlperf.conf's: see
`runtime.policies.contradictions`."""

QWEN3_VL_235B_A22B = Benchmark(
    name="qwen3-vl-235b-a22b",
    title="Image and text to category: Qwen3-VL 235B A22B on a product catalogue",
    loadgen_name="qwen3-vl-235b-a22b",
    datacenter=("Offline",),
    datacenter_optional=("Interactive", "Server"),
    both=("Offline",),
    both_optional=("Interactive", "Server"),
    goals=(
        Goal(metric="F1_HIERARCHICAL", least=0.7903 * 0.99, scenarios=("Offline", "Server")),
        Goal(metric="F1_HIERARCHICAL", least=0.7878 * 0.99, scenarios=("Interactive",)),
    ),
    dataset_samples=48_289,
    performance_samples=48_289,
    accuracy_samples_interactive=8000,
    offline_samples=48_289,
    bounds=(
        Bound(scenario="Server", latency_ms=12_000),
        Bound(scenario="Interactive", latency_ms=1500),
    ),
)
"""Image and text to category: Qwen3-VL 235B A22B on a product catalogue."""

QWEN3_VL_235B_A22B_V6_0 = replace(
    QWEN3_VL_235B_A22B,
    datacenter=("Server", "Offline"),
    datacenter_optional=(),
    goals=(Goal(metric="F1_HIERARCHICAL", least=0.7903 * 0.99),),
    accuracy_samples_interactive=None,
    bounds=(Bound(scenario="Server", latency_ms=12_000),),
)
"""Qwen3-VL in v6.0, which asked for Server and had one goal."""
