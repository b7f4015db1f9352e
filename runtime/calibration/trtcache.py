"""TensorRT's calibration cache: a head line, then `TENSOR: SCALE` with the scale as hex float.

The eight digits are the bytes of a big-endian IEEE single: the largest absolute value of the
tensor divided by 127.

Source: NVIDIA TensorRT, sampleINT8, "Calibration file".
"""

from __future__ import annotations

import math
import re
import struct
from collections.abc import Iterable, Mapping

from runtime.calibration.record import TensorRange
from runtime.errors import ArtifactError, Problem

INT8_LARGEST = 127
"""Largest integer of a symmetric signed scale."""

ALGORITHMS = {"entropy": "EntropyCalibration2", "max": "MinMaxCalibration"}
"""TensorRT's names of our algorithms; others are written as `LegacyCalibration`."""

_HEAD = re.compile(r"TRT-(\d+)-(\w+)")
_LINE = re.compile(r"(?P<name>.+): (?P<scale>[0-9a-fA-F]{1,8})")
_SHOWN = 5


def write(tensors: Iterable[TensorRange], algorithm: str, version: int = 100_000) -> str:
    """Return the text of a calibration cache.

    Args:
        tensors: Ranges; the scale is that of the symmetric range.
        algorithm: How they were chosen: `entropy`, `max`, ...
        version: TensorRT's version as the head line has it: 8601, 100300.

    Raises:
        ArtifactError: A name cannot stand in the format.
    """
    name = ALGORITHMS.get(algorithm.partition(":")[0], "LegacyCalibration")
    lines = [f"TRT-{version}-{name}"]
    for tensor in tensors:
        if "\n" in tensor.name or not tensor.name:
            want, got = "a tensor name of one line", repr(tensor.name)
            raise ArtifactError(Problem("calibration cache", want, got, "rename the tensor"))
        scale = tensor.largest / INT8_LARGEST
        lines.append(f"{tensor.name}: {struct.pack('>f', scale).hex()}")
    return "\n".join(lines) + "\n"


def read(text: str, where: str) -> Mapping[str, float]:
    """Return the largest absolute value of each tensor of a calibration cache.

    Args:
        text: Its text.
        where: What messages call the file.

    Raises:
        ArtifactError: With every line that is none of the format.
    """
    head, *lines = text.splitlines() or [""]
    if not _HEAD.fullmatch(head.strip()):
        want, got = "a head line such as TRT-8601-EntropyCalibration2", repr(head[:60])
        mend = "name a calibration cache that TensorRT or `harness calibrate` wrote"
        raise ArtifactError(Problem(f"{where}:1", want, got, mend))
    found: dict[str, float] = {}
    problems: list[Problem] = []
    for number, line in enumerate(lines, 2):
        if not line.strip():
            continue
        match = _LINE.fullmatch(line.rstrip())
        scale = _scale(match["scale"]) if match else math.nan
        if match is None or not (math.isfinite(scale) and scale >= 0):
            want = "TENSOR: SCALE with a finite scale of hexadecimal digits"
            problems.append(Problem(f"{where}:{number}", want, repr(line[:80]), "mend the line"))
            continue
        if match["name"] in found:
            got = f"{match['name']!r} twice"
            problems.append(Problem(f"{where}:{number}", "every tensor once", got, "drop one"))
        found[match["name"]] = scale * INT8_LARGEST
    if not found and not problems:
        problems.append(Problem(where, "at least one tensor", "none", "calibrate again"))
    if problems:
        raise ArtifactError(problems[:_SHOWN])
    return found


def _scale(digits: str) -> float:
    """Return the number behind hexadecimal digits; leading zeros may be absent."""
    value: float = struct.unpack(">f", bytes.fromhex(digits.zfill(8)))[0]
    return value
