"""What GPUs and their driver refuse: versions, rights, a board that is lost, no telemetry."""

from __future__ import annotations

from runtime.troubles.model import Trouble

DRIVER_MISMATCH = Trouble(
    code="driver-mismatch",
    title="Driver and its library are of different versions",
    symptom="`Driver/library version mismatch`; `nvidia-smi` says the same.",
    cause=(
        "The driver was updated and the old kernel module is still loaded, or a container was "
        "given the libraries of another driver."
    ),
    mend=(
        "Reboot, or stop everything that uses the GPUs and reload the module: "
        "`sudo rmmod nvidia_uvm nvidia_drm nvidia_modeset nvidia && sudo modprobe nvidia`. Start a "
        "container anew."
    ),
    source="nvml.h, NVML_ERROR_LIB_RM_VERSION_MISMATCH; CUDA Driver API, CUresult 803",
)
"""NVML refuses to start; CUDA would, too."""

DRIVER_OLD = Trouble(
    code="driver-old",
    title="The driver is too old",
    symptom=(
        "`want a driver for CUDA ...`, `Function Not Found` from NVML, or a function that "
        "`libcuda.so.1` lacks."
    ),
    cause=(
        "The installed CUDA or TensorRT libraries were built for a newer CUDA than the driver "
        "knows: CUDA 12 needs driver 525.60.13, CUDA 13 needs driver 580. Or a container brings a "
        "`libcuda.so.1` of its own that is older than they are."
    ),
    mend=(
        "Update the driver on the host, or install the libraries for the CUDA version that the "
        "message names."
    ),
    source=(
        "NVIDIA CUDA Toolkit Release Notes, minimum driver for minor version compatibility; CUDA "
        "Driver API, cuDriverGetVersion and CUresult"
    ),
)
"""Told before a model is loaded or an engine is built."""

DEVICE_PERMISSION = Trouble(
    code="device-permission",
    title="The driver does not let this user in",
    symptom="`Insufficient Permissions` from NVML.",
    cause=(
        "The user may not open `/dev/nvidia*`, a container got none of them, or the question needs "
        "an administrator (MIG mode, MIG instances)."
    ),
    mend=(
        "Look at `ls -l /dev/nvidia*`: add the user to the group of these files, or start the "
        "container with `--gpus all`. Change MIG layouts as root, then run the harness as yourself."
    ),
    source="nvml.h, NVML_ERROR_NO_PERMISSION",
)
"""Nothing is retried as root."""

GPU_LOST = Trouble(
    code="gpu-lost",
    title="A GPU is lost",
    symptom="`GPU is lost`, in the middle of a run or before it; `Xid 79` in the kernel's log.",
    cause=(
        "The board has fallen off the bus: heat, power, a bad seat or riser, or a fault of the "
        "board or driver. NVML tells it, for every process of the machine. Where the board still "
        "answers and CUDA failed in one process only, the code is `cuda-device-lost`."
    ),
    mend=(
        "Read `sudo dmesg | grep -i xid`, reboot (or `sudo nvidia-smi --gpu-reset -i INDEX` where "
        "it still answers), check cooling and power, run again. Figures of the run are not used."
    ),
    source="nvml.h, NVML_ERROR_GPU_IS_LOST; NVIDIA, Xid Errors, 79",
)
"""The run ends as failed; what it wrote stays in its folder."""

TELEMETRY_MISSING = Trouble(
    code="telemetry-missing",
    title="The GPU does not tell its power, clocks or throttle reasons",
    symptom="A record without telemetry, or with fewer columns than usual.",
    cause=(
        "The board or its driver answers `Not Supported` (Jetson modules have no such NVML, a MIG "
        "slice has no power of its own), or the package nvidia-ml-py is missing."
    ),
    mend="Nothing need be done for the figures; install `calliope-harness[gpu]` for the package.",
    source="nvml.h, NVML_ERROR_NOT_SUPPORTED",
)
"""Never a reason to refuse a run."""
