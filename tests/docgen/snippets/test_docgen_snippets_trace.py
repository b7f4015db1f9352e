"""Hashes and traces: what counts as a change, and what a process can hide."""

from __future__ import annotations

import shutil
import subprocess
import sys

import pytest

from docgen.snippets import hashes, trace
from docgen.snippets.run import run
from docgen.snippets.tracer import sitecustomize

SOURCE = b'''
"""Module."""
import os
try:
    import fast
except ImportError:
    def slow(): return 1
class Outer:
    """Class."""
    class Inner:
        @property
        def x(self): return 1
        @x.setter
        def x(self, v): self.v = v
    async def go(self):
        def nested(): return 2
        return nested()
if os.name == "nt":
    def pick(): return "a"
else:
    def pick(): return "b"
'''


TABLE = {
    "<module>": "8cfb950865d0a929",
    "slow": "e1f2de8728f2024b",
    "Outer.Inner.x": "d7b45eec83c5f66e",
    "Outer.go": "c452dd8e9b125303",
    "pick": "16e3cfaf1cad8a6e",
    "f": "26742524bb1d50ca",
}
"""As computed by Python 3.10.13, 3.11.7, 3.12.1 and 3.13.0."""


def test_functions_are_named_as_they_run():
    assert set(hashes.functions(SOURCE)) == {
        "<module>",
        "slow",
        "Outer.Inner.x",
        "Outer.go",
        "pick",
    }


@pytest.mark.parametrize(
    ("old", "new", "changed"),
    [
        (b"return 1\n        @x", b"return 3\n        @x", {"Outer.Inner.x"}),
        (b"self.v = v", b"self.w = v", {"Outer.Inner.x"}),
        (b"return 2", b"return 4", {"Outer.go"}),
        (b'return "b"', b'return "c"', {"pick"}),
        (b"import fast", b"import quick", {"<module>"}),
        (b"ImportError", b"OSError", {"<module>"}),
        (b"@property", b"@cached", {"<module>", "Outer.Inner.x"}),
        (b'"nt"', b'"posix"', {"<module>"}),
        (b'"""Class."""', b'"""Klass."""', set()),
        (b"import os", b"import os  # always", set()),
        (b"async def", b"def", {"<module>", "Outer.go"}),
        (b"return nested()", b"'said';return nested()", set()),
    ],
)
def test_hashes_change_where_code_does(old, new, changed):
    assert old in SOURCE
    before = hashes.functions(SOURCE)
    after = hashes.functions(SOURCE.replace(old, new, 1))
    assert {name for name in before | after if before.get(name) != after.get(name)} == changed


def test_constants_of_different_types_differ():
    texts = [b"x = 1", b"x = True", b"x = 1.0", b"x = '1'", b"x = None", b"x = b'1'", b"x: int"]
    assert len({hashes.functions(t)["<module>"] for t in texts}) == len(texts)


def test_hashes_are_the_same_on_every_python():
    source = SOURCE + b"\ndef f(x, /, *a, k=1): return f'{x!r:>{3}} a' 'b', x[1:], [*a], -k\n"
    assert hashes.functions(source) == TABLE


def test_tracer_and_hashes_agree_on_names(tmp_path):
    tracer = sitecustomize.Tracer(str(tmp_path), [], [], str(tmp_path))
    tracer.compile(SOURCE, "x.py", "x.py")
    assert {n.split("\t")[1] for n in tracer.todo} == set(hashes.functions(SOURCE)) - {"<module>"}


def kept_code(project):
    return {path: path.read_bytes() for path in (project.cache / "traced").iterdir()}


def test_compiled_modules_are_kept_and_say_the_same(project, snippet):
    wanted = snippet("python -m tiny.app")
    first = run([wanted], project)[0]
    kept = kept_code(project)
    assert len(kept) == len(first.depends.code)
    again = run([wanted], project)[0]
    assert (again.output, again.depends) == (first.output, first.depends)
    assert kept_code(project) == kept


def test_kept_code_of_another_source_is_not_used(project, snippet):
    wanted = snippet("python -m tiny.child")
    run([wanted], project)
    core = project.root / "tiny/core.py"
    core.write_text(core.read_text().replace("return 13", "return used(13)"))
    result = run([wanted], project)[0]
    assert result.output == "child 14\n"
    assert set(result.depends.code["tiny/core.py"]) == {"<module>", "in_child", "used"}


@pytest.mark.parametrize("rubbish", [b"", b"\x00", b"i\x01\x00\x00\x00", b"[]"])
def test_kept_code_that_is_broken_is_made_again(project, snippet, rubbish):
    wanted = snippet("python -m tiny.child")
    first = run([wanted], project)[0]
    kept = kept_code(project)
    for path in kept:
        path.write_bytes(rubbish)
    result = run([wanted], project)[0]
    assert (result.output, result.errors, result.depends) == (first.output, "", first.depends)
    assert kept_code(project) == kept


def test_a_cache_that_cannot_be_made_is_no_matter(project, snippet):
    project.cache.parent.mkdir(parents=True, exist_ok=True)
    project.cache.write_text("a file where the folder should be")
    result = run([snippet("python -m tiny.child")], project)[0]
    assert (result.output, result.errors) == ("child 13\n", "")
    assert "in_child" in result.depends.code["tiny/core.py"]


