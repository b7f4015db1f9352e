"""The gRPC side of the program that behaves as `tritonserver` does; see `fake_triton.py`."""

from __future__ import annotations

import mmap
import os
import signal
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import grpc
import numpy as np
import onnxruntime as ort
from google.protobuf import text_format
from tritonclient.grpc import model_config_pb2, service_pb2


class Service:
    """The calls of `inference.GRPCInferenceService` that the harness makes."""

    def __init__(self, repository: Path, faults: dict) -> None:
        folder = next(p for p in repository.iterdir() if p.is_dir())
        text = (folder / "config.pbtxt").read_text()
        self.model = text_format.Parse(text, model_config_pb2.ModelConfig())
        self.session = ort.InferenceSession(
            str(folder / "1" / "model.onnx"), providers=["CPUExecutionProvider"]
        )
        self.faults = faults
        self.regions: dict[str, mmap.mmap] = {}
        self.count = self.samples = self.ns = 0
        self.lock = threading.Lock()

    def metadata(self, request, context):
        if request.name != self.model.name:
            context.abort(grpc.StatusCode.NOT_FOUND, "Request for unknown model")
        answer = service_pb2.ModelMetadataResponse(name=self.model.name, versions=["1"])
        for made, tensors in (
            (answer.inputs, self.model.input),
            (answer.outputs, self.model.output),
        ):
            for tensor in tensors:
                name = self.faults.get("tensor", tensor.name)
                one = made.add(name=name, datatype="FP32")
                one.shape.extend([-1, *tensor.dims])
        return answer

    def config(self, request, context):
        return service_pb2.ModelConfigResponse(config=self.model)

    def statistics(self, request, context):
        answer = service_pb2.ModelStatisticsResponse()
        one = answer.model_stats.add(name=self.model.name, version="1")
        one.inference_count, one.execution_count = self.samples, self.count
        for name in ("success", "queue", "compute_input", "compute_infer", "compute_output"):
            part = getattr(one.inference_stats, name)
            part.count = self.count
            part.ns = self.ns * 2 if name == "success" else self.ns // 4
        return answer

    def register(self, request, context):
        with Path(f"/dev/shm{request.key}").open("r+b") as file:
            self.regions[request.name] = mmap.mmap(file.fileno(), request.byte_size)
        return service_pb2.SystemSharedMemoryRegisterResponse()

    def unregister(self, request, context):
        self.regions.pop(request.name, None)
        return service_pb2.SystemSharedMemoryUnregisterResponse()

    def infer(self, request, context):
        with self.lock:
            self.count += 1
            number = self.count
        self._fault(number, context)
        began = time.perf_counter_ns()
        source, shape = request.inputs[0], tuple(request.inputs[0].shape)
        data = self._data(source, request, context)
        array = np.frombuffer(data, np.float32).reshape(shape)
        found = self.session.run(None, {self.model.input[0].name: array})[0]
        with self.lock:
            self.samples += len(array)
            self.ns += time.perf_counter_ns() - began
        answer = service_pb2.ModelInferResponse(model_name=self.model.name, model_version="1")
        output = answer.outputs.add(name=self.model.output[0].name, datatype="FP32")
        if self.faults.get("infer") == "shape":
            found = found[:, :-1]
        output.shape.extend(found.shape)
        target = request.outputs[0]
        if "shared_memory_region" in target.parameters and self.faults.get("infer") != "message":
            start = target.parameters["shared_memory_offset"].int64_param
            name = target.parameters["shared_memory_region"].string_param
            region = self._region(name, context)
            region[start : start + found.nbytes] = found.tobytes()
            answer.raw_output_contents.append(b"")
        else:
            answer.raw_output_contents.append(found.tobytes())
        return answer

    def _data(self, source, request, context):
        if "shared_memory_region" not in source.parameters:
            return request.raw_input_contents[0]
        name = source.parameters["shared_memory_region"].string_param
        size = source.parameters["shared_memory_byte_size"].int64_param
        return self._region(name, context)[:size]

    def _region(self, name, context):
        region = self.regions.get(name)
        if region is None:
            words = f"Unable to find shared memory region: '{name}'"
            context.abort(grpc.StatusCode.INVALID_ARGUMENT, words)
        return region

    def _fault(self, number, context):
        kind, first = self.faults.get("infer", ""), self.faults.get("from", 1)
        if number < first or number >= first + self.faults.get("times", 1 << 30):
            return
        if kind == "unavailable":
            context.abort(grpc.StatusCode.UNAVAILABLE, "Server is stopping")
        if kind == "forgets":
            self.regions.clear()
        if kind == "internal":
            words = "Failed to increase the shared memory pool size for key 'x'"
            context.abort(grpc.StatusCode.INTERNAL, words)
        if kind == "slow":
            time.sleep(self.faults.get("seconds", 5))
        if kind == "dies":
            os.kill(os.getpid(), signal.SIGKILL)


def serve(port: int, repository: Path, faults: dict):
    """Start the server and return it; it ends with its object."""
    server = grpc.server(ThreadPoolExecutor(8))
    service = Service(repository, faults)
    methods = {
        "ModelMetadata": service.metadata,
        "ModelConfig": service.config,
        "ModelStatistics": service.statistics,
        "SystemSharedMemoryRegister": service.register,
        "SystemSharedMemoryUnregister": service.unregister,
        "ModelInfer": service.infer,
    }
    handlers = {
        name: grpc.unary_unary_rpc_method_handler(
            method,
            request_deserializer=getattr(service_pb2, f"{name}Request").FromString,
            response_serializer=getattr(service_pb2, f"{name}Response").SerializeToString,
        )
        for name, method in methods.items()
    }
    name = "inference.GRPCInferenceService"
    server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(name, handlers),))
    server.add_insecure_port(f"127.0.0.1:{port}")
    server.start()
    return server
