"""A second process that reads documents and programs while the first reads configurations.

When the first has the Catalog, both judge documents, one from each end of the list.
What it sends is what the first process would have found itself, and is used where it is
there in time; where the process cannot start or ends early, nothing is lost but time.
Neither process runs anything of the tree: both only read files.
"""

from __future__ import annotations

import contextlib
import os
import struct
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from functools import cached_property
from typing import IO, TYPE_CHECKING, Any, TypeVar

import msgspec

from docgen.config import Config
from docgen.listing import Listing, Stamp
from docgen.prose import docstrings, files
from docgen.prose.kept import digest_of
from docgen.prose.model import Document, Verdict
from docgen.prose.reading import read
from docgen.prose.symbols import Parsed, Symbols

if TYPE_CHECKING:
    from docgen.prose.facts import Facts

INDEX, DOCUMENT, PARSED, DOCSTRINGS, JUDGED = b"i", b"d", b"p", b"s", b"j"
"""Kinds of messages."""

PATIENCE_S = 20.0
"""Longest wait for the other process, in seconds; then this one does the work itself."""

_T = TypeVar("_T")
_START = "import sys; sys.path[:] = sys.argv[1:]; from docgen.prose.ahead import serve; serve()"
_HEAD = struct.Struct("<cI")
_GO = b"g"


