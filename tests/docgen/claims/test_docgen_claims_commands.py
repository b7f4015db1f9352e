"""Commands of a tree: composed of what it has, and held against it."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from docgen.claims.commands import Tools, check_command
from docgen.claims.compose import Composer
from docgen.extract import extract
from docgen.foreign import make_plain
from docgen.trees import load_source

MILL = Path(__file__).parents[1] / "fixtures_registry" / "mill"

MAKEFILE = """\
.PHONY: run generate_engines run_harness tidy
run:
\t@$(MAKE) generate_engines
\t@$(MAKE) run_harness
generate_engines:
\t@$(PYTHON3_CMD) -m code.main $(RUN_ARGS) --action="grind"
run_harness:
\t@$(PYTHON3_CMD) -m code.main $(RUN_ARGS) --action="sweep"
tidy:
\trm -rf $(BUILD)
bag_%:
\ttrue
"""

OPTIONS = """
    benchmarks: Field = Field("benchmarks", "Grains.", str)
    scenarios: Field = Field("scenarios", "Ways.", str)
    power_setting: Field = Field(
        "power_setting", "Power.", str, argparse_opts={"choices": ["MaxP", "MaxQ"]}
    )
    accuracy_target: Field = Field(
        "accuracy_target", "Share.", float, argparse_opts={"choices": [0.99, 0.999]}
    )
"""


def make_mill(folder):
    root = Path(shutil.copytree(MILL, folder / "mill"))
    (root / "Makefile").write_text(MAKEFILE)
    fields = root / "code" / "common" / "fields.py"
    fields.write_text(fields.read_text() + OPTIONS)
    return root


@pytest.fixture
def mill(tmp_path, monkeypatch):
    monkeypatch.setenv("DOCGEN_CACHE", str(tmp_path / "cache"))
    return make_mill(tmp_path)


@pytest.fixture(scope="module")
def catalog(tmp_path_factory):
    return make_plain(extract(load_source(make_mill(tmp_path_factory.mktemp("mill"))), cache=False))


@pytest.fixture
def tools(catalog):
    return Tools(catalog)


def read(root):
    return make_plain(extract(load_source(root)))


def parts(text, tools, **more):
    found = check_command(text, tools, **more)
    return [(f.kind, f.claimed, f.holds, f.nearest) for f in found]


def test_every_configuration_has_a_command_that_holds(catalog):
    composer = Composer(catalog)
    assert (composer.target, composer.variable, composer.why_none) == ("run", "RUN_ARGS", "")
    accepted = [e for e in catalog.entries if not e.rejected]
    texts = {e.key: composer.run(e) for e in accepted}
    special = [t for t in texts.values() if "--power_setting=MaxQ" in t]
    assert special
    precise = [texts[e.key] for e in accepted if e.setting.accuracy == "k_99_9"]
    assert all("--accuracy_target=0.999" in t for t in precise)
    for entry in accepted:
        if entry.setting.harness in ("LWIS", "Custom"):
            assert all(f.holds for f in check_command(texts[entry.key], composer.tools))
        else:  # the mill has no option for its other harnesses, and the guide must say so
            missing = [f for f in check_command(texts[entry.key], composer.tools) if not f.holds]
            assert [f.claimed for f in missing] == ["--harness_type"]


def test_steps_run_one_part_each(catalog):
    entry = next(e for e in catalog.entries if not e.rejected)
    steps = [step.text.split(" RUN_ARGS")[0] for step in Composer(catalog).steps(entry)]
    assert steps == ["make generate_engines", "make run_harness"]


def test_findings_name_place_line_and_nearest(tools):
    found = check_command('$ make run RUN_ARGS="--benchmarks=oats"', tools, line=7)
    first = found[0]
    assert (first.source.path, first.source.line, first.line) == ("Makefile", 2, 7)
    assert parts("make run_harnes", tools) == [("target", "run_harnes", False, "run_harness")]
    assert parts("make tidy RUN_ARGS=--x BUILD=b", tools) == [
        ("target", "tidy", True, ""),
        ("variable", "RUN_ARGS", False, ""),
        ("variable", "BUILD", True, ""),
    ]
    assert parts('make run RUN_ARGS="--gpu_onli=x --power_setting MaxZ"', tools)[2:] == [
        ("flag", "--gpu_onli", False, "--gpu_only"),
        ("flag", "--power_setting", True, ""),
        ("value", "--power_setting=MaxZ", False, "--power_setting=MaxQ"),
    ]


def test_fields_kept_from_the_command_line_are_no_options(mill):
    text = 'make run RUN_ARGS="--ratio=1"'
    assert parts(text, Tools(read(mill)))[2:] == [("flag", "--ratio", True, "")]
    fields = mill / "code" / "common" / "fields.py"
    old = '"ratio", "A number.", float'
    fields.write_text(fields.read_text().replace(old, old + ", no_argparse=True"))
    assert [p[:3] for p in parts(text, Tools(read(mill)))[2:]] == [("flag", "--ratio", False)]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("make bag_9", [("target", "bag_9", True, "")]),
        ("make -f Makefile.gone run", [("target", "run", False, "")]),
        ("X=1 sudo make -j 4 <TARGET>", []),
        ("make tidy && echo make nothing | make tidy", [("target", "tidy", True, "")] * 2),
        ("python3 -m code.main --gpu_only", [("program", "code.main", True, ""),
                                             ("flag", "--gpu_only", True, "")]),
        ("python3 -m elsewhere --x", []),
        ("make 'unclosed", []),
        ("", []),
    ],
)  # fmt: skip
def test_commands_of_a_line(tools, text, found):
    assert parts(text, tools) == found


def test_no_command_without_a_makefile_or_a_target_that_takes_options(mill):
    (mill / "Makefile").write_text("run:\n\ttrue\n")
    assert "No make target" in Composer(read(mill)).why_none
    (mill / "Makefile").unlink()
    assert "no Makefile" in Composer(read(mill)).why_none


def test_an_edited_makefile_is_read_anew(mill):
    assert Tools(read(mill)).target("new") is None
    (mill / "Makefile").write_text(MAKEFILE + "new: ; true\n")
    assert Tools(read(mill)).target("new") is not None
