"""The whole line on a small tree: what is read, written, executed and kept."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest

from docgen.build import Options, Step, build, choose, read
from docgen.catalog import Snippet, Source
from docgen.config import load
from docgen.errors import OutputError, SiteError, SourceError, TemplateError, UsageError
from docgen.evidence import Evidence, Judged, State
from docgen.sphinx.site import build_site

pytestmark = pytest.mark.site

NO_RUN = Options(run=False, jobs=1)
PAGE = "docs/try.md"
FAILING = """---
orphan: true
---
# Try

```{snippet} try-fails
:expect: exit = 0
echo before; echo '<b>garbage</b>' >&2; exit 3
```

```{snippet} try-passes
:expect: output contains hello
echo hello
```
"""


def test_site_is_clean_and_complete(pristine: Path) -> None:
    report = build(load(pristine), NO_RUN)
    site = load(pristine).site
    assert report.site is not None
    assert report.site.warnings == ()
    assert report.site.pages >= 25
    for page in ("index", "targets/h200-sxm-141gb/index", "reference/fields", "compare"):
        assert (site / f"{page}.html").is_file()
    assert (site / "llms.txt").is_file()
    assert (site / "objects.inv").is_file()


def test_build_without_changes_reads_and_writes_nothing(tree: Path) -> None:
    config = load(tree)
    before = {p: p.stat().st_mtime_ns for p in config.docs.rglob("*") if p.is_file()}
    report = build(config, NO_RUN)
    assert report.site is not None
    assert (report.site.read, report.site.written) == (0, 0)
    assert report.pages["written"] == report.pages["removed"] == 0
    assert before == {p: p.stat().st_mtime_ns for p in config.docs.rglob("*") if p.is_file()}


def test_one_edited_value_rewrites_only_the_pages_that_show_it(tree: Path) -> None:
    config = load(tree)
    pages = {p: p.read_text() for p in config.docs.rglob("*.md")}
    file = tree / "runtime/targets/h200_sxm_141gb.py"
    text = file.read_text()
    match = re.search(r"target_qps=([0-9_.]+)", text)
    assert match is not None
    file.write_text(text.replace(match[0], "target_qps=71_234.0", 1))

    report = build(config, NO_RUN)

    changed = [p for p in config.docs.rglob("*.md") if pages.get(p) != p.read_text()]
    assert report.site is not None
    assert report.site.read == len(changed)
    assert 0 < len(changed) < report.site.pages / 3
    assert all("h200" in p.read_text() for p in changed)
    assert "71\N{NARROW NO-BREAK SPACE}234" in "".join(p.read_text() for p in changed)
    # beside these, Sphinx writes the pages whose menus list them
    assert report.site.written <= len(changed) + 4


def test_inventory_is_the_same_for_one_and_two_processes(tree: Path) -> None:
    config = load(tree)
    one = (config.site / "objects.inv").read_bytes()
    two = replace(config, site=tree / "two", cache=tree / "two-cache")
    build(two, replace(NO_RUN, jobs=2))
    assert (tree / "two/objects.inv").read_bytes() == one

    # incrementally: an object goes, and comes back
    page = tree / "docs/try.md"
    page.write_text("---\norphan: true\n---\n# T\n\n```{bench:term} a new one\n```\n")
    build(two, replace(NO_RUN, jobs=2))
    assert (tree / "two/objects.inv").read_bytes() != one
    page.unlink()
    build(two, replace(NO_RUN, jobs=2))
    assert (tree / "two/objects.inv").read_bytes() == one


def test_pages_load_nothing_from_elsewhere(pristine: Path) -> None:
    site = load(pristine).site
    for path in site.rglob("*.html"):
        html = path.read_text()
        loaded = re.findall(r"<(?:script|img|iframe)[^>]*\ssrc=\"([^\"]+)\"", html)
        loaded += re.findall(r"<link[^>]*rel=\"stylesheet\"[^>]*href=\"([^\"]+)\"", html)
        assert not [url for url in loaded if re.match(r"(https?:)?//", url)], path
        assert str(pristine) not in html, path


def test_source_that_raises_is_still_read_and_never_executed(source: Path) -> None:
    canary = source / "canary"
    file = source / "runtime/__init__.py"
    bomb = f"open({str(canary)!r}, 'w').write('executed')\nraise RuntimeError('executed')\n"
    doc, _, rest = file.read_text().partition('"""\n')
    file.write_text(f'{doc}"""\n{rest}{bomb}')
    for name in ("cpu.py", "h200_sxm_141gb.py"):
        path = source / "runtime/targets" / name
        path.write_text(path.read_text() + "\n" + bomb)

    for command in (
        ["export", "--output", str(source / "catalog.json")],
        ["build", "--no-run", "--no-site"],
    ):
        done = run_docgen(source, *command)
        assert done.returncode == 0, done.stderr
    catalog = json.loads((source / "catalog.json").read_text())
    assert any(entry["target"] == "h200-sxm-141gb" for entry in catalog["entries"])
    assert (source / "docs/targets/h200-sxm-141gb/index.md").is_file()
    assert not canary.exists()
    assert not list(source.rglob("__pycache__"))


