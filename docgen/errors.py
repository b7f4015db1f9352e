"""One root for every error of the generator; a message reads `WHERE: want X, got Y; do Z`."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong, with its mend."""

    where: str
    """Place: file:line:column, a flag, a template."""
    want: str
    """What would be right."""
    got: str
    """What is there."""
    do: str
    """What to do about it."""

    def __str__(self) -> str:
        """Return the message in the project's form."""
        return f"{self.where}: want {self.want}, got {self.got}; {self.do}"


class DocgenError(Exception):
    """Root of all errors that the generator raises on purpose."""

    code = "D000"
    """Stable identity of the failure; the troubleshooting page has its section."""
    exit_code = 1
    """What the command line returns for it."""

    def __init__(self, problems: Problem | Iterable[Problem]) -> None:
        """Hold one problem or several; the text lists all of them."""
        self.problems: tuple[Problem, ...] = (
            (problems,) if isinstance(problems, Problem) else tuple(problems)
        )
        super().__init__("\n".join(str(p) for p in self.problems))


class UsageError(DocgenError):
    """A key, field, flag or path that does not exist."""

    code = "D100"
    exit_code = 2


class SourceError(DocgenError):
    """The documented source cannot be read as configuration."""

    code = "D200"
    exit_code = 3


class TemplateError(DocgenError):
    """A template that does not render; names the template and its line."""

    code = "D300"
    exit_code = 4


class SnippetError(DocgenError):
    """A snippet that is malformed, failed, hung or printed something unexpected."""

    code = "D400"
    exit_code = 5


class OutputError(DocgenError):
    """A place that cannot be written."""

    code = "D500"
    exit_code = 6


class DriftError(DocgenError):
    """Pages or evidence that no longer agree with the source."""

    code = "D600"
    exit_code = 1


class SiteError(DocgenError):
    """A site that Sphinx cannot build, or only with warnings."""

    code = "D700"
    exit_code = 7
