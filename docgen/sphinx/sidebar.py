"""The side menu of the PyData theme, made once a section and then only marked for each page.

The theme resolves and parses the whole menu anew for every folder of pages. Within a
section all menus are the same but for the place of "you are here" and for relative
addresses. The first one is made by the theme; the others are put together from its pieces,
provided that those give the first one back letter by letter. Otherwise the theme does all.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from html import escape, unescape
from posixpath import dirname, join, normpath

_TAG = re.compile(r"<(/?)(ul|li|a|details)\b([^>]*)>")
_ATTRIBUTE = re.compile(r'([a-z-]+)="([^"]*)"')
_MARKS = frozenset({"current", "active"})
_ELSEWHERE = re.compile(r"[a-z][a-z0-9+.-]*:|//|#.")


@dataclass
class Piece:
    """An opening tag of the menu."""

    name: str
    """`ul`, `li`, `a` or `details`."""
    classes: list[str]
    """Its classes, without marks."""
    attributes: dict[str, str]
    """Its other attributes, without marks."""
    around: list[int] = field(default_factory=list)
    """Places of the lists and entries that it stands in, and of what opens with those."""
    address: str | None = None
    """Page that a link leads to, from the root of the site; None for any other tag."""

    def write(self, *, marked: bool, href: str = "") -> str:
        """Return the tag as the theme writes it, attributes in order of their names."""
        found = dict(self.attributes)
        classes = list(self.classes)
        if marked and self.name == "li":
            classes[1:1] = ["current", "active"]
        elif marked and self.name in {"ul", "a"}:
            classes.insert(0, "current")
        if classes:
            found["class"] = " ".join(classes)
        if self.address is not None:
            found["href"] = "#" if marked else escape(href)
        if marked and self.name == "a":
            found["aria-current"] = "page"
        if marked and self.name == "details":
            found["open"] = "open"
        inside = "".join(f' {name}="{value}"' for name, value in sorted(found.items()))
        return f"<{self.name}{inside}>"


class Menu:
    """The menu of a section, for any of its pages."""

    def __init__(self, html: str, page: str) -> None:
        """Take the menu apart that the theme made for a page, given by its address."""
        self._parts: list[str | Piece] = []
        self._places: dict[str, list[int]] = {}
        self._plain: dict[str, list[str]] = {}
        self._read(html, page)

    def _read(self, html: str, page: str) -> None:
        """Fill the parts."""
        at = 0
        around: list[int] = []
        for tag in _TAG.finditer(html):
            self._parts.append(html[at : tag.start()])
            at = tag.end()
            name = tag[2]
            if tag[1]:
                self._parts.append(tag[0])
                while around and name in {"ul", "li"} and self._name(around.pop()) != name:
                    pass
                continue
            piece = _read_tag(name, tag[3], page)
            place = len(self._parts)
            if name == "a":
                piece.around = list(around)
                if piece.address is not None:
                    self._places.setdefault(piece.address, []).append(place)
            else:
                around.append(place)
            self._parts.append(piece)
        self._parts.append(html[at:])
        self._open_own()

    def _open_own(self) -> None:
        """Note for each link what opens with its own entry: that stands behind the link."""
        entry: int | None = None
        own: dict[int, int] = {}
        for place, part in enumerate(self._parts):
            if isinstance(part, Piece) and part.name == "li":
                entry = place
            elif isinstance(part, Piece) and part.name == "details" and entry is not None:
                own[entry] = place
        for places in self._places.values():
            for place in places:
                link = self._parts[place]
                if isinstance(link, Piece):
                    link.around += [own[p] for p in link.around if p in own]

    def _name(self, place: int) -> str:
        """Return the name of the tag at a place."""
        part = self._parts[place]
        return part.name if isinstance(part, Piece) else ""

    def of(self, page: str) -> str | None:
        """Return the menu on a page, given by its address; None where it has no entry."""
        places = self._places.get(page)
        if places is None:
            return None
        texts = list(self._unmarked(dirname(page)))
        for place in places:
            link = self._parts[place]
            for marked in (place, *(link.around if isinstance(link, Piece) else ())):
                part = self._parts[marked]
                if isinstance(part, Piece):
                    texts[marked] = part.write(marked=True)
        return "".join(texts)

    def _unmarked(self, folder: str) -> list[str]:
        """Return the parts without marks, with addresses relative to a folder."""
        if folder not in self._plain:
            self._plain[folder] = [
                part
                if isinstance(part, str)
                else part.write(marked=False, href=_href(part, folder))
                for part in self._parts
            ]
        return self._plain[folder]


def _read_tag(name: str, text: str, page: str) -> Piece:
    """Return an opening tag without the marks of the page that it was written for."""
    attributes = {key: value for key, value in _ATTRIBUTE.findall(text) if key != "aria-current"}
    classes = attributes.pop("class", "").split()
    if name in {"ul", "li", "a"}:
        classes = [c for c in classes if c not in _MARKS]
    if name == "details":
        attributes.pop("open", None)
    address = None
    href = unescape(attributes.get("href", ""))
    if name == "a" and href and not _ELSEWHERE.match(href):
        del attributes["href"]
        address = page if href == "#" else normpath(join(dirname(page), href))
    return Piece(name, classes, attributes, address=address)


def _href(piece: Piece, folder: str) -> str:
    """Return the address of a link as seen from a folder."""
    if piece.address is None:
        return ""
    here, there = (folder.split("/") if folder else []), piece.address.split("/")
    same = 0
    while same < min(len(here), len(there) - 1) and here[same] == there[same]:
        same += 1
    return "../" * (len(here) - same) + "/".join(there[same:])


def read_checked(html: str, address: str) -> Menu | None:
    """Return the menu in pieces; None where they do not give back what the theme made."""
    menu = Menu(html, address)
    return menu if menu.of(address) == html else None
