"""The order in which modules are executed statically is that in which Python imports them."""

from __future__ import annotations

import random
import subprocess
import sys
from pathlib import Path

from docgen.evaluate import Evaluator
from docgen.evaluation.objects import Unknown
from docgen.evaluation.tree import Tree


def tree_of(root: Path, source: random.Random) -> int:
    """Write a package of modules that import each other and compute; return their number."""
    count = source.randint(3, 6)
    (root / "p").mkdir(parents=True)
    lines = ["import p.m0" if source.random() < 0.5 else "from . import m1"]
    (root / "p/__init__.py").write_text("\n".join([*lines, "TOP = 7"]) + "\n", encoding="utf-8")
    for index in range(count):
        body = [f"EARLY = {index + 1}"]
        for other in source.sample(range(count), source.randint(0, 2)):
            form = source.choice(["from p.m{0} import EARLY as E{0}", "from p import m{0} as M{0}"])
            body.append(form.format(other))
        named = [line.rpartition(" ")[2] for line in body[1:]]
        terms = [n if n.startswith("E") else f"{n}.EARLY" for n in named]
        body.append(f"LATE = {' + '.join(['EARLY', *terms])}")
        (root / f"p/m{index}.py").write_text("\n".join(body) + "\n", encoding="utf-8")
    return count


RUN = """
import json, sys
sys.path.insert(0, sys.argv[1])
import p.m2 as m
import p
found = {}
for name, module in sys.modules.items():
    if name.startswith("p.m"):
        found[name] = getattr(module, "LATE", None)
print(json.dumps([getattr(p, "TOP", None), found]))
"""


def test_random_import_graphs_give_what_python_gives(tmp_path):
    import json

    source = random.Random(7)
    compared = 0
    for case in range(12):
        root = tmp_path / str(case)
        tree_of(root, source)
        done = subprocess.run(
            [sys.executable, "-I", "-B", "-c", RUN, str(root)],
            capture_output=True,
            text=True,
            check=False,
        )
        made = Evaluator(Tree(root, ("p",)))
        made.module("p.m2")
        if done.returncode:
            assert "circular import" in done.stderr, done.stderr
            continue
        top, values = json.loads(done.stdout)
        assert top == made.module("p").names["TOP"].value
        for name, expected in values.items():
            found = made.module(name).names["LATE"].value
            assert not isinstance(found, Unknown), (case, name, found)
            assert found == expected, (case, name)
            compared += 1
    assert compared > 15
