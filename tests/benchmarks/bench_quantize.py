"""What quantization costs and gains, on digits and on a ResNet-50 shape.

    python tests/benchmarks/bench_quantize.py [--json] [--images 8]

digits: accuracy loss on the 540 test images, size against the FP32 file and seconds, for every
algorithm and format (goals: at most 1 point, at most 0.3). ResNet-50 shape, synthetic weights:
time of one inference at batch 1 on one thread against FP32, the models in turns (goal: at
least 1.5 times as fast with the CPU's placement), size and resident memory.
"""

from __future__ import annotations

import argparse
import json
import os
import tempfile
import time
from pathlib import Path
from typing import Any

FORMATS = (("int8", "tensorrt"), ("int8", "cpu"), ("fp8", "tensorrt"))
ALGORITHMS = ("max", "fraction:0.99", "percentile:99.9", "entropy", "distribution")
GOALS = {"loss_points": 1.0, "size_ratio": 0.3, "speed_ratio": 1.5}


def measure_digits(cache: Path) -> list[dict[str, Any]]:
    """Return loss, size and seconds of every algorithm and format."""
    from runtime.calibration.algorithms import parse
    from runtime.calibration.calibration import calibrate
    from runtime.calibration.judge import measure_accuracy
    from runtime.calibration.qdq import Placement, Recipe, quantize, ranges_of
    from runtime.calibration.samples import open_set
    from runtime.configs.registry import load
    from runtime.vocabulary import Precision

    registry = load()
    module: Any = registry.modules["digits"]
    model = module.open_model(None, cache)
    samples = open_set(registry, "digits")
    before = measure_accuracy(module, str(model.path), None)
    rows = []
    for word, placement in FORMATS:
        precision = Precision(word)
        for algorithm in ALGORITHMS:
            if algorithm == "distribution" and word != "fp8":
                continue
            begin = time.perf_counter()
            found = calibrate(
                model,
                module.WORKLOAD,
                samples,
                parse(algorithm),
                precision=precision,
                fresh=True,
            )
            recipe = Recipe(precision, Placement(placement))
            content = quantize(found.model, ranges_of(found.record), recipe)
            seconds = time.perf_counter() - begin
            accuracy = measure_accuracy(module, content, None, fp8=word == "fp8")
            rows.append(
                {
                    "format": word,
                    "placement": placement,
                    "algorithm": algorithm,
                    "accuracy": accuracy,
                    "loss_points": 100 * (before - accuracy),
                    "size_ratio": len(content) / model.path.stat().st_size,
                    "seconds": seconds,
                }
            )
    return rows


def measure_resnet(cache: Path, images: int) -> list[dict[str, Any]]:
    """Return speed, size and memory of the ResNet-50 shape, FP32 first."""
    from runtime.calibration.algorithms import parse
    from runtime.calibration.calibration import calibrate
    from runtime.calibration.compare import latencies_ms, memory_mib
    from runtime.calibration.qdq import Placement, Recipe, quantize, ranges_of
    from runtime.calibration.samples import open_set
    from runtime.configs.registry import load
    from runtime.vocabulary import Precision

    registry = load()
    module: Any = registry.modules["resnet50"]
    model = module.open_model(None, cache)
    samples = open_set(registry, "resnet50", count=images)
    begin = time.perf_counter()
    found = calibrate(model, module.WORKLOAD, samples, parse("max"))
    seconds = [0.0, time.perf_counter() - begin]
    files = [("fp32", model.path)]
    for placement in ("cpu", "tensorrt"):
        begin = time.perf_counter()
        recipe = Recipe(Precision.INT8, Placement(placement))
        made = cache / f"resnet50-{placement}.onnx"
        made.write_bytes(quantize(found.model, ranges_of(found.record), recipe))
        seconds.append(time.perf_counter() - begin)
        files.append((f"int8 {placement}", made))
    image = next(samples.batches(1))
    times = latencies_ms([(path, False) for _, path in files], image)
    return [
        {
            "model": name,
            "latency_ms": milliseconds,
            "speed_ratio": times[0] / milliseconds,
            "size_ratio": path.stat().st_size / model.path.stat().st_size,
            "memory_mib": memory_mib(path, image.shape),
        }
        for (name, path), milliseconds in zip(files, times, strict=True)
    ] + [{"calibration_s": seconds[1], "quantize_s": max(seconds[2:]), "images": images}]


def missed(digits: list[dict[str, Any]], resnet: list[dict[str, Any]]) -> list[str]:
    """Return the goals that were not reached."""
    found = [
        f"digits {r['format']} {r['placement']} {r['algorithm']}: {name} {r[name]:.3f}"
        for r in digits
        for name in ("loss_points", "size_ratio")
        if r[name] > GOALS[name]
    ]
    fast = next(r["speed_ratio"] for r in resnet if r.get("model") == "int8 cpu")
    return found + ([f"resnet50: {fast:.2f}"] if fast < GOALS["speed_ratio"] else [])


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--images", type=int, default=8)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        os.environ["HARNESS_CACHE"] = folder
        digits = measure_digits(Path(folder))
        resnet = measure_resnet(Path(folder), options.images)
    if options.json:
        print(json.dumps({"digits": digits, "resnet50": resnet}, indent=2))
    else:
        for row in digits + resnet:
            cells = (f"{v:.4g}" if isinstance(v, float) else str(v) for v in row.values())
            print("  ".join(f"{cell:>16}" for cell in cells))
    bad = missed(digits, resnet)
    for text in bad:
        print(f"missed: {text}")
    raise SystemExit(1 if bad else 0)


if __name__ == "__main__":
    main()
