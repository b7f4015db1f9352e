"""Names that a tree knows: classes, fields, benchmarks, scenarios, systems, versions."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from functools import cached_property

from docgen.catalog import Catalog, FieldSpec, Source
from docgen.extract import OTHER_DIALECT
from docgen.prose import symbols, versions
from docgen.prose.names import nearest, plain
from docgen.prose.places import Places
from docgen.prose.symbols import Classes, Symbols

_GPU_WORD = re.compile(r"^([A-Z]{1,2}\d{2,3}[A-Z]?)_(SXM|PCIE|PCIe|NVL)\d?_(\d{2,3})GB")
_MODEL = re.compile(r"(?<![A-Za-z0-9])([A-Z]{1,2}\d{2,3}[A-Z]?)(?![A-Za-z0-9])")


class WordLists(Places):
    """What a tree has names for."""

    catalog: Catalog
    """What its configurations say."""

    @cached_property
    def symbols(self) -> Symbols:
        """Return what its Python files define."""
        before = self.ahead.parsed() if self.ahead is not None else {}
        return Symbols(self.root, self.index, self.listing, self.cache, before)

    @cached_property
    def classes(self) -> Classes:
        """Return its classes by name."""
        return Classes(self.symbols)

    def near_name(self, word: str, names: Collection[str]) -> str:
        """Return the name that is most similar to a word, of some names and all classes."""
        left = dict.fromkeys([*names, *self.classes])
        while near := nearest(word, left):
            if near in names or near in self.classes:
                break
            del left[near]  # the header of a class in the text of a string
        return near

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

    @cached_property
    def versions(self) -> versions.Found:
        """Return the versions that its build files state."""
        return versions.read(self.root, self.index.files)

    @cached_property
    def gpu_sizes(self) -> dict[tuple[str, str], dict[int, str]]:
        """Return the memory sizes in GB of each GPU and form, each with a word that says so."""
        found: dict[tuple[str, str], dict[int, str]] = {}
        words = filter(None, map(_GPU_WORD.match, self.index.words))
        for match in sorted(words, key=lambda m: m.string):
            word = match.string
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

    @cached_property
    def is_partial(self) -> bool:
        """Tell whether the tree has configurations that were not read: of another dialect."""
        return any(d.code == OTHER_DIALECT for d in self.catalog.diagnostics)

    def has_config(self, name: str) -> bool:
        """Tell whether any system has, or may have, a configuration of a benchmark."""
        known = self.catalog.entries or self.is_partial
        if not known or plain(name) in self._configured:
            return True
        return bool(self._unread & self.spellings_of(name))

    @cached_property
    def _unread(self) -> set[str]:
        """Return the names of folders and files that were not or could not be read."""
        paths = {d.source.path for d in self.catalog.diagnostics if d.severity == "error"}
        if self.is_partial:
            paths.update(path for path in self.index.files if path.startswith("configs/"))
        return {plain(part.removesuffix(".py")) for path in paths for part in path.split("/")}

    @cached_property
    def _configured(self) -> set[str]:
        """Return every plain spelling of the benchmarks that have configurations."""
        used = {e.workload for e in self.catalog.entries}
        used |= {w.name for w in self.catalog.workloads if w.source.path.startswith("configs/")}
        return {s for name in used for s in self.spellings_of(name)}

    @cached_property
    def counts(self) -> dict[str, int]:
        """Return how many benchmarks and systems have configurations; nothing if unknown."""
        if self.is_partial:
            return {}
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
