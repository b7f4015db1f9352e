"""Snippets of pages, docstrings and entries; everything malformed is reported together."""

from __future__ import annotations

import pytest

from docgen.catalog import ApiItem, Catalog, Entry, MigSlice, Setting, Source, Target, Value
from docgen.config import load
from docgen.errors import SnippetError
from docgen.snippets import fences
from docgen.snippets.collect import collect, collect_page, pages

PAGE = """# Title

```{snippet} first
:needs: cores>=2
:timeout: 12.5
:expect: exit = 0
:expect: "output contains a b"
:language: console

echo a b
echo c
```

::::{tab-set}
:::{tab-item} One
~~~~{snippet} second
---
expect: |
  exit = 1
  output lacks x
---
$ false
~~~~
:::
::::

````md
```{snippet} shown-only
true
```
````

```{code-block} md
{snippet}
```

- item

  ```{snippet} third
  :caption: Indented
  if true; then
    echo x
  fi
  ```
"""


def write(root, files):
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")


@pytest.fixture
def config(tmp_path):
    write(
        tmp_path,
        {
            "pyproject.toml": '[tool.docgen]\npackages = ["tiny"]\n[tool.docgen.commands]\n'
            'run = "h run {target} {workload} {scenario}"\n'
            'accuracy = "h acc {target} {workload} {scenario}"\n'
            'resolve = "h run {target} --dry-run"\n'
            'serve = "h serve {target}"\n',
            "tiny/__init__.py": "",
            "docs/page.md": PAGE,
            "templates/x": "",
        },
    )
    return load(tmp_path)


EMPTY = Catalog(dialect="ours", root="x", packages=("tiny",))


def test_a_page(config):
    first, second, third = collect_page(config.docs / "page.md", config.root)
    assert first.id == "first"
    assert first.text == "echo a b\necho c"
    assert first.source == Source(path="docs/page.md", line=3, end_line=12)
    assert (first.needs, first.timeout_s, first.language) == ("cores>=2", 12.5, "console")
    assert first.expect == ("exit = 0", "output contains a b")
    assert (second.id, second.text, second.source.line) == ("second", "$ false", 16)
    assert second.expect == ("exit = 1", "output lacks x")
    assert (third.id, third.text) == ("third", "if true; then\n  echo x\nfi")
    assert (third.needs, third.timeout_s, third.source.line) == ("cpu", 60.0, 39)


def test_a_snippet_can_ask_to_run_alone(config):
    page = "```{snippet} one\n:alone:\ntrue\n```\n\n```{snippet} two\ntrue\n```\n"
    write(config.root, {"docs/page.md": page})
    assert [s.alone for s in collect_page(config.docs / "page.md", config.root)] == [True, False]
    write(config.root, {"docs/page.md": page.replace(":alone:", ":alone: yes")})
    with pytest.raises(SnippetError, match=r"page.md:2: want `:alone:` without a value, got `yes`"):
        collect_page(config.docs / "page.md", config.root)


def test_the_same_directives_as_myst_finds(config, tmp_path):
    pytest.importorskip("myst_parser")
    from markdown_it import MarkdownIt

    tokens = MarkdownIt().parse(PAGE)
    top = [t.map[0] + 1 for t in tokens if t.type == "fence" and t.info.startswith("{snippet}")]
    found = [d.line for d in fences.find(PAGE)]
    assert set(top) <= set(found)
    assert top == [3, 16, 39]


def test_generated_and_hidden_pages_are_left_out(config):
    write(
        config.root,
        {
            "docs/reference/fields.md": PAGE,
            "docs/_extra/x.md": PAGE,
            "docs/.docgen-manifest.json": '{"files": {"reference/fields.md": "abc"}}',
        },
    )
    assert pages(config) == (config.docs / "page.md",)


def test_every_problem_at_once(config):
    bad = """
```{snippet} a b
:expet: exit = 0
:needs: vran>=3GiB
true
```
```{snippet} first
:timeout: soon
:language: ruby
:expect: accuracy ~ 0.9
:needs: cpu
:needs: gpu
```
```{snippet} open
true
"""
    write(config.root, {"docs/zbad.md": bad})
    with pytest.raises(SnippetError) as caught:
        collect(EMPTY, config)
    lines = str(caught.value).splitlines()
    assert [line.split(": want")[0] for line in lines] == [
        "docs/zbad.md:2",
        "docs/zbad.md:3",
        "docs/zbad.md:4",
        "docs/zbad.md:7",
        "docs/zbad.md:8",
        "docs/zbad.md:9",
        "docs/zbad.md:10",
        "docs/zbad.md:12",
        "docs/zbad.md:14",
    ]
    assert lines[1].endswith("got `:expet:`; did you mean `:expect:`?")
    assert "did you mean 'vram'?" in lines[2]
    assert "an empty body" in lines[3]
    assert "console or python" in lines[5]
    assert "`:needs:` twice" in lines[7]
    assert "a closing fence" in lines[8]


def test_an_identity_used_twice(config):
    write(config.root, {"docs/zmore.md": "```{snippet} first\ntrue\n```\n"})
    with pytest.raises(SnippetError) as caught:
        collect(EMPTY, config)
    assert str(caught.value) == (
        "docs/zmore.md:1: want an identity of its own, "
        "got 'first' again (first at docs/page.md:3); rename one"
    )


