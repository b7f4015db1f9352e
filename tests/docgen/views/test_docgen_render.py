"""Writing: only what changed, only what is ours, and clear messages from templates."""

from __future__ import annotations

import json
from types import SimpleNamespace

import pytest

from docgen import render
from docgen.errors import OutputError, TemplateError

PAGES = (".md", ".svg", ".txt")


def touched(result) -> set[str]:
    return {p for p in result.written if not p.startswith("_extra/")}


def test_a_second_write_changes_nothing(catalog, evidence, config):
    first = render.write(catalog, evidence, config)
    stamps = {p: p.stat().st_mtime_ns for p in config.docs.rglob("*") if p.is_file()}
    second = render.write(catalog, evidence, config)
    assert first.counts()["written"] == len(first.written) > 30
    assert second.counts() == {"written": 0, "unchanged": len(first.written), "removed": 0}
    assert stamps == {p: p.stat().st_mtime_ns for p in config.docs.rglob("*") if p.is_file()}


def test_an_edited_value_rewrites_only_the_pages_that_show_it(evidence, config, make):
    before = make.catalog()
    render.write(before, evidence, config)
    after = make.catalog(h200_batch=1024)
    result = render.write(after, evidence, config)
    shown = {
        "targets/h200-sxm-141gb/index.md",
        "targets/h200-sxm-141gb/resnet50.md",
        "targets/h200-sxm-141gb-x8/index.md",
        "targets/h200-sxm-141gb-x8/resnet50.md",
        # the slice and the L4 are compared with the H200
        "targets/h200-sxm-141gb-mig-1g.18gb/index.md",
        "workloads/resnet50.md",
        "reference/fields.md",
        "compare.md",
    }
    assert touched(result) == shown
    for path in shown:
        text = (config.docs / path).read_text(encoding="utf-8")
        assert "1024" in text, path


def test_a_moved_line_rewrites_only_the_pages_that_link_to_it(evidence, config, make):
    render.write(make.catalog(), evidence, config)
    result = render.write(make.catalog(h200_line=41), evidence, config)
    assert touched(result) == {"targets/h200-sxm-141gb/resnet50.md"}


def test_new_evidence_rewrites_only_the_pages_of_its_target(catalog, config, make):
    render.write(catalog, make.evidence(catalog, measured=False), config)
    result = render.write(catalog, make.evidence(catalog), config)
    assert touched(result) == {
        "targets/index.md",
        "targets/cpu/index.md",
        "targets/cpu/digits.md",
        "targets/cpu/digits-offline.svg",
        "targets/cpu/digits-server.svg",
        "workloads/digits.md",
        "compare.md",
        "health.md",
    }


def test_pages_that_nobody_gives_any_more_are_removed(catalog, evidence, config, make):
    render.write(catalog, evidence, config)
    fewer = make.replace(
        catalog,
        targets=tuple(t for t in catalog.targets if t.name != "l4"),
        entries=tuple(e for e in catalog.entries if e.target != "l4"),
    )
    result = render.write(fewer, evidence, config)
    assert set(result.removed) == {
        "targets/l4/index.md",
        "targets/l4/resnet50.md",
        "_extra/targets/l4.json",
    }
    assert not (config.docs / "targets/l4").exists()


def test_hand_written_files_are_never_touched(catalog, evidence, config):
    (config.docs / "index.md").write_text("# mine\n", encoding="utf-8")
    (config.docs / "targets").mkdir()
    (config.docs / "targets/index.md").write_text("# mine too\n", encoding="utf-8")
    (config.docs / "health.md").write_text("# and mine\n", encoding="utf-8")
    with pytest.raises(OutputError) as error:
        render.write(catalog, evidence, config)
    assert [p.where for p in error.value.problems] == ["targets/index.md", "health.md"]
    assert (config.docs / "targets/index.md").read_text(encoding="utf-8") == "# mine too\n"
    assert not (config.docs / "compare.md").exists()


def test_an_interrupted_write_can_be_repeated(catalog, evidence, config, monkeypatch):
    real = render.write_file
    done = []

    def stop_after_ten(path, data):
        if len(done) == 10:
            raise KeyboardInterrupt
        done.append(path)
        real(path, data)

    monkeypatch.setattr(render, "write_file", stop_after_ten)
    with pytest.raises(KeyboardInterrupt):
        render.write(catalog, evidence, config)
    monkeypatch.undo()
    result = render.write(catalog, evidence, config)
    assert result.unchanged > 0
    assert render.compare(catalog, evidence, config) == []


