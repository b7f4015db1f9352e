"""Accuracy logs of a submission: cut to their ends, with the hash of the whole.

Source: mlcommons/inference@b66003e10 tools/submission/truncate_accuracy_log.py (the form).
"""

from __future__ import annotations

import hashlib
import re

from runtime.policies.accuracy import LOG_LIMIT

END_BYTES = 4096
"""Bytes that are kept of either end."""

GAP = b"\n\n...\n\n"
"""What stands for the middle."""

HASH_LINE = re.compile(r"^hash=(.*)$", re.MULTILINE)
"""Line of an accuracy text that holds the hash."""

HASH_FORM = re.compile(r"[0-9a-f]{64}")
"""A SHA-256 in hexadecimal."""


def cut_log(whole: bytes) -> bytes:
    """Return an accuracy log as a submission holds it; a small one stays whole."""
    if len(whole) <= 2 * END_BYTES + len(GAP):
        return whole
    return whole[:END_BYTES] + GAP + whole[-END_BYTES:]


def hash_line(whole: bytes) -> str:
    """Return the line with the hash of a whole accuracy log."""
    return f"hash={hashlib.sha256(whole).hexdigest()}\n"


def fault_of_log(data: bytes) -> str:
    """Return what is wrong with a log as a submission holds it; empty where nothing is."""
    limit = int(LOG_LIMIT.number)
    if len(data) > limit:
        return f"{len(data)} bytes: it is not cut"
    if not data.lstrip().startswith(b"["):
        return f"a start of {data[:20]!r}"
    if b'"qsl_idx"' not in data:
        return "no answers"
    if GAP not in data and not data.rstrip().endswith(b"]"):
        return "a whole log without its end"
    return ""


def fault_of_hash(text: str, data: bytes) -> str:
    """Return what is wrong with the hash in an accuracy text; empty where nothing is.

    Args:
        text: The accuracy text.
        data: The log beside it, cut or whole.
    """
    found = HASH_LINE.findall(text)
    if len(found) != 1:
        return f"{len(found)} lines that start with hash="
    if not HASH_FORM.fullmatch(found[0]):
        return f"hash={found[0][:80]}"
    own = hashlib.sha256(data).hexdigest()
    if GAP in data and found[0] == own:
        return "the hash of the cut log"
    if GAP not in data and found[0] != own:
        return "another hash than that of the log, which is whole"
    return ""
