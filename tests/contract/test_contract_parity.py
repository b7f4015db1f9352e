"""What docgen reads without running the harness equals what the harness is when imported."""

from __future__ import annotations

import dataclasses
import enum
import importlib
import inspect
import pkgutil
from pathlib import Path
from typing import Any

import click
import msgspec
import pytest

import runtime.policies
from docgen import catalog as c
from docgen.commands import as_markdown
from docgen.config import load
from docgen.extract import extract
from docgen.views import estimates
from runtime import errors, vocabulary
from runtime.configs import registry, schema
from runtime.configs.fieldspec import Between, Group, LoadGenKey, OneOf, Unit, _annotated_fields
from runtime.configs.target import Fact
from runtime.footprint import estimate
from runtime.policies.model import Policy
from runtime.terms.catalog import terms

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def catalog() -> c.Catalog:
    return extract(load(ROOT), cache=False)


@pytest.fixture(scope="module")
def imported() -> registry.Registry:
    return registry.load()


def as_json(value: Any) -> Any:
    """Return an imported value in the Catalog's terms."""
    if isinstance(value, enum.Enum):
        return value.value
    if isinstance(value, (tuple, list)):
        return [as_json(item) for item in value]
    if isinstance(value, dict):
        return {str(key): as_json(item) for key, item in value.items()}
    if dataclasses.is_dataclass(value):
        return {f.name: as_json(getattr(value, f.name)) for f in dataclasses.fields(value)}
    return value


def same(static: Any, live: Any) -> bool:
    """Tell whether two values are equal and of one type, at every depth."""
    if isinstance(static, (list, tuple)) and isinstance(live, (list, tuple)):
        return len(static) == len(live) and all(map(same, static, live))
    if isinstance(static, dict) and isinstance(live, dict):
        return list(static) == list(live) and all(same(static[k], live[k]) for k in static)
    return type(static) is type(live) and static == live


def test_nothing_of_the_harness_is_unresolved(catalog):
    assert [d for d in catalog.diagnostics if d.severity == "error"] == []


def test_every_value_of_every_entry(catalog, imported):
    assert {e.key for e in catalog.entries} == set(imported.entries)
    compared = 0
    for entry in catalog.entries:
        live = imported.entries[entry.key]
        names = [f.name for f in dataclasses.fields(live.settings)]
        assert list(entry.values) == names, entry.key
        assert (entry.target, entry.workload, entry.scenario) == (
            live.target,
            live.workload,
            live.scenario.value,
        )
        assert (entry.setting.accuracy, entry.setting.power, entry.setting.harness) == (
            live.accuracy.value,
            live.power.value,
            live.harness.value,
        )
        for name, value in entry.values.items():
            expected = as_json(getattr(live.settings, name))
            assert same(value.resolved, expected), (entry.key, name, value.resolved, expected)
            assert value.chain[-1].resolved == value.resolved
            compared += 1
    assert compared >= 10 * len(imported.entries) > 0


def test_constants_that_set_entries_hold_their_settings(catalog, imported):
    for entry in catalog.entries:
        if entry.set_by:
            module, _, name = entry.set_by.rpartition(".")
            constant = getattr(importlib.import_module(module), name)
            assert constant is imported.entries[entry.key].settings


def test_every_step_of_every_chain(catalog):
    steps = {
        (step.set_by, name): step
        for entry in catalog.entries
        for name, value in entry.values.items()
        for step in value.chain
    }
    compared = 0
    for (set_by, name), step in steps.items():
        module, _, constant = set_by.rpartition(".")
        owner = getattr(importlib.import_module(module), constant)
        if inspect.isclass(owner):
            found = next(f.default for f in dataclasses.fields(owner) if f.name == name)
        elif dataclasses.is_dataclass(owner):
            found = getattr(owner, name)
        else:
            continue
        assert same(step.resolved, as_json(found)), (set_by, name)
        compared += 1
    assert compared > 100


def test_every_fact_of_every_target(catalog, imported):
    assert {t.name for t in catalog.targets} == set(imported.targets)
    for target in catalog.targets:
        live = imported.targets[target.name]
        facts = {
            f.name: getattr(live, f.name)
            for f in dataclasses.fields(live)
            if isinstance(getattr(live, f.name), Fact)
        }
        assert list(target.facts) == list(facts)
        for name, fact in facts.items():
            static = target.facts[name]
            assert same(static.value, as_json(fact.value)), (target.name, name)
            assert (static.basis, static.note) == (fact.source, fact.note)
            assert static.unit == _unit(type(live), name)
        assert (target.title, target.family, target.devices, target.sibling) == (
            live.title,
            live.family.value,
            live.devices,
            live.sibling,
        )
        assert target.pci_ids == live.pci_ids
        expected = live.mig and (live.mig.board, live.mig.profile)
        assert (target.mig and (target.mig.board, target.mig.profile)) == expected


def _unit(cls: type, field: str) -> str:
    for name, _, marks in _annotated_fields(cls):
        if name == field:
            return next((m.symbol for m in marks if isinstance(m, Unit)), "")
    return ""


