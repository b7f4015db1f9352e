"""The fields of a configuration: Settings, one subclass a scenario, and Entry.

Every field has a type, a unit or choices where they apply, bounds, a default
and a docstring that says what it does and which way to turn it. docgen reads
this file without running it; `tests/contract` holds both readings equal.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from runtime.configs.fieldspec import Between, Group, LoadGenKey, Unit, check
from runtime.errors import ConfigError, Problem
from runtime.vocabulary import (
    AccuracyTarget,
    BackendName,
    HarnessKind,
    PowerSetting,
    Precision,
    Scenario,
    SharedMemory,
)


@dataclass(frozen=True, kw_only=True)
class Settings:
    """What is the same in every scenario: how the model is executed."""

    batch_size: Annotated[int, Unit("samples"), Between(1, 65_536), Group("batching")] = 1
    """Most samples in one inference call. Larger fills the device better and
    costs latency and memory."""

    lanes: Annotated[int, Unit("lanes"), Between(1, 64), Group("concurrency")] = 1
    """Inference workers that run at the same time on one device, each with its
    own buffers and its own binding of the model."""

    processes: Annotated[int, Unit("processes"), Between(0, 64), Group("concurrency")] = 0
    """Worker processes per device, each with `lanes` lanes of its own; samples lie
    in memory that they share. 0 leaves the choice: one device is served by threads
    of LoadGen's process, several devices get one process each."""

    cores_per_process: Annotated[int, Unit("cores"), Between(0, 1024), Group("concurrency")] = 0
    """Logical processors that each worker process is bound to before its libraries
    start: neighbours, no core twice. 0 binds a worker to the processors next to its
    device where the kernel names them, and to none on a CPU target. Helps where
    processes would move between sockets; costs where other work takes a core."""

    intra_op_threads: Annotated[int, Unit("threads"), Between(1, 1024), Group("concurrency")] = 1
    """CPU threads that one inference may use. On a CPU target, lanes times
    threads should not exceed the cores."""

    precision: Annotated[Precision, Group("model")] = Precision.FP32
    """Number format that the model file must carry (or that the execution
    provider may lower to, for FP16)."""

    backend: Annotated[BackendName, Group("model")] = BackendName.ONNXRUNTIME
    """Library that executes the model."""

    execution_provider: Annotated[str, Group("device")] = "CPUExecutionProvider"
    """ONNX Runtime execution provider, by its full name. The tensorrt backend has
    none and does not read it."""

    use_cuda_graph: Annotated[bool, Group("device")] = False
    """Capture the model's launch into a CUDA graph where the execution provider
    can; the tensorrt backend captures one for each batch size. Saves launch time at
    small batches; shapes must not change."""

    inflight_batches: Annotated[int, Unit("batches"), Between(1, 8), Group("device")] = 1
    """Batches of one lane that are under way on the device at the same time, in the
    tensorrt backend. 1 puts copies and inference on one stream, which has the least
    latency; 2 copies one batch while another is computed, which helps Offline."""

    start_from_device: Annotated[bool, Group("device")] = False
    """Keep the loaded samples in device memory, in the tensorrt backend: a batch is
    gathered there, and only its row numbers are copied. Takes the memory of all loaded
    samples; a submission must show that the system could feed the device at that rate."""

    workspace_mib: Annotated[int, Unit("MiB"), Between(0, 1_048_576), Group("device")] = 0
    """Most device memory that TensorRT (as a backend or as an execution provider) may
    use while it chooses kernels. 0 leaves its own default."""

    warmup_batches: Annotated[int, Unit("batches"), Between(0, 10_000), Group("durations")] = 4
    """Untimed inference calls per lane before the timed run starts."""

    min_duration_ms: Annotated[
        int, Unit("ms"), Between(0, 86_400_000), LoadGenKey("min_duration"), Group("durations")
    ] = 600_000
    """Shortest timed run that LoadGen accepts. MLPerf asks for 600 000 ms."""

    triton_clients: Annotated[int, Unit("clients"), Between(1, 64), Group("triton")] = 1
    """Connections to each Triton server. Only the Triton harness has them; more help
    where one connection's thread is busy all the time."""

    triton_window: Annotated[int, Unit("requests"), Between(1, 1024), Group("triton")] = 4
    """Most requests in flight per client. It bounds the server's queue: the next request
    is sent when an answer has come. More hide the transport, and cost memory and latency."""

    triton_request_samples: Annotated[int, Unit("samples"), Between(0, 65_536), Group("triton")] = 0
    """Most samples in one request. 0 fills requests up to `batch_size`; fewer leave it to
    Triton's dynamic batcher to put requests together."""

    triton_overlap: Annotated[bool, Group("triton")] = False
    """Let the Python backend's model infer one batch while the next comes in and answers go
    out. More throughput at full load; Triton then counts the hand-over as the inference, so
    a report shows the rest of it as transport."""

    triton_preferred_batch_sizes: Annotated[str, Group("triton")] = ""
    """Batch sizes that the dynamic batcher does not wait beyond, as `32,64`. Empty for
    none; each at most `batch_size`."""

    triton_shared_memory: Annotated[SharedMemory, Group("triton")] = SharedMemory.SYSTEM
    """How samples and outputs pass between harness and server."""

    triton_deadline_ms: Annotated[int, Unit("ms"), Between(1, 3_600_000), Group("triton")] = 10_000
    """Longest time a request may take, retries included. A request that misses it ends
    the run; it is no latency bound."""

    triton_retries: Annotated[int, Unit("retries"), Between(0, 100), Group("triton")] = 0
    """How often a request is sent again after the server was unavailable. 0 ends the run
    at the first failure. A run with retries is never VALID."""

    triton_pinned_output: Annotated[bool, Group("triton")] = True
    """Let the server copy outputs off the GPU through pinned host memory."""

    triton_gather_buffers: Annotated[int, Unit("buffers"), Between(0, 65_536), Group("triton")] = 0
    """From so many input buffers on, a CUDA kernel gathers a batch instead of copies. 0
    never uses the kernel (Triton's `gather_kernel_buffer_threshold`)."""

    triton_busy_wait: Annotated[bool, Group("triton")] = False
    """Let the TensorRT backend spin on CUDA events instead of sleeping: shorter latency
    for a core per instance."""

    @property
    def scenario(self) -> Scenario:
        """Return the scenario that this class configures."""
        raise ConfigError(
            Problem(
                "Settings",
                "a scenario's own class",
                "the base class",
                "use Offline, Server, SingleStream or MultiStream",
            )
        )

    def __post_init__(self) -> None:
        """Raise ConfigError with every problem of this object at once."""
        problems = check(self)
        if problems:
            raise ConfigError(problems)


