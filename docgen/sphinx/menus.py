"""Puts menus of `sidebar` in the theme's place, and keeps them between builds.

A menu of a section is kept with a hash over all that it is made of: the titles and menu
entries of the section's pages, the options, the theme. Only sites without a `conf.py` of their own
keep any: an extension can change how a menu is made.
"""

from __future__ import annotations

import functools
import hashlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from docgen.sphinx.sidebar import Menu, read_checked
from docgen.sphinx.surroundings import find_section, hash_section
from docgen.writing import write_atomically

if TYPE_CHECKING:
    from collections.abc import Callable

    from sphinx.application import Sphinx

FUNCTION = "generate_toctree_html"
"""Name under which the theme's templates ask for the menu."""

AFTER_THEME = 900
"""Priority of the handler: the theme has put its function into the context by then."""

KEPT = "docgen_menus"
"""Folder beside the doctrees that keeps menus."""


class Made(msgspec.Struct, frozen=True):
    """A menu as the theme made it."""

    key: str
    """Hash over what it was made of."""
    address: str
    """Page that it was made for."""
    html: str
    """The menu."""


class Menus:
    """The menus of a site, each asked of the theme once."""

    def __init__(self, app: Sphinx) -> None:
        """Start with those that are kept."""
        self._app = app
        self._menus: dict[Any, Menu | None] = {}
        self._made: dict[str, Made | None] = {}
        self._keys: dict[str, str] = {}
        alone = not (Path(app.srcdir) / "conf.py").exists()
        self._folder = Path(app.doctreedir) / KEPT if alone else None

    def of(self, pagename: str, options: dict[str, Any], theirs: Callable[[], Any]) -> Any:
        """Return the menu on a page; what cannot be put together is asked of the theme.

        A section's first page has no entry in the menu below it.
        """
        address = self._app.builder.get_target_uri(pagename)
        section = find_section(self._app.env, pagename)
        key = (section, *sorted(options.items()))
        if pagename == section:
            kept = self._load("first", key)
            if kept is not None:
                return kept.html
        else:
            menu = self._menu(key)
            made = menu.of(address) if menu is not None else None
            if made is not None:
                return made
        found = theirs()
        html = str(found)
        if pagename == section:
            self._keep("first", key, address, html)
        elif key not in self._menus and 'href="#"' in html:
            self._menus[key] = read_checked(html, address)
            self._keep("other", key, address, html)
        return found

    def _menu(self, key: tuple[Any, ...]) -> Menu | None:
        """Return the menu of a section in pieces; None where it is not known yet, or has none."""
        if key not in self._menus:
            kept = self._load("other", key)
            if kept is None:
                return None
            self._menus[key] = read_checked(kept.html, kept.address)
        return self._menus[key]

    def _load(self, kind: str, key: tuple[Any, ...]) -> Made | None:
        """Return a kept menu that is still made of the same; None without one."""
        if self._folder is None:
            return None
        name = _name(kind, key)
        if name not in self._made:
            self._made[name] = made = _read(self._folder / name)
            if made is not None and made.key != self._key(key):
                self._made[name] = None
        return self._made[name]

    def _keep(self, kind: str, key: tuple[Any, ...], address: str, html: str) -> None:
        """Keep a menu; a cache may refuse. Processes that write at once keep the same."""
        if self._folder is None:
            return
        made = Made(self._key(key), address, html)
        name = _name(kind, key)
        self._made[name] = made
        try:
            self._folder.mkdir(exist_ok=True)
            write_atomically(self._folder / name, msgspec.msgpack.encode(made), durable=False)
        except OSError:
            return

    def _key(self, key: tuple[Any, ...]) -> str:
        """Return a hash over what the menu of a section is made of."""
        section = key[0]
        if section not in self._keys:
            self._keys[section] = hash_section(self._app, section)
        return hashlib.sha256(f"{self._keys[section]} {key}".encode()).hexdigest()


def _name(kind: str, key: tuple[Any, ...]) -> str:
    """Return the name of the file of a menu."""
    return hashlib.sha256(f"{kind} {key}".encode()).hexdigest()[:32]


def _read(path: Path) -> Made | None:
    """Return a kept menu; None where there is none that can be read."""
    try:
        return msgspec.msgpack.decode(path.read_bytes(), type=Made)
    except (OSError, msgspec.MsgspecError):
        return None


def _take_over(
    app: Sphinx, pagename: str, templatename: str, context: dict[str, Any], doctree: object
) -> None:
    """Put a function into the context that asks the theme once a section."""
    del templatename, doctree
    theirs = context.get(FUNCTION)
    if not callable(theirs):
        return
    menus: Menus = app.__dict__.setdefault("docgen_menus", Menus(app))

    def make(kind: str, startdepth: int = 1, show_nav_level: int = 1, **options: Any) -> Any:
        address = app.builder.get_target_uri(pagename)
        plain = kind == "sidebar" and startdepth == 1 and show_nav_level == 1
        whole = options.get("titles_only", False) and not options.get("collapse", True)
        if not plain or not whole or not address.endswith(".html"):
            return theirs(kind, startdepth, show_nav_level, **options)
        ask = functools.partial(theirs, kind, startdepth=1, show_nav_level=1, **options)
        return menus.of(pagename, options, ask)

    context[FUNCTION] = functools.cache(make)  # templates ask more than once a page


def register(app: Sphinx) -> None:
    """Let the menu be made here on sites of the PyData theme."""
    app.connect("html-page-context", _take_over, priority=AFTER_THEME)
