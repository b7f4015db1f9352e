"""What a second process reads is what the first would have found, and nothing of the tree runs."""

from __future__ import annotations

import shutil
import threading
from pathlib import Path

import msgspec
import pytest

from docgen.listing import listing
from docgen.prose import ahead, check, docstrings, files, reading, symbols
from docgen.prose.kept import digest_of
from docgen.trees import load_source

DOCUMENT = """\
# Grinding

Run `make grind_all`, then `make grind_nothing`, and look into `code/nowhere.py`.

```bash
python3 code/weigh.py --scale=medium
```
"""


@pytest.fixture
def written(mill: Path) -> Path:
    for number in range(6):
        (mill / f"page{number}.md").write_text(DOCUMENT * (number + 1))
    return mill


@pytest.fixture
def eager(monkeypatch: pytest.MonkeyPatch) -> list[ahead.Ahead]:
    """Let every check have a second process; return those that were started."""
    started: list[ahead.Ahead] = []
    start = ahead.Ahead.start

    def noted(*given: object) -> ahead.Ahead | None:
        found = start(*given)
        if found is not None:
            started.append(found)
        return found

    monkeypatch.setattr(check, "MUCH", 0)
    monkeypatch.setattr(ahead, "_processors", lambda: 2)
    monkeypatch.setattr(ahead.Ahead, "start", noted)
    return started


def wait_for_docstrings(started: ahead.Ahead) -> None:
    key = (ahead.DOCSTRINGS, "")
    with started._news:
        assert started._news.wait_for(lambda: key in started._found, 30)


def alone(root: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[check.Verdict, ...]:
    with monkeypatch.context() as patch:
        patch.setattr(check, "MUCH", 10**9)
        shutil.rmtree(load_source(root).cache, ignore_errors=True)
        verdicts = check.check(load_source(root)).verdicts
        shutil.rmtree(load_source(root).cache)
    assert any(not v.holds for v in verdicts)
    return verdicts


def test_two_processes_find_what_one_finds(written, eager, monkeypatch):
    expected = alone(written, monkeypatch)
    assert not eager
    assert check.check(load_source(written)).verdicts == expected
    assert len(eager) == 1
    assert eager[0]._process.returncode is not None
    assert check.check(load_source(written)).verdicts == expected  # from the cache


@pytest.mark.parametrize("early", [True, False])
def test_everything_that_is_sent_is_what_one_process_reads(written, early):
    found = listing(written)
    sent: dict[tuple[bytes, str], bytes] = {}
    order: list[str] = []

    def send(kind: bytes, name: str, content: object) -> None:
        sent[kind, name] = msgspec.msgpack.encode(content)
        order.append(name)

    names = tuple(sorted(p.name for p in written.glob("page*.md")))
    request = ahead.Request(
        config=load_source(written),
        names=names,
        files=found.files,
        folders=found.folders,
        whole=found.whole,
    )
    told = threading.Event()
    if early:
        check.facts_of(request.config, found)
        told.set()
    else:
        threading.Timer(0.2, told.set).start()
    ahead.work(request, send, told)
    index = files.load(written, None, found)
    assert msgspec.msgpack.decode(sent[ahead.INDEX, ""], type=files.Index) == index
    backwards = list(reversed(names))
    assert [n for n in order if n] == (backwards if early else backwards * 2)
    facts = check.facts_of(request.config, found)
    for name in names:
        document = reading.read(written, name)
        assert document.blocks
        if not early:
            one = msgspec.msgpack.decode(sent[ahead.DOCUMENT, name], type=ahead.Sent)
            assert one.document == document
        judged = msgspec.msgpack.decode(sent[ahead.JUDGED, name], type=ahead.Judged)
        assert judged.verdicts == check.judge(facts, [document]).verdicts
        assert judged.digest == digest_of(written / name)
    known = symbols.Symbols(written, index, found, None)
    texts = list(known.docstrings(lambda _: True))
    told = msgspec.msgpack.decode(sent[ahead.DOCSTRINGS, ""], type=dict[str, reading.Document])
    assert told == {d.path: d for d in docstrings.read(texts)}
    assert any("make" in block.text for document in told.values() for block in document.blocks)


@pytest.mark.parametrize(
    "program",
    [
        "raise SystemExit(3)",
        "import sys; sys.stdin.buffer.read(1); sys.stdout.buffer.write(b'i\\xff\\xff\\0\\0not whole')",
        "import sys; sys.stdin.buffer.read(1); sys.stdout.buffer.write(b'i\\3\\0\\0\\0\\0\\xc1\\xc1')",
        "import os, signal; os.kill(os.getpid(), signal.SIGKILL)",
        "import time; time.sleep(600)",
    ],
    ids=["ends", "stops within a message", "sends nonsense", "is killed", "hangs"],
)
def test_a_process_that_fails_loses_nothing(written, eager, monkeypatch, program):
    expected = alone(written, monkeypatch)
    monkeypatch.setattr(ahead, "_START", program)
    monkeypatch.setattr(ahead, "PATIENCE_S", 0.3)
    assert check.check(load_source(written)).verdicts == expected
    assert len(eager) == 1


def test_without_an_interpreter_or_a_processor_one_process_reads(written, eager, monkeypatch):
    expected = alone(written, monkeypatch)
    monkeypatch.setattr(ahead.sys, "executable", "/nowhere/python")
    assert check.check(load_source(written)).verdicts == expected
    monkeypatch.setattr(ahead, "_processors", lambda: 1)
    shutil.rmtree(load_source(written).cache)
    assert check.check(load_source(written)).verdicts == expected
    assert not eager


def test_a_document_that_changed_meanwhile_is_read_anew(written, eager):
    config = load_source(written)
    started = ahead.Ahead.start(config, listing(written), ["page0.md", "page1.md"])
    try:
        assert started.index() is not None
        wait_for_docstrings(started)
        (written / "page0.md").write_text("# Another\n")
        assert started.document("page0.md", digest_of(written / "page0.md")) is None
        same = started.document("page1.md", digest_of(written / "page1.md"))
        assert same == reading.read(written, "page1.md")
    finally:
        started.close()


def test_nothing_of_the_tree_is_imported_by_the_second_process(written, eager, monkeypatch):
    """A tree that is the current folder has modules of the names that docgen needs."""
    mark = written.parent / "was-run"
    trap = f"open({str(mark)!r}, 'w').close()\n"
    for name in ("msgspec.py", "markdown_it.py", "sitecustomize.py", "usercustomize.py", "re.py"):
        (written / name).write_text(trap)
    (written / "docgen").mkdir()
    (written / "docgen/__init__.py").write_text(trap)
    monkeypatch.chdir(written)
    monkeypatch.setenv("PYTHONSTARTUP", str(written / "re.py"))
    started = ahead.Ahead.start(load_source(written), listing(written), ["page0.md"])
    try:
        assert started.index() is not None
        wait_for_docstrings(started)
        assert started.docstrings()
    finally:
        started.close()
    assert not mark.exists()
