"""Makes a plan real through NVML: explicit placements, all of it or nothing.

Every step that was done knows how to undo itself. When one fails, or the user stops it, the
earlier ones are undone in reverse, so that the GPU has the instances it had; those that had to
be made again have new UUIDs.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from runtime.errors import HarnessError, MissingError, Problem, RunError
from runtime.mig.boards import Board
from runtime.mig.device import (
    CONFIG_RIGHT,
    MODE_RIGHT,
    Compute,
    MigGpu,
    Standing,
    compute_profiles,
    profile_ids,
    read_gpu,
)
from runtime.mig.layouts import Placement
from runtime.mig.steps import Act, Step
from runtime.troubles.mig import MIG_IN_USE, MIG_RIGHTS

OnStep = Callable[[Step, str], None]
"""Gets each step, with `done` or `undone`."""


@dataclass(frozen=True, kw_only=True)
class Applied:
    """What became of the GPUs."""

    steps: tuple[Step, ...]
    """What was done, in order."""
    gpus: tuple[MigGpu, ...]
    """The GPUs as they are now, read again."""


@dataclass
class _Holder:
    """The handle of a GPU instance; an instance that is made again has another one."""

    handle: Any


@dataclass
class _Work:
    """Steps on the GPUs, and how to undo them."""

    nvml: Any
    boards: dict[int, Board]
    on_step: OnStep | None = None
    undo: list[tuple[Step, Callable[[], None]]] = field(default_factory=list)

    def do(self, step: Step) -> None:
        """Do one step."""
        if step.act is Act.MODE_ON:
            self._mode_on(step)
        elif step.act is Act.DESTROY:
            self._destroy(step)
        else:
            self._create(step)

    def _device(self, index: int) -> Any:
        """Return the handle of a GPU; it is asked for anew, as a mode switch resets the GPU."""
        return self.nvml.nvmlDeviceGetHandleByIndex(index)

    def _mode_on(self, step: Step) -> None:
        """Switch MIG mode on; a switch that would wait for a reset is taken back."""
        nvml, index = self.nvml, step.gpu
        self.undo.append((step, lambda: _ignore(nvml.nvmlDeviceSetMigMode(self._device(index), 0))))
        try:
            status = nvml.nvmlDeviceSetMigMode(self._device(index), 1)
        except nvml.NVMLError:
            self.undo.pop()
            raise
        if status != nvml.NVML_SUCCESS:
            got = f"it waits for a reset ({nvml.NVMLError(status)})"
            do = f"end what uses the GPU, or run `sudo nvidia-smi --gpu-reset -i {index}`"
            raise RunError(Problem(str(step), "MIG mode on", got, do))

    def _destroy(self, step: Step) -> None:
        """Destroy an instance, its compute instances first."""
        nvml, device = self.nvml, self._device(step.gpu)
        standing, placement = step.standing, step.placement
        if standing is None or placement is None:
            raise RunError(Problem(str(step), "an instance", "none", "report it"))
        holder = _Holder(nvml.nvmlDeviceGetGpuInstanceById(device, standing.gi_id))
        for compute in standing.computes:
            found = nvml.nvmlGpuInstanceGetComputeInstanceById(holder.handle, compute.ci_id)
            nvml.nvmlComputeInstanceDestroy(found)
            self.undo.append((step, self._remake_compute(holder, compute)))
        nvml.nvmlGpuInstanceDestroy(holder.handle)
        self.undo.append((step, self._remake(holder, step.gpu, placement)))

    def _remake(self, holder: _Holder, index: int, placement: Placement) -> Callable[[], None]:
        """Return what makes an instance again at its place."""

        def undo() -> None:
            holder.handle = self._make(index, placement)

        return undo

    def _remake_compute(self, holder: _Holder, compute: Compute) -> Callable[[], None]:
        """Return what makes a compute instance again at its place."""

        def undo() -> None:
            where = self.nvml.c_nvmlComputeInstancePlacement_t(compute.start, compute.size)
            self.nvml.nvmlGpuInstanceCreateComputeInstanceWithPlacement(
                holder.handle, compute.profile, ctypes.byref(where)
            )

        return undo

    def _create(self, step: Step) -> None:
        """Create an instance at its place, and the compute instance that fills it."""
        nvml = self.nvml
        if step.placement is None:
            raise RunError(Problem(str(step), "a placement", "none", "report it"))
        made = self._make(step.gpu, step.placement)
        self.undo.append((step, lambda: _ignore(nvml.nvmlGpuInstanceDestroy(made))))
        slices = self.boards[step.gpu].profile(step.placement.profile).compute_slices
        fitting = [i for i in compute_profiles(nvml, made) if int(i.sliceCount) == slices]
        if not fitting:
            want = f"a compute instance of {slices} slices"
            do = "create it with nvidia-smi mig -cci, and report the driver's version"
            raise RunError(Problem(str(step), want, "none that the driver offers", do))
        compute = nvml.nvmlGpuInstanceCreateComputeInstance(made, fitting[0].id)
        self.undo.append((step, lambda: _ignore(nvml.nvmlComputeInstanceDestroy(compute))))

    def _make(self, index: int, placement: Placement) -> Any:
        """Create an instance at a place and return its handle."""
        device = self._device(index)
        ids = profile_ids(self.nvml, device, self.boards[index])
        if placement.profile not in ids:
            want = f"a driver that knows {placement.profile}"
            got = f"one that knows {', '.join(ids) or 'no profile'}"
            raise RunError(Problem(f"GPU {index}", want, got, "update the driver"))
        where = self.nvml.c_nvmlGpuInstancePlacement_t(placement.start, placement.size)
        # a plain structure instead of its address crashes inside NVML
        return self.nvml.nvmlDeviceCreateGpuInstanceWithPlacement(
            device, ids[placement.profile], ctypes.byref(where)
        )

    def roll_back(self) -> list[Problem]:
        """Undo everything in reverse; return what could not be undone."""
        problems = []
        while self.undo:
            step, action = self.undo.pop()
            try:
                action()
            except (self.nvml.NVMLError, HarnessError) as error:
                do = f"look at `nvidia-smi mig -i {step.gpu} -lgi` and mend it by hand"
                problems.append(Problem(f"undoing {step}", "it undone", str(error), do))
            else:
                if self.on_step:
                    self.on_step(step, "undone")
        return problems


def apply(
    nvml: Any, steps: Sequence[Step], gpus: Sequence[MigGpu], on_step: OnStep | None = None
) -> Applied:
    """Do the steps, all of them or none, and return the GPUs as they are afterwards.

    Args:
        nvml: The module `pynvml`, initialised.
        steps: What to do, from `steps_of`.
        gpus: The GPUs as they were read.
        on_step: Is told of each step.

    Raises:
        MissingError: A right is missing; it says which. What was done before is undone.
        RunError: A step failed; what was done before is undone, and what could not be is told.
        KeyboardInterrupt: The user stopped it; what was done before is undone.
    """
    work = _Work(nvml, {g.index: g.board for g in gpus}, on_step)
    at = steps[0] if steps else None
    try:
        for at in steps:
            work.do(at)
            if on_step:
                on_step(at, "done")
    except BaseException as error:
        count = len({id(step) for step, _ in work.undo})
        failures = work.roll_back()
        if isinstance(error, (nvml.NVMLError, HarnessError)) and at is not None:
            raise _failure(nvml, at, error, count, failures) from error
        raise
    touched = {s.gpu for s in steps}
    return Applied(
        steps=tuple(steps),
        gpus=tuple(g for g in (read_gpu(nvml, n) for n in sorted(touched)) if g is not None),
    )


def _failure(
    nvml: Any, step: Step, error: Exception, undone: int, failures: list[Problem]
) -> HarnessError:
    """Return the error of a step that failed, with what became of the others."""
    kept = "nothing was changed" if not undone else "the earlier steps were undone"
    if failures:
        kept = "not everything could be undone, see below"
    if isinstance(error, HarnessError):
        first = [Problem(p.where, p.want, p.got, f"{p.do} ({kept})") for p in error.problems]
        return type(error)([*first, *failures])
    if isinstance(error, nvml.NVMLError_NoPermission):
        right = MODE_RIGHT if step.act is Act.MODE_ON else CONFIG_RIGHT
        do = f"run it with sudo, or let your administrator give the right ({kept})"
        return MissingError([Problem(str(step), right, str(error), do, MIG_RIGHTS.code), *failures])
    wants = {
        Act.MODE_ON: "MIG mode on",
        Act.DESTROY: "the instance destroyed",
        Act.CREATE: "the instance created",
    }
    code = MIG_IN_USE.code if isinstance(error, nvml.NVMLError_InUse) else ""
    do = f"{_mend(nvml, error)} ({kept})"
    return RunError([Problem(str(step), wants[step.act], str(error), do, code), *failures])


def _mend(nvml: Any, error: Exception) -> str:
    """Return what to do about an error of NVML."""
    if isinstance(error, nvml.NVMLError_InUse):
        return "end the processes on the GPU, monitoring ones too, and try again"
    if isinstance(error, nvml.NVMLError_InsufficientResources):
        return "another client has changed the layout: plan again with --device"
    if isinstance(error, nvml.NVMLError_FunctionNotFound):
        return "update the driver: it lacks explicit placements"
    return "see `nvidia-smi -q`, and plan again with --device"


def left_over(wanted: Sequence[Placement], standing: Sequence[Standing]) -> list[str]:
    """Return in words how a GPU differs from what was wanted; empty where it does not."""
    have = {(s.profile.name, s.start) for s in standing}
    want = {(p.profile, p.start) for p in wanted}
    return [f"no {p}@{s}" for p, s in sorted(want - have)] + [
        f"unexpected {p}@{s}" for p, s in sorted(have - want, key=str)
    ]


def _ignore(value: object) -> None:
    """Drop a return value."""
    del value
