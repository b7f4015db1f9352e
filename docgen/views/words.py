"""Rules and words: policies, rounds, scenarios, glossary, vocabulary, index of the reference."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from docgen import formatting as fmt
from docgen.catalog import Catalog, Policy, Row, Term, Word
from docgen.foreign import OURS
from docgen.views import links, rounds
from docgen.views.model import Config, Evidence, Page, Table
from docgen.views.text import code, fenced, inline, prose, slug


def pages(catalog: Catalog, evidence: Evidence, config: Config) -> Iterable[Page]:
    """Yield the pages of rules and words."""
    del evidence
    given = {"rounds": catalog.rows_of("Round"), "scenarios": catalog.rows_of("ScenarioGuide")}
    present = {name: bool(rows) for name, rows in given.items()}
    present["foreign"] = catalog.dialect != OURS
    present["boards"] = bool(catalog.boards)
    present["changes"] = bool(getattr(config, "since", ""))
    yield Page(path="reference/index.md", template="reference.md.j2", context=present)
    if given["rounds"]:
        context = {"rounds": [rounds.section(r) for r in reversed(given["rounds"])]}
        yield Page(path="reference/rounds.md", template="rounds.md.j2", context=context)
    if given["scenarios"]:
        context = {"scenarios": [_scenario(r) for r in given["scenarios"]]}
        yield Page(path="reference/scenarios.md", template="scenarios.md.j2", context=context)
    yield Page(path="reference/policies.md", template="policies.md.j2", context=_policies(catalog))
    yield Page(path="reference/glossary.md", template="glossary.md.j2", context=_terms(catalog))
    yield Page(path="reference/vocabulary.md", template="vocabulary.md.j2", context=_words(catalog))


def _policies(catalog: Catalog) -> dict[str, object]:
    """Return the rules by topic."""
    topics: dict[str, list[dict[str, object]]] = defaultdict(list)
    for policy in catalog.policies:
        topics[policy.id.partition(".")[0]].append(_policy(policy))
    return {
        "topics": [(t.capitalize(), f"policies-{slug(t)}", rules) for t, rules in topics.items()],
        "contradictions": rounds.contradictions(catalog.rows_of("Contradiction")),
        "rounds": bool(catalog.rows_of("Round")),
    }


def _scenario(row: Row) -> dict[str, object]:
    """Return one scenario as the page shows it."""
    values = row.values
    texts = {n: prose(str(values.get(n, ""))) for n in ("question", "arrival", "metric", "valid")}
    rules = [
        (links.policy(str(r["id"])), inline(str(r["title"])))
        for r in values.get("rules", ())
        if isinstance(r, dict) and "id" in r
    ]
    return {
        **texts,
        "title": inline(row.name),
        "label": f"scenario-{slug(row.name)}",
        "word": code(str(values.get("scenario", ""))),
        "drawing": fenced(str(values.get("drawing", ""))),
        "tune": [prose(str(t)) for t in values.get("tune", ())],
        "rules": rules,
        "basis": inline(str(values.get("source", ""))),
        "source": links.src(row.source),
    }


def _policy(policy: Policy) -> dict[str, object]:
    """Return one rule as the page shows it."""
    value = fmt.value(policy.value, policy.unit) if policy.value is not None else ""
    if policy.unit == "share" and policy.value is not None:
        value = fmt.percent(policy.value)
    doc = policy.doc if policy.doc.strip() != policy.rule.strip() else ""
    return {
        "id": policy.id,
        "label": f"policy-{slug(policy.id)}",
        "title": inline(policy.title),
        "rule": prose(policy.rule),
        "applies_to": inline(policy.applies_to),
        "basis": inline(policy.basis),
        "value": inline(value),
        "doc": prose(doc),
        "source": links.src(policy.source),
    }


def _terms(catalog: Catalog) -> dict[str, object]:
    """Return the words of the field by name."""
    ordered = sorted(catalog.terms, key=lambda t: t.name.lower())
    return {"terms": [_term(t) for t in ordered]}


def _term(term: Term) -> dict[str, str]:
    """Return one word as the page shows it."""
    return {
        "name": term.name,
        "title": inline(term.name),
        "label": f"glossary-{slug(term.name)}",
        "definition": prose(term.definition),
        "basis": inline(term.basis),
        "source": links.src(term.source),
    }


def _words(catalog: Catalog) -> dict[str, object]:
    """Return the enums with their members."""
    enums: dict[str, list[Word]] = defaultdict(list)
    for word in catalog.words:
        enums[word.enum].append(word)
    return {
        "enums": [
            (name, f"vocabulary-{slug(name)}", links.src(words[0].source), _members(words))
            for name, words in enums.items()
        ]
    }


def _members(words: list[Word]) -> Table:
    """Return the members of an enum."""
    rows = tuple((code(fmt.value(w.value)), code(w.name), inline(w.doc)) for w in words)
    return Table(headers=("Word", "Member", "Meaning"), rows=rows)
