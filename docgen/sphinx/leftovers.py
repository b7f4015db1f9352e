"""Removes from a site the pages and extra files that an earlier build wrote and nothing gives now.

Sphinx leaves them there. Only files that a build listed are removed, and folders they leave empty.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

from docgen.writing import write_atomically

if TYPE_CHECKING:
    from sphinx.application import Sphinx

KEPT = "docgen_outputs.json"
"""File beside the doctrees that lists the files that a build gave to its site."""


def _outputs(app: Sphinx) -> Iterator[str]:
    """Yield the files of pages and the extra files, relative to the site."""
    builder: Any = app.builder
    out = Path(app.outdir)
    for docname in app.env.found_docs:
        yield Path(builder.get_outfilename(docname)).relative_to(out).as_posix()
    for entry in app.config.html_extra_path:
        folder = Path(app.confdir) / entry
        for path in folder.rglob("*") if folder.is_dir() else ():
            if path.is_file():
                yield path.relative_to(folder).as_posix()


def _remove(app: Sphinx, exception: Exception | None) -> None:
    """Remove what is left over once a build is complete."""
    if exception is not None or app.builder.name not in {"html", "dirhtml"}:
        return
    out, place = Path(app.outdir), Path(app.doctreedir) / KEPT
    now = sorted(set(_outputs(app)))
    for name in sorted(set(_read(place)) - set(now)):
        file = out / name
        file.unlink(missing_ok=True)
        for folder in file.parents:
            if folder == out or not folder.is_dir() or any(folder.iterdir()):
                break
            folder.rmdir()
    try:
        write_atomically(place, json.dumps(now, indent=1).encode(), durable=False)
    except OSError:
        return


def _read(place: Path) -> list[str]:
    """Return the files of an earlier build; none where they are not known."""
    try:
        found = json.loads(place.read_text("utf-8"))
    except (OSError, ValueError):
        return []
    names = found if isinstance(found, list) else []
    return [name for name in names if isinstance(name, str) and _is_inside(name)]


def _is_inside(name: str) -> bool:
    """Tell whether a name leads to nothing but what is below its folder."""
    path = PurePosixPath(name)
    return bool(name) and not path.is_absolute() and ".." not in path.parts and "\\" not in name


def register(app: Sphinx) -> None:
    """Remove leftovers at the end of a build."""
    app.connect("build-finished", _remove)
