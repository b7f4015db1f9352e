"""What stands on pages, and what the reader of the source found wrong."""

from __future__ import annotations

from docgen.catalog.base import Frozen, Source


class Snippet(Frozen, frozen=True, kw_only=True):
    """A command or program on a page that can be executed."""

    id: str
    """Unique identity."""
    text: str
    """What is executed."""
    language: str
    """`console` (shell commands) or `python`."""
    source: Source
    """Where it stands: a page, a template or a docstring."""
    needs: str = "cpu"
    """Hardware expression that must hold for it to run."""
    timeout_s: float = 60.0
    """Longest run time in seconds."""
    expect: tuple[str, ...] = ()
    """Conditions on its output: `accuracy >= 0.97`, `samples_per_s ~ 5e4 +-30%`."""
    measures: str = ""
    """Key of the entry whose figures its run record carries; empty where it measures nothing."""
    mode: str = ""
    """`performance` or `accuracy`, where it measures."""
    values: str = ""
    """Hash over the resolved values of the entry, or of all entries of the target, and
    the facts of the target. It stands for the module-level statements of the files under
    `configs`."""
    configs: tuple[str, ...] = ()
    """Folders of configuration modules whose statements count through `values` alone, so
    that an edit of one target's file leaves the figures of the others fresh."""
    pci_ids: tuple[str, ...] = ()
    """PCI ids of the device that `gpu=` in `needs` names."""
    device: str = ""
    """Name of that device for readers."""
    missing_exit: int = 0
    """Exit code by which its command says that the machine lacks something; 0 for none."""
    figures: tuple[str, ...] = ()
    """SVG files that it writes and the page shows, relative to its working folder."""
    alone: bool = False
    """Whether the page asks that nothing else of the build runs beside it. What measures an
    entry, is held to a figure, or draws runs alone in any case."""


class Claim(Frozen, frozen=True, kw_only=True):
    """A statement in prose about the source."""

    kind: str
    """`target`, `flag`, `path`, `field`, ..."""
    text: str
    """The words."""
    source: Source
    """Where they stand."""


class Diagnostic(Frozen, frozen=True, kw_only=True):
    """Something the reader of the source found wrong or could not resolve."""

    code: str
    """Stable code: `unresolved`, `unknown-field`, `no-reason`, ..."""
    severity: str
    """`error`, `warning` or `info`."""
    message: str
    """`want X, got Y; do Z`, without the place."""
    source: Source
    """Where it was found."""
