"""What changed between two trees, counted by hand on trees small enough for that."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from pathlib import Path

import msgspec
import pytest
from click.testing import CliRunner

from docgen.catalog import Source, Target
from docgen.changes import compare, identity, model, summary
from docgen.cli import main
from docgen.errors import UsageError
from docgen.extract import extract
from docgen.foreign import make_plain
from docgen.trees import load_source

HERE = Path(__file__).resolve().parents[1]
FLOUR = "configs/flour/Offline/__init__.py"


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("DOCGEN_CACHE", str(tmp_path / "cache"))


@pytest.fixture
def mill(tmp_path):
    return Path(shutil.copytree(HERE / "fixtures_registry" / "mill", tmp_path / "old" / "mill"))


@pytest.fixture
def later(mill, tmp_path):
    """Return a copy of the mill with hand-made changes.

    One rate, one batch size that two classes inherit, one board gone, one board new,
    one field under another name, one system under another name.
    """
    tree = Path(shutil.copytree(mill, tmp_path / "new" / "mill"))
    edit(tree, FLOUR, "offline_expected_qps = 9400", "offline_expected_qps = 9600")
    edit(tree, FLOUR, '"bran": _per_sack * 2}', '"bran": _per_sack * 3}')
    edit(
        tree,
        FLOUR,
        "class Tiny(OfflineGPUBaseConfig):\n    system = KnownSystem.Tiny",
        "class Tiny(OfflineGPUBaseConfig):\n    system = KnownSystem.G9_80GBx4",
    )
    return tree


def edit(tree, path, old, new):
    file = tree / path
    text = file.read_text()
    assert text.count(old) == 1, old
    file.write_text(text.replace(old, new))


def read(tree):
    return make_plain(extract(load_source(tree)))


def run(*arguments):
    return CliRunner().invoke(main, ["diff", *map(str, arguments)], env={"COLUMNS": "130"})


def git(folder, *words):
    environment = {**os.environ, "GIT_CONFIG_GLOBAL": "/dev/null", "GIT_CONFIG_SYSTEM": "/dev/null"}
    names = ["-c", "user.name=A", "-c", "user.email=a@example.org", "-c", "init.defaultBranch=main"]
    subprocess.run(
        ["git", *names, *words], cwd=folder, check=True, env=environment, capture_output=True
    )


def test_a_tree_does_not_differ_from_itself(mill):
    found = compare(read(mill), read(mill))
    assert found.is_empty
    assert found.same == len([e for e in read(mill).entries if not e.rejected])
    done = run(mill, mill, "--exit-code")
    assert (done.exit_code, "nothing differs in" in done.stdout) == (0, True)


def test_every_change_is_told_once_with_both_places(mill, later):
    found = compare(read(mill), read(later))
    systems = {s.new or s.old: s for g in found.gpus for s in g.systems}
    assert {n: s.state for n, s in systems.items()} == {
        "G9_80GBx1": "kept",
        "G9_80GBx8": "kept",
        "G9_80GBx4": "kept",
        "Tiny": "kept",
    }
    assert [c.place.text for c in systems["Tiny"].removed] == ["flour Offline"]
    assert [c.place.text for c in systems["G9_80GBx4"].added] == ["flour Offline"]
    (plain,) = [c for c in systems["G9_80GBx1"].changed if c.place.accuracy == "99"]
    changes = {c.field: c for c in plain.changes}
    assert set(changes) == {"offline_expected_qps", "gpu_batch_size.bran"}
    rate = changes["offline_expected_qps"]
    line = next(
        n for n, text in enumerate((mill / FLOUR).read_text().splitlines(), 1) if "= 9400" in text
    )
    assert (rate.old.resolved, rate.new.resolved) == (9400, 9600)
    assert (rate.old.source.line, rate.new.source.line) == (line, line)
    assert rate.new.expression == "9600"
    (exact,) = [c for c in systems["G9_80GBx1"].changed if c.place.accuracy == "99.9"]
    rate = {c.field: c for c in exact.changes}["offline_expected_qps"]
    assert (rate.old.resolved, rate.new.resolved) == (4700.0, 4800.0)
    assert rate.new.expression == "G9_80GBx1.offline_expected_qps * 0.5"


def test_numbers_in_the_text_are_those_of_a_hand_count(mill, later):
    done = run(mill, later)
    assert done.exit_code == 0, done.stderr
    assert "G9_80GBx1: 2 changed, 0 added, 0 removed, 0 the same" in done.stdout
    assert re.search(r"offline_expected_qps +9400 → 9600 +flour Offline\n", done.stdout)
    assert re.search(r"gpu_batch_size\.bran +6 → 9 +flour Offline \(99 %, 99\.9 %\)", done.stdout)
    assert run(mill, later, "--exit-code").exit_code == 1
    full = run(mill, later, "--full").stdout
    assert f"was set at {FLOUR}:" in full
    assert "= G9_80GBx1.offline_expected_qps * 0.5" in full


def test_one_target(mill, later):
    done = run(mill, later, "--target", "G9_80GBx1", "--json")
    found = json.loads(done.stdout)
    assert [s["new"] for g in found["gpus"] for s in g["systems"]] == ["G9_80GBx1"]
    wrong = run(mill, later, "--target", "G9_80GBx16")
    assert wrong.exit_code == UsageError.exit_code
    assert "did you mean G9_80GBx1" in wrong.stderr


def test_a_field_under_another_name_is_no_change(mill, later):
    for path in sorted(later.rglob("*.py")):
        text = path.read_text()
        path.write_text(text.replace("workspace_size", "workspace_bytes"))
    found = compare(read(mill), read(later))
    (renamed,) = found.renamed
    assert (renamed.old, renamed.new) == ("workspace_size", "workspace_bytes")
    assert renamed.equal == renamed.configurations > 5
    every = [c.field for g in found.gpus for s in g.systems for x in s.changed for c in x.changes]
    assert not [field for field in every if "workspace" in field]
    assert not found.fields_added
    assert "workspace_size → workspace_bytes" in run(mill, later).stdout


def test_declared_fields_that_came_and_went(mill, later):
    fields = later / "code/common/fields.py"
    text = fields.read_text()
    text = text.replace(
        '    ratio: Field = Field("ratio", "A number.", float)\n',
        '    damp: Field = Field("damp", "Wetness of the grain.", float)\n',
    )
    fields.write_text(text)
    found = compare(read(mill), read(later))
    assert [f.name for f in found.fields_added] == ["damp"]
    assert [f.name for f in found.fields_removed] == ["ratio"]


def test_across_dialects(mill):
    """The mill's flour on eight boards, as another dialect and another vendor write it."""
    old = read(mill)
    entry = next(
        e
        for e in old.entries
        if (e.target, e.scenario, e.setting.harness, e.setting.power, e.setting.accuracy)
        == ("G9_80GBx8", "Offline", "Custom", "MaxP", "k_99")
    )
    value = entry.values
    title = next(w.title for w in old.workloads if w.name == entry.workload)
    target = next(t for t in old.targets if t.name == "G9_80GBx8")
    flags = msgspec.structs.replace(value["ratio"], resolved={"ratio": 1.0, "graphs": False})
    values = {n: v for n, v in value.items() if n not in {"ratio", "levels"}} | {"run_flags": flags}
    new = msgspec.structs.replace(
        old,
        dialect="exports",
        targets=(msgspec.structs.replace(target, name="g9-80gb-x8", facts={}),),
        workloads=tuple(msgspec.structs.replace(w, name=w.title) for w in old.workloads),
        entries=(
            msgspec.structs.replace(
                entry,
                key="new",
                target="g9-80gb-x8",
                workload=title,
                setting=msgspec.structs.replace(entry.setting, accuracy="0.99"),
                values=values,
            ),
        ),
    )
    found = compare(old, new, target="G9-80GBx8")
    ((system,),) = [g.systems for g in found.gpus]
    assert (system.state, system.old, system.new) == ("renamed", "G9_80GBx8", "g9-80gb-x8")
    (pair,) = system.both
    assert [(r.old, r.new) for r in found.renamed] == [("ratio", "run_flags.ratio")]
    assert sorted((c.field, c.new is None) for c in pair.changes) == [
        ("levels", True),
        ("run_flags.graphs", False),
    ]


