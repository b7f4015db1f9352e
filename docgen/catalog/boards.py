"""Boards that MIG can partition, as the tree's own table has them."""

from __future__ import annotations

from docgen.catalog.base import Frozen


class MigEngines(Frozen, frozen=True, kw_only=True):
    """How many media engines of each kind; None where nobody printed it."""

    nvdec: int | None
    """Video decoders."""
    nvenc: int | None
    """Video encoders."""
    jpeg: int | None
    """JPEG decoders."""
    ofa: int | None
    """Optical flow accelerators."""

    @property
    def counts(self) -> tuple[tuple[str, int], ...]:
        """Return kinds with their numbers; what nobody printed counts as none."""
        kinds = ("nvdec", "nvenc", "jpeg", "ofa")
        return tuple((kind, int(getattr(self, kind) or 0)) for kind in kinds)


class MigProfile(Frozen, frozen=True, kw_only=True):
    """One kind of GPU instance on one board."""

    name: str
    """Name as nvidia-smi prints it."""
    profile_id: int | None
    """Number that nvidia-smi takes; None where nobody printed it."""
    compute_slices: int
    """Compute slices that an instance takes."""
    size: int
    """Memory slots that an instance takes."""
    starts: tuple[int, ...]
    """Slots at which an instance may begin."""
    max_instances: int
    """Most instances on one board."""
    memory_gib: float | None
    """Memory in GiB; None where nobody printed it."""
    sms: int | None
    """Streaming multiprocessors; None where nobody printed it."""
    engines: MigEngines
    """Media engines."""
    attributes: tuple[str, ...]
    """What sets a variant apart; empty for a plain profile."""
    sources: tuple[str, ...]
    """Documents that state the row."""
    confidence: str
    """`confirmed`, or what is and what is not."""


class MigBoard(Frozen, frozen=True, kw_only=True):
    """One kind of GPU that MIG can partition."""

    name: str
    """Key of the table."""
    title: str
    """Name for people."""
    compute_slices: int
    """Compute slices of the whole board."""
    slots: int
    """Memory slots that placements count in."""
    pci_ids: tuple[str, ...]
    """PCI device ids with the vendor id last."""
    engines: MigEngines | None
    """Media engines that instances share out; None where they are not counted."""
    note: str
    """What a reader must know to use the table."""
    profiles: tuple[MigProfile, ...]
    """Profiles in the order of nvidia-smi."""
