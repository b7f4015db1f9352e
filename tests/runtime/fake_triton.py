"""A program that behaves as `tritonserver` does, for tests without one: health, gRPC, faults.

It is started by the harness itself, as the binary of a server folder. It reads the model
repository that it is given, infers with ONNX Runtime, and knows system shared memory. The
variable FAKE_TRITON says in JSON what it shall do wrong.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
import time
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
        from fake_triton_grpc import serve

        server = serve(int(options["grpc-port"]), Path(options["model-repository"]), FAULTS)
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


if __name__ == "__main__":
    main()
