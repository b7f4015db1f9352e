"""Rounds, contradictions, scenarios and troubles on their pages, and trees without them."""

from __future__ import annotations

from msgspec.structs import replace

from docgen import render
from docgen.catalog import Row, Source

THIN = "\u202f"

AT = Source(path="runtime/policies/rounds.py", line=3)

BENCHMARK = {
    "name": "tiny",
    "title": "Counting: Tiny on fingers",
    "goals": [
        {"metric": "acc", "least": 75.69539999999999, "most": None, "scenarios": []},
        {"metric": "TOKENS", "least": 9.5, "most": 11.5, "scenarios": ["Server"]},
    ],
    "dataset_samples": 50_000,
    "performance_samples": 1024,
    "offline_samples": None,
    "datacenter": ["Offline"],
    "datacenter_optional": ["Interactive"],
    "edge": [],
    "bounds": [
        {"scenario": "Server", "latency_ms": 20_000, "ttft_ms": 450, "tpot_ms": 40},
        {"scenario": "Interactive", "latency_ms": 15, "ttft_ms": None, "tpot_ms": None},
    ],
    "compliance": ["TEST01"],
    "source": "checker_constants.py",
}
ROWS = (
    Row(
        kind="Round",
        name="v1.0",
        values={"wheels": ["1.2.3"], "seeds": {"round": "v1.0", "qsl": 1}, "benchmarks": []},
        source=AT,
    ),
    Row(
        kind="Round",
        name="v1.1",
        values={"wheels": ["1.2.4"], "seeds": {"qsl": 7}, "benchmarks": [BENCHMARK]},
        source=AT,
    ),
    Row(
        kind="Contradiction",
        name="tiny.samples",
        values={
            "subject": "Tiny: samples",
            "first_source": "rules",
            "first_says": "42",
            "second_source": "checker",
            "second_says": "43",
            "taken": "second",
            "why": "It counts.",
        },
        source=AT,
    ),
    Row(
        kind="ScenarioGuide",
        name="Offline",
        values={
            "scenario": "offline",
            "question": "How much?",
            "arrival": "At once.",
            "drawing": "####",
            "metric": "samples/s",
            "valid": "600 s",
            "tune": ["`batch_size`: more"],
            "rules": [{"id": "run.min-duration", "title": "Least duration"}],
            "source": "rules",
        },
        source=AT,
    ),
    Row(
        kind="Trouble",
        name="min-duration",
        values={"title": "Too early", "symptom": "S.", "cause": "C.", "mend": "M.", "source": "I"},
        source=AT,
    ),
    Row(
        kind="Trouble",
        name="sudo",
        values={"title": "Under sudo", "symptom": "Denied.", "cause": "Root.", "mend": "Do not."},
        source=AT,
    ),
)


def _pages(catalog, evidence, config, rows):
    return render.render(replace(catalog, rows=rows), evidence, config)


def test_rounds_are_tables_with_the_newest_first(catalog, evidence, config):
    page = _pages(catalog, evidence, config, ROWS)["reference/rounds.md"]
    assert page.index("## v1.1") < page.index("## v1.0")
    assert "acc ≥ 75.6954" in page
    assert "TOKENS 9.5 to 11.5 (Server)" in page
    assert "Offline (Interactive)" in page
    assert "not offered" in page
    assert f"| `tiny` | Server | 20{THIN}000 | 450 | 40 |" in page
    assert "| `tiny` | Interactive | 15 |  |  |" in page
    assert "`qsl_rng_seed` | `7`" in page
    assert "checker\\_constants.py" in page


def test_contradictions_mark_what_was_taken(catalog, evidence, config):
    page = _pages(catalog, evidence, config, ROWS)["reference/policies.md"]
    assert "(policies-contradictions)=" in page
    assert "**Tiny: samples**<br>It counts. | 42<br>rules | **43**<br>checker" in page
    assert "{doc}`Rounds </reference/rounds>`" in page


def test_scenarios_are_drawn_and_name_their_rules(catalog, evidence, config):
    page = _pages(catalog, evidence, config, ROWS)["reference/scenarios.md"]
    assert "```text\n####\n```" in page
    assert "{bench:policy}`run.min-duration`: Least duration" in page
    assert "1. `batch_size`: more" in page


def test_troubles_have_sections_by_code(catalog, evidence, config):
    page = _pages(catalog, evidence, config, ROWS)["troubleshooting.md"]
    causes, others = page.split("## Settings and machine")
    assert "(min-duration)=\n### Too early" in causes
    assert "**Mend**: M." in causes
    assert "It ended too early." not in causes  # the vocabulary's text gives way
    assert "(sudo)=\n### Under sudo" in others
    assert "**Source**" not in others.split("## Errors")[0]
    assert "`harness explain CODE`" in page


def test_a_tree_without_them_has_no_such_pages(catalog, evidence, config):
    files = _pages(catalog, evidence, config, ())
    assert not {"reference/rounds.md", "reference/scenarios.md"} & set(files)
    assert "scenarios" not in files["reference/index.md"]
    assert "rounds" not in files["reference/index.md"]
    assert "Contradictions" not in files["reference/policies.md"]
    assert "harness explain" not in files["troubleshooting.md"]
    assert "Settings and machine" not in files["troubleshooting.md"]
