"""What is known of outside packages that harnesses are written with: names of enums."""

from __future__ import annotations

from docgen.evaluation.objects import External

ENUM_CLASSES = frozenset(
    f"nvmitten.constants.{name}" for name in ("CPUArchitecture", "InputFormats", "Precision")
)
"""Outside classes whose attributes are enum members."""


def member(value: External) -> str:
    """Return an outside enum member as `Class.MEMBER`; empty text for anything else."""
    cls, _, name = value.name.rpartition(".")
    if cls not in ENUM_CLASSES or name.startswith("_") or not name.isupper():
        return ""
    return f"{cls.rpartition('.')[2]}.{name}"
