"""What each page says."""

from __future__ import annotations

import json
import re

import msgspec

from docgen import catalog as catalogs
from docgen import render
from docgen.evidence import State
from docgen.formatting import THIN

ALWAYS = {
    "targets/index.md",
    "workloads/index.md",
    "compare.md",
    "health.md",
    "troubleshooting.md",
    "reference/index.md",
    "reference/fields.md",
    "reference/policies.md",
    "reference/glossary.md",
    "reference/vocabulary.md",
    "reference/cli/index.md",
    "reference/cli/harness.md",
    "reference/cli/docgen.md",
    "reference/api/index.md",
    "reference/api/runtime.errors.md",
    "_extra/llms.txt",
    "_extra/catalog.json",
    "_extra/catalog.schema.json",
}


def section(page: str, title: str) -> str:
    """Return the text under a second-level heading."""
    return page.split(f"\n## {title}\n", 1)[1].split("\n## ", 1)[0]


def test_every_promised_page_is_there(files, catalog):
    assert set(files) >= ALWAYS
    for target in catalog.targets:
        assert f"targets/{target.name}/index.md" in files
        assert f"_extra/targets/{target.name}.json" in files
        for entry in catalog.entries_of(target.name):
            assert f"targets/{target.name}/{entry.workload}.md" in files
    assert "workloads/digits.md" in files


def test_no_page_prints_raw_json_or_python(files):
    for path, text in files.items():
        if path.endswith(".md"):
            assert not re.search(r"\bNone\b(?! of)|\bTrue\b|\bFalse\b|\{'|\[\{", text), path


def test_labels_are_unique_over_all_pages(files):
    labels = [
        label
        for path, text in files.items()
        if path.endswith(".md")
        for label in re.findall(r"^\s*(?:[*-] )?\s*(?:- )?\(([^()\s]+)\)=$", text, re.MULTILINE)
    ]
    assert len(labels) > 60
    assert sorted(set(labels)) == sorted(labels)


def test_objects_are_declared_once(files):
    declared = [
        found
        for path, text in files.items()
        if path.endswith(".md")
        for found in re.findall(r"^```\{bench:(\w+)\} (.+)$", text, re.MULTILINE)
        if found[0] not in {"result", "svg"}
    ]
    assert sorted(set(declared)) == sorted(declared)
    kinds = {kind for kind, _ in declared}
    assert kinds == {"target", "config", "field", "policy", "term", "snippet"}


def test_every_object_that_is_linked_is_declared(files):
    text = "\n".join(t for p, t in files.items() if p.endswith(".md"))
    declared = set(re.findall(r"^```\{bench:(\w+)\} (.+)$", text, re.MULTILINE))
    linked = set(
        re.findall(r"\{bench:(target|config|field|policy|term)\}`(?:[^`<]*<)?([^`>]+)>?`", text)
    )
    assert linked <= declared


def test_guide_of_a_measured_target_shows_figures_with_their_provenance(files):
    page = files["targets/cpu/index.md"]
    assert "2 of 2 configurations measured, last on 2026-11-23 on Test CPU" in page
    runs = section(page, "Measurements")
    assert f"**68{THIN}123{THIN}samples/s**" in runs
    assert f"70{THIN}000{THIN}samples/s" in runs
    assert f"0.973{THIN}\u00d7" in runs
    assert "unverified, quick run" in runs
    assert "Result not verified by MLCommons Association." in runs
    assert "loadgen 6.0.17, numpy 2.1" in runs
    assert "commit abcdef0123, with uncommitted changes" in runs
    assert "verdict = VALID (holds: VALID)" in runs
    assert "../../records/cpu-digits-offline-performance.json" in runs
    assert "{bench:svg} targets/cpu/digits-offline.svg" in runs
    assert f"**98.15{THIN}%**" in runs
    assert f"at least 97.17{THIN}%" in runs


def test_guide_of_an_absent_target_says_that_nothing_was_measured(files):
    page = files["targets/h200-sxm-141gb/index.md"]
    assert "{bench:badge}`resolved`, never measured: 2 configurations" in page
    assert "Nothing was ever measured on this target." in section(page, "Measurements")
    assert "bench:svg" not in page
    assert (
        f"{{bench:config}}`90{THIN}000{THIN}samples/s <h200-sxm-141gb/resnet50/offline>` expected"
        in page
    )


def test_start_here_has_at_most_three_commands_that_exist(files, catalog, evidence):
    for target in catalog.targets:
        start = section(files[f"targets/{target.name}/index.md"], "Start here")
        commands = re.findall(r"\{bench:result\} (\S+)", start)
        assert 1 <= len(commands) <= 3
        assert set(commands) <= set(evidence.known)


