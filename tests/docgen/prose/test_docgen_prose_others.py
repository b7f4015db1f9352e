"""What a document says of other projects, of libraries and of what a reader makes is no lie."""

from __future__ import annotations

from pathlib import Path

import pytest

from docgen.prose.check import check
from docgen.prose.parsers import is_open
from docgen.trees import load_source

HEAD = "import argparse\nfrom argparse import ArgumentParser, REMAINDER\nimport lib\n"


def put(root: Path, path: str, text: str) -> None:
    (root / path).parent.mkdir(parents=True, exist_ok=True)
    (root / path).write_text(text)


def told(root: Path, *documents: str) -> list[tuple[str, str, str]]:
    """Return severity, rule and claim of every finding."""
    report = check(load_source(root), [root / d for d in documents])
    return [(v.severity, v.code, v.claimed) for v in report.findings]


def fenced(command: str) -> str:
    return f"# Mill\n\n```console\n$ {command}\n```\n"


@pytest.mark.parametrize(
    ("body", "more"),
    [
        ("p = ArgumentParser()\np.add_argument('--a')\np.parse_args()", False),
        ("def fill(p):\n    p.add_argument('--a')\np = ArgumentParser()\nfill(p)", False),
        ("p = ArgumentParser()\ng = p.add_argument_group('x')\ng.add_argument('--a')", False),
        ("p = ArgumentParser()\np.add_argument('--a')\na, _ = p.parse_known_args()", False),
        ("p = lib.parser()\np.add_argument('--a')\np.parse_args()", True),
        ("p = ArgumentParser()\nlib.Trainer.add_arguments(p)\np.add_argument('--a')", True),
        ("p = ArgumentParser(parents=[lib.p])\np.add_argument('--a')", True),
        ("p = ArgumentParser()\np.add_argument('--a')\np.add_argument('x', nargs=REMAINDER)", True),
        ("p = ArgumentParser()\nfor n in lib.names:\n    p.add_argument('--' + n)", True),
        ("p = ArgumentParser()\nfor n in lib.names:\n    p.add_argument(f'--{n}')", True),
        ("p = ArgumentParser()\na, rest = p.parse_known_args()\nlib.run(rest)", True),
        ("def (", True),
    ],
)
def test_a_program_whose_options_stand_elsewhere(body, more) -> None:
    assert is_open(HEAD + body + "\n") is more


def test_an_option_is_no_lie_where_the_parser_is_filled_elsewhere(mill) -> None:
    weigh = mill / "scripts/weigh.py"
    put(mill, "README.md", fenced("python3 scripts/weigh.py --grains rye"))
    assert told(mill, "README.md") == [("error", "flag", "--grains")]
    weigh.write_text(weigh.read_text().replace("parser.parse_args()", "os.fill(parser)"))
    assert told(mill, "README.md") == []


def test_of_programs_of_one_name_any_may_be_meant(mill) -> None:
    text = (mill / "scripts/weigh.py").read_text()
    put(mill, "tools/rye/sift.py", text)
    put(mill, "tools/oats/sift.py", text.replace("--scale", "--sieve").replace("coarse", "wide"))
    put(mill, "README.md", fenced("cd somewhere && python3 sift.py --sieve=wide"))
    put(mill, "docs/a.md", fenced("python3 rye/sift.py --sieve=wide"))
    put(mill, "docs/b.md", fenced("python3 sift.py --sieve=wide --scale=coarse"))
    put(mill, "docs/c.md", fenced("python3 sift.py --sieve=coarse --speed 3"))
    assert told(mill, "README.md", "docs/b.md") == []
    assert told(mill, "docs/a.md") == [("warning", "flag", "--sieve")]
    found = [("error", "flag", "--speed"), ("error", "flag-value", "--sieve=coarse")]
    assert told(mill, "docs/c.md") == found


GUIDE = """\
# Baker

Set the environment variable `BAKER_OVEN_HEAT`. Run `make loaves`. The class `BakingTray` holds
the loaves. There are 5 benchmarks. The container's CUDA is CUDA 9.1. Loaves are made by
`ovens/stone/heat.py`. Read [the recipe](recipe.md).
"""


def test_a_project_inside_of_a_tree_is_checked_for_its_links_alone(mill) -> None:
    put(mill, "vendor/baker/ovens/__init__.py", "")
    put(mill, "vendor/baker/docs/guide.md", GUIDE)
    place = "vendor/baker/docs/guide.md"
    kinds = {code for _, code, _ in told(mill, place)}
    assert kinds == {"environment", "make-target", "name", "count", "version", "path", "link"}
    put(mill, "vendor/baker/LICENSE", "do as you like\n")
    assert told(mill, place) == [("error", "link", "recipe.md")]


@pytest.mark.parametrize("mark", ["LICENSE.txt", "COPYING", "pyproject.toml", "setup.cfg"])
def test_what_makes_a_project(mark, mill) -> None:
    put(mill, "vendor/README.md", "Set the environment variable `BAKER_OVEN_HEAT`.\n")
    assert len(told(mill, "vendor/README.md")) == 1
    put(mill, f"vendor/{mark}", "")
    assert told(mill, "vendor/README.md") == []


