"""The table that a build prints: every figure says what run it comes from."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from docgen.build import read_figures
from docgen.cli.build import _describe_run


@pytest.mark.parametrize(
    ("overrides", "words"),
    [
        ({"warmup_batches": 2}, "quick, now"),
        ({"precision": "int8"}, "as int8, not the entry's own, quick, now"),
        (None, "quick, now"),
    ],
)
def test_a_run_of_another_precision_is_told_from_the_entrys_own(overrides, words):
    metric = {"name": "samples_per_s", "value": 2.0, "unit": "samples/s", "primary": True}
    record = {"key": "cpu/a/offline", "quick": True, "overrides": overrides, "metrics": [metric]}
    judged = SimpleNamespace(
        snippet=SimpleNamespace(id="x", measures=""),
        result=SimpleNamespace(records=[record]),
        state=SimpleNamespace(value="measured"),
    )
    (figure,) = read_figures(judged, ("x",))
    assert _describe_run(figure) == words
