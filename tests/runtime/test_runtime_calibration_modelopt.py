"""ModelOpt behind the same interface: how it is called, and what is said where it is absent."""

from __future__ import annotations

import shutil
from importlib import metadata
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from runtime.calibration import modelopt
from runtime.calibration.algorithms import parse
from runtime.calibration.qdq import Placement, Recipe
from runtime.calibration.samples import open_set
from runtime.configs.registry import load
from runtime.errors import MissingError, RunError, UsageError
from runtime.vocabulary import Precision
from runtime.workloads import digits

RECIPE = Recipe(Precision.INT8, skip=frozenset({"conv1"}))


@pytest.fixture
def call(monkeypatch):
    """Return what calls our interface with a stand-in for the library, and what that got."""
    got: dict[str, object] = {}
    real = metadata.version
    monkeypatch.setattr(
        metadata, "version", lambda name: "0.47.0" if name == "nvidia-modelopt" else real(name)
    )

    def stand_in(**options):
        got.update(options)
        shutil.copy(options["onnx_path"], options["output_path"])

    monkeypatch.setattr(modelopt, "_import", lambda: SimpleNamespace(quantize=stand_in))

    def run(recipe=RECIPE, algorithm="entropy"):
        samples = open_set(load(), "digits", count=20)
        model = digits.open_model(None, Path())
        return modelopt.quantize(model, digits.WORKLOAD, samples, parse(algorithm), recipe), got

    return run


def test_the_library_gets_samples_format_method_and_layers(call):
    content, got = call()
    assert content == digits.open_model(None, Path()).path.read_bytes()
    assert got["quantize_mode"] == "int8"
    assert got["calibration_method"] == "entropy"
    assert got["nodes_to_exclude"] == ["conv1"]
    assert got["high_precision_dtype"] == "fp32"
    assert got["calibration_data"]["input"].shape == (20, 1, 8, 8)
    want = digits.open_split(digits.CALIBRATION).images[:20]
    assert np.array_equal(got["calibration_data"]["input"], want)


def test_its_failures_are_ours(call, monkeypatch):
    def fail(**_):
        raise ValueError("no such mode")

    monkeypatch.setattr(modelopt, "_import", lambda: SimpleNamespace(quantize=fail))
    with pytest.raises(RunError, match="got ValueError: no such mode"):
        call()


def test_what_it_does_not_offer_is_refused_at_once(call):
    with pytest.raises(UsageError) as caught:
        call(Recipe(Precision.INT8, Placement.CPU), "percentile")
    assert len(caught.value.problems) == 2


def test_absence_names_the_extra():
    with pytest.raises(MissingError, match=r"pip install 'calliope-harness\[modelopt\]'"):
        modelopt.require_modelopt()


def test_a_part_that_is_absent_is_named(monkeypatch):
    with pytest.raises(MissingError, match="ModelOpt with its ONNX part"):
        modelopt._import()
