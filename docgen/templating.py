"""Templates: the environment that they are rendered in, and the text of a page."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from docgen.errors import Problem, TemplateError
from docgen.tables import render_table

if TYPE_CHECKING:
    from jinja2 import BytecodeCache, Environment

    from docgen.views.model import Config, Page

BUNDLED = "docgen"
"""Prefix under which an overriding template reaches the one that it overrides."""

COMPILED = "templates"
"""Folder in the cache that keeps compiled templates."""


def render_page(page: Page, environment: Environment) -> str:
    """Return the text of one page, ending in one line break.

    Raises:
        TemplateError: With template and line.
    """
    import jinja2

    try:
        text = environment.get_template(page.template).render(page.context)
    except jinja2.TemplateSyntaxError as error:
        where = f"{error.name or page.template}:{error.lineno}"
        raise TemplateError(
            Problem(where, "a Jinja2 template", str(error.message), "mend the template")
        ) from error
    except jinja2.TemplateNotFound as error:
        raise TemplateError(
            Problem(page.template, "a template of that name", "none", f"add {error.name}")
        ) from error
    except Exception as error:
        where, do = _template_line(error, page.template), "mend that line, or the page's context"
        got = f"{type(error).__name__}: {error}"
        raise TemplateError(Problem(where, f"a page {page.path}", got, do)) from error
    return _tidy(text)


def make_environment(config: Config, cache: Path | None = None) -> Environment:
    """Return the template environment: the user's templates over the bundled ones.

    Every name that a template uses must exist. A template of the user overrides the
    bundled one of the same name; it extends it as `docgen/NAME` to replace single blocks.

    Args:
        config: Where the user's templates are.
        cache: Folder that keeps compiled templates; without it each is compiled anew.
    """
    import jinja2.sandbox

    from docgen import formatting
    from docgen.config import bundled_templates
    from docgen.views import links, text

    bundled = jinja2.FileSystemLoader(bundled_templates())
    environment = jinja2.sandbox.SandboxedEnvironment(
        loader=jinja2.ChoiceLoader(
            [
                jinja2.FileSystemLoader(config.templates),
                bundled,
                jinja2.PrefixLoader({BUNDLED: bundled}),
            ]
        ),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        auto_reload=False,
        bytecode_cache=keep_compiled(cache) if cache is not None else None,
    )
    environment.filters.update(
        table=render_table,
        code=text.code,
        prose=text.prose,
        inline=text.inline,
        raw=text.raw,
        fenced=text.fenced,
        slug=text.slug,
        src=links.src,
        badge=links.badge,
        day=formatting.day,
        moment=formatting.moment,
        duration=formatting.duration,
        count=formatting.count,
        percent=formatting.percent,
    )
    environment.globals.update(fmt=formatting, links=links)
    return environment


def _tidy(text: str) -> str:
    """Return a page without trailing blanks or runs of empty lines outside code blocks."""
    lines: list[str] = []
    for line in text.splitlines():
        stripped = line.rstrip()
        if stripped or (lines and lines[-1]):
            lines.append(stripped)
    while lines and not lines[-1]:
        lines.pop()
    return "\n".join(lines) + "\n"


def _template_line(error: BaseException, template: str) -> str:
    """Return template and line of the innermost template frame of an error."""
    where = template
    frame = error.__traceback__
    while frame is not None:
        name = Path(frame.tb_frame.f_code.co_filename)
        if name.suffix == ".j2":
            where = f"{name.name}:{frame.tb_lineno}"
        frame = frame.tb_next
    return where


def keep_compiled(cache: Path) -> BytecodeCache | None:
    """Return what keeps compiled templates in a folder of the cache; None where it cannot.

    Jinja compares the text of each template. What else decides how it is compiled, the
    libraries and the filters of docgen, is in the folder's name.
    """
    import jinja2

    from docgen.unchanged import hash_tools

    folder = cache / f"{COMPILED}-{hash_tools().hex()[:16]}"
    try:
        if not folder.is_dir():
            for old in cache.glob(f"{COMPILED}-*"):
                shutil.rmtree(old, ignore_errors=True)
            folder.mkdir(parents=True)
    except OSError:
        return None
    return jinja2.FileSystemBytecodeCache(str(folder))
