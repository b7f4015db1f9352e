"""What a look at each file of a tree gives, kept file by file: an edit reads one file again.

A look finds words, headers of classes and docstrings that may claim something, with regular
expressions alone. Whether a class or docstring is really one is for `docgen.prose.symbols`,
which parses the few files that matter.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import msgspec

from docgen.listing import PROSE, Listing, Stamp
from docgen.prose.files import FORM, MARKS, MAX_BYTES, Index
from docgen.writing import keep

_DATA = (
    ".png", ".jpg", ".jpeg", ".gif", ".svg", ".pdf", ".npy", ".npz", ".onnx", ".pb", ".gz", ".tar",
    ".zip", ".so", ".o", ".a", ".pkl", ".bin", ".cache", ".patch", ".diff", ".ico", ".csv",
)  # fmt: skip
_NAME = frozenset(b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_")
_BLANKS = bytes(c if c in _NAME else 0x20 for c in range(256))
_DIGITS = b"0123456789"
_CLASS = re.compile(rb"^[ \t]*class[ \t]+([^\s(:\[#\\]+)", re.MULTILINE)
_MARK = re.compile(b"|".join(re.escape(mark.encode()) for mark in MARKS))
_TOKEN = re.compile(
    rb"#[^\n]*"
    rb'|"""[^"\\]*(?:(?:\\[\s\S]|"(?!""))[^"\\]*)*"""'
    rb"|'''[^'\\]*(?:(?:\\[\s\S]|'(?!''))[^'\\]*)*'''"
    rb'|"[^"\\\n]*(?:\\[\s\S][^"\\\n]*)*"'
    rb"|'[^'\\\n]*(?:\\[\s\S][^'\\\n]*)*'"
)
_HEADER = re.compile(rb"[ \t]*(?:async[ \t]+def|def|class)\b")


class Scan(msgspec.Struct, frozen=True, array_like=True):
    """What a look at one file gave."""

    stamp: Stamp
    """State of the file."""
    words: str
    """Its words, each once, with blanks between them."""
    classes: tuple[str, ...] = ()
    """Names in what looks like the header of a class."""
    claims: bool = False
    """Whether what looks like a docstring has a mark of a claim."""


def index(root: Path, found: Listing, cache: Path | None, ignored: tuple[str, ...]) -> Index:
    """Return the index of a tree; files that are as they were are not read again.

    Args:
        root: Folder of the tree.
        found: Its files.
        cache: Folder that keeps what was found; None keeps nothing.
        ignored: Patterns of its .gitignore.
    """
    kept = cache / f"scans-{FORM}.msgpack" if cache is not None else None
    before = _load(kept)
    after: dict[str, Scan] = {}
    words: dict[str, int] = {}
    classes: dict[str, list[int]] = {}
    claiming: list[int] = []
    seen: dict[tuple[bool, bytes], Scan] = {}
    for number, (path, stamp) in enumerate(found.files.items()):
        if stamp.link or stamp.size > MAX_BYTES or path.lower().endswith((*PROSE, *_DATA)):
            continue
        scan = before.get(path)
        if scan is None or scan.stamp != stamp:
            scan = _scan(root / path, stamp, seen, python=path.endswith(".py"))
        after[path] = scan
        for word in scan.words.split():
            words.setdefault(word, number)
        for name in scan.classes:
            classes.setdefault(name, []).append(number)
        if scan.claims:
            claiming.append(number)
    if kept is not None and after != before:
        keep(kept, msgspec.msgpack.encode(after), "scans-*.msgpack", 1)
    return Index(
        files=tuple(found.files),
        folders=found.folders,
        words=words,
        classes={name: tuple(numbers) for name, numbers in classes.items()},
        claiming=tuple(claiming),
        ignored=ignored,
        state=found.state,
    )


def _load(kept: Path | None) -> dict[str, Scan]:
    """Return what was found before; nothing where that cannot be read."""
    try:
        data = kept.read_bytes() if kept is not None else b""
        return msgspec.msgpack.decode(data, type=dict[str, Scan]) if data else {}
    except (OSError, msgspec.MsgspecError):
        return {}


def _scan(path: Path, stamp: Stamp, seen: dict[tuple[bool, bytes], Scan], *, python: bool) -> Scan:
    """Return what a look at a file gives; nothing where it is no text or cannot be read."""
    try:
        data = path.read_bytes()
    except OSError:
        data = b""
    if b"\0" in data[:1024]:
        data = b""
    same = seen.get((python, data))
    if same is not None:
        return msgspec.structs.replace(same, stamp=stamp)
    scan = Scan(
        stamp=stamp,
        words=" ".join(_words(data)),
        classes=tuple(dict.fromkeys(_classes(data))) if python else (),
        claims=python and _claims(data),
    )
    seen[python, data] = scan
    return scan


def _words(data: bytes) -> set[str]:
    """Return what looks like a name in a text: two or more characters, no digit first."""
    found = set(data.translate(_BLANKS).split())
    names = {word.lstrip(_DIGITS) for word in found}
    return {name.decode("ascii") for name in names if len(name) > 1}


def _classes(data: bytes) -> Iterator[str]:
    """Yield the names in what looks like headers of classes."""
    if b"class" in data:
        yield from (m.decode("utf-8", "replace") for m in _CLASS.findall(data))


def _claims(data: bytes) -> bool:
    """Tell whether anything that may be a docstring has a mark of a claim.

    Strings that only look like docstrings do no harm: the file is parsed and they fall away.
    """
    if not _MARK.search(data):
        return False
    return any(
        _MARK.search(match.group()) and _may_document(data, match.start())
        for match in _TOKEN.finditer(data)
        if data[match.start()] != ord("#")
    )


def _may_document(data: bytes, start: int) -> bool:
    """Tell whether a string stands where a docstring would: first in a file or behind a colon."""
    line = data.rfind(b"\n", 0, start) + 1
    before = data[line:start].strip(b" \t\x0crRuU(")
    if before:
        return before.endswith(b":") and _HEADER.match(data, line) is not None
    while line > 0:
        end = line - 1
        line = data.rfind(b"\n", 0, end) + 1
        above = data[line:end].strip()
        if above and not above.startswith(b"#"):
            return above.endswith((b":", b"(", b"'", b'"')) or b"#" in above
    return True
