"""Answers of classifiers: from scores to classes, and from LoadGen's log to accuracy."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from runtime.errors import Problem, RunError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


def write_classes(outputs: NDArray[Any], out: NDArray[np.int64], classes: int) -> None:
    """Write the class of the highest score of each sample into `out`; the first wins a tie.

    A model with one class more than the labels know has a background class
    first, so its classes are moved down by one; background itself becomes -1.

    Args:
        outputs: Scores or probabilities.
        out: Where the classes go, one a sample.
        classes: How many classes the labels know.

    Shapes:
        outputs: (batch, classes) or (batch, classes + 1).
        out: (batch,) int64, C-contiguous.
    """
    outputs.argmax(axis=1, out=out)
    if outputs.shape[1] == classes + 1:
        out -= 1


def top1(logged: dict[int, bytes], labels: NDArray[np.int64]) -> float:
    """Return the share of samples whose answer is their label.

    Args:
        logged: The bytes of each answer by sample index.
        labels: The right class of every sample of the set.

    Raises:
        RunError: With every problem: samples without an answer, answers for
            samples that do not exist, answers that are not 8 bytes.
    """
    import numpy as np

    problems = _log_problems(logged, len(labels))
    if problems:
        raise RunError(problems)
    indices = np.fromiter(logged, dtype=np.int64, count=len(logged))
    given = np.frombuffer(b"".join(logged.values()), dtype="<i8")
    return float(np.count_nonzero(given == labels[indices]) / len(labels))


def _log_problems(logged: dict[int, bytes], samples: int) -> list[Problem]:
    """Return what keeps a log from being judged."""
    where, mend = "accuracy log", "run the accuracy mode again, to its end"
    absent = samples - sum(1 for index in logged if 0 <= index < samples)
    foreign = [index for index in logged if not 0 <= index < samples]
    sizes = sorted({len(answer) for answer in logged.values()} - {8})
    problems = []
    if absent:
        problems.append(Problem(where, f"{samples} samples answered", f"{absent} missing", mend))
    if foreign:
        got = f"index {foreign[0]} and {len(foreign) - 1} more"
        problems.append(
            Problem(
                where,
                f"sample indices 0 to {samples - 1}",
                got,
                "judge a log against the data set that it was made with",
            )
        )
    if sizes:
        got = ", ".join(map(str, sizes)) + " bytes"
        problems.append(Problem(where, "answers of 8 bytes (one int64)", got, mend))
    return problems