def test_matrix_has_a_cell_for_every_scenario(files):
    matrix = section(files["targets/cpu/index.md"], "What runs")
    assert "no configuration" in matrix
    assert matrix.count("{bench:badge}") == 2
    assert "1.1" not in matrix


def test_mig_and_precision_follow_the_hardware(files):
    assert "## MIG" not in files["targets/cpu/index.md"]
    assert "## MIG" not in files["targets/l4/index.md"]
    assert "h200-sxm-141gb-mig-1g.18gb" in section(files["targets/h200-sxm-141gb/index.md"], "MIG")
    piece = section(files["targets/h200-sxm-141gb-mig-1g.18gb/index.md"], "MIG")
    assert f"| Memory | 16{THIN}GB | 141{THIN}GB | 11.3{THIN}% |" in piece
    assert "FP8" in section(files["targets/l4/index.md"], "Precision")
    assert "FP8" not in section(files["targets/cpu/index.md"], "Precision")


def test_only_rules_that_apply_are_listed(files):
    page = files["targets/h200-sxm-141gb-mig-1g.18gb/index.md"]
    assert "run.bert" not in page
    assert "server.percentile" not in page
    assert "server.percentile" in files["targets/h200-sxm-141gb/index.md"]


def test_run_time_follows_the_formula(files):
    tuning = section(files["targets/cpu/index.md"], "How to tune")
    # max(24 576, 1.1 x 600 s x 70 000/s) = 46 200 000 samples = 660 s
    assert f"46{THIN}200{THIN}000{THIN}samples | 11{THIN}min" in tuning


def test_memory_adds_weights_and_buffers(files):
    tuning = section(files["targets/h200-sxm-141gb/index.md"], "How to tune")
    # 25 557 032 x 2 B + 2048 x (3*224*224 + 1000) x 4 B = 51.1 MB + 1.23 GB + 8.19 MB
    assert f"51.1{THIN}MB" in tuning
    assert f"Together 1.29{THIN}GB, 0.92{THIN}% of 141{THIN}GB: fits." in tuning


def test_siblings_show_differences_only(files):
    compared = files["targets/h200-sxm-141gb-x8/index.md"].split("## Compared with ", 1)[1]
    assert compared.startswith("NVIDIA H200 SXM 141GB\n")
    assert "| Devices | 8 | 1 |" in compared
    assert f"750{THIN}000{THIN}samples/s | 90{THIN}000{THIN}samples/s" in compared
    assert "batch_size" not in compared.split("## Problems")[0]
    assert "ResNet-50, Server" in compared


def test_settings_say_where_a_value_comes_from(files):
    page = files["targets/h200-sxm-141gb/resnet50.md"]
    batching = section(page, "Batching")
    assert "(h200-sxm-141gb-resnet50-offline-batch_size)=" in batching
    assert f"**2048{THIN}samples**" in batching
    assert (
        "`2048` by {bench:src}`RESNET50_OFFLINE <runtime/targets/h200_sxm_141gb.py:40>`" in batching
    )
    assert "- `1` by {bench:src}`batch_size <runtime/configs/schema.py:10>`" in batching
    assert r"Why: batch\_size because \<it> \| helps *a lot*" in batching
    assert "Basis: not measured: taken from `somewhere`" in batching


def test_equal_values_stand_once_and_different_ones_by_variant(files):
    page = files["targets/h200-sxm-141gb/resnet50.md"]
    rows = section(page, "Batching").split("* - ")
    batch = next(r for r in rows if "Settings.batch_size" in r)
    assert batch.count("<details") == 1
    load = next(r for r in section(page, "Load").split("* - ") if "target_qps" in r)
    assert load.count("<details") == 2
    defaults = section(page, "Left at their defaults")
    assert "Settings.lanes" in defaults
    assert "batch_size" not in defaults


def test_a_power_variant_has_a_column_of_its_own(files):
    page = files["targets/h200-sxm-141gb-x8/resnet50.md"]
    assert "  - Offline, MaxQ" in page
    assert "(h200-sxm-141gb-x8-resnet50-offline-maxq-target_qps)=" in page


def test_field_reference_says_who_sets_a_value(files):
    page = files["reference/fields.md"]
    batch = page.split("{bench:field} Settings.batch_size", 1)[1].split("\n### ", 1)[0]
    assert f"1 to 65{THIN}536" in batch
    assert "Set by 7 entries" in batch
    assert f"- **2048{THIN}samples** (4 entries): NVIDIA H200 SXM 141GB: " in batch
    lanes = page.split("{bench:field} Settings.lanes", 1)[1].split("\n### ", 1)[0]
    assert "No entry sets it away from its default." in lanes


