"""What a tree really has: the side of every comparison that decides."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable, Iterator
from difflib import get_close_matches
from functools import cached_property
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from docgen.catalog import Catalog, Command, FieldSpec, Source
from docgen.claims.arguments import PYTHON, read_program
from docgen.claims.commands import Tools
from docgen.claims.makefiles import makefiles
from docgen.foreign import OURS
from docgen.prose import files, symbols, versions
from docgen.prose.model import Edit

if TYPE_CHECKING:
    from docgen.claims.makefiles import MakeTarget

_NUMBER_OF_SUGGESTIONS = 1
_GPU_WORD = re.compile(r"^([A-Z]{1,2}\d{2,3}[A-Z]?)_(SXM|PCIE|PCIe|NVL)\d?_(\d{2,3})GB")
_MODEL = re.compile(r"(?<![A-Za-z0-9])([A-Z]{1,2}\d{2,3}[A-Z]?)(?![A-Za-z0-9])")
_DIVISIONS = ("closed", "open", "network")

MADE = frozenset(
    {"build", "dist", "results", "compliance", "measurements", "logs", "data", "models", "output",
     "outputs", "preprocessed_data", "tmp", "bin", "lib", "usr", "etc", "mnt", "home", "opt",
     "..", "calibration_cache", "submission", "submission-staging", "artifacts"}
)  # fmt: skip
"""First folders of paths that a build, a download or a run makes."""


class Facts:
    """The facts of one tree; what is expensive is read when a rule first asks."""

    def __init__(
        self,
        root: Path,
        catalog: Catalog,
        cache: Path | None = None,
        listing: files.Listing | None = None,
    ) -> None:
        """Hold a tree against which documents are judged.

        Args:
            root: Its folder.
            catalog: What its configurations say.
            cache: Folder for what may be read again; None keeps nothing.
            listing: Its files, where they are known.
        """
        self._listing = listing
        self.root = root
        self.catalog = catalog
        self.cache = cache
        self.tools = Tools(catalog)
        self._programs: dict[str, Command | None] = {}
        self._anchors: dict[str, tuple[str, ...] | None] = {}
        self.labels: frozenset[str] = frozenset()
        self.asked: set[str] = set()

    @cached_property
    def index(self) -> files.Index:
        """Return its files and words."""
        return files.load(self.root, self.cache, self._listing)

    @cached_property
    def file_set(self) -> frozenset[str]:
        """Return its files for look-up."""
        return frozenset(self.index.files)

    @cached_property
    def folder_set(self) -> frozenset[str]:
        """Return its folders for look-up."""
        return frozenset((*self.index.folders, ""))

    @cached_property
    def by_name(self) -> dict[str, list[str]]:
        """Return its files and folders by their last part."""
        found: dict[str, list[str]] = {}
        for path in (*self.index.files, *self.index.folders):
            found.setdefault(path.rpartition("/")[2], []).append(path)
        return found

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

    def has(self, path: str) -> bool:
        """Tell whether a file or folder of that path is there."""
        return path in self.file_set or path in self.folder_set

    def knows(self, word: str) -> bool:
        """Tell whether a word stands in any file that decides something."""
        return word in self.index.words

    def place(self, word: str) -> Source | None:
        """Return where a word stands first; None where it stands nowhere."""
        number = self.index.words.get(word)
        if number is None:
            return None
        name = self.index.files[number]
        return Source(path=name, line=files.line_of(self.root, name, word))

    @cached_property
    def symbols(self) -> symbols.Symbols:
        """Return what its Python files define."""
        return symbols.load(self.root, self.index, self.cache, self.index.state)

    @cached_property
    def classes(self) -> dict[str, list[symbols.ClassInfo]]:
        """Return its classes by name."""
        found: dict[str, list[symbols.ClassInfo]] = {}
        for one in self.symbols.classes:
            found.setdefault(one.name, []).append(one)
        return found

    @cached_property
    def every_field(self) -> dict[str, FieldSpec]:
        """Return its fields by name, those that are no options too."""
        return {spec.name: spec for spec in self.catalog.fields}

    def declared(self, name: str) -> Source | None:
        """Return where a field or class is declared."""
        if name in self.every_field:
            return self.every_field[name].source
        if name in self.classes:
            return self.classes[name][0].source
        return self.place(name) if name else None

    def text(self, path: str) -> str:
        """Return the content of a file; empty where it cannot be read."""
        try:
            return (self.root / path).read_bytes().decode("utf-8", "replace")
        except OSError:
            return ""

    def anchors(self, path: str) -> tuple[str, ...] | None:
        """Return the anchors of a document of the tree; None for what is none."""
        self.asked.add(path)
        if path not in self._anchors:
            from docgen.prose import markdown

            known = path.endswith((".md", ".markdown"))
            self._anchors[path] = markdown.read(self.text(path), path).anchors if known else None
        return self._anchors[path]

    def folder_of(self, path: str) -> str:
        """Return the nearest folder above a missing path that is there; `.` for the root."""
        while path:
            path = path.rpartition("/")[0]
            if path in self.folder_set:
                break
        return path or "."

    def is_made(self, path: str) -> bool:
        """Tell whether a path is one that a build, a download or a run makes."""
        return path.partition("/")[0] in MADE or files.is_ignored(path, self.index.ignored)

    @cached_property
    def versions(self) -> versions.Found:
        """Return the versions that its build files state."""
        return versions.read(self.root, self.index.files)

    @cached_property
    def gpu_sizes(self) -> dict[tuple[str, str], dict[int, str]]:
        """Return the memory sizes in GB of each GPU and form, each with a word that says so."""
        found: dict[tuple[str, str], dict[int, str]] = {}
        for word in self.index.words:
            match = _GPU_WORD.match(word)
            if match:
                model, form, size = match.groups()
                found.setdefault((model, form.upper()), {}).setdefault(int(size), word)
        return found

    @cached_property
    def models(self) -> dict[str, Source]:
        """Return the GPU models of its systems, each with the first place."""
        found: dict[str, Source] = {}
        for target in self.catalog.targets:
            device = target.facts.get("device_name")
            text = f"{target.name} {target.title} {device.value if device else ''}"
            for model in _MODEL.findall(text.replace("_", " ")):
                found.setdefault(model, target.source)
        return found

    def board_word(self, model: str) -> str:
        """Return a word of the tree that names a board of a GPU model; empty without one."""
        start = re.compile(rf"{re.escape(model)}(?:x\d+|_\w+)?$")
        return next((word for word in sorted(self.index.words) if start.match(word)), "")

    @cached_property
    def benchmark_names(self) -> dict[str, tuple[str, Source]]:
        """Return every spelling of a benchmark, plain, with the name as written and its place."""
        found: dict[str, tuple[str, Source]] = {}
        for workload in self.catalog.workloads:
            for name in sorted(self.spellings_of(workload.name, raw=True)):
                found.setdefault(plain(name), (name, workload.source))
        for name, source in self._enum("Benchmark"):
            found.setdefault(plain(name), (name, source))
        return found

    @cached_property
    def scenario_names(self) -> dict[str, tuple[str, Source]]:
        """Return every spelling of a scenario, plain, with the name as written and its place."""
        found = {plain(name): (name, source) for name, source in self._enum("Scenario")}
        for word in self.catalog.words:
            if word.enum == "Scenario":
                found.setdefault(plain(str(word.value)), (str(word.value), word.source))
        for entry in self.catalog.entries:
            found.setdefault(plain(entry.scenario), (entry.scenario, entry.source))
        return found

    def _enum(self, name: str) -> Iterator[tuple[str, Source]]:
        """Yield every spelling of the members of an enum of the tree."""
        for one in self.classes.get(name, ()):
            if symbols.is_enum(one, self.classes):
                for member, texts, line in one.spellings:
                    place = Source(path=one.source.path, line=line)
                    for text in (*texts, member):
                        yield text, place

    @cached_property
    def _groups(self) -> list[set[str]]:
        """Return the spellings of each member of the enum of benchmarks, plain."""
        return [
            {plain(t) for t in (*texts, member)}
            for one in self.classes.get("Benchmark", ())
            for member, texts, _ in one.spellings
        ]

    def spellings_of(self, name: str, *, raw: bool = False) -> set[str]:
        """Return what a benchmark is called, plain unless as written is asked for."""
        workload = next((w for w in self.catalog.workloads if w.name == name), None)
        names = {name}
        if workload is not None:
            aliases = workload.properties.get("aliases") or ()
            names |= {workload.title, *(a for a in aliases if isinstance(a, str))}
        if raw:
            return names
        plains = {plain(n) for n in names}
        for group in self._groups:
            if group & plains:
                plains |= group
        return plains

    def has_config(self, name: str) -> bool:
        """Tell whether any system has a configuration of a benchmark."""
        return plain(name) in self._configured

    @cached_property
    def _configured(self) -> set[str]:
        """Return every plain spelling of the benchmarks that have configurations."""
        used = {e.workload for e in self.catalog.entries}
        used |= {w.name for w in self.catalog.workloads if w.source.path.startswith("configs/")}
        return {s for name in used for s in self.spellings_of(name)}

    @cached_property
    def counts(self) -> dict[str, int]:
        """Return how many benchmarks and systems have configurations."""
        return {
            "benchmarks": len({e.workload for e in self.catalog.entries}),
            "systems": len({e.target for e in self.catalog.entries}),
            "targets": len({e.target for e in self.catalog.entries}),
        }

    def first_source(self, kind: str) -> Source | None:
        """Return where the first benchmark or system is defined."""
        items = (
            self.catalog.workloads if kind in ("benchmarks", "workloads") else self.catalog.targets
        )
        return items[0].source if items else None

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

    def folder(self, path: str | None) -> str | None:
        """Return a folder of the tree as relative path; None where it is outside or unknown."""
        if path is None:
            return None
        stripped = self.strip(path)
        return stripped if stripped in self.folder_set else None

    def strip(self, path: str) -> str:
        """Return a path relative to the root: without `./` and `closed/<submitter>/`."""
        plain_path = posixpath.normpath(path.rstrip("/") or ".").removeprefix("./")
        if plain_path == ".":
            return ""
        parts = plain_path.split("/")
        division = len(parts) > 1 and parts[0] in _DIVISIONS
        own = division and parts[1] in (self.root.name, "NVIDIA")
        if own and parts[0] == self.root.parent.name:
            return "/".join(parts[2:])
        return plain_path

    def find(self, path: str, document: str = "", folder: str = "") -> str:
        """Return the file or folder that a path names; empty where there is none.

        It is looked for from the folder of a command, from the root, from the document
        and every folder above it, and last as the end of any path of the tree.
        """
        plain_path = self.strip(path)
        if not plain_path:
            return "."
        if self._is_sibling(path):
            return "."
        bases = [folder, ""]
        here = document
        while "/" in here:
            here = here.rpartition("/")[0]
            bases.append(here)
        for base in dict.fromkeys(bases):
            one = posixpath.normpath(posixpath.join(base, plain_path))
            if self.has(one):
                return one
        if plain_path.startswith(".."):
            return ""
        name = plain_path.rpartition("/")[2]
        ending = f"/{plain_path}"
        return next((p for p in self.by_name.get(name, ()) if p.endswith(ending)), "")

    def _is_sibling(self, path: str) -> bool:
        """Tell whether a path is that of a file in the tree of another submitter beside it."""
        parts = posixpath.normpath(path).split("/")
        other = len(parts) > len(("closed", "submitter")) and parts[0] == self.root.parent.name and parts[1] != self.root.name
        return other and ".." not in parts and (self.root.parent.parent / "/".join(parts)).exists()

    def must_have(self, path: str, document: str) -> bool:
        """Tell whether a path that is missing would have to be in the tree.

        So it is where its first folder is one of the tree's, seen from the root or from
        a folder above the document, and it is not a place for what is made or fetched.
        """
        first, slash, _ = path.partition("/")
        if not slash or first in MADE or files.is_ignored(path, self.index.ignored):
            return False
        here = document.rpartition("/")[0]
        while True:
            if (f"{here}/{first}" if here else first) in self.folder_set:
                return True
            if not here:
                return False
            here = here.rpartition("/")[0]

    def named_by(self, option: str) -> dict[str, Source]:
        """Return the names that an option of a console script chooses by, with their places."""
        if option == "--target":
            return {t.name: t.source for t in self.catalog.targets}
        if option == "--workload":
            return {w.name: w.source for w in self.catalog.workloads}
        return {}

    def is_name(self, word: str, names: Iterable[str]) -> bool:
        """Tell whether a word is one of some names, whatever their dashes and case."""
        return plain(word) in {plain(name) for name in names}

    def reaches(self, target: MakeTarget) -> list[MakeTarget]:
        """Return a target and everything that it makes."""
        return self.tools.reached(target)

    def moved(self, path: str) -> str:
        """Return the only other place of a file's name; empty where there is none or several."""
        name = PurePosixPath(path).name
        if name in COMMON_NAMES:
            return ""
        found = [p for p in self.by_name.get(name, ()) if p in self.file_set]
        return found[0] if len(found) == 1 else ""

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

    def beside(self, path: str, near: str) -> Source:
        """Return the place to look at for a missing file: a near one, or its nearest folder."""
        if near in self.file_set:
            return Source(path=near, line=1)
        return Source(path=near or self.folder_of(path), line=0)

    def moved_edit(self, claimed: str, moved: str, document: str) -> Edit | None:
        """Return the edit to where a file is now, in the way in which it was written.

        Only for a file that went one or more folders up or down: a file of the same name
        in another branch of the tree may be another file.
        """
        old, new = self.strip(claimed).split("/")[:-1], moved.split("/")[:-1]
        here = posixpath.dirname(document)
        prefix = claimed[: len(claimed) - len(self.strip(claimed))]
        if not moved or not (_within(old, new) or _within(new, old)):
            return None
        if here and moved.startswith(f"{here}/") and old[:1] != new[:1]:
            return Edit(old=claimed, new=posixpath.relpath(moved, here))
        return Edit(old=claimed, new=f"{prefix}{moved}")

    @cached_property
    def makefile(self) -> str:
        """Return the Makefile that make reads by itself; empty where the tree has none."""
        found = makefiles(self.root)
        return found[0].name if found else ""

    def mentions(self, name: str) -> bool:
        """Tell whether a source of the tree has the name of a file, which it may write."""
        needle = name.encode()
        return any(needle in data for data in self._sources.values())

    def quotes(self, name: str) -> bool:
        """Tell whether a program has a name as a text of its own, as declarations do."""
        texts = [f"{mark}{word}{mark}" for mark in "\"'" for word in (name, f"--{name}")]
        return any(self.mentions(text) for text in texts)

    @cached_property
    def _sources(self) -> dict[str, bytes]:
        """Return the content of programs and build files."""
        found = {}
        for path in self.index.files:
            name = path.rpartition("/")[2]
            if name.endswith((".py", ".sh", ".mk")) or name.startswith(("Makefile", "Dockerfile")):
                try:
                    found[path] = (self.root / path).read_bytes()
                except OSError:
                    continue
        return found


def _within(short: list[str], long: list[str]) -> bool:
    """Tell whether the parts of one folder stand in another one, in their order."""
    rest = iter(long)
    return all(part in rest for part in short)


COMMON_NAMES = frozenset({"README.md", "__init__.py", "__main__.py", "Makefile", "index.md", "main.py", "utils.py", "setup.py", "requirements.txt"})  # fmt: skip
"""File names that say nothing about which file is meant."""


def nearest(word: str, known: Iterable[str], cutoff: float = 0.6) -> str:
    """Return the most similar of some names; empty where none is near."""
    found = get_close_matches(word, list(dict.fromkeys(known)), _NUMBER_OF_SUGGESTIONS, cutoff)
    return found[0] if found else ""


def plain(name: str) -> str:
    """Return a name as it is compared: small letters and digits alone."""
    return re.sub(r"[^a-z0-9]+", "", name.lower())
