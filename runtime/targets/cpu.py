"""The processor of the machine itself: the target that runs everywhere.

Its values are for a small machine of two cores. They are Calliope's own and conservative;
the guide shows what was measured with them, and on which machine.
"""

from __future__ import annotations

from dataclasses import replace

from runtime.configs.schema import Entry, MultiStream, Offline, Server, SingleStream
from runtime.configs.target import Target
from runtime.vocabulary import Family, HarnessKind, Precision

CPU = Target(name="cpu", title="CPU of this machine", family=Family.CPU)
"""The host's processor, through ONNX Runtime.

Why:
    memory_gb: Depends on the machine: `harness doctor` and every run record say what this one has.
    bandwidth_gb_s: Depends on the machine: `harness doctor` and every run record say what this one
        has.
    power_w: Depends on the machine: `harness doctor` and every run record say what this one has.
    compute_capability: A property of GPUs; a processor has none.
    sms: A property of GPUs; a processor has none.
    mig_capable: A property of GPUs; a processor has none.
    pci_ids: A property of GPUs; a processor has none.
"""

CPU_DIGITS_OFFLINE = Offline(
    target_qps=70_000.0,
    batch_size=128,
    lanes=1,
    precision=Precision.FP32,
    execution_provider="CPUExecutionProvider",
)
"""Digits Offline on the CPU.

Why:
    target_qps: About what one lane of a small machine reaches; too low a value ends the run early
        and INVALID.
    batch_size: Large enough that the call costs little per sample, small enough that the batch
        stays in the cache.
    lanes: One lane runs inside LoadGen's own call, without a hand-over; the second core keeps
        LoadGen going.
    precision: The reference accuracy is measured with this format.
    execution_provider: The provider that every installation of ONNX Runtime has.

Source:
    target_qps: not measured as a run: a bare ONNX Runtime 1.32 session gave 64 000 to 74 000
        samples/s at batch 128 on two cores; the guide shows what was measured.
    batch_size: not measured: Calliope's own choice; the guide shows what was measured.
    lanes: not measured: Calliope's own choice; the guide shows what was measured.
    precision: The committed digits.onnx, whose weights are FP32.
    execution_provider: ONNX Runtime documentation, 'Execution Providers': the provider's name.
"""

CPU_DIGITS_SERVER = Server(
    target_qps=1_000.0,
    target_latency_ms=10.0,
    batch_size=32,
    lanes=1,
    precision=Precision.FP32,
    execution_provider="CPUExecutionProvider",
)
"""Digits Server on the CPU, under Calliope's bound of 10 ms.

Why:
    target_qps: Far below the Offline rate, so that a busy small machine still meets the bound.
    target_latency_ms: Calliope's own bound for digits; MLPerf has no such benchmark.
    batch_size: Bursts are answered in few calls; most calls carry one query.
    lanes: The second core is LoadGen's, which issues and times the queries.
    precision: The reference accuracy is measured with this format.
    execution_provider: The provider that every installation of ONNX Runtime has.

Source:
    target_qps: not measured: Calliope's own choice; the guide shows what was measured.
    target_latency_ms: Calliope, policy `run.server-latency-digits`.
    batch_size: not measured: Calliope's own choice; the guide shows what was measured.
    lanes: not measured: Calliope's own choice; the guide shows what was measured.
    precision: The committed digits.onnx, whose weights are FP32.
    execution_provider: ONNX Runtime documentation, 'Execution Providers': the provider's name.
"""

CPU_DIGITS_SINGLE_STREAM = SingleStream(
    expected_latency_ms=0.05, precision=Precision.FP32, execution_provider="CPUExecutionProvider"
)
"""Digits SingleStream on the CPU.

Why:
    expected_latency_ms: Low on purpose: a value above the real latency lets the prepared queries
        run out before the time is up.
    precision: The reference accuracy is measured with this format.
    execution_provider: The provider that every installation of ONNX Runtime has.

Source:
    expected_latency_ms: not measured as a run: a bare ONNX Runtime 1.32 session gave 0.023 ms a
        sample; LoadGen and Python come on top, on two cores; the guide shows what was measured.
    precision: The committed digits.onnx, whose weights are FP32.
    execution_provider: ONNX Runtime documentation, 'Execution Providers': the provider's name.
"""

