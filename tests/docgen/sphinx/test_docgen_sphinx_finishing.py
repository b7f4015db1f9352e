"""The inventory is written where it would be another one, or is not there as it was."""

from __future__ import annotations

from sphinx.util.inventory import InventoryFile

from docgen.sphinx import finishing

TARGET = "```{bench:target} h200\n```\n"


def _names(site):
    return set(InventoryFile.loads(site.inventory(), uri="").data["bench:target"])


def test_the_inventory_is_left_alone_while_its_objects_stay(site):
    site.page("a", f"# A\n\n{TARGET}")
    site.index()
    site.build()
    place = site.out / "objects.inv"
    first, time = place.read_bytes(), place.stat().st_mtime_ns
    assert _names(site) == {"h200"}

    site.page("a", f"# A\n\n{TARGET}More.\n")
    site.build()
    assert place.stat().st_mtime_ns == time

    place.write_bytes(b"torn")
    site.page("a", f"# A\n\n{TARGET}Even more.\n")
    site.build()
    assert place.read_bytes() == first

    site.page("a", "# A\n\n```{bench:target} b200\n```\n")
    site.build()
    assert _names(site) == {"b200"}

    next(site.root.rglob(finishing.KEPT)).write_text("{")
    site.page("a", "# A\n\n```{bench:target} b300\n```\n")
    site.build()
    assert _names(site) == {"b300"}
