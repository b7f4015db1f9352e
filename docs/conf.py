"""Configuration of the site; everything here is static, no module of the project is imported."""

from __future__ import annotations

from pathlib import Path

import tomllib

_HERE = Path(__file__).parent
_PROJECT = tomllib.loads((_HERE.parent / "pyproject.toml").read_text("utf-8"))["project"]

project = "Calliope"
author = "the Calliope authors"
version = release = _PROJECT["version"]
html_title = f"Calliope {release}"
language = "en"

extensions = [
    "myst_parser",
    "sphinx_design",
    "sphinx_copybutton",
    "docgen.sphinx",
]
root_doc = "index"
# Files for programs stand beside the pages and are copied, not read.
exclude_patterns = ["_extra", "_templates", "README.md"]
templates_path = ["_templates"]
# Both folders are optional: the second is written by `docgen build`.
html_static_path = [name for name in ("_static",) if (_HERE / name).is_dir()]
html_extra_path = [name for name in ("_extra",) if (_HERE / name).is_dir()]

myst_enable_extensions = [
    "attrs_block",
    "attrs_inline",
    "colon_fence",
    "deflist",
    "dollarmath",
    "fieldlist",
]
# `--quick` in prose stays two hyphens, or readers copy a dash.
smartquotes = False
# Generated headings are anchors such as `batch_size`; deeper ones are declared by directives.
myst_heading_anchors = 3

highlight_language = "text"
# What a reader copies is the command, never the prompt or what was printed.
copybutton_prompt_text = r"\$ |>>> |\.\.\. "
copybutton_prompt_is_regexp = True
copybutton_only_copy_prompt_lines = True
copybutton_selector = "div.highlight:not(.docgen-source) pre"

html_theme = "pydata_sphinx_theme"
html_show_sourcelink = False
html_copy_source = False
html_show_sphinx = False
html_last_updated_fmt = None
html_use_index = True
# These pages have no section of their own, and tables that want the room.
html_sidebars = {
    name: []
    for name in (
        "quickstart",
        "concepts",
        "compare",
        "troubleshooting",
        "health",
        "performance",
        "search",
    )
}
# Levels are capped: every page carries the menu, and a full tree on each costs N x N.
html_theme_options = {
    "navigation_depth": 3,
    "show_nav_level": 1,
    "show_toc_level": 2,
    # Whole trees are shared by the pages of a folder; collapsed ones are made anew for each.
    "collapse_navigation": False,
    "navbar_align": "left",
    "header_links_before_dropdown": 6,
    "navbar_end": ["theme-switcher"],
    "navbar_persistent": ["search-button"],
    "footer_start": ["copyright"],
    "footer_end": [],
    "show_prev_next": False,
    "secondary_sidebar_items": ["page-toc"],
    "pygments_light_style": "a11y-high-contrast-light",
    "pygments_dark_style": "a11y-high-contrast-dark",
    "use_edit_page_button": False,
}
# Links to other sites are checked by people who change them, never by a build.
linkcheck_ignore = [r".*"]
