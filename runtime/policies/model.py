"""What a policy is."""

from __future__ import annotations

from dataclasses import dataclass

from runtime.errors import ConfigError, Problem


@dataclass(frozen=True, kw_only=True)
class Policy:
    """A rule that the harness follows or checks, and where it comes from."""

    id: str
    """Stable identity, `topic.rule`: `run.min-duration`."""
    title: str
    """The rule as a heading."""
    rule: str
    """The rule in one or two sentences, in our own words."""
    applies_to: str
    """What it holds for: `all`, a scenario, a workload, a division."""
    source: str
    """Document and section that sets it; `Calliope` where it is our own."""
    value: float | None = None
    """The number in the rule, where there is one."""
    unit: str = ""
    """Unit of the number."""

    @property
    def number(self) -> float:
        """Return the number in the rule.

        Raises:
            ConfigError: The rule has none.
        """
        if self.value is None:
            problem = Problem(self.id, "a number in the rule", "none", "give the policy a value")
            raise ConfigError(problem)
        return self.value