@dataclass(frozen=True, kw_only=True)
class Offline(Settings):
    """Settings of the Offline scenario: all samples in one query."""

    target_qps: Annotated[
        float, Unit("samples/s"), Between(1e-6), LoadGenKey("target_qps"), Group("load")
    ]
    """Expected throughput. It only sizes the query: LoadGen sends
    `max(min_sample_count, 1.1 * min_duration * target_qps)` samples. Too low
    ends the run early and INVALID; too high makes it long."""

    min_sample_count: Annotated[
        int, Unit("samples"), Between(1), LoadGenKey("min_query_count"), Group("durations")
    ] = 24_576
    """Fewest samples in the query. MLPerf asks for 24 576, or the size of the
    data set where that is smaller."""

    @property
    def scenario(self) -> Scenario:
        """Return Scenario.OFFLINE."""
        return Scenario.OFFLINE


@dataclass(frozen=True, kw_only=True)
class Server(Settings):
    """Settings of the Server scenario: Poisson arrivals under a latency bound."""

    target_qps: Annotated[
        float, Unit("queries/s"), Between(1e-6), LoadGenKey("target_qps"), Group("load")
    ]
    """Rate of the Poisson arrivals. It is what the run proves: raise it until the
    99th-percentile latency meets the bound."""

    target_latency_ms: Annotated[
        float, Unit("ms"), Between(1e-3), LoadGenKey("target_latency"), Group("latency")
    ]
    """Bound on the latency at `target_latency_percentile`. Official values come
    from the benchmark, not from the system."""

    target_latency_percentile: Annotated[
        float,
        Unit("%"),
        Between(50, 100),
        LoadGenKey("target_latency_percentile"),
        Group("latency"),
    ] = 99.0
    """Percentile that the bound holds for. MLPerf uses 99."""

    max_queue_delay_us: Annotated[int, Unit("us"), Between(0, 10_000_000), Group("batching")] = 0
    """Longest time a query waits for others to fill the batch. 0 takes what is
    queued at once; larger batches better and costs latency."""

    coalesce_queries: Annotated[bool, Group("batching")] = True
    """Let LoadGen hand over all queries that are due in one call. Needed at high
    rates, harmless at low ones."""

    min_query_count: Annotated[
        int, Unit("queries"), Between(1), LoadGenKey("min_query_count"), Group("durations")
    ] = 100
    """Fewest queries in the run; early stopping asks for at least 459 at p99."""

    @property
    def scenario(self) -> Scenario:
        """Return Scenario.SERVER."""
        return Scenario.SERVER


