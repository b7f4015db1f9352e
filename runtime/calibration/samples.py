"""The calibration set: an ordered list of samples that shares none with the evaluation set."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from runtime.configs.registry import Registry
from runtime.configs.workload import SampleSet
from runtime.errors import ArtifactError, ConfigError, Problem, UsageError
from runtime.policies.accuracy import check_disjoint

if TYPE_CHECKING:
    from numpy.typing import NDArray

_SHOWN = 5


@dataclass(frozen=True)
class CalibrationSet:
    """Samples that ranges are chosen from, in their order."""

    samples: SampleSet
    """Where they are loaded from."""
    ids: tuple[str, ...]
    """Identity of each: image number or file name."""
    positions: tuple[int, ...]
    """Index of each in `samples`."""
    evaluation: int
    """Evaluation samples that none of these is among; 0 where there was no set to compare."""

    @property
    def note(self) -> str:
        """Return what every output must say about the samples."""
        return self.samples.note

    @property
    def ids_sha256(self) -> str:
        """Return the hash of the ordered list: one id a line."""
        return hashlib.sha256("".join(f"{i}\n" for i in self.ids).encode()).hexdigest()

    def batches(self, size: int) -> Iterator[NDArray[Any]]:
        """Yield the samples in order, `size` at a time; the last batch may be smaller."""
        import numpy as np

        for start in range(0, len(self.positions), size):
            yield self.samples.load(np.array(self.positions[start : start + size], dtype=np.int64))

    def data_sha256(self) -> str:
        """Return the hash of the preprocessed samples, as the model gets them."""
        digest = hashlib.sha256()
        for batch in self.batches(16):
            digest.update(batch.tobytes())
        return digest.hexdigest()


def open_set(
    registry: Registry,
    workload: str,
    *,
    folder: Path | None = None,
    listed: Path | None = None,
    count: int | None = None,
    evaluation: Path | None = None,
) -> CalibrationSet:
    """Return the calibration set of a workload, checked against its evaluation set.

    Args:
        registry: What the packages define.
        workload: Name of the workload.
        folder: The user's folder of calibration samples; None for the bundled ones.
        listed: File with one id a line: which samples, in which order.
        count: Only so many samples, from the first on.
        evaluation: The user's evaluation data.

    Raises:
        UsageError: The workload has no calibration set, or the list names unknown samples.
        ConfigError: Calibration and evaluation set share samples.
        ArtifactError: The list cannot be read.
    """
    registry.workload(workload)
    module: Any = registry.modules[workload]
    if not hasattr(module, "open_calibration"):
        want, got = "a workload with a calibration set", repr(workload)
        has = [n for n, m in registry.modules.items() if hasattr(m, "open_calibration")]
        raise UsageError(Problem("--workload", want, got, "use one of: " + ", ".join(has)))
    samples, known = module.open_calibration(folder)
    ids = list(known) if listed is None else _read_list(listed, known)
    if count is not None:
        ids = ids[:count]
    place = {name: index for index, name in enumerate(known)}
    judged = module.evaluation_ids(evaluation)
    problems = check_disjoint(ids, judged)
    if problems:
        raise ConfigError(problems)
    return CalibrationSet(
        samples=samples,
        ids=tuple(ids),
        positions=tuple(place[i] for i in ids),
        evaluation=len(judged),
    )


def _read_list(path: Path, known: list[str]) -> list[str]:
    """Return the ids of a list file.

    Raises:
        ArtifactError: The file cannot be read.
        UsageError: It is empty, names a sample twice, or one that is not there.
    """
    try:
        lines = path.read_text("utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        got = getattr(error, "strerror", None) or "no text"
        raise ArtifactError(
            Problem(f"--list {path}", "a readable text file", got, "check path and permissions")
        ) from error
    ids = [line.strip() for line in lines if line.strip()]
    where, problems = f"--list {path}", []
    unknown = sorted(set(ids) - set(known))
    if unknown:
        got = f"{len(unknown)} unknown: {', '.join(unknown[:_SHOWN])}"
        mend = f"ids look like {known[0]!r}" if known else "name a folder with samples"
        problems.append(Problem(where, "ids of calibration samples", got, mend))
    twice = sorted({i for i in ids if ids.count(i) > 1}) if len(ids) != len(set(ids)) else []
    if twice:
        got = f"{len(twice)} twice: {', '.join(twice[:_SHOWN])}"
        problems.append(Problem(where, "every id once", got, "take the copies out"))
    if not ids:
        problems.append(Problem(where, "at least one id", "none", "write one id a line"))
    if problems:
        raise UsageError(problems)
    return ids