@pytest.mark.parametrize(
    ("name", "wanted", "is_it"),
    [
        ("H200_SXM_141GBx8", "H200", True),
        ("GH200_96GB_ARMx1", "H200", False),
        ("XE9680_H200_SXM_141GBx8", "h200-sxm", True),
        ("XE9680_H200_SXM_141GBx8", "H200_SXM_141GBx8", True),
        ("H200_SXM_141GBx1", "H200_SXM_141GBx8", False),
        ("L40Sx1", "L40", False),
        ("h200-sxm-141gb-mig-1g.18gb", "h200-sxm-141gb", True),
    ],
)
def test_names_are_compared_by_words(name, wanted, is_it):
    assert identity.is_named(name, wanted) is is_it


@pytest.mark.parametrize(
    ("name", "gpu"),
    [
        ("H200_SXM_141GBx8", "H200"),
        ("GB200-NVL72_GB200-186GB_aarch64x4", "GB200"),
        ("HPE_PROLIANT_DL385_H200NVL_PCIE_141GBx2_TRT", "H200"),
        ("HPE_PROLIANT_DL380A_RTX_PRO_6000_PCIE_96GBx8_TRT", "RTX PRO 6000"),
        ("R570-L4-PCIE-24GBx4", "L4"),
        ("L40Sx8", "L40S"),
        ("A2x2", "A2"),
        ("Orin_NX", "Orin NX"),
        ("h100-pcie-80gb-x8", "H100"),
        ("jetson-agx-orin", "Agx Orin"),
        ("cpu", "cpu"),
        ("Mystery_x8", "Mystery"),
    ],
)
def test_gpu_of_a_name(name, gpu):
    place = Source(path="s.py", line=1)
    target = Target(name=name, title=name, family="", devices=1, facts={}, source=place)
    assert identity.gpu_of(target) == gpu


