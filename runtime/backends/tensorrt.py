"""The TensorRT backend: an engine of the model, on the streams of one CUDA device.

The engine comes from the cache, or is built and kept there. Every lane has its own streams,
buffers and execution contexts; the weights are there once for each process.
"""

from __future__ import annotations

import hashlib
import os
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from runtime.backends.tensorrt_binding import EngineBinding
from runtime.backends.tensorrt_build import EngineBuilder
from runtime.backends.tensorrt_cache import Engine, EngineCache
from runtime.backends.tensorrt_engine import LoadedEngine
from runtime.backends.tensorrt_log import Report
from runtime.backends.tensorrt_plan import BuildPlan, EngineKey, make_key, make_plan
from runtime.backends.tensorrt_release import Release, load_tensorrt
from runtime.configs.schema import Settings
from runtime.configs.workload import ModelFile, Workload
from runtime.devices.cuda import Device, Memory, Stream, open_device
from runtime.devices.schedule import make_schedule
from runtime.errors import ArtifactError, MissingError, Problem, RunError
from runtime.record import EngineFile
from runtime.troubles.machine import DEVICE_MISSING

if TYPE_CHECKING:
    from numpy.typing import NDArray

CHECKED_ROWS = 64
"""Most samples of a held library that are gathered back and compared with the host's."""


def create() -> TensorRT:
    """Return a backend without a model."""
    return TensorRT()


class TensorRT:
    """Executes a model with TensorRT on one CUDA device."""

    def __init__(self) -> None:
        self._device: Device | None = None
        self._loaded: LoadedEngine | None = None
        self._bindings: list[EngineBinding] = []
        self._library: Memory | None = None
        self._stream: Stream | None = None
        self._check: tuple[NDArray[Any], NDArray[Any], Memory, Memory] | None = None
        self._file: EngineFile | None = None

    def open(
        self, model: ModelFile, workload: Workload, settings: Settings, device: int | None
    ) -> None:
        """Check the model against the settings and load its engine; see `Backend.open`.

        An engine that is not in the cache is built, which takes minutes for large models;
        what the builder does is told on standard error.

        Raises:
            RunError: The engine cannot be built, or the device has too little memory.
        """
        plan = make_plan(model, workload, settings)
        trt, release = load_tensorrt()
        self._device = open_cuda(device)  # before TensorRT: without a driver it may crash
        self._plan, self._settings = plan, settings
        key = make_key(plan, self._device.facts, release.text)
        found = provide(trt, release, plan, key, report=_say)
        self._loaded = found.loaded
        self._loaded.check(plan)
        self._file = _describe(found, device)

    def compiled(self) -> EngineFile:
        """Return the engine's file and hash; see `Compiled.compiled`."""
        if self._file is None:
            want, do = "an open backend", "call open before compiled"
            raise RunError(Problem("tensorrt backend", want, "a closed one", do))
        return self._file

    def bind(self, capacity: int) -> EngineBinding:
        """Return a lane's binding, with its streams, buffers, contexts and graphs.

        Raises:
            RunError: The device has too little memory.
        """
        if self._device is None or self._loaded is None:
            want, do = "an open backend", "call open before bind"
            raise RunError(Problem("tensorrt backend", want, "a closed one", do))
        settings = self._settings
        graph, resident = settings.use_cuda_graph, settings.start_from_device
        schedule = make_schedule(settings.inflight_batches, graph=graph, resident=resident)
        made = EngineBinding(
            self._device, self._loaded, self._plan, schedule=schedule, capacity=capacity
        )
        self._bindings.append(made)
        return made

    def hold(self, samples: NDArray[Any]) -> None:
        """Take samples into the device's memory; see `Resident.hold`."""
        if not self._settings.start_from_device or self._device is None:
            return
        import numpy as np

        self._device.attach()
        held = np.ascontiguousarray(samples)
        if self._library is None or self._library.size < held.nbytes:
            self._library = self._device.allocate(held.nbytes, "the resident samples")
        self._stream = self._stream or self._device.stream()
        self._device.copy_in(self._library.address, held, self._stream)
        self._stream.synchronize()
        self._check_library(held, self._library, self._device, self._stream)
        for binding in self._bindings:
            binding.hold(self._library.address)

    def close(self) -> None:
        """Give the engine and everything on the device back."""
        for binding in self._bindings:
            binding.close()
        self._bindings = []
        if self._loaded is not None:
            self._loaded.close()
        if self._device is not None:
            self._device.close()
        self._device = self._loaded = self._library = self._stream = self._check = None
        self._file = None

    def _check_library(
        self, held: NDArray[Any], library: Memory, device: Device, stream: Stream
    ) -> None:
        """Gather some samples back and compare them with the host's, before any is timed.

        Raises:
            RunError: They differ: the device's copy cannot be trusted.
        """
        import numpy as np

        if not len(held):
            return
        if self._check is None:
            shape = CHECKED_ROWS, *held.shape[1:]
            numbers, back = (
                device.pinned((CHECKED_ROWS,), "uint32"),
                device.pinned(shape, held.dtype.name),
            )
            rows = device.allocate(numbers.nbytes, "row numbers")
            batch = device.allocate(back.nbytes, "a check of the resident samples")
            self._check = numbers, back, rows, batch
        numbers, back, rows, batch = self._check
        numbers[...] = np.linspace(len(held) - 1, 0, CHECKED_ROWS).astype(np.uint32)
        device.copy_in(rows.address, numbers, stream)
        shape = CHECKED_ROWS, held[:1].nbytes
        device.gather(batch.address, library.address, rows.address, shape, stream)
        device.copy_out(back, batch.address, stream)
        stream.synchronize()
        if back.tobytes() != held[numbers].tobytes():
            want, got = "the host's samples on the device", "others"
            do = "set start_from_device=false and report it with the GPU's name"
            raise RunError(Problem("start_from_device", want, got, do))


