"""Sites of trees that others wrote: complete, and safe whatever their texts are."""

from __future__ import annotations

import html
import json
import re
import shutil
from html.parser import HTMLParser
from pathlib import Path

import msgspec
import pytest
from click.testing import CliRunner

from docgen.catalog import Catalog, Entry, Fact, MigSlice, Setting, Source, Target
from docgen.cli import main
from docgen.errors import UsageError
from docgen.extract import extract
from docgen.foreign import Names, accuracy_share, make_plain, one_line, plain
from docgen.render import render
from docgen.trees import load_source
from docgen.views.lookup import Lookup, variant
from docgen.views.text import in_cell

RACK = Path(__file__).parent / "fixtures_exports" / "rack"
MILL = Path(__file__).parent / "fixtures_registry" / "mill"

EVIL = (
    "<script>alert('evil')</script><img src=x onerror=alert(1)> {{ 7*191 }} {% raw %} "
    "{eval-rst} {raw}`x` `</code><svg onload=evil()>` [x](javascript:evil()) $$x$$ | a | b |"
)
"""What would script, break or leave a page that took it as it is."""

BLOCKS = (
    "\n\n```{raw} html\n<script>evil()</script>\n```\n\n:::{raw} html\n<script>evil()</script>\n:::\n\n"
    "(targets)=\n# Heading\n\n````\n~~~\n</details></div>\n"
)

FIELDS = """
from nvmitten.configurator import Field
odd = Field({name!r}, description={doc!r}, from_string=lambda s: s)
__doc__ = {doc!r}
"""

CONFIG = """
import os
os.environ[{text!r}] = {text!r}
import code.common.constants as C
import code.fields.odd as f
import code.fields.loadgen as l
import code.fields.models as m
base = {{f.odd: {{{text!r}: [{text!r}, {blocks!r}]}}, m.precision: {text!r}, m.batch_size: {text!r}}}
base |= {{l.offline_qps: {text!r}, l.server_qps: 7.5, l.min_duration: {blocks!r}}}
{text!r}
EXPORTS = {{C.WorkloadSetting(): base}}
"""

MAKEFILE = """
EVIL run: go
\tpython3 -m code.main $(RUN_ARGS) $(EVIL)
go: ; python3 -m "EVIL" EVIL
"""

MAIN = """
{text!r}
import argparse
parser = argparse.ArgumentParser()
parser.add_argument("--benchmarks", help={text!r}, choices=[{text!r}])
parser.add_argument("--scenarios", help={text!r}, default={text!r})
parser.add_argument({name!r}, type={text!r}, help={text!r})
"""


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("DOCGEN_CACHE", str(tmp_path / "cache"))


@pytest.fixture
def rack(tmp_path):
    return Path(shutil.copytree(RACK, tmp_path / "rack"))


def add_evil(root):
    """Put evil text into every place that a tree has for text."""
    (root / "code" / "fields" / "odd.py").write_text(FIELDS.format(name=EVIL, doc=EVIL + BLOCKS))
    system = "<script>evil()</script>".replace("/", "_") + " `x` {{ 7*191 }} {raw}\n```{raw} html"
    folder = root / "configs" / system / "Off`line{{ 7*191 }}<b>"
    folder.mkdir(parents=True)
    config = CONFIG.format(text=EVIL, blocks=BLOCKS)
    for name in ("a'\"><script>evil()<_script>", "index", "a b|c`d` {{ 7*191 }}", "x" * 200):
        (folder / f"{name}.py").write_text(config)
    make = MAKEFILE.replace("EVIL", re.sub(r"[ $:=]", "", EVIL))
    (root / "Makefile").write_text(make)
    (root / "code" / "main.py").write_text(MAIN.format(text=EVIL + BLOCKS, name=f"--{EVIL}"))


class Tags(HTMLParser):
    """Collects what a browser would run."""

    def __init__(self):
        super().__init__()
        self.found = []
        self.text = []
        self.script = False

    def handle_starttag(self, tag, attrs):
        self.script = tag == "script"
        names = {name: value or "" for name, value in attrs}
        self.found += [(tag, n) for n in names if n.startswith("on")]
        self.found += [(tag, v) for v in names.values() if v.strip().startswith("javascript:")]

    def handle_data(self, data):
        if self.script:
            if "evil(" in data or "alert(" in data:
                self.found.append(("script", data))
        else:
            self.text.append(data)

    def handle_endtag(self, tag):
        self.script = False


