"""Makefiles as text: what make would offer, without running make."""

from __future__ import annotations

import pytest

from docgen.claims.makefiles import read_makefiles
from docgen.claims.variables import Variables

MAIN = """\
# The mill's entry point.
SELF := $(lastword $(MAKEFILE_LIST))
DIR = parts
include $(CURDIR)/$(DIR)/rules.mk
-include gone.mk
KINDS := rye oats
KINDS += wheat
KINDS ?= never
LATE = $(SOON)
SOON = sift

.PHONY: grind clean \\
  sweep
grind: $(addprefix sack_,$(KINDS)) | floor
\t@$(MAKE) -f $(SELF) engines
\t@set -e && $(PYTHON3_CMD) -m code.main $(RUN_ARGS) --action="grind" 2>&1 | tee log

engines: ; python3 code/build.py ${RUN_ARGS} # not: a target

$(LATE) polish:: SPEED = 3
$(LATE):
\techo $$HOME: not_a_target
$(shell date): ; echo never named
ifeq ($(HERE), 1)
only_here:
\techo one
TOOL = hammer
else
TOOL = saw
endif
use_$(TOOL): ; true
%.flour: %.grain
\tstone $<
define CANNED
@python3 -m code.canned $(RUN_ARGS)
endef
canned:
\t$(CANNED)
sweep:
\t@$(MAKE) -f Makefile.yard rake "A=b"
$(foreach k,$(KINDS),$(eval each_$(k):))
"""


@pytest.fixture
def tree(tmp_path):
    (tmp_path / "parts").mkdir()
    (tmp_path / "Makefile").write_text(MAIN)
    (tmp_path / "parts" / "rules.mk").write_text("floor:\n\ttrue\ninclude Makefile\n")
    (tmp_path / "Makefile.yard").write_text("rake: mud\n\ttrue\nmud:\n\ttrue\n")
    return tmp_path


def test_targets_are_those_that_the_files_name(tree):
    names = [t.name for t in read_makefiles(tree)]
    assert names == [
        *("floor", "grind", "engines", "sift", "only_here", "use_hammer", "use_saw"),
        *("%.flour", "canned", "sweep", "rake", "mud"),
    ]


def test_what_a_target_needs_calls_and_runs(tree):
    found = {t.name: t for t in read_makefiles(tree)}
    grind = found["grind"]
    assert (grind.source.path, grind.source.line, grind.phony) == ("Makefile", 14, True)
    assert grind.needs == ("sack_rye", "sack_oats", "sack_wheat", "floor")
    assert grind.calls == ("engines",)
    (run,) = grind.runs
    assert (run.program, run.variables, run.flags) == (
        *("code.main", ("RUN_ARGS",)),
        ("--action=grind",),
    )
    assert [r.program for r in found["engines"].runs] == ["code.build"]
    assert [r.program for r in found["canned"].runs] == ["code.canned"]
    assert found["floor"].source.path == "parts/rules.mk"
    assert found["only_here"].conditional
    assert not found["grind"].conditional
    assert found["%.flour"].pattern
    assert found["sweep"].calls == ("rake",)
    assert {n: found[n].makefile for n in ("grind", "rake")} == {
        "grind": "",
        "rake": "Makefile.yard",
    }


def test_each_line_of_a_recipe_starts_its_own_programs(tmp_path):
    (tmp_path / "Makefile").write_text(
        "grind:\n\t@$(PYTHON3_CMD) code/main.py $(RUN_ARGS) --action=grind\n"
        "\t@$(PYTHON3_CMD) scripts/show.py \\\n\t\t$(SHOW_ARGS)\n"
    )
    (grind,) = read_makefiles(tmp_path)
    assert [(run.program, run.variables) for run in grind.runs] == [
        ("code.main", ("RUN_ARGS",)),
        ("scripts.show", ("SHOW_ARGS",)),
    ]


def test_files_outside_too_long_odd_or_missing_are_passed_over(tmp_path):
    (tmp_path / "out.mk").write_text("outside: ; true\n")
    root = tmp_path / "tree"
    root.mkdir()
    assert read_makefiles(root) == ()
    (root / "link.mk").symlink_to(tmp_path / "out.mk")
    (root / "Makefile").write_bytes(
        b"include ../out.mk /etc/passwd link.mk long.mk\nA = $(A) x\n$(A): ; true\ngood\xff: ; true\n"
    )
    (root / "long.mk").write_bytes(b"long: ; true\n" + b"#" * 1_000_001)
    assert [t.name for t in read_makefiles(root)] == ["good\ufffd"]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("$(A)-${B}", ["x y-1", "x y-2"]),
        ("$(A:%=%.o) $(A:x=z)", ["x.o y.o z y"]),
        ("$(patsubst %,t_%,$(A))", ["t_x t_y"]),
        ("$(addsuffix .c,$(strip $(A)))", ["x.c y.c"]),
        ("$(sort $(A) x)", ["x y"]),
        ("$$HOME $(A)", ["$HOME x y"]),
        ("$(shell rm -rf /) $(A)", []),
        ("$(GONE)", []),
        ("$(LOOP)", []),
    ],
)
def test_variables(text, found):
    variables = Variables({})
    variables.set("A", "=", "x y", certain=True)
    variables.set("B", "=", "1", certain=True)
    variables.set("B", ":=", "2", certain=False)
    variables.set("LOOP", "=", "$(LOOP) $(LOOP)", certain=True)
    assert variables.expand(text) == found
