"""Configuration for trees that others wrote: they need none, and nothing of theirs is run."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

from docgen.config import Config, bundled_templates, project_table
from docgen.errors import Problem, UsageError


def load_source(
    source: Path | str,
    output: Path | str | None = None,
    dialect: str = "",
    repository_url: str = "",
) -> Config:
    """Return the configuration for a tree that others wrote, which needs no pyproject.toml.

    Nothing is ever written into the tree: what docgen keeps goes to the user's cache.

    Args:
        source: Folder of the tree, such as `closed/<submitter>`.
        output: Folder of the site; without it, a folder of the cache.
        dialect: Name of the dialect; empty lets docgen find out.
        repository_url: Address that source links go to, with `{path}` and `{line}`.

    Raises:
        UsageError: There is no such folder, or the site would be written into it.
    """
    root = Path(source).expanduser().absolute()
    if not root.is_dir():
        got = "a file" if root.exists() else "no folder"
        do = "give the path of a folder such as closed/<submitter>"
        raise UsageError(Problem(f"--source {source}", "the folder of a source tree", got, do))
    cache = cache_folder(root)
    site = cache / "site" if output is None else Path(output).expanduser().absolute()
    if site.resolve().is_relative_to(root.resolve()):
        want, got = "a folder outside of the tree", "one inside of it"
        raise UsageError(Problem(f"--output {output}", want, got, "choose another folder"))
    kept = cache if output is None else cache / _hash(site)[:8]
    return Config(
        root=root,
        packages=_named_packages(root, "packages"),
        api=_named_packages(root, "api"),
        docs=kept / "pages",
        templates=bundled_templates(),
        store=kept / "evidence",
        site=site,
        cache=kept,
        repository_url=repository_url,
        dialect=dialect,
    )


def _named_packages(root: Path, key: str) -> tuple[str, ...]:
    """Return the packages that a tree's own table names.

    Why: commands and templates of a tree that others wrote would be executed; names of
    packages are only read.
    """
    try:
        names = project_table(root).get("tool", {}).get("docgen", {}).get(key, ())
    except (UsageError, AttributeError):
        return ()
    known = isinstance(names, list) and all(isinstance(name, str) for name in names)
    plain = [n for n in (names if known else ()) if all(p.isidentifier() for p in n.split("."))]
    return tuple(name for name in plain if (root / name.replace(".", "/")).is_dir())


def cache_folder(root: Path) -> Path:
    """Return the folder of the user's cache for a tree: `DOCGEN_CACHE`, or by XDG's rules."""
    base = os.environ.get("DOCGEN_CACHE", "")
    if not base:
        home = os.environ.get("XDG_CACHE_HOME", "") or Path("~/.cache").expanduser()
        base = str(Path(home) / "docgen")
    return Path(base).absolute() / _hash(root)[:16]


def _hash(path: Path) -> str:
    """Return what stands for a path in the name of a folder."""
    return hashlib.sha256(os.fsencode(path)).hexdigest()
