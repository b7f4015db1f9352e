"""Claims in commands: make targets and variables, programs, options and their values."""

from __future__ import annotations

import ast
import re
import shlex
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from docgen.catalog import MakeTarget, Source
from docgen.prose import shell
from docgen.prose.facts import Facts, nearest, plain
from docgen.prose.model import Block, Document, Edit, Verdict
from docgen.prose.rules.base import broken, held
from docgen.prose.rules.table import (
    COMMAND,
    FLAG,
    FLAG_VALUE,
    MAKE_TARGET,
    MAKE_VARIABLE,
    NO_CONFIG,
    PROGRAM,
)

_NAME = re.compile(r"^[A-Za-z_][\w.%/-]*$")
_VARIABLE = re.compile(r"^([A-Za-z_]\w*)=(.*)$", re.DOTALL)
_ENGLISH = frozenset({"sure", "it", "a", "an", "the", "this", "that", "use", "your", "them", "changes", "and", "or", "command", "commands", "target", "targets"})  # fmt: skip
_TAKES_WORD = ("-o", "-W", "-I", "-l")
_OUTSIDE = ("CUDA_", "NVIDIA_", "NCCL_", "UCX_", "OMP_", "OMPI_", "HF_", "LD_", "PYTHON", "TF_",
            "DOCKER_", "HTTP", "http", "https", "PATH", "HOME", "USER", "LC_", "LANG", "TLLM_",
            "TRTLLM_", "SLURM_", "PMIX_", "MASTER_", "CC", "CXX", "CFLAGS", "CXXFLAGS", "DEBUG",
            "FORCE_CUDA", "TORCH_", "VLLM_", "GIT_", "PIP_", "UV_", "NO_COLOR", "TERM")  # fmt: skip
_TARGET_WORDS = (
    re.compile(r"target (?:called|named)\s+`([\w.%-]+)`"),
    re.compile(r"`([\w.%-]+)` make target"),
    re.compile(r"make target `([\w.%-]+)`"),
)
_STARTS = re.compile(
    r"^\$?\s*(?:(?:[A-Z_]+=\S+|sudo)\s+)*(?:make|python[\d.]*|bash|sh|source|\./[\w./-]+|{})\s"
)
_BUILT_IN = frozenset({"--help", "-h", "--version"})
_OPTION = re.compile(r"^-+[A-Za-z][\w.-]*$")
_OPTION_SPAN = re.compile(r"^-+[A-Za-z][\w.-]*(?:=\S*)?$")
_ABOUT_OTHERS = re.compile(r"\b(?:docker|DOCKER_ARGS|nvidia-smi|trtexec|polygraphy|pip)\b")
_WORKDIR = re.compile(r"docker\s+run\b.*?\s(?:--workdir|-w)[ =](?!/work(?:\s|$))", re.DOTALL)
SURE = 0.89
"""Similarity from which a near name is taken for the same word with a slip."""


def collect(document: Document, facts: Facts) -> Iterator[Verdict]:
    """Yield a verdict for every command, option and value that a document shows."""
    folder: str | None = ""
    section: tuple[str, ...] = ()
    elsewhere = False
    for block in document.blocks:
        checker = _Checker(document, facts, block, elsewhere)
        elsewhere = elsewhere or (block.kind == "fence" and bool(_WORKDIR.search(block.text)))
        if block.section != section:
            folder, section = "", block.section
        if block.kind == "fence":
            if block.language.lower() in shell.SHELLS:
                yield from checker.text(block.text, block.line, folder)
                folder = shell.folder_after(block.text, folder)
            continue
        for span in block.spans:
            if span.kind == "code" and (
                _STARTS.match(span.text + " ") or span.text.split(" ")[0] in facts.console_names
            ):
                yield from checker.text(span.text, span.line)
        yield from _listed_options(block, checker, facts)
        for pattern in _TARGET_WORDS:
            for match in pattern.finditer(block.text):
                line = block.line + block.text.count("\n", 0, match.start(1))
                if facts.tools.makes:
                    yield from checker.target(match.group(1), "", line)


def _listed_options(block: Block, checker: _Checker, facts: Facts) -> Iterator[Verdict]:
    """Yield the verdicts on options that a block lists for a variable of make or a program."""
    spans = [s for s in block.spans if s.kind == "code" and _OPTION_SPAN.match(s.text)]
    if not spans:
        return
    about = " ".join((block.text, block.lead, *block.section))
    if _ABOUT_OTHERS.search(about):
        return
    programs = [p for name, found in facts.passed.items() if name in about for p in found]
    if not programs and not facts.console_names:
        return
    for span in spans:
        if programs:
            yield from checker.options([span.text], programs, span.line)


