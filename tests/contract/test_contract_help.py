"""Help of both commands: nothing is cut on a terminal of 80 columns, or on a narrow one."""

from __future__ import annotations

import click
import pytest
from click.testing import CliRunner

import docgen.cli
import runtime.cli

ROOTS = {"harness": runtime.cli.main, "docgen": docgen.cli.main}


def groups(command, name):
    """Yield a command and all groups below it, each with its name."""
    if isinstance(command, click.Group):
        yield name, command
        for part, below in command.commands.items():
            yield from groups(below, f"{name} {part}")


GROUPS = [pair for name, root in ROOTS.items() for pair in groups(root, name)]


def help_of(name, width):
    root, *words = name.split()
    done = CliRunner().invoke(ROOTS[root], [*words, "--help"], terminal_width=width)
    assert done.exit_code == 0
    return done.output


@pytest.mark.parametrize("width", [100, 80, 50, 30])
@pytest.mark.parametrize(("name", "group"), GROUPS, ids=[name for name, _ in GROUPS])
def test_a_group_shows_whole_sentences(name, group, width):
    said = " ".join(help_of(name, width).partition("Commands:")[2].split())
    for part, command in group.commands.items():
        first = " ".join(command.help.split("\n\n")[0].split()).partition(". ")[0].rstrip(".:")
        assert f"{part} {first}" in said


@pytest.mark.parametrize("name", ROOTS)
def test_the_first_help_keeps_to_80_columns(name):
    assert max(map(len, help_of(name, 80).splitlines())) <= 80


def test_explanations_stand_under_options_where_it_is_narrow():
    lines = help_of("harness run", 50).splitlines()
    at = lines.index("  --target NAME")
    assert lines[at + 1].startswith("      What to run on")
    wide = help_of("harness run", 80).splitlines()
    assert any(line.startswith("  --target NAME  ") and "What to run on" in line for line in wide)
