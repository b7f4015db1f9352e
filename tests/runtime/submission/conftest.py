"""Submission trees made in memory: faithful logs, no run; a test breaks one thing and writes it."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest

from runtime.policies.rounds import round_of
from runtime.policies.systems import SYSTEM_KEYS
from runtime.record import (
    Accuracy,
    Code,
    Machine,
    Metric,
    Model,
    RunRecord,
    Verdict,
    to_json,
)

GAP = b"\n\n...\n\n"
RESULT = {
    "Offline": {"result_samples_per_second": 5000.25, "effective_samples_per_query": 3_300_000},
    "Server": {
        "result_completed_samples_per_sec": 990.5,
        "effective_target_latency_ns": 15_000_000,
        "effective_samples_per_query": 1,
        "early_stopping_met": True,
        "result_99.00_percentile_latency_ns": 9_000_000,
    },
    "SingleStream": {
        "early_stopping_latency_ss": 900_000,
        "effective_samples_per_query": 1,
        "early_stopping_met": True,
        "result_mean_latency_ns": 800_000,
        "result_qps_without_loadgen_overhead": 1200.5,
    },
    "MultiStream": {
        "early_stopping_latency_ms": 7_000_000,
        "effective_samples_per_query": 8,
        "early_stopping_met": True,
        "result_mean_query_latency_ns": 6_000_000,
        "result_99.00_percentile_per_query_latency_ns": 7_500_000,
    },
}
AUDIT = {
    "TEST01": {"effective_accuracy_log_sampling_target": 4096},
    "TEST04": {
        "effective_performance_issue_same": True,
        "effective_performance_issue_same_index": 3,
    },
}


def line(key, value, *, error=False):
    """Return a line of a detail log."""
    said = {"is_error": error, "is_warning": False, "file": "loadgen.cc", "line_no": 1, "pid": 1}
    item = {"key": key, "value": value, "time_ms": 1.5, "namespace": "mlperf::logging",
            "event_type": "POINT_IN_TIME", "metadata": said}  # fmt: skip
    return ":::MLLOG " + json.dumps(item)


def detail(scenario, mode, round_name="v6.1", samples=(50_000, 1024), more=None):
    """Return a detail log with the keys that rules look at, and what LoadGen puts around them."""
    round_ = round_of(round_name)
    wheel = round_.wheels[-1]
    values = {
        "loadgen_version": f"{wheel} @ d6147c7eb7",
        "loadgen_git_status_message": "",
        "sut_name": "PyFastSUT",
        "qsl_reported_total_count": samples[0],
        "qsl_reported_performance_count": samples[1],
        "requested_scenario": scenario,
        "requested_test_mode": mode,
        "requested_use_token_latencies": False,
        "effective_scenario": scenario,
        "effective_test_mode": mode,
        "effective_min_duration_ms": 600_000,
        "effective_min_query_count": 1,
        "effective_qsl_rng_seed": round_.seeds.qsl,
        "effective_sample_index_rng_seed": round_.seeds.sample_index,
        "effective_schedule_rng_seed": round_.seeds.schedule,
        "effective_accuracy_log_sampling_target": 0,
        "effective_performance_issue_unique": False,
        "effective_performance_issue_same": False,
        "effective_performance_issue_same_index": 0,
        "effective_performance_sample_count": samples[1],
        "effective_accuracy_sample_count": samples[0],
        "effective_sample_concatenate_permutation": False,
        "loaded_qsl_set": list(range(20)),
    }
    if mode == "PerformanceOnly":
        values |= {"result_validity": "VALID", "early_stopping_met": True}
        values |= {"early_stopping_result": "", "result_query_count": 1}
        values |= {"result_99.00_percentile_latency_ns": 9_000_000} | RESULT[scenario]
    values |= more or {}
    lines = [line(key, value) for key, value in values.items()]
    lines.insert(20, line("generic_message", "Starting"))
    lines.append(line("generic_message", "Ending naturally"))
    return ("\n".join(lines) + "\n").encode()


def summary(scenario, mode):
    """Return a summary as LoadGen writes it."""
    head = "=" * 48
    if mode == "AccuracyOnly":
        text = "\nNo warnings encountered during test.\n\nNo errors encountered during test.\n"
        return text.encode()
    return (
        f"{head}\nMLPerf Results Summary\n{head}\nSUT name : PyFastSUT\nScenario : {scenario}\n"
        f"Mode     : {mode}\nSamples per second: 5000.25\nResult is : VALID\n"
        "  Min duration satisfied : Yes\n\nNo errors encountered during test.\n"
    ).encode()


def answers(count):
    """Return a whole accuracy log."""
    rows = (
        f'{{ "seq_id" : {i}, "qsl_idx" : {i}, "data" : "0700000000000000" }}' for i in range(count)
    )
    return ("[\n" + ",\n".join(rows) + "\n]\n").encode()


def cut(whole):
    """Return an accuracy log as a submission holds it."""
    return whole[:4096] + GAP + whole[-4096:]


def hashed(whole):
    """Return the hash line of an accuracy log."""
    return f"hash={hashlib.sha256(whole).hexdigest()}\n"


WHOLE = answers(2000)


def scenario_files(folder, scenario, *, tests=(), logged=None, model="resnet50",
                   samples=(50_000, 1024), accuracy="accuracy=76.1234%, good=38062, total=50000",
                   round_name="v6.1"):  # fmt: skip
    """Return the files of one scenario's folder."""
    logged = logged or scenario
    conf = (
        f"# settings\n{model}.{logged}.min_duration = 600000\n{model}.{logged}.target_qps = 5000\n"
    )
    measured = {
        "input_data_types": "fp32",
        "retraining": "none",
        "starting_weights_filename": "resnet50_v1.onnx",
        "weight_data_types": "fp32",
        "weight_transformations": "none",
    }
    run, exact = f"{folder}/performance/run_1", f"{folder}/accuracy"
    files = {
        f"{folder}/user.conf": conf.encode(),
        f"{folder}/README.md": b"# How it was run\n",
        f"{folder}/measurements.json": json.dumps(measured).encode(),
        f"{run}/mlperf_log_summary.txt": summary(logged, "PerformanceOnly"),
        f"{run}/mlperf_log_detail.txt": detail(logged, "PerformanceOnly", round_name, samples),
        f"{exact}/mlperf_log_summary.txt": summary(logged, "AccuracyOnly"),
        f"{exact}/mlperf_log_detail.txt": detail(logged, "AccuracyOnly", round_name, samples),
        f"{exact}/mlperf_log_accuracy.json": cut(WHOLE),
        f"{exact}/accuracy.txt": f"{accuracy}\n{hashed(WHOLE)}".encode(),
    }
    for test in tests:
        home = f"{folder}/{test}"
        log = detail(logged, "PerformanceOnly", round_name, samples, AUDIT[test])
        files[f"{home}/performance/run_1/mlperf_log_detail.txt"] = log
        files[f"{home}/performance/run_1/mlperf_log_summary.txt"] = summary(
            logged, "PerformanceOnly"
        )
        files[f"{home}/verify_performance.txt"] = b"Reference score = 1\nTEST PASS\n"
        if test == "TEST01":
            files[f"{home}/verify_accuracy.txt"] = b"num_perf_log_data_mismatch = 0\nTEST PASS\n"
            files[f"{home}/accuracy/mlperf_log_accuracy.json"] = cut(WHOLE)
            files[f"{home}/accuracy/accuracy.txt"] = hashed(WHOLE).encode()
    return files