@dataclass
class _Checker:
    """Judges the commands of one block; `elsewhere` after a container with another tree."""

    document: Document
    facts: Facts
    block: Block
    elsewhere: bool = False

    def text(self, text: str, line: int, folder: str | None = "") -> Iterator[Verdict]:
        """Yield the verdicts on every command of a text."""
        for one in shell.invocations(text, line, folder):
            if one.words:
                yield from self._command(one)

    def _command(self, one: shell.Invocation) -> Iterator[Verdict]:
        """Yield the verdicts on one command."""
        first = one.words[0]
        folder = self.facts.folder(one.folder)
        if folder is None:
            return
        if first in self.facts.console_names:
            yield from self._console(one)
        elif first == "make":
            yield from self._make(one, folder)
        elif re.fullmatch(r"python[\d.]*", first):
            yield from self._python(one, folder)
        elif first in ("bash", "sh", "source", ".") and len(one.words) > 1:
            yield from self._nested(one, folder)
        elif first.startswith("./") or first.endswith((".sh", ".py")):
            yield from self._program(first, one.words[1:], one.line, folder)

    def _nested(self, one: shell.Invocation, folder: str) -> Iterator[Verdict]:
        """Yield the verdicts on `bash FILE` and `bash -c COMMAND`."""
        if "-c" in one.words:
            place = one.words.index("-c") + 1
            if place < len(one.words):
                yield from self.text(one.words[place], one.line)
            return
        script = next((w for w in one.words[1:] if not w.startswith("-")), "")
        if script.endswith((".sh", ".bash")):
            yield from self._program(script, (), one.line, folder)

    # --- make

    def _make(self, one: shell.Invocation, folder: str) -> Iterator[Verdict]:
        """Yield the verdicts on `make` with its words."""
        wanted: list[str] = []
        given = dict(one.environment)
        makefile = ""
        words = iter(one.words[1:])
        for word in words:
            if word in ("-f", "--file", "--makefile"):
                makefile = next(words, "").removeprefix("./")
            elif word in ("-C", "--directory"):
                moved = self.facts.folder(next(words, ""))
                if moved is None:
                    return
                folder = moved
            elif word in _TAKES_WORD:
                next(words, "")
            elif match := _VARIABLE.match(word):
                given[match.group(1)] = match.group(2)
            elif not word.startswith("-") and not word.isdecimal():
                wanted.append(word)
        if folder or not self.facts.tools.makes or (wanted and wanted[0].lower() in _ENGLISH):
            return
        targets = []
        for name in wanted:
            if shell.PLACEHOLDER.search(name) or not _NAME.match(name):
                continue
            found = self.facts.tools.target(name, makefile)
            if found is not None:
                targets.append(found)
            yield from self.target(name, makefile, one.line)
        for variable, value in given.items():
            yield from self._variable(variable, value, targets, one.line)

    def target(self, name: str, makefile: str, line: int) -> Iterator[Verdict]:
        """Yield the verdict on the name of a make target."""
        found = self.facts.tools.target(name, makefile)
        if found is not None:
            yield held(self.document, line, MAKE_TARGET.code, f"make {name}", found.source)
            return
        if name in self.facts.file_set or self._is_local(name):
            return
        names = self.facts.tools.names(makefile)
        near = nearest(name, names)
        known = self.facts.tools.target(near, makefile) if near else None
        where = makefile or self.facts.makefile
        yield broken(
            self.document,
            line,
            MAKE_TARGET,
            f"make {name}",
            f"{where} and what it includes have no target {name}",
            source=known.source if known else Source(path=where, line=1),
            nearest=near,
            edit=_sure(name, near, names),
        )

    def _is_local(self, name: str) -> bool:
        """Tell whether the document's own folder builds by rules of its own."""
        here = self.document.path.rpartition("/")[0]
        builds = ("Makefile", "CMakeLists.txt", "setup.py", "meson.build")
        own = any(f"{here}/{file}" in self.facts.file_set for file in builds) if here else False
        return (
            own
            and name in ("all", "install", "test", "clean")
            or (own and f"{here}/Makefile" in self.facts.file_set)
        )

    def _variable(
        self, variable: str, value: str, targets: list[MakeTarget], line: int
    ) -> Iterator[Verdict]:
        """Yield the verdicts on `VARIABLE=value`: whether anything reads it, and its options."""
        user = next(
            (t for one in targets for t in self.facts.reaches(one) if variable in t.variables), None
        )
        if user is None and not self.facts.knows(variable):
            if targets and not variable.startswith(_OUTSIDE):
                known = [v for one in targets for t in self.facts.reaches(one) for v in t.variables]
                near = nearest(variable, known)
                yield broken(
                    self.document,
                    line,
                    MAKE_VARIABLE,
                    f"{variable}=",
                    f"no Makefile, script or program of the tree reads {variable}",
                    source=targets[0].source,
                    nearest=near,
                )
            return
        place = user.source if user else self.facts.place(variable)
        yield held(self.document, line, MAKE_VARIABLE.code, f"{variable}=", place)
        if shell.PLACEHOLDER.search(value.split(" ")[0]) or not value:
            return
        if value.split(" ")[0] in ("make", "python3", "python"):
            yield from self.text(value, line)
            return
        programs = [p for t in targets for p in self.facts.tools.programs_of(t, variable)]
        if value.lstrip().startswith("-") and programs:
            try:
                others = self.facts.passed.get(variable, [])
                found = list(dict.fromkeys([*programs, *others]))
                yield from self.options(shlex.split(value), found, line)
            except ValueError:
                return

    # --- programs

    def _python(self, one: shell.Invocation, folder: str) -> Iterator[Verdict]:
        """Yield the verdicts on `python` with its words."""
        words = list(one.words[1:])
        while words and words[0].startswith("-") and words[0] not in ("-m", "-c"):
            words.pop(0)
        if len(words) > 1 and words[0] == "-m":
            yield from self._module(words[1], tuple(words[2:]), one.line)
        elif words and words[0].endswith(".py"):
            yield from self._program(words[0], tuple(words[1:]), one.line, folder)

    def _module(self, dotted: str, rest: tuple[str, ...], line: int) -> Iterator[Verdict]:
        """Yield the verdicts on `python -m MODULE`; modules of libraries are left out."""
        if shell.PLACEHOLDER.search(dotted):
            return
        path = self.facts.module(dotted)
        if path:
            yield from self._known(path, rest, line, dotted)
            return
        top = dotted.partition(".")[0]
        if top not in self.facts.folder_set or top in ("build", "test", "tests"):
            return
        names = [p.removesuffix(".py").replace("/", ".") for p in self.facts.index.files
                 if p.endswith(".py") and p.startswith(f"{top}/")]  # fmt: skip
        near = nearest(dotted, names)
        yield broken(
            self.document,
            line,
            PROGRAM,
            f"python -m {dotted}",
            f"the tree has no module {dotted}",
            source=self.facts.beside(
                dotted.replace(".", "/"), f"{near.replace('.', '/')}.py" if near else ""
            ),
            nearest=near,
        )

    def _program(
        self, script: str, rest: tuple[str, ...], line: int, folder: str
    ) -> Iterator[Verdict]:
        """Yield the verdicts on a program that is started by its path."""
        if shell.PLACEHOLDER.search(script) or script.startswith(("/", "~")):
            return
        found = self.facts.find(script, self.document.path, folder)
        if found:
            yield from self._known(found, rest, line, script)
            return
        path = self.facts.strip(script)
        if self.elsewhere or not self.facts.must_have(path, self.document.path):
            return
        moved = self.facts.moved(path)
        near = moved or nearest(path, self.facts.index.files, 0.75)
        yield broken(
            self.document,
            line,
            PROGRAM,
            script,
            f"the tree has no file {path}" + (f"; it is at {moved} now" if moved else ""),
            source=self.facts.beside(path, near),
            nearest=near,
            edit=self.facts.moved_edit(script, moved, self.document.path),
        )

    def _known(
        self, path: str, rest: tuple[str, ...], line: int, claimed: str
    ) -> Iterator[Verdict]:
        """Yield the verdicts on a program that is there: itself and its options."""
        yield held(self.document, line, PROGRAM.code, claimed, Source(path=path, line=1))
        command = self.facts.program(path) if path.endswith(".py") else None
        if command is not None and any(not f.argument for f in command.flags):
            known = {n: f for f in command.flags for n in f.names}
            yield from self._own_options(rest, known, path, line)

    def _own_options(
        self, words: Iterable[str], known: dict[str, object], path: str, line: int
    ) -> Iterator[Verdict]:
        """Yield the verdicts on the options of one program."""
        for name, value in _pairs(list(words)):
            flag = known.get(name)
            if flag is None and (name in _BUILT_IN or _abbreviates(name, known)):
                continue
            if flag is None:
                yield self._no_flag(name, list(known), f"{path} has no option {name}", path, line)
                continue
            yield from self._flag_value(name, value, flag, line)

    def _no_flag(self, name: str, known: list[str], truth: str, path: str, line: int) -> Verdict:
        """Return the verdict on an option that a program lacks."""
        near = nearest(name, [k for k in known if k.startswith("--")])
        elsewhere = self.facts.knows(name.lstrip("-").replace("-", "_"))
        return broken(
            self.document,
            line,
            FLAG,
            name,
            truth,
            source=Source(path=path, line=1),
            nearest=near,
            severity="warning" if elsewhere and path else "",
        )

    def _flag_value(self, name: str, value: str, flag: object, line: int) -> Iterator[Verdict]:
        """Yield the verdicts on an option and the value it is given."""
        source = getattr(flag, "source", None)
        yield held(self.document, line, FLAG.code, name, source)
        choices = getattr(flag, "choices", ()) or _literal_choices(getattr(flag, "type", ""))
        named = self.facts.named_by(name) if self.facts.console_names else {}
        if named and value and not shell.PLACEHOLDER.search(value) and not value.isupper():
            yield self._one_of(name, value, named, line)
            return
        takes_none = getattr(flag, "is_flag", False)
        if choices and not takes_none and value and not shell.PLACEHOLDER.search(value):
            yield self._choice(name, value, choices, source, line)

    def _one_of(self, name: str, value: str, named: dict[str, Source], line: int) -> Verdict:
        """Return the verdict on the name of a target or workload."""
        claimed = f"{name}={value}"
        if value in named:
            return held(self.document, line, FLAG_VALUE.code, claimed, named[value])
        near = nearest(value, named)
        truth = f"the tree has no {name.lstrip('-')} {value}"
        source = named[near] if near else next(iter(named.values()))
        return broken(
            self.document, line, FLAG_VALUE, claimed, truth, source=source, nearest=near
        )

    def _choice(
        self, name: str, value: str, choices: Iterable[str], source: Source | None, line: int
    ) -> Verdict:
        """Return the verdict on a value out of a closed list."""
        allowed = [str(c) for c in choices]
        claimed = f"{name}={value}"
        if value in allowed or _same_number(value, allowed):
            return held(self.document, line, FLAG_VALUE.code, claimed, source)
        near = nearest(value, allowed, 0.5)
        shown = ", ".join(allowed[:12]) + (", ..." if len(allowed) > 12 else "")
        truth = f"{name} takes {shown}"
        edit = _sure(value, near, allowed)
        return broken(
            self.document, line, FLAG_VALUE, claimed, truth, source=source, nearest=near, edit=edit
        )

    def options(self, words: list[str], programs: list[str], line: int) -> Iterator[Verdict]:
        """Yield the verdicts on options that a variable of make passes on."""
        tools = self.facts.tools
        names = tools.flags(programs)
        for name, value in _pairs(words):
            known = tools.flag(name, programs) if re.match(r"^--?[A-Za-z]", name) else None
            if known is None and (name in _BUILT_IN or _abbreviates(name, dict.fromkeys(names))):
                continue
            if known is None:
                at_dashes = re.match(r"^--?[A-Za-z]", name) is not None
                path = self.facts.module(programs[0]) if programs else ""
                some = " and ".join(programs[:2])
                truth = f"{some} {'have' if len(programs) > 1 else 'has'} no option {name}"
                near = nearest(name, names)
                at = tools.flag(near, programs) if near else None
                yield broken(
                    self.document,
                    line,
                    FLAG,
                    name,
                    truth,
                    source=at[0] if at else (Source(path=path, line=1) if path else None),
                    nearest=near,
                    edit=_sure(name, near, names),
                    severity="warning" if self.facts.quotes(name.lstrip("-")) and at_dashes else "",
                )
                continue
            source, choices = known
            yield held(self.document, line, FLAG.code, name, source)
            yield from self._values(name, value, source, choices, line)

    def _values(
        self, name: str, value: str, source: Source, choices: tuple[str, ...], line: int
    ) -> Iterator[Verdict]:
        """Yield the verdicts on the value of an option whose allowed ones are known."""
        if not value or shell.PLACEHOLDER.search(value) or value.startswith("comma,"):
            return
        known = {
            "--benchmarks": self.facts.benchmark_names,
            "--scenarios": self.facts.scenario_names,
        }.get(name)
        if not known:
            if choices:
                yield self._choice(name, value, choices, source, line)
            return
        for part in filter(None, value.split(",")):
            yield from self._named(name, part, known, line)

    def _named(
        self, name: str, part: str, known: dict[str, tuple[str, Source]], line: int
    ) -> Iterator[Verdict]:
        """Yield the verdict on the name of a benchmark or scenario."""
        claimed = f"{name}={part}"
        found = known.get(plain(part))
        if found is None:
            near = nearest(plain(part), known)
            names = dict.fromkeys(text for text, _ in known.values())
            yield broken(
                self.document,
                line,
                FLAG_VALUE,
                claimed,
                f"{name} takes {', '.join(list(names)[:12])}{', ...' if len(names) > 12 else ''}",
                source=known[near][1] if near else next(iter(known.values()))[1],
                nearest=known[near][0] if near else "",
            )
        elif name == "--benchmarks" and not self.facts.has_config(part):
            truth = f"no system of the tree has a configuration of {found[0]}"
            yield broken(self.document, line, NO_CONFIG, claimed, truth, source=found[1])
        else:
            yield held(self.document, line, FLAG_VALUE.code, claimed, found[1])

    # --- console scripts

    def _console(self, one: shell.Invocation) -> Iterator[Verdict]:
        """Yield the verdicts on a command of one of the tree's console scripts."""
        name, place = one.words[0], 1
        while place < len(one.words) and f"{name} {one.words[place]}" in self.facts.consoles:
            name = f"{name} {one.words[place]}"
            place += 1
        command = self.facts.consoles.get(name)
        if command is None:
            return
        group = any(known.startswith(f"{name} ") for known in self.facts.consoles)
        rest = one.words[place:]
        if group and rest and _NAME.match(rest[0]):
            wrong = f"{name} {rest[0]}"
            names = [k for k in self.facts.consoles if k.startswith(f"{name} ")]
            near = nearest(wrong, names)
            yield broken(
                self.document,
                one.line,
                COMMAND,
                wrong,
                f"{name} has no command {rest[0]}",
                source=self.facts.consoles[near].source if near else command.source,
                nearest=near,
                edit=_sure(wrong, near, names),
            )
            return
        yield held(self.document, one.line, COMMAND.code, name, command.source)
        known = {n: f for f in command.flags for n in f.names if n.startswith("-")}
        for flag, value in _pairs(list(rest)):
            found = known.get(flag)
            if found is None and (flag in _BUILT_IN or _is_negative(known, flag)):
                continue
            if found is None:
                near = nearest(flag, known)
                yield broken(
                    self.document,
                    one.line,
                    FLAG,
                    f"{name} {flag}",
                    f"{name} has no option {flag}",
                    source=command.source,
                    nearest=near,
                    edit=_sure(flag, near, list(known)),
                )
                continue
            yield from self._flag_value(flag, value, found, one.line)