CPU_DIGITS_MULTI_STREAM = MultiStream(
    expected_latency_ms=0.12,
    batch_size=8,
    precision=Precision.FP32,
    execution_provider="CPUExecutionProvider",
)
"""Digits MultiStream on the CPU.

Why:
    expected_latency_ms: Low on purpose: a value above the real latency lets the prepared queries
        run out before the time is up.
    batch_size: A query has eight samples: one inference answers it.
    precision: The reference accuracy is measured with this format.
    execution_provider: The provider that every installation of ONNX Runtime has.

Source:
    expected_latency_ms: not measured as a run: a bare ONNX Runtime 1.32 session gave 0.116 ms for
        eight samples; LoadGen and Python come on top, on two cores; the guide shows what was
        measured.
    batch_size: not measured: Calliope's own choice; the guide shows what was measured.
    precision: The committed digits.onnx, whose weights are FP32.
    execution_provider: ONNX Runtime documentation, 'Execution Providers': the provider's name.
"""

CPU_DIGITS_OFFLINE_TRITON = replace(CPU_DIGITS_OFFLINE, target_qps=35_000.0)
"""Digits Offline on the CPU, behind a Triton server.

Why:
    target_qps: Less than without a server: client, server and model share the machine's cores.

Source:
    target_qps: quick runs on two cores gave 32 000 to 38 000 samples/s; the guide shows what was
        measured.
"""

CPU_DIGITS_SERVER_TRITON = replace(
    CPU_DIGITS_SERVER,
    target_qps=200.0,
    triton_window=8,
)
"""Digits Server on the CPU, behind a Triton server, under Calliope's bound of 10 ms.

Why:
    target_qps: Every query is a request of its own at this rate; a request costs client and server
        about half a millisecond of a core each.
    triton_window: Requests wait in Triton's batcher rather than here, so that it can batch.

Source:
    target_qps: not measured: Calliope's own choice; the guide shows what was measured.
    triton_window: not measured: Calliope's own choice; the guide shows what was measured.
"""

CPU_DIGITS_SINGLE_STREAM_TRITON = replace(CPU_DIGITS_SINGLE_STREAM, expected_latency_ms=0.5)
"""Digits SingleStream on the CPU, behind a Triton server.

Why:
    expected_latency_ms: Low on purpose: a value above the real latency lets the prepared queries
        run out before the time is up.

Source:
    expected_latency_ms: not measured: Calliope's own choice; the guide shows what was measured.
"""

CPU_DIGITS_MULTI_STREAM_TRITON = replace(CPU_DIGITS_MULTI_STREAM, expected_latency_ms=0.5)
"""Digits MultiStream on the CPU, behind a Triton server.

Why:
    expected_latency_ms: Low on purpose: a value above the real latency lets the prepared queries
        run out before the time is up.

Source:
    expected_latency_ms: not measured: Calliope's own choice; the guide shows what was measured.
"""

CPU_RESNET50_OFFLINE = Offline(
    target_qps=25.0,
    batch_size=4,
    lanes=2,
    precision=Precision.FP32,
    execution_provider="CPUExecutionProvider",
)
"""ResNet-50 Offline on the CPU.

Why:
    target_qps: About eight billion operations a sample: a small machine does tens a second, not
        thousands.
    batch_size: Larger batches gain nothing on two cores and cost memory.
    lanes: One lane a core, each with one thread: a lane that loses its core to other work does not
        hold up the other.
    precision: Without calibration nothing else is comparable.
    execution_provider: The provider that every installation of ONNX Runtime has.

Source:
    target_qps: not measured as a run: a bare ONNX Runtime 1.32 session gave 24 to 26 samples/s on
        two cores; the guide shows what was measured.
    batch_size: not measured as a run: a bare ONNX Runtime 1.32 session gave the same rate at
        batches of 1, 4, 8 and 16 on two cores; the guide shows what was measured.
    lanes: not measured as a run: a bare ONNX Runtime 1.32 session gave 12 to 13 samples/s with one
        thread and 24 to 26 with two on two cores; the guide shows what was measured.
    precision: MLPerf's reference model of ResNet-50, whose weights are FP32.
    execution_provider: ONNX Runtime documentation, 'Execution Providers': the provider's name.
"""

