"""Explains a word that the harness prints: a code of a message, an error, a rule, a term."""

from __future__ import annotations

import inspect
from dataclasses import dataclass

from runtime import errors
from runtime.errors import HarnessError, Problem, UsageError, suggest
from runtime.policies.catalog import policies
from runtime.policies.contradictions import CONTRADICTIONS
from runtime.terms.catalog import terms
from runtime.troubles.catalog import troubles
from runtime.troubles.model import PAGE


@dataclass(frozen=True, kw_only=True)
class Explanation:
    """One section of the site's text, for the terminal."""

    word: str
    """The word, as it is printed and typed."""
    kind: str
    """`trouble`, `error`, `policy`, `contradiction` or `term`."""
    title: str
    """What it is, as a heading."""
    parts: tuple[tuple[str, str], ...]
    """Label and text of each paragraph."""
    page: str
    """Place on the site, relative to its root."""


def explain(word: str) -> Explanation:
    """Return the explanation of a word; letter case does not matter.

    Raises:
        UsageError: Nothing has that name; the message has the nearest ones.
    """
    known = explanations()
    found = known.get(word) or {k.lower(): v for k, v in known.items()}.get(word.lower())
    if found is None:
        do = suggest(word, list(known))
        want = "a code, error, rule or term of the harness"
        if do.startswith("use one of"):
            do = "`harness explain` lists the codes"
        raise UsageError(Problem("explain", want, repr(word), do))
    return found


def explanations() -> dict[str, Explanation]:
    """Return everything that can be explained, by word: troubles, errors, rules, terms."""
    found = [*_troubles(), *_errors(), *_policies(), *_contradictions(), *_terms()]
    return {e.word: e for e in reversed(found)}


def _troubles() -> list[Explanation]:
    """Return the codes of messages."""
    return [
        Explanation(
            word=t.code,
            kind="trouble",
            title=t.title,
            parts=(
                ("Symptom", t.symptom),
                ("Cause", t.cause),
                ("Mend", t.mend),
                ("Source", t.source),
            ),
            page=t.anchor,
        )
        for t in troubles()
    ]


def _errors() -> list[Explanation]:
    """Return the error classes, by code."""
    classes = [
        c for c in vars(errors).values() if isinstance(c, type) and issubclass(c, HarnessError)
    ]
    return [
        Explanation(
            word=c.code,
            kind="error",
            title=c.__name__,
            parts=(("Meaning", inspect.getdoc(c) or ""), ("Exit code", str(c.exit_code))),
            page=f"{PAGE}#{c.code.lower()}",
        )
        for c in classes
    ]


def _policies() -> list[Explanation]:
    """Return the rules, by id."""
    return [
        Explanation(
            word=p.id,
            kind="policy",
            title=p.title,
            parts=(("Rule", p.rule), ("Holds for", p.applies_to), ("Source", p.source)),
            page=f"reference/policies.html#policy-{_anchor(p.id)}",
        )
        for p in policies()
    ]


def _contradictions() -> list[Explanation]:
    """Return the contradictions of official sources, by id."""
    return [
        Explanation(
            word=c.id,
            kind="contradiction",
            title=c.subject,
            parts=(
                (c.first_source, c.first_says),
                (c.second_source, c.second_says),
                ("Taken", f"{c.value}. {c.why}"),
            ),
            page="reference/policies.html#policies-contradictions",
        )
        for c in CONTRADICTIONS
    ]


def _terms() -> list[Explanation]:
    """Return the words of the field, by name."""
    return [
        Explanation(
            word=t.name,
            kind="term",
            title=t.name,
            parts=(("Meaning", t.definition), ("Source", t.source)),
            page=f"reference/glossary.html#glossary-{_anchor(t.name)}",
        )
        for t in terms()
    ]


def _anchor(text: str) -> str:
    """Return the end of an HTML anchor: lower case, everything else a hyphen."""
    return "".join(c if c.isascii() and c.isalnum() else "-" for c in text.lower()).strip("-")
