"""Shared-memory regions: where a request's samples and its outputs lie.

A region is made here, reserved whole, and registered with the server by name; requests
then carry offsets only. System regions are files in /dev/shm; their names carry the id of
the process, so that what a killed process left can be told and taken away.
"""

from __future__ import annotations

import contextlib
import mmap
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from runtime.errors import ArtifactError, MissingError, Problem
from runtime.triton.server import SHM
from runtime.troubles.machine import PACKAGE_MISSING
from runtime.troubles.served import TRITON_SHARED_MEMORY

if TYPE_CHECKING:
    from numpy.typing import NDArray

PREFIX = "calliope-region-"
"""What the names of all regions start with; the id of their process follows."""

MIB = 1 << 20
"""Bytes in a MiB."""


class SystemRegion:
    """Named memory of the host, writable here, that the server maps by its key."""

    def __init__(self, name: str, size: int, folder: Path = SHM) -> None:
        """Make and reserve the region.

        Args:
            name: Unique within this process.
            size: Bytes.
            folder: Where the system has its shared memory objects.

        Raises:
            ArtifactError: There is too little shared memory, or no right to make one.
        """
        self.name = f"{PREFIX}{os.getpid()}-{name}"
        """Name that the server knows it by."""
        self.key = f"/{self.name}"
        """Key of the shared memory object."""
        self.size = size
        """Bytes."""
        self._path = folder / self.name
        sweep(folder)
        try:
            handle = os.open(self._path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600)
        except OSError as error:
            raise _refused(size, folder, error.strerror or str(error)) from error
        try:
            os.posix_fallocate(handle, 0, size)
            self._map = mmap.mmap(handle, size)
        except (OSError, ValueError) as error:
            self._path.unlink(missing_ok=True)
            raise _refused(size, folder, f"{error} ({_free_mib(folder)} MiB free)") from error
        finally:
            os.close(handle)

    def array(self, offset: int, shape: tuple[int, ...], dtype: str) -> NDArray[Any]:
        """Return a part of the region as an array that can be written."""
        import numpy as np

        count = int(np.prod(shape, dtype=np.int64))
        return np.frombuffer(self._map, dtype, count, offset).reshape(shape)

    def close(self) -> None:
        """Take the name away; the memory goes with the last process that maps it."""
        self._path.unlink(missing_ok=True)
        with contextlib.suppress(BufferError):
            self._map.close()


class CudaRegion:
    """Device memory that the server opens by its CUDA IPC handle.

    Source: Triton Inference Server documentation, "CUDA Shared Memory Extension";
        `tritonclient.utils.cuda_shared_memory`.
    """

    def __init__(self, name: str, size: int, device: int) -> None:
        """Allocate the region on a device.

        Raises:
            MissingError: The client's CUDA part, or a device, is not there.
        """
        self._cuda = _cuda_module()
        self.name = f"{PREFIX}{os.getpid()}-{name}"
        """Name that the server knows it by."""
        self.size = size
        """Bytes."""
        self.device = device
        """Index of the device."""
        try:
            self._handle = self._cuda.create_shared_memory_region(self.name, size, device)
        except Exception as error:
            got = f"{type(error).__name__}: {error}"
            do = "check the driver and the device, or set triton_shared_memory=system"
            raise MissingError(
                Problem("CUDA shared memory", f"{size} bytes on GPU {device}", got, do)
            ) from error

    @property
    def raw_handle(self) -> bytes:
        """Return the serialized CUDA IPC handle."""
        return bytes(self._cuda.get_raw_handle(self._handle))

    def write(self, samples: NDArray[Any]) -> None:
        """Copy samples to the start of the region."""
        self._cuda.set_shared_memory_region(self._handle, [samples])

    def read(self, out: NDArray[Any]) -> None:
        """Copy the start of the region into an array."""
        out[:] = self._cuda.get_contents_as_numpy(self._handle, out.dtype, list(out.shape))

    def close(self) -> None:
        """Free the memory."""
        self._cuda.destroy_shared_memory_region(self._handle)


def sweep(folder: Path = SHM) -> None:
    """Take away regions of processes that exist no more."""
    for path in folder.glob(f"{PREFIX}*"):
        number = path.name.removeprefix(PREFIX).partition("-")[0]
        if number.isdigit() and not Path("/proc", number).exists():
            with contextlib.suppress(OSError):
                path.unlink()


def _cuda_module() -> Any:
    """Return the client's CUDA part.

    Raises:
        MissingError: It cannot be imported.
    """
    try:
        from tritonclient.utils import cuda_shared_memory
    except (ImportError, OSError, RuntimeError) as error:
        do = "run `pip install 'tritonclient[cuda]'`, or set triton_shared_memory=system"
        raise MissingError(
            Problem(
                "triton_shared_memory=cuda",
                "the module tritonclient.utils.cuda_shared_memory and CUDA's Python bindings",
                str(error),
                do,
                PACKAGE_MISSING.code,
            )
        ) from error
    return cuda_shared_memory


def _free_mib(folder: Path) -> int:
    """Return the free space of the shared memory's file system, in MiB."""
    found = os.statvfs(folder)
    return found.f_bavail * found.f_frsize // MIB


def _refused(size: int, folder: Path, got: str) -> ArtifactError:
    """Return the error of a region that cannot be had."""
    want = f"{-(-size // MIB)} MiB of shared memory"
    do = "give the container more (--shm-size), free some, or set triton_shared_memory=none"
    return ArtifactError(Problem(str(folder), want, got, do, TRITON_SHARED_MEMORY.code))
