"""What a build is asked for and what it tells: options, progress, figures, the report."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from docgen.catalog import Catalog, Diagnostic
    from docgen.evidence import Evidence, Judged
    from docgen.sphinx.site import SiteReport


@dataclass(frozen=True, kw_only=True)
class Options:
    """What a build does."""

    run: bool = True
    """Whether snippets are executed."""
    only: tuple[str, ...] = ()
    """Patterns of the snippets that may be executed (`*`, `?`); empty means all."""
    force: bool = False
    """Whether snippets are executed whose result still holds."""
    jobs: int = 2
    """Processes of Sphinx, and snippets executed at once; those that measure run alone."""
    site: bool = True
    """Whether Sphinx builds the site."""
    strict: bool = True
    """Whether a warning of Sphinx fails the build."""


@dataclass(frozen=True)
class Step:
    """One sign of progress."""

    phase: str
    """`extract`, `run`, `render`, `site`."""
    done: int
    """Finished parts of the phase."""
    total: int
    """Parts of the phase; 0 where nobody knows."""
    note: str = ""
    """What is in work."""


OnStep = Callable[[Step], None]
"""Called for every sign of progress."""


@dataclass(frozen=True)
class Figure:
    """One primary figure that the pages carry; not verified by MLCommons."""

    entry: str
    """Key of the entry it was measured for."""
    mode: str
    """`performance` or `accuracy`."""
    name: str
    """Name of the metric."""
    value: float
    """The figure, in `unit`."""
    unit: str
    """Its unit."""
    verdict: str
    """What LoadGen and the accuracy goal said."""
    state: str
    """State of the evidence: `measured`, `stale`, ..."""
    quick: bool
    """Whether durations were shortened."""
    synthetic: bool
    """Whether the weights are seeded noise: such a figure is about speed only."""
    now: bool
    """Whether it was measured in this very build."""
    precision: str = ""
    """Precision that the run was given in place of the entry's own; empty for the entry's."""


@dataclass(kw_only=True)
class Report:
    """What a build did."""

    seconds: dict[str, float] = field(default_factory=dict)
    """Wall-clock time by phase, in seconds."""
    executed: tuple[str, ...] = ()
    """Snippets that were executed."""
    failed: tuple[tuple[str, str], ...] = ()
    """Snippets whose result is a failure, each with the reason."""
    states: dict[str, int] = field(default_factory=dict)
    """Number of snippets by state."""
    figures: tuple[Figure, ...] = ()
    """Primary figures on the pages."""
    pages: dict[str, int] = field(default_factory=dict)
    """Generated pages: `written`, `unchanged`, `removed`."""
    diagnostics: tuple[Diagnostic, ...] = ()
    """What the reader of the source found wrong."""
    site: SiteReport | None = None
    """What Sphinx did; None without a site."""


@dataclass(frozen=True)
class Reading:
    """The source as read, and what is known of its snippets."""

    catalog: Catalog
    """What the source says."""
    evidence: Evidence
    """Every snippet with what is kept of it."""


def read_figures(judged: Judged, executed: tuple[str, ...] = ()) -> Iterator[Figure]:
    """Yield the primary figures of a result's run records."""
    for record in judged.result.records if judged.result is not None else ():
        for metric in record.get("metrics", ()):
            if metric.get("primary"):
                yield Figure(
                    entry=str(record.get("key", judged.snippet.measures)),
                    mode=str(record.get("mode", "")),
                    name=str(metric.get("name", "")),
                    value=float(metric.get("value", 0.0)),
                    unit=str(metric.get("unit", "")),
                    verdict=str(record.get("verdict", {}).get("result", "")),
                    state=judged.state.value,
                    quick=bool(record.get("quick")),
                    synthetic=bool(record.get("model", {}).get("synthetic")),
                    now=judged.snippet.id in executed,
                    precision=str((record.get("overrides") or {}).get("precision", "")),
                )
