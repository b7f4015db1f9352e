"""Claims in commands: make targets and variables, programs, options and their values."""

from __future__ import annotations

import posixpath
import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass

from docgen.catalog import MakeTarget, Source
from docgen.prose import shell
from docgen.prose.facts import Facts
from docgen.prose.model import Block, Document, Verdict
from docgen.prose.names import nearest
from docgen.prose.rules.base import broken, held
from docgen.prose.rules.consoles import ConsoleChecker
from docgen.prose.rules.options import options_of, sure, together
from docgen.prose.rules.table import MAKE_TARGET, MAKE_VARIABLE, PROGRAM

_NAME = re.compile(r"^[A-Za-z_][\w.%/-]*$")
_ENGLISH = frozenset(
    {"sure", "it", "a", "an", "the", "this", "that", "use", "your", "them", "changes", "and", "or",
     "command", "commands", "target", "targets"}
)  # fmt: skip
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
_ABOUT_OTHERS = re.compile(r"\b(?:docker|DOCKER_ARGS|nvidia-smi|trtexec|polygraphy|pip)\b")
_WORKDIR = re.compile(r"docker\s+run\b.*?\s(?:--workdir|-w)[ =](?!/work(?:\s|$))", re.DOTALL)


def collect(document: Document, facts: Facts) -> Iterator[Verdict]:
    """Yield a verdict for every command, option and value that a document shows."""
    folder: str | None = ""
    section: tuple[str, ...] = ()
    elsewhere = False
    words = _by_section(document)
    for block in document.blocks:
        checker = _Checker(document, facts, block, words[block.section], elsewhere)
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
                if facts.tools.makes and not facts.project(document.path):
                    yield from checker.target(match.group(1), "", line)


def _by_section(document: Document) -> dict[tuple[str, ...], str]:
    """Return the words of a document by section."""
    words: dict[tuple[str, ...], str] = {}
    for block in document.blocks:
        words[block.section] = f"{words.get(block.section, '')}\n{block.text}"
    return words


def _listed_options(block: Block, checker: _Checker, facts: Facts) -> Iterator[Verdict]:
    """Yield the verdicts on options that a block names for a variable of make.

    The variable stands in the block, or above it; where it stands in another block of the
    section, only options that are written as the fields of harnesses are count.
    """
    found = list(options_of(block))
    about = " ".join((block.text, block.lead, *block.section))
    if not found or _ABOUT_OTHERS.search(about):
        return
    programs = [p for name, passed in facts.passed.items() if name in about for p in passed]
    around = [p for name, passed in facts.passed.items() if name in checker.section for p in passed]
    for text, line in found:
        if programs or (around and "_" in text.partition("=")[0]):
            yield from checker.options([text], programs or around, line)


@dataclass
class _Checker(ConsoleChecker):
    """Judges the commands of one block; `elsewhere` after a container with another tree.

    `section` has the words of all blocks under its heading.
    """

    block: Block
    section: str = ""
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
            yield from self.console(one)
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

    def _make(self, one: shell.Invocation, folder: str) -> Iterator[Verdict]:
        """Yield the verdicts on `make` with its words."""
        makefile, inner, wanted, given = shell.make_words(one)
        moved = self.facts.folder(inner) if inner else folder
        if self.facts.project(self.document.path):
            return  # a project inside of the tree has makefiles of its own
        english = bool(wanted) and wanted[0].lower() in _ENGLISH
        if moved or moved is None or not self.facts.tools.makes or english:
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
        other = next((t for t in self.facts.tools.makes if t.name == name and t.makefile), None)
        yield broken(
            self.document,
            line,
            MAKE_TARGET,
            f"make {name}",
            f"{where} and what it includes have no target {name}"
            + (f"; make -f {other.makefile} {name} finds it" if other else ""),
            source=other.source if other else known.source if known else Source(path=where, line=1),
            nearest="" if other else near,
            edit=None if other else sure(name, near, names),
        )

    def _is_local(self, name: str) -> bool:
        """Tell whether the document's own folder builds by rules of its own."""
        here = self.document.path.rpartition("/")[0]
        builds = ("Makefile", "CMakeLists.txt", "setup.py", "meson.build")
        own = any(f"{here}/{file}" in self.facts.file_set for file in builds) if here else False
        return (own and name in ("all", "install", "test", "clean")) or (
            own and f"{here}/Makefile" in self.facts.file_set
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
        first = value.partition(" ")[0]
        options = value.lstrip().startswith("-")
        if not value or (shell.PLACEHOLDER.search(first) and not options):
            return
        if first in ("make", "python3", "python"):
            yield from self.text(value, line)
            return
        programs = [p for t in targets for p in self.facts.tools.programs_of(t, variable)]
        if options and programs:
            try:
                others = self.facts.passed.get(variable, [])
                found = list(dict.fromkeys([*programs, *others]))
                yield from self.options(shlex.split(value), found, line)
            except ValueError:
                return

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
        own = self.facts.project(self.document.path)
        if own and not self.facts.has(posixpath.dirname(posixpath.join(own, path))):
            return
        if self.elsewhere or not self.facts.must_have(path, self.document.path):
            return
        moved = self.facts.moved(path)
        near = moved or nearest(path, self.facts.index.files, 0.75)
        yield broken(
            self.document,
            line,
            PROGRAM,
            script,
            f"the tree has no file {path}" + self.facts.moved_words(path, moved),
            source=self.facts.beside(path, near),
            nearest=near,
            edit=self.facts.moved_edit(script, moved, self.document.path),
        )

    def _known(
        self, path: str, rest: tuple[str, ...], line: int, claimed: str
    ) -> Iterator[Verdict]:
        """Yield the verdicts on a program that is there: itself and its options."""
        yield held(self.document, line, PROGRAM.code, claimed, Source(path=path, line=1))
        if not path.endswith(".py"):
            return
        files = self.facts.namesakes(path, claimed, self.document.path) if "/" in path else [path]
        commands = [self.facts.program(one) for one in files]
        flags = [f for one in commands if one is not None for f in one.flags]
        closed = not any(map(self.facts.takes_more, files))
        if closed and any(not f.argument for f in flags):
            yield from self.own_options(rest, together(flags), path, line)
