"""What a tree really has: the side of every comparison that decides."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from docgen.catalog import Catalog, Command, MakeTarget, Source
from docgen.claims.arguments import PYTHON, read_program
from docgen.claims.commands import Tools
from docgen.foreign import OURS
from docgen.listing import Listing
from docgen.prose import parsers, projects
from docgen.prose.names import plain
from docgen.prose.wordlists import WordLists

if TYPE_CHECKING:
    from docgen.prose.ahead import Ahead


class Facts(WordLists):
    """The facts of one tree; what is expensive is read when a rule first asks."""

    def __init__(
        self,
        root: Path,
        catalog: Catalog,
        cache: Path | None = None,
        known: Listing | None = None,
        *,
        whole: Callable[[], Catalog] | None = None,
        ahead: Ahead | None = None,
    ) -> None:
        """Hold a tree against which documents are judged.

        Args:
            root: Its folder.
            catalog: What its configurations say; values may be left out.
            cache: Folder for what may be read again; None keeps nothing.
            known: Its files, where they are known.
            whole: Gives the Catalog with everything, where values are left out.
            ahead: What a second process reads of it meanwhile.
        """
        super().__init__(root, cache, known, ahead)
        self.catalog = catalog
        self.tools = Tools(catalog)
        self._whole = whole
        self._programs: dict[str, Command | None] = {}
        self._open: dict[str, bool] = {}
        self._labels: dict[str, dict[str, str]] = {}
        self._anchors: dict[str, tuple[str, ...] | None] = {}
        self.asked: set[str] = set()
        """Documents whose anchors were asked for."""

    @cached_property
    def whole(self) -> Catalog:
        """Return the Catalog with every value."""
        return self._whole() if self._whole is not None else self.catalog

    @cached_property
    def consoles(self) -> dict[str, Command]:
        """Return the commands of its console scripts by full name."""
        return {c.name: c for c in self.catalog.commands if not c.name.startswith(PYTHON)}

    @cached_property
    def console_names(self) -> frozenset[str]:
        """Return the first words of its console scripts."""
        if self.catalog.dialect != OURS:
            return frozenset()
        return frozenset(name.split()[0] for name in self.consoles)

    def anchors(self, path: str) -> tuple[str, ...] | None:
        """Return the anchors of a document of the tree; None for what is none."""
        self.asked.add(path)
        if path not in self._anchors:
            from docgen.prose import markdown

            known = path.endswith((".md", ".markdown"))
            self._anchors[path] = markdown.read(self.text(path), path).anchors if known else None
        return self._anchors[path]

    def label(self, name: str, document: str) -> str:
        """Return the document that declares a label of the same project of Sphinx; or nothing."""
        base = projects.above(document, self._sphinx)
        if not base:
            return ""
        pages = [p for p in self.index.files
                 if p.startswith(f"{base}/") and p.endswith((".md", ".rst"))]  # fmt: skip
        if base not in self._labels:
            self._labels[base] = {
                plain(label): path for path in pages for label in projects.labels(self.text(path))
            }
        found = self._labels[base].get(plain(name), "")
        self.asked.update([found] if found else pages)
        return found

    @cached_property
    def _sphinx(self) -> frozenset[str]:
        """Return the folders that have a configuration of Sphinx."""
        return frozenset(p.removesuffix("/conf.py") for p in self.index.files
                         if p.endswith("/conf.py"))  # fmt: skip

    def takes_more(self, path: str) -> bool:
        """Tell whether a program may have options that do not stand in it."""
        if path not in self._open:
            self._open[path] = parsers.is_open(self.text(path))
        return self._open[path]

    def defaults(self, name: str) -> list[tuple[object, Source]]:
        """Return every default that the source states for an option or field."""
        found: list[tuple[object, Source]] = []
        for command in self.catalog.commands:
            found += [(f.default, f.source) for f in command.flags if name in f.names]
        spec = self.every_field.get(name.lstrip("-").replace("-", "_"))
        if spec is not None and not spec.required:
            found.append((spec.default, spec.source))
        return [(v, s) for v, s in found if v is not None and not isinstance(v, (list, dict))]

    def program(self, path: str) -> Command | None:
        """Return a Python program of the tree with its options; None where it has none."""
        if path not in self._programs:
            name = path.removesuffix(".py").removesuffix("/__main__").replace("/", ".")
            known = self.tools.programs.get(name)
            self._programs[path] = known or read_program(self.root / path, path, PYTHON + name)
        return self._programs[path]

    def module(self, dotted: str) -> str:
        """Return the file of a module; empty where the tree has none."""
        base = dotted.replace(".", "/")
        for path in (f"{base}.py", f"{base}/__main__.py", f"{base}/__init__.py"):
            if path in self.file_set:
                return path
        return ""

    def named_by(self, option: str) -> dict[str, Source]:
        """Return the names that an option of a console script chooses by, with their places."""
        if option == "--target":
            return {t.name: t.source for t in self.catalog.targets}
        if option == "--workload":
            return {w.name: w.source for w in self.catalog.workloads}
        return {}

    def reaches(self, target: MakeTarget) -> list[MakeTarget]:
        """Return a target and everything that it makes."""
        return self.tools.reached(target)

    @cached_property
    def passed(self) -> dict[str, list[str]]:
        """Return the programs that each variable of make passes its words on to."""
        found: dict[str, list[str]] = {}
        for target in self.catalog.makes:
            for run in target.runs:
                for name in run.variables:
                    if run.program in self.tools.programs or self.module(run.program):
                        found.setdefault(name, []).append(run.program)
        return {n: list(dict.fromkeys(p)) for n, p in found.items() if n.endswith("ARGS")}
