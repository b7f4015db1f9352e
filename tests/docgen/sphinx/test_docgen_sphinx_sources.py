"""Source pages and inlined drawings."""

from __future__ import annotations

import pytest

from docgen.errors import SourceError
from docgen.sphinx.drawings import inline

pytestmark = pytest.mark.site

PAGE = "_source/runtime/a.py.html"


def fill(site) -> None:
    site.file("runtime/a.py", 'X = 1\nY = "<b>"\n\n')
    site.file("runtime/unused.py", "Z = 1\n")
    site.page("one", "# One\n\n{bench:src}`runtime/a.py:2`, {bench:src}`all <runtime/a.py>`\n")
    site.page("deep/two", "# Two\n\n{bench:src}`runtime/a.py:1`\n")
    site.page("index", "# I\n\n```{toctree}\none\ndeep/two\n```\n")


def test_links_lead_to_the_line_of_a_highlighted_page(site) -> None:
    fill(site)
    assert site.build().warnings == []
    assert f'href="{PAGE}#L2"' in site.html("one")
    assert f'href="{PAGE}"' in site.html("one")
    assert f'href="../{PAGE}#L1"' in site.html("deep/two")
    page = (site.out / PAGE).read_text()
    assert page.count('class="docgen-line"') == 3
    assert 'id="L2"' in page
    assert "&lt;b&gt;" in page
    assert "<b>" not in page
    assert not (site.out / "_source/runtime/unused.py.html").exists()


def test_source_page_is_written_only_when_its_text_changed(site) -> None:
    fill(site)
    site.build()
    page = site.out / PAGE
    before = page.stat().st_mtime_ns
    site.build()
    site.page("one", "# One\n\n{bench:src}`runtime/a.py:3`\n")
    site.build()
    assert page.stat().st_mtime_ns == before

    site.file("runtime/a.py", "X = 2\n\n\n")
    built = site.build()
    assert built.read == []
    assert page.stat().st_mtime_ns != before
    assert '<span class="mi">2</span>' in page.read_text()

    page.unlink()
    site.build()
    assert page.exists()


def test_source_page_goes_with_the_last_link_to_it(site) -> None:
    fill(site)
    site.build(jobs=2)
    site.page("one", "# One\n")
    site.build()
    assert (site.out / PAGE).exists()
    site.page("deep/two", "# Two\n")
    site.build()
    assert not (site.out / PAGE).exists()


@pytest.mark.parametrize(
    ("target", "words"),
    [
        ("runtime/b.py:1", "'runtime/b.py'"),
        ("runtime/a.py:9", "line 9 of 3"),
        ("../secret.txt", "'../secret.txt'"),
        ("/etc/hostname:1", "'/etc/hostname'"),
        ("runtime/link.py", "'runtime/link.py'"),
    ],
)
def test_wrong_places_warn_and_get_no_page(site, target: str, words: str) -> None:
    fill(site)
    secret = site.root.parent / "secret.txt"
    secret.write_text("secret\n")
    (site.root / "runtime/link.py").symlink_to(secret)
    site.page("one", f"# One\n\n{{bench:src}}`{target}`\n")
    (warning,) = site.build().warnings
    assert "one.md:3" in warning
    assert words in warning
    assert not any("secret" in p.name for p in site.out.rglob("*"))


def test_links_lead_to_the_repository_where_it_is_named(site) -> None:
    fill(site)
    url = "https://example.org/tree/{path}#L{line}"
    site.build(docgen_repository_url=url)
    assert 'href="https://example.org/tree/runtime/a.py#L2"' in site.html("one")
    assert not (site.out / "_source").exists()


def test_text_names_the_place_without_a_link(site) -> None:
    fill(site)
    assert site.build(builder="text").warnings == []
    assert "runtime/a.py:2" in (site.out / "one.txt").read_text()


SVG = """<?xml version="1.0"?>
<!DOCTYPE svg PUBLIC "-//W3C//DTD SVG 1.1//EN" "http://www.w3.org/Graphics/SVG/1.1/DTD/svg11.dtd">
<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" onload="evil()">
<style>* {stroke-linejoin: round}</style>
<defs><clipPath id="c"><rect width="5" height="5"/></clipPath></defs>
<script>evil()</script><foreignObject><p>evil()</p></foreignObject>
<g clip-path="url(#c)" onclick="evil()" style="fill: url(http://evil/)"><use xlink:href="#c"/></g>
<a xlink:href="javascript:evil()"><image xlink:href="http://evil/x.png"/></a>
<set attributeName="href" to="javascript:evil()"/>
</svg>
"""


def test_drawing_is_inlined_without_what_acts_or_loads(site) -> None:
    (site.src / "plots").mkdir(parents=True)
    (site.src / "plots/a.svg").write_text(SVG)
    site.page("index", "# I\n\n```{bench:svg} plots/a.svg\n:alt: Two <bars>\n```\n")
    assert site.build().warnings == []
    html = site.html("index")
    assert "evil" not in html
    assert 'aria-label="Two &lt;bars&gt;"' in html
    assert 'id="svg-plots-a-c"' in html
    assert 'clip-path="url(#svg-plots-a-c)"' in html
    assert '"#svg-plots-a-c"' in html
    assert "#svg-plots-a { * {stroke-linejoin: round} }" in html

    (site.src / "plots/a.svg").write_text(SVG.replace('width="5"', 'width="7"'))
    assert site.build().read == ["index"]
    assert site.build(builder="text", out="text").warnings == []
    assert "Two <bars>" in (site.root / "text/index.txt").read_text()


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ("```{bench:svg} gone.svg\n:alt: x\n```", "want a file below docs, got 'gone.svg'"),
        ("```{bench:svg} ../out.svg\n:alt: x\n```", "want a file below docs"),
        ("```{bench:svg} a.svg\n```", "want :alt:, got none"),
    ],
)
def test_wrong_drawings_are_errors(site, body: str, words: str) -> None:
    (site.src / "a.svg").write_text(SVG)
    (site.root / "out.svg").write_text(SVG)
    site.page("index", f"# I\n\n{body}\n")
    (warning,) = site.build().warnings
    assert "index.md:3" in warning
    assert words in warning


@pytest.mark.parametrize(
    "markup", ["<svg", "<html/>", '<!DOCTYPE x [<!ENTITY a "b">]><svg xmlns="x"/>']
)
def test_what_is_no_svg_is_refused(markup: str) -> None:
    with pytest.raises(SourceError, match=r"a\.svg: want"):
        inline(markup, "p", "alt", "a.svg")
