"""A machine with a GPU and TensorRT, both stand-ins, and a model to execute there."""

from __future__ import annotations

import ctypes
import functools
import importlib.util
import sys
from pathlib import Path

import numpy as np
import pytest

from runtime.backends import tensorrt as backend_module
from runtime.devices.cuda import open_device
from runtime.workloads import digits

STANDIN = Path(__file__).parents[1] / "standin" / "tensorrt" / "__init__.py"


@pytest.fixture
def world(cuda_library, monkeypatch, tmp_path):
    """Give a machine with a GPU and TensorRT; call it with a version to get that one."""
    stub = ctypes.CDLL(str(cuda_library))
    stub.stub_order.argtypes = (ctypes.c_int, ctypes.c_uint64)
    stub.stub_used.restype = ctypes.c_size_t
    stub.stub_log.restype = ctypes.c_char_p
    monkeypatch.setenv("STANDIN_CUDA", str(cuda_library))
    monkeypatch.setenv("HARNESS_CACHE", str(tmp_path / "cache"))
    near = functools.partial(open_device, library=str(cuda_library), layer="direct")
    monkeypatch.setattr(backend_module, "open_device", near)

    def use(version="10.9.0.34", *, fail="", order=(0, 0), **machine):
        for name, value in machine.items():
            monkeypatch.setenv(name, value)
        monkeypatch.setenv("STANDIN_TENSORRT", version)
        monkeypatch.setenv("STANDIN_FAIL", fail)
        spec = importlib.util.spec_from_file_location("tensorrt", STANDIN)
        module = importlib.util.module_from_spec(spec)
        monkeypatch.setitem(sys.modules, "tensorrt", module)
        spec.loader.exec_module(module)
        stub.stub_fail(b"")
        stub.stub_clear()
        stub.stub_forget()
        stub.stub_order(*order)
        return stub

    use()
    yield use
    stub.stub_fail(b"")
    stub.stub_order(0, 0)


@pytest.fixture(scope="module")
def images():
    return digits.open_samples(None).load(np.arange(300))


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    return digits.open_model(None, tmp_path_factory.mktemp("models"))


@pytest.fixture(scope="module")
def expected(model, images):
    import onnxruntime as ort

    session = ort.InferenceSession(str(model.path), providers=["CPUExecutionProvider"])
    return session.run(None, {session.get_inputs()[0].name: images})[0]