def test_troubleshooting_has_a_section_per_code(files):
    page = files["troubleshooting.md"]
    assert "(h200)=\n### H200 ConfigError" in page
    assert "(h500)=\n### H500 RunError" in page
    assert "Exit code 5." in page
    assert "(min-duration)=" in page


def test_causes_of_stored_records_are_shown_with_their_mend(catalog, config, make):
    evidence = make.evidence(catalog)
    old = evidence.known["run:cpu/digits/offline"]
    record = {
        **old.result.records[0],
        "verdict": {
            "result": "INVALID",
            "causes": [
                {"code": "min-duration", "text": "want 600000 ms, got 9 ms", "do": "set x=1"}
            ],
        },
    }
    result = make.replace(old.result, records=(record,))
    evidence.add(make.judged(State.MEASURED, "", result, old.snippet))
    files = render.render(catalog, evidence, config)
    guide = files["targets/cpu/index.md"]
    assert "{ref}`min-duration <min-duration>`: want 600000 ms, got 9 ms | set x=1" in guide
    assert "(unverified, quick run, INVALID)" in guide
    assert "want 600000 ms, got 9 ms. Mend: set x=1" in files["troubleshooting.md"]


def test_stale_evidence_is_named_on_guide_and_health(catalog, config, make):
    evidence = make.evidence(catalog)
    old = evidence.known["run:cpu/digits/offline"]
    evidence.add(make.judged(State.STALE, "sut.py: run changed", old.result, old.snippet))
    files = render.render(catalog, evidence, config)
    assert "(1 no longer fresh)" in files["targets/cpu/index.md"]
    assert "{bench:badge}`stale` sut.py: run changed" in files["targets/cpu/index.md"]
    assert "sut.py: run changed" in section(files["health.md"], "Stale and failing commands")


def test_synthetic_weights_are_marked_wherever_a_figure_stands(catalog, config, make):
    evidence = make.evidence(catalog)
    old = evidence.known["run:cpu/digits/offline"]
    record = {**old.result.records[0], "model": {"name": "x", "sha256": "", "synthetic": True}}
    evidence.add(
        make.judged(State.MEASURED, "", make.replace(old.result, records=(record,)), old.snippet)
    )
    page = render.render(catalog, evidence, config)["targets/cpu/index.md"]
    assert "unverified, quick run, synthetic weights: speed only" in page


def test_health_counts_what_is_open(files):
    page = files["health.md"]
    assert "| Undocumented objects | 1 |" in page
    assert "| Diagnostics `no-reason` | 1 |" in page
    assert r"want a \| reason" in page


def test_api_signatures_carry_no_types_that_would_become_links(files):
    page = files["reference/api/runtime.errors.md"]
    assert "{py:function} suggest(word, known=('a|b',), *rest)" in page
    assert "- `word` (`str`): The \\<word>." in page
    assert "{py:class} RunError" in page
    assert "{py:attribute} code" in page


def test_workload_page_says_how_many_systems_reach_a_rate(files):
    page = files["workloads/resnet50.md"]
    rates = section(page, "Which system for a rate")
    row = next(line for line in rates.splitlines() if "<l4>" in line)
    # 13 000/s each: 1, 1, 8 and 77 systems for 1 k, 10 k, 100 k and 1 M samples/s
    assert [c.strip() for c in row.split("|")[4:8]] == ["1", "1", "8", "77"]


def test_comparison_orders_by_family_and_draws_what_is_expected(files):
    page = files["compare.md"]
    places = [page.index(f"<{name}>") for name in ("h200-sxm-141gb", "l4", "cpu")]
    assert places == sorted(places)
    assert "nothing in it was measured here" in page
    assert "Memory, GB" in page
    assert files["workloads/resnet50-expected.svg"].startswith("<svg")


def test_json_files_can_be_read_back(files, catalog):
    again = catalogs.from_json(files["_extra/catalog.json"].encode())
    assert again == catalog
    target = json.loads(files["_extra/targets/cpu.json"])
    assert target["target"]["name"] == "cpu"
    assert {m["key"] for m in target["measurements"]} == {"cpu/digits/offline", "cpu/digits/server"}
    record = json.loads(files["_extra/records/cpu-digits-offline-performance.json"])
    assert record["metrics"][0]["value"] == 68_123.456
    assert "$defs" in msgspec.json.decode(files["_extra/catalog.schema.json"])


def test_llms_txt_lists_the_pages(files):
    text = files["_extra/llms.txt"]
    assert text.startswith("# project\n\n> ")
    assert "[NVIDIA L4](targets/l4/index.html)" in text


def test_a_catalog_with_nothing_in_it_still_gives_pages(config, make):
    empty = catalogs.Catalog(dialect="ours", root="project", packages=())
    files = render.render(empty, make.evidence(empty), config)
    assert "There are no targets." in files["compare.md"]
