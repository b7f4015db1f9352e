"""Claims in names: enum members, classes, fields, variables of the environment, GPUs."""

from __future__ import annotations

import ast
import re
import textwrap
from collections.abc import Iterator

from docgen.catalog import Source
from docgen.prose import symbols
from docgen.prose.facts import Facts
from docgen.prose.files import line_of
from docgen.prose.model import Block, Document, Verdict
from docgen.prose.names import nearest
from docgen.prose.rules.base import Rule, broken, held
from docgen.prose.rules.table import ENVIRONMENT, FIELD, GPU_MEMORY, NAME

_MEMBER = re.compile(r"(?<![\w.])([A-Z][A-Za-z0-9]+)\.([A-Za-z_]\w*)(?![\w(.])")
_KINDS = (
    "class|enum|enumeration|function|method|constant|field|fields|parameter|parameters|setting|"
    "settings|option|config|attribute|variable|knob"
)
_BEFORE = re.compile(rf"\b(?:{_KINDS})\s+(?:called\s+|named\s+)?$", re.IGNORECASE)
_AFTER = re.compile(rf"^\s+(?:{_KINDS})\b", re.IGNORECASE)
_IDENTIFIER = re.compile(r"^[A-Za-z_]\w*(?:\(\))?$")
_LOCATED = re.compile(
    r"`([A-Za-z_]\w*)(?:\(\))?`[\s,]*(?:(?:which|is|are|class|enum|enumeration|function|field|"
    r"variable|dictionary|list|constant|as)[\s,]+)*(?:located|defined|declared|found|set|listed)\s+"
    r"(?:in|at|by)\s+(?:the\s+)?`([\w./-]+\.(?:py|sh|mk)|[\w./-]*Makefile[\w.]*)`",
    re.IGNORECASE,
)
_VARIABLE = (
    re.compile(
        r"`\$?\{?([A-Z][A-Z0-9]*_[A-Z0-9_]+)\}?(?:=[^`]*)?`\s+(?:environment|env)\s+variable"
    ),
    re.compile(
        r"\b(?:environment|env)\s+variables?:?\s+`\$?\{?([A-Z][A-Z0-9]*_[A-Z0-9_]+)\}?(?:=[^`]*)?`"
    ),
)
_FOREIGN = (
    "CUDA_", "NVIDIA_", "NCCL_", "UCX_", "OMP_", "OMPI_", "HF_", "LD_", "PYTHON", "TF_", "DOCKER_",
    "HTTP", "TLLM_", "TRTLLM_", "SLURM_", "PMIX_", "TORCH_", "VLLM_", "XDG_", "MELLANOX_",
)  # fmt: skip
_NEAR = 0.8
"""Similarity from which a name of the tree is meant, where its fields are not known."""

_GPU = re.compile(
    r"(?<![\w-])([A-Z]{1,2}\d{2,3}[A-Z]?)[-_ ]((?:SXM|PCIe|PCIE|NVL)\d?)[-_ ](\d{2,3})\s?GB"
    r"(?![A-Za-z]*/)"
)
_GPU_WORD = re.compile(r"^([A-Z]{1,2}\d{2,3}[A-Z]?)_(SXM|PCIE|PCIe|NVL)\d?_(\d{2,3})GB")


def collect(document: Document, facts: Facts) -> Iterator[Verdict]:
    """Yield a verdict for every name that is claimed to be the tree's.

    A project inside of the tree speaks of itself, and of libraries that are not there.
    """
    if facts.project(document.path):
        return
    for block in document.blocks:
        if block.kind == "fence":
            if block.language.lower() in ("python", "py", "python3", ""):
                yield from _fence(block, document, facts)
            continue
        yield from _members(block.text, block.line, document, facts, only_code=True)
        yield from _identifiers(block, document, facts)
        yield from _located(block, document, facts)
        yield from _environment(block, document, facts)
        yield from _memory(block, document, facts)


