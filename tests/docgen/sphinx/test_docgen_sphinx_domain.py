"""Objects, links and the inventory, however the pages are read."""

from __future__ import annotations

import pytest

pytestmark = pytest.mark.site

KINDS = ("config", "target", "field", "policy", "term", "snippet")
NAMES = {
    "config": "h200-sxm-141gb/resnet50/offline@99.9",
    "target": "h200-sxm-141gb",
    "field": "Offline.target_qps",
    "policy": "run.min-duration",
    "term": "tail latency",
    "snippet": "run:cpu/digits/offline",
}


def declare(kind: str, name: str, title: str = "") -> str:
    option = f":title: {title}\n" if title else ""
    return f"```{{bench:{kind}}} {name}\n{option}```\n\n"


def fill(site, pages: int = 8) -> None:
    """Write pages that declare one target each and link to the next one's."""
    for number in range(pages):
        after = (number + 1) % pages
        site.page(
            f"p{number}",
            f"# Page {number}\n\n{declare('target', f't{number}', f'Target {number}')}"
            f"See {{bench:target}}`t{after}`.\n",
        )
    site.index()


def test_every_kind_is_declared_linked_and_in_the_inventory(site) -> None:
    from sphinx.util.inventory import InventoryFile

    for kind, name in NAMES.items():
        site.page(kind, f"# {kind}\n\n{declare(kind, name, 'A title')}Text.\n")
    links = "".join(f"- {{bench:{k}}}`{n}` {{bench:{k}}}`words <{n}>`\n" for k, n in NAMES.items())
    site.page("links", f"# Links\n\n{links}")
    site.index()

    built = site.build()

    assert built.warnings == []
    inventory = InventoryFile.loads(site.inventory(), uri="").data
    html = site.html("links")
    for kind, name in NAMES.items():
        item = inventory[f"bench:{kind}"][name]
        assert item.display_name == "A title"
        page, _, anchor = item.uri.partition("#")
        assert f'id="{anchor}"' in site.html(page.removesuffix(".html"))
        assert html.count(f'href="{item.uri}"') == 2


def test_inventory_is_the_same_alone_in_parallel_and_after_edits(site) -> None:
    fill(site)
    site.build(jobs=1, out="one")
    site.build(jobs=2, out="two")
    assert site.inventory("one") == site.inventory("two")

    # incremental: an edit that takes an object away, then one that brings it back
    whole = (site.src / "p3.md").read_text()
    site.page("p3", "# Page 3\n\nNothing.\n")
    built = site.build(jobs=2, out="two")
    assert built.read == ["p3"]
    assert ("target", "t3") not in built.objects
    assert any("p2.md" in w and "'t3'" in w for w in built.warnings)
    site.page("p3", whole)
    site.build(jobs=1, out="two")
    assert site.inventory("one") == site.inventory("two")

    (site.src / "p7.md").unlink()
    site.page("p6", (site.src / "p6.md").read_text().replace("t7", "t0"))
    site.index()
    site.build(jobs=2, out="two")
    site.build(jobs=1, out="three")
    assert site.inventory("three") == site.inventory("two") != site.inventory("one")


def test_pages_that_link_to_a_moved_object_are_written_again(site) -> None:
    fill(site)
    site.build()
    declared = declare("target", "t4", "Target 4")
    site.page("p4", (site.src / "p4.md").read_text().replace(declared, ""))
    site.page("p7", (site.src / "p7.md").read_text() + f"\n{declared}")

    built = site.build()

    assert sorted(built.read) == ["p4", "p7"]
    assert "p3" in built.written
    assert 'href="p7.html#bench-target-t4"' in site.html("p3")
    assert "p6" not in built.written


@pytest.mark.parametrize("jobs", [1, 2])
def test_duplicates_name_both_places_and_the_same_page_wins(site, jobs: int) -> None:
    fill(site)
    site.page("p5", f"# Page 5\n\n{declare('target', 't1')}{declare('target', 't5')}")

    built = site.build(jobs=jobs)

    found = [w for w in built.warnings if "one declaration" in w]
    assert len(found) == 1
    assert "p5.md:3" in found[0]
    assert "p1.md:3" in found[0]
    assert built.objects["target", "t1"].docname == "p1"

    # when the first goes, the second holds, although its page is not read again
    site.page("p1", f"# Page 1\n\n{declare('target', 'other')}")
    built = site.build(jobs=jobs)
    assert built.read == ["p1"]
    assert built.objects["target", "t1"].docname == "p5"


def test_duplicate_on_one_page_is_seen(site) -> None:
    site.page("index", f"# I\n\n{declare('field', 'A.b')}{declare('field', 'A.b')}")
    built = site.build()
    assert len([w for w in built.warnings if "one declaration" in w]) == 1
    assert "index.md:3" in built.warnings[0]
    assert "index.md:6" in built.warnings[0]


def test_unknown_name_warns_under_nitpicky_with_its_likely_spelling(site) -> None:
    text = f"# I\n\n{declare('target', 'h200-sxm-141gb')}{{bench:target}}`h200-sxm-140gb`\n"
    site.page("index", text)
    assert site.build(nitpicky=False).warnings == []
    site.page("index", text + "\n")
    (warning,) = site.build(nitpicky=True).warnings
    assert "index.md:6: WARNING: want a declared bench:target, got 'h200-sxm-140gb'" in warning
    assert "did you mean 'h200-sxm-141gb'?" in warning


def test_any_role_finds_objects(site) -> None:
    site.page("index", f"# I\n\n{declare('policy', 'run.seed')}{{any}}`run.seed`\n")
    assert site.build().warnings == []
    assert 'href="#bench-policy-run.seed"' in site.html("index")


def test_a_build_without_changes_reads_and_writes_nothing(site) -> None:
    fill(site)
    assert len(site.build(jobs=2).read) == 9
    built = site.build(jobs=2)
    assert (built.read, built.written) == ([], [])


def test_anchor_keeps_names_apart_and_readable() -> None:
    from docgen.sphinx.domain import make_anchor

    assert make_anchor("config", "a/b/Offline@99.9") == "bench-config-a-b-Offline-99.9"
    assert make_anchor("term", "tail latency") == "bench-term-tail-latency"
    assert make_anchor("field", "Offline.target_qps") == "bench-field-Offline.target_qps"


def test_header_cells_say_what_they_head(site) -> None:
    site.page(
        "index",
        "# I\n\n```{list-table}\n:header-rows: 1\n:stub-columns: 1\n\n"
        "* - a\n  - b\n* - c\n  - d\n```\n",
    )
    site.build()
    html = site.html("index")
    assert html.count('<th scope="col"') == 2
    assert html.count('<th scope="row"') == 1
