"""Settings that every GPU target starts from; families and GPUs replace what they know better.

The ResNet-50 values are those that the public v4.1 round shares across its NVIDIA systems.
The digits values are Calliope's own: no public round has that workload.
"""

from __future__ import annotations

from dataclasses import replace

from runtime.configs.schema import MultiStream, Offline, Server, SingleStream
from runtime.vocabulary import Precision

GPU_RESNET50_OFFLINE = Offline(
    target_qps=1.0, precision=Precision.INT8, execution_provider="TensorrtExecutionProvider"
)
"""ResNet-50 Offline on any GPU; every GPU sets its own rate.

Why:
    target_qps: Below every GPU on purpose: a GPU that forgets to replace it ends its run in
        seconds, INVALID.
    precision: The public rounds run ResNet-50 in INT8 on every NVIDIA GPU; the file carries its
        scales as Q/DQ nodes.
    execution_provider: It builds INT8 kernels from explicit Q/DQ nodes.

Source:
    target_qps: not measured: Calliope's own choice; the guide shows what was measured.
    precision: precision in mlcommons/inference_results_v4.1
        closed/NVIDIA/configs/resnet50/Offline/__init__.py:98 (system H200_SXM_141GBx1)
    execution_provider: ONNX Runtime documentation, 'TensorRT Execution Provider': the provider's
        name.
"""

GPU_RESNET50_SERVER = Server(
    target_qps=1.0,
    target_latency_ms=15.0,
    precision=Precision.INT8,
    execution_provider="TensorrtExecutionProvider",
    use_cuda_graph=True,
)
"""ResNet-50 Server on any GPU, under MLPerf's bound of 15 ms.

Why:
    target_qps: Below every GPU on purpose: a GPU that forgets to replace it ends its run in
        seconds, INVALID.
    target_latency_ms: MLPerf's bound; a system may not change it.
    precision: The public rounds run ResNet-50 in INT8 on every NVIDIA GPU; the file carries its
        scales as Q/DQ nodes.
    execution_provider: It builds INT8 kernels from explicit Q/DQ nodes.
    use_cuda_graph: Shapes never change here, and the launches cost more than the kernels at this
        batch size.

Source:
    target_qps: not measured: Calliope's own choice; the guide shows what was measured.
    target_latency_ms: mlcommons/inference@b66003e10
        tools/submission/submission_checker/constants.py, resnet Server latency; the same in
        loadgen/mlperf.conf.
    precision: precision in mlcommons/inference_results_v4.1
        closed/NVIDIA/configs/resnet50/Server/__init__.py:70 (system H200_SXM_141GBx1)
    execution_provider: ONNX Runtime documentation, 'TensorRT Execution Provider': the provider's
        name.
    use_cuda_graph: use_graphs in mlcommons/inference_results_v4.1
        closed/NVIDIA/configs/resnet50/Server/__init__.py:70 (system H200_SXM_141GBx1)
"""

GPU_RESNET50_SINGLE_STREAM = SingleStream(
    expected_latency_ms=0.66,
    precision=Precision.INT8,
    execution_provider="TensorrtExecutionProvider",
    use_cuda_graph=True,
)
"""ResNet-50 SingleStream on any GPU.

Why:
    expected_latency_ms: The round expects the same of every data-centre GPU; the value only sizes
        the query list.
    precision: The public rounds run ResNet-50 in INT8 on every NVIDIA GPU; the file carries its
        scales as Q/DQ nodes.
    execution_provider: It builds INT8 kernels from explicit Q/DQ nodes.
    use_cuda_graph: Shapes never change here, and the launches cost more than the kernels at this
        batch size.

Source:
    expected_latency_ms: single_stream_expected_latency_ns in mlcommons/inference_results_v4.1
        closed/NVIDIA/configs/resnet50/SingleStream/__init__.py:73 (system H100_SXM_80GBx1)
    precision: precision in mlcommons/inference_results_v4.1
        closed/NVIDIA/configs/resnet50/SingleStream/__init__.py:73 (system H100_SXM_80GBx1)
    execution_provider: ONNX Runtime documentation, 'TensorRT Execution Provider': the provider's
        name.
    use_cuda_graph: use_graphs in mlcommons/inference_results_v4.1
        closed/NVIDIA/configs/resnet50/SingleStream/__init__.py:73 (system H100_SXM_80GBx1)
"""

