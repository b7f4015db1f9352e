"""A second process that reads documents and programs while the first reads configurations.

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
from pathlib import Path
from typing import IO, TYPE_CHECKING, TypeVar

import msgspec

from docgen.listing import Listing, Stamp
from docgen.prose import docstrings, files
from docgen.prose.kept import digest_of
from docgen.prose.model import Document
from docgen.prose.reading import read
from docgen.prose.symbols import Parsed, Symbols

if TYPE_CHECKING:
    from docgen.config import Config

INDEX, DOCUMENT, PARSED, DOCSTRINGS = b"i", b"d", b"p", b"s"
"""Kinds of messages."""

_T = TypeVar("_T")
_START = "import sys; sys.path[:] = sys.argv[1:]; from docgen.prose.ahead import serve; serve()"
_HEAD = struct.Struct("<cI")


class Request(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be read."""

    root: str
    """Folder of the tree."""
    cache: str
    """Folder that keeps what was found."""
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


class Ahead:
    """What a second process has read so far."""

    def __init__(self, process: subprocess.Popen[bytes], request: bytes) -> None:
        """Hold a process that was started, and give it its work."""
        self._process = process
        self._request = request
        self._found: dict[tuple[bytes, str], bytes] = {}
        self._news = threading.Condition()
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
            root=str(config.root),
            cache=str(config.cache),
            names=tuple(names),
            files=found.files,
            folders=found.folders,
            whole=found.whole,
        )
        try:
            data = msgspec.msgpack.encode(request)
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
            self._process.stdin.write(self._request)
            self._process.stdin.close()
            for kind, name, data in _messages(self._process.stdout):
                with self._news:
                    self._found[kind, name] = data
                    self._news.notify_all()
        with self._news:
            self._ended = True
            self._news.notify_all()

    def index(self) -> files.Index | None:
        """Return the index of the tree, waiting for it; None where the process gave none."""
        key = (INDEX, "")
        with self._news:
            self._news.wait_for(lambda: self._ended or key in self._found)
        return self._take(key, files.Index)

    def document(self, name: str, digest: str) -> Document | None:
        """Return a document; None where it is not read yet or was read in another state."""
        sent = self._take((DOCUMENT, name), Sent)
        return sent.document if sent is not None and sent.digest == digest else None

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
    request = msgspec.msgpack.decode(sys.stdin.buffer.read(), type=Request)
    out = sys.stdout.buffer

    def send(kind: bytes, name: str, content: object) -> None:
        data = name.encode() + b"\0" + msgspec.msgpack.encode(content)
        out.write(_HEAD.pack(kind, len(data)) + data)
        out.flush()

    work(request, send)


def work(request: Request, send: Callable[[bytes, str, object], None]) -> None:
    """Read what a request asks for and send it piece by piece.

    The documents come from the last to the first: where the first process is at them
    already, it reads from the other end.
    """
    root, cache = Path(request.root), Path(request.cache)
    found = Listing(request.files, request.folders, request.whole)
    index = files.load(root, cache, found)
    send(INDEX, "", index)
    for name in reversed(request.names):
        digest = digest_of(root / name)
        send(DOCUMENT, name, Sent(digest=digest, document=read(root, name)))
    symbols = Symbols(root, index, found, cache)
    texts = list(symbols.docstrings(lambda _: True))
    send(PARSED, "", {index.files[n]: symbols.parsed(index.files[n]) for n in index.claiming})
    send(DOCSTRINGS, "", {d.path: d for d in docstrings.read(texts)})
