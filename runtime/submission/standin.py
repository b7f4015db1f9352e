"""What a rehearsal says in the place of a submitter, and the wheel that it needs."""

from __future__ import annotations

from runtime.environment import read_packages
from runtime.errors import MissingError, Problem
from runtime.policies.rounds import ROUNDS, round_of_wheel
from runtime.submission.metadata import Metadata
from runtime.submission.systems import survey

NOT_STATED = "not stated: a rehearsal"
"""Value of system facts that only a submitter knows."""

CALIBRATION = (
    "# Calibration\n\n"
    "No calibration: the weights are FP32. They belong to a stand-in, not to the benchmark's\n"
    "model, and the images are generated; see the README of each result. This tree is a\n"
    "rehearsal of the way to a submission, not a submission.\n"
)
"""Calibration text of a rehearsal."""


def require_wheel() -> None:
    """Raise MissingError where the LoadGen wheel is of no round whose tree can be packed.

    Why: after the runs it would be too late.
    """
    wheel = read_packages().get("loadgen", "none")
    round_ = round_of_wheel(wheel)
    if round_ is None or round_.layout != "v6":
        do = f"pip install mlcommons-loadgen=={ROUNDS[-1].wheels[-1]}"
        carried = round_.name if round_ else "a round that is unknown here"
        got = f"{wheel}, which carries the seeds of {carried}"
        raise MissingError(Problem("mlcommons-loadgen", "a wheel of v6.0 or later", got, do))


def make_metadata() -> Metadata:
    """Return the metadata of a rehearsal: measured facts, and plain words for the rest."""
    asked = (
        "host_processors_per_node",
        "host_memory_configuration",
        "host_storage_capacity",
        "host_storage_type",
        "host_networking",
        "host_network_card_count",
        "host_networking_topology",
        "cooling",
    )
    system = dict.fromkeys(asked, NOT_STATED) | survey()
    system |= {
        "system_name": "Machine of a rehearsal",
        "status": "rdi",
        "system_type": "edge",
        "system_type_detail": "rehearsal",
        "hw_notes": "Rehearsal with generated images; not for submission",
    }
    return Metadata(
        division="open",
        submitter="rehearsal",
        system_id="rehearsal-machine",
        calibration=CALIBRATION,
        system=system,
        measurements={
            "retraining": "none: a stand-in, built from the patterns of the generated images",
            "weight_transformations": "none",
        },
    )
