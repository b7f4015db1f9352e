"""The metadata file to fill in: `template`."""

from __future__ import annotations

import json

from runtime.policies.systems import DIVISIONS, MEANINGFUL_KEYS, STATUS, SYSTEM_KEYS, SYSTEM_TYPES
from runtime.submission.systems import ACCELERATOR_KEYS, survey

TOLD_BY_RUNS = (
    "division",
    "submitter",
    "number_of_nodes",
    "host_processor_model_name",
    "host_processor_core_count",
    "host_memory_capacity",
    "operating_system",
    "framework",
    "other_software_stack",
    "sw_notes",
)
"""Keys that need no line: the runs, or the top of the file, tell them."""

HEAD = f"""\
# What only the submitter knows; `harness submission pack --metadata` reads it.
division = ""          # {", ".join(DIVISIONS)}
submitter = ""         # becomes a folder
system_id = ""         # becomes a folder and a file
calibration = ""       # how the weights were made; that they were not changed is a text, too

[measurements]
retraining = ""                 # none, or what was done
weight_transformations = ""     # none, or what was done
# input_data_types, weight_data_types and starting_weights_filename follow from the runs.

# Values here win over what the runs tell. A key marked * must not be empty; write "N/A" or "0"
# for what the system does not have.
[system]
"""
"""What the file starts with."""


def template() -> str:
    """Return the text of a metadata file, with what this machine tells filled in."""
    told = survey()
    words = {"status": ", ".join(STATUS), "system_type": "; ".join(SYSTEM_TYPES)}
    lines = []
    for key in SYSTEM_KEYS:
        if key in TOLD_BY_RUNS:
            continue
        mark = "*" if key in MEANINGFUL_KEYS else ""
        note = " ".join(part for part in (mark, words.get(key, "")) if part)
        line = f"{key} = {json.dumps(told.get(key, ''))}"
        hidden = key in ACCELERATOR_KEYS  # the runs tell of systems without accelerators
        lines.append(("# " if hidden else "") + line + (f"  # {note}" if note else ""))
    return HEAD + "\n".join(lines) + "\n"