def _line(block: Block, place: int) -> int:
    """Return the line of a place in the words of a block."""
    return block.line + block.text.count("\n", 0, place)


def _members(
    text: str, line: int, document: Document, facts: Facts, *, only_code: bool
) -> Iterator[Verdict]:
    """Yield the verdicts on `Enum.MEMBER`."""
    for match in _MEMBER.finditer(text):
        if only_code and text[: match.start()].count("`") % 2 == 0:
            continue
        name, member = match.groups()
        found = [c for c in facts.classes.get(name, ()) if symbols.is_enum(c, facts.classes)]
        if len(found) != 1 or "custom" in member.lower():
            continue
        at = line + text.count("\n", 0, match.start())
        known = symbols.members(found[0], facts.classes)
        claimed = f"{name}.{member}"
        if member in known:
            yield held(document, at, NAME.code, claimed, found[0].source)
            continue
        near = nearest(member, found[0].members, 0.5)
        yield broken(
            document,
            at,
            NAME,
            claimed,
            f"{name} has no member {member}",
            source=found[0].source,
            nearest=f"{name}.{near}" if near else "",
        )


def _identifiers(block: Block, document: Document, facts: Facts) -> Iterator[Verdict]:
    """Yield the verdicts on names that the words beside them call a class, field, and so on."""
    cursor = 0
    for span in block.spans:
        if span.kind != "code":
            continue
        place = block.text.find(f"`{span.text}`", cursor)
        if place < 0:
            continue
        cursor = place + len(span.text) + 2
        bare = span.text.removesuffix("()")
        if not _IDENTIFIER.match(span.text) or not _is_own(bare):
            continue
        before, after = block.text[:place], block.text[cursor:]
        if not (_BEFORE.search(before) or _AFTER.match(after)):
            continue
        if facts.knows(bare):
            yield held(document, span.line, NAME.code, bare, None)
        elif not bare.startswith(_FOREIGN):
            near = facts.near_name(bare, facts.tools.fields)
            if not facts.catalog.fields and not nearest(bare, [near], _NEAR):
                continue  # the name of a library, for all that anybody knows
            yield broken(
                document,
                span.line,
                NAME,
                bare,
                f"no program or configuration of the tree has the name {bare}",
                source=facts.declared(near),
                nearest=near,
                severity="" if facts.catalog.fields else "warning",
            )


def _is_own(name: str) -> bool:
    """Tell whether a word looks like a name of a program: `two_words` or `TwoWords`."""
    return bool(re.match(r"^[a-z][a-z0-9]*(?:_[a-z0-9]+)+$|^(?:[A-Z][a-z0-9]+){2,}$", name))


def _located(block: Block, document: Document, facts: Facts) -> Iterator[Verdict]:
    """Yield the verdicts on "`NAME` is defined in `FILE`"."""
    for match in _LOCATED.finditer(block.text):
        name, path = match.groups()
        found = facts.find(path, document.path)
        if not found or found not in facts.file_set:
            continue
        line = _line(block, match.start())
        claimed = f"{name} in {path}"
        if re.search(rf"(?<!\w){re.escape(name)}(?!\w)", facts.text(found)):
            at = Source(path=found, line=line_of(facts.root, found, name))
            yield held(document, line, NAME.code, claimed, at)
            continue
        place = facts.place(name)
        truth = f"{found} has no {name}"
        truth += f"; it is in {place.path}" if place else ", nor has any other file"
        yield broken(
            document, line, NAME, claimed, truth, source=place or Source(path=found, line=1)
        )


