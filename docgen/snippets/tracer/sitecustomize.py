"""Records what this Python process executes and reads of the project.

`site` imports it at the start of every Python descendant of a snippet, because its
folder stands first on PYTHONPATH. It stands alone: it imports nothing of docgen, and
the project under measurement may run on another Python than docgen does.

Why: every function of the project is compiled with one test as its first statement,
    which reports the function once. That sees every thread (those of C++ libraries
    too), forked children and children that leave by `os._exit`, on every Python,
    and costs some nanoseconds a call, where `sys.settrace` sees only its own threads
    and slows every call of every library. What was compiled is kept, one file a module
    as Python itself keeps its own: a process then starts as fast as without a trace. It
    keeps to `os.path`, which is loaded already when a process starts.
"""

# ruff: noqa: PTH105, PTH108, PTH112, PTH118, PTH120, PTH123

from __future__ import annotations

import ast
import builtins
import hashlib
import importlib.machinery
import importlib.util
import json
import marshal
import os
import sys
import types
from collections.abc import Iterator
from typing import Any

VARIABLE = "DOCGEN_TRACE"
"""Environment variable with the JSON that says what to watch and where to write."""


FORM = 1
"""Version of what is compiled into a function; a kept code of another one is not used."""

_DEPTH = 6
"""Frames in which the import system is looked for."""


class Tracer:
    """Writes one line a fact into a file of its own; a line is written at once.

    Lines are tab separated: `M file path sha` module executed, `F file function`
    function executed, `S file path` script executed, `R file path` file read,
    `W file` file written, `L folder path` folder listed, `P name` package imported,
    `E message` something went wrong in here.
    """

    def __init__(
        self, root: str, packages: list[str], skip: list[str], dump: str, cache: str = ""
    ) -> None:
        """Open the file of this process; `cache` is the folder of compiled modules, if any."""
        self.root = os.path.realpath(root) + os.sep
        self.packages = packages
        self.skip = [s.rstrip("/") + "/" for s in skip]
        self.seen: set[str] = set()
        self.todo: dict[str, bool] = {}
        self.cache = cache
        self.path = os.path.join(dump, f"{os.getpid()}-{os.urandom(4).hex()}.txt")
        self.descriptor = -1
        self.inode = -1
        self._open()

    def _open(self) -> None:
        """Open the dump file and remember its identity."""
        flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC
        self.descriptor = os.open(self.path, flags, 0o600)
        self.inode = os.fstat(self.descriptor).st_ino

    def emit(self, line: str) -> None:
        """Write a line once; survive a program that closed all descriptors."""
        if line in self.seen:
            return
        self.seen.add(line)
        try:
            if os.fstat(self.descriptor).st_ino != self.inode:
                self._open()
        except OSError:
            self._open()
        os.write(self.descriptor, (line + "\n").encode("utf-8", "backslashreplace"))

    def relative(self, path: str) -> str | None:
        """Return the path as the project names it; None where it is not the project's."""
        path = os.path.realpath(path)
        if path.startswith(self.root):
            name = path[len(self.root) :].replace(os.sep, "/")
            parts = name.split("/")
            foreign = any(p.startswith(".") or p.endswith("-packages") for p in parts)
            if not foreign and "__pycache__" not in parts:
                return None if f"{name}/".startswith(tuple(self.skip)) else name
        for package in self.packages:
            mark = f"{os.sep}site-packages{os.sep}{package}{os.sep}"
            if mark in path:
                rest = path.rsplit(mark, 1)[1].replace(os.sep, "/")
                if "__pycache__" not in rest and os.path.isdir(self.root + package):
                    return f"{package}/{rest}"
        return None

    def hit(self, function: str) -> None:
        """Note that a function runs for the first time; compiled into every function."""
        self.todo[function] = False
        self.emit("F\t" + function)

    def compile(self, data: bytes, path: str, name: str) -> Any:
        """Return the module's code with a test as first statement of every function."""
        digest = hashlib.sha256(data).hexdigest()
        place = self._place(path)
        known = _load(place, digest, name)
        if known is None:
            tree = ast.parse(data, path)
            functions = list(_mark(tree.body, "", name))
            known = functions, compile(tree, path, "exec", dont_inherit=True)
            _keep(place, (digest, name, *known))
        functions, code = known
        self.todo.update(dict.fromkeys(functions, True))
        self.emit(f"M\t{name}\t{path}\t{digest}")
        return code

    def _place(self, path: str) -> str:
        """Return the file that keeps a module's code for this Python; empty for none."""
        if not self.cache:
            return ""
        magic = importlib.util.MAGIC_NUMBER.hex()
        made = f"{FORM} {magic} {sys.flags.optimize} {path}"
        name = hashlib.sha256(made.encode("utf-8", "backslashreplace")).hexdigest()
        return os.path.join(self.cache, f"{name[:32]}.bin")

    def audit(self, event: str, args: tuple[Any, ...]) -> None:
        """Note opened files, listed folders, imported packages and the script."""
        if event == "open":
            self._opened(args[0], args[2])
        elif event == "import":
            if "." not in args[0]:
                self.emit(f"P\t{args[0]}")
        elif event in ("os.listdir", "os.scandir"):
            self._listed(args[0])
        elif event == "cpython.run_file":
            name = self.relative(os.fsdecode(args[0]))
            if name is not None:
                self.emit(f"S\t{name}\t{os.path.realpath(os.fsdecode(args[0]))}")

    def _opened(self, path: Any, flags: Any) -> None:
        """Note a file of the project that is opened."""
        if isinstance(path, bytes):
            path = os.fsdecode(path)
        if not isinstance(path, str) or path.endswith(".pyc"):
            return
        name = self.relative(path)
        if name is None:
            return
        if isinstance(flags, int) and flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT):
            self.emit(f"W\t{name}")
        elif not (name.endswith(".py") and _imported()):
            self.emit(f"R\t{name}\t{os.path.realpath(path)}")

    def _listed(self, path: Any) -> None:
        """Note a folder of the project whose names are read."""
        if path is None:
            path = "."
        if isinstance(path, bytes):
            path = os.fsdecode(path)
        if isinstance(path, str) and not _imported():
            name = self.relative(path)
            if name is not None:
                self.emit(f"L\t{name}/\t{os.path.realpath(path)}")


