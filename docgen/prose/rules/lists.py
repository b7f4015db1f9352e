"""Claims in lists and numbers: what is valid or supported, and how many there are."""

from __future__ import annotations

import re
from collections.abc import Iterator

from docgen.catalog import Source
from docgen.prose.facts import Facts
from docgen.prose.model import Block, Document, Verdict
from docgen.prose.names import nearest, plain
from docgen.prose.rules.base import broken, held
from docgen.prose.rules.table import BENCHMARK, COUNT, NO_CONFIG, SYSTEM

_VALID = re.compile(
    r"\b(?:valid|supported|available|possible|allowed)\s+(benchmarks?|workloads?|scenarios?)\b",
    re.IGNORECASE,
)
_SUPPORTS = re.compile(
    r"\b(?:supports?|supported|tested?|valid)\b[^.]*\b(systems?|machines?|GPUs?)\b|"
    r"\bsystems?\b[^.]*\b(?:supported|support)\b",
    re.IGNORECASE,
)
_NEGATED = re.compile(
    r"\b(?:not|no|un|isn't|aren't)\s*(?:yet\s+)?(?:supported|support)\b", re.IGNORECASE
)
_MODEL = re.compile(r"(?<![A-Za-z0-9])([A-Z]{1,2}\d{2,3}[A-Z]?)(?![A-Za-z0-9])")
_NUMBERS = dict(
    zip(
        (
            "two",
            "three",
            "four",
            "five",
            "six",
            "seven",
            "eight",
            "nine",
            "ten",
            "eleven",
            "twelve",
        ),
        range(2, 13),
        strict=True,
    )
)
_COUNT = re.compile(
    r"\b(?:(supports?|has|have|implements?|covers?|contains?|ships?|comes with|there are|all|run)"
    r"\s+)?"
    rf"(\d{{1,3}}|{'|'.join(_NUMBERS)})\s+(?:supported\s+|different\s+|MLPerf\s+)?"
    r"(benchmarks|workloads|systems|targets)\b(?!\s+(?:per|of|involved|that|which|with|used|under|where)\b)",
    re.IGNORECASE,
)
LONGEST_NAME = 3
"""Words of a benchmark's name in a list; longer items are sentences."""

LONGEST_SYSTEM = 6
"""Words of a system's name in a list."""

LOOK_BACK = 3
"""Blocks above a list that may say what it is a list of."""


def collect(document: Document, facts: Facts) -> Iterator[Verdict]:
    """Yield a verdict for every listed name and every number of names of the tree's own."""
    if facts.project(document.path):
        return
    blocks = document.blocks
    for place, block in enumerate(blocks):
        if block.kind == "item" and block.depth == 1:
            intro = _intro(blocks, place)
            yield from _item(block, intro, document, facts)
            if block.lead != (blocks[place - 1].lead if place else ""):
                yield from _whole(blocks, place, intro, document, facts)
        if block.kind in ("paragraph", "item", "cell"):
            yield from _counts(block, document, facts)


def _intro(blocks: tuple[Block, ...], place: int) -> list[str]:
    """Return the paragraphs that may say what a list is of, the nearest first."""
    item = blocks[place]
    found = [item.lead]
    for block in reversed(blocks[:place]):
        if block.section != item.section or len(found) > LOOK_BACK:
            break
        if block.kind == "paragraph" and block.text not in found:
            found.append(block.text)
    return found


def _item(block: Block, intro: list[str], document: Document, facts: Facts) -> Iterator[Verdict]:
    """Yield the verdicts on the names of one item."""
    valid = _VALID.search(intro[0]) if not _NEGATED.search(intro[0]) else None
    if valid and intro[0].rstrip().endswith(":"):
        kind = valid.group(1).lower().rstrip("s")
        for name in _names(block.text):
            yield from _listed(name, kind, block.line, document, facts)
        return
    supports = any(_SUPPORTS.search(text) and not _NEGATED.search(text) for text in intro[:2])
    if supports and facts.catalog.targets and not facts.is_partial:
        yield from _system(block, document, facts)


def _names(text: str) -> Iterator[str]:
    """Yield the names that an item begins with: up to a bracket, colon or dash."""
    head = re.split(
        r"\s*[(:]|\s+[-\u2013\u2014]\s", text.strip().replace("`", "").replace("*", "")
    )[0]
    for part in head.split(","):
        name = part.strip().strip(".")
        if name and len(name.split()) <= LONGEST_NAME:
            yield name


