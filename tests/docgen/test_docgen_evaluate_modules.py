"""Modules: imports, stars, circles, and what statements that cannot be run do to names."""

from __future__ import annotations

from pathlib import Path
from textwrap import dedent

import pytest

from docgen.evaluate import COMMON, Evaluator, NotStatic, plain
from docgen.evaluation.classes import mro
from docgen.evaluation.objects import ClassInfo, Unknown
from docgen.evaluation.tree import Tree


def names_of(root: Path, files: dict[str, str], module: str = "p.m", rules=COMMON):
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(dedent(text), encoding="utf-8")
    made = Evaluator(Tree(root, ("p",)), rules)
    return made, made.module(module).names


def test_imports_of_every_form(tmp_path):
    _made, names = names_of(
        tmp_path,
        {
            "p/__init__.py": "from . import a\nfrom p.sub.deep import VALUE as SHOWN\n",
            "p/a.py": "A = 1\nfrom .sub import deep\nB = deep.VALUE + A\n",
            "p/sub/__init__.py": "",
            "p/sub/deep.py": "from ..a import A as FIRST\nVALUE = FIRST + 10\n",
            "p/m.py": """
                import p.a
                import p.sub.deep as d
                from p import SHOWN, a, sub
                from . import a as again
                from .sub.deep import *
                import importlib
                X1 = p.a.B
                X2 = d.VALUE
                X3 = SHOWN
                X4 = a.B + again.A
                X5 = VALUE
                X6 = sub.deep.VALUE
                X7 = importlib.import_module("p.a").B
            """,
        },
    )
    assert [names[f"X{i}"].value for i in range(1, 8)] == [12, 11, 11, 13, 11, 11, 12]


def test_a_package_that_imports_its_own_module_by_name(tmp_path):
    _made, names = names_of(
        tmp_path,
        {"p/__init__.py": "from p import m\nY = m.X\n", "p/m.py": "X = 5\n"},
        "p",
    )
    assert names["Y"].value == 5


def test_values_that_go_in_a_circle_are_reported(tmp_path):
    _made, names = names_of(
        tmp_path,
        {
            "p/__init__.py": "",
            "p/m.py": "from p.n import Y\nX = Y + 1\n",
            "p/n.py": "from p.m import X\nY = X + 1\n",
        },
    )
    cause = names["X"].value.cause
    assert cause.code == "import-cycle"
    assert cause.do == "break the circle p.m -> p.n -> p.m"
    assert (cause.source.path, cause.source.line) == ("p/n.py", 1)


def test_names_that_only_import_each_other_end(tmp_path):
    _made, names = names_of(
        tmp_path,
        {
            "p/__init__.py": "",
            "p/m.py": "from p.n import X\nZ = X\n",
            "p/n.py": "from p.m import X\n",
        },
    )
    assert names["Z"].value.cause.code == "import-cycle"


def test_type_only_imports_do_not_make_circles(tmp_path):
    made, names = names_of(
        tmp_path,
        {
            "p/__init__.py": "",
            "p/m.py": """
                from typing import TYPE_CHECKING
                if TYPE_CHECKING:
                    from p.n import Y
                X = 1
            """,
            "p/n.py": "from p.m import X\nY = X + 1\n",
        },
    )
    assert names["X"].value == 1
    assert made.module("p.n").names["Y"].value == 2
    assert "Y" not in names


def test_missing_modules_names_and_stars_from_outside(tmp_path):
    _made, names = names_of(
        tmp_path,
        {
            "p/__init__.py": "",
            "p/n.py": "_HIDDEN = 1\nSEEN = 2\n__all__ = ['SEEN']\n",
            "p/m.py": """
                from p.absent import Y
                from p.n import Z
                from p.n import *
                from .....far import Q
                A = Y
                B = Z
                C = SEEN
                D = _HIDDEN
                from numpy import *
                E = pi
            """,
        },
    )
    assert names["A"].value.cause.got == "module 'p.absent', which is not there"
    assert names["B"].value.cause.got == "'Z', which p.n does not define"
    assert names["C"].value == 2
    assert names["D"].value.cause.got == "'_HIDDEN', which nothing defines"
    assert names["Q"].value.cause.got == "a relative import that leaves its package"
    assert names["E"].value.cause.got == "'pi', perhaps from `import *` of numpy"