def test_a_licence_at_the_root_makes_no_project(mill) -> None:
    put(mill, "LICENSE", "")
    put(mill, "README.md", "Set the environment variable `BAKER_OVEN_HEAT`.\n")
    assert len(told(mill, "README.md")) == 1


def test_a_label_of_sphinx_may_stand_in_another_document(mill) -> None:
    put(mill, "docs/source/a.md", "# A\n\nSee [stones](#the-stones) and [flour](the-flour).\n")
    put(mill, "docs/source/b.md", "(the-stones)=\n# B\n")
    put(mill, "docs/source/c.rst", ".. _the-flour:\n\nC\n=\n")
    claims = [("error", "anchor", "#the-stones"), ("error", "link", "the-flour")]
    assert sorted(told(mill, "docs/source/a.md")) == claims
    put(mill, "docs/source/conf.py", "")
    assert told(mill, "docs/source/a.md") == []
    put(mill, "docs/source/b.md", "# B, without a label\n")
    assert told(mill, "docs/source/a.md") == claims[:1]


def test_a_page_that_is_made_from_a_document(mill) -> None:
    put(mill, "docs/a.rst", "A\n=\n\nSee `tuning <tuning.html>`_ and `none <stones.html>`_.\n")
    assert told(mill, "docs/a.rst") == [("error", "link", "stones.html")]


def test_a_heading_may_state_its_anchor(mill) -> None:
    put(mill, "docs/a.md", "# Stones {#old-stones}\n\n[x](#old-stones) [y](#new-stones)\n")
    assert told(mill, "docs/a.md") == [("error", "anchor", "#new-stones")]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("The image `code/mill-server` is pulled first.", False),
        ("Give the model name `code/Rye-7B`.", False),
        ("Write a script `scripts/mine.py` that does it.", False),
        ("A template file called `scripts/mine.py` is there.", True),
        ("The generator added a new file called `scripts/mine.py` for you.", False),
        ("Code is in the folder `code/grinding`.", True),
        ("This was tested with Ubuntu 12.04 on another mill.", False),
        ("There are two systems of one kind.", False),
        ("There are 7 systems.", True),
    ],
)
def test_words_of_others(text, found, mill) -> None:
    put(mill, "README.md", text + "\n")
    assert bool(told(mill, "README.md")) is found


def test_a_target_of_a_makefile_that_has_to_be_named(mill) -> None:
    put(mill, "Makefile.power", "lower_stones:\n\ttrue\n")
    put(mill, "README.md", fenced("make lower_stones"))
    (found,) = check(load_source(mill), [mill / "README.md"]).findings
    assert "make -f Makefile.power lower_stones" in found.truth
    assert found.source is not None
    assert found.source.path == "Makefile.power"
    put(mill, "README.md", fenced("make -f Makefile.power lower_stones"))
    assert told(mill, "README.md") == []


OPTIONS = """\
# Running

Give RUN_ARGS to `make run`.

Add --grind_mode=fine for fine flour, or `--grain_ver=rye`. `docker` has --gpus too.

## Elsewhere

Add --stone_mode=fine to the other program.
"""


def test_options_in_words_of_a_section_about_the_variable(mill) -> None:
    put(mill, "README.md", OPTIONS)
    claims = {claim for _, code, claim in told(mill, "README.md") if code == "flag"}
    assert claims == set()  # a word about Docker: whose option it is cannot be told
    put(mill, "README.md", OPTIONS.replace(" `docker` has --gpus too.", ""))
    claims = {claim for _, code, claim in told(mill, "README.md") if code == "flag"}
    assert claims == {"--grind_mode", "--grain_ver"}


def test_options_behind_one_with_a_placeholder(mill) -> None:
    put(mill, "README.md", fenced('make run RUN_ARGS="--benchmarks=<GRAIN> --grain_ver=rye"'))
    assert told(mill, "README.md") == [("error", "flag", "--grain_ver")]


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("scripts/sort_sacks.py", "it is at scripts/tools/sort_sacks.py now"),
        ("code/sort_sacks.py", "a file of that name is at scripts/tools/sort_sacks.py"),
    ],
)
def test_a_file_of_the_same_name_in_another_branch_may_be_another_one(path, words, mill) -> None:
    put(mill, "README.md", f"Sacks are sorted by `{path}`.\n")
    (found,) = check(load_source(mill), [mill / "README.md"]).findings
    assert found.truth.endswith(words)


def test_a_claim_that_is_repeated_is_told_once(mill) -> None:
    from click.testing import CliRunner

    from docgen.cli import main

    lines = "".join(f"Run `make sweeep` for the {n}th time.\n\n" for n in range(10))
    put(mill, "README.md", f"# Mill\n\n{lines}")
    done = CliRunner().invoke(main, ["check", "--source", str(mill), str(mill / "README.md")])
    told_ones = [one for one in done.stdout.splitlines() if "make sweeep" in one]
    assert len(told_ones) == 1
    assert told_ones[0].startswith("README.md:3: error make-target: make sweeep: ")
    assert told_ones[0].endswith("; again in lines 5, 7, 9, 11, 13, 15, ...")
    assert "10 errors" in done.stdout
    assert done.exit_code == 1