def test_compare_says_what_differs_and_writes_nothing(catalog, evidence, config):
    render.write(catalog, evidence, config)
    docs = config.docs
    page = docs / "compare.md"
    page.write_text(page.read_text(encoding="utf-8") + "by hand\n", encoding="utf-8")
    (docs / "health.md").unlink()
    manifest = json.loads((docs / render.MANIFEST).read_text(encoding="utf-8"))
    manifest["files"]["old.md"] = {}
    (docs / render.MANIFEST).write_text(json.dumps(manifest), encoding="utf-8")
    (docs / "old.md").write_text("old\n", encoding="utf-8")
    stamps = {p: p.stat().st_mtime_ns for p in docs.rglob("*")}
    found = {d.path: d for d in render.compare(catalog, evidence, config)}
    assert {p: d.kind for p, d in found.items()} == {
        "compare.md": "changed",
        "health.md": "missing",
        "old.md": "stale",
    }
    assert "-by hand" in found["compare.md"].diff
    assert stamps == {p: p.stat().st_mtime_ns for p in docs.rglob("*")}


def test_a_damaged_manifest_is_reported(catalog, evidence, config):
    (config.docs / render.MANIFEST).write_text("{", encoding="utf-8")
    with pytest.raises(OutputError, match="the list of generated files"):
        render.write(catalog, evidence, config)


def with_template(config, tmp_path, name: str, text: str) -> SimpleNamespace:
    folder = tmp_path / "mine"
    folder.mkdir(exist_ok=True)
    (folder / name).write_text(text, encoding="utf-8")
    return SimpleNamespace(root=config.root, docs=config.docs, templates=folder)


def test_a_user_replaces_one_block_of_one_template(catalog, evidence, config, tmp_path):
    mine = with_template(
        config,
        tmp_path,
        "target.md.j2",
        '{% extends "docgen/target.md.j2" %}{% block precision %}MINE {{ target.name }}{% endblock %}',
    )
    files = render.render(catalog, evidence, mine)
    page = files["targets/cpu/index.md"]
    assert "MINE cpu" in page
    assert "## Precision" not in page
    assert "## Start here" in page
    assert "## Precision" not in files["targets/l4/index.md"]
    assert files["compare.md"].startswith("---\n")


@pytest.mark.parametrize(
    "case",
    [
        ("line one\n{{ tarjet }}\n", "health.md.j2:2", "'tarjet' is undefined"),
        ("{% block a %}\n\n{% endblok %}\n", "health.md.j2:3", "endblok"),
        ("\n\n{{ summary.rows[0][9] }}\n", "health.md.j2:3", "no element 9"),
        ("{{ states | tabel }}\n", "health.md.j2:1", "tabel"),
        ("{{ fmt.day('nonsense') }}\n", "health.md.j2:1", "ValueError"),
        ("{% include 'gone.j2' %}\n", "health.md.j2", "none"),
    ],
)
def test_a_template_error_names_template_and_line(catalog, evidence, config, tmp_path, case):
    text, where, got = case
    broken = with_template(config, tmp_path, "health.md.j2", text)
    with pytest.raises(TemplateError) as error:
        render.write(catalog, evidence, broken)
    assert error.value.problems[0].where == where
    assert got in str(error.value)
    assert error.value.exit_code == 4
    assert not (config.docs / "compare.md").exists()


def test_every_template_lists_its_context_and_has_blocks(config):
    templates = sorted(config.templates.glob("*.j2"))
    assert len(templates) >= 18
    for template in templates:
        text = template.read_text(encoding="utf-8")
        assert text.startswith("{#\nContext:"), template.name
        assert "{% block " in text, template.name


def test_no_template_reads_anything_but_its_context(catalog, evidence, config):
    from jinja2 import meta

    from docgen import views
    from docgen.views.model import Page

    environment = render.make_environment(config)
    given = {"fmt", "links", "loop", "show"}
    for output in views.every(catalog, evidence, config):
        if isinstance(output, Page):
            source = environment.loader.get_source(environment, output.template)[0]
            used = meta.find_undeclared_variables(environment.parse(source))
            assert used - given <= set(output.context), output.template
            header = source.split("#}", 1)[0]
            assert all(name in header for name in output.context), output.template
