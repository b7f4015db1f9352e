"""What a look at a file finds beside what parsing it finds, and what is read again."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from docgen.listing import listing
from docgen.prose import files, scans, symbols
from docgen.prose.check import check
from docgen.trees import load_source

PACKAGE = Path(scans.__file__).parents[1]
WORD = re.compile(rb"[A-Za-z_][A-Za-z0-9_]+")

STRANGE = r'''#!/usr/bin/env python
# a comment, then the docstring

"""Runs with `make all`.

class Quoted:
    A = 1
"""

# a comment
QUOTES = """
--no-docstring
""" + "@@" + '"""'


class Plain:  # with a comment
    # and one more

    """Has `--one`."""


class Outer(
    Plain,
    metaclass=type,
):
    r"""Has `--two` and \""" in it."""

    class Inner: "Has `--three`."

    async def work(
        self,
        when: str = "--no",
    ) -> int:
        @@Has `--four`.@@

    def short(self): """Has `--five`."""


try:
    if QUOTES:
        def nested():
            "Has `--six`."
finally:
    pass
for _ in ():
    class Lost:
        """Not looked at: --seven."""
'''.replace("@@", "\x27" * 3)
"""Where docstrings may stand, and what only looks like one."""


def tree(folder: Path, texts: dict[str, str]) -> Path:
    for name, text in texts.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
    return folder


def parsed(root: Path, cache: Path | None = None) -> symbols.Symbols:
    found = listing(root)
    return symbols.Symbols(root, files.load(root, cache, found), found, cache)


def expected(text: str) -> set[tuple[int, str]]:
    """Return line and text of the docstrings with a mark, as a walk over everything finds them."""
    wanted = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    nodes = [n for n in ast.walk(ast.parse(text)) if isinstance(n, wanted) and n.body]
    firsts = [n.body[0] for n in nodes]
    return {
        (e.value.lineno, e.value.value)
        for e in firsts
        if isinstance(e, ast.Expr)
        and isinstance(e.value, ast.Constant)
        and isinstance(e.value.value, str)
        and any(mark in e.value.value for mark in files.MARKS)
    }


def test_every_docstring_of_a_strange_file_is_found(tmp_path):
    found = parsed(tree(tmp_path, {"one.py": STRANGE}))
    every = expected(STRANGE)
    assert len(every) == 8
    told = {(d.line, d.text) for d in found.docstrings(lambda _: True)}
    assert told == {d for d in every if "seven" not in d[1]}


@pytest.mark.parametrize(
    "text",
    [
        '"""Has `--a`."""\n',
        "def f(\n    a,\n):  # why: because\n    'Has `--a`.'\n",
        "class A:\r\n\r\n    'Has `--a`.'\r\n",
        "class A:\n    # c\n\n    # d\n    U'Has `--a`.'\n",
        "def f():\n    ('Has '\n     '`--a`.')\n",
        "if True:\n    def f(): 'Has `--a`.'\n",
        'x = """\n"""\nclass A:\n    \'Has `--a`.\'\n',
        "x = '\\\\'\nclass A:\n    'Has `--a`.'\n",
        "x = '#'  # it's\nclass A:\n    'Has `--a`.'\n",
    ],
)
def test_docstrings_one_by_one(tmp_path, text):
    found = parsed(tree(tmp_path, {"one.py": text}))
    assert {(d.line, d.text) for d in found.docstrings(lambda _: True)} == expected(text)
    assert expected(text)


def test_docgen_itself_is_read_like_a_parser_reads_it():
    """Every docstring with a mark, and every class, as a full parse of each file finds them."""
    found = parsed(PACKAGE)
    told = {(d.path, d.line, d.text) for d in found.docstrings(lambda _: True)}
    classes: dict[str, list[str]] = {}
    wanted = set()
    for path in sorted(PACKAGE.rglob("*.py")):
        text = path.read_text(encoding="utf-8")
        place = path.relative_to(PACKAGE).as_posix()
        wanted |= {(place, *one) for one in expected(text)}
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.ClassDef):
                classes.setdefault(node.name, []).append(place)
    assert told == wanted
    assert len(wanted) > 40
    known = symbols.Classes(found)
    assert {n: sorted(c.source.path for c in known.get(n, ())) for n in classes} == {
        n: sorted(places) for n, places in classes.items()
    }


@pytest.mark.parametrize(
    "data",
    [b"", b"a ab _ __ 3abc 3a ABC_1 x\xc3\xa4yz -- w9;w9", STRANGE.encode(), b"\r\n\tif\x0b"],
)
def test_words_are_those_of_the_pattern(data):
    assert scans._words(data) == {w.decode() for w in WORD.findall(data)}


def test_a_header_in_a_string_is_no_class(tmp_path):
    root = tree(
        tmp_path, {"one.py": 'TEXT = """\nclass Quoted:\n"""\n\n\nclass Real:\n    A = 1\n'}
    )
    known = symbols.Classes(parsed(root))
    assert set(known) == {"Quoted", "Real"}
    assert "Quoted" not in known
    assert [c.members for c in known["Real"]] == [("A",)]


def test_only_the_file_that_changed_is_read_again(tmp_path, monkeypatch):
    root = tree(
        tmp_path / "tree",
        {f"m{n}.py": f'"""Runs `make m{n}`."""\nclass M{n}:\n    pass\n' for n in range(5)},
    )
    cache = tmp_path / "cache"
    looked, full = [], []
    scan, parse = scans._scan, symbols._parse
    monkeypatch.setattr(
        scans, "_scan", lambda p, s, seen, **k: looked.append(p.name) or scan(p, s, seen, **k)
    )
    monkeypatch.setattr(symbols, "_parse", lambda data: full.append(data) or parse(data))

    def told():
        found = parsed(root, cache)
        words = [d.text for d in found.docstrings(lambda _: True)]
        found.write()
        return words

    assert told() == [f"Runs `make m{n}`." for n in range(5)]
    assert (len(looked), len(full)) == (5, 5)
    (root / "m3.py").write_text('"""Runs `make other`."""\n')
    assert told()[3] == "Runs `make other`."
    assert (looked[5:], len(full)) == (["m3.py"], 6)
    (root / "m3.py").unlink()
    assert len(told()) == 4
    assert (len(looked), len(full)) == (6, 6)


def test_an_edited_document_is_judged_without_a_look_at_the_sources(mill, monkeypatch):
    document = mill / "docs/tuning.md"
    check(load_source(mill))
    monkeypatch.setattr(scans, "_scan", None)
    monkeypatch.setattr(symbols, "_parse", None)
    document.write_text(document.read_text() + "\n`make nothing_at_all`\n")
    assert [v.claimed for v in check(load_source(mill)).findings] == ["make nothing_at_all"]