def open_cuda(index: int | None) -> Device:
    """Return the CUDA device of an accelerator's index, open.

    Raises:
        MissingError: There is none.
    """
    if index is None:
        want, do = "a GPU target", "set backend=onnxruntime on a CPU"
        got = "a target without an accelerator"
        raise MissingError(Problem("backend", want, got, do, DEVICE_MISSING.code))
    # The harness counts devices as NVML does; CUDA's own order is by speed.
    os.environ.setdefault("CUDA_DEVICE_ORDER", "PCI_BUS_ID")
    return open_device(index)


@dataclass(frozen=True)
class Provided:
    """An engine that is ready to be executed."""

    entry: Engine | None
    """Its entry in the cache; None where the cache refused it."""
    data: bytes
    """Its bytes."""
    loaded: LoadedEngine
    """The engine."""
    built: bool
    """Whether it was built now."""


def provide(
    trt: Any,
    release: Release,
    plan: BuildPlan,
    key: EngineKey,
    *,
    report: Report,
    cache: EngineCache | None = None,
    fresh: bool = False,
) -> Provided:
    """Return an engine, from the cache or built now; the device's context is current.

    Args:
        trt: The module `tensorrt`.
        release: Its version.
        plan: What to build.
        key: What the engine is bound to.
        report: Gets the phases of a build.
        cache: Where engines are kept; None for the harness's own place.
        fresh: Build even where the cache has it.

    Raises:
        RunError: It cannot be built.
        ArtifactError: It cannot be loaded.
    """
    cache = cache or EngineCache()
    entry, why = (None, "asked for") if fresh else cache.find(plan, key)
    if entry is not None:
        return _load(trt, release, entry)
    path = cache.path(plan, key)
    cache.check(path)
    with cache.alone(path):
        # Another process of the same run may have built it meanwhile.
        entry = None if fresh else cache.find(plan, key)[0]
        if entry is not None:
            return _load(trt, release, entry)
        report(f"engine for {plan.model.name}: {why}", 0, 0)
        data, seconds = EngineBuilder(trt, release, report).build(plan, cache.timing_path(key))
        loaded = LoadedEngine(trt, release, data, str(path))
        try:
            entry = cache.store(plan, key, data, seconds, loaded.inspect())
        except ArtifactError as error:
            report(f"engine not kept: {error.problems[0]}", 0, 0)
    return Provided(entry, data, loaded, built=True)


def _load(trt: Any, release: Release, entry: Engine) -> Provided:
    """Return an engine of the cache."""
    data = entry.path.read_bytes()
    return Provided(entry, data, LoadedEngine(trt, release, data, str(entry.path)), built=False)


def _describe(found: Provided, device: int | None) -> EngineFile:
    """Return what a record says of an engine; the hash is that of the bytes in memory.

    Why: a file can be replaced between its reading and its hashing.
    """
    path = found.entry.path if found.entry else None
    return EngineFile(
        name=f"{path.parent.name}/{path.name}" if path else "",
        sha256=hashlib.sha256(found.data).hexdigest(),
        size_bytes=len(found.data),
        built=found.built,
        devices=() if device is None else (device,),
    )


def _say(phase: str, done: int, total: int) -> None:
    """Tell a phase of a build on standard error, once: the log of the process that builds."""
    if done == 0:
        sys.stderr.write(f"tensorrt: {phase}" + (f" ({total} steps)\n" if total else "\n"))
        sys.stderr.flush()