@dataclass(frozen=True, kw_only=True)
class SingleStream(Settings):
    """Settings of the SingleStream scenario: one sample at a time."""

    expected_latency_ms: Annotated[
        float, Unit("ms"), Between(1e-6), LoadGenKey("target_latency"), Group("latency")
    ]
    """Expected latency of one sample. It only sizes the list of queries that
    LoadGen prepares; it is no bound."""

    target_latency_percentile: Annotated[
        float,
        Unit("%"),
        Between(50, 100),
        LoadGenKey("target_latency_percentile"),
        Group("latency"),
    ] = 90.0
    """Percentile of the latency that is the result. MLPerf uses 90."""

    min_query_count: Annotated[
        int, Unit("queries"), Between(1), LoadGenKey("min_query_count"), Group("durations")
    ] = 100
    """Fewest queries in the run; early stopping asks for at least 64 at p90."""

    @property
    def scenario(self) -> Scenario:
        """Return Scenario.SINGLE_STREAM."""
        return Scenario.SINGLE_STREAM


@dataclass(frozen=True, kw_only=True)
class MultiStream(Settings):
    """Settings of the MultiStream scenario: queries of several samples, one at a time."""

    expected_latency_ms: Annotated[
        float, Unit("ms"), Between(1e-6), LoadGenKey("target_latency"), Group("latency")
    ]
    """Expected latency of one query. It only sizes the list of queries that
    LoadGen prepares; it is no bound."""

    target_latency_percentile: Annotated[
        float,
        Unit("%"),
        Between(50, 100),
        LoadGenKey("target_latency_percentile"),
        Group("latency"),
    ] = 99.0
    """Percentile of the latency that is the result. MLPerf uses 99."""

    samples_per_query: Annotated[
        int, Unit("samples"), Between(1, 1024), LoadGenKey("samples_per_query"), Group("load")
    ] = 8
    """Samples in each query. MLPerf uses 8."""

    min_query_count: Annotated[
        int, Unit("queries"), Between(1), LoadGenKey("min_query_count"), Group("durations")
    ] = 662
    """Fewest queries in the run; early stopping asks for at least 662 at p99."""

    @property
    def scenario(self) -> Scenario:
        """Return Scenario.MULTI_STREAM."""
        return Scenario.MULTI_STREAM


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One configuration: who runs what, how. Its key is unique in a registry."""

    target: str
    """Name of the target, for example `h200-sxm-141gb`."""

    workload: str
    """Name of the workload, for example `resnet50`."""

    settings: Settings
    """The values; their class says the scenario."""

    accuracy: AccuracyTarget = AccuracyTarget.P99
    """Share of the reference accuracy that the run must keep."""

    power: PowerSetting = PowerSetting.MAX_P
    """Which end of the power curve the values are tuned for."""

    harness: HarnessKind = HarnessKind.DIRECT
    """What stands between LoadGen and the model."""

    @property
    def scenario(self) -> Scenario:
        """Return the scenario of the settings."""
        return self.settings.scenario

    @property
    def key(self) -> str:
        """Return the unique key; parts that have their default value are left out.

        `TARGET/WORKLOAD/SCENARIO`, then `@99.9`, `@maxq`, `@triton` where they
        differ from 99 %, MaxP and the direct harness.
        """
        text = f"{self.target}/{self.workload}/{self.scenario}"
        if self.accuracy is not AccuracyTarget.P99:
            text += f"@{self.accuracy}"
        if self.power is not PowerSetting.MAX_P:
            text += f"@{self.power}"
        if self.harness is not HarnessKind.DIRECT:
            text += f"@{self.harness}"
        return text