def _listed(name: str, kind: str, line: int, document: Document, facts: Facts) -> Iterator[Verdict]:
    """Yield the verdict on a benchmark or scenario in a list of valid ones."""
    known = facts.benchmark_names if kind in ("benchmark", "workload") else facts.scenario_names
    if not known:
        return
    word = plain(name)
    at = known.get(word)
    rule = BENCHMARK
    if at is None:
        near = nearest(word, known)
        source = known[near][1] if near else next(iter(known.values()))[1]
        yield broken(
            document, line, rule, f"{kind} {name}", f"the tree knows no {kind} of that name",
            source=source, nearest=known[near][0] if near else "",
        )  # fmt: skip
        return
    yield held(document, line, rule.code, f"{kind} {name}", at[1])
    if kind in ("benchmark", "workload") and not facts.has_config(name):
        yield broken(
            document, line, NO_CONFIG, f"{kind} {name}",
            f"no system of the tree has a configuration of {at[0]}", source=at[1],
        )  # fmt: skip


def _system(block: Block, document: Document, facts: Facts) -> Iterator[Verdict]:
    """Yield the verdict on a system in a list of supported ones."""
    head = re.split(r"\s*[(:]", block.text.strip().replace("`", ""))[0]
    models = _MODEL.findall(head)
    if not models or len(head.split()) > LONGEST_SYSTEM:
        return
    known = facts.models
    for model in dict.fromkeys(models):
        if model in known:
            yield held(document, block.line, SYSTEM.code, head, known[model])
            continue
        near = nearest(model, known, 0.5)
        word = facts.board_word(model)
        yield broken(
            document, block.line, SYSTEM, head,
            f"no system of the tree has a GPU {model}"
            + (f"; {word} is known as hardware, and nothing is configured for it" if word else ""),
            source=known[near] if near else next(iter(known.values()), None), nearest=near,
            severity="warning" if word else "",
        )  # fmt: skip


def _whole(
    blocks: tuple[Block, ...], place: int, intro: list[str], document: Document, facts: Facts
) -> Iterator[Verdict]:
    """Yield the verdict on what a list of valid benchmarks leaves out."""
    valid = _VALID.search(intro[0])
    whole = facts.catalog.entries and not facts.is_partial
    if not valid or not intro[0].rstrip().endswith(":") or not whole:
        return
    kind = valid.group(1).lower().rstrip("s")
    if kind == "scenario":
        return
    items = [b for b in blocks[place:] if b.lead == blocks[place].lead and b.kind == "item"]
    listed = {plain(n) for b in items for n in _names(b.text)}
    used = {e.workload for e in facts.catalog.entries}
    left = [w for w in facts.catalog.workloads
            if w.name in used and not listed & facts.spellings_of(w.name)]  # fmt: skip
    claimed = f"list of {len(items)} {kind}s"
    if not left:
        yield held(document, blocks[place].line, COUNT.code, claimed, None)
        return
    names = ", ".join(w.title for w in left)
    yield broken(
        document, blocks[place].line, COUNT, claimed,
        f"the tree also has configurations of {names}", source=left[0].source,
    )  # fmt: skip


def _counts(block: Block, document: Document, facts: Facts) -> Iterator[Verdict]:
    """Yield the verdicts on "NUMBER benchmarks"."""
    text = re.sub(r"`[^`]*`", lambda m: " " * len(m.group()), block.text)
    for match in _COUNT.finditer(text):
        verb, number, kind = match.groups()
        if not verb:
            continue
        said = _NUMBERS.get(number.lower()) or int(number)
        kind = kind.lower()
        real = facts.counts.get("benchmarks" if kind == "workloads" else kind, 0)
        if not real:
            continue
        line = block.line + text.count("\n", 0, match.start())
        claimed = " ".join(match.group().split())
        source: Source | None = facts.first_source(kind)
        if said == real:
            yield held(document, line, COUNT.code, claimed, source)
        else:
            yield broken(
                document, line, COUNT, claimed, f"the tree has {real} {kind}", source=source,
                nearest=str(real),
            )  # fmt: skip