def system_json(division, submitter, suite):
    """Return a whole systems JSON."""
    said = dict.fromkeys(SYSTEM_KEYS, "N/A") | {"hw_notes": "", "number_of_nodes": "1"}
    said |= {"division": division, "submitter": submitter, "system_type": suite}
    return said | {"status": "available", "accelerators_per_node": "0"}


def submitter_files(division, submitter, suite, benchmark="resnet", system="box"):
    """Return the files of a submitter without results."""
    home = f"{division}/{submitter}"
    said = system_json(division, submitter, suite)
    return {
        f"{home}/systems/{system}.json": json.dumps(said, indent=2).encode(),
        f"{home}/src/{benchmark}/harness/main.py": b"print('code')\n",
        f"{home}/documentation/calibration.md": b"Weights are FP32; no calibration.\n",
    }


def tree_of(division="open", suite="edge", scenarios=("Offline",), *, tests=(), submitter="Org",
            system="box", **more):  # fmt: skip
    """Return the files of a tree with resnet results."""
    files = submitter_files(division, submitter, suite, system=system)
    for scenario in scenarios:
        folder = f"{division}/{submitter}/results/{system}/resnet/{scenario}"
        files |= scenario_files(folder, scenario, tests=tests, **more)
    return files


class Factory:
    """What tests take from here."""

    line = staticmethod(line)
    detail = staticmethod(detail)
    scenario_files = staticmethod(scenario_files)
    submitter_files = staticmethod(submitter_files)
    system_json = staticmethod(system_json)
    tree_of = staticmethod(tree_of)
    answers = staticmethod(answers)

    @staticmethod
    def open():
        """Return an open tree: resnet Offline on an edge system."""
        return tree_of()

    @staticmethod
    def closed():
        """Return a closed tree: every scenario and test that resnet needs on an edge system."""
        return tree_of(
            "closed",
            scenarios=("SingleStream", "MultiStream", "Offline"),
            tests=("TEST01", "TEST04"),
        )

    @staticmethod
    def write(files, root: Path) -> Path:
        """Write files below a folder and return it; a value of None makes a folder."""
        for name, content in files.items():
            path = root / name
            if content is None:
                path.mkdir(parents=True, exist_ok=True)
                continue
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        return root


