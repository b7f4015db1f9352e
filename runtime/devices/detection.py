"""Every device of this machine with the target that it is: what `harness detect` prints."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any

from runtime.configs.target import Target
from runtime.devices.discovery import availability, discover, match, match_slice
from runtime.devices.driver import check_driver
from runtime.devices.gpus import Found, Match, SliceMatch
from runtime.errors import Problem


@dataclass(frozen=True, kw_only=True)
class Detection:
    """What is here, and what it is."""

    found: Found
    """GPUs with their slices, driver and links, or why there are none."""
    matches: tuple[Match, ...]
    """Which target each GPU is."""
    slices: tuple[SliceMatch, ...]
    """Which target each MIG slice is."""
    driver: tuple[Problem, ...]
    """Installed libraries that are too new for the driver."""
    targets: tuple[str, ...]
    """Targets that can run here, the cpu target included."""

    @property
    def ok(self) -> bool:
        """Return whether there is a device, every one answers, and every one is a target.

        A GPU in MIG mode is judged by its slices.
        """
        whole = [m.exact for m in self.matches if not (m.gpu.mig and m.gpu.slices)]
        known = [*whole, *(s.exact for s in self.slices)]
        return bool(known) and all(known) and not self.found.broken and not self.driver

    def to_dict(self) -> dict[str, Any]:
        """Return the JSON form."""
        made: dict[str, Any] = {"kind": "calliope.detect", "schema": 1, "ok": self.ok}
        made |= {"driver": self.found.driver, "cuda": self.found.cuda}
        made["why_none"] = self.found.why_none
        made["problems"] = [
            asdict(p)
            for p in (self.found.problem, *self.found.broken, *self.driver)
            if p is not None
        ]
        made["gpus"] = [
            {**asdict(m.gpu), "target": m.target, "exact": m.exact, "why": m.why}
            for m in self.matches
        ]
        for gpu in made["gpus"]:
            rows = {s.slice.uuid: s for s in self.slices if s.gpu.index == gpu["index"]}
            for row in gpu["slices"]:
                seen = rows[row["uuid"]]
                row |= {"target": seen.target, "exact": seen.exact, "why": seen.why}
        made["links"] = [asdict(x) for x in self.found.links]
        made["targets"] = list(self.targets)
        return made


def detect(targets: Iterable[Target]) -> Detection:
    """Return this machine's devices with the targets that they are."""
    known, found = tuple(targets), discover()
    return Detection(
        found=found,
        matches=tuple(match(gpu, known) for gpu in found.gpus),
        slices=tuple(match_slice(g, s, known) for g in found.gpus for s in g.slices),
        driver=tuple(check_driver(found)),
        targets=tuple(t.name for t in known if availability(t, found, known).ok),
    )
