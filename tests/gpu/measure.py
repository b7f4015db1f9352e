"""Everything that only a GPU can tell, in one call: engines, answers, speed, all scenarios.

    python tests/gpu/measure.py --target h200-sxm-141gb [--dry-run] [--seconds 5] [--device 0]

Builds fp32, fp16 and int8 engines of digits and of the ResNet-50 shape (synthetic weights: its
figures are about speed only), compares their outputs with ONNX Runtime on the CPU, judges the
accuracy on digits, runs every scenario, and measures the harness's Offline rate against a raw loop
of the same engine. Every step is a command of its own; --dry-run prints them. What was measured
goes to docs/evidence/TARGET: tensorrt.json, and the run records in records/. A step that fails is
noted, the others go on; the exit code is 1 then, and 3 where there is no GPU.

`compare` and `loop` are the steps that are no command of the harness:

    python tests/gpu/measure.py compare --workload digits --precision fp16 --batch 64
    python tests/gpu/measure.py loop --workload resnet50 --precision int8 --batch 32 --model FILE
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

SCHEMA = 1
PRECISIONS = ("fp32", "fp16", "int8")
SCENARIOS = ("offline", "server", "single-stream", "multi-stream")
BATCH = {"digits": 1024, "resnet50": 64}
ALLOWED = {"fp32": 1e-4, "fp16": 1e-2, "int8": 2e-2}
"""Largest difference to ONNX Runtime, as a share of the largest output."""
GOAL = 0.97
"""Least share of the raw loop's rate that the harness should reach Offline."""
WAYS = {
    "offline": ("inflight_batches=2", "use_cuda_graph=true"),
    "server": ("inflight_batches=2", "use_cuda_graph=true", "batch_size=64"),
    "single-stream": ("use_cuda_graph=true",),
    "multi-stream": ("use_cuda_graph=true",),
}
"""What each scenario sets besides backend, precision and duration."""
ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Step:
    """One command, and what its JSON is kept as."""

    name: str
    command: tuple[str, ...]
    kind: str
    facts: dict[str, str]

    def __str__(self) -> str:
        return " ".join(self.command)


def plan_steps(
    target: str, folder: Path, seconds: float, device: int, workloads: Sequence[str] = tuple(BATCH)
) -> list[Step]:
    """Return every step, in order; a later one may need an earlier one's files."""
    steps = [Step("machine", ("harness", "doctor", "--json"), "doctor", {})]
    for workload in workloads:
        file = str(folder / f"{workload}-int8.onnx")
        quantize = ("harness", "quantize", "--workload", workload, "--target", target)
        for precision in PRECISIONS:
            if precision == "int8":
                made = (*quantize, "--no-compare", "--out", file, "--json")
                steps.append(
                    Step(f"{workload} int8 model", made, "quantize", {"workload": workload})
                )
            steps += _steps_of(
                target, workload, precision, file=file, seconds=seconds, device=device
            )
    return steps


def _steps_of(
    target: str, workload: str, precision: str, *, file: str, seconds: float, device: int
) -> list[Step]:
    """Return the steps of one engine."""
    batch = BATCH[workload]
    model = ("--model", file) if precision == "int8" else ()
    entry = ("--target", target, "--workload", workload)
    facts = {"workload": workload, "precision": precision}
    ours = (sys.executable, str(Path(__file__).resolve()))
    own = ("--workload", workload, "--precision", precision, "--batch", str(batch))
    own = (*own, "--device", str(device), *model)
    common = ("--set", "backend=tensorrt", "--set", f"precision={precision}", *model)
    build = ("harness", "engine", "build", *entry, "--scenario", "offline", *model)
    build = (*build, "--set", f"precision={precision}", "--set", f"batch_size={batch}")
    build = (*build, "--device", str(device), "--fresh", "--json")
    made = [
        Step(f"{workload} {precision} engine", build, "engine", facts),
        Step(f"{workload} {precision} outputs", (*ours, "compare", *own), "compare", facts),
        Step(
            f"{workload} {precision} raw loop",
            (*ours, "loop", *own, "--seconds", f"{seconds:g}"),
            "loop",
            facts,
        ),
    ]
    scenarios = SCENARIOS if workload == "digits" else ("offline",)
    for scenario in scenarios:
        wanted = [*WAYS[scenario], f"min_duration_ms={seconds * 1000:.0f}"]
        if scenario == "offline":
            wanted += [f"batch_size={batch}", "target_qps={rate}"]
        sets = tuple(word for value in wanted for word in ("--set", value))
        run = ("harness", "run", *entry, "--scenario", scenario, *common, *sets, "--json")
        made.append(
            Step(f"{workload} {precision} {scenario}", run, "run", facts | {"scenario": scenario})
        )
    if workload == "digits":
        run = ("harness", "run", *entry, "--scenario", "offline", "--mode", "accuracy", *common)
        made.append(Step(f"digits {precision} accuracy", (*run, "--json"), "accuracy", facts))
    return made


