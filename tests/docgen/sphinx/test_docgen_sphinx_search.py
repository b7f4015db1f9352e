"""The search index of a rebuild is the one of a build from nothing, byte by byte."""

from __future__ import annotations

import json

PAGES = {
    "a": "# Apples\n\n```{index} Zebra; striped\n```\n\n## Kinds\n\nGreen, red, unusualword.\n",
    "b": "# Bread\n\n```{index} pair: oven; heat\n```\n\nBaked, as {bench:target}`T9`.\n",
    "c": "# Cake\n\n```{index} ! Zebra\n```\n\n## Kinds\n\nSweet.\n",
    "t": "# Targets\n\n```{bench:target} T9\n```\n",
}

EDITS = {
    "a word and an entry": ("a", "# Apples\n\n```{index} Yak\n```\n\nGreen, and no more.\n"),
    "nothing but a word": ("c", "# Cake\n\n```{index} ! Zebra\n```\n\n## Kinds\n\nSour.\n"),
    "an object": ("t", "# Targets\n\n```{bench:target} T9\n```\n\n```{bench:target} T8\n```\n"),
}


def _words(text):
    return json.loads(text.removeprefix("Search.setIndex(").removesuffix(")"))


def test_a_rebuild_after_an_edit_leaves_the_index_of_a_build_from_nothing(site):
    for name, text in PAGES.items():
        site.page(name, text)
    site.index()
    site.build()
    index = site.out / "searchindex.js"
    first = index.read_text()
    assert set(_words(first)["indexentries"]) >= {"zebra", "oven", "striped"}
    assert "unusualword" in _words(first)["terms"]
    for number, (what, (name, text)) in enumerate(EDITS.items()):
        site.page(name, text)
        built = site.build()
        assert built.read == [name], what
        site.build(out=f"fresh{number}")
        fresh = (site.root / f"fresh{number}" / "searchindex.js").read_text()
        assert index.read_text() == fresh, what
    last = _words(index.read_text())
    assert set(last["indexentries"]) >= {"zebra", "oven", "yak"}
    assert "unusualword" not in last["terms"]
    assert "striped" not in last["indexentries"]


def test_a_page_that_is_gone_is_gone_from_the_index(site):
    for name, text in PAGES.items():
        site.page(name, text)
    site.index()
    site.build()
    (site.src / "a.md").unlink()
    site.index()
    site.build()
    site.build(out="fresh")
    found = (site.out / "searchindex.js").read_text()
    assert found == (site.root / "fresh" / "searchindex.js").read_text()
    assert "striped" not in _words(found)["indexentries"]


def test_marks_of_html_are_no_words(site):
    rows = '| Word |\n| :-- |\n| `first < "second" & third` |\n'
    site.page("a", f"# Table\n\n```````{{bench:pipes}}\n{rows}```````\n")
    site.index()
    site.build()
    words = _words((site.out / "searchindex.js").read_text())["terms"]
    assert {"first", "second", "third"} <= set(words)
    assert not {"lt", "amp", "quot"} & set(words)