GPU_RESNET50_MULTI_STREAM = MultiStream(
    expected_latency_ms=0.83,
    batch_size=8,
    precision=Precision.INT8,
    execution_provider="TensorrtExecutionProvider",
    use_cuda_graph=True,
)
"""ResNet-50 MultiStream on any GPU.

Why:
    expected_latency_ms: The round expects the same of most data-centre GPUs; the value only sizes
        the query list.
    batch_size: A query has eight samples: one inference answers it.
    precision: The public rounds run ResNet-50 in INT8 on every NVIDIA GPU; the file carries its
        scales as Q/DQ nodes.
    execution_provider: It builds INT8 kernels from explicit Q/DQ nodes.
    use_cuda_graph: Shapes never change here, and the launches cost more than the kernels at this
        batch size.

Source:
    expected_latency_ms: multi_stream_expected_latency_ns in mlcommons/inference_results_v4.1
        closed/NVIDIA/configs/resnet50/MultiStream/__init__.py:53 (system H100_SXM_80GBx1)
    batch_size: gpu_batch_size in mlcommons/inference_results_v4.1
        closed/NVIDIA/configs/resnet50/MultiStream/__init__.py:53 (system H100_SXM_80GBx1)
    precision: precision in mlcommons/inference_results_v4.1
        closed/NVIDIA/configs/resnet50/MultiStream/__init__.py:53 (system H100_SXM_80GBx1)
    execution_provider: ONNX Runtime documentation, 'TensorRT Execution Provider': the provider's
        name.
    use_cuda_graph: use_graphs in mlcommons/inference_results_v4.1
        closed/NVIDIA/configs/resnet50/MultiStream/__init__.py:53 (system H100_SXM_80GBx1)
"""

GPU_DIGITS_OFFLINE = Offline(
    target_qps=100_000.0, batch_size=1024, execution_provider="TensorrtExecutionProvider"
)
"""Digits Offline on any GPU, in FP32.

Why:
    target_qps: A tenth of the 1.0 to 1.2 million samples/s that LoadGen's Python binding passes.
    batch_size: One sample has 64 numbers: small batches leave a GPU idle.
    execution_provider: The same provider as for ResNet-50, so that one installation serves both.

Source:
    target_qps: not measured: Calliope's own choice; the guide shows what was measured.
    batch_size: not measured: Calliope's own choice; the guide shows what was measured.
    execution_provider: ONNX Runtime documentation, 'TensorRT Execution Provider': the provider's
        name.
"""

GPU_DIGITS_SERVER = Server(
    target_qps=5_000.0,
    target_latency_ms=10.0,
    batch_size=64,
    execution_provider="TensorrtExecutionProvider",
    use_cuda_graph=True,
)
"""Digits Server on any GPU, in FP32, under Calliope's bound of 10 ms.

Why:
    target_qps: Modest: the model needs microseconds, the host sets the limit.
    target_latency_ms: Calliope's own bound for digits; MLPerf has no such benchmark.
    batch_size: At 5 000 queries/s about fifty arrive within the bound.
    execution_provider: The same provider as for ResNet-50, so that one installation serves both.
    use_cuda_graph: Shapes never change here, and the launches cost more than the kernels at this
        batch size.

Source:
    target_qps: not measured: Calliope's own choice; the guide shows what was measured.
    target_latency_ms: Calliope, policy `run.server-latency-digits`.
    batch_size: not measured: Calliope's own choice; the guide shows what was measured.
    execution_provider: ONNX Runtime documentation, 'TensorRT Execution Provider': the provider's
        name.
    use_cuda_graph: not measured: Calliope's own choice; the guide shows what was measured.
"""

GPU_DIGITS_SINGLE_STREAM = SingleStream(
    expected_latency_ms=0.5, execution_provider="TensorrtExecutionProvider", use_cuda_graph=True
)
"""Digits SingleStream on any GPU, in FP32.

Why:
    expected_latency_ms: It only sizes the query list.
    execution_provider: The same provider as for ResNet-50, so that one installation serves both.
    use_cuda_graph: Shapes never change here, and the launches cost more than the kernels at this
        batch size.

Source:
    expected_latency_ms: not measured: Calliope's own choice; the guide shows what was measured.
    execution_provider: ONNX Runtime documentation, 'TensorRT Execution Provider': the provider's
        name.
    use_cuda_graph: not measured: Calliope's own choice; the guide shows what was measured.
"""

GPU_DIGITS_MULTI_STREAM = MultiStream(
    expected_latency_ms=0.6,
    batch_size=8,
    execution_provider="TensorrtExecutionProvider",
    use_cuda_graph=True,
)
"""Digits MultiStream on any GPU, in FP32.

Why:
    expected_latency_ms: It only sizes the query list.
    batch_size: A query has eight samples: one inference answers it.
    execution_provider: The same provider as for ResNet-50, so that one installation serves both.
    use_cuda_graph: Shapes never change here, and the launches cost more than the kernels at this
        batch size.

Source:
    expected_latency_ms: not measured: Calliope's own choice; the guide shows what was measured.
    batch_size: not measured: Calliope's own choice; the guide shows what was measured.
    execution_provider: ONNX Runtime documentation, 'TensorRT Execution Provider': the provider's
        name.
    use_cuda_graph: not measured: Calliope's own choice; the guide shows what was measured.
"""

GPU_DIGITS_OFFLINE_X8 = replace(GPU_DIGITS_OFFLINE, target_qps=GPU_DIGITS_OFFLINE.target_qps * 8)
"""Digits Offline on eight GPUs.

Source:
    target_qps: not measured: the rate of one GPU times eight.
"""

GPU_DIGITS_SERVER_X8 = replace(GPU_DIGITS_SERVER, target_qps=GPU_DIGITS_SERVER.target_qps * 8)
"""Digits Server on eight GPUs.

Source:
    target_qps: not measured: the rate of one GPU times eight.
"""