def test_a_commit_is_read_without_a_checkout(mill, later, tmp_path):
    """Old state committed, new state in the working tree; the old one lies in a subfolder."""
    repository = tmp_path / "repository"
    shutil.copytree(mill, repository / "closed" / "mill")
    (repository / "closed" / "mill" / "out").symlink_to("/etc")
    git(repository, "init")
    git(repository, "add", "-A")
    git(repository, "commit", "-m", "old")
    git(repository, "tag", "v1")
    shutil.rmtree(repository / "closed" / "mill")
    shutil.copytree(later, repository / "closed" / "mill")
    before = sorted(
        p.relative_to(repository) for p in repository.rglob("*") if ".git" not in p.parts
    )
    by_tag = run(f"{repository}@v1:closed/mill", repository / "closed" / "mill")
    assert by_tag.exit_code == 0, by_tag.stderr
    assert by_tag.stdout.startswith("mill@v1 (")
    by_folder = run(f"{repository}/closed/mill@v1", repository / "closed" / "mill")
    plain = run(mill, later)
    assert plain.exit_code == 0, plain.stderr
    expected = plain.stdout.splitlines()[1:]
    assert by_tag.stdout.splitlines()[1:] == by_folder.stdout.splitlines()[1:] == expected
    after = sorted(
        p.relative_to(repository) for p in repository.rglob("*") if ".git" not in p.parts
    )
    assert before == after


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("nowhere", "want a folder, PATH@REV or an exported Catalog, got nothing of that name"),
        ("nowhere@v1", "want the folder of a git repository before the @, got no folder"),
        ("{mill}@v9", "want a commit of a git repository"),
    ],
)
def test_a_side_that_is_not_there(mill, text, words):
    done = run(text.format(mill=mill), mill)
    assert done.exit_code == UsageError.exit_code
    assert words in done.stderr