def _environment(block: Block, document: Document, facts: Facts) -> Iterator[Verdict]:
    """Yield the verdicts on variables that are said to be of the environment."""
    for pattern in _VARIABLE:
        for match in pattern.finditer(block.text):
            name = match.group(1)
            line = _line(block, match.start())
            if facts.knows(name):
                yield held(document, line, ENVIRONMENT.code, name, facts.place(name))
            elif not name.startswith(_FOREIGN) and not _uses(document, name):
                known = [w for w in facts.index.words if w.isupper() and "_" in w]
                near = nearest(name, known, 0.75)
                yield broken(
                    document,
                    line,
                    ENVIRONMENT,
                    name,
                    f"nothing in the tree reads {name}",
                    source=facts.place(near) if near else None,
                    nearest=near,
                )


def _uses(document: Document, name: str) -> bool:
    """Tell whether the document's own commands use a variable that the reader sets."""
    pattern = re.compile(rf"\$\{{?{re.escape(name)}(?!\w)")
    return any(b.kind == "fence" and pattern.search(b.text) for b in document.blocks)


def _memory(block: Block, document: Document, facts: Facts) -> Iterator[Verdict]:
    """Yield the verdicts on the memory in names of GPUs: `H200-SXM-141GB`."""
    for match in _GPU.finditer(block.text):
        model, form, size = (
            match.group(1),
            match.group(2).upper().rstrip("0123456789"),
            match.group(3),
        )
        sizes = facts.gpu_sizes.get((model, form), {})
        if not sizes:
            continue
        line = _line(block, match.start())
        claimed = match.group()
        pair = int(size) // 2 if form == "NVL" else int(size)  # two boards under one name
        if int(size) in sizes or pair in sizes:
            word = sizes.get(int(size)) or sizes[pair]
            yield held(document, line, GPU_MEMORY.code, claimed, facts.place(word))
            continue
        near = min(sizes, key=lambda s: abs(s - int(size)))
        shown = ", ".join(f"{s} GB" for s in sorted(sizes))
        yield broken(
            document,
            line,
            GPU_MEMORY,
            claimed,
            f"the tree has {model} {match.group(2)} with {shown}",
            source=facts.place(sizes[near]),
            nearest=claimed.replace(size, str(near)),
        )


def _fence(block: Block, document: Document, facts: Facts) -> Iterator[Verdict]:
    """Yield the verdicts on a configuration that a fence shows."""
    if "ConfigRegistry" not in block.text and block.language == "":
        return
    try:
        tree = ast.parse(textwrap.dedent(block.text))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return
    yield from _members(block.text, block.line, document, facts, only_code=False)
    fields = facts.tools.fields
    for node in ast.walk(tree):
        if isinstance(node, ast.ClassDef) and _is_config(node) and fields:
            for name, line in _assigned(node):
                at = block.line + line - 1
                yield from _field(name, at, document, facts)


def _is_config(node: ast.ClassDef) -> bool:
    """Tell whether a class registers a configuration."""
    return any("ConfigRegistry" in ast.unparse(d) for d in node.decorator_list)


def _assigned(node: ast.ClassDef) -> Iterator[tuple[str, int]]:
    """Yield the names that a class sets, with their lines."""
    for item in node.body:
        targets = item.targets if isinstance(item, ast.Assign) else []
        if isinstance(item, ast.AnnAssign):
            targets = [item.target]
        for target in targets:
            if isinstance(target, ast.Name):
                yield target.id, item.lineno


def _field(name: str, line: int, document: Document, facts: Facts) -> Iterator[Verdict]:
    """Yield the verdict on a field that a configuration sets."""
    spec = facts.every_field.get(name)
    if spec is not None:
        yield held(document, line, FIELD.code, name, spec.source)
        return
    if name in ("system", "harness_type", "accuracy_target", "power_setting"):
        return
    if facts.quotes(name):
        return  # declared by a program that is read in another dialect
    near = nearest(name, facts.every_field)
    rule: Rule = FIELD
    yield broken(
        document,
        line,
        rule,
        name,
        f"no field of that name is declared, and a configuration that sets {name} is refused "
        "or the value is lost",
        source=facts.declared(near),
        nearest=near,
        severity="warning" if facts.knows(name) else "",
    )
