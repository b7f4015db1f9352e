"""What goes wrong between the harness and a Triton server."""

from __future__ import annotations

from runtime.troubles.model import Trouble

TRITON_SERVER_MISSING = Trouble(
    code="triton-server-missing",
    title="There is no Triton server",
    symptom="`want a tritonserver ..., got none`.",
    cause="The extra `triton` is not installed, and no server is named or in its usual place.",
    mend=(
        "Run the pip line of the message, or set `HARNESS_TRITON` to the folder of a server (with "
        "bin/tritonserver and backends/)."
    ),
    source="tried with nvidia-pytriton 0.7.0",
)
"""Found before anything is started."""

TRITON_BACKEND_MISSING = Trouble(
    code="triton-backend-missing",
    title="The server has no such backend",
    symptom="`unable to find backend library for backend 'onnxruntime'`.",
    cause="Every backend is a library of its own; the server that pip brings has only `python`.",
    mend="Use NVIDIA's container, or `--backend python`, which runs ONNX Runtime inside.",
    source="tried with Triton 2.51",
)
"""A server says so while it loads; the harness looks before."""

TRITON_MODEL_FAILED = Trouble(
    code="triton-model-failed",
    title="A model did not load",
    symptom="The message names the model and carries the server's own line.",
    cause=(
        "Model file, configuration or a library of the backend do not fit. A server that starts "
        "with all models ends when one of them fails."
    ),
    mend="Run `harness triton validate DIR`; then read the log that the message names.",
    source="triton-inference-server/server issue 5786; tried with Triton 2.51",
)
"""One model fails, the whole server ends."""

TRITON_PORT = Trouble(
    code="triton-port",
    title="The port is in use",
    symptom="`Socket '127.0.0.1:8001' already in use`.",
    cause="Another server, or another program, listens there.",
    mend="Leave the port away: free loopback ports are chosen. Or end the other program.",
    source="tried with Triton 2.51",
)
"""Chosen ports are tried again with others, named ones are not."""

TRITON_SERVER_DIED = Trouble(
    code="triton-server-died",
    title="The server died",
    symptom="PARTIAL; the message has the signal or exit code and the end of the server's log.",
    cause="The kernel killed it for want of memory, a backend crashed, or someone ended it.",
    mend="Read `triton-0.log` in the run's folder and `dmesg`; use fewer instances.",
    source="tried with Triton 2.51: kill -9 in the middle of a run",
)
"""A run whose server died is never VALID."""

TRITON_NOT_READY = Trouble(
    code="triton-not-ready",
    title="The server did not become ready",
    symptom="The server lives, but `/v2/health/ready` or the model's own stays negative.",
    cause="A large model, a slow disk, an engine that is built on load, or a backend that hangs.",
    mend="Read the log that the message names; give it longer with `--ready-timeout`.",
    source="tried with Triton 2.51: a Python model without model.py hangs",
)
"""There is a deadline for everything."""

TRITON_STOP = Trouble(
    code="triton-stop",
    title="The server did not stop by itself",
    symptom="It was killed after its deadline, or ended with another code than 0.",
    cause="Clients that are still connected, or inferences that do not end.",
    mend="Close other clients of the server; read the end of its log.",
    source="tried with Triton 2.51: exit code 1 while clients are connected",
)
"""No process stays behind."""

TRITON_REQUEST_FAILED = Trouble(
    code="triton-request-failed",
    title="The server refused or lost a request",
    symptom="PARTIAL; the message has the gRPC status and the server's words.",
    cause=(
        "`UNAVAILABLE`: the server is gone or was started anew. `INVALID_ARGUMENT`: shapes, or "
        "shared memory that it does not know. `INTERNAL`: the backend failed, for example for want "
        "of shared memory."
    ),
    mend=(
        "Read the server's log. `triton_retries` lets a run go on over short failures; such a run "
        "is never VALID."
    ),
    source="tried with Triton 2.51",
)
"""Every failure is told; none is answered with made-up data."""

TRITON_DEADLINE = Trouble(
    code="triton-deadline",
    title="A request took longer than its deadline",
    symptom="PARTIAL; gRPC says DEADLINE_EXCEEDED.",
    cause="The server stands still, is overloaded, or waits for something.",
    mend="Look whether the server is stopped; raise `triton_deadline_ms` for slow models.",
    source="tried with Triton 2.51: SIGSTOP in the middle of a run",
)
"""A frozen server ends the run instead of holding it up."""

TRITON_SHARED_MEMORY = Trouble(
    code="triton-shared-memory",
    title="Too little shared memory",
    symptom="A region cannot be reserved in /dev/shm, or the Python backend cannot have its own.",
    cause=(
        "Containers give /dev/shm 64 MiB unless told otherwise. The samples' region is reserved "
        "whole before the run; the Python backend takes more during it."
    ),
    mend="Start the container with `--shm-size=1g` or more, or set `triton_shared_memory=none`.",
    source="tried with Triton 2.51: a /dev/shm of 8 MiB, and one of 2 MiB that was full",
)
"""Reserved, so that a full disk is told and no process dies by SIGBUS."""

TRITON_CONFIG = Trouble(
    code="triton-config",
    title="A model repository breaks a rule",
    symptom="`harness triton validate` lists the rule, the place and the mend.",
    cause="The server would refuse it, or do something else than the writer meant.",
    mend="Change what each line says; `harness triton rules` explains the rules.",
    source="Triton Inference Server documentation, Model Configuration and Model Repository",
)
"""Found without a server."""

TRITON_RETRIED = Trouble(
    code="triton-retried",
    title="Requests were sent more than once",
    symptom="INVALID although LoadGen judged the run VALID.",
    cause="`triton_retries` let the run go on after the server failed requests.",
    mend="Mend what failed (see the server's log) and run again.",
    source="Calliope",
)
"""A retry never counts as a success."""