def _pairs(words: list[str]) -> Iterator[tuple[str, str]]:
    """Yield each option with the value that follows it."""
    for place, word in enumerate(words):
        name, sign, value = word.partition("=")
        if not _OPTION.match(name):
            continue
        follows = place + 1 < len(words) and not words[place + 1].startswith("-")
        yield name, value if sign else (words[place + 1] if follows else "")


def _literal_choices(kind: str) -> tuple[str, ...]:
    """Return the words of a type that is written as `Choice([...])`."""
    match = re.search(r"Choice\((\[[^\]]*\])", kind)
    try:
        found = ast.literal_eval(match.group(1)) if match else ()
    except (ValueError, SyntaxError):
        return ()
    return tuple(str(word) for word in found)


def _same_number(value: str, allowed: list[str]) -> bool:
    """Tell whether a value is one of some numbers, written in another way."""
    try:
        return float(value) in {float(one) for one in allowed}
    except ValueError:
        return False


def _abbreviates(name: str, known: dict[str, object]) -> bool:
    """Tell whether a word is short for an option, or several short ones in one."""
    if name.startswith("--"):
        return any(k.startswith(name) for k in known)
    return len(name) > 2 and name[:2] in known


def _is_negative(known: dict[str, object], flag: str) -> bool:
    """Tell whether a flag is the other half of one that is declared as `--a/--no-a`."""
    return any(flag in re.split(r"[/\s]+", name) for name in known)


def _sure(old: str, near: str, names: Iterable[str]) -> Edit | None:
    """Return the edit to a near name where no other is nearly as near."""
    from difflib import SequenceMatcher

    if not near:
        return None
    scores = sorted(
        (SequenceMatcher(None, old, name).ratio() for name in dict.fromkeys(names)), reverse=True
    )
    alone = len(scores) == 1 or scores[0] - scores[1] >= 0.05
    return Edit(old=old, new=near) if scores[0] >= SURE and alone else None
