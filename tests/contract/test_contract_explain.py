"""`harness explain` names places that the site has: labels are made by docgen, pages by both."""

from __future__ import annotations

from docgen.views.text import anchor, slug
from runtime.explain import explanations

LABELS = {
    "trouble": ("troubleshooting.html", ""),
    "error": ("troubleshooting.html", ""),
    "policy": ("reference/policies.html", "policy-"),
    "term": ("reference/glossary.html", "glossary-"),
}


def test_every_page_is_the_label_that_docgen_gives():
    for found in explanations().values():
        if found.kind == "contradiction":
            assert found.page == "reference/policies.html#policies-contradictions"
            continue
        page, prefix = LABELS[found.kind]
        assert found.page == f"{page}#{anchor(prefix + slug(found.word))}"
