"""Claims in values: stated defaults and versions."""

from __future__ import annotations

import re
from collections.abc import Iterator

from docgen.catalog import Source
from docgen.prose import versions
from docgen.prose.facts import Facts
from docgen.prose.model import Block, Document, Verdict
from docgen.prose.rules.base import broken, held
from docgen.prose.rules.table import DEFAULT, VERSION

_VALUE = r"[`'\"]?([\w./:+-]*\w)[`'\"]?"
_AFTER = re.compile(
    rf"^[^`\n]{{0,160}}?\b[Dd]efaults?(?:\s+value)?(?:\s+is|\s+to|\s*:|\s*=)?\s*:?\s*{_VALUE}"
    rf"(?=\s*[).,;]|\s*$|\s)"
)
_BEFORE = re.compile(rf"[Tt]he default (?:value )?(?:of|for) `(--[\w-]+|\w+)` is {_VALUE}")
_NO_VALUE = frozenset(
    {"the", "a", "an", "set", "is", "to", "all", "not", "on", "off", "this", "it", "we", "value",
     "values", "mode", "in", "as", "for", "and", "or", "using", "runs", "use", "uses", "will",
     "from", "config", "configuration", "by"}
)  # fmt: skip
_NAME = re.compile(r"^(--[A-Za-z][\w-]*|[a-z][a-z0-9]*(?:_[a-z0-9]+)+)")
_VERSION = re.compile(
    r"(?<![\w-])(Ubuntu|CUDA|cuDNN|TensorRT|Python|PyTorch|JetPack|transformers)"
    r"(?:\s+(?:version|release))?[ -]v?(\d+(?:\.\d+)+)(?!\S*\.(?:sh|run|deb|whl|tar))"
)
_OPEN_AFTER = re.compile(
    r"^\.?x?\s*(?:\+|or\s+(?:later|newer|higher|greater|above|up)|and\s+(?:later|newer|above|up)|"
    r"\(or\s|-|to\b|/)"
)
_OPEN_BEFORE = re.compile(
    r"(?:>=|>|at least|minimum|since|from|from version|before|after|prior to|until|than|"
    r"starting with|available in|as of|introduced in|supports?|"
    r"tested with|old|previous|was)\s*(?:the\s+)?$",
    re.IGNORECASE,
)
_OWN = re.compile(
    r"container|docker|image|we use|uses|is based|built with|build with|our|inside|environment",
    re.IGNORECASE,
)


def collect(document: Document, facts: Facts) -> Iterator[Verdict]:
    """Yield a verdict for every stated default and version of the tree's own."""
    if facts.project(document.path):
        return
    for block in document.blocks:
        if block.kind in ("fence", "heading"):
            continue
        yield from _defaults(block, document, facts)
        yield from _versions(block, document, facts)


def _defaults(block: Block, document: Document, facts: Facts) -> Iterator[Verdict]:
    """Yield the verdicts on "`NAME` ... default: VALUE"."""
    cursor = 0
    codes = [s for s in block.spans if s.kind == "code"]
    for span in codes:
        place = block.text.find(f"`{span.text}`", cursor)
        if place < 0:
            continue
        cursor = place + len(span.text) + 2
        name = _NAME.match(span.text)
        after = _AFTER.match(block.text[cursor:])
        if not name or not after:
            continue
        yield from _default(name.group(1), after.group(1), span.line, document, facts)
    for match in _BEFORE.finditer(block.text):
        line = block.line + block.text.count("\n", 0, match.start())
        yield from _default(match.group(1), match.group(2), line, document, facts)


def _default(
    name: str, value: str, line: int, document: Document, facts: Facts
) -> Iterator[Verdict]:
    """Yield the verdict on one default, where the source states it."""
    known = facts.defaults(name)
    words = {_plain(v) for v, _ in known}
    odd = value.lower() in _NO_VALUE
    if not known or odd or not value:
        return
    claimed = f"{name} default {value}"
    said = _plain(value)
    if said in words:
        place = next(source for v, source in known if _plain(v) == said)
        yield held(document, line, DEFAULT.code, claimed, place)
        return
    first, place = known[0]
    kinds = {type(v) for v, _ in known}
    numeric = bool(re.fullmatch(r"-?[\d.]+(e-?\d+)?", said))
    if (kinds <= {int, float}) != numeric:
        return
    shown = ", ".join(sorted({str(v) for v, _ in known}))
    yield broken(
        document, line, DEFAULT, claimed, f"the default is {shown}", source=place,
        nearest=str(first),
    )  # fmt: skip


def _plain(value: object) -> str:
    """Return a value as it is compared: numbers by size, words by letters."""
    text = str(value).strip().strip("'\"`").rstrip(".").lower()
    try:
        return f"{float(text):g}"
    except ValueError:
        return text


def _versions(block: Block, document: Document, facts: Facts) -> Iterator[Verdict]:
    """Yield the verdicts on "PRODUCT VERSION" of what the tree is built with."""
    for match in _VERSION.finditer(block.text):
        product, version = match.groups()
        known = facts.versions.get(product, {})
        if not known:
            continue
        before, after = block.text[: match.start()], block.text[match.end() :]
        if _OPEN_AFTER.match(after) or _OPEN_BEFORE.search(before):
            continue
        line = block.line + block.text.count("\n", 0, match.start())
        claimed = f"{product} {version}"
        agreeing = [source for v, source in known.items() if versions.agrees(version, v)]
        if agreeing:
            yield held(document, line, VERSION.code, claimed, agreeing[0])
            continue
        if not _OWN.search(_sentence(block.text, match.start())):
            continue  # a version of something else: of a package, a machine, another project
        shown = ", ".join(sorted(known))
        source: Source = next(iter(known.values()))
        yield broken(
            document,
            line,
            VERSION,
            claimed,
            f"build files state {product} {shown}",
            source=source,
            nearest=f"{product} {next(iter(known))}",
        )


def _sentence(text: str, place: int) -> str:
    """Return the sentence that a place is in."""
    start = max(text.rfind(mark, 0, place) for mark in (". ", "\n\n", "! ")) + 1
    ends = [e for e in (text.find(". ", place), len(text)) if e >= 0]
    return text[start : min(ends)]
