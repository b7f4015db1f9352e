"""A stand-in for TensorRT's Python module: it computes with ONNX Runtime, on the stub of CUDA.

It has what the harness calls, with TensorRT's own names and arguments, of the version that
STANDIN_TENSORRT names (a test holds both against the table of the real bindings); what that
version lacks is taken away. Inference is queued on the stream with `cuLaunchHostFunc`, reads and
writes device memory when the stream gets there, and can be captured into a graph. STANDIN_FAIL
injects failures: parse, build, build-memory, deserialize-memory, start, context, execute, progress.
"""

from __future__ import annotations

import ctypes
import enum
import json
import os
import struct
from pathlib import Path

import numpy as np

__version__ = os.environ.get("STANDIN_TENSORRT", "10.9.0.34")

TABLE = Path(__file__).parents[2] / "tensorrt_api.json"
SCRATCH_BYTES = 4096
KERNELS = 3


def _cuda():
    library = ctypes.CDLL(os.environ.get("STANDIN_CUDA", "libcuda.so.1"))
    library.stub_host.restype = ctypes.c_void_p
    library.stub_host.argtypes = (ctypes.c_uint64,)
    library.cuLaunchHostFunc.argtypes = (ctypes.c_void_p, ctypes.c_void_p, ctypes.c_void_p)
    return library


def _fails(what: str) -> bool:
    return what in os.environ.get("STANDIN_FAIL", "").split(",")


def _capability() -> str:
    library, parts = _cuda(), []
    for attribute in (75, 76):
        value = ctypes.c_int()
        library.cuDeviceGetAttribute(ctypes.byref(value), attribute, 0)
        parts.append(str(value.value))
    return ".".join(parts)


class ILogger:
    class Severity(enum.IntEnum):
        INTERNAL_ERROR = 0
        ERROR = 1
        WARNING = 2
        INFO = 3
        VERBOSE = 4

    def __init__(self) -> None:
        pass

    def log(self, severity, msg):
        raise NotImplementedError


class IProgressMonitor:
    def __init__(self) -> None:
        pass


class DataType(enum.IntEnum):
    FLOAT = 0
    HALF = 1
    INT8 = 2
    INT32 = 3
    INT64 = 8


_NUMPY = {DataType.FLOAT: np.float32, DataType.HALF: np.float16, DataType.INT64: np.int64}
_ONNX = {
    "tensor(float)": DataType.FLOAT,
    "tensor(float16)": DataType.HALF,
    "tensor(int64)": DataType.INT64,
}


class NetworkDefinitionCreationFlag(enum.IntEnum):
    EXPLICIT_BATCH = 0
    STRONGLY_TYPED = 1


class BuilderFlag(enum.IntEnum):
    FP16 = 0
    INT8 = 1
    TF32 = 7


class MemoryPoolType(enum.IntEnum):
    WORKSPACE = 0


class ProfilingVerbosity(enum.IntEnum):
    LAYER_NAMES_ONLY = 0
    DETAILED = 2


class LayerInformationFormat(enum.IntEnum):
    ONELINE = 0
    JSON = 1


class ExecutionContextAllocationStrategy(enum.IntEnum):
    STATIC = 0
    ON_PROFILE_CHANGE = 1
    USER_MANAGED = 2


class IHostMemory(bytes):
    @property
    def nbytes(self):
        return len(self)


class IOptimizationProfile:
    def __init__(self) -> None:
        self.shapes = {}

    def set_shape(self, input, min, opt, max):  # noqa: A002 - TensorRT's own names
        self.shapes[input] = [tuple(min), tuple(opt), tuple(max)]


class ITimingCache:
    def __init__(self, data) -> None:
        self.data = bytes(data)

    def serialize(self):
        return IHostMemory(self.data)


class IBuilderConfig:
    def __init__(self) -> None:
        self.flags, self.profiles, self.pools = {BuilderFlag.TF32}, [], {}
        self.cache = None
        self.profiling_verbosity = ProfilingVerbosity.LAYER_NAMES_ONLY
        self.progress_monitor = None

    def set_flag(self, flag):
        self.flags.add(flag)

    def clear_flag(self, flag):
        self.flags.discard(flag)

    def set_memory_pool_limit(self, pool, pool_size):
        self.pools[pool] = pool_size

    def add_optimization_profile(self, profile):
        self.profiles.append(profile)
        return len(self.profiles) - 1

    def create_timing_cache(self, serialized_timing_cache):
        return ITimingCache(serialized_timing_cache)

    def set_timing_cache(self, cache, ignore_mismatch):
        if cache.data and not cache.data.startswith(_stamp()) and not ignore_mismatch:
            return False
        self.cache = cache
        return True

    def get_timing_cache(self):
        return self.cache


