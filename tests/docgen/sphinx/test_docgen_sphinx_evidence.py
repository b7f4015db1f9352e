"""Snippets and results on pages: what is shown, escaped, and when a page is read again."""

from __future__ import annotations

import pytest

from docgen.catalog import Snippet, Source
from docgen.evidence import Evidence, Judged, State
from docgen.snippets.model import Check, Dependencies, Result

pytestmark = pytest.mark.site

COMMAND = "harness list"


def make_result(**changes) -> Result:
    values = {
        "snippet": "try:list",
        "text": COMMAND,
        "status": "passed",
        "started": "2026-11-23T10:20:30Z",
        "seconds": 1.25,
        "exit_code": 0,
        "output": "cpu\n",
        "errors": "",
        "checks": (),
        "depends": Dependencies(code={}, files={}),
        "code_key": "c",
        "environment": {"cpu": "Example 9000", "python": "3.12.1"},
        "environment_key": "e",
        **changes,
    }
    return Result(**values)


def make_evidence(state=State.MEASURED, reason="", result=None, needs="cpu") -> Evidence:
    snippet = Snippet(
        id="try:list",
        text=COMMAND,
        language="console",
        needs=needs,
        source=Source(path="docs/b.md", line=3),
    )
    return Evidence((Judged(state, reason, result, snippet),))


def fill(site, options: str = "") -> None:
    site.page("a", "# A\n\nNothing measured.\n")
    site.page("b", f"# B\n\n```{{snippet}} try:list\n{options}\n{COMMAND}\n```\n")
    site.page("c", "# C\n\n```{bench:result} try:list\n```\n")
    site.page("d", "# D\n\n```{bench:result} try:list\n:command:\n```\n")
    site.index()


def test_measured_snippet_shows_state_output_and_provenance(site) -> None:
    fill(site)
    record = {"metrics": [{"name": "qps", "value": 1.0, "primary": True}]}
    checks = (Check(expect="accuracy >= 0.97", actual="0.981", ok=True),)
    result = make_result(records=(record,), checks=checks)
    site.evidence = make_evidence(result=result)

    assert site.build().warnings == []

    for page in "bcd":
        html = site.html(page)
        assert "docgen-badge-measured" in html
        assert "<summary>Output (exit code 0, 1.25 s)</summary>" in html
        assert "Executed 2026-11-23 10:20 UTC" in html
        assert "Example 9000" in html
        assert "Result not verified by MLCommons Association." in html
        assert '<span class="pre">&gt;=</span>' in html
        assert "0.981" in html
    assert COMMAND not in site.html("c")
    assert COMMAND.split()[1] in site.html("d")
    assert "docgen-badge" not in site.html("a")


@pytest.mark.parametrize("state", list(State))
def test_every_state_is_a_word(site, state: State) -> None:
    fill(site)
    site.evidence = make_evidence(state, "because of that", needs="sm>=90")
    site.build()
    html = site.html("b")
    assert f'docgen-badge-{state.name.lower()}">{state.value}</span>' in html
    assert "because of that" in html
    assert ("sm&gt;=90" in html) is (state is not State.SKIPPED)


def test_output_is_escaped_and_cleaned(site) -> None:
    fill(site)
    output = "\x1b[31m<script>alert(1)</script>\x1b[0m\x00\n10%\r100%\n"
    site.evidence = make_evidence(
        State.FAILED, "<b>reason</b>", make_result(output=output, errors="</details>")
    )
    site.build()
    html = site.html("b")
    assert "<script>alert" not in html
    assert "&lt;script&gt;alert" in html
    assert "<b>reason" not in html
    assert "\x1b" not in html
    assert "\x00" not in html
    assert "10%\r" not in html
    assert "100%" in html
    # a failure is opened, its standard error too
    assert html.count('open="open"') == 2


def test_output_is_shown_where_the_page_asks_for_it(site) -> None:
    fill(site, ":output: open\n")
    site.evidence = make_evidence(result=make_result())
    assert site.build().warnings == []
    assert site.html("b").count('open="open"') == 1
    assert 'open="open"' not in site.html("c")


