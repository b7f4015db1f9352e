"""The side menu on every page is the one that the theme makes, letter by letter."""

from __future__ import annotations

import pytest

pytest.importorskip("pydata_sphinx_theme")

from docgen.sphinx import menus, sidebar

HEAD = {"extensions": ["myst_parser"], "html_theme": "pydata_sphinx_theme"}
OPTIONS = {"navigation_depth": 4, "collapse_navigation": False}


def _write(docs):
    """Write two sections: folders in folders, captions, a page in two menus, odd titles."""
    pages = {
        "index": "# Root\n\n```{toctree}\na/index\nb/index\n```\n",
        "a/index": "# A\n\n```{toctree}\n:caption: First & <last>\nx/index\ny/index\n```\n"
        "\n```{toctree}\n:caption: More\nz\nOther <https://example.org/a#b>\n/b/one\n```\n",
        "a/x/index": "# X\n\n## Part\n\n```{toctree}\none\ntwo\n```\n",
        "a/x/one": "# `one` & *more*\n",
        "a/x/two": "# Two <b>\n\n```{toctree}\ndeep/er\n```\n",
        "a/x/deep/er": "# Deeper\n",
        "a/y/index": "# Y\n\n```{toctree}\none\n```\n",
        "a/y/one": "# One\n",
        "a/z": "# Z\n",
        "b/index": "# B\n\n```{toctree}\none\n```\n",
        "b/one": "# One of B\n",
    }
    for name, text in pages.items():
        path = docs / f"{name}.md"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def _build(docs, out, *, ours):
    from sphinx.application import Sphinx
    from sphinx.util.docutils import docutils_namespace, patch_docutils

    asked = []
    with patch_docutils(docs), docutils_namespace():
        settings = {**HEAD, "html_theme_options": OPTIONS}
        app = Sphinx(docs, None, out, out / ".trees", "html", settings, status=None, warning=None)
        if ours:
            app.connect(
                "html-page-context",
                lambda a, page, t, context, d: _count(context, page, asked),
                priority=menus.AFTER_THEME - 1,
            )
            menus.register(app)
        app.build()
    return {p.relative_to(out).as_posix(): p.read_text() for p in out.rglob("*.html")}, asked


def _count(context, page, asked):
    theirs = context[menus.FUNCTION]

    def ask(*args, **options):
        asked.append(page)
        return theirs(*args, **options)

    context[menus.FUNCTION] = ask


@pytest.mark.site
def test_menus_are_those_of_the_theme_and_made_once_a_section(tmp_path):
    docs = tmp_path / "docs"
    _write(docs)
    theirs, _ = _build(docs, tmp_path / "theirs", ours=False)
    ours, asked = _build(docs, tmp_path / "ours", ours=True)
    assert "toctree-l3 current active" in theirs["a/x/deep/er.html"]
    assert ours == theirs
    assert len(asked) < len([name for name in theirs if "/" in name])
    assert "a/y/one" not in asked


@pytest.mark.site
def test_menus_are_kept_until_a_title_in_them_changes(tmp_path):
    docs = tmp_path / "docs"
    _write(docs)
    _build(docs, tmp_path / "ours", ours=True)
    for name in ("a/x/one", "a/index"):
        page = docs / f"{name}.md"
        page.write_text(page.read_text() + "\n## A section\n\nMore.\n")
    ours, asked = _build(docs, tmp_path / "ours", ours=True)
    theirs, _ = _build(docs, tmp_path / "theirs", ours=False)
    assert asked == []
    assert ours == theirs

    (docs / "a/z.md").write_text("# Another title\n")
    ours, asked = _build(docs, tmp_path / "ours", ours=True)
    assert asked
    assert "Another title" in ours["a/z.html"]


MENU = (
    '<ul class="current nav bd-sidenav">\n'
    '<li class="toctree-l1 current active has-children"><a class="reference internal" '
    'href="index.html">X</a><details open="open"><summary></summary><ul class="current">\n'
    '<li class="toctree-l2 current active"><a aria-current="page" class="current reference internal" '
    'href="#">one</a></li>\n</ul></details></li>\n'
    '<li class="toctree-l1"><a class="reference internal" href="../y/one.html">Y</a></li>\n</ul>'
)


def test_marks_move_with_the_page():
    menu = sidebar.Menu(MENU, "a/x/one.html")
    assert menu.of("a/x/one.html") == MENU
    other = menu.of("a/y/one.html")
    assert '<li class="toctree-l1 current active"><a aria-current="page"' in other
    assert 'href="../x/one.html">one' in other
    assert "open=" not in other
    assert other.count("aria-current") == 1
    assert 'href="one.html">one' in menu.of("a/x/index.html")
    assert menu.of("a/q.html") is None
