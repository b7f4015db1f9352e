"""The files of a documented tree: found, read once, hashed, parsed; never imported."""

from __future__ import annotations

import ast
import functools
import hashlib
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from docgen.catalog import Diagnostic, Source
from docgen.evaluation.objects import Binding

MAX_BYTES = 4_000_000
"""Largest file that is read; no hand-written module comes near it."""


DOT = "\u2024"
"""Stands in a module's name for a dot that is part of the name of a file or folder."""


def dotted(name: str) -> str:
    """Return a name as readers see it."""
    return name.replace(DOT, ".")


@dataclass(eq=False, repr=False)
class Module:
    """A file of the tree and, once it was executed statically, its names."""

    name: str
    """Dotted name."""
    path: str
    """Path relative to the root, with forward slashes."""
    data: bytes
    """Content."""
    digest: str
    """SHA-256 of the content."""
    is_package: bool
    """Whether it is an `__init__.py`."""
    parse: Callable[[], ast.Module | None]
    """Gives the syntax tree; called once, by `node`."""
    names: dict[str, Binding] = field(default_factory=dict)
    """Names at the end of the module, in order of their first binding."""
    typing_names: dict[str, Binding] = field(default_factory=dict)
    """Names that only annotations may use (`if TYPE_CHECKING:`)."""
    state: str = "new"
    """`new`, `running` or `done`."""
    open_star: str = ""
    """Module outside the tree that names were star-imported from; empty without one."""
    _lines: list[bytes] | None = None

    def __repr__(self) -> str:
        """Return name and path."""
        return f"<module {self.name} at {self.path}>"

    @functools.cached_property
    def node(self) -> ast.Module | None:
        """Return the syntax tree; None where the file cannot be parsed."""
        return self.parse()

    def source(self, node: ast.AST) -> Source:
        """Return the place of a node."""
        line = getattr(node, "lineno", 1)
        end = getattr(node, "end_lineno", None) or line
        return Source(
            path=self.path,
            line=line,
            column=getattr(node, "col_offset", 0),
            end_line=end if end != line else 0,
        )

    def text(self, node: ast.expr) -> str:
        """Return the source text of an expression, as written."""
        if self._lines is None:
            self._lines = self.data.splitlines(keepends=True)
        first, last = node.lineno - 1, (node.end_lineno or node.lineno) - 1
        rows = self._lines[first : last + 1]
        if not rows:
            return ast.unparse(node)
        rows[-1] = rows[-1][: node.end_col_offset]
        rows[0] = rows[0][node.col_offset :]
        return b"".join(rows).decode("utf-8", "replace")

    @property
    def doc(self) -> str:
        """Return the module's docstring, cleaned; empty without one."""
        return (ast.get_docstring(self.node) or "") if self.node is not None else ""


class Tree:
    """Modules of some packages under a root, read and parsed on demand and only once."""

    def __init__(self, root: Path, packages: tuple[str, ...]) -> None:
        """Note where to look; reads nothing yet."""
        self.root = root.absolute()
        self._real = root.resolve()
        self.packages = packages
        self.modules: dict[str, Module | None] = {}
        self.diagnostics: list[Diagnostic] = []

    def owns(self, name: str) -> bool:
        """Tell whether a dotted name lies in one of the packages."""
        return any(name == p or name.startswith(p + ".") for p in self.packages)

    def module(self, name: str) -> Module | None:
        """Return a module by dotted name; None where the tree has no such file."""
        if name not in self.modules:
            self.modules[name] = self._load(name)
        return self.modules[name]

    def is_namespace(self, name: str) -> bool:
        """Tell whether a dotted name is a folder without `__init__.py`."""
        try:
            return self._path(name).is_dir()
        except (OSError, ValueError):
            return False

    def read(self, path: Path) -> Module | None:
        """Return the module of a file below the root, whatever its name; None as `module`.

        A dot within the name of a file or folder is `DOT` in the module's name.
        """
        relative = path.relative_to(self.root)
        parts = (*relative.parts[:-1], relative.stem)
        name = ".".join(part.replace(".", DOT) for part in parts)
        if name not in self.modules:
            self.modules[name] = self._read(name, path, False)
        return self.modules[name]

    def _path(self, name: str) -> Path:
        """Return where a dotted name is, without a suffix."""
        return self.root / name.replace(".", "/").replace(DOT, ".")

    def walk(self, package: str) -> Iterator[Module]:
        """Yield every readable module under a package, sorted by path, `__init__` first."""
        yield from self._walk(package)

    def children(self, package: str) -> list[str]:
        """Return the dotted names of a package's own modules and sub-packages, sorted."""
        folder = self.root / package.replace(".", "/")
        names = []
        for path in sorted(folder.iterdir()) if folder.is_dir() else ():
            if path.suffix == ".py" and path.stem != "__init__" and path.stem.isidentifier():
                names.append(f"{package}.{path.stem}")
            elif (path / "__init__.py").is_file() and path.name.isidentifier():
                names.append(f"{package}.{path.name}")
        return sorted(set(names))

    def _walk(self, package: str) -> Iterator[Module]:
        own = self.module(package)
        if own is not None:
            yield own
        for name in self.children(package):
            path = self.root / name.replace(".", "/")
            if path.is_dir():
                yield from self._walk(name)
            else:
                found = self.module(name)
                if found is not None:
                    yield found

    def _load(self, name: str) -> Module | None:
        """Read a module; None, with a diagnostic where there is one that cannot be read."""
        base = self._path(name)
        file = base.parent / f"{base.name}.py"
        try:
            for path, is_package in ((base / "__init__.py", True), (file, False)):
                if path.is_file():
                    return self._read(name, path, is_package)
        except (OSError, ValueError):
            return None
        return None

    def _read(self, name: str, path: Path, is_package: bool) -> Module | None:
        relative = path.relative_to(self.root).as_posix()
        where = Source(path=relative, line=1)
        if not path.resolve().is_relative_to(self._real):
            self._note("outside", "a file of the tree", "a link that leaves it", where)
            return None
        try:
            size = path.stat().st_size
            if size > MAX_BYTES:
                got = f"{size} bytes"
                self._note("too-large", f"at most {MAX_BYTES} bytes", got, where)
                return None
            data = path.read_bytes()
        except OSError as error:
            self._note("unreadable", "a readable file", error.strerror or str(error), where)
            return None
        digest = hashlib.sha256(data).hexdigest()
        parse = functools.partial(self._parse, data, relative)
        return Module(name, relative, data, digest, is_package, parse)

    def _parse(self, data: bytes, path: str) -> ast.Module | None:
        """Return the syntax tree; None and a diagnostic where there is none."""
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                return ast.parse(data, filename=path)
        except SyntaxError as error:
            where = Source(
                path=path, line=error.lineno or 1, column=max((error.offset or 1) - 1, 0)
            )
            self._note("syntax-error", "Python", error.msg, where)
        except (ValueError, RecursionError, MemoryError) as error:
            got = str(error) or type(error).__name__
            self._note("syntax-error", "Python", got, Source(path=path, line=1))
        return None

    def _note(self, code: str, want: str, got: str, where: Source) -> None:
        message = f"want {want}, got {got}; mend the file or leave it out"
        self.diagnostics.append(
            Diagnostic(code=code, severity="error", message=message, source=where)
        )
