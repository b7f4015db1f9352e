"""A deserialized engine: what it takes and gives, its contexts, its activations."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from runtime.backends.tensorrt_log import make_logger, read_trouble, run_failure, serious, start
from runtime.backends.tensorrt_plan import BuildPlan
from runtime.backends.tensorrt_release import Release
from runtime.devices.cuda import Memory, Stream
from runtime.errors import ArtifactError, Problem
from runtime.troubles.engines import CUDA_MEMORY, ENGINE_UNFIT

PLAN_TAG = 0x74727466
"""First four bytes of an engine file, as a little-endian number.

Source: NVIDIA/TensorRT, samples/common/sampleEngines.cpp, getPlanVersion.
"""

VERSION_AT = 24
"""Where the four numbers of TensorRT's version stand, a byte each.

Source: As `PLAN_TAG`.
"""


class LoadedEngine:
    """An engine on a device, ready to make contexts."""

    def __init__(self, trt: Any, release: Release, data: bytes, where: str) -> None:
        """Deserialize the engine; the device's context is the calling thread's.

        Args:
            trt: The module `tensorrt`.
            release: Its version.
            data: The engine.
            where: What messages call it: its path.

        Raises:
            ArtifactError: It is of another TensorRT, another device, too big, or no engine.
        """
        self._trt, self._release, self._data, self._where = trt, release, data, where
        self.logger = make_logger(trt)
        """What TensorRT told."""
        self._runtime = start(trt.Runtime, self.logger)
        self._engines = [self._deserialize()]

    @property
    def engine(self) -> Any:
        """Return TensorRT's own object."""
        return self._engines[0]

    def check(self, plan: BuildPlan) -> None:
        """Raise ArtifactError where inputs and outputs are not those of the plan."""
        got = {name: kind for name, kind, _ in self.tensors()}
        want = {plan.source.name: plan.source.dtype, plan.target.name: plan.target.dtype}
        problems = [
            Problem(self._where, f"{name} of {kind}", got.get(name, "no such tensor"), "build anew")
            for name, kind in want.items()
            if got.get(name) != kind
        ]
        problems += [
            Problem(self._where, f"one input and one output ({', '.join(want)})", name, "drop it")
            for name in got
            if name not in want
        ]
        if problems:
            raise ArtifactError(problems)

    def tensors(self) -> list[tuple[str, str, tuple[int, ...]]]:
        """Return name, element type and shape (-1 for a free axis) of every input and output."""
        engine = self.engine
        names = [engine.get_tensor_name(n) for n in range(engine.num_io_tensors)]
        return [
            (
                name,
                element_type(engine.get_tensor_dtype(name).name),
                tuple(engine.get_tensor_shape(name)),
            )
            for name in names
        ]

    def activation_bytes(self) -> int:
        """Return the device memory that the activations of one context need."""
        engine = self.engine
        if hasattr(engine, "device_memory_size_v2"):
            return int(engine.device_memory_size_v2)
        return int(engine.device_memory_size)

    def inspect(self) -> str:
        """Return the inspector's JSON of all layers; empty where it gives none."""
        inspector = self.engine.create_engine_inspector()
        return str(inspector.get_engine_information(self._trt.LayerInformationFormat.JSON) or "")

    def another(self) -> Any:
        """Return the engine for another set of contexts.

        Why: before TensorRT 10 an optimization profile serves one context only, so every set
            has an engine of its own there.
        """
        if self._release.shares_profiles:
            return self.engine
        self._engines.append(self._deserialize())
        return self._engines[-1]

    def context(
        self, engine: Any, plan: BuildPlan, size: int, activations: Memory, stream: Stream
    ) -> Any:
        """Return an execution context for one batch size.

        Args:
            engine: From `another`.
            plan: What the engine was built from.
            size: One of the plan's batch sizes.
            activations: Memory that contexts which never run at the same time share.
            stream: Where the choice of the profile is queued.

        Raises:
            RunError: TensorRT has no room for it.
        """
        trt, doing = self._trt, f"context for batch {size}"
        if hasattr(trt, "ExecutionContextAllocationStrategy"):
            context = engine.create_execution_context(
                trt.ExecutionContextAllocationStrategy.USER_MANAGED
            )
        else:
            context = engine.create_execution_context_without_device_memory()
        if context is None:
            raise run_failure(self.logger, doing)
        if hasattr(context, "set_device_memory"):
            context.set_device_memory(activations.address, activations.size)
        else:
            context.device_memory = activations.address
        if plan.fixed:
            return context
        number = plan.sizes.index(size)
        chosen = context.set_optimization_profile_async(number, stream.handle)
        stream.synchronize()
        if not chosen or not context.set_input_shape(plan.source.name, (size, *plan.source.shape)):
            raise run_failure(self.logger, doing)
        return context

    def close(self) -> None:
        """Drop the engines; contexts must be gone by then."""
        self._engines = []
        self._runtime = None

    def _deserialize(self) -> Any:
        """Return a new engine of the bytes."""
        made = self._runtime.deserialize_cuda_engine(self._data)
        if made is not None:
            return made
        trouble, got = read_trouble(serious(self.logger), ENGINE_UNFIT)
        want = f"an engine of TensorRT {self._release.text} for this device"
        do = "build it again on this machine: harness engine build"
        if trouble is CUDA_MEMORY:
            do = "end the processes that `nvidia-smi` lists, or use a larger slice"
        raise ArtifactError(Problem(self._where, want, got, do, trouble.code))


def element_type(name: str) -> str:
    """Return NumPy's name of an element type of TensorRT; its own, in small, where there is none.

    Why: TensorRT's own translation fails with a NumPy that is newer than itself.
    """
    return {"FLOAT": "float32", "HALF": "float16"}.get(name, name.lower())


def plan_version(data: bytes) -> str:
    """Return the version of TensorRT that wrote an engine file; empty where it is none."""
    if len(data) < VERSION_AT + 4 or int.from_bytes(data[:8], "little") != PLAN_TAG:
        return ""  # the second word is the layout's number, 0 in every version so far
    return ".".join(str(part) for part in data[VERSION_AT : VERSION_AT + 4])


def read_header(path: Path) -> str:
    """Return the version of TensorRT that wrote an engine file.

    Raises:
        ArtifactError: It cannot be read, or is no engine.
    """
    want, do = (
        "an engine file of TensorRT",
        "name the .engine file; `harness engine info` lists them",
    )
    try:
        with path.open("rb") as file:
            version = plan_version(file.read(VERSION_AT + 4))
    except OSError as error:
        got = error.strerror or str(error)
        raise ArtifactError(Problem(str(path), want, got, do)) from error
    if not version:
        raise ArtifactError(Problem(str(path), want, "other bytes", do))
    return version
