"""What goes wrong between the CUDA driver, TensorRT and an engine."""

from __future__ import annotations

from runtime.troubles.model import Trouble

CUDA_REFUSED = Trouble(
    code="cuda-not-permitted",
    title="The driver refuses this process",
    symptom=(
        "`CUDA_ERROR_NOT_PERMITTED`, `CUDA_ERROR_DEVICE_UNAVAILABLE`, or no access to the files "
        "/dev/nvidia*."
    ),
    cause=(
        "The GPU is in exclusive mode and another process has it, or this user may not open its "
        "device files, or a container was not given them."
    ),
    mend=(
        "Look with `nvidia-smi` for another process and for the compute mode; "
        "`sudo nvidia-smi -c 0` shares the GPU again; add the user to the group of /dev/nvidia*."
    ),
    source="CUDA Driver API, CUresult; nvidia-smi documentation, compute mode",
)
"""A right, not a fault."""

CUDA_LOST = Trouble(
    code="cuda-device-lost",
    title="The GPU failed during the run",
    symptom=(
        "`CUDA_ERROR_LAUNCH_FAILED`, `CUDA_ERROR_ECC_UNCORRECTABLE`, `CUDA_ERROR_ILLEGAL_ADDRESS` "
        "or `CUDA_ERROR_UNKNOWN` after a good start."
    ),
    cause=(
        "A hardware error, a driver reset, a MIG slice that was destroyed, or a kernel that read "
        "outside of its buffers. After it nothing in that process can use the GPU. CUDA tells it "
        "of one process: the board may answer all others. Where the driver has lost the board "
        "itself, the code is `gpu-lost`."
    ),
    mend=(
        "Read the kernel log for Xid lines (`dmesg | grep -i xid`), look at `nvidia-smi -q`, and "
        "run again; the partial record is kept."
    ),
    source="CUDA Driver API, CUresult; NVIDIA, Xid Errors",
)
"""The run ends with a partial record."""

CUDA_MEMORY = Trouble(
    code="cuda-out-of-memory",
    title="The GPU has too little memory",
    symptom="`CUDA_ERROR_OUT_OF_MEMORY`, with what was asked for and what was free.",
    cause=(
        "Engine, activations of every lane and batch under way, and buffers do not fit beside "
        "what other processes hold; on a MIG slice only its own memory counts."
    ),
    mend=(
        "Lower batch_size, lanes or inflight_batches, set start_from_device=false, or end the "
        "processes that `nvidia-smi` lists."
    ),
    source="CUDA Driver API, CUresult; mlcommons/inference issue 1830",
)
"""Told with the numbers at the time."""

ENGINE_BUILD = Trouble(
    code="engine-build",
    title="TensorRT cannot build the engine",
    symptom="`want an engine for ...`, with the parser's or the builder's own messages.",
    cause=(
        "An operator or a number format that this TensorRT does not have, or no kernel that fits "
        "into the memory of the device and the workspace that it was given."
    ),
    mend=(
        "Read the message: for an operator export the model again or use a newer TensorRT; for "
        "memory lower batch_size, raise workspace_mib, or use a larger slice."
    ),
    source="NVIDIA/TensorRT issues 840 and 2036; mlcommons/inference issue 1830",
)
"""Nothing is kept of a build that failed."""

ENGINE_UNFIT = Trouble(
    code="engine-incompatible",
    title="The engine was built for another TensorRT or another GPU",
    symptom="`want an engine of TensorRT ...`, or of another compute capability.",
    cause=(
        "An engine holds kernels for one version of TensorRT, one kind of GPU and one MIG profile. "
        "The file was copied from another machine, or TensorRT was updated."
    ),
    mend="Build it again on this machine: `harness engine build`; the timing cache makes it short.",
    source="NVIDIA/TensorRT issues 564, 2176 and 2900",
)
"""The harness's own cache never gives one: all of these are in its key."""

TENSORRT_VERSION = Trouble(
    code="tensorrt-version",
    title="TensorRT is missing or of a version that the backend does not know",
    symptom="`want TensorRT 10 or 11 (or 8.5, 8.6)`, with the version found.",
    cause="Its Python package is not installed, is another release, or its libraries do not load.",
    mend="pip install 'tensorrt>=10,<12' into the environment that runs the harness.",
    source="NVIDIA TensorRT, API changes from 8.6 to 10 and from 10 to 11",
)
"""Interfaces went away in 10 and in 11."""
