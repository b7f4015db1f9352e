"""LoadGen's random seeds: they change every round, and the wheel carries them."""

from __future__ import annotations

import re
from dataclasses import dataclass

from runtime.policies.model import Policy

SEEDS = Policy(
    id="seeds.round",
    title="Seeds of the round",
    rule=(
        "A run uses the three seeds of its round. They are compiled into the LoadGen wheel, so the "
        "version of mlcommons-loadgen decides the round: 6.0.16 and 6.0.17 carry v6.1, 6.0.10 to "
        "6.0.15 v6.0, and 5.0.25, 5.1.2 and 6.0.3 v5.1."
    ),
    applies_to="all",
    source="Read from the wheels; mlcommons/inference loadgen/mlperf.conf",
)
"""Which wheel may be used for which round."""

SEEDS_UNTOUCHED = Policy(
    id="seeds.untouched",
    title="Seeds are never set by hand",
    rule=(
        "The harness writes no seed: LoadGen ignores seeds in user.conf, and a seed of 0 in its "
        "settings means that the round's configuration was not loaded, which ends the run."
    ),
    applies_to="all",
    source="Tried against wheel 6.0.17",
)
"""A seed of 0 is an error, not a choice."""


@dataclass(frozen=True, kw_only=True)
class RoundSeeds:
    """The three seeds of one MLPerf Inference round."""

    round: str
    """Round, as MLCommons writes it: `v6.1`."""
    qsl: int
    """`qsl_rng_seed`: which samples are loaded for a performance run."""
    sample_index: int
    """`sample_index_rng_seed`: which sample each query holds."""
    schedule: int
    """`schedule_rng_seed`: when Server queries arrive."""


V5_0 = RoundSeeds(
    round="v5.0",
    qsl=6023615788873153749,
    sample_index=15036839855038426416,
    schedule=9933818062894767841,
)
"""Source: mlcommons/inference loadgen/mlperf.conf of round v5.0; no wheel read here carries it."""

V5_1 = RoundSeeds(
    round="v5.1",
    qsl=1780908523862526354,
    sample_index=14771362308971278857,
    schedule=18209322760996052031,
)
"""Source: mlcommons-loadgen 5.1.2."""

V6_0 = RoundSeeds(
    round="v6.0",
    qsl=2465351861681999779,
    sample_index=14276810075590677512,
    schedule=3936089224930324775,
)
"""Source: mlcommons-loadgen 6.0.10 to 6.0.15."""

V6_1 = RoundSeeds(
    round="v6.1",
    qsl=2085463073848966840,
    sample_index=2747215439041700203,
    schedule=16159082839903944936,
)
"""Source: mlcommons-loadgen 6.0.17; mlcommons/inference@b66003e10 loadgen/mlperf.conf."""

ROUNDS = (V5_0, V5_1, V6_0, V6_1)
"""The rounds whose seeds are known here, oldest first."""

_SPANS = (
    ((5, 0, 25), (5, 0, 25), V5_1),
    ((5, 1, 2), (5, 1, 2), V5_1),
    ((6, 0, 3), (6, 0, 3), V5_1),
    ((6, 0, 10), (6, 0, 15), V6_0),
    ((6, 0, 16), (6, 0, 17), V6_1),
)
"""First and last wheel that was read, and the round whose seeds it carries."""


def find_round(wheel: str) -> RoundSeeds | None:
    """Return the seeds that an mlcommons-loadgen version carries; None for an unknown one."""
    match = re.match(r"(\d+)\.(\d+)\.(\d+)", wheel)
    if match is None:
        return None
    version = (int(match[1]), int(match[2]), int(match[3]))
    return next((seeds for first, last, seeds in _SPANS if first <= version <= last), None)