class Request(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be read."""

    config: Config
    """What is checked."""
    names: tuple[str, ...]
    """Documents, in the order in which they are asked for."""
    files: dict[str, Stamp]
    """Every file of the tree."""
    folders: tuple[str, ...]
    """Every folder of the tree."""
    whole: bool
    """Whether the tree was seen whole."""


class Sent(msgspec.Struct, frozen=True, kw_only=True):
    """A document and the content that it was read from."""

    digest: str
    """SHA-256 of its bytes."""
    document: Document
    """Its blocks."""


class Judged(msgspec.Struct, frozen=True, kw_only=True):
    """The verdicts on a document."""

    digest: str
    """SHA-256 of its bytes."""
    verdicts: tuple[Verdict, ...]
    """Verdicts on its claims."""
    asked: tuple[str, ...]
    """Documents whose anchors were asked for."""


class Ahead:
    """What a second process has read so far."""

    def __init__(self, process: subprocess.Popen[bytes], request: bytes) -> None:
        """Hold a process that was started, and give it its work."""
        self._process = process
        self._request = request
        self._found: dict[tuple[bytes, str], bytes] = {}
        self._news = threading.Condition()
        self._given = threading.Event()
        self._ended = False
        self._thread = threading.Thread(target=self._listen, daemon=True)
        self._thread.start()

    @classmethod
    def start(cls, config: Config, found: Listing, names: list[str]) -> Ahead | None:
        """Return a process at work; None where there is no processor for it or no way to start.

        Args:
            config: What is checked.
            found: Files of the tree.
            names: Documents that will be asked for, in this order.
        """
        if not sys.executable or _processors() == 1:
            return None
        request = Request(
            config=config,
            names=tuple(names),
            files=found.files,
            folders=found.folders,
            whole=found.whole,
        )
        try:
            data = msgspec.msgpack.encode(request, enc_hook=str)
            process = subprocess.Popen(
                [sys.executable, "-I", "-c", _START, *filter(None, sys.path)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
            )
        except (OSError, ValueError):  # no process, or a name that is no text
            return None
        return cls(process, data)

    def _listen(self) -> None:
        """Send the request and take what comes until the process ends."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        with contextlib.suppress(OSError, ValueError):
            self._process.stdin.write(_HEAD.pack(_GO, len(self._request)) + self._request)
            self._process.stdin.flush()
            self._given.set()
            for kind, name, data in _messages(self._process.stdout):
                with self._news:
                    self._found[kind, name] = data
                    self._news.notify_all()
        self._given.set()
        with self._news:
            self._ended = True
            self._news.notify_all()

    def index(self) -> files.Index | None:
        """Return the index of the tree, waiting for it; None where the process gave none."""
        key = (INDEX, "")
        with self._news:
            self._news.wait_for(lambda: self._ended or key in self._found, PATIENCE_S)
        return self._take(key, files.Index)

    def document(self, name: str, digest: str) -> Document | None:
        """Return a document; None where it is not read yet or was read in another state."""
        sent = self._take((DOCUMENT, name), Sent)
        return sent.document if sent is not None and sent.digest == digest else None

    def go(self) -> None:
        """Say that the Catalog is kept: from now on the process judges too."""
        assert self._process.stdin is not None
        if not self._given.wait(PATIENCE_S):
            return
        with contextlib.suppress(OSError, ValueError):
            self._process.stdin.write(_GO)
            self._process.stdin.flush()

    def judged(self, name: str, digest: str) -> Judged | None:
        """Return the verdicts on a document; None where there are none on this state of it."""
        found = self._take((JUDGED, name), Judged)
        return found if found is not None and found.digest == digest else None

    def parsed(self) -> dict[str, Parsed]:
        """Return the programs that were parsed so far for their docstrings, by path."""
        return self._take((PARSED, ""), dict[str, Parsed]) or {}

    def docstrings(self) -> dict[str, Document]:
        """Return the docstrings that were read so far, by path of their program."""
        return self._take((DOCSTRINGS, ""), dict[str, Document]) or {}

    def _take(self, key: tuple[bytes, str], kind: type[_T]) -> _T | None:
        """Return a message of a kind; None where it is not there or not whole."""
        data = self._found.pop(key, None)
        try:
            return msgspec.msgpack.decode(data, type=kind) if data is not None else None
        except msgspec.MsgspecError:
            return None

    def close(self) -> None:
        """End the process, whatever it is doing."""
        self._process.kill()
        self._process.wait()
        self._thread.join()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                with contextlib.suppress(OSError):
                    pipe.close()


def _processors() -> int:
    """Return how many processors this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _messages(pipe: IO[bytes]) -> Iterator[tuple[bytes, str, bytes]]:
    """Yield kind, name and content of each whole message."""
    while len(head := pipe.read(_HEAD.size)) == _HEAD.size:
        kind, size = _HEAD.unpack(head)
        data = pipe.read(size)
        if len(data) < size:
            return
        name, _, content = data.partition(b"\0")
        yield kind, name.decode(), content


def serve() -> None:
    """Read a request from standard input and send what is found to standard output."""
    given, out = sys.stdin.buffer, sys.stdout.buffer
    _, size = _HEAD.unpack(given.read(_HEAD.size))
    request = msgspec.msgpack.decode(given.read(size), type=Request, dec_hook=_made)
    told = threading.Event()

    def wait() -> None:
        if given.read(1) == _GO:
            told.set()
        else:
            os._exit(0)  # the first process has ended

    threading.Thread(target=wait, daemon=True).start()

    def send(kind: bytes, name: str, content: object) -> None:
        data = name.encode() + b"\0" + msgspec.msgpack.encode(content)
        out.write(_HEAD.pack(kind, len(data)) + data)
        out.flush()

    work(request, send, told)


def _made(kind: type[Any], value: Any) -> Any:
    """Return a value of a type that MessagePack does not have: a path."""
    return kind(value)


def work(
    request: Request, send: Callable[[bytes, str, object], None], told: threading.Event
) -> None:
    """Read what a request asks for and send it piece by piece; judge as soon as that is told.

    The documents come from the last to the first: where the first process is at them
    already, it reads from the other end.
    """
    root, cache = request.config.root, request.config.cache
    found = Listing(request.files, request.folders, request.whole)
    index = files.load(root, cache, found)
    send(INDEX, "", index)
    judge = _Judge(request.config, found)
    left: list[Sent] = []
    for name in reversed(request.names):
        one = Sent(digest=digest_of(root / name), document=read(root, name))
        if told.is_set():
            send(JUDGED, name, judge(one))
        else:
            send(DOCUMENT, name, one)
            left.append(one)
    symbols = Symbols(root, index, found, cache)
    texts = list(symbols.docstrings(lambda _: True))
    send(PARSED, "", {index.files[n]: symbols.parsed(index.files[n]) for n in index.claiming})
    send(DOCSTRINGS, "", {d.path: d for d in docstrings.read(texts)})
    told.wait()
    for one in left:
        send(JUDGED, one.document.path, judge(one))


class _Judge:
    """Judges documents with the facts of a tree, which are read when the first is judged."""

    def __init__(self, config: Config, found: Listing) -> None:
        self._config = config
        self._listing = found

    @cached_property
    def _facts(self) -> Facts:
        from docgen.prose.check import facts_of

        return facts_of(self._config, self._listing)

    def __call__(self, one: Sent) -> Judged:
        """Return the verdicts on a document."""
        from docgen.prose.check import judge

        self._facts.asked.clear()
        verdicts = judge(self._facts, [one.document]).verdicts
        asked = tuple(sorted(self._facts.asked))
        return Judged(digest=one.digest, verdicts=verdicts, asked=asked)