def _load(place: str, digest: str, name: str) -> tuple[list[str], Any] | None:
    """Return functions and code that are kept of a source; None where there is nothing."""
    if not place:
        return None
    try:
        with open(place, "rb") as file:
            found = marshal.loads(file.read())  # noqa: S302 - `_keep` wrote it, as Python a .pyc
        known_digest, known_name, functions, code = found
    except (OSError, EOFError, ValueError, TypeError):
        return None
    return (functions, code) if (known_digest, known_name) == (digest, name) else None


def _keep(place: str, known: tuple[Any, ...]) -> None:
    """Write what was compiled, whole or not at all; a folder that is full is no matter."""
    if not place:
        return
    partial = f"{place}.{os.getpid()}-{os.urandom(4).hex()}"
    try:
        with open(partial, "wb") as file:
            file.write(marshal.dumps(known))
        os.replace(partial, place)
    except (OSError, ValueError):
        try:
            os.unlink(partial)
        except OSError:
            return


def _mark(body: list[Any], prefix: str, name: str) -> Iterator[str]:
    """Insert the test into the outermost functions of a statement list; yield their names."""
    for node in body:
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            function = f"{name}\t{prefix}{node.name}"
            _insert(node, function)
            yield function
            continue
        inner = f"{prefix}{node.name}." if isinstance(node, ast.ClassDef) else prefix
        for field in ("body", "orelse", "finalbody", "handlers", "cases"):
            nested = getattr(node, field, None)
            if isinstance(nested, list):
                yield from _mark(nested, inner, name)


def _insert(node: ast.FunctionDef | ast.AsyncFunctionDef, function: str) -> None:
    """Put `if todo[function]: hit(function)` behind the docstring of a function."""
    source = f"if __docgen_todo__[{function!r}]: __docgen_hit__({function!r})"
    test = ast.parse(source).body[0]
    for part in ast.walk(test):
        if hasattr(part, "lineno"):
            ast.copy_location(part, node)
    first = node.body[0]
    documented = (
        isinstance(first, ast.Expr)
        and isinstance(first.value, ast.Constant)
        and isinstance(first.value.value, str)
    )
    node.body.insert(1 if documented else 0, test)


def _imported() -> bool:
    """Return whether the import system or a traceback reads the file, not the program.

    The interpreter's own traceback printer has no Python frame at all.
    """
    frame: types.FrameType | None = sys._getframe(1)  # noqa: SLF001 - no frame, no answer
    outside = 0
    while frame is not None and outside < _DEPTH:
        source = frame.f_code.co_filename
        if source.startswith("<frozen importlib") or source.endswith("linecache.py"):
            return True
        outside += source != __file__
        frame = frame.f_back
    return not outside


def _install(tracer: Tracer) -> None:
    """Compile the project's modules through the tracer and listen to audit events."""
    loader = importlib.machinery.SourceFileLoader
    original = loader.get_code

    def get_code(self: Any, fullname: str) -> Any:
        path = self.get_filename(fullname)
        name = tracer.relative(path)
        if name is None or not name.endswith(".py"):
            return original(self, fullname)
        try:
            return tracer.compile(self.get_data(path), path, name)
        except (SyntaxError, ValueError):
            return original(self, fullname)

    loader.get_code = get_code  # type: ignore[method-assign]
    vars(builtins)["__docgen_todo__"] = tracer.todo
    vars(builtins)["__docgen_hit__"] = tracer.hit
    sys.addaudithook(tracer.audit)


def _chain() -> None:
    """Run the `sitecustomize` that this one hides, where there is one."""
    here = os.path.dirname(os.path.realpath(__file__))
    rest = [p for p in sys.path if os.path.realpath(p or ".") != here]
    sys.path[:] = rest
    spec = importlib.machinery.PathFinder.find_spec("sitecustomize", rest)
    if spec is not None and spec.loader is not None:
        module = importlib.util.module_from_spec(spec)
        sys.modules["sitecustomize"] = module
        spec.loader.exec_module(module)


def _start() -> None:
    """Start tracing where the variable asks for it; never stop the program."""
    text = os.environ.get(VARIABLE)
    if not text:
        return
    try:
        _install(Tracer(**json.loads(text)))
    except Exception as error:  # noqa: BLE001 - whatever it is, the program must start
        sys.stderr.write(f"docgen: tracing is off: {type(error).__name__}: {error}\n")


if __name__ == "sitecustomize":
    _start()
    _chain()
