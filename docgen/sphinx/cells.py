"""Cells of quick tables: Markdown in, HTML with a mark for each role out.

markdown-it reads all that a cell can hold. Most cells hold little: paragraphs, lists of
single lines and raw HTML as docgen writes it, in words, code and roles. These are written
as markdown-it would write them, several times as fast; a cell with any other mark goes to
markdown-it itself.
"""

from __future__ import annotations

import functools
import re
from html import escape
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from markdown_it import MarkdownIt

Rendered = tuple[str, tuple[tuple[str, str], ...]]
"""HTML, and name and text of each role that has a mark in it."""

MARK = "\ue000\ue001"
"""Stands in the HTML for a role."""

_INLINE = re.compile(
    r"(?P<words>[A-Za-z0-9 ,.:;%/()+=?|'\"\u00a0-\u1fff\u200b-\u2027\u202f-\u2fff\u3000-\ud7ff-]+)"
    r"|\\(?P<escaped>[!-/:-@\[-`{-~])"
    r"|`(?P<code>[^`\n]+)`(?!`)"
    r"|\{(?P<role>[a-zA-Z0-9_:+-]+)\}`(?P<text>[^`\n]+)`(?!`)"
    r"|(?<![^ ])(?P<stars>\*\*?)"
    r"(?P<stressed>[A-Za-z0-9](?:[A-Za-z0-9 ,.:;%/()+=\u202f-]*[A-Za-z0-9%])?)"
    r"(?P=stars)(?![^ ])"
)
_RAW = re.compile(r"</?details(?=[ >])")
_OPENS_BLOCK = re.compile(r"[-+#>=|]|\d+[.)](?: |$)")
"""Starts of lines that can be more than words."""


@functools.lru_cache(maxsize=20_000)
def render(text: str, *, words: bool) -> Rendered:
    """Return Markdown as HTML with a mark for each role, and the roles in order.

    Args:
        text: Markdown.
        words: Whether it is what stands inside a paragraph, which it then gets.
    """
    found = write_simple(text, words=words)
    return found if found is not None else write_any(text, words=words)


def write_any(text: str, *, words: bool) -> Rendered:
    """Return what markdown-it makes of a cell."""
    env: dict[str, Any] = {"roles": []}
    if words:
        inside = str(_parser().renderInline(text, env)).replace("@", "&#64;")
        return f"<p>{inside}</p>" if inside else "", tuple(env["roles"])
    html = str(_parser().render(text, env)).rstrip()
    return html, tuple(env["roles"])


def write_simple(text: str, *, words: bool) -> Rendered | None:
    """Return the same of a simple cell, without markdown-it; None for any other one."""
    roles: list[tuple[str, str]] = []
    if words:
        inside = _line(text, roles)
        html = f"<p>{inside.replace('@', '&#64;')}</p>" if inside else None
    else:
        html = _blocks(text, roles)
    return (html, tuple(roles)) if html is not None else None


def _blocks(text: str, roles: list[tuple[str, str]]) -> str | None:
    """Return blocks as HTML; None where one is not simple."""
    out: list[str] = []
    after_list = False
    for block in re.split(r"\n\n+", text.strip("\n")):
        if _RAW.match(block):
            if any(line != line.rstrip() for line in block.split("\n")):
                return None
            out.append(block)
            after_list = False
        elif block.startswith("- "):
            items = [
                _line(line[2:], roles) if line.startswith("- ") else None
                for line in block.split("\n")
            ]
            if after_list or None in items:
                return None
            out += ["<ul>", *(f"<li>{item}</li>" for item in items), "</ul>"]
            after_list = True
        else:
            lines = [_line(line, roles) for line in block.split("\n")]
            if None in lines:
                return None
            out.append("<p>" + "\n".join(line for line in lines if line is not None) + "</p>")
            after_list = False
    return "\n".join(out)


def _line(text: str, roles: list[tuple[str, str]]) -> str | None:
    """Return a line of words, code and roles as HTML; None where there is more in it."""
    if text != text.strip() or _OPENS_BLOCK.match(text):
        return None
    out: list[str] = []
    at = 0
    while at < len(text):
        found = _INLINE.match(text, at)
        if found is None:
            return None
        at = found.end()
        kind = found.lastgroup
        if kind == "words":
            out.append(found["words"].replace('"', "&quot;"))
        elif kind == "escaped":
            out.append(_ESCAPED.get(found["escaped"], found["escaped"]))
        elif kind == "code":
            if found["code"].startswith(" ") or found["code"].endswith(" "):
                return None
            out.append(_code(found["code"]))
        elif kind == "stressed":
            tag = "strong" if len(found["stars"]) > 1 else "em"
            out.append(f"<{tag}>{found['stressed']}</{tag}>")
        else:
            roles.append((found["role"], found["text"]))
            out.append(MARK)
    return "".join(out) or None


_ESCAPED = {"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;"}


def _code(text: str) -> str:
    """Return code as HTML, each word of which stays on its line."""
    inside = "".join(
        word if not word.strip() else f'<span class="pre">{escape(word)}</span>'
        for word in re.split(r"(\s+)", text)
    )
    return f'<code class="docutils literal notranslate">{inside}</code>'


@functools.cache
def _parser() -> MarkdownIt:
    """Return the parser of cells: what MyST understands inside a line, and no more."""
    from markdown_it import MarkdownIt
    from mdit_py_plugins.myst_role import myst_role_plugin

    parser = MarkdownIt("commonmark").use(myst_role_plugin)

    def write_role(_self: Any, tokens: Any, index: int, _options: Any, env: Any) -> str:
        token = tokens[index]
        env["roles"].append((token.meta["name"], token.content))
        return MARK

    def write_code(_self: Any, tokens: Any, index: int, _options: Any, _env: Any) -> str:
        return _code(tokens[index].content)

    parser.add_render_rule("myst_role", write_role)
    parser.add_render_rule("code_inline", write_code)
    return parser
