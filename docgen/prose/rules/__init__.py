"""Rules: each finds claims of some kinds in a document and holds them against the facts."""

from __future__ import annotations

from docgen.prose.rules import commands, links, lists, live, names, paths, table, values
from docgen.prose.rules.base import Collector, Rule

RULES: dict[str, Rule] = {
    rule.code: rule for rule in vars(table).values() if isinstance(rule, Rule)
}
"""Every rule by its code."""

COLLECTORS: tuple[Collector, ...] = (
    commands.collect,
    paths.collect,
    links.collect,
    names.collect,
    lists.collect,
    values.collect,
    live.collect,
)
"""What looks for claims, in the order of reports."""

IN_DOCSTRINGS: tuple[Collector, ...] = (commands.collect, paths.collect)
"""What looks for claims in docstrings, whose other words tell of programs, not of trees."""