def measure(options: argparse.Namespace) -> int:
    """Carry out every step, keep what it told, and return the exit code."""
    target, out, seconds = options.target, options.out.absolute(), options.seconds
    place = out / target
    place.mkdir(parents=True, exist_ok=True)
    environment = {**os.environ, "HARNESS_RECORD_DIR": str(place / "records")}
    rates: dict[tuple[str, str], float] = {}
    results: list[dict[str, Any]] = []
    with tempfile.TemporaryDirectory() as folder:
        for step in plan_steps(target, Path(folder), seconds, options.device, options.workloads):
            rate = rates.get((step.facts.get("workload", ""), step.facts.get("precision", "")), 1e4)
            command = [word.format(rate=f"{rate:.0f}") for word in step.command]
            print(f"{step.name}: {' '.join(command)}", file=sys.stderr, flush=True)
            began = time.perf_counter()
            done = subprocess.run(
                _runnable(command), cwd=folder, env=environment, capture_output=True, text=True,
                check=False,
            )  # fmt: skip
            told = _json(done.stdout)
            results.append(
                {
                    "step": step.name,
                    "kind": step.kind,
                    **step.facts,
                    "command": " ".join(command).replace(folder, "FOLDER"),
                    "exit_code": done.returncode,
                    "seconds": round(time.perf_counter() - began, 1),
                    "told": _short(step.kind, told),
                    "error": "" if done.returncode == 0 else done.stderr.strip()[-2000:],
                }
            )
            if step.kind == "loop" and told:
                key = step.facts["workload"], step.facts["precision"]
                rates[key] = told["overlapped"]["samples_per_s"]
            _write(place / "tensorrt.json", target, seconds, results)
            if step.kind == "engine" and done.returncode == 3:
                print(f"no GPU or no TensorRT: {done.stderr.strip()}", file=sys.stderr)
                return 3
    print(table(results))
    bad = [r["step"] for r in results if r["exit_code"] not in (0, 6) and r["kind"] != "doctor"]
    wrong = [r["step"] for r in results if r["kind"] == "compare" and not r["told"].get("ok")]
    if bad or wrong:
        print(f"failed: {', '.join([*bad, *wrong])}", file=sys.stderr)
    return 1 if bad or wrong else 0


def table(results: Sequence[dict[str, Any]]) -> str:
    """Return the measured figures as a table in Markdown."""
    lines = [
        "|workload|precision|build s|error|allowed|raw samples/s|harness samples/s|ratio|top-1|"
    ]
    lines.append("|---|---|---:|---:|---:|---:|---:|---:|---:|")
    for workload, precision in dict.fromkeys(
        (r["workload"], r["precision"]) for r in results if r.get("precision")
    ):
        found = {
            r["kind"] + r.get("scenario", ""): r["told"]
            for r in results
            if (r.get("workload"), r.get("precision")) == (workload, precision)
        }
        raw = found.get("loop", {}).get("overlapped", {}).get("samples_per_s")
        ours = found.get("runoffline", {}).get("samples_per_s")
        compare, engine = found.get("compare", {}), found.get("engine", {})
        ratio = ours / raw if raw and ours else None
        cells = (
            workload,
            precision,
            _cell(engine.get("build_s"), ".1f"),
            _cell(compare.get("error"), ".1e"),
            _cell(compare.get("allowed"), ".0e"),
            _cell(raw, ",.0f"),
            _cell(ours, ",.0f"),
            _cell(ratio, ".3f"),
            _cell(found.get("accuracy", {}).get("accuracy"), ".4f"),
        )
        lines.append("|" + "|".join(cells) + "|")
    return "\n".join([*lines, "", f"Goal of the ratio: at least {GOAL}. Unverified figures."])


