"""What our own pages measure is marked so that nothing runs beside it."""

from __future__ import annotations

import re
from pathlib import Path

from docgen.config import load
from docgen.snippets.collect import collect_page, pages
from docgen.snippets.run import is_alone

ROOT = Path(__file__).parents[2]
MEASURING = re.compile(
    r"\bharness (run|tune|quantize|mig run|submission rehearse|triton (serve|report|tune))\b"
)


def test_commands_that_measure_run_alone_and_dry_runs_do_not():
    config = load(ROOT)
    alone, shared = {}, {}
    for page in pages(config):
        for snippet in collect_page(page, ROOT):
            commands = [c for c in re.split(r"\n|&&", snippet.text) if MEASURING.search(c)]
            if any("--dry-run" not in c for c in commands):
                alone[snippet.id] = is_alone(snippet)
            elif commands:
                shared[snippet.id] = is_alone(snippet)
    assert [name for name, marked in alone.items() if not marked] == []
    assert [name for name, marked in shared.items() if marked] == []
    assert len(alone) >= 10
    assert len(shared) >= 3
