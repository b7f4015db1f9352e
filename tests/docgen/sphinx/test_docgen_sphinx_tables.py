"""Fast tables: the same links, anchors and words as a `list-table`, and nothing that scripts."""

import re

from docgen.sphinx import tables
from docgen.tables import render_table
from docgen.views.model import Table
from docgen.views.text import code, inline, raw

HOSTILE = "</td></table><script>alert(1)</script>{{ x }} {bench:field}`y` \"' | * - a\n(l)=\n```"


def make_page(*cells: str) -> str:
    rows = tuple((f"{{bench:field}}`F.x`\n\nrow {n}", cell) for n, cell in enumerate(cells))
    table = Table(headers=("Field", "Value"), rows=rows, name="bench-settings", stub=1)
    return "# P\n\n```{bench:field} F.x\n```\n\n" + render_table(table) + "\n"


def test_roles_labels_and_parts_that_open_are_kept(site):
    cell = (
        "(one-label)=\n(two_labels)=\n**int8x**\n\n"
        '<details class="bench-why" id="w"><summary>why</summary>\n\n`a = 7`\n\n</details>'
    )
    site.page("a", make_page(cell))
    site.page("b", "# B\n\n{ref}`there <one-label>` {ref}`too <two_labels>`\n")
    site.index()
    built = site.build()
    html = site.html("a")
    assert built.warnings == []
    assert 'scope="col"' in html
    assert 'scope="row"' in html
    assert '<summary>why</summary>\n<p><code class="docutils' in html
    assert 'href="#bench-field-F.x"' in html
    for anchor in re.findall(r'href="a\.html#([^"]+)"', site.html("b")):
        assert f'id="{anchor}"' in html
    assert site.html("b").count('href="a.html#') == 2
    assert "int8x" in (site.out / "searchindex.js").read_text()


def test_processes_and_rebuilds_give_the_same_inventory(site):
    for name in ("a", "b", "c", "d", "e", "f"):
        site.page(
            name, f"# {name}\n\n" + make_page(f"(label-{name})=\n1").replace("F.x", f"F.{name}")
        )
    site.index()
    site.build(out="one")
    site.build(jobs=2, out="two")
    assert site.inventory("one") == site.inventory("two")
    site.page("a", (site.src / "a.md").read_text() + "\nmore\n")
    assert site.build(out="one").read == ["a"]
    assert site.inventory("one") == site.inventory("two")


def test_hostile_text_stays_text(site):
    summary = f"<details><summary>{raw(HOSTILE)}</summary>\n\n{inline(HOSTILE)}\n\n</details>"
    site.page("a", make_page(code(HOSTILE), inline(HOSTILE), summary))
    site.index()
    built = site.build()
    html = site.html("a")
    assert built.warnings == []
    assert "alert(1)" in html
    assert "<script>alert" not in html
    assert html.count("<table") == html.count("</table") == 1


def test_an_unknown_role_or_reference_warns(site):
    site.page("a", make_page("{bench:field}`F.nothing`", "{nosuch}`x`"))
    site.index()
    warnings = "\n".join(site.build().warnings)
    assert "F.nothing" in warnings
    assert "nosuch" in warnings


def test_other_builders_get_a_plain_table(site):
    site.page("a", make_page("<details><summary>why</summary>\n\n`a < b`\n\n</details>"))
    site.index()
    built = site.build(builder="text", out="text")
    text = (site.root / "text/a.txt").read_text()
    assert built.warnings == []
    assert re.search(r"Field +\| Value", text)
    assert re.search(r"row 0 +\| why .a < b.|row 0 +\| why a < b", text)
    assert "<details" not in text


def test_blocks_of_myst_leave_it_to_docutils():
    assert tables.split_rows(["* - a", "  - b"]) == [[["a"], ["b"]]]
    assert tables.split_rows(["* - ```{note}", "    x", "    ```"]) is None
    assert tables.split_rows(["* - a", "* - b", "  - c"]) is None


PIPES = """| A | B |
| :-- | --: |
| {bench:field}`F.x` {bench:field}`own words <F.x>` | `a b"<` @ & *c* \\| d |
| {doc}`home <index>` | {bench:src}`l <docs/a.md:1>` |
| <details class="bench-why"><summary>2 parts</summary>a&#58; &#60;b&#62;</details> (3 \u00d7) | x |
| <span class="docgen-badge docgen-badge-measured">checked</span> | y |
"""


