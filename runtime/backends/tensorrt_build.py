"""ONNX to engine: strongly typed from TensorRT 10 on, by flags on 8.5 and 8.6.

The number formats of a strongly typed network are those of its file: INT8 and FP8 come as Q/DQ
nodes, and an FP32 file is converted to FP16 before it is parsed. FP32 means FP32: TF32 is off.
"""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from time import perf_counter
from typing import Any

from runtime.artifacts import atomic_write
from runtime.backends.tensorrt_log import (
    Report,
    make_logger,
    make_monitor,
    read_trouble,
    serious,
    start,
)
from runtime.backends.tensorrt_plan import BuildPlan
from runtime.backends.tensorrt_release import Release
from runtime.errors import ArtifactError, HarnessError, Problem, RunError
from runtime.troubles.engines import CUDA_MEMORY, ENGINE_BUILD
from runtime.vocabulary import Precision

MIB = 1 << 20
"""Bytes in a MiB."""


class EngineBuilder:
    """Builds one engine with an open device's TensorRT."""

    def __init__(self, trt: Any, release: Release, report: Report | None = None) -> None:
        """Hold the library.

        Args:
            trt: The module `tensorrt`.
            release: Its version.
            report: Gets the phases of a build.
        """
        self._trt, self._release = trt, release
        self._report = report or _quiet
        self.logger = make_logger(trt)
        """What TensorRT told."""

    def build(self, plan: BuildPlan, timing: Path | None = None) -> tuple[bytes, float]:
        """Return the engine and the seconds that it took.

        Args:
            plan: What to build.
            timing: File of the timing cache, read and written again; None for none.

        Raises:
            RunError: TensorRT cannot build it: operators, formats or memory.
            ArtifactError: The file cannot be read.
        """
        began = perf_counter()
        trt = self._trt
        self._report("read", 0, 1)
        data = self._read(plan)
        builder = start(trt.Builder, self.logger)
        network = builder.create_network(self._network_flags())
        parser = trt.OnnxParser(network, self.logger)
        if not parser.parse(data, path=str(plan.model)):
            raise self._parse_failure(plan, parser)
        config = builder.create_builder_config()
        self._configure(config, plan)
        if not plan.fixed:
            self._add_profiles(builder, config, plan)
        cache = self._open_timing(config, timing)
        monitor = self._watch(config)
        self._report("build", 0, 0)
        serialized = builder.build_serialized_network(network, config)
        if monitor is not None and monitor.stopped is not None:
            raise monitor.stopped
        if serialized is None:
            raise self._build_failure(plan)
        if cache is not None and timing is not None:
            self._keep_timing(config, timing)
        return bytes(serialized), perf_counter() - began

    def _network_flags(self) -> int:
        """Return the flags of a new network."""
        flags = self._trt.NetworkDefinitionCreationFlag
        if self._release.strongly_typed:
            return 1 << int(flags.STRONGLY_TYPED)
        return 1 << int(flags.EXPLICIT_BATCH)

    def _configure(self, config: Any, plan: BuildPlan) -> None:
        """Set memory, formats and how much the inspector will know."""
        trt = self._trt
        if plan.workspace_mib:
            config.set_memory_pool_limit(trt.MemoryPoolType.WORKSPACE, plan.workspace_mib * MIB)
        config.profiling_verbosity = trt.ProfilingVerbosity.DETAILED
        config.clear_flag(trt.BuilderFlag.TF32)
        if self._release.strongly_typed:
            return
        if plan.precision is Precision.FP16:
            config.set_flag(trt.BuilderFlag.FP16)
        if plan.precision is Precision.INT8:
            config.set_flag(trt.BuilderFlag.INT8)

    def _add_profiles(self, builder: Any, config: Any, plan: BuildPlan) -> None:
        """Add one optimization profile for each batch size, of that size alone.

        Raises:
            RunError: The network takes no such shape.
        """
        for size in plan.sizes:
            profile = builder.create_optimization_profile()
            shape = (size, *plan.source.shape)
            profile.set_shape(plan.source.name, shape, shape, shape)
            if config.add_optimization_profile(profile) < 0:
                raise self._build_failure(plan)

    def _open_timing(self, config: Any, path: Path | None) -> Any:
        """Return the timing cache that the builder uses; None where it takes none."""
        if path is None:
            return None
        old = b""
        with suppress(OSError):
            old = path.read_bytes()
        for data in dict.fromkeys((old, b"")):
            cache = config.create_timing_cache(data)
            if cache is not None and config.set_timing_cache(cache, ignore_mismatch=False):
                return cache
        return None

    def _keep_timing(self, config: Any, path: Path) -> None:
        """Write the timing cache; an engine is worth more than it, so a refusal is no error."""
        with suppress(ArtifactError):
            atomic_write(path, bytes(config.get_timing_cache().serialize()))

    def _watch(self, config: Any) -> Any:
        """Let the builder tell its progress; None where this TensorRT does not."""
        if not hasattr(self._trt, "IProgressMonitor"):
            return None
        monitor = make_monitor(self._trt, self._report)
        config.progress_monitor = monitor
        return monitor

    def _read(self, plan: BuildPlan) -> bytes:
        """Return the file that the parser gets: the user's, or its FP16 form."""
        lower = plan.precision is Precision.FP16 and plan.carried is Precision.FP32
        if lower and self._release.strongly_typed:
            return to_fp16(plan.model)
        try:
            return plan.model.read_bytes()
        except OSError as error:
            got = error.strerror or str(error)
            want, do = "a readable ONNX file", "give the path of the model"
            raise ArtifactError(Problem(str(plan.model), want, got, do)) from error

    def _parse_failure(self, plan: BuildPlan, parser: Any) -> HarnessError:
        """Return the error of a file that the parser does not take."""
        told = [parser.get_error(n).desc() for n in range(parser.num_errors)]
        got = "; ".join(dict.fromkeys(told)) or serious(self.logger)
        want = f"a network that TensorRT {self._release.text} can parse"
        do = "export the model again without these operators, or use a newer TensorRT"
        return RunError(Problem(str(plan.model), want, got, do, ENGINE_BUILD.code))

    def _build_failure(self, plan: BuildPlan) -> HarnessError:
        """Return the error of a network that the builder gave up."""
        trouble, got = read_trouble(serious(self.logger), ENGINE_BUILD)
        most = plan.sizes[-1]
        want = f"an engine for batch {most} in {plan.precision}"
        do = "see the message for the layer, and export the model without it"
        if trouble is CUDA_MEMORY:
            do = (
                f"set batch_size below {most}, raise workspace_mib (0 is TensorRT's own limit), "
                "or end the processes that `nvidia-smi` lists"
            )
        return RunError(Problem(f"build of {plan.model.name}", want, got, do, trouble.code))


def _quiet(_phase: str, _done: int, _total: int) -> None:
    """Take a report and tell nobody."""


def to_fp16(path: Path) -> bytes:
    """Return an FP32 model in FP16, its inputs and outputs still FP32.

    Raises:
        ArtifactError: The file cannot be read or converted.
    """
    import onnx
    from onnxruntime.transformers.float16 import convert_float_to_float16

    try:
        lowered = convert_float_to_float16(onnx.load(str(path)), keep_io_types=True)
    except Exception as error:
        got = f"{type(error).__name__}: {error}"
        want, do = "a model that can be converted to FP16", "convert it yourself, or keep fp32"
        raise ArtifactError(Problem(str(path), want, got, do)) from error
    data: bytes = lowered.SerializeToString()
    return data
