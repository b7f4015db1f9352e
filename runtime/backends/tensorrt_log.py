"""What TensorRT says while it works: its messages, and how far a build is."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, Protocol

from runtime.errors import HarnessError, MissingError, Problem, RunError
from runtime.troubles.engines import CUDA_LOST, CUDA_MEMORY, ENGINE_UNFIT
from runtime.troubles.gpus import DRIVER_OLD
from runtime.troubles.model import Trouble

Report = Callable[[str, int, int], None]
"""Takes a phase, what is done of it, and its total (0 where nobody knows)."""

SERIOUS = ("INTERNAL_ERROR", "ERROR")
"""Names of the severities that explain a failure."""

KEPT = 200
"""Most messages that are kept; a build tells thousands."""

_MEMORY = re.compile(
    r"out.?of.?memory|insufficient memory|cudaErrorMemoryAllocation", re.IGNORECASE
)
# The messages are TensorRT's own: NVIDIA/TensorRT issues 574, 2176 and 2177.
_VERSION = re.compile(
    r"not compatible with this version of TensorRT.*?expecting library version (?P<want>\S+) "
    r"got (?P<got>[\d.]+)|"
    r"[Vv]ersion tag does not match.*?Current Version: (?P<mine>\d+), Serialized Engine Version: "
    r"(?P<theirs>\d+)",
    re.DOTALL,
)
_COMPUTE = re.compile(r"expecting compute (?P<want>[\d.]+) got compute (?P<got>\d+\.\d+)")
_LOST = re.compile(
    r"cudaErrorLaunchFailure|illegal memory access|unspecified launch failure|uncorrectable ECC",
    re.IGNORECASE,
)


class Told(Protocol):
    """A logger that remembers."""

    @property
    def messages(self) -> list[tuple[str, str]]:
        """Return severity and text of each message, oldest first."""
        ...


def make_logger(trt: Any) -> Any:
    """Return a logger for TensorRT that keeps its warnings and errors; see `Told`.

    Why: the class derives from one of TensorRT's, which is not there when this file is read.
    """

    class Logger(trt.ILogger):  # type: ignore[misc]
        """Keeps what matters, and prints nothing."""

        def __init__(self) -> None:
            trt.ILogger.__init__(self)
            self.messages: list[tuple[str, str]] = []

        def log(self, severity: Any, msg: str) -> None:
            """Take a message; TensorRT calls this from any of its threads."""
            name = severity.name
            if name in (*SERIOUS, "WARNING") and len(self.messages) < KEPT:
                self.messages.append((name, str(msg)))

    return Logger()


def make_monitor(trt: Any, report: Report) -> Any:
    """Return a progress monitor for the builder that tells the outermost phase.

    Args:
        trt: The module `tensorrt`, 10 or newer.
        report: Gets every step; what it raises cancels the build.
    """

    class Monitor(trt.IProgressMonitor):  # type: ignore[misc]
        """Tells phases and steps."""

        def __init__(self) -> None:
            trt.IProgressMonitor.__init__(self)
            self.steps: dict[str, int] = {}
            self.stopped: BaseException | None = None

        def phase_start(self, phase_name: str, parent_phase: str | None, num_steps: int) -> None:
            """Note a phase that begins; only those without a parent are told."""
            if not parent_phase:
                self.steps[phase_name] = num_steps
                self._tell(phase_name, 0)

        def step_complete(self, phase_name: str, step: int) -> bool:
            """Tell a step; False ends the build."""
            if phase_name in self.steps:
                self._tell(phase_name, step + 1)
            return self.stopped is None

        def phase_finish(self, phase_name: str) -> None:
            """Forget a phase that has ended."""
            self.steps.pop(phase_name, None)

        def _tell(self, phase: str, done: int) -> None:
            """Report; C++ above cannot take an exception, so it is kept."""
            try:
                report(phase, done, self.steps[phase])
            except BaseException as error:  # noqa: BLE001 - raised again by the builder's caller
                self.stopped = self.stopped or error

    return Monitor()


def start(kind: Any, logger: Told) -> Any:
    """Return a new builder or runtime of TensorRT.

    Args:
        kind: Its class.
        logger: Gets the reason of a refusal, and is given to it.

    Raises:
        MissingError: TensorRT cannot start CUDA: the driver is older than its libraries need,
            or they do not fit each other.
    """
    try:
        return kind(logger)
    except TypeError as error:  # what the bindings make of an object that was not created
        want, got = "TensorRT to start CUDA", serious(logger)
        do = "install a newer driver, or a TensorRT that was built for the driver's CUDA version"
        raise MissingError(Problem("TensorRT", want, got, do, DRIVER_OLD.code)) from error


def serious(logger: Told) -> str:
    """Return the errors that TensorRT told, in one text; its warnings where it told none."""
    errors = [text for severity, text in logger.messages if severity in SERIOUS]
    chosen = errors or [text for _, text in logger.messages]
    return "; ".join(dict.fromkeys(" ".join(t.split()) for t in chosen[-4:])) or "no message"


def read_trouble(text: str, otherwise: Trouble) -> tuple[Trouble, str]:
    """Return which trouble TensorRT's messages tell of, and its reason in words.

    Args:
        text: The messages.
        otherwise: The trouble where they tell of none that is known.
    """
    if _MEMORY.search(text):
        return CUDA_MEMORY, f"too little device memory: {text}"
    found = _VERSION.search(text)
    if found:
        got, want = found["got"] or found["theirs"], found["want"] or found["mine"]
        return ENGINE_UNFIT, f"one of TensorRT {got} (this is {want})"
    found = _COMPUTE.search(text)
    if found:
        got, want = found["got"], found["want"]
        return ENGINE_UNFIT, f"one for compute capability {got} (this device has {want})"
    if _LOST.search(text):
        return CUDA_LOST, text
    return otherwise, text


def run_failure(logger: Told, doing: str) -> HarnessError:
    """Return the error of an inference that TensorRT refused.

    Args:
        logger: What it told.
        doing: What was being done.
    """
    trouble, got = read_trouble(serious(logger), CUDA_LOST)
    do = "see the message; run it again with backend=onnxruntime to tell the file from the engine"
    if trouble is CUDA_MEMORY:
        do = "lower batch_size, lanes or inflight_batches"
    return RunError(Problem(doing, "TensorRT to run the engine", got, do, trouble.code))
