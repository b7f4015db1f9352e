"""One root for every error of the harness; each layer has a subclass.

A message reads `WHERE: want X, got Y; do Z`. The parts stay on the error as
attributes, so the command line, the JSON output and the tests need no parsing.
Every error class has a code: the troubleshooting page has a section per code.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from difflib import get_close_matches


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong, with its mend."""

    where: str
    """Place: a field, a file with line, a flag."""
    want: str
    """What would be right."""
    got: str
    """What is there."""
    do: str
    """What to do about it."""
    code: str = ""
    """Section of the troubleshooting page, `harness explain CODE`; empty for the error's own."""

    def __str__(self) -> str:
        """Return the message in the project's form."""
        return f"{self.where}: want {self.want}, got {self.got}; {self.do}"


class HarnessError(Exception):
    """Root of all errors that the harness raises on purpose."""

    code = "H000"
    """Stable identity of the failure; the troubleshooting page has its section."""
    exit_code = 1
    """What the command line returns for it."""

    def __init__(self, problems: Problem | Iterable[Problem]) -> None:
        """Hold one problem or several; the text lists all of them."""
        self.problems: tuple[Problem, ...] = (
            (problems,) if isinstance(problems, Problem) else tuple(problems)
        )
        super().__init__("\n".join(str(p) for p in self.problems))

    @property
    def codes(self) -> tuple[str, ...]:
        """Return the codes that explain the problems: theirs, or the error's own."""
        return tuple(dict.fromkeys(p.code or self.code for p in self.problems)) or (self.code,)


class UsageError(HarnessError):
    """A name, flag or combination that the harness does not know."""

    code = "H100"
    exit_code = 2


class ConfigError(HarnessError):
    """Configuration values that cannot be right; carries every problem at once."""

    code = "H200"
    exit_code = 2


class MissingError(HarnessError):
    """Something this machine lacks: a package, a device, a model, a data set."""

    code = "H300"
    exit_code = 3


class ArtifactError(HarnessError):
    """A file or folder that cannot be read or written as needed."""

    code = "H400"
    exit_code = 4


class RunError(HarnessError):
    """A run that started and could not finish; partial results are kept."""

    code = "H500"
    exit_code = 5


class InvalidResult(HarnessError):  # noqa: N818 - an outcome, not a fault
    """A finished run that LoadGen or the accuracy goal judged invalid."""

    code = "H600"
    exit_code = 6


class Interrupted(HarnessError):  # noqa: N818 - an outcome, not a fault
    """The user stopped the run; what was measured is kept and marked partial."""

    code = "H130"
    exit_code = 130


def suggest(word: str, known: Sequence[str]) -> str:
    """Return the mend for an unknown word: what it begins or resembles, or all known ones."""
    spelled = {name.lower(): name for name in known}
    begun = sorted(name for name in spelled if word and name.startswith(word.lower()))
    near = begun or get_close_matches(word.lower(), spelled, n=3, cutoff=0.5)
    close = [spelled[name] for name in near[:3]]
    if close:
        return "did you mean " + " or ".join(repr(c) for c in close) + "?"
    return "use one of: " + ", ".join(sorted(known))
