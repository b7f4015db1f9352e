"""Reads what a launch is asked for: `WORKLOAD:SCENARIO@PROFILE*COUNT`, and values to set."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from runtime.errors import Problem, UsageError
from runtime.launcher.members import Role

_WORDS = re.compile(
    r"^(?P<workload>[^:@*\s]+):(?P<scenario>[^:@*\s]+)(?:@(?P<profile>[^@*\s]+))?(?:\*(?P<count>\d+))?$"
)
_MOST = 64


@dataclass(frozen=True, kw_only=True)
class Request:
    """One workload that is asked for, on one instance or on several."""

    role: Role
    """Whether it is measured or keeps its instance busy."""
    workload: str
    """Name of the workload."""
    scenario: str
    """Name of the scenario."""
    profile: str = ""
    """Profile of its instances; empty lets the planner choose."""
    count: int = 1
    """Instances, each with a process of its own."""

    def __str__(self) -> str:
        """Return it as the command line takes it."""
        profile = f"@{self.profile}" if self.profile else ""
        times = f"*{self.count}" if self.count > 1 else ""
        return f"{self.workload}:{self.scenario}{profile}{times}"


@dataclass(frozen=True, kw_only=True)
class Changes:
    """Values that `--set` replaces, as `FIELD=VALUE` texts."""

    main: tuple[str, ...] = ()
    """Of the main entry."""
    background: tuple[str, ...] = ()
    """Of every background entry that has the field."""


def read_requests(main: str, backgrounds: Sequence[str]) -> tuple[Request, ...]:
    """Return the main request and those of the backgrounds.

    Args:
        main: Text of `--main`.
        backgrounds: Texts of `--background`, each with one request or several with commas.

    Raises:
        UsageError: With every text that cannot be understood.
    """
    problems: list[Problem] = []
    texts = [("--main", main, Role.MAIN)]
    texts += [
        ("--background", part.strip(), Role.BACKGROUND)
        for text in backgrounds
        for part in text.split(",")
        if part.strip()
    ]
    found = [_read(flag, text, role, problems) for flag, text, role in texts]
    if problems:
        raise UsageError(problems)
    return tuple(r for r in found if r is not None)


def read_changes(texts: Sequence[str]) -> Changes:
    """Return the values to set, by role.

    Args:
        texts: `main.FIELD=VALUE` or `background.FIELD=VALUE`.

    Raises:
        UsageError: With every text that names neither.
    """
    problems: list[Problem] = []
    found: dict[str, list[str]] = {"main": [], "background": []}
    for text in texts:
        role, dot, rest = text.partition(".")
        if not dot or role not in found or "=" not in rest:
            want = "main.FIELD=VALUE or background.FIELD=VALUE"
            do = f"for example main.{rest or text}" if "=" in text else "name field and value"
            problems.append(Problem(f"--set {text}", want, text, do))
        else:
            found[role].append(rest)
    if problems:
        raise UsageError(problems)
    return Changes(main=tuple(found["main"]), background=tuple(found["background"]))


def _read(flag: str, text: str, role: Role, problems: list[Problem]) -> Request | None:
    """Return the request of a text."""
    match = _WORDS.match(text)
    count = int(match["count"] or 1) if match else 0
    if match is None or not 1 <= count <= _MOST:
        want = f"WORKLOAD:SCENARIO[@PROFILE][*COUNT] (COUNT 1 to {_MOST})"
        do = "for example digits:server@1g.10gb or resnet50:offline*2"
        problems.append(Problem(f"{flag} {text}", want, text or "nothing", do))
        return None
    return Request(
        role=role,
        workload=match["workload"],
        scenario=match["scenario"],
        profile=match["profile"] or "",
        count=count,
    )
