"""Sphinx extension: a domain for benchmarks, evidence on pages, and source pages.

Use it in any Sphinx project::

    extensions = ["myst_parser", "docgen.sphinx"]

Sphinx reads what `docgen test` or `docgen build` kept; it never executes anything.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sphinx.application import Sphinx
    from sphinx.environment import BuildEnvironment
    from sphinx.util.typing import ExtensionMetadata

STYLESHEET = "docgen.css"
"""File name of the extension's style sheet below `static`."""


def setup(app: Sphinx) -> ExtensionMetadata:
    """Register domain, directives, roles and event handlers; return what they allow."""
    from docgen import __version__
    from docgen.live import ROLES
    from docgen.sphinx import (
        directives,
        finishing,
        leftovers,
        markup,
        menus,
        roles,
        search,
        sources,
        surroundings,
        table_output,
    )
    from docgen.sphinx.domain import DATA_VERSION, KINDS, BenchDomain

    app.add_config_value("docgen_root", None, "env", (str, Path, type(None)))
    app.add_config_value("docgen_store", None, "env", (str, Path, type(None)))
    app.add_config_value("docgen_repository_url", "", "env", (str,))
    app.add_domain(BenchDomain)
    for kind in KINDS:
        app.add_directive_to_domain("bench", kind, directives.DeclareDirective)
        app.add_role_to_domain("bench", kind, roles.ObjectRole.of_kind(kind))
    app.add_directive_to_domain("bench", "result", directives.ResultDirective)
    app.add_directive_to_domain("bench", "svg", directives.SvgDirective)
    app.add_role_to_domain("bench", "src", roles.SourceRole())
    app.add_role_to_domain("bench", "badge", roles.BadgeRole())
    for kind in ROLES:
        app.add_role_to_domain("bench", kind, roles.LiveRole(kind))
        app.add_role(kind, roles.LiveRole(kind), override=True)  # Sphinx has a plain `command`
    app.add_directive("snippet", directives.SnippetDirective)
    app.connect("builder-inited", _prepare)
    app.connect("env-get-outdated", _find_outdated)
    app.connect("env-before-read-docs", _judge_once)
    app.connect("env-updated", _find_affected)
    app.connect("env-check-consistency", _check_domain)
    app.connect("warn-missing-reference", _warn_missing)
    finishing.register(app)
    leftovers.register(app)
    markup.register(app)
    search.register(app)
    menus.register(app)
    sources.register(app)
    surroundings.register(app)
    table_output.register(app)
    app.add_css_file(STYLESHEET)
    return {
        "version": __version__,
        "env_version": DATA_VERSION,
        "parallel_read_safe": True,
        "parallel_write_safe": True,
    }


def _prepare(app: Sphinx) -> None:
    """Give the domain its reader of evidence and the builder its static files."""
    from docgen.sphinx.domain import of
    from docgen.sphinx.evidence import Reader

    of(app.env).reader = Reader.of_project(
        Path(app.srcdir), app.config.docgen_root, app.config.docgen_store
    )
    app.config.html_static_path.append(str(Path(__file__).parent / "static"))


def _find_outdated(
    app: Sphinx, env: BuildEnvironment, added: set[str], changed: set[str], removed: set[str]
) -> list[str]:
    """Return the pages whose shown evidence is no longer what they show."""
    from docgen.sphinx.domain import of

    del app
    return of(env).outdated(set(env.found_docs) - added - changed - removed)


def _judge_once(app: Sphinx, env: BuildEnvironment, docnames: list[str]) -> None:
    """Judge the project's snippets before readers fork, or each of them would."""
    from docgen.sphinx.domain import of

    if docnames and app.parallel > 1:
        of(env).reader.prepare()


def _find_affected(app: Sphinx, env: BuildEnvironment) -> list[str]:
    """Return the pages that link to an object which moved, appeared or went away."""
    from docgen.sphinx.domain import of

    del app
    return of(env).affected()


def _check_domain(app: Sphinx, env: BuildEnvironment) -> None:
    """Warn of names that are declared more than once."""
    from docgen.sphinx.domain import of

    del app
    of(env).warn_duplicates()


def _warn_missing(app: Sphinx, domain: object, node: object) -> bool | None:
    """Name the likely spelling of an unknown reference; None leaves it to others."""
    from docgen.sphinx.domain import BenchDomain

    del app
    return domain.warn_missing(node) if isinstance(domain, BenchDomain) else None
