"""Commands that run a configuration of a tree, composed of what the tree itself has."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from docgen.catalog import Catalog, Entry, MakeTarget
from docgen.claims.arguments import PYTHON
from docgen.claims.commands import Tools
from docgen.foreign import accuracy_share, special_parts

_NEEDED = ("--benchmarks", "--scenarios")
"""Options that choose a configuration."""

_FIRST = ("run", "run_harness")
"""Targets that are taken before others of the same use."""

_STEPS = (
    ("generate_engines", "Build the engines."),
    ("run_llm_server", "Start the server of the model, where the benchmark needs one."),
    ("run_harness", "Run the benchmark and measure."),
)
"""Targets that do one part of a run each, with what they are for."""

_WORDS = {"harness_type": "HarnessType", "accuracy_target": "AccuracyTarget"}
"""Enums of the vocabulary whose values are words of an option, by option."""


@dataclass(frozen=True, kw_only=True)
class Step:
    """One command with what it is for."""

    purpose: str
    """What it does, as a sentence."""
    text: str
    """The command."""


class Composer:
    """Composes commands for the configurations of one tree."""

    def __init__(self, catalog: Catalog) -> None:
        """Find the target and the variable that configurations are chosen with."""
        self.tools = Tools(catalog)
        self.catalog = catalog
        self._titles = {w.name: w.title for w in catalog.workloads}
        self._words = {(w.enum, w.name): w.value for w in catalog.words}
        usable = list(self._usable())
        self._usable_names = {target.name for target, _ in usable}
        self.variable = usable[0][1] if usable else ""
        named = [t.name for t, variable in usable if variable == self.variable]
        self.target = next((n for n in _FIRST if n in named), named[0] if named else "")

    @property
    def why_none(self) -> str:
        """Return why no command can be shown; empty where one can."""
        if self.target:
            return ""
        if not self.tools.makes:
            return "The tree has no Makefile at its root, so no command is shown."
        return (
            "No make target of the tree passes a variable on to a program that takes "
            "`--benchmarks` and `--scenarios`, so no command is shown."
        )

    def run(self, entry: Entry) -> str:
        """Return the command that runs a configuration."""
        return self._make(self.target, entry)

    def steps(self, entry: Entry) -> list[Step]:
        """Return the parts of a run one by one, and the run for accuracy."""
        found = [
            Step(purpose=purpose, text=self._make(name, entry))
            for name, purpose in _STEPS
            if name in self._usable_names
        ] or [Step(purpose="Run it.", text=self.run(entry))]
        last = found[-1].text
        known = self.tools.flag("--test_mode", self._programs(self.target))
        if known and "AccuracyOnly" in known[1]:
            text = f'{last[:-1]} --test_mode=AccuracyOnly"'
            found.append(Step(purpose="Run it for accuracy.", text=text))
        return found

    def _make(self, target: str, entry: Entry) -> str:
        """Return `make TARGET VARIABLE="..."` for a configuration."""
        return f'make {target} {self.variable}="{" ".join(self._options(entry))}"'

    def _options(self, entry: Entry) -> Iterator[str]:
        """Yield the options that choose a configuration; plain settings need none."""
        yield f"--benchmarks={self._titles.get(entry.workload, entry.workload)}"
        yield f"--scenarios={entry.scenario}"
        setting, special = entry.setting, special_parts(entry.setting)
        for name, word in (
            ("harness_type", setting.harness),
            ("accuracy_target", setting.accuracy),
            ("power_setting", setting.power),
        ):
            if word in special:
                yield f"--{name}={self._value(name, word)}"

    def _value(self, option: str, word: str) -> str:
        """Return a part of a setting as the option takes it: one of its choices, where known."""
        value = str(self._words.get((_WORDS.get(option, ""), word), word))
        known = self.tools.flag(f"--{option}", self._programs(self.target))
        choices = known[1] if known else ()
        for choice in choices:
            same = accuracy_share(choice) == accuracy_share(word)
            if choice.lower() == value.lower() or (option == "accuracy_target" and same):
                return choice
        return value

    def _programs(self, target: str) -> list[str]:
        """Return the programs that a target passes the variable on to."""
        found = self.tools.target(target)
        return self.tools.programs_of(found, self.variable) if found else []

    def _usable(self) -> Iterator[tuple[MakeTarget, str]]:
        """Yield targets that pass a variable on to a program that takes the needed options."""
        for target in self.catalog.makes:
            if target.makefile or target.pattern:
                continue
            reached = self.tools.reached(target)
            names = {v for one in reached for run in one.runs for v in run.variables}
            for variable in sorted(names):
                programs = self.tools.programs_of(target, variable)
                if self._takes(programs):
                    yield target, variable

    def _takes(self, programs: list[str]) -> bool:
        """Tell whether a program takes the needed options, its own or as declared fields."""
        for program in programs:
            command = next((c for c in self.catalog.commands if c.name == PYTHON + program), None)
            own = {n for f in command.flags for n in f.names} if command else set()
            fields = {f"--{name}" for name in self.tools.fields} if command is None else set()
            if set(_NEEDED) <= own | fields:
                return True
        return False
