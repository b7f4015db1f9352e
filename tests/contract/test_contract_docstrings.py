"""Every field, enum member, constant of a policy and error has a docstring of its own."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FILES = sorted(p for d in ("runtime", "docgen") for p in (ROOT / d).rglob("*.py"))


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(ROOT)))
def test_fields_and_members_have_docstrings(path: Path) -> None:
    tree = ast.parse(path.read_text("utf-8"))
    assert list(_bare(tree)) == []


def _bare(tree: ast.Module) -> Iterator[str]:
    """Yield `Class.field:line` for each public field of a data class or enum without docstring."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ClassDef) and _is_data(node) and not node.name.startswith("_"):
            for field, following in zip(node.body, [*node.body[1:], None], strict=True):
                name = _field_name(field)
                if name and not name.startswith("_") and not _is_text(following):
                    yield f"{node.name}.{name}:{field.lineno}"


def _is_data(node: ast.ClassDef) -> bool:
    names = {ast.unparse(base) for base in node.bases}
    marks = {ast.unparse(mark).split("(")[0] for mark in node.decorator_list}
    bases = {"_Frozen", "_Word", "Enum", "str", "IntEnum", "StrEnum", "Settings", "HarnessError"}
    return bool(names & bases) or bool(marks & {"dataclass", "dataclasses.dataclass"})


def _field_name(node: ast.stmt) -> str:
    if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
        return node.target.id
    return ""


def _is_text(node: ast.stmt | None) -> bool:
    return (
        isinstance(node, ast.Expr)
        and isinstance(node.value, ast.Constant)
        and isinstance(node.value.value, str)
    )


def test_the_check_can_fail() -> None:
    bad = ast.parse("@dataclass\nclass A:\n    x: int = 1\n    y: int = 2\n    'doc'\n")
    assert list(_bare(bad)) == ["A.x:3"]