def test_source_that_cannot_be_read_whole_ends_with_3_and_loses_no_page(source: Path) -> None:
    build = ["build", "--no-run", "--no-site"]
    assert run_docgen(source, *build).returncode == 0
    guide = source / "docs/targets/cpu/index.md"
    before = guide.read_text()
    broken = source / "runtime/targets/cpu.py"
    broken.write_text(broken.read_text() + "\nx = (\n")
    value = source / "runtime/targets/h200_sxm_141gb.py"
    lines = value.read_text().splitlines()
    line = next(i for i, text in enumerate(lines, 1) if text.startswith("H200_RESNET50_OFFLINE ="))
    value.write_text(value.read_text().replace("target_qps=90_000.0", "target_qps=-1.0"))

    done = run_docgen(source, *build)

    assert done.returncode == 3
    assert "runtime/targets/cpu.py:" in done.stderr
    assert f"runtime/targets/h200_sxm_141gb.py:{line}:" in done.stderr
    assert guide.read_text() == before


def run_docgen(root: Path, *args: str) -> subprocess.CompletedProcess[str]:
    environment = {k: v for k, v in os.environ.items() if not k.startswith("PYTHON")}
    return subprocess.run(
        [sys.executable, "-m", "docgen", *args],
        cwd=root,
        env=environment,
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )


def test_what_a_hostile_docstring_says_stays_text(tree: Path) -> None:
    file = tree / "runtime/targets/h200_sxm_141gb.py"
    hostile = (
        '"""One H200.\n\n```{raw} html\n<script>evil()</script>\n```\n\n'
        "<img src=x onerror=evil()> {bench:src}`x` ```{include} /etc/hostname\n```\n\n"
    )
    file.write_text(file.read_text().replace('"""', hostile, 1))
    report = build(load(tree), replace(NO_RUN, strict=False))
    assert report.site is not None
    for path in report.site.path.rglob("*.html"):
        html = path.read_text()
        assert "<script>evil" not in html, path
        assert "<img src=x" not in html, path


def test_failed_snippet_is_shown_and_everything_is_kept(tree: Path) -> None:
    (tree / PAGE).write_text(FAILING)
    config = load(tree)
    steps: list[Step] = []

    report = build(config, Options(only=("try-*",), jobs=1), steps.append)

    assert [name for name, _ in report.failed] == ["try-fails"]
    assert set(report.executed) == {"try-fails", "try-passes"}
    assert report.states["executed"] == 1
    html = (config.site / "try.html").read_text()
    assert "docgen-badge-failed" in html
    assert "docgen-badge-executed" in html
    assert "&lt;b&gt;garbage&lt;/b&gt;" in html
    assert ("run", 2, 2) in {(s.phase, s.done, s.total) for s in steps}

    # the one that failed is tried again, the other is not; its page alone is read again
    report = build(config, Options(jobs=1))
    assert report.executed == ("try-fails",)
    assert report.site is not None
    assert report.site.read <= 2

    (tree / PAGE).write_text(FAILING.replace("exit 3", "exit 0"))
    report = build(config, Options(jobs=1))
    assert report.executed == ("try-fails",)
    assert report.failed == ()


def test_without_running_nothing_is_executed(tree: Path) -> None:
    (tree / PAGE).write_text(FAILING.replace("echo hello", "echo hello; touch canary"))
    report = build(load(tree), NO_RUN)
    assert report.executed == ()
    assert report.states == {"never run": 2}
    assert not list(tree.rglob("canary"))


def test_source_and_template_errors_stop_before_pages_are_touched(tree: Path) -> None:
    config = load(tree)
    before = {p: p.read_bytes() for p in config.docs.rglob("*.md")}
    template = tree / "templates/target.md.j2"
    template.write_text(template.read_text() + "\n{{ no_such_name.x }}\n")
    lines = len(template.read_text().splitlines())
    with pytest.raises(TemplateError, match=rf"target\.md\.j2:{lines}"):
        build(config, NO_RUN)
    assert before == {p: p.read_bytes() for p in config.docs.rglob("*.md")}

    (tree / "runtime/configs/schema.py").unlink()
    with pytest.raises((SourceError, TemplateError, UsageError)):
        build(load(tree), NO_RUN)