def test_syntax_errors_and_links_out_of_the_tree(tmp_path):
    (tmp_path / "outside.py").write_text("X = 1\n", encoding="utf-8")
    root = tmp_path / "root"
    (root / "p").mkdir(parents=True)
    (root / "p/link.py").symlink_to(tmp_path / "outside.py")
    (root / "p/bytes.py").write_bytes(b"X = '\xff'\n")
    (root / "p/huge.py").write_bytes(b"#" * 5_000_000)
    made, names = names_of(
        root,
        {
            "p/__init__.py": "",
            "p/bad.py": "X = 1\ndef (:\n",
            "p/m.py": "from p import bad, link\nfrom p.bytes import X\nA = bad.X\nB = link.X\nC = 1\n",
        },
    )
    list(made.tree.walk("p"))
    assert names["C"].value == 1
    assert names["A"].value.cause.got == "a name of p/bad.py, which is not Python"
    assert isinstance(names["B"].value, Unknown)
    found = {d.source.path: (d.code, d.source.line) for d in made.tree.diagnostics}
    assert found["p/bad.py"] == ("syntax-error", 2)
    assert found["p/link.py"][0] == "outside"
    assert found["p/huge.py"][0] == "too-large"
    assert found["p/bytes.py"][0] == "syntax-error"


def test_mutation_in_order_as_python_does_it(tmp_path):
    text = """
        from copy import deepcopy
        BASE = {"a": 1, "deep": {"x": [1]}}
        COPY = deepcopy(BASE)
        ALIAS = BASE
        BASE["a"] = 2
        ALIAS["deep"]["x"].append(5)
        BASE.update({"b": 3})
        LIST = [1]
        LIST += [2]
        LIST.extend((3, 4))
        SNAP = LIST[-1]
        LIST[0] = SNAP << 2
        NUMBER = 1
        NUMBER += 41
        FIRST, (SECOND, THIRD) = 1, (2, 3)
        if NUMBER > 40:
            CHOSEN = "big"
        else:
            CHOSEN = "small"
        del FIRST
    """
    _made, names = names_of(tmp_path, {"p/__init__.py": "", "p/m.py": text})
    scope: dict = {}
    exec(dedent(text), scope)
    for name in ("BASE", "COPY", "ALIAS", "LIST", "SNAP", "NUMBER", "SECOND", "THIRD", "CHOSEN"):
        assert plain(names[name].value) == scope[name], name
    assert isinstance(names["FIRST"].value, Unknown)


@pytest.mark.parametrize(
    "statement",
    [
        "for i in range(3):\n    D['a'] = i",
        "while D:\n    D.popitem()",
        "try:\n    D = {}\nexcept ValueError:\n    pass",
        "with open('f') as D:\n    pass",
        "register(D)",
        "E = D\nregister(E)",
        "D.popitem()",
        "D['a'] = D['b'] = unknown()\nD[unknown()] = 1",
        "def change():\n    D['a'] = 5\nchange()",
        "def change():\n    global D\n    D = 5\nchange()",
        "if unknown():\n    D = 2",
        "T = (D, 1)\nregister(T)",
        "class K:\n    register(D)",
        "D |= unknown()",
        "try:\n    from outside import *\nexcept ImportError:\n    pass\ndel D",
        "match 1:\n    case D:\n        pass",
    ],
)
def test_what_may_have_changed_is_unknown(tmp_path, statement):
    text = (
        f"from outside import register, unknown\nD = {{'a': 1}}\n{statement}\nX = D['a']\nY = 1\n"
    )
    _made, names = names_of(tmp_path, {"p/__init__.py": "", "p/m.py": text})
    assert isinstance(names["X"].value, Unknown), names["X"].value
    assert names["Y"].value == 1


def test_classes_of_one_name_and_registries(tmp_path):
    text = """
        from importlib import import_module
        from outside import register

        Parent = import_module("p.base")

        @register("first")
        class Config(Parent.Base):
            rate = Parent.Base.rate * 2
            extra: int = 1

        @register("second")
        class Config(Config):
            rate = Parent.Base.rate << 3
            extra = None
    """
    _made, names = names_of(
        tmp_path, {"p/__init__.py": "", "p/base.py": "class Base:\n    rate = 10\n", "p/m.py": text}
    )
    second = names["Config"].value
    assert isinstance(second, ClassInfo)
    assert [getattr(c, "short", c) for c in mro(second)] == ["Config", "Config", "Base"]
    assert second.names["rate"].value == 80
    assert mro(second)[1].names["rate"].value == 20
    assert mro(second)[1].names["extra"].value == 1


def test_a_class_among_its_own_bases_and_orders_that_do_not_exist(tmp_path):
    text = """
        class A(A): pass
        class X: pass
        class Y(X): pass
        class Z(X, Y): pass
        class W(3): pass
    """
    _made, names = names_of(tmp_path, {"p/__init__.py": "", "p/m.py": text})
    for name, got in (
        ("A", "class A among its own bases"),
        ("Z", "class Z whose bases have no common order"),
        ("W", "class W with a base that is no class"),
    ):
        with pytest.raises(NotStatic) as caught:
            mro(names[name].value)
        assert caught.value.got == got


def test_a_module_that_raises_is_read(tmp_path):
    text = "raise RuntimeError('no')\nassert False\nX = 1\n"
    _made, names = names_of(tmp_path, {"p/__init__.py": text, "p/m.py": "from p import X\nY = X\n"})
    assert names["Y"].value == 1
