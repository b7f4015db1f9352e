"""Settings of a site whose pages come without a conf.py: that of a tree that others wrote."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from docgen.config import Config

SETTINGS: dict[str, Any] = {
    "language": "en",
    "extensions": ["myst_parser", "sphinx_design", "sphinx_copybutton", "docgen.sphinx"],
    "root_doc": "index",
    "exclude_patterns": ["_extra"],
    "myst_enable_extensions": ["attrs_block", "attrs_inline", "colon_fence", "deflist"],
    "myst_heading_anchors": 3,
    "smartquotes": False,
    "highlight_language": "text",
    "html_theme": "pydata_sphinx_theme",
    "html_show_sourcelink": False,
    "html_copy_source": False,
    "html_show_sphinx": False,
    "html_sidebars": {name: [] for name in ("compare", "troubleshooting", "health", "search")},
    "html_theme_options": {
        "navigation_depth": 3,
        "show_nav_level": 1,
        "show_toc_level": 2,
        "collapse_navigation": False,
        "navbar_align": "left",
        "header_links_before_dropdown": 6,
        "navbar_end": ["theme-switcher"],
        "navbar_persistent": ["search-button"],
        "footer_start": [],
        "footer_end": [],
        "show_prev_next": False,
        "secondary_sidebar_items": ["page-toc"],
        "pygments_light_style": "a11y-high-contrast-light",
        "pygments_dark_style": "a11y-high-contrast-dark",
        "use_edit_page_button": False,
    },
}
"""Sphinx's settings, as a conf.py would have them."""


def settings(config: Config) -> dict[str, Any]:
    """Return the settings of a tree's site; where it links to is in them."""
    from docgen.foreign import one_line

    name = one_line(config.root.name) or "harness"
    extra = ["_extra"] if (config.docs / "_extra").is_dir() else []
    return {
        **SETTINGS,
        "project": name,
        "html_title": name,
        "html_extra_path": extra,
        "docgen_root": str(config.root),
        "docgen_store": str(config.store),
        "docgen_repository_url": config.repository_url,
    }