@pytest.mark.site
def test_evil_texts_render_as_text_and_warn_of_nothing(rack, tmp_path):
    pytest.importorskip("sphinx")
    add_evil(rack)
    site = tmp_path / "site"
    done = CliRunner().invoke(
        main, ["build", "--source", str(rack), "--output", str(site), "--jobs", "1"]
    )
    assert done.exit_code == 0, done.output
    shown = ""
    for page in site.rglob("*.html"):
        tags = Tags()
        tags.feed(page.read_text("utf-8"))
        assert tags.found == [], page
        if "_source" not in page.parts:
            shown += "".join(tags.text)
    assert "alert('evil')" in shown
    assert "{{ 7*191 }}" in shown
    assert "1337" not in shown
    guides = [p.read_text("utf-8") for p in site.glob("targets/*/index.html")]
    assert any("make run RUN_ARGS" in html.unescape(re.sub("<[^>]+>", "", g)) for g in guides)
    assert (site / "reference" / "systems.html").is_file()
    assert (site / "reference" / "harnesses.html").is_file()
    settings = [p for p in site.glob("targets/*/*.html") if "script" in p.parent.name]
    assert len(settings) == 5
    assert all(p.resolve().is_relative_to(site.resolve()) for p in site.rglob("*"))


def test_pages_of_a_foreign_tree(rack):
    config = load_source(rack)
    pages = render(make_plain(extract(config)), _no_evidence(), config)
    assert "rack" in pages["index.md"]
    assert "Server, 99.9 %, MaxQ, Triton" in pages["targets/X100-SXM-80GBx2/alpha.md"]
    assert "61.5" in pages["targets/X100-SXM-80GBx2/alpha.md"]
    assert "reference/fields.md" in pages
    offline = pages["targets/X100-SXM-80GBx2/alpha.md"].partition("## Environment")[2]
    assert "| `RACK_MODE` | `narrow` | Offline, Offline, 99.9 %, MaxQ, Triton |" in offline
    assert json.loads(pages["_extra/catalog.json"])["dialect"] == "exports"


def test_systems_and_harness_kinds_of_a_foreign_tree(rack):
    config = load_source(rack)
    catalog = make_plain(extract(config))
    idle = Target(
        name="Z1",
        title="Z1",
        family="Other",
        devices=1,
        facts={"deprecated": Fact(name="deprecated", value=True, source=Source(path="a", line=1))},
        source=Source(path="a.py", line=3),
        mig=MigSlice(board="Z", profile="1g.5gb"),
    )
    catalog = msgspec.structs.replace(catalog, targets=(*catalog.targets, idle))
    pages = render(catalog, _no_evidence(), config)
    used, _, deprecated = pages["reference/systems.md"].partition("## Deprecated")
    assert "X100-SXM-80GBx2" in used
    assert "Z1" not in used
    assert "(deprecated) (slice 1g.5gb)" in deprecated
    assert "| none |" in deprecated
    kinds = pages["reference/harnesses.md"]
    count = sum(e.setting.harness == "Triton" for e in catalog.entries if not e.rejected)
    assert f"{{ref}}`Triton <harness-triton>` | {count} |" in kinds
    assert "reference/harnesses" in pages["reference/index.md"].replace("/reference", "reference")
    guide = pages["targets/X100-SXM-80GBx2/index.md"]
    assert "has no Makefile at its root, so no command is shown" in guide


def test_an_edit_of_a_base_class_changes_only_guides_that_inherit_from_it(tmp_path):
    mill = tmp_path / "mill"
    shutil.copytree(MILL, mill, ignore=shutil.ignore_patterns("__pycache__"))

    def read():
        config = load_source(mill)
        catalog = make_plain(extract(config))
        return catalog, render(catalog, _no_evidence(), config)

    catalog, before = read()
    base = mill / "configs" / "flour" / "Offline" / "__init__.py"
    base.write_text(base.read_text().replace("1 << 30", "1 << 29"))
    _, after = read()
    changed = {name for name in before if before[name] != after[name]}
    name = "configs.flour.Offline.OfflineGPUBaseConfig"
    heirs = {e.target for e in catalog.entries if name in e.bases and not e.rejected}
    others = {t.name for t in catalog.targets} - heirs
    assert heirs
    assert others
    guides = {page for page in changed if page.startswith("targets/") and page.count("/") > 1}
    assert {page.split("/")[1] for page in guides} == heirs
    assert {page.split("/")[2] for page in guides} <= {"FLOUR.md", "index.md"}


