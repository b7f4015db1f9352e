"""Inlines an SVG file safely: nothing that acts or loads, ids of its own, style kept in."""

from __future__ import annotations

import re
from xml.etree import ElementTree as ET

from docgen.errors import Problem, SourceError

_SVG = "http://www.w3.org/2000/svg"
_XLINK = "http://www.w3.org/1999/xlink"
_DROPPED = {
    *("script", "foreignObject", "iframe", "metadata", "handler", "listener"),
    *("set", "animate", "animateMotion", "animateTransform"),
}
_RASTER = re.compile(r"data:image/(png|jpeg);base64,[A-Za-z0-9+/=\s]*")
_ACTIVE_STYLE = re.compile(r"@import|url\(\s*['\"]?(?!#)|expression\(", re.IGNORECASE)


def inline(markup: str, prefix: str, alt: str, where: str) -> str:
    """Return the drawing as an element of an HTML page.

    Args:
        markup: Text of the SVG file.
        prefix: Put before every id, so drawings on one page do not share any.
        alt: What the drawing shows, for those who do not see it.
        where: Name of the file, for messages.

    Raises:
        SourceError: The file is no SVG.
    """
    if "<!ENTITY" in markup:
        raise SourceError(Problem(where, "an SVG without entities", "<!ENTITY", "remove them"))
    try:
        root = ET.fromstring(markup)  # noqa: S314 - entities are refused above
    except ET.ParseError as error:
        raise SourceError(Problem(where, "well-formed SVG", str(error), "write it anew")) from error
    if root.tag != f"{{{_SVG}}}svg":
        raise SourceError(Problem(where, "an <svg> element", root.tag, "name an SVG file"))
    _clean(root, prefix)
    root.set("id", prefix)
    root.set("role", "img")
    root.set("aria-label", alt)
    ET.register_namespace("", _SVG)
    ET.register_namespace("xlink", _XLINK)
    return ET.tostring(root, encoding="unicode")


def _clean(element: ET.Element, prefix: str) -> None:
    """Remove what acts or loads below an element, and prefix its ids and uses of ids."""
    for child in list(element):
        if not isinstance(child.tag, str) or child.tag.rpartition("}")[2] in _DROPPED:
            element.remove(child)
            continue
        _clean(child, prefix)
    if element.tag == f"{{{_SVG}}}style":
        text = element.text or ""
        kept = "" if _ACTIVE_STYLE.search(text) else _prefix_urls(text, prefix)
        element.text = f"#{prefix} {{ {kept} }}"
    for name, value in list(element.attrib.items()):
        local = name.rpartition("}")[2]
        if local.lower().startswith("on") or _ACTIVE_STYLE.search(value):
            del element.attrib[name]
        elif local == "href":
            if value.startswith("#"):
                element.set(name, f"#{prefix}-{value[1:]}")
            elif not _RASTER.fullmatch(value):
                del element.attrib[name]
        elif local == "id":
            element.set(name, f"{prefix}-{value}")
        else:
            element.set(name, _prefix_urls(value, prefix))


def _prefix_urls(text: str, prefix: str) -> str:
    """Return the text with every `url(#id)` naming the prefixed id."""
    return re.sub(r"url\(\s*['\"]?#([^)'\"]+)['\"]?\s*\)", rf"url(#{prefix}-\1)", text)
