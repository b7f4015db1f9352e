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
LINK = Rule(
    code="link",
    severity="error",
    title="A link that leads nowhere",
    why="A click ends on a page that is not found.",
    example="`[guide](docs/guide.md)` in a document that is in `docs/` itself",
)
ANCHOR = Rule(
    code="anchor",
    severity="error",
    title="A link to a heading that does not exist",
    why="A heading was renamed; the link now ends at the top of the page.",
    example="`#adding-a-system`, where the heading is *Adding a new or custom system*",
)
NAME = Rule(
    code="name",
    severity="error",
    title="A class, enum member, function or setting that does not exist",
    why="What the guide tells to use or to edit is not there.",
    example="`HarnessType.Heterogeneous`, where the enum has `HeteroMIG`",
)
FIELD = Rule(
    code="field",
    severity="error",
    title="An example sets a field that is not declared",
    why="A configuration copied from the guide is refused, or the value is lost.",
    example="`gpu_copy_stream = 2`, where the field is `gpu_copy_streams`",
)
ENVIRONMENT = Rule(
    code="environment",
    severity="error",
    title="A variable of the environment that nothing reads",
    why="The setting has no effect and nobody says so.",
    example="`SCRATCH_PATH`, where the Makefile reads `MLPERF_SCRATCH_PATH`",
)
GPU_MEMORY = Rule(
    code="gpu-memory",
    severity="error",
    title="A GPU with a memory size that the tree does not know for it",
    why="The name is typed into commands and paths, where it matches nothing.",
    example="`H200-SXM-144GB`, where the source has 141 GB",
)
BENCHMARK = Rule(
    code="benchmark",
    severity="error",
    title="A list of benchmarks or scenarios names one that the tree does not know",
    why="The name is refused when it is typed.",
    example="`rnnt` under *Valid benchmarks*, three rounds after it went",
)
NO_CONFIG = Rule(
    code="no-config",
    severity="warning",
    title="A benchmark that the tree knows but has no configuration for",
    why="The name is accepted and the run then ends for want of a configuration.",
    example="`--benchmarks=bert` in a tree without one configuration of it",
)
SYSTEM = Rule(
    code="system",
    severity="error",
    title="A list of supported systems names one that the tree does not have",
    why="Owners of that system start and find no configuration.",
    example="`A100-PCIe-80GB` under *Supported systems*, without a configuration",
)
COUNT = Rule(
    code="count",
    severity="warning",
    title="A number of benchmarks, systems or the like that is not the tree's",
    why="Lists and numbers are not updated when something is added.",
    example="*supports 6 benchmarks*, where nine have configurations",
)
DEFAULT = Rule(
    code="default",
    severity="error",
    title="A stated default that is another one in the source",
    why="A reader leaves the option out and gets another value than the one written.",
    example="*`--timeout` (default: 60)*, where the parser says 30",
)
VERSION = Rule(
    code="version",
    severity="error",
    title="A version of a system or library that the build files do not use",
    why="Readers install, debug and search for the wrong version.",
    example="*The container's OS is Ubuntu 20.04*, where the Dockerfile starts from 22.04",
)
LIVE = Rule(
    code="live",
    severity="error",
    title="A role takes a value that the source does not have",
    why="The page would show the words of the role instead of a value.",
    example="`{count}` of `target`, where the word is `targets`",
)
DOCUMENT = Rule(
    code="document",
    severity="warning",
    title="A document that cannot be read",
    why="Nothing in it was checked.",
    example="a file of several megabytes, or lists nested a thousand deep",
)
