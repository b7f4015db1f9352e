"""The ONNX Runtime backend: same answers from every buffer, and clear refusals."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from runtime.backends.base import open_backend
from runtime.backends.graphs import read_precision
from runtime.backends.onnxruntime import MOVE_BYTES, DeviceBinding, OnnxRuntime
from runtime.backends.providers import check_provider, provider_options
from runtime.configs.schema import Offline
from runtime.configs.workload import ModelFile, Tensor
from runtime.errors import ArtifactError, ConfigError, MissingError
from runtime.vocabulary import Precision
from runtime.workloads import digits


def settings(**changes):
    return Offline(target_qps=1.0, **changes)


@pytest.fixture(scope="module")
def images():
    return digits.open_samples(None).load(np.arange(540))


@pytest.fixture(scope="module")
def expected(images):
    import onnxruntime as ort

    path = str(digits.open_model(None, Path()).path)
    session = ort.InferenceSession(path, providers=["CPUExecutionProvider"])
    return session.run([digits.WORKLOAD.output.name], {digits.WORKLOAD.input.name: images})[0]


@pytest.fixture
def backend():
    model = digits.open_model(None, Path())
    opened = open_backend(model, digits.WORKLOAD, settings(batch_size=256), None)
    yield opened
    opened.close()


@pytest.mark.parametrize("count", [1, 7, 200, 256])
def test_own_and_foreign_buffers_give_the_same_outputs(backend, images, expected, count):
    binding = backend.bind(256)
    binding.input[:count] = images[:count]
    own = binding.infer(binding.input[:count]).copy()
    np.testing.assert_allclose(own, expected[:count], rtol=1e-4, atol=1e-4)
    foreign = binding.infer(images[100 : 100 + count])
    np.testing.assert_allclose(foreign, expected[100 : 100 + count], rtol=1e-4, atol=1e-4)
    assert foreign.shape == (count, 10)


def test_a_large_foreign_batch_is_not_copied(backend, images):
    binding = backend.bind(256)
    assert images[:256].nbytes > MOVE_BYTES
    binding.input[:] = 7
    binding.infer(images[:256])
    assert (binding.input == 7).all()


def test_a_foreign_batch_that_is_not_contiguous_or_of_another_type_is_converted(
    backend, images, expected
):
    binding = backend.bind(256)
    got = binding.infer(images[:512:2])
    np.testing.assert_allclose(got, expected[:512:2], rtol=1e-4, atol=1e-4)
    got = binding.infer(images[:256].astype(np.float64))
    np.testing.assert_allclose(got, expected[:256], rtol=1e-4, atol=1e-4)


def test_outputs_survive_the_end_of_foreign_arrays(backend, images, expected):
    binding = backend.bind(256)
    for start in range(0, 250, 50):
        got = binding.infer(images[start : start + 200].copy())
        np.testing.assert_allclose(got, expected[start : start + 200], rtol=1e-4, atol=1e-4)


def test_lanes_have_their_own_buffers(backend, images, expected):
    one, two = backend.bind(8), backend.bind(8)
    first = one.infer(images[:8])
    two.infer(images[8:16])
    np.testing.assert_allclose(first, expected[:8], rtol=1e-4, atol=1e-4)
    assert not np.shares_memory(one.input, two.input)


@pytest.mark.parametrize(("threads", "sessions"), [(1, 1), (2, 3)])
def test_lanes_share_a_session_only_without_a_thread_pool(threads, sessions):
    opened = OnnxRuntime()
    model = digits.open_model(None, Path())
    opened.open(model, digits.WORKLOAD, settings(intra_op_threads=threads), None)
    for _ in range(3):
        opened.bind(1)
    assert len(opened._sessions) == sessions
    opened.close()


def test_device_buffers_run_whole_batches(backend, images, expected):
    """The logic of the CUDA graph binding, on host memory."""
    model = digits.WORKLOAD
    session = backend._sessions[0]
    binding = DeviceBinding(session, model.input, model.output, 16, kind="cpu")
    np.testing.assert_allclose(binding.infer(images[:16]), expected[:16], rtol=1e-4, atol=1e-4)
    got = binding.infer(images[16:21])
    np.testing.assert_allclose(got, expected[16:21], rtol=1e-4, atol=1e-4)
    binding.input[:3] = images[30:33]
    got = binding.infer(binding.input[:3])
    np.testing.assert_allclose(got, expected[30:33], rtol=1e-4, atol=1e-4)


def write_model(path, batch="n", kind=TensorProto.FLOAT, quantized=None):
    """Write x -> x + 1 on (batch, 4), its weight in the wanted format."""
    element = helper.tensor_dtype_to_np_dtype(kind)
    nodes, weights, last = [], [], "x"
    if quantized is not None:
        weights += [
            helper.make_tensor("scale", TensorProto.FLOAT, [], [0.1]),
            helper.make_tensor("zero", quantized, [], [0]),
        ]
        nodes += [
            helper.make_node("QuantizeLinear", ["x", "scale", "zero"], ["q"]),
            helper.make_node("DequantizeLinear", ["q", "scale", "zero"], ["d"]),
        ]
        last = "d"
    weights.append(numpy_helper.from_array(np.ones((1, 4), element), "one"))
    nodes.append(helper.make_node("Add", [last, "one"], ["y"]))
    graph = helper.make_graph(
        nodes,
        "g",
        [helper.make_tensor_value_info("x", kind, [batch, 4])],
        [helper.make_tensor_value_info("y", kind, [batch, 4])],
        weights,
    )
    opset = [helper.make_opsetid("", 19)]
    onnx.save(helper.make_model(graph, opset_imports=opset, ir_version=9), str(path))
    return path


def test_precision_is_read_from_the_graph(tmp_path):
    fp32 = write_model(tmp_path / "a.onnx")
    fp16 = write_model(tmp_path / "b.onnx", kind=TensorProto.FLOAT16)
    int8 = write_model(tmp_path / "c.onnx", quantized=TensorProto.INT8)
    fp8 = write_model(tmp_path / "d.onnx", quantized=TensorProto.FLOAT8E4M3FN)
    got = [read_precision(p) for p in (fp32, fp16, int8, fp8)]
    assert got == [Precision.FP32, Precision.FP16, Precision.INT8, Precision.FP8]


def open_file(path, **changes):
    tensor = Tensor(name="x", dtype="float32", shape=(4,))
    model = ModelFile(
        path=path,
        sha256="0",
        input=tensor,
        output=Tensor(name="y", dtype="float32", shape=(4,)),
        fixed_batch=changes.pop("fixed_batch", None),
    )
    return open_backend(model, digits.WORKLOAD, settings(**changes), None)


def test_int8_wants_nodes_that_carry_scales(tmp_path):
    path = write_model(tmp_path / "plain.onnx")
    with pytest.raises(ConfigError, match=r"QuantizeLinear/DequantizeLinear") as caught:
        open_file(path, precision=Precision.INT8, fixed_batch=3)
    assert "set precision=fp32" in caught.value.problems[0].do
    assert "set batch_size=3" in caught.value.problems[1].do


def test_a_quantized_file_is_refused_as_fp32(tmp_path):
    path = write_model(tmp_path / "q.onnx", quantized=TensorProto.INT8)
    with pytest.raises(ConfigError, match="set precision=int8"):
        open_file(path)
    binding = open_file(path, precision=Precision.INT8).bind(1)
    np.testing.assert_allclose(binding.infer(np.full((1, 4), 0.5, np.float32)), 1.5, atol=0.01)


def test_a_fixed_batch_runs_parts_by_padding(tmp_path):
    path = write_model(tmp_path / "fixed.onnx", batch=4)
    binding = open_file(path, batch_size=4, fixed_batch=4).bind(4)
    x = np.arange(16, dtype=np.float32).reshape(4, 4)
    assert (binding.infer(x) == x + 1).all()
    assert (binding.infer(x[1:3]) == x[1:3] + 1).all()
    assert binding.infer(x[:1]).shape == (1, 4)


def test_a_file_that_is_no_model_is_told(tmp_path):
    path = tmp_path / "broken.onnx"
    path.write_bytes(b"not a model at all")
    with pytest.raises(ArtifactError, match=r"broken\.onnx: want an ONNX model"):
        open_file(path)
    with pytest.raises(ArtifactError, match=r"absent\.onnx: want a readable ONNX file"):
        open_file(tmp_path / "absent.onnx")


def test_a_missing_provider_names_the_available_ones_and_the_package():
    with pytest.raises(MissingError, match="CPUExecutionProvider") as caught:
        check_provider("TensorrtExecutionProvider")
    assert "pip install onnxruntime-gpu" in caught.value.problems[0].do
    with pytest.raises(MissingError) as caught:
        check_provider("CudaExecutionProvider")
    assert "'CUDAExecutionProvider'" in caught.value.problems[0].do


@pytest.mark.parametrize(
    ("provider", "changes", "wanted"),
    [
        ("CPUExecutionProvider", {}, {}),
        ("CUDAExecutionProvider", {}, {"device_id": "3"}),
        (
            "CUDAExecutionProvider",
            {"use_cuda_graph": True},
            {"device_id": "3", "enable_cuda_graph": "1"},
        ),
        (
            "TensorrtExecutionProvider",
            {"precision": Precision.FP16, "use_cuda_graph": True, "workspace_mib": 2},
            {
                "device_id": "3",
                "trt_fp16_enable": "1",
                "trt_cuda_graph_enable": "1",
                "trt_max_workspace_size": "2097152",
            },
        ),
        (
            "TensorrtExecutionProvider",
            {"precision": Precision.INT8},
            {"device_id": "3", "trt_int8_enable": "1"},
        ),
    ],
)
def test_settings_become_provider_options(provider, changes, wanted):
    got = provider_options(settings(execution_provider=provider, **changes), 3)
    assert got == wanted
