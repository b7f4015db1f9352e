"""Every NVML call of the harness is answered by the stand-in, and none is called untested."""

from __future__ import annotations

import ast
import ctypes
import inspect
import re
from pathlib import Path

import pytest

import runtime

pynvml = pytest.importorskip("pynvml")

LIST = Path(__file__).with_name("nvml_calls.txt")
"""The NVML calls of the harness, one a line, in alphabetical order."""

SOURCES = Path(runtime.__file__).parent


def calls_in(tree: ast.AST) -> set[str]:
    """Return the names of NVML functions that a module looks up, on whatever object."""
    return {
        node.attr
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and re.match(r"nvml[A-Z]", node.attr)
    }


def used() -> set[str]:
    found = set()
    for path in SOURCES.rglob("*.py"):
        found |= calls_in(ast.parse(path.read_text("utf-8")))
    return {name for name in found if callable(getattr(pynvml, name, None))}


def symbols_of(name: str, seen: frozenset[str] = frozenset()) -> set[str]:
    """Return the C functions that a function of pynvml may call, those of its helpers too."""
    source = inspect.getsource(inspect.unwrap(getattr(pynvml, name)))
    found = set(re.findall(r'_nvmlGetFunctionPointer\("(\w+)"\)', source))
    inner = set(re.findall(r"\b(nvml[A-Z]\w+)\(", source)) - {name} - seen
    for other in inner:
        if inspect.isfunction(getattr(pynvml, other, None)):
            found |= symbols_of(other, seen | {name})
    return found


def test_the_list_is_what_the_harness_calls():
    listed = LIST.read_text("ascii").split()
    assert listed == sorted(set(listed))
    assert set(listed) == used(), f"write the calls of the harness into {LIST.name}"


def test_every_call_of_the_harness_is_answered_by_the_stand_in(nvml_library):
    library = ctypes.CDLL(str(nvml_library))
    needed = {name: symbols_of(name) for name in LIST.read_text("ascii").split()}
    assert all(needed.values())
    missing = {n: s for n, names in needed.items() for s in names if not hasattr(library, s)}
    assert not missing


def test_no_call_is_looked_up_by_a_text_that_the_list_cannot_see():
    """A call by `getattr(nvml, "nvml...")` would hide from the list."""
    for path in SOURCES.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                assert not re.fullmatch(r"nvml[A-Z]\w+", node.value), f"{path}:{node.lineno}"
