"""What workloads need of an instance, and which profiles of a board give it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Annotated

from runtime.configs.fieldspec import Between, Unit
from runtime.mig.boards import ENGINES, Board, Profile


@dataclass(frozen=True, kw_only=True)
class Need:
    """What one workload needs; each copy gets an instance of its own."""

    name: str
    """Name of the workload, free to choose."""
    count: Annotated[int, Between(1, 4096)] = 1
    """Instances wanted."""
    profile: str | None = None
    """Profile by name; only boards that have it can take the workload."""
    memory: Annotated[float | None, Unit("GiB"), Between(0, 1024)] = None
    """Least memory."""
    sms: Annotated[float | None, Unit("SMs"), Between(0, 1024)] = None
    """Least streaming multiprocessors."""
    share: Annotated[float | None, Between(0, 1)] = None
    """Least share of the SMs that a board's instances can have together."""
    rate: Annotated[float | None, Unit("1/s"), Between(0, 1e12)] = None
    """Samples or queries a second to reach; needs `rate_per_sm`."""
    rate_per_sm: Annotated[float | None, Unit("1/s"), Between(1e-9, 1e12)] = None
    """What one SM does in a second, as the user measured it; taken as proportional."""
    nvdec: Annotated[int, Unit("engines"), Between(0, 64)] = 0
    """Least video decoders."""
    nvenc: Annotated[int, Unit("engines"), Between(0, 64)] = 0
    """Least video encoders."""
    jpeg: Annotated[int, Unit("engines"), Between(0, 64)] = 0
    """Least JPEG decoders."""
    ofa: Annotated[int, Unit("engines"), Between(0, 64)] = 0
    """Least optical flow accelerators."""

    @property
    def engines(self) -> dict[str, int]:
        """Media engines asked for, by kind."""
        return {kind: getattr(self, kind) for kind in ENGINES if getattr(self, kind)}

    @property
    def rate_sms(self) -> float | None:
        """SMs that the rate takes."""
        if self.rate is None or self.rate_per_sm is None:
            return None
        return self.rate / self.rate_per_sm

    def __str__(self) -> str:
        """Return the need in words."""
        parts = [
            self.profile,
            f"{self.memory:g} GiB" if self.memory is not None else None,
            f"{self.sms:g} SMs" if self.sms is not None else None,
            f"{self.share:.0%} of the SMs" if self.share is not None else None,
            f"{self.rate:g}/s at {self.rate_per_sm:g}/s an SM" if self.rate_per_sm else None,
            *(f"{count} {kind.upper()}" for kind, count in self.engines.items()),
        ]
        return ", ".join(p for p in parts if p) or "any instance"


@dataclass(frozen=True, kw_only=True)
class Offer:
    """A profile that satisfies a need, and what it gives beyond it."""

    profile: Profile
    """The profile."""
    compute: int
    """Compute slices beyond the least that satisfies the need's SMs."""
    slots: int
    """Memory slots beyond the least that satisfies the need's memory."""


@dataclass(frozen=True, kw_only=True)
class Offers:
    """What a board has for a need."""

    offers: tuple[Offer, ...]
    """Profiles that satisfy it, least surplus first."""
    refusals: tuple[tuple[str, str], ...]
    """Profiles that do not, each with the reason."""


def offers(board: Board, need: Need) -> Offers:
    """Return the profiles of a board that satisfy a need, and why the others do not."""
    refusals = [(p.name, reason) for p in board.profiles if (reason := _refusal(board, p, need))]
    refused = {name for name, _ in refusals}
    eligible = [p for p in board.profiles if p.name not in refused]
    least_compute = min(
        (p.compute_slices for p in board.profiles if not _short_of_sms(board, p, need)), default=0
    )
    least_slots = min(
        (p.size for p in board.profiles if not _short_of_memory(board, p, need)), default=0
    )
    found = [
        Offer(
            profile=p,
            compute=0 if need.profile else p.compute_slices - least_compute,
            slots=0 if need.profile else p.size - least_slots,
        )
        for p in eligible
    ]
    found.sort(key=lambda o: (o.slots + o.compute, len(o.profile.attributes), o.profile.name))
    return Offers(offers=tuple(found), refusals=tuple(refusals))


def undominated(found: tuple[Offer, ...], board: Board) -> tuple[Offer, ...]:
    """Return the offers that a new instance may be made of without loss.

    An offer is left out when another one can stand wherever it stands, takes no more slices,
    slots and engines, and is limited neither in number nor by +me where the other is not.
    """
    kept: list[Offer] = []
    for offer in found:
        if not any(_dominates(k.profile, offer.profile, board) for k in kept):
            kept = [k for k in kept if not _dominates(offer.profile, k.profile, board)]
            kept.append(offer)
    return tuple(kept)


def _dominates(one: Profile, other: Profile, board: Board) -> bool:
    """Tell whether instances of `other` can always be replaced by instances of `one`."""
    if one.takes_media and not other.takes_media:
        return False
    most = one.max_instances >= (1 if other.takes_media else len(one.starts))
    budget = board.engines is None or all(
        one.engines.count(kind) <= other.engines.count(kind) for kind in ENGINES
    )
    return (
        most
        and budget
        and set(other.starts) <= set(one.starts)
        and one.compute_slices <= other.compute_slices
        and one.size <= other.size
    )


def _refusal(board: Board, profile: Profile, need: Need) -> str:
    """Return why a profile does not satisfy a need; empty when it does."""
    if need.profile is not None and profile.name != need.profile:
        return f"the need names {need.profile}"
    if need.profile is None and "gfx" in profile.attributes:
        return "graphics variants are taken only by name"
    for kind, count in need.engines.items():
        has = getattr(profile.engines, kind)
        if has is None:
            return f"its {kind.upper()} engines are not known"
        if has < count:
            return f"{has} {kind.upper()}"
    return _short_of_memory(board, profile, need) or _short_of_sms(board, profile, need)


def _short_of_memory(board: Board, profile: Profile, need: Need) -> str:
    """Return why a profile's memory does not do; empty when it does."""
    if not need.memory:
        return ""
    has = board.least_memory_gib(profile)
    if has is None:
        return "its memory is not known"
    return f"{has:g} GiB" if has < need.memory else ""


def _short_of_sms(board: Board, profile: Profile, need: Need) -> str:
    """Return why a profile's SMs do not do; empty when they do."""
    wanted = [need.sms or 0.0, need.rate_sms or 0.0]
    if need.share:
        whole = board.whole.sms
        if whole is None:
            enough = profile.compute_slices >= need.share * board.compute_slices - 1e-9
            if not enough:
                return f"{profile.compute_slices} of {board.compute_slices} compute slices"
        else:
            wanted.append(need.share * whole)
    least = max(wanted)
    if least <= 0:
        return ""
    has = board.least_sms(profile)
    if has is None:
        return "its SMs are not known"
    return f"{has} SMs" if has < math.ceil(least - 1e-9) else ""