def test_a_hidden_sitecustomize_still_runs(project, snippet):
    (project.root / "sitecustomize.py").write_text("print('mine', __name__)\n")
    result = run(
        [snippet("python -c 'import sys; print(sys.modules[\"sitecustomize\"].__file__)'")], project
    )[0]
    assert result.output == "mine sitecustomize\nPROJECT/sitecustomize.py\n"


def test_nothing_is_traced_or_cached_without_being_asked(project, snippet):
    result = run([snippet("env -u DOCGEN_TRACE python -m tiny.child")], project)[0]
    assert (result.status, result.depends.code) == ("passed", {})
    run([snippet("python -m tiny.child")], project)
    plain = subprocess.run(
        [sys.executable, "-m", "tiny.child"],
        cwd=project.root,
        capture_output=True,
        text=True,
        check=True,
    )
    assert plain.stdout == "child 13\n"


def test_a_broken_trace_request_does_not_stop_the_program(project, snippet):
    result = run([snippet("DOCGEN_TRACE=nonsense python -m tiny.child")], project)[0]
    assert result.output == "child 13\n"
    assert "docgen: tracing is off: JSONDecodeError" in result.errors


def test_tracebacks_and_docstrings_are_untouched(project, snippet):
    text = (
        "import tiny.core as c\nprint(c.used.__doc__, c.used.__code__.co_firstlineno)\n"
        "try:\n    c.used('x')\nexcept TypeError as e:\n    print(e.__traceback__.tb_next.tb_lineno)\n"
        "c.used('y')"
    )
    result = run([snippet(text, language="python", expect=("exit = 1",))], project)[0]
    assert result.status == "passed"
    source = (project.root / "tiny/core.py").read_text().splitlines()
    line = source.index("    return x + 1  # plain") + 1
    assert result.output == f"Return one more. {line - 2}\n{line}\n"
    assert "return x + 1  # plain" in result.errors
    assert result.depends.files == {}


def test_a_file_edited_during_the_run_is_never_fresh(project, snippet):
    text = (
        "import time, tiny.core, pathlib\np = pathlib.Path(tiny.core.__file__)\n"
        "tiny.core.used(1)\n(p.parent / 'data.txt').read_text()\n"
        "import subprocess\nsubprocess.run(['sh', '-c', f'echo >> {p}; touch {p.parent}/data.txt'])"
    )
    wanted = snippet(text, language="python")
    result = run([wanted], project)[0]
    assert trace.Tree(project.root).changes(result.depends) == [
        "tiny/core.py: module-level statements changed while it ran",
        "tiny/core.py: used changed while it ran",
        "tiny/data.txt changed while it ran",
    ]


def test_sources_read_as_data_count_as_files(project, snippet):
    text = "import tiny\nopen(tiny.__path__[0] + '/core.py').read()\nimport tiny.child"
    result = run([snippet(text, language="python")], project)[0]
    assert set(result.depends.files) == {"tiny/core.py"}
    assert "tiny/child.py" in result.depends.code
    core = project.root / "tiny/core.py"
    text = core.read_text("utf-8")
    core.write_text(text.replace("# plain", "# simple").replace("Does little", "Does less"))
    assert trace.Tree(project.root).changes(result.depends) == []
    core.write_text(text.replace("return 0", "return 1"))
    assert trace.Tree(project.root).changes(result.depends) == ["tiny/core.py changed"]


def test_folders_that_docgen_writes_are_no_dependency(project, snippet):
    project.cache.mkdir(parents=True, exist_ok=True)
    cache = project.cache.relative_to(project.root).as_posix()
    text = (
        "import os, tiny\nroot = os.path.dirname(tiny.__path__[0])\n"
        f"os.listdir(os.path.join(root, {cache!r}))\nos.listdir(tiny.__path__[0])"
    )
    result = run([snippet(text, language="python")], project)[0]
    assert set(result.depends.files) == {"tiny/"}


def test_a_file_looked_for_in_vain_counts(project, snippet):
    text = (
        "import tiny\ntry:\n    open(tiny.__path__[0] + '/local.toml')\nexcept OSError:\n    pass"
    )
    result = run([snippet(text, language="python")], project)[0]
    tree = trace.Tree(project.root)
    assert (result.depends.files, tree.changes(result.depends)) == (
        {"tiny/local.toml": trace.ABSENT},
        [],
    )
    (project.root / "tiny/local.toml").write_text("")
    assert trace.Tree(project.root).changes(result.depends) == ["tiny/local.toml is new"]


def test_an_installed_copy_stands_for_the_source(project, snippet, tmp_path, monkeypatch):
    site = tmp_path / "elsewhere" / "site-packages"
    shutil.copytree(project.root / "tiny", site / "tiny")
    monkeypatch.setenv("PYTHONPATH", str(site))
    result = run([snippet("python -m tiny.child")], project)[0]
    assert set(result.depends.code) == {"tiny/__init__.py", "tiny/child.py", "tiny/core.py"}
    core = project.root / "tiny/core.py"
    assert trace.Tree(project.root).changes(result.depends) == []
    core.write_text(core.read_text().replace("return 13", "return 14"))
    assert trace.Tree(project.root).changes(result.depends) == ["tiny/core.py: in_child changed"]
