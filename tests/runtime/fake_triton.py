"""A program that behaves as `tritonserver` does, for tests without one: health, gRPC, faults.

It is started by the harness itself, as the binary of a server folder. It reads the model
repository that it is given, infers with ONNX Runtime, and knows system shared memory. The
variable FAKE_TRITON says in JSON what it shall do wrong.
"""

from __future__ import annotations

import json
import mmap
import os
import signal
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

FAULTS = json.loads(os.environ.get("FAKE_TRITON", "{}"))
LINES = {
    "model": "E1128 02:23:17.86 1 model_lifecycle.cc:642] \"failed to load 'digits' version 1: "
    "Internal: ModuleNotFoundError: No module named 'onnxruntime'\\n\\nAt:\\n  <frozen>\"",
    "poll": 'E1128 02:23:18.93 1 model_repository_manager.cc:1460] "Poll failed for model '
    "directory 'digits': failed to read text proto from /r/digits/config.pbtxt\"",
    "backend": "E1128 02:23:17.86 1 model_lifecycle.cc:642] \"failed to load 'digits' version 1: "
    "Invalid argument: unable to find backend library for backend 'onnxruntime', try specifying "
    'runtime on the model configuration."',
    "port": 'E1128 02:23:29.24 1 main.cc:245] "failed to start GRPC service: Unavailable - '
    "Socket '127.0.0.1:18001' already in use \"",
    "other": "error: creating server: Internal - failed to stat file /nowhere",
}


def main() -> None:
    options = dict(a.removeprefix("--").partition("=")[::2] for a in sys.argv[1:])
    print('E1128 02:23:19.99 1 server.cc:241] "CudaDriverHelper has not been initialized."')
    fault = FAULTS.get("start", "")
    if fault in LINES and not (fault == "port" and _again(FAULTS)):
        print(LINES[fault], flush=True)
        sys.exit(1)
    if fault == "child":
        os.spawnlp(os.P_NOWAIT, "sleep", "sleep", "60")
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})  # main waits for it below
    address = ("127.0.0.1", int(options["http-port"]))
    http = ThreadingHTTPServer(address, _handler(ready=fault != "never"))
    server = None
    if FAULTS.get("grpc", True):
        server = serve(int(options["grpc-port"]), Path(options["model-repository"]))
    threading.Thread(target=http.serve_forever, daemon=True).start()
    if fault == "dies":
        time.sleep(FAULTS.get("after", 0.2))
        os.kill(os.getpid(), signal.SIGKILL)
    while signal.sigwait({signal.SIGTERM}) and fault == "stubborn":
        pass
    del server
    os._exit(1 if fault == "code" else 0)


def _again(faults: dict) -> bool:
    """Tell whether the port fault has been shown before: the second try goes well."""
    marker = Path(faults["marker"]) if "marker" in faults else None
    if marker is None:
        return False
    seen = marker.exists()
    marker.touch()
    return seen


def _handler(*, ready: bool):
    class Health(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200 if ready else 400)
            self.end_headers()

        do_POST = do_GET  # noqa: N815 - the base class names it; regions are forgotten over HTTP

        def log_message(self, *_args: object) -> None:
            pass

    return Health


def serve(port: int, repository: Path):
    import grpc
    import numpy as np
    import onnxruntime as ort
    from google.protobuf import text_format
    from tritonclient.grpc import model_config_pb2, service_pb2

    folder = next(p for p in repository.iterdir() if p.is_dir())
    config = text_format.Parse(
        (folder / "config.pbtxt").read_text(), model_config_pb2.ModelConfig()
    )
    session = ort.InferenceSession(
        str(folder / "1" / "model.onnx"), providers=["CPUExecutionProvider"]
    )

    class Service:
        def __init__(self) -> None:
            self.regions: dict[str, mmap.mmap] = {}
            self.count = self.samples = self.ns = 0
            self.lock = threading.Lock()

        def metadata(self, request, context):
            if request.name != config.name:
                context.abort(grpc.StatusCode.NOT_FOUND, "Request for unknown model")
            answer = service_pb2.ModelMetadataResponse(name=config.name, versions=["1"])
            for made, tensors in ((answer.inputs, config.input), (answer.outputs, config.output)):
                for tensor in tensors:
                    name = FAULTS.get("tensor", tensor.name)
                    one = made.add(name=name, datatype="FP32")
                    one.shape.extend([-1, *tensor.dims])
            return answer

        def config(self, request, context):
            return service_pb2.ModelConfigResponse(config=config)

        def statistics(self, request, context):
            answer = service_pb2.ModelStatisticsResponse()
            one = answer.model_stats.add(name=config.name, version="1")
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
            found = session.run(None, {config.input[0].name: array})[0]
            with self.lock:
                self.samples += len(array)
                self.ns += time.perf_counter_ns() - began
            answer = service_pb2.ModelInferResponse(model_name=config.name, model_version="1")
            output = answer.outputs.add(name=config.output[0].name, datatype="FP32")
            if FAULTS.get("infer") == "shape":
                found = found[:, :-1]
            output.shape.extend(found.shape)
            target = request.outputs[0]
            if "shared_memory_region" in target.parameters and FAULTS.get("infer") != "message":
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
            kind, first = FAULTS.get("infer", ""), FAULTS.get("from", 1)
            if number < first or number >= first + FAULTS.get("times", 1 << 30):
                return
            if kind == "unavailable":
                context.abort(grpc.StatusCode.UNAVAILABLE, "Server is stopping")
            if kind == "forgets":
                self.regions.clear()
            if kind == "internal":
                words = "Failed to increase the shared memory pool size for key 'x'"
                context.abort(grpc.StatusCode.INTERNAL, words)
            if kind == "slow":
                time.sleep(FAULTS.get("seconds", 5))
            if kind == "dies":
                os.kill(os.getpid(), signal.SIGKILL)

    server = grpc.server(ThreadPoolExecutor(8))
    service = Service()
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


if __name__ == "__main__":
    main()
