"""Every cause that a record can name has a section of the troubleshooting page."""

from __future__ import annotations

import ast
from pathlib import Path

import runtime
from runtime.vocabulary import CauseCode

LOADGEN = Path(runtime.__file__).parent / "loadgen"


def _named() -> set[str]:
    """Return the codes that the LoadGen layer writes into records, read from its source."""
    found = set()
    for path in LOADGEN.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.Call):
                continue
            name = getattr(node.func, "id", getattr(node.func, "attr", ""))
            if name == "Cause":
                given = [k.value for k in node.keywords if k.arg == "code"]
            elif name == "save_partial":
                given = node.args[1:2]
            else:
                continue
            words = [word for n in given for word in ast.walk(n)]
            found |= {w.value for w in words if isinstance(w, ast.Constant)}
    return found


def test_every_cause_is_a_word_of_the_vocabulary():
    named = _named()
    assert {"min-duration", "latency-bound", "interrupted"} <= named
    assert named <= {code.value for code in CauseCode}


def test_every_word_is_used():
    assert {code.value for code in CauseCode} <= _named()
