"""What the power setting of an entry means, and what a power figure needs."""

from __future__ import annotations

from runtime.policies.model import Policy

MAX_P = Policy(
    id="power.maxp",
    title="MaxP: most performance",
    rule=(
        "The entry asks for the most performance; no power limit or clock is set below the default."
    ),
    applies_to="maxp",
    source="Calliope; mlcommons/inference_results_v2.1 closed/NVIDIA, configurations",
)
"""The usual setting."""

MAX_Q = Policy(
    id="power.maxq",
    title="MaxQ: most work for a joule",
    rule=(
        "The entry is tuned for samples per joule, mostly under a power limit. An administrator "
        "sets limits and clocks outside the run; the harness reads them and changes none."
    ),
    applies_to="maxq",
    source="Calliope; mlcommons/inference_results_v2.1 closed/NVIDIA, configurations",
)
"""A limit that the harness set itself would need root."""

METER = Policy(
    id="power.meter",
    title="A power result needs a meter",
    rule=(
        "A submitted power figure comes from an approved meter at the plug, driven by MLCommons' "
        "power director, with a ranging and a testing run and their logs. What a GPU says of "
        "itself is a hint for tuning, and no such figure."
    ),
    applies_to="maxq",
    source=(
        "mlcommons/inference@b66003e10 submission_checker, REQUIRED_POWER_FILES and "
        "checks/power_check.py"
    ),
)
"""This harness submits no power figure."""

SAME_SETTING = Policy(
    id="power.same-setting",
    title="One setting for speed, accuracy and power",
    rule="Performance, accuracy and power of a result are measured under the same power setting.",
    applies_to="all",
    source="Calliope; MLPerf inference_rules.adoc, System and framework must be consistent",
)
"""A fast run and a frugal run are two results."""