def test_an_unknown_folder_of_a_commit(mill):
    git(mill, "init")
    git(mill, "add", "-A")
    git(mill, "commit", "-m", "all")
    done = run(f"{mill}@HEAD:nothing", mill)
    assert done.exit_code == UsageError.exit_code
    assert "Not a valid object name" in done.stderr or "not a" in done.stderr.lower()


def test_exported_catalogs(mill, later, tmp_path):
    files = []
    for name, tree in (("old", mill), ("new", later)):
        files.append(tmp_path / f"{name}.json")
        done = CliRunner().invoke(
            main, ["export", "--lenient", "--source", str(tree), "--output", str(files[-1])]
        )
        assert done.exit_code == 0, done.stderr
    assert run(*files).stdout.splitlines()[1:] == run(mill, later).stdout.splitlines()[1:]


def test_markdown_and_files(mill, later, tmp_path):
    file = tmp_path / "CHANGES.md"
    done = run(mill, later, "--markdown", "--output", file)
    assert done.exit_code == 0, done.stderr
    text = file.read_text()
    assert text.startswith("# What changed from ")
    assert f"- `offline_expected_qps`: `9400` (`{FLOUR}:" in text
    assert "Added:\n\n- flour Offline (`configs/flour/Offline/__init__.py:" in text
    assert run(mill, later, "--markdown", "--json").exit_code == 2
    assert run(mill, later, "--output", file).exit_code == 2


def test_json_has_everything(mill, later):
    from docgen.changes.model import Changes

    done = run(mill, later, "--json")
    found = msgspec.json.decode(done.stdout, type=Changes)
    assert found == compare(read(mill), read(later), names=(str(mill), str(later)))


def test_flags_that_came_together_are_one_line():
    """A dictionary that is new is one line with the names of its parts; a changed part is its own."""
    place = Source(path="c.py", line=3)
    side = model.Side(resolved=1, expression="1", source=place)
    changes = (
        model.Change(field="flags.a", new=side),
        model.Change(field="flags.b", new=side),
        model.Change(
            field="flags.c", old=side, new=model.Side(resolved=2, expression="1 + 1", source=place)
        ),
    )
    at = model.Place(workload="bert", scenario="Offline")
    changed = model.Changed(place=at, old_key="o", new_key="n", changes=changes)
    lines = summary.lines(model.System(old="S", new="S", both=(changed,)))
    told = [
        (x.change.field, summary.text(x.change.new), summary.expression(x.change.new))
        for x in lines
    ]
    assert told == [("flags.c", "2", "1 + 1"), ("flags.*", "a, b", "")]


def test_what_cannot_be_read_is_said(mill, later):
    old, new = (make_plain(extract(load_source(tree))) for tree in (mill, later))
    before = {u.tree: u.places for u in compare(old, new, names=("a", "b")).unread}
    (later / "configs/flour/Server/__init__.py").write_text("from configs.flour import *\n(\n")
    result = CliRunner().invoke(main, ["diff", str(mill), str(later), "--json"])
    unread = {u["tree"]: u for u in json.loads(result.stdout)["unread"]}
    assert unread[str(later)]["places"] == before.get("b", 0) + 1
    text = CliRunner().invoke(main, ["diff", str(mill), str(later)]).stdout
    assert f"of {later} that cannot be read, the first is configs/" in text
    changelog = CliRunner().invoke(main, ["diff", str(mill), str(later), "--markdown"]).stdout
    assert "Not compared: " in changelog