def _stamp() -> bytes:
    return f"timing {__version__} {_capability()}\n".encode()


class INetworkDefinition:
    def __init__(self, flags) -> None:
        self.flags, self.model = flags, b""


class ParserError:
    def __init__(self, text) -> None:
        self.text = text

    def desc(self):
        return self.text


class OnnxParser:
    def __init__(self, network, logger) -> None:
        self.network, self.logger, self.errors = network, logger, []

    def parse(self, model, path=None):
        if _fails("parse"):
            self.errors.append(ParserError("No importer registered for op: Frobnicate"))
            return False
        self.network.model = bytes(model)
        return True

    @property
    def num_errors(self):
        return len(self.errors)

    def get_error(self, index):
        return self.errors[index]


class Builder:
    def __init__(self, logger) -> None:
        if _fails("start"):
            logger.log(ILogger.Severity.ERROR, "CUDA initialization failure with error: 35")
            raise TypeError("pybind11::init(): factory function returned nullptr")
        self.logger = logger

    def create_network(self, flags=0):
        return INetworkDefinition(flags)

    def create_builder_config(self):
        return IBuilderConfig()

    def create_optimization_profile(self):
        return IOptimizationProfile()

    def build_serialized_network(self, network, config):
        def say(text):
            self.logger.log(ILogger.Severity.ERROR, text)

        if _fails("build"):
            say(
                "[optimizer.cpp::computeCosts] Error Code 10: Internal Error (Could not find any implementation for node Conv_0.)"
            )
            return None
        if _fails("build-memory"):
            say(
                "[virtualMemoryBuffer.cpp::resizePhysical] Error Code 2: OutOfMemory (no further information)"
            )
            return None
        monitor = getattr(config, "progress_monitor", None)
        if monitor is not None:
            monitor.phase_start("Building Engine", None, KERNELS)
            monitor.phase_start("Tactics", "Building Engine", 9)
            for step in range(KERNELS):
                if not monitor.step_complete("Building Engine", step):
                    return None
            monitor.phase_finish("Tactics")
            monitor.phase_finish("Building Engine")
        if config.cache is not None:
            config.cache.data = (config.cache.data or _stamp()) + b"kernel\n"
        about = {
            "profiles": [p.shapes for p in config.profiles],
            "capability": _capability(),
            "flags": sorted(f.name for f in config.flags),
            "network": network.flags,
            "workspace": config.pools.get(MemoryPoolType.WORKSPACE, 0),
            "verbosity": config.profiling_verbosity.name,
        }
        text = json.dumps(about).encode()
        version = bytes([*[int(n) for n in __version__.split(".")], 0, 0][:4])
        head = (
            struct.pack("<II", 0x74727466, 0) + bytes(16) + version + struct.pack("<I", len(text))
        )
        return IHostMemory(head + text + network.model)


class Runtime:
    def __init__(self, logger) -> None:
        self.logger = logger

    def deserialize_cuda_engine(self, serialized_engine):
        data = bytes(serialized_engine)
        if _fails("deserialize-memory"):
            self._say("[defaultAllocator.cpp::allocate] Error Code 1: Cuda Runtime (out of memory)")
            return None
        mine = bytes([*[int(n) for n in __version__.split(".")], 0, 0][:4])
        if data[24:28] != mine:
            want, got = (".".join(map(str, v)) for v in (mine, data[24:28]))
            self._say(
                f"IRuntime::deserializeCudaEngine: Error Code 6: The engine plan file is not compatible with this version of TensorRT, expecting library version {want} got {got}, please rebuild."
            )
            return None
        (size,) = struct.unpack("<I", data[28:32])
        about = json.loads(data[32 : 32 + size])
        if about["capability"] != _capability():
            self._say(
                f"The engine plan file is generated on an incompatible device, expecting compute {_capability()} got compute {about['capability']}, please rebuild."
            )
            return None
        return ICudaEngine(self.logger, about, data[32 + size :])

    def _say(self, text):
        self.logger.log(ILogger.Severity.ERROR, text)


class EngineInspector:
    def __init__(self, engine) -> None:
        self.engine = engine

    def get_engine_information(self, format):  # noqa: A002 - TensorRT's own name
        assert format is LayerInformationFormat.JSON
        return json.dumps({"Layers": [{"Name": "all of it"}], "About": self.engine.about})