def test_broken_page_fails_the_build_with_its_place(tree: Path) -> None:
    (tree / PAGE).write_text("---\norphan: true\n---\n# T\n\n{bench:target}`h200-sxm-140gb`\n")
    with pytest.raises(SiteError, match=r"docs/try\.md:6: .*did you mean 'h200-sxm-141gb'"):
        build(load(tree), NO_RUN)
    report = build(load(tree), replace(NO_RUN, strict=False))
    assert report.site is not None


def test_code_that_a_snippet_ran_turns_its_page_stale_in_plain_sphinx(
    tree: Path, monkeypatch
) -> None:
    monkeypatch.setenv("PYTHONPATH", str(tree))
    command = 'python -c \'from runtime.errors import suggest; print(suggest("a", ["b"]))\''
    page = f"---\norphan: true\n---\n# T\n\n```{{snippet}} try-code\n{command}\n```\n"
    (tree / PAGE).write_text(page)
    config = load(tree)
    assert build(config, Options(jobs=1)).failed == ()
    assert "docgen-badge-executed" in (config.site / "try.html").read_text()
    assert build_site(config, jobs=1).read == 0
    file = tree / "runtime/errors.py"
    text = file.read_text()

    file.write_text(text + "# a comment\n")
    assert build_site(config, jobs=1).read == 0

    file.write_text(text.replace("cutoff=0.5", "cutoff=0.4"))
    report = build_site(config, jobs=1)
    assert report.read == 1
    html = (config.site / "try.html").read_text()
    assert "docgen-badge-stale" in html
    assert "suggest" in html

    file.write_text(text)
    assert build_site(config, jobs=1).read == 1
    assert "docgen-badge-executed" in (config.site / "try.html").read_text()


def test_second_build_at_the_same_time_is_refused(tree: Path) -> None:
    import fcntl

    with (tree / "build/docgen/build.lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        with pytest.raises(OutputError, match="want one build of a tree at a time"):
            build(load(tree), NO_RUN)
    build(load(tree), replace(NO_RUN, site=False))


def test_places_that_cannot_be_written_are_named(tree: Path) -> None:
    site = tree / "build/site"
    shutil.rmtree(site)
    site.write_text("in the way")
    with pytest.raises(OutputError, match=r"build/site: want a place to write the site"):
        build(load(tree), NO_RUN)
    shutil.rmtree(tree / "build/docgen")
    (tree / "build/docgen").write_text("in the way")
    with pytest.raises(OutputError, match=r"build\.lock: want a writable place"):
        build(load(tree), NO_RUN)


def test_ctrl_c_keeps_what_was_finished(tree: Path) -> None:
    page = "# T\n\n```{snippet} try-a\necho done\n```\n\n```{snippet} try-b\nsleep 60\n```\n"
    (tree / PAGE).write_text(page)
    command = [sys.executable, "-m", "docgen", "build", "-j", "1", "--no-site", "--root", str(tree)]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        seen = ""
        while "1/2" not in seen:
            seen = process.stderr.readline()
            assert seen
        process.send_signal(signal.SIGINT)
        stopped = time.monotonic()
        rest = process.stderr.read()
        assert process.wait(30) == 130
    assert time.monotonic() - stopped < 30
    assert "stopped; results that were finished are kept" in rest
    assert {j.snippet.id: j.state.value for j in read(load(tree)).evidence.judged} == {
        "try-a": "executed",
        "try-b": "never run",
    }


def make(name: str, state: State, *, needs_run: bool, unmet: str = "") -> Judged:
    snippet = Snippet(id=name, text="x", language="console", source=Source(path="p", line=1))
    return Judged(state, "", None, snippet, needs_run, unmet)


def test_choice_of_snippets() -> None:
    evidence = Evidence(
        (
            make("run:a", State.NEVER, needs_run=True),
            make("run:b", State.MEASURED, needs_run=False),
            make("other", State.STALE, needs_run=True),
            make("run:gpu", State.SKIPPED, needs_run=False, unmet="no GPU"),
        )
    )

    def ids(**options) -> list[str]:
        return [s.id for s in choose(evidence, Options(**options))]

    assert ids() == ["run:a", "other"]
    assert ids(run=False) == []
    assert ids(only=("run:*",)) == ["run:a"]
    assert ids(force=True) == ["run:a", "run:b", "other"]
    with pytest.raises(UsageError, match=r"--only: .*'run:aa'; did you mean 'run:a'"):
        ids(only=("run:aa",))


def test_reading_has_no_errors(pristine: Path) -> None:
    reading = read(load(pristine))
    assert [d for d in reading.catalog.diagnostics if d.severity == "error"] == []
    assert reading.evidence.judged == ()