def compare(arguments: argparse.Namespace) -> dict[str, Any]:
    """Return how far the engine's outputs are from ONNX Runtime's on the CPU."""
    import numpy as np
    import onnxruntime as ort

    backend, model, module, settings = _open(arguments)
    samples = module.open_samples(None)
    count = min(len(samples), 256)
    images = samples.load(np.arange(count))
    session = ort.InferenceSession(str(model.path), providers=["CPUExecutionProvider"])
    expected = session.run(None, {session.get_inputs()[0].name: images})[0]
    binding, step = backend.bind(settings.batch_size), settings.batch_size
    found = [binding.infer(images[n : n + step]).copy() for n in range(0, count, step)]
    backend.close()
    outputs = np.concatenate(found)
    largest = float(np.abs(expected).max())
    error = float(np.abs(outputs - expected).max()) / largest
    agree = float((outputs.argmax(-1) == expected.argmax(-1)).mean())
    allowed = ALLOWED[arguments.precision]
    return {
        "error": error,
        "allowed": allowed,
        "same_class": agree,
        "samples": count,
        "ok": bool(error <= allowed),
    }


def loop(arguments: argparse.Namespace) -> dict[str, Any]:
    """Return the rates of bare loops over the engine: no LoadGen, no gathering, no answers.

    stream: launches on one stream, timed by CUDA events. graph: the same, replayed as a CUDA
    graph. overlapped: copies in and out beside the inference of other batches, as the harness
    has them, timed on the host from the first submission to the last collection.
    """
    found: dict[str, Any] = {}
    for name, graph in (("stream", False), ("graph", True)):
        backend, _, _, settings = _open(arguments, use_cuda_graph=graph)
        binding = backend.bind(settings.batch_size)
        found[name] = _device_rate(backend, binding, settings.batch_size, arguments.seconds, graph)
        backend.close()
    backend, _, _, settings = _open(arguments, use_cuda_graph=True, inflight_batches=2)
    binding = backend.bind(settings.batch_size)
    found["overlapped"] = _host_rate(binding, settings.batch_size, arguments.seconds)
    backend.close()
    return found


def _device_rate(
    backend: Any, binding: Any, batch: int, seconds: float, graph: bool
) -> dict[str, float]:
    """Return the rate of the engine alone, between two CUDA events."""
    device, stream = backend._device, binding._streams["infer"]
    context = binding._slots[0].contexts[batch]
    begin, end = device.event(timed=True), device.event(timed=True)
    if graph:
        with device.capture(stream) as graphs:
            context.execute_async_v3(stream.handle)

        def run() -> None:
            graphs[0].launch(stream)

    else:

        def run() -> None:
            context.execute_async_v3(stream.handle)

    for _ in range(20):
        run()
    stream.synchronize()
    batches, spent_ms, until = 0, 0.0, time.perf_counter() + seconds
    while not batches or time.perf_counter() < until:
        begin.record(stream)
        for _ in range(100):
            run()
        end.record(stream)
        end.synchronize()
        spent_ms += max(end.elapsed_ms(begin), 1e-3)
        batches += 100
    return {"samples_per_s": batches * batch / spent_ms * 1000, "batch_ms": spent_ms / batches}


def _host_rate(binding: Any, batch: int, seconds: float) -> dict[str, float]:
    """Return the rate of the engine with its copies, several batches under way."""
    programs = [binding._programs[slot.number, batch] for slot in binding._slots]
    waits, flying, batches = binding._waits, deque(), 0
    for phase in (0.5, seconds):
        began, batches = time.perf_counter(), 0
        while time.perf_counter() - began < phase:
            slot = batches % len(programs)
            if len(flying) == len(programs):
                for wait in waits[flying.popleft()]:
                    wait()
            for run in programs[slot]:
                run()
            flying.append(slot)
            batches += 1
        while flying:
            for wait in waits[flying.popleft()]:
                wait()
    spent = time.perf_counter() - began
    return {"samples_per_s": batches * batch / spent, "batch_ms": spent / batches * 1000}


