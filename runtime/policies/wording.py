"""What must be said beside a figure."""

from __future__ import annotations

from runtime.policies.model import Policy
from runtime.record import QUICK_NOTE, STATEMENT

UNVERIFIED = Policy(
    id="wording.unverified",
    title="Figures are marked unverified",
    rule=(
        "The word `unverified` stands next to every figure that MLCommons has not reviewed, which "
        "is every figure of this harness."
    ),
    applies_to="all",
    source=(
        "mlcommons/policies MLPerf_Results_Messaging_Guidelines.adoc, Use of MLPerf Benchmark for "
        "Non-MLCommons Reviewed Results"
    ),
)
"""Also for workloads that are none of MLPerf's: the word costs nothing and misleads nobody."""

FOOTNOTE = Policy(
    id="wording.footnote",
    title="The sentence that MLCommons asks for",
    rule=f"Beside or below such figures stands: {STATEMENT}",
    applies_to="all",
    source=(
        "mlcommons/policies MLPerf_Results_Messaging_Guidelines.adoc, Use of MLPerf Benchmark for "
        "Non-MLCommons Reviewed Results and Required Footnote"
    ),
)
"""The one sentence that is quoted word for word."""

NO_CLAIM = Policy(
    id="wording.no-mlperf-claim",
    title="No figure is called an MLPerf result",
    rule=(
        "A figure of a quick run, of synthetic weights or images, of digits, or under a bound of "
        "our own is not compared with MLPerf results and not called one."
    ),
    applies_to="all",
    source=(
        "mlcommons/policies MLPerf_Results_Messaging_Guidelines.adoc, MLPerf results may only be "
        "compared against similar MLPerf results"
    ),
)
"""Like is compared with like."""

PUBLIC_FIGURES = Policy(
    id="wording.public-figures",
    title="Figures of public rounds are settings, not results",
    rule=(
        "Rates taken from a public round are what its submitters configured. They are shown as "
        "settings with file and line, never as measurements of this harness."
    ),
    applies_to="all",
    source="Calliope",
)
"""A configured rate is an expectation."""

QUICK = Policy(
    id="wording.quick",
    title="Quick runs say so",
    rule=f"Every output of a shortened run carries: {QUICK_NOTE}.",
    applies_to="all",
    source="Calliope",
)
"""In the terminal, in the record, and on the site."""

SYNTHETIC = Policy(
    id="wording.synthetic",
    title="Synthetic weights and images say so",
    rule=(
        "Where the weights or the images are seeded noise, every figure says that it is about "
        "speed only. Such a run has no accuracy."
    ),
    applies_to="resnet50",
    source="Calliope",
)
"""Speed depends on shapes; answers do not exist."""

UNMEASURED = Policy(
    id="wording.unmeasured",
    title="What nobody measured says so",
    rule=(
        "A value that was neither measured nor cited says `not measured` and how it was derived. "
        "The guide of an absent GPU shows resolved commands, not figures."
    ),
    applies_to="all",
    source="Calliope",
)
"""An empty cell is better than a guess without a label."""


def mark_figure(value: float, unit: str, *, quick: bool = False) -> str:
    """Return a figure as it may be printed: with its unit, `unverified`, and `quick run`.

    Args:
        value: The figure, in `unit`.
        unit: Unit, as in the record: `samples/s`, `ms`.
        quick: Whether the run was shortened.
    """
    label = "unverified, quick run" if quick else "unverified"
    return f"{value:,.6g}".replace(",", " ") + f" {unit} ({label})"


def footnotes(*, quick: bool = False, notes: tuple[str, ...] = ()) -> tuple[str, ...]:
    """Return the sentences that must follow figures: the statement, then what the run is.

    Args:
        quick: Whether the run was shortened.
        notes: What the model file and the samples say of themselves; empty ones are left out.
    """
    said = (STATEMENT, QUICK_NOTE if quick else "", *notes)
    return tuple(dict.fromkeys(note for note in said if note))
