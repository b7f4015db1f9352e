"""What goes wrong when workloads run side by side, and when instances are changed."""

from __future__ import annotations

from runtime.troubles.model import Trouble

MAIN_INVALID = Trouble(
    code="main-invalid",
    title="The main result beside others is INVALID",
    symptom="`harness mig run` ends with exit code 6.",
    cause=(
        "LoadGen refused the main run. Beside others it may be slower than alone: a Server rate "
        "that holds alone need not hold together."
    ),
    mend=(
        "The message repeats the causes of the main record; lower `main.target_qps` with `--set`, "
        "or take the instances that share less."
    ),
    source="tried with LoadGen 6.0.17 under emulation",
)
"""It is not tried again: the result would be chosen."""

MAIN_DIED = Trouble(
    code="main-died",
    title="The main process ended without a result",
    symptom="The message names exit code or signal, and the end of its standard error.",
    cause="It crashed, could not load its model, or was ended by something else.",
    mend="Read the `.stderr` file beside its folder; run the same entry with `harness run`.",
    source="tried under emulation",
)
"""Also an exit code other than 0 after a VALID result."""

MAIN_LATE = Trouble(
    code="main-late",
    title="The main process missed a deadline",
    symptom="It did not reach its timed part, did not end it, or did not end itself, in time.",
    cause="The machine is slower than expected, or the process hangs outside its timed part.",
    mend="Raise `--ready-limit` or `--main-limit`; `--dry-run` shows what is expected.",
    source="tried under emulation",
)
"""Every part has a deadline of its own."""

MAIN_HUNG = Trouble(
    code="main-hung",
    title="The main timed part makes no step",
    symptom="No sample was finished within the silence limit.",
    cause="A lane is blocked, or a single step takes longer than the limit.",
    mend="Raise `--silence-limit` for slow workloads; else run the entry with `harness run`.",
    source="tried under emulation",
)
"""Found out before the main limit is over."""

BACKGROUND_EARLY = Trouble(
    code="background-early",
    title="A background ended before the main timed part",
    symptom="Its query was answered, and its instance was idle for a part of the measurement.",
    cause=(
        "A background gets work for a time at the rate that its settings expect; a device that is "
        "faster has finished sooner. One more try gets more work by what was seen."
    ),
    mend="Set `background.target_qps` to its real rate with `--set`, or raise `--retries`.",
    source="NVIDIA's heterogeneous MIG rule that backgrounds outlast the main run; tried",
)
"""Exit code 0 of a background is no excuse."""

BACKGROUND_DIED = Trouble(
    code="background-died",
    title="A background process died",
    symptom="The message names exit code or signal, and the end of its standard error.",
    cause="It crashed, could not load its model, or was ended by something else.",
    mend="Read the `.stderr` file beside its folder; run the same entry with `harness run`.",
    source="tried under emulation",
)
"""The round is ended at once: it cannot succeed any more."""

BACKGROUND_LATE = Trouble(
    code="background-late",
    title="A background did not reach its timed part in time",
    symptom="The main process was never started.",
    cause="Loading or warming up takes longer than the limit, or hangs.",
    mend="Raise `--ready-limit`, or read the `.stderr` file beside its folder.",
    source="tried under emulation",
)
"""The main workload is not measured beside one that is not there."""

BACKGROUND_HUNG = Trouble(
    code="background-hung",
    title="A background makes no step",
    symptom="It is in its timed part, but no sample was finished within the silence limit.",
    cause="A lane is blocked, or a single step takes longer than the limit.",
    mend="Raise `--silence-limit` for slow workloads, or read the `.stderr` file.",
    source="tried under emulation",
)
"""A process that is there and idle disturbs nobody."""

BACKGROUND_SILENT = Trouble(
    code="background-silent",
    title="A background did not show that it was there to the end",
    symptom="Its last report is from before the end of the main timed part.",
    cause="It stalled at the very end, or had no processor to report on.",
    mend="Run the round again; where it stays, give the harness a processor more.",
    source="tried under emulation",
)
"""What is not shown does not count."""

MIG_RIGHTS = Trouble(
    code="mig-rights",
    title="No right to change MIG instances",
    symptom="`Insufficient Permissions` from NVML.",
    cause=(
        "Creating, destroying and listing instances needs the capability `mig/config`; switching "
        "MIG mode needs root or CAP_SYS_ADMIN. In a container the capability file must be mounted."
    ),
    mend="Run it with sudo, or ask for /proc/driver/nvidia/capabilities/mig/config.",
    source="NVIDIA MIG User Guide, Device Nodes and Capabilities; tried with a stand-in for NVML",
)
"""The message says which of the two."""

MIG_IN_USE = Trouble(
    code="mig-in-use",
    title="An instance is in use",
    symptom="`In use by another client`, or a message that names processes.",
    cause="A process computes on the instance, or a monitoring service holds it open.",
    mend="End them, or plan again with `harness mig plan --device`: it keeps what is in use.",
    source="NVIDIA MIG User Guide, Getting Started with MIG; tried with a stand-in for NVML",
)
"""Refused before anything is changed where NVML shows the process."""