def test_long_output_is_cut_at_its_start() -> None:
    from docgen.sphinx.results import SHOWN_LINES, shorten

    text = "".join(f"{n}\n" for n in range(SHOWN_LINES + 5))
    lines = shorten(text).split("\n")
    assert lines[0] == "[5 lines before are left out]"
    assert lines[-1] == str(SHOWN_LINES + 4)
    assert len(lines) == SHOWN_LINES + 1


def test_a_command_wraps_but_not_inside_a_flag(site) -> None:
    site.page("index", "# I\n\n```{snippet} x\nrun --dry-run -x a-b/--c '<i>' # -d\n```\n")
    site.build()
    html = site.html("index")
    assert html.count('<span class="docgen-flag">') == 3
    assert '<span class="docgen-flag">--dry-run</span>' in html
    assert "&lt;i&gt;" in html


@pytest.mark.parametrize("builder", ["text", "latex", "man", "texinfo", "xml", "dirhtml"])
def test_other_builders_say_the_same_in_plain_words(site, builder: str) -> None:
    fill(site)
    site.evidence = make_evidence(State.STALE, "runtime/x.py changed", make_result())
    site.conf = {
        "latex_documents": [("index", "x.tex", "X", "Y", "manual")],
        "man_pages": [("index", "x", "X", "Y", 1)],
        "texinfo_documents": [("index", "x", "X", "Y", "x", "d", "M")],
    }
    assert site.build(builder=builder).warnings == []
    written = [p for p in site.out.rglob("*") if p.is_file() and p.parent.name != ".doctrees"]
    text = "\n".join(p.read_text(errors="ignore") for p in written if p.stat().st_size < 10**6)
    for words in ("stale", "changed", "Output (exit code 0, 1.25 s)", "2026"):
        assert words in text


def test_pages_are_read_again_only_when_what_they_show_changed(site) -> None:
    fill(site)
    site.evidence = make_evidence(result=make_result())
    assert len(site.build().read) == 5

    assert site.build().read == []

    site.evidence = make_evidence(State.STALE, "runtime/x.py: f changed", make_result())
    assert sorted(site.build().read) == ["b", "c", "d"]
    assert "docgen-badge-stale" in site.html("c")
    assert site.build().read == []

    site.evidence = make_evidence(result=make_result(output="other\n"))
    assert sorted(site.build(jobs=2).read) == ["b", "c", "d"]


def test_nothing_is_executed(site) -> None:
    canary = site.root / "canary"
    site.page("b", f"# B\n\n```{{snippet}} try:touch\ntouch {canary}\n```\n")
    site.index()
    assert site.build().warnings == []
    assert "never run" in site.html("b")
    assert not canary.exists()


def test_repeated_expectations_are_all_read() -> None:
    from docgen.sphinx.directives import read_expectations

    block = "```{snippet} x\n:needs: cpu\n:expect: a >= 1\n:expect: b ~ 2\n\n:expect: no\n```"
    assert read_expectations(block, "b ~ 2") == ("a >= 1", "b ~ 2")
    assert read_expectations("", "a >= 1\nb ~ 2") == ("a >= 1", "b ~ 2")


def test_unknown_result_is_a_warning_where_the_snippets_are_known(site) -> None:
    site.page("index", "# I\n\n```{bench:result} try:lst\n```\n")
    site.evidence = make_evidence()
    (warning,) = site.build().warnings
    assert "index.md:3: WARNING: bench:result: want the id of a snippet, got 'try:lst'" in warning


def test_malformed_snippet_is_an_error_with_its_line(site) -> None:
    site.page("index", "# I\n\n```{snippet} x\n:timeout: soon\n\nharness list\n```\n")
    (warning,) = site.build().warnings
    assert "index.md:3" in warning
    assert "want seconds such as 120, got 'soon'" in warning


def test_badge_of_an_unknown_state_warns(site) -> None:
    site.page("index", "# I\n\n{bench:badge}`masured` {bench:badge}`3 of 4 <measured>`\n")
    (warning,) = site.build().warnings
    assert "index.md:3: WARNING: bench:badge: want one of measured" in warning
    assert 'docgen-badge-measured">3 of 4</span>' in site.html("index")
