"""What a machine lacks: packages, devices, rights, room."""

from __future__ import annotations

from runtime.troubles.model import Trouble

PACKAGE_MISSING = Trouble(
    code="package-missing",
    title="A package is not installed",
    symptom="`No module named mlperf_loadgen`, or the name of another module.",
    cause=(
        "The package and the module have different names: mlcommons-loadgen is imported as "
        "mlperf_loadgen. Or the harness runs in another environment than the one installed into."
    ),
    mend="Run the pip line of the message with the same Python that runs the harness.",
    source="mlcommons/cm4mlops issue 493",
)
"""`harness doctor` lists all of them."""

PROVIDER_MISSING = Trouble(
    code="provider-missing",
    title="ONNX Runtime lacks the execution provider",
    symptom="The provider is not among the available ones, or ONNX Runtime fell back to the CPU.",
    cause=(
        "The installed build of ONNX Runtime is for other devices, or its CUDA, cuDNN or TensorRT "
        "libraries are missing or of another version."
    ),
    mend="Install the build that the message names, with the libraries that it was built for.",
    source="ONNX Runtime documentation, Execution Providers; tried with ONNX Runtime on a CPU",
)
"""The harness never measures a fallback."""

DEVICE_MISSING = Trouble(
    code="device-missing",
    title="The target's devices are not on this machine",
    symptom="`want its devices on this machine`, with what was found instead.",
    cause="Another GPU, fewer of them, MIG mode off, or no driver (see `driver-missing`).",
    mend=(
        "Choose the target that `harness doctor` names; `--dry-run` shows the settings of any "
        "target on any machine."
    ),
    source="Calliope",
)
"""Checked before anything is loaded."""

SYSTEM_UNKNOWN = Trouble(
    code="system-unknown",
    title="The GPU is none of the targets",
    symptom="`belongs to no target; nearest by name and memory: ...`",
    cause="Its PCI id and memory fit no file in `runtime/targets/`.",
    mend=(
        "Try the nearest target's values with `--set` as a start, and add a file for the GPU: the "
        "walk-through `Add a target` shows how."
    ),
    source="mlcommons/inference issues 1937 and 2098; mlcommons/mlperf-automations issue 609",
)
"""The registry is open, not a gate."""

DRIVER_MISSING = Trouble(
    code="driver-missing",
    title="No NVIDIA driver answers",
    symptom="`libcuda.so.1` or `libnvidia-ml.so.1` is not found, or NVML does not start.",
    cause=(
        "No driver is installed, its version does not fit the kernel module, or a container was "
        "started without its GPUs."
    ),
    mend=(
        "On the host run `nvidia-smi`. In a container: start it with `--gpus all` and the NVIDIA "
        "container toolkit."
    ),
    source="mlcommons/inference_results_v0.5 issue 38",
)
"""The cpu target needs none."""

PERMISSION_DENIED = Trouble(
    code="permission-denied",
    title="A folder cannot be written",
    symptom="The path, its owner and mode, our user, and a chown or chmod line.",
    cause=(
        "The folder was made by root or by another user, mostly by a run under sudo or in a "
        "container with another user number; or the file system is read-only."
    ),
    mend=(
        "Run the line that the message prints, or choose another folder with `--out`. Do not run "
        "the harness as root."
    ),
    source="mlcommons/inference_results_v5.1 closed/NVIDIA, FAQ; mlcommons/mlperf-automations "
    "issue 519",
)
"""Tried before the run, with a real file."""

DISK_FULL = Trouble(
    code="disk-full",
    title="No room left",
    symptom="`want at least ... MiB free`, or `No space left on device` during a run.",
    cause="Logs and records do not fit; an accuracy log of a big data set takes gigabytes.",
    mend="Free some space, or name a folder on another disk with `--out`.",
    source="Calliope",
)
"""What was measured is kept."""

FOLDER_TAKEN = Trouble(
    code="folder-taken",
    title="The results folder is not free",
    symptom="`want an empty or absent folder`, or one in use by a process.",
    cause="An earlier run lies there, or another run writes there now.",
    mend="Name another folder with `--out`; results are never overwritten.",
    source="policy artifacts.one-run-per-folder",
)
"""Two logs in one folder belong to nobody."""

SUDO = Trouble(
    code="sudo",
    title="The harness runs under sudo",
    symptom="Models and records are not where they were; later runs are denied.",
    cause=(
        "sudo gives root's home and drops variables such as HARNESS_CACHE and HARNESS_RECORD_DIR, "
        "and every file then belongs to root."
    ),
    mend="Run it without sudo; only MIG layouts and clock limits need an administrator.",
    source="mlcommons/inference_results_v5.1 closed/NVIDIA, FAQ",
)
"""A note, not a refusal."""

LOCKED_MEMORY = Trouble(
    code="locked-memory",
    title="The limit of locked memory is low",
    symptom="Pinned buffers or UCX fail to allocate; `harness doctor` shows the limit.",
    cause="A container daemon hands its own limit of some MB to every container.",
    mend="Set `LimitMEMLOCK=infinity` for the daemon, or start with `--ulimit memlock=-1`.",
    source="mlcommons/mlperf-automations issue 664; mlcommons/inference pull request 2355",
)
"""Only GPUs need it."""