def test_targets_stand_by_family(catalog):
    order = [family.value for family in vocabulary.Family]
    places = [order.index(t.family) for t in catalog.targets]
    assert places == sorted(places)


def test_every_property_of_every_workload(catalog, imported):
    assert {w.name for w in catalog.workloads} == set(imported.workloads)
    for workload in catalog.workloads:
        live = imported.workloads[workload.name]
        rest = [f.name for f in dataclasses.fields(live) if f.name not in ("name", "title")]
        assert list(workload.properties) == rest
        assert workload.title == live.title
        for name in rest:
            expected = as_json(getattr(live, name))
            assert same(workload.properties[name], expected), (workload.name, name)
            assert workload.units.get(name, "") == _unit(type(live), name)
            assert workload.docs[name]


def test_every_field(catalog):
    classes = [schema.Settings, schema.Offline, schema.Server, schema.SingleStream]
    classes.append(schema.MultiStream)
    expected = {}
    for cls in classes:
        inherited = (
            {f.name for f in dataclasses.fields(cls.__base__)} if cls is not schema.Settings else ()
        )
        expected |= {
            (cls.__name__, field.name): (cls, field)
            for field in dataclasses.fields(cls)
            if field.name not in inherited or field.name in cls.__annotations__
        }
    assert {(f.owner, f.name) for f in catalog.fields} == set(expected)
    for spec in catalog.fields:
        cls, field = expected[spec.owner, spec.name]
        marks = next(m for n, _, m in _annotated_fields(cls) if n == spec.name)
        by_type = {type(m): m for m in marks}
        between = by_type.get(Between, Between())
        assert (spec.low, spec.high) == (between.low, between.high)
        assert spec.unit == (by_type[Unit].symbol if Unit in by_type else "")
        assert spec.group == (by_type[Group].name if Group in by_type else "")
        assert spec.loadgen_key == (by_type[LoadGenKey].key if LoadGenKey in by_type else "")
        assert spec.required == (field.default is dataclasses.MISSING)
        if not spec.required:
            assert same(spec.default, as_json(field.default))
        base = next(b for n, b, _ in _annotated_fields(cls) if n == spec.name)
        choices = by_type[OneOf].choices if OneOf in by_type else ()
        if inspect.isclass(base) and issubclass(base, enum.Enum):
            choices = tuple(member.value for member in base)
        assert spec.choices == choices
        assert spec.doc


def test_every_policy(catalog):
    live: dict[str, Policy] = {}
    for info in pkgutil.walk_packages(runtime.policies.__path__, "runtime.policies."):
        for value in vars(importlib.import_module(info.name)).values():
            if isinstance(value, Policy):
                live[value.id] = value
    assert {p.id for p in catalog.policies} == set(live)
    for policy in catalog.policies:
        expected = live[policy.id]
        assert (policy.title, policy.rule, policy.applies_to, policy.basis, policy.unit) == (
            expected.title,
            expected.rule,
            expected.applies_to,
            expected.source,
            expected.unit,
        )
        assert policy.value == expected.value


def test_every_term_and_word(catalog):
    assert sorted((t.name, t.definition, t.basis) for t in catalog.terms) == sorted(
        (t.name, t.definition, t.source) for t in terms()
    )
    members = [
        (cls.__name__, member.name, member.value)
        for cls in vars(vocabulary).values()
        if inspect.isclass(cls)
        and issubclass(cls, enum.Enum)
        and cls.__module__ == vocabulary.__name__
        for member in cls
    ]
    assert [(w.enum, w.name, w.value) for w in catalog.words] == members
    assert all(w.doc for w in catalog.words)


def test_every_error_class(catalog):
    import docgen.errors

    live = {}
    for module in (errors, docgen.errors):
        for value in vars(module).values():
            if inspect.isclass(value) and issubclass(value, Exception) and "code" in vars(value):
                live[module.__name__, value.__name__] = value
    static = {
        (f.source.path.removesuffix(".py").replace("/", "."), f.name): f for f in catalog.failures
    }
    assert set(live) <= set(static)
    for key, value in live.items():
        failure = static[key]
        assert (failure.code, failure.exit_code) == (value.code, value.exit_code)
        assert failure.doc == inspect.getdoc(value)
    codes = [f.code for f in catalog.failures]
    assert len(codes) == len(set(codes))


def commands_of(name: str, command: click.Command):
    yield name, command
    if isinstance(command, click.Group):
        for child in sorted(command.commands):
            yield from commands_of(f"{name} {child}", command.commands[child])


def test_every_command_and_flag(catalog):
    from docgen.cli import main as docgen_main
    from runtime.cli import main as harness_main

    live = dict(commands_of("harness", harness_main)) | dict(commands_of("docgen", docgen_main))
    live = {name: command for name, command in live.items() if not command.hidden}
    assert [x.name for x in catalog.commands] == list(live)
    for command in catalog.commands:
        expected = live[command.name]
        assert command.help == as_markdown(inspect.cleandoc(expected.help or "")), command.name
        assert len(command.flags) == len(expected.params), command.name
        for flag, parameter in zip(command.flags, expected.params, strict=True):
            _compare(command.name, flag, parameter)


