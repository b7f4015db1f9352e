"""What a view gives to the renderer, and the parts of evidence and configuration it may read."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from docgen.catalog import Catalog, Snippet
from docgen.evidence import State
from docgen.snippets.model import Result


@dataclass(frozen=True, kw_only=True)
class Page:
    """A page that a template renders."""

    path: str
    """Path below the documentation folder, with forward slashes."""
    template: str
    """File name of the template."""
    context: Mapping[str, Any]
    """Everything that the template may name."""


@dataclass(frozen=True, kw_only=True)
class Text:
    """A file whose text the view itself gives: JSON for programs."""

    path: str
    """Path below the documentation folder, with forward slashes."""
    text: str
    """The whole file."""


@dataclass(frozen=True, kw_only=True)
class Bar:
    """One bar of a plot."""

    label: str
    """What it stands for, in words."""
    value: float
    """Its length, in the plot's unit."""
    kind: str = "measured"
    """`measured`, `expected` or `bound`: decides colour and hatching."""


@dataclass(frozen=True, kw_only=True)
class Plot:
    """A bar plot with an axis from zero, drawn only where its data changed."""

    path: str
    """Path of the SVG below the documentation folder."""
    title: str
    """What is compared."""
    unit: str
    """Unit of the axis."""
    bars: tuple[Bar, ...]
    """Bars from top to bottom."""
    log: bool = False
    """Whether the axis is logarithmic (then it starts at a power of ten, not at zero)."""

    @property
    def alt(self) -> str:
        """Return the text for readers who cannot see the plot: every bar in words."""
        from docgen.formatting import metric

        bars = "; ".join(f"{b.label} {metric(b.value, self.unit)}" for b in self.bars)
        return f"{self.title}: {bars}"


Output = Page | Text | Plot
"""Anything a view may give."""


@dataclass(frozen=True, kw_only=True)
class Part:
    """Outputs of a view that are made together, and all that they are made of.

    Outputs of a part that names its Catalog are functions of that Catalog, of the words, of
    the evidence, of the configuration and of docgen itself: nothing else may come in. They
    are not made again while all of these are as they were.
    """

    make: Callable[[], Iterable[Output]]
    """Makes the outputs."""
    catalog: Catalog | None = None
    """What of the Catalog they are made of; None where that is not known, and files come in."""
    words: tuple[str, ...] = ()
    """What else they are made of; begins with the name of the view."""


class Judged(Protocol):
    """What is known of one snippet, and what a page may say of it."""

    @property
    def state(self) -> State:
        """Return the state that its badge shows."""

    @property
    def reason(self) -> str:
        """Return why it is in that state, in words."""

    @property
    def result(self) -> Result | None:
        """Return its stored execution; None where there is none."""

    @property
    def snippet(self) -> Snippet:
        """Return the snippet itself."""


class Evidence(Protocol):
    """The judged snippets of a catalog."""

    @property
    def judged(self) -> Sequence[Judged]:
        """Return every judged snippet."""

    def of(self, snippet_id: str) -> Judged:
        """Return what is known of a snippet; KeyError for an unknown one."""

    def measurements(self, entry_key: str) -> Sequence[Judged]:
        """Return the judged snippets that measure an entry."""


class Config(Protocol):
    """The settings of the generator that pages depend on."""

    @property
    def root(self) -> Path:
        """Return the root of the documented tree."""

    @property
    def docs(self) -> Any:
        """Return the documentation folder, relative to the root."""

    @property
    def templates(self) -> Any:
        """Return the folder of the user's templates, relative to the root."""


@dataclass(frozen=True, kw_only=True)
class Link:
    """A place to go to, with its words; templates write it with the `link` filter."""

    text: str
    """Words of the link."""
    role: str
    """MyST role that resolves it: `doc`, `ref`, `bench:target`, ..."""
    to: str
    """What the role resolves."""
    note: str = ""
    """Words after the link."""


@dataclass(frozen=True, kw_only=True)
class Table:
    """A table whose cells are MyST text, possibly of several paragraphs."""

    headers: tuple[str, ...]
    """Heading of each column, with its unit where the column has one."""
    rows: tuple[tuple[str, ...], ...]
    """Cells by row."""
    numeric: tuple[int, ...] = ()
    """Columns, from 0, that hold numbers and are set to the right."""
    name: str = ""
    """Class that styles the table."""
    stub: int = 0
    """Leading columns that are headings of their row."""
    extras: Mapping[str, str] = field(default_factory=dict)
    """Further options of the `list-table` directive."""