def _open(arguments: argparse.Namespace, **changes: Any) -> tuple[Any, Any, Any, Any]:
    """Return an open backend, the model, the workload's module and the settings."""
    from runtime.artifacts import cache_folder
    from runtime.backends.base import open_backend
    from runtime.configs.registry import load
    from runtime.configs.schema import Offline
    from runtime.vocabulary import BackendName, Precision

    module: Any = load().modules[arguments.workload]
    model = module.open_model(arguments.model, cache_folder())
    settings = replace(
        Offline(target_qps=1.0, batch_size=arguments.batch, backend=BackendName.TENSORRT),
        precision=Precision(arguments.precision),
        **changes,
    )
    return open_backend(model, module.WORKLOAD, settings, arguments.device), model, module, settings


def _runnable(command: list[str]) -> list[str]:
    """Return a command with `harness` as this Python's module."""
    if command[0] == "harness":
        return [sys.executable, "-m", "runtime", *command[1:]]
    return command


def _json(text: str) -> Any:
    """Return what a step printed; None where it is no JSON."""
    try:
        return json.loads(text)
    except ValueError:
        return None


def _short(kind: str, told: Any) -> dict[str, Any]:
    """Return what the evidence keeps of a step's JSON; run records are kept whole elsewhere."""
    if not isinstance(told, dict):
        return {}
    if kind == "engine":
        entry = told["engine"] or {}
        kept = {"bytes": told["bytes"], "activation_bytes": told["activation_bytes"]}
        return kept | {"build_s": entry.get("build_s"), "key": entry.get("key")}
    if kind in ("run", "accuracy"):
        kept = {m["name"]: m["value"] for m in told["metrics"]}
        return kept | {"result": told["verdict"]["result"]}
    if kind in ("compare", "loop"):
        return told
    return {}


def _write(path: Path, target: str, seconds: float, results: list[dict[str, Any]]) -> None:
    """Write what was measured so far: a stopped script loses nothing."""
    from msgspec import to_builtins

    from runtime.artifacts import atomic_write
    from runtime.environment import read_code, read_machine, read_packages

    facts = {
        "schema": SCHEMA,
        "target": target,
        "created": datetime.now(timezone.utc).isoformat(timespec="seconds"),
        "machine": to_builtins(read_machine()),
        "packages": read_packages(),
        "code": to_builtins(read_code()),
        "timed_s": seconds,
        "goal": GOAL,
        "note": "Short runs; figures are not verified by MLCommons Association.",
        "steps": results,
    }
    atomic_write(path, json.dumps(facts, indent=1).encode() + b"\n")


def _cell(value: float | None, form: str) -> str:
    """Return a figure as text; empty where it was not measured."""
    return "" if value is None else format(value, form)


def main(arguments: Sequence[str] | None = None) -> int:
    """Return the exit code."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    single = words[0] if words and words[0] in ("compare", "loop") else ""
    if single:
        parser.add_argument("step")
        parser.add_argument("--workload", required=True, choices=tuple(BATCH))
        parser.add_argument("--precision", required=True, choices=PRECISIONS)
        parser.add_argument("--batch", type=int, required=True)
        parser.add_argument("--model", type=Path)
    else:
        parser.add_argument("--target", default="h200-sxm-141gb", help="target of this GPU")
        parser.add_argument("--out", type=Path, default=ROOT / "docs" / "evidence")
        parser.add_argument("--workloads", nargs="+", default=tuple(BATCH), choices=tuple(BATCH))
        parser.add_argument("--dry-run", action="store_true", help="print every command, run none")
    parser.add_argument("--seconds", type=float, default=5.0, help="length of each timed part")
    parser.add_argument("--device", type=int, default=0)
    options = parser.parse_args(words)
    if single:
        print(json.dumps((compare if single == "compare" else loop)(options)))
        return 0
    if options.dry_run:
        folder = Path("FOLDER")
        for step in plan_steps(
            options.target, folder, options.seconds, options.device, options.workloads
        ):
            print(f"# {step.name}\n{step}")
        return 0
    return measure(options)


if __name__ == "__main__":
    sys.exit(main())
