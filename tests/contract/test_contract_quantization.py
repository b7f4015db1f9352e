"""What docgen reads of a quantization record is what the harness writes."""

from __future__ import annotations

import re
from pathlib import Path

import msgspec

from docgen.views import quantization
from runtime.calibration.record import TensorRange
from runtime.calibration.result import LayerCost, QuantizationRecord, Side


def test_every_field_that_the_view_reads_is_written():
    text = Path(quantization.__file__).read_text("utf-8")
    read = set(re.findall(r"""(?:record|tensor|c)(?:\.get\(|\[)["'](\w+)["']""", text))
    written = {
        field.name
        for kind in (QuantizationRecord, TensorRange, LayerCost)
        for field in msgspec.structs.fields(kind)
    }
    assert len(read) > 15
    assert read - {"quantization"} <= written
    sides = {field.name for field in msgspec.structs.fields(Side)}
    assert {name for name, _, _ in quantization._ROWS} <= sides
