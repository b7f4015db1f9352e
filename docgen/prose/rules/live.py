"""Claims in roles: values that a page takes from the source must name something."""

from __future__ import annotations

from collections.abc import Iterator

from docgen import live
from docgen.errors import UsageError
from docgen.prose.facts import Facts
from docgen.prose.model import Document, Verdict
from docgen.prose.rules.base import broken, held
from docgen.prose.rules.table import LIVE


def collect(document: Document, facts: Facts) -> Iterator[Verdict]:
    """Yield a verdict for every role `value`, `count` and `command`, in trees of our own."""
    if not facts.console_names:
        return
    for block in document.blocks:
        for span in block.spans:
            role = span.target.removeprefix("bench:")
            if span.kind != "role" or role not in live.ROLES:
                continue
            if role == "command" and not live.is_command(span.text, facts.catalog):
                continue
            claimed = f"{{{role}}}`{span.text}`"
            try:
                catalog = facts.whole if role == "value" else facts.catalog
                source = live.resolve(role, span.text, catalog)[1]
            except UsageError as error:
                problem = error.problems[0]
                truth = f"want {problem.want}, got {problem.got}; {problem.do}"
                first = facts.catalog.targets[0].source if facts.catalog.targets else None
                yield broken(document, span.line, LIVE, claimed, truth, source=first)
            else:
                yield held(document, span.line, LIVE.code, claimed, source)
