"""A small Sphinx project that tests fill with pages and build in this process."""

from __future__ import annotations

import io
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest


@dataclass
class Built:
    """What one build did."""

    warnings: list[str]
    read: list[str]
    written: list[str]
    objects: dict[str, dict[str, Any]]


@dataclass
class Site:
    """A Sphinx project below a temporary folder."""

    root: Path
    evidence: Any = None
    conf: dict[str, Any] = field(default_factory=dict)

    @property
    def src(self) -> Path:
        return self.root / "docs"

    @property
    def out(self) -> Path:
        return self.root / "out"

    def page(self, name: str, text: str) -> None:
        path = self.src / f"{name}.md"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    def file(self, name: str, text: str) -> Path:
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        return path

    def index(self) -> None:
        names = sorted(p.stem for p in self.src.glob("*.md") if p.stem != "index")
        self.page("index", "# Index\n\n```{toctree}\n" + "\n".join(names) + "\n```\n")

    def build(self, jobs: int = 1, builder: str = "html", out: str = "out", **conf: Any) -> Built:
        from sphinx.application import Sphinx
        from sphinx.util.docutils import docutils_namespace, patch_docutils

        from docgen.sphinx import domain

        overrides = {
            "extensions": ["myst_parser", "docgen.sphinx"],
            "html_theme": "basic",
            "project": "Test",
            "nitpicky": True,
            "docgen_root": str(self.root),
            **self.conf,
            **conf,
        }
        warnings = io.StringIO()
        built = Built([], [], [], {})
        with patch_docutils(self.src), docutils_namespace():
            app = Sphinx(
                self.src,
                None,
                self.root / out,
                self.root / out / ".doctrees",
                builder,
                confoverrides=overrides,
                status=None,
                warning=warnings,
                parallel=jobs,
            )
            app.connect("env-before-read-docs", lambda a, e, names: built.read.extend(names))
            prepare = app.builder.prepare_writing
            app.builder.prepare_writing = lambda names: (
                built.written.extend(sorted(names)),
                prepare(names),
            )[1]
            if self.evidence is not None:
                domain.of(app.env).reader.give(self.evidence)
            app.build()
            built.objects = dict(domain.of(app.env).index())
        text = re.sub(r"\x1b\[[0-9;]*m", "", warnings.getvalue())
        built.warnings = [line for line in text.splitlines() if line.strip()]
        return built

    def html(self, name: str) -> str:
        return (self.out / f"{name}.html").read_text()

    def inventory(self, out: str = "out") -> bytes:
        return (self.root / out / "objects.inv").read_bytes()


@pytest.fixture
def site(tmp_path: Path) -> Site:
    found = Site(tmp_path)
    found.page("index", "# Index\n")
    return found