def test_docstrings_have_the_lines_of_their_file(config):
    doc = "Do it.\n\nExamples:\n    ```{snippet} in-doc\n    :timeout: 5\n    echo hi\n    ```\n"
    source = f'"""Module."""\n\n\ndef do():\n    """{doc}"""\n'.replace("\n    `", "\n        `")
    write(config.root, {"tiny/mod.py": source})
    item = ApiItem(
        name="tiny.mod.do", kind="function", source=Source(path="tiny/mod.py", line=4), doc=doc
    )
    found = collect(Catalog(dialect="ours", root="x", packages=("tiny",), api=(item,)), config)
    snippet = next(s for s in found if s.id == "in-doc")
    assert (snippet.text, snippet.timeout_s) == ("echo hi", 5.0)
    assert (snippet.source.path, snippet.source.line) == ("tiny/mod.py", 8)
    assert source.splitlines()[7].strip() == "```{snippet} in-doc"


def make_target(name, **named):
    source = Source(path=f"tiny/targets/{name.split('-')[0]}.py", line=1)
    named = {"family": "Hopper", "devices": 1, "pci_ids": ("0x1",), "title": name.upper(), **named}
    return Target(name=name, facts={}, source=source, **named)


TARGETS = ("cpu", "h200", "h200-x8", "h200-mig")


def make_entry(target, scenario, value=1, **setting):
    source = Source(path=f"tiny/targets/{target.split('-')[0]}.py", line=9)
    held = Value(resolved=value, expression="", kind="set", source=source, set_by="x", chain=())
    return Entry(
        key=f"{target}/digits/{scenario}" + "".join(f"@{v}" for v in setting.values()),
        target=target,
        workload="digits",
        scenario=scenario,
        setting=Setting(**setting),
        values={"batch_size": held},
        source=source,
    )


def make_catalog(value=1):
    return Catalog(
        dialect="ours",
        root="x",
        packages=("tiny",),
        targets=(
            make_target("cpu", family="CPU", pci_ids=()),
            make_target("h200", title="NVIDIA H200"),
            make_target("h200-x8", devices=8, title="8x NVIDIA H200"),
            make_target("h200-mig", mig=MigSlice(board="H200", profile="1g.18gb")),
        ),
        entries=(
            make_entry("cpu", "server", value),
            make_entry("cpu", "offline"),
            make_entry("h200", "offline", power="maxq"),
            make_entry("h200-x8", "offline"),
            make_entry("h200-mig", "offline"),
        ),
    )


def test_entries(config):
    found = {s.id: s for s in collect(make_catalog(), config)}
    assert set(found) - {"first", "second", "third"} == {
        "run:cpu/digits/server",
        "run:cpu/digits/offline",
        "accuracy:cpu/digits/offline",
        "run:h200-x8/digits/offline",
        "accuracy:h200-x8/digits/offline",
        "run:h200-mig/digits/offline",
        "accuracy:h200-mig/digits/offline",
        *(f"{kind}:{t}" for kind in ("resolve", "serve") for t in TARGETS),
    }
    cpu = found["run:cpu/digits/server"]
    assert (cpu.text, cpu.needs, cpu.measures) == (
        "h run cpu digits server",
        "cpu",
        "cpu/digits/server",
    )
    assert cpu.mode == "performance"
    assert found["accuracy:cpu/digits/offline"].mode == "accuracy"
    eight = found["run:h200-x8/digits/offline"]
    assert eight.needs == "gpu=h200 & mig=off & devices>=8"
    assert (eight.pci_ids, eight.device) == (("0x1",), "NVIDIA H200")
    assert found["run:h200-mig/digits/offline"].needs == "gpu=h200 & mig=1g.18gb & devices>=1"
    assert found["resolve:h200"].text == "h run h200 --dry-run"
    assert found["resolve:h200"].measures == ""
    assert found["serve:h200"].text == "h serve h200"
    assert (found["serve:h200"].needs, found["serve:h200"].measures) == ("cpu", "")
    assert cpu.configs == ("tiny/targets/",)


def test_settings_of_one_entry_change_its_snippets_alone(config):
    before = {s.id: s.values for s in collect(make_catalog(), config)}
    after = {s.id: s.values for s in collect(make_catalog(2), config)}
    assert {name for name in before if before[name] != after[name]} == {
        "run:cpu/digits/server",
        "resolve:cpu",
        "serve:cpu",
    }


def test_written_snippets_take_what_the_catalog_knows(config):
    text = "```{snippet} mine\n:needs: gpu=h200\n:measures: cpu/digits/server\ntrue\n```\n"
    write(config.root, {"docs/page.md": text})
    found = {s.id: s for s in collect(make_catalog(), config)}
    mine = found["mine"]
    assert (mine.pci_ids, mine.device, mine.mode) == (("0x1",), "NVIDIA H200", "performance")
    assert mine.values == found["run:cpu/digits/server"].values


def test_unknown_names_have_a_suggestion(config):
    text = "```{snippet} mine\n:needs: gpu=h20\n:measures: cpu/digits/servr\ntrue\n```\n"
    write(config.root, {"docs/page.md": text})
    with pytest.raises(SnippetError) as caught:
        collect(make_catalog(), config)
    assert str(caught.value).splitlines() == [
        (
            "docs/page.md:1: want the key of an entry in `:measures:`, got cpu/digits/servr; "
            "did you mean 'cpu/digits/server'?"
        ),
        "docs/page.md:1: want a target after `gpu=`, got h20; did you mean 'h200'?",
    ]
