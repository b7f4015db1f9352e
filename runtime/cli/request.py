"""What a `harness run` command line asked for, and where its results go."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, kw_only=True)
class Request:
    """What the command line asked for."""

    target: str
    """Name of the target."""
    workload: str | None
    """Name of the workload; None for all."""
    scenario: str | None
    """Name of the scenario; None for all."""
    mode: str
    """Name of the mode."""
    quick: bool
    """Whether durations are shortened."""
    overrides: tuple[str, ...]
    """`FIELD=VALUE` texts."""
    model: Path | None
    """The user's model file."""
    data: Path | None
    """The user's data set folder."""
    out: Path | None
    """The user's results folder."""
    record: Path | None
    """File that also gets the record."""
    variant: dict[str, str | None]
    """Accuracy target, power setting and harness kind, where given."""
    servers: tuple[str, ...] = ()
    """Triton servers that run already, host and port of gRPC."""
    round_name: str | None = None
    """Round whose seeds the run must have; None for whatever LoadGen's wheel carries."""

    @property
    def single(self) -> bool:
        """Return whether one entry was named, not a group of them."""
        return self.workload is not None and self.scenario is not None

    def record_file(self, key: str) -> Path | None:
        """Return the file that `--record` wants for an entry; None where it was not given."""
        path = self.record
        if path is None or (self.single and not path.is_dir()):
            return path
        return path / f"{slug(key)}.json"


def slug(key: str) -> str:
    """Return an entry's key as a file name."""
    return key.replace("/", "-").replace("@", "-")
