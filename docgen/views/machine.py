"""What programs read: the Catalog, its schema, a file per target, run records, llms.txt."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from typing import Any

import msgspec

from docgen import catalog as catalogs
from docgen.catalog import Catalog, Target
from docgen.views import links, profile
from docgen.views.lookup import Lookup, scenario_title
from docgen.views.measure import Measurement, measurements
from docgen.views.model import Config, Evidence, Output, Page, Part, Text

FOLDER = "_extra"
"""Folder whose files Sphinx copies to the root of the site unchanged."""


def parts(catalog: Catalog, evidence: Evidence, config: Config) -> Iterable[Part]:
    """Yield everything that stands on the site for programs."""
    del config
    lookup = Lookup(catalog)
    yield Part(make=partial(_whole, catalog))
    for target in catalog.targets:
        mine = Catalog(
            dialect=catalog.dialect,
            root=catalog.root,
            packages=catalog.packages,
            targets=(target,),
            entries=tuple(lookup.entries_of(target.name)),
        )
        make = partial(_of_target, mine, evidence)
        yield Part(make=make, catalog=mine, words=("machine",))
    yield Part(make=partial(_index, catalog))


def _whole(catalog: Catalog) -> Iterable[Output]:
    """Yield the Catalog and its schema."""
    yield Text(path=f"{FOLDER}/catalog.json", text=catalogs.to_json(catalog).decode())
    yield Text(path=f"{FOLDER}/catalog.schema.json", text=_json(catalogs.schema()))


def _of_target(catalog: Catalog, evidence: Evidence) -> Iterable[Output]:
    """Yield the file of the only target of a Catalog, and the records of its runs."""
    target, lookup = catalog.targets[0], Lookup(catalog)
    runs = [m for e in lookup.entries_of(target.name) for m in measurements(evidence, e)]
    yield Text(
        path=f"{FOLDER}/targets/{target.name}.json", text=_json(_target(target, lookup, runs))
    )
    seen: set[str] = set()
    for run in sorted(runs, key=lambda m: m.created, reverse=True):
        if run.file not in seen:
            seen.add(run.file)
            yield Text(path=f"{FOLDER}/{run.file}", text=_json(run.record))


def _index(catalog: Catalog) -> Iterable[Output]:
    """Yield llms.txt."""
    context = _llms(catalog, Lookup(catalog))
    yield Page(path=f"{FOLDER}/llms.txt", template="llms.txt.j2", context=context)


def _target(target: Target, lookup: Lookup, runs: list[Measurement]) -> dict[str, Any]:
    """Return a target with its entries and what was measured on it."""
    return {
        "kind": "calliope.target",
        "schema": catalogs.SCHEMA_VERSION,
        "target": msgspec.to_builtins(target),
        "entries": [msgspec.to_builtins(e) for e in lookup.entries_of(target.name)],
        "measurements": [
            {
                "key": run.key,
                "state": run.state,
                "reason": run.reason,
                "record": f"/{run.file}",
                "verdict": run.verdict,
                "metrics": [
                    {"name": f.name, "value": f.value, "unit": f.unit, "primary": f.primary}
                    for f in run.figures
                ],
                "accuracy": run.accuracy,
                "statement": run.statement,
            }
            for run in runs
        ],
    }


def _llms(catalog: Catalog, lookup: Lookup) -> dict[str, Any]:
    """Return what llms.txt lists: every page with one line each."""
    return {
        "root": catalog.root,
        "targets": [
            (t.title, _html(links.target_page(t.name)), profile.sentence(t), t.name)
            for t in lookup.ordered()
        ],
        "workloads": [
            (w.title, _html(links.workload_page(w.name)), str(w.properties.get("task", "")))
            for w in catalog.workloads
        ],
        "scripts": sorted({c.name.split()[0] for c in catalog.commands}),
        "scenarios": [scenario_title(s) for s in lookup.scenarios(lookup.entries.values())],
    }


def _html(page: str) -> str:
    """Return the address of a page on the site."""
    return page.removesuffix(".md") + ".html"


def _json(value: Any) -> str:
    """Return a JSON text with two spaces of indent."""
    return msgspec.json.format(msgspec.json.encode(value), indent=2).decode() + "\n"