def _fenced(name):
    return f"```````{{{name}}}\n:class: k\n:widths: auto\n\n{PIPES}```````\n"


def test_pipes_are_written_as_the_slow_tables_are(site):
    head = "# P\n\n```{bench:field} F.x\n```\n\nText.\n\n"
    site.page("a", head + _fenced("table"))
    site.page("b", head.replace("F.x", "F.y") + _fenced("bench:pipes"))
    site.index()
    built = site.build()
    assert built.warnings == []
    slow, quick = (
        re.search(r"<thead>.*?</tbody>", site.html(name), re.DOTALL)[0] for name in ("a", "b")
    )
    assert 'href="#bench-field-F.x"' in slow
    assert quick == slow.replace('href="#', 'href="a.html#')


def test_an_unknown_target_in_pipes_is_a_warning(site):
    site.page("a", "# P\n\n" + _fenced("bench:pipes").replace("F.x", "F.gone"))
    site.index()
    built = site.build()
    assert len([w for w in built.warnings if "F.gone" in w]) == 2
    assert "own words" in site.html("a")
    assert "\ue002" not in site.html("a")


def test_words_that_only_myst_reads_are_left_to_it():
    assert tables.split_pipes(["| a |", "| :-- |", "| [x](y.md) |"]) is None
    assert tables.split_pipes(["| a |", "| :-- |", "| <b>x</b> |"]) is None
    assert tables.split_pipes(["| a |", "| :-- |", "| `x`{.y} |"]) is None
    assert tables.split_pipes(["| a |", "| :-- |", "| `<b>[x](y)` |"]) is not None


def test_a_table_of_settings_is_named_by_page_and_section_for_those_who_hear_it(site):
    rows = "* - Field\n  - All\n* - a\n  - b\n"
    table = f"```{{bench:table}}\n:header-rows: 1\n:class: NAME\n\n{rows}```\n"
    settings = table.replace("NAME", "bench-settings")
    site.page("a", f"# T9 & Bert\n\n## Offline\n\n{settings}\n{table.replace('NAME', 'other')}")
    site.index()
    built = site.build()
    assert built.warnings == []
    html = site.html("a")
    assert html.count("<caption") == 1
    assert '<caption class="visually-hidden">T9 &amp; Bert: Offline</caption>' in html
    assert html.index("bench-settings") < html.index("<caption") < html.index("<thead>")


LINES = """- **3d: 8** (2 entries): a\\_b: {doc}`U & V </index>` (2 \u202f\u00d7); {doc}`W <index>`, {doc}`p <c>`
- **<details class="bench-why"><summary>3 parts</summary>&#91;1&#93;</details>** (1 entry): {bench:field}`F.x`
- **`c d`** (9 entries): {ref}`words <there>`, *em* `"quoted"` x@y.z & https://example.org
"""


def test_lines_are_written_as_a_list_of_myst_is(site):
    head = "# P\n\n```{bench:field} F.x\n```\n\nText.\n\n"
    site.page("a", head + LINES)
    site.page("b", "# Q\n\n" + f"```````{{bench:lines}}\n{LINES}```````\n")
    site.page("c", "# R\n\n(there)=\n## There\n")
    site.index()
    built = site.build()
    assert built.warnings == []
    slow, quick = (
        re.search(r'<ul class="simple">.*?</ul>', site.html(name), re.DOTALL)[0] for name in "ab"
    )
    assert 'href="#bench-field-F.x"' in slow
    assert quick == slow.replace('href="#bench', 'href="a.html#bench')


def test_lines_that_only_myst_reads_are_left_to_it(site):
    site.page("a", "# P\n\n```````{bench:lines}\n- [x](https://example.org)\n- y\n```````\n")
    site.index()
    assert site.build().warnings == []
    assert re.search(r'<li><p><a class="reference external"', site.html("a"))


def test_other_builders_get_a_plain_list(site):
    site.page(
        "a",
        f"# P\n\n```{{bench:field}} F.x\n```\n\n(there)=\n## T\n\n```````{{bench:lines}}\n{LINES}```````\n",
    )
    site.page("c", "# C\n")
    site.index()
    built = site.build(builder="text", out="text")
    text = (site.root / "text/a.txt").read_text()
    assert built.warnings == []
    assert re.search(r"^\* 3d: 8 \(2 entries\): a_b: U & V", text, re.MULTILINE)
    assert "<summary" not in text