class ICudaEngine:
    def __init__(self, logger, about, model) -> None:
        import onnxruntime as ort

        options = ort.SessionOptions()
        options.intra_op_num_threads = 1
        options.log_severity_level = 3
        self.logger, self.about = logger, about
        self.session = ort.InferenceSession(model, options, providers=["CPUExecutionProvider"])
        self.io = {t.name: t for t in (*self.session.get_inputs(), *self.session.get_outputs())}
        self.taken = set()

    @property
    def num_io_tensors(self):
        return len(self.io)

    def get_tensor_name(self, index):
        return list(self.io)[index]

    def get_tensor_dtype(self, name):
        return _ONNX[self.io[name].type]

    def get_tensor_shape(self, name):
        return [n if isinstance(n, int) else -1 for n in self.io[name].shape]

    @property
    def device_memory_size(self):
        return SCRATCH_BYTES

    @property
    def device_memory_size_v2(self):
        return SCRATCH_BYTES

    def create_execution_context(self, strategy=ExecutionContextAllocationStrategy.STATIC):
        assert strategy is ExecutionContextAllocationStrategy.USER_MANAGED
        return None if _fails("context") else IExecutionContext(self)

    def create_execution_context_without_device_memory(self):
        return None if _fails("context") else IExecutionContext(self)

    def create_engine_inspector(self):
        return EngineInspector(self)


class IExecutionContext:
    def __init__(self, engine) -> None:
        self.engine, self.addresses, self.shape, self.memory = engine, {}, None, 0
        self.profile, self.calls = None, {}
        self.cuda = _cuda()

    def set_device_memory(self, memory, size):
        assert size >= SCRATCH_BYTES
        self.memory = memory

    @property
    def device_memory(self):
        return self.memory

    @device_memory.setter
    def device_memory(self, memory):
        self.memory = memory

    def set_optimization_profile_async(self, profile_index, stream_handle):
        assert stream_handle
        if not __version__.startswith(("10.", "11.")):
            if profile_index in self.engine.taken:
                return False  # a profile serves one context only
            self.engine.taken.add(profile_index)
        self.profile = self.engine.about["profiles"][profile_index]
        return True

    def set_input_shape(self, name, shape):
        low, _, high = self.profile[name]
        inside = all(a <= b <= c for a, b, c in zip(low, shape, high, strict=True))
        self.shape = tuple(shape)
        return inside

    def set_tensor_address(self, name, memory):
        self.addresses[name] = memory
        return True

    def execute_async_v3(self, stream_handle):
        if _fails("execute"):
            self.engine.logger.log(
                ILogger.Severity.ERROR, "Error Code 1: Cuda Runtime (unspecified launch failure)"
            )
            return False
        assert self.memory, "no device memory was set"
        key = tuple(self.addresses.items())
        if key not in self.calls:
            self.calls[key] = ctypes.CFUNCTYPE(None, ctypes.c_void_p)(self._job(dict(key)))
        return self.cuda.cuLaunchHostFunc(stream_handle, self.calls[key], None) == 0

    def _job(self, addresses):
        (source,) = self.engine.session.get_inputs()
        (target,) = self.engine.session.get_outputs()
        shape = self.shape or tuple(source.shape)
        read = self._view(addresses[source.name], shape, _NUMPY[_ONNX[source.type]])
        free = target.shape[1:]
        write = self._view(addresses[target.name], (shape[0], *free), _NUMPY[_ONNX[target.type]])
        scratch = self._view(self.memory, (SCRATCH_BYTES,), np.uint8)

        def job(_):
            scratch[...] = 0x5A
            write[...] = self.engine.session.run(None, {source.name: read})[0]

        return job

    def _view(self, address, shape, kind):
        size = int(np.prod(shape)) * np.dtype(kind).itemsize
        raw = (ctypes.c_byte * size).from_address(self.cuda.stub_host(address))
        return np.frombuffer(memoryview(raw), kind).reshape(shape)


def _take_away() -> None:
    """Delete what the version does not have."""
    table = json.loads(TABLE.read_text())
    near = [v for v in table["versions"] if __version__.startswith(v) or v.startswith(__version__)]
    version = (near or [table["versions"][-1]])[0]
    for name, texts in table["names"].items():
        owner, _, member = name.partition(".")
        if any(version in versions for versions in texts.values()):
            continue
        if not member:
            globals().pop(owner, None)
        elif isinstance(globals().get(owner), enum.EnumMeta):
            left = {m.name: m.value for m in globals()[owner] if m.name != member}
            globals()[owner] = enum.IntEnum(owner, left)
        elif owner in globals() and member in vars(globals()[owner]):
            delattr(globals()[owner], member)
    if "ExecutionContextAllocationStrategy" not in globals():
        del ICudaEngine.create_execution_context


_take_away()
