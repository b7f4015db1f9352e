"""Options of programs, read without running them."""

from __future__ import annotations

from docgen.claims.arguments import PYTHON, program_file, read_programs
from docgen.claims.makefiles import read_makefiles

PROGRAM = '''
"""Grinds.

More of it.
"""
import argparse
raise SystemExit("never run")
MODES = ["fine", "coarse"] + ["dust"]
TABLE = {
    "sacks": {"type": int, "default": 3, "help": "How " + "many."},
    "dry": {"action": "store_true"},
}
TWICE = [1]
TWICE = [2]
SELF = SELF
def parse(names):
    parser = argparse.ArgumentParser()
    parser.add_argument("grain", choices=("rye", "oats"))
    parser.add_argument("--mode", "-m", choices=MODES, default=MODES)
    parser.add_argument("--kind", choices=TWICE, type=str, required=True)
    parser.add_argument("--again", choices=SELF, action="append")
    for name in names:
        parser.add_argument("--{:}".format(name), **TABLE[name])
    parser.add_argument(names[0])
    return parser
'''


def test_options_of_the_programs_that_recipes_start(tmp_path):
    (tmp_path / "code").mkdir()
    (tmp_path / "code" / "main.py").write_text(PROGRAM)
    (tmp_path / "code" / "bad.py").write_text("def (")
    (tmp_path / "Makefile").write_text(
        "a: ; python3 -m code.main $(X)\nb: ; python3 code/bad.py\nc: ; python3 -m code.gone\n"
    )
    (command,) = read_programs(tmp_path, read_makefiles(tmp_path))
    assert command.name == PYTHON + "code.main"
    assert command.help == "Grinds."
    flags = {f.names[0]: f for f in command.flags}
    assert list(flags) == ["grain", "--mode", "--kind", "--again", "--sacks", "--dry"]
    assert flags["grain"].argument
    assert flags["grain"].choices == ("rye", "oats")
    assert flags["--mode"].names == ("--mode", "-m")
    assert flags["--mode"].choices == ("fine", "coarse", "dust")
    assert (flags["--kind"].choices, flags["--kind"].required) == ((), True)
    assert (flags["--again"].choices, flags["--again"].multiple) == ((), True)
    assert (flags["--sacks"].type, flags["--sacks"].default) == ("int", 3)
    assert (flags["--sacks"].help, flags["--sacks"].source.line) == ("How many.", 10)
    assert flags["--dry"].is_flag


def test_a_program_out_of_the_tree_is_none(tmp_path):
    (tmp_path / "tree").mkdir()
    (tmp_path / "main.py").write_text(PROGRAM)
    (tmp_path / "tree" / "link.py").symlink_to(tmp_path / "main.py")
    assert program_file(tmp_path / "tree", "link") is None
    assert program_file(tmp_path / "tree", "..main") is None