CPU_RESNET50_SERVER = Server(
    target_qps=2.0,
    target_latency_ms=1_000.0,
    lanes=2,
    precision=Precision.FP32,
    execution_provider="CPUExecutionProvider",
)
"""ResNet-50 Server on the CPU, under Calliope's bound of 1 s.

Why:
    target_qps: Less than a tenth of the Offline rate, so that a machine that is busy with other
        work still meets the bound.
    target_latency_ms: Calliope's own bound, not MLPerf's 15 ms: no small processor answers within
        15 ms, and a run that must fail shows nothing. It is twelve times what one image takes, so
        that a machine on which others compute meets it, too.
    lanes: Two images are answered side by side; one alone takes about 80 ms with one thread.
    precision: Without calibration nothing else is comparable.
    execution_provider: The provider that every installation of ONNX Runtime has.

Source:
    target_qps: not measured: Calliope's own choice; the guide shows what was measured.
    target_latency_ms: Calliope, policy `run.server-latency-resnet50-cpu`; MLPerf's bound is policy
        `run.server-latency-resnet50`.
    lanes: not measured as a run: a bare ONNX Runtime 1.32 session gave 80 ms a sample with one
        thread on two cores; the guide shows what was measured.
    precision: MLPerf's reference model of ResNet-50, whose weights are FP32.
    execution_provider: ONNX Runtime documentation, 'Execution Providers': the provider's name.
"""

CPU_RESNET50_SINGLE_STREAM = SingleStream(
    expected_latency_ms=40.0,
    intra_op_threads=2,
    precision=Precision.FP32,
    execution_provider="CPUExecutionProvider",
)
"""ResNet-50 SingleStream on the CPU.

Why:
    expected_latency_ms: Low on purpose: a value above the real latency lets the prepared queries
        run out before the time is up.
    intra_op_threads: Two cores, the smallest machine these values are for.
    precision: Without calibration nothing else is comparable.
    execution_provider: The provider that every installation of ONNX Runtime has.

Source:
    expected_latency_ms: not measured as a run: a bare ONNX Runtime 1.32 session gave 42 ms a sample
        on two cores; the guide shows what was measured.
    intra_op_threads: not measured: Calliope's own choice; the guide shows what was measured.
    precision: MLPerf's reference model of ResNet-50, whose weights are FP32.
    execution_provider: ONNX Runtime documentation, 'Execution Providers': the provider's name.
"""

CPU_RESNET50_MULTI_STREAM = MultiStream(
    expected_latency_ms=300.0,
    batch_size=8,
    intra_op_threads=2,
    precision=Precision.FP32,
    execution_provider="CPUExecutionProvider",
)
"""ResNet-50 MultiStream on the CPU.

Why:
    expected_latency_ms: Low on purpose: a value above the real latency lets the prepared queries
        run out before the time is up.
    batch_size: A query has eight samples: one inference answers it.
    intra_op_threads: Two cores, the smallest machine these values are for.
    precision: Without calibration nothing else is comparable.
    execution_provider: The provider that every installation of ONNX Runtime has.

Source:
    expected_latency_ms: not measured as a run: a bare ONNX Runtime 1.32 session gave 323 ms for
        eight samples on two cores; the guide shows what was measured.
    batch_size: not measured: Calliope's own choice; the guide shows what was measured.
    intra_op_threads: not measured: Calliope's own choice; the guide shows what was measured.
    precision: MLPerf's reference model of ResNet-50, whose weights are FP32.
    execution_provider: ONNX Runtime documentation, 'Execution Providers': the provider's name.
"""

TARGETS = (CPU,)
"""Targets of this file."""

ENTRIES = (
    Entry(target="cpu", workload="digits", settings=CPU_DIGITS_OFFLINE),
    Entry(target="cpu", workload="digits", settings=CPU_DIGITS_SERVER),
    Entry(target="cpu", workload="digits", settings=CPU_DIGITS_SINGLE_STREAM),
    Entry(target="cpu", workload="digits", settings=CPU_DIGITS_MULTI_STREAM),
    Entry(
        target="cpu",
        workload="digits",
        settings=CPU_DIGITS_OFFLINE_TRITON,
        harness=HarnessKind.TRITON,
    ),
    Entry(
        target="cpu",
        workload="digits",
        settings=CPU_DIGITS_SERVER_TRITON,
        harness=HarnessKind.TRITON,
    ),
    Entry(
        target="cpu",
        workload="digits",
        settings=CPU_DIGITS_SINGLE_STREAM_TRITON,
        harness=HarnessKind.TRITON,
    ),
    Entry(
        target="cpu",
        workload="digits",
        settings=CPU_DIGITS_MULTI_STREAM_TRITON,
        harness=HarnessKind.TRITON,
    ),
    Entry(target="cpu", workload="resnet50", settings=CPU_RESNET50_OFFLINE),
    Entry(target="cpu", workload="resnet50", settings=CPU_RESNET50_SERVER),
    Entry(target="cpu", workload="resnet50", settings=CPU_RESNET50_SINGLE_STREAM),
    Entry(target="cpu", workload="resnet50", settings=CPU_RESNET50_MULTI_STREAM),
)
"""Entries of the targets of this file."""
