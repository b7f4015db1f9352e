"""The way in: what is here (`discover`), which target it is, and what can run.

Callers that need no targets take `runtime.devices.inventory`, which knows nothing of them.
"""

from __future__ import annotations

from runtime.devices.gpus import Availability, Found, Gpu, Match, Slice, SliceMatch
from runtime.devices.inventory import discover
from runtime.devices.matching import availability, match, match_slice
from runtime.devices.nvml import jetson_model

__all__ = [
    "Availability",
    "Found",
    "Gpu",
    "Match",
    "Slice",
    "SliceMatch",
    "availability",
    "discover",
    "jetson_model",
    "match",
    "match_slice",
]
