"""All terms in one tuple."""

from __future__ import annotations

from runtime.terms import measuring, results, rules, systems
from runtime.terms.model import Term


def terms() -> tuple[Term, ...]:
    """Return every term, ordered by name without regard to case."""
    found = {
        term.name: term
        for module in (measuring, results, rules, systems)
        for term in vars(module).values()
        if isinstance(term, Term)
    }
    return tuple(sorted(found.values(), key=lambda term: term.name.lower()))