@pytest.fixture
def factory():
    """Return the maker of trees."""
    return Factory


SETTINGS = {
    "target_qps": 5000.0,
    "precision": "fp32",
    "batch_size": 8,
    "lanes": 1,
    "min_duration_ms": 600_000,
    "min_sample_count": 24_576,
}


def record_of(kind, **changes):
    """Return the record of a whole run: `performance`, `accuracy`, `TEST01` or `TEST04`."""
    accuracy = Accuracy(
        metric="top-1 accuracy", value=0.761234, reference=0.7646, goal=0.757, passed=True,
        samples=50_000,
    )  # fmt: skip
    said = {
        "key": "cpu/resnet50/offline",
        "target": "cpu",
        "workload": "resnet50",
        "scenario": "offline",
        "mode": "accuracy" if kind == "accuracy" else "performance",
        "quick": False,
        "created": "2026-01-02T03:04:05+00:00",
        "seconds": 660.0,
        "settings": SETTINGS,
        "overrides": {"batch_size": 8},
        "metrics": (Metric(name="samples_per_s", value=5000.25, unit="samples/s", better="higher",
                           primary=True),),
        "verdict": Verdict(result="VALID"),
        "machine": Machine(cpu="Some CPU", cores=2, memory_gib=8.0, os="Linux", python="3.11.7"),
        "packages": {"loadgen": "6.0.17", "onnxruntime": "1.22.0", "numpy": "2.0"},
        "code": Code(version="0.1.0", commit="a" * 40),
        "model": Model(name="resnet50_v1.onnx", sha256="b" * 64),
        "accuracy": accuracy if kind == "accuracy" else None,
        "notes": ("a note that must be said",),
        "logs": "loadgen",
        "audit": kind if kind.startswith("TEST") else "",
    }  # fmt: skip
    return RunRecord(**(said | changes))


def make_run(folder, kind, record=None, scenario="Offline"):
    """Write a run folder with faithful logs and return it."""
    record = record or record_of(kind)
    mode = "AccuracyOnly" if kind == "accuracy" else "PerformanceOnly"
    files = {
        "record.json": to_json(record),
        "user.conf": f"resnet50.{scenario}.target_qps = 5000\n".encode(),
        "loadgen/mlperf_log_summary.txt": summary(scenario, mode),
        "loadgen/mlperf_log_detail.txt": detail(scenario, mode, more=AUDIT.get(kind)),
        "loadgen/mlperf_log_accuracy.json": WHOLE if mode == "AccuracyOnly" else b"[]\n",
    }
    if kind == "TEST01":
        files["loadgen/mlperf_log_accuracy.json"] = WHOLE
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return folder


Factory.record_of = staticmethod(record_of)
Factory.make_run = staticmethod(make_run)