def test_field_reference_counts_who_uses_what(rack):
    config = load_source(rack)
    catalog = make_plain(extract(config))
    page = render(catalog, _no_evidence(), config)["reference/fields.md"]
    used = [e for e in catalog.entries if "gpu_batch_size" in e.values and not e.rejected]
    systems = len({e.target for e in used})
    assert used
    assert re.search(rf"`gpu_batch_size <[^|]+\|[^|]+\| {len(used)} \| {systems} \|", page)
    bare = msgspec.structs.replace(catalog, fields=catalog.fields[:1])
    page = render(bare, _no_evidence(), config)["reference/fields.md"]
    assert f"`gpu_batch_size` ({len(used)})" in page.partition("declared nowhere")[2]


def test_rejected_entries_are_named_with_their_reason_and_not_offered(rack):
    path = rack / "configs" / "Y9x1" / "Offline" / "beta.2.py"
    path.write_text(
        "import code.fields.gone as g\nimport code.common.constants as C\nEXPORTS = {C.WorkloadSetting(): {}}\n"
    )
    config = load_source(rack)
    catalog = extract(config)
    assert [e.key for e in catalog.entries if e.rejected] == ["Y9x1/beta.2/Offline"]
    shown = make_plain(catalog)
    lookup = Lookup(shown)
    assert all(e.workload != "beta.2" for e in lookup.entries_of("Y9x1"))
    assert [e.workload for e in lookup.rejected_of("Y9x1")] == ["beta.2"]
    (note,) = [d for d in shown.diagnostics if d.code == "rejected"]
    assert "code.fields.gone" in note.message
    guide = render(shown, _no_evidence(), config)["targets/Y9x1/index.md"]
    assert "code.fields.gone" in guide.partition("## Rejected")[2]


def test_keys_are_unique_anchors_and_plain_variants_keep_the_short_one():
    def entry(accuracy, power, harness, rejected=""):
        return Entry(
            key="B/Offline/S",
            target="S",
            workload="b",
            scenario="Offline",
            setting=Setting(accuracy=accuracy, power=power, harness=harness),
            values={},
            source=Source(path="a.py", line=1),
            rejected=rejected,
        )

    entries = (
        entry("k_99", "MaxP", "Triton"),
        entry("k_99", "MaxP", "LWIS", "registered twice"),
        entry("k_99", "MaxP", "LWIS"),
        entry("k_99", "MaxP", "Custom"),
        entry("k_99_9", "MaxQ", "HeteroMIG"),
        entry("k_99-9", "MaxQ", "heteromig"),
    )
    catalog = Catalog(dialect="registry", root="r", packages=(), entries=entries)
    shown = make_plain(catalog).entries
    assert [e.key for e in shown] == [
        "S/b/Offline@Triton",
        "S/b/Offline@LWIS",
        "S/b/Offline",
        "S/b/Offline@Custom",
        "S/b/Offline@k_99_9@MaxQ@HeteroMIG",
        "S/b/Offline@k_99-9@MaxQ@heteromig@heteromig",
    ]
    assert [variant(e) for e in shown[:5]] == [
        "Offline, Triton",
        "Offline, LWIS",
        "Offline",
        "Offline, Custom",
        "Offline, 99.9 %, MaxQ, heterogeneous MIG",
    ]


def test_guides_of_others_say_that_nothing_is_measured_and_compare_power(rack):
    config = load_source(rack)
    pages = render(make_plain(extract(config)), _no_evidence(), config)
    words = "Values are read from the source; nothing is measured by this site."
    guides = [text for path, text in pages.items() if re.fullmatch(r"targets/[^/]+/.*md", path)]
    assert guides
    assert all(words in text for text in guides)
    for path, text in pages.items():
        if path.endswith(".md"):
            assert "No command of this project" not in text, path
            assert not re.search(r"never \(|never run|never measured", text), path