def _compare(name: str, flag: c.Flag, parameter: click.Parameter) -> None:
    where = (name, flag.names)
    argument = isinstance(parameter, click.Argument)
    assert flag.argument == argument, where
    assert list(flag.names) == [*parameter.opts, *parameter.secondary_opts], where
    assert flag.required == parameter.required, where
    if isinstance(parameter.type, click.Choice):
        assert list(flag.choices) == list(parameter.type.choices), where
    else:
        assert flag.choices == (), where
    if isinstance(parameter, click.Option):
        assert flag.is_flag == parameter.is_flag, where
        assert flag.multiple == parameter.multiple, where
        assert flag.help == inspect.cleandoc(parameter.help or ""), where
        if flag.default is not None:
            assert same(flag.default, as_json(parameter.default)), where
        else:
            assert not isinstance(parameter.default, (int, str)) or parameter.is_flag, where


def test_every_public_function_and_class_can_be_imported(catalog):
    compared = 0
    for item in catalog.api:
        if item.kind not in ("function", "class") or item.name.startswith("docgen.sphinx"):
            continue
        module_name, _, name = item.name.rpartition(".")
        parent = next((i for i in catalog.api if i.name == module_name), None)
        if parent is None or parent.kind != "module" or not module_name.startswith("runtime"):
            continue
        found = getattr(importlib.import_module(module_name), name)
        unwrapped = inspect.unwrap(found) if callable(found) else found
        if item.kind == "class":
            assert inspect.isclass(unwrapped)
            assert (inspect.getdoc(unwrapped) or "") == item.doc, item.name
        elif inspect.isfunction(unwrapped):
            names = list(inspect.signature(unwrapped).parameters)
            written = item.signature
            assert all(f"{n}" in written for n in names), item.name
        compared += 1
    assert compared > 50


def test_every_row(catalog):
    from runtime.policies.contradictions import CONTRADICTIONS
    from runtime.policies.rounds import ROUNDS
    from runtime.policies.scenarios import MULTI_STREAM, OFFLINE, SERVER, SINGLE_STREAM
    from runtime.troubles.catalog import troubles

    guides = (OFFLINE, SERVER, SINGLE_STREAM, MULTI_STREAM)
    live = {
        **{("Round", r.name): r for r in ROUNDS},
        **{("Contradiction", x.id): x for x in CONTRADICTIONS},
        **{("ScenarioGuide", x.title): x for x in guides},
        **{("Trouble", t.code): t for t in troubles()},
    }
    assert {(r.kind, r.name) for r in catalog.rows} == set(live)
    for row in catalog.rows:
        assert row.values == _json(dataclasses.asdict(live[row.kind, row.name]))


def _json(value):
    """Return a value as JSON has it."""
    if isinstance(value, dict):
        return {k: _json(v) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [_json(v) for v in value]
    return value.value if isinstance(value, enum.Enum) else value


def test_every_entry_needs_as_much_memory_here_as_there(catalog, imported):
    """The memory that guides state is the memory that the harness checks."""
    targets = {t.name: t for t in catalog.targets}
    workloads = {w.name: w for w in catalog.workloads}
    assert estimates.USABLE == estimate.USABLE
    compared = 0
    for entry in catalog.entries:
        ours = imported.entry(entry.key)
        target, workload = imported.target(ours.target), imported.workload(ours.workload)
        if target.memory_gb is None:
            continue
        shown = estimates.memory_fit(entry, targets[entry.target], workloads[entry.workload])
        memory = target.memory_gb.value * 1e9
        real = estimate.fit(estimate.declared(workload), workload, ours.settings, memory)
        assert shown is not None, entry.key
        assert shown.total == pytest.approx(real.total), entry.key
        assert shown.capacity == real.memory
        if real.largest < 65_536:  # the field's own bound
            assert abs(shown.largest - real.largest) <= 1, entry.key
        compared += 1
    assert compared > 100


def test_workspace_and_lanes_count_here_as_there(catalog, imported):
    changes = {"workspace_mib": 512, "lanes": 3, "processes": 2}
    key = "h200-sxm-141gb/resnet50/offline"
    read = next(e for e in catalog.entries if e.key == key)
    values = {n: msgspec.structs.replace(read.values[n], resolved=v) for n, v in changes.items()}
    changed = msgspec.structs.replace(read, values={**read.values, **values})
    target = next(t for t in catalog.targets if t.name == read.target)
    described = next(w for w in catalog.workloads if w.name == read.workload)
    shown = estimates.memory_fit(changed, target, described)
    workload = imported.workload("resnet50")
    settings = dataclasses.replace(imported.entry(key).settings, **changes)
    real = estimate.fit(estimate.declared(workload), workload, settings, 141e9)
    assert shown is not None
    assert shown.total == pytest.approx(real.total)
    assert abs(shown.largest - real.largest) <= 1
