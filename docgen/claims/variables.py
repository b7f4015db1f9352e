"""Variables of Makefiles: every text that one may stand for, as far as the files say."""

from __future__ import annotations

import re
from itertools import product

MAX_VALUES = 64
"""Texts that are followed for one expression."""

MAX_DEPTH = 20
"""Variables within variables that are followed."""

_REFERENCE = re.compile(r"\$(?:\(([^(){}$]*)\)|\{([^(){}$]*)\}|(\$))")
_DOLLAR = "\0"


class Variables:
    """The variables of one Makefile and what it includes."""

    def __init__(self, known: dict[str, str]) -> None:
        """Start with variables that are set before the first line."""
        self._values: dict[str, list[str]] = {name: [text] for name, text in known.items()}

    def set(self, name: str, sign: str, text: str, *, certain: bool) -> None:
        """Take an assignment; one in a branch of a condition adds a possibility."""
        before = self._values.get(name, [])
        if sign == "?=" and before:
            return
        if sign.startswith(":"):
            texts = [t.replace("$", "$$") for t in self.expand(text)] or [text]
        else:
            texts = [text]
        if sign == "+=":
            texts = [f"{old} {text}".strip() for old in before or [""]]
        merged = texts if certain else [*before, *texts]
        self._values[name] = list(dict.fromkeys(merged))[:MAX_VALUES]

    def raw(self, name: str) -> list[str]:
        """Return the texts of a variable as written."""
        return self._values.get(name, [])

    def expand(self, text: str) -> list[str]:
        """Return every text that an expression may give; none where the files do not say."""
        found, open_ones = [], [text]
        for _ in range(MAX_DEPTH):
            step: list[str] = []
            for one in open_ones:
                match = next((m for m in _REFERENCE.finditer(one) if not m.group(3)), None)
                if match is None:
                    if "$(" not in (plain := one.replace("$$", _DOLLAR)) and "${" not in plain:
                        found.append(plain.replace(_DOLLAR, "$"))
                    continue
                values = self._reference(match.group(1) or match.group(2) or "")
                step += [one[: match.start()] + v + one[match.end() :] for v in values]
            open_ones = list(dict.fromkeys(step))[:MAX_VALUES]
            if not open_ones:
                break
        return list(dict.fromkeys(found))[:MAX_VALUES]

    def _reference(self, inner: str) -> list[str]:
        """Return the texts of a reference: a variable, a substitution, a plain function."""
        name, _, rest = inner.strip().partition(" ")
        if rest:
            return _function(name, rest)
        base, colon, rule = inner.partition(":")
        values = self._values.get(base.strip())
        if values is None or not colon:
            return values if values is not None else []
        old, _, new = rule.partition("=")
        pattern = old if "%" in old else f"%{old}"
        return [_patsubst(pattern, new if "%" in old else f"%{new}", v) for v in values]


def _function(name: str, rest: str) -> list[str]:
    """Return what one of make's text functions gives; none for the others."""
    parts = [part.strip() for part in rest.split(",")]
    if name == "strip":
        return [" ".join(rest.split())]
    if name == "sort":
        return [" ".join(sorted(set(rest.split())))]
    if name in ("addprefix", "addsuffix") and len(parts) == len(("affix", "words")):
        joined = product([parts[0]], parts[1].split())
        return [" ".join(a + w if name == "addprefix" else w + a for a, w in joined)]
    if name == "patsubst" and len(parts) == len(("pattern", "new", "words")):
        return [_patsubst(*parts)]
    return []


def _patsubst(pattern: str, new: str, words: str) -> str:
    """Return words with those that match a pattern of make replaced."""
    regex = re.escape(pattern).replace("%", "(.*)", 1)
    changed = []
    for word in words.split():
        match = re.fullmatch(regex, word)
        stem = match.group(1) if match and match.groups() else ""
        changed.append(new.replace("%", stem, 1) if match else word)
    return " ".join(changed)