def test_sibling_shares_most_configurations():
    def target(name, family="Hopper", mig=None):
        source = Source(path="a.py", line=1)
        return Target(
            name=name, title=name, family=family, devices=8, facts={}, source=source, mig=mig
        )

    def entries(name, *workloads):
        return [
            Entry(
                key=f"{name}/{w}/Offline",
                target=name,
                workload=w,
                scenario="Offline",
                setting=Setting(),
                values={},
                source=Source(path="a.py", line=1),
            )
            for w in workloads
        ]

    catalog = Catalog(
        dialect="registry",
        root="r",
        packages=(),
        targets=(target("H100x8"), target("H1x8"), target("H200x8"), target("L4x8", "Ada")),
        entries=(
            *entries("H100x8", "a", "b", "c"),
            *entries("H1x8", "a"),
            *entries("H200x8", "a", "b"),
            *entries("L4x8", "a", "b", "c"),
        ),
    )
    lookup = Lookup(catalog)
    assert lookup.sibling(lookup.targets["H100x8"]).name == "H200x8"
    assert lookup.sibling(lookup.targets["L4x8"]) is None


def test_site_needs_a_place_outside_of_the_tree(rack, tmp_path):
    runner = CliRunner()
    inside = runner.invoke(main, ["build", "--source", str(rack), "--output", str(rack / "site")])
    assert inside.exit_code == UsageError.exit_code
    assert not (rack / "site").exists()
    alone = runner.invoke(main, ["build", "--source", str(rack)])
    assert alone.exit_code == UsageError.exit_code
    assert "--source and --output together" in alone.output


@pytest.mark.site
def test_links_go_where_the_pattern_says(rack, tmp_path):
    pytest.importorskip("sphinx")
    site = tmp_path / "site"
    url = "https://example.org/tree/{path}#L{line}"
    command = ["build", "--source", str(rack), "--output", str(site), "--url", url, "--jobs", "1"]
    done = CliRunner().invoke(main, command)
    assert done.exit_code == 0, done.output
    page = (site / "targets" / "Y9x1" / "alpha.html").read_text()
    assert re.search(r'href="https://example\.org/tree/configs/Y9x1/Offline/alpha\.py#L\d+"', page)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("H100_SXM-80GBx8", "H100_SXM-80GBx8"),
        ("a b/c", "a_b_c"),
        ("..", "_"),
        (".hidden", "hidden"),
        ("index", "index_"),
        ("", "_"),
        ("é<x>", "_x_"),
    ],
)
def test_plain_names(name, expected):
    assert plain(name) == expected


def test_names_stay_apart_and_plain_ones_stay():
    names = Names()
    names.add(["a b", "a_b", "a<b", "A B"])
    assert names.of("a_b") == "a_b"
    assert len({names.of(n).lower() for n in ("a b", "a_b", "A B", "a<b")}) == 4


def test_one_line():
    assert one_line("a\n\tb\u202ec\x00") == "a b c"


@pytest.mark.parametrize(
    ("text", "share"),
    [("0.99", "99"), ("0.999", "99.9"), ("k_99_9", "99.9"), ("99.9", "99.9"), ("odd", "odd")],
)
def test_accuracy_share(text, share):
    assert accuracy_share(text) == share


def _no_evidence():
    from docgen.evidence import Evidence

    return Evidence(())


def test_long_values_open_on_demand_and_stay_safe():
    long = {f"part_{i}": "<b>|" for i in range(30)}
    cell = in_cell(long)
    assert cell.startswith('<details class="bench-why"><summary>30 parts</summary>')
    body = cell.partition("</summary>")[2].removesuffix("</details>")
    assert not set("<>|{}*_`\\\\[]") & set(body)
    assert html.unescape(body).startswith("part_0: <b>|; part_1")
    assert in_cell({"alpha": 3}) == "alpha: 3"
    assert in_cell(7.5, "ms") == "7.5\u202fms"


def test_settings_stand_by_scenario_and_facts_below_each_other(rack):
    config = load_source(rack)
    pages = render(make_plain(extract(config)), _no_evidence(), config)
    alpha = pages["targets/X100-SXM-80GBx2/alpha.md"]
    assert alpha.index("\n## Offline\n") < alpha.index("\n## Server\n")
    assert "| Fact | Value | Place |" in pages["targets/X100-SXM-80GBx2/index.md"]
    fields = pages["reference/fields.md"]
    assert "Every setting that a configuration can have.\n" in fields
    assert "{doc}`alpha </targets/X100-SXM-80GBx2/alpha>`" in fields
    assert "of them MIG slices" in pages["index.md"]
