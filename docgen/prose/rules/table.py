"""Every kind of claim that is checked, with why it matters and an example."""

from __future__ import annotations

from docgen.prose.rules.base import Rule

MAKE_TARGET = Rule(
    code="make-target",
    severity="error",
    title="A make target that does not exist",
    why="The first command that a reader types ends with `No rule to make target`.",
    example="`make download_dataset`, where the Makefile has `download_data`",
)
MAKE_VARIABLE = Rule(
    code="make-variable",
    severity="error",
    title="A variable that nothing reads",
    why="make takes any assignment without a word, so the setting is silently lost.",
    example="`make run RUN_ARG=--fast`, where recipes use `RUN_ARGS`",
)
PROGRAM = Rule(
    code="program",
    severity="error",
    title="A program or script that does not exist",
    why="Launchers are renamed and deleted between rounds; guides keep naming them.",
    example="`python3 scripts/launch.py`, which went two rounds ago",
)
COMMAND = Rule(
    code="command",
    severity="error",
    title="A command that a console script does not have",
    why="The command line ends with a usage error.",
    example="`harness measure`, where the command is `harness run`",
)
FLAG = Rule(
    code="flag",
    severity="error",
    title="An option that a program does not have",
    why="It ends with a usage error, or is passed over in silence where a program parses "
    "known options only.",
    example="`--gpu_only`, which no parser declares any more",
)
FLAG_VALUE = Rule(
    code="flag-value",
    severity="error",
    title="A value that an option does not take",
    why="The run is refused, or another configuration than the one meant is measured.",
    example="`--test_mode=Accuracy`, where the choices are `PerformanceOnly` and `AccuracyOnly`",
)
PATH = Rule(
    code="path",
    severity="error",
    title="A file or folder that is not there",
    why="Readers look for a file that was moved, renamed or never part of the tree.",
    example="`scripts/add_custom_system.py`, which is in `scripts/custom_systems/` now",
)
