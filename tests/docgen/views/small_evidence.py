"""What was measured of the small catalog: run records and judged snippets."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from small_words import at

from docgen.catalog import (
    Catalog,
    Setting,
    Snippet,
)
from docgen.evidence import State
from docgen.snippets.model import Check, Dependencies, Result


@dataclass(frozen=True)
class FakeJudged:
    state: State
    reason: str
    result: Result | None
    snippet: Snippet


@dataclass
class FakeEvidence:
    known: dict[str, FakeJudged] = field(default_factory=dict)

    @property
    def judged(self) -> tuple[FakeJudged, ...]:
        return tuple(self.known.values())

    def of(self, snippet_id: str) -> FakeJudged:
        return self.known[snippet_id]

    def measurements(self, entry_key: str) -> tuple[FakeJudged, ...]:
        return tuple(j for j in self.known.values() if j.snippet.measures == entry_key)

    def add(self, judged: FakeJudged) -> None:
        self.known[judged.snippet.id] = judged


def make_record(key: str, mode: str, metrics: list[dict[str, Any]], **more: Any) -> dict[str, Any]:
    return {
        "key": key,
        "mode": mode,
        "quick": True,
        "created": "2026-11-23T10:05:00Z",
        "seconds": 12.5,
        "metrics": metrics,
        "verdict": {"result": "VALID", "causes": []},
        "machine": {
            "cpu": "Test CPU",
            "cores": 2,
            "memory_gib": 7.6,
            "os": "Linux",
            "python": "3.11",
            "devices": [],
            "driver": "",
        },
        "packages": {"numpy": "2.1", "loadgen": "6.0.17"},
        "code": {"version": "0.1.0", "commit": "abcdef0123456789", "modified": True},
        "model": {"name": "digits.onnx", "sha256": "0", "synthetic": False},
        "accuracy": None,
        "notes": ["quick run: shortened"],
        "statement": "Result not verified by MLCommons Association.",
        **more,
    }


def make_result(snippet: Snippet, records: tuple[dict[str, Any], ...]) -> Result:
    return Result(
        snippet=snippet.id,
        text=snippet.text,
        status="passed",
        started="2026-11-23T10:05:00Z",
        seconds=12.5,
        exit_code=0,
        output="done\n",
        errors="",
        checks=(Check(expect="verdict = VALID", actual="VALID", ok=True),),
        depends=Dependencies(code={}, files={}),
        code_key="1",
        environment={"cpu": "Test CPU"},
        environment_key="2",
        records=records,
    )


def make_evidence(catalog: Catalog, *, measured: bool = True) -> FakeEvidence:
    evidence = FakeEvidence()
    for item in catalog.entries:
        if item.setting != Setting():
            continue
        snippet = Snippet(
            id=f"run:{item.key}",
            text=f"harness run --target {item.target}",
            language="console",
            source=item.source,
            measures=item.key,
            mode="performance",
            needs="cpu" if item.target == "cpu" else f"gpu={item.target}",
        )
        if item.target != "cpu" or not measured:
            evidence.add(
                FakeJudged(State.SKIPPED, f"this machine has no {item.target}", None, snippet)
            )
            continue
        unit = "samples/s" if item.scenario == "offline" else "queries/s"
        name = "samples_per_s" if item.scenario == "offline" else "queries_per_s"
        metrics = [
            {"name": name, "value": 68_123.456, "unit": unit, "better": "higher", "primary": True},
            {"name": "latency_p99_ms", "value": 1.2345, "unit": "ms", "better": "lower"},
        ]
        record = make_record(item.key, "performance", metrics)
        evidence.add(FakeJudged(State.MEASURED, "", make_result(snippet, (record,)), snippet))
    if measured:
        key = "cpu/digits/offline"
        snippet = Snippet(
            id=f"accuracy:{key}",
            text="harness run --mode accuracy",
            language="console",
            source=at("runtime/targets/cpu.py", 10),
            measures=key,
            mode="accuracy",
        )
        accuracy = {
            "metric": "top-1 accuracy",
            "value": 0.9815,
            "reference": 0.9815,
            "goal": 0.9717,
            "passed": True,
            "samples": 540,
        }
        metrics = [
            {
                "name": "accuracy",
                "value": 0.9815,
                "unit": "share",
                "better": "higher",
                "primary": True,
            }
        ]
        record = make_record(key, "accuracy", metrics, accuracy=accuracy)
        evidence.add(FakeJudged(State.MEASURED, "", make_result(snippet, (record,)), snippet))
    for target in catalog.targets:
        snippet = Snippet(
            id=f"resolve:{target.name}",
            text=f"harness run --target {target.name}",
            language="console",
            source=target.source,
        )
        evidence.add(FakeJudged(State.RESOLVED, "dry run", make_result(snippet, ()), snippet))
    return evidence
