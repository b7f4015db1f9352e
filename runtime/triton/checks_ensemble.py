"""Checks of ensembles: steps, the tensors between them, and models that exist."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from runtime.errors import suggest
from runtime.triton import rules
from runtime.triton.folder import Finding, ModelFolder


def check_ensemble(model: ModelFolder) -> Iterator[Finding]:
    """Yield what is wrong with an ensemble; nothing for any other model."""
    config = model.config
    scheduled = config.WhichOneof("scheduling_choice") == "ensemble_scheduling"
    if model.backend != "ensemble" and not scheduled:
        return
    for word in ("instance_group", "optimization"):
        used = bool(config.instance_group) if word == "instance_group" else config.HasField(word)
        if used:
            yield model.find(rules.ENSEMBLE_FIELDS, word, "drop it; steps have their own", word)
    steps = config.ensemble_scheduling.step
    if not steps:
        yield model.find(rules.ENSEMBLE, "no step", "add ensemble_scheduling with steps")
    for step in steps:
        yield from _step(model, step)
    yield from _tensors(model, steps)
    yield from _cycle(model)


def _step(model: ModelFolder, step: Any) -> Iterator[Finding]:
    """Yield what is wrong with one step: its model and the names of that model's tensors."""
    other = model.siblings.get(step.model_name)
    if other is None:
        known = sorted(set(model.siblings) - {model.name})
        do = suggest(step.model_name, known) if known else "put the model into the repository"
        got = f"a step of the model {step.model_name!r}"
        yield model.find(rules.ENSEMBLE, got, do, "model_name")
        return
    if other.max_batch_size < model.config.max_batch_size:
        got = (
            f"max_batch_size {model.config.max_batch_size}, its step {step.model_name!r} takes "
            f"{other.max_batch_size}"
        )
        yield model.find(rules.ENSEMBLE, got, "lower it to the steps' smallest", "max_batch_size")
    for kind, mapped, tensors in (
        ("input", step.input_map, other.input),
        ("output", step.output_map, other.output),
    ):
        names = {t.name for t in tensors}
        for name in sorted(set(mapped) - names):
            got = f"{kind}_map key {name!r} of {step.model_name!r}"
            do = suggest(name, sorted(names)) if names else f"declare it in {step.model_name}"
            yield model.find(rules.ENSEMBLE, got, do, name)
    needed = {t.name for t in other.input if not t.optional} - set(step.input_map)
    for name in sorted(needed):
        got = f"no input_map for {name!r} of {step.model_name!r}"
        yield model.find(rules.ENSEMBLE, got, "map every input of the step", step.model_name)


def _tensors(model: ModelFolder, steps: Any) -> Iterator[Finding]:
    """Yield tensors that nobody makes, that two make, or whose types differ."""
    config = model.config
    made: dict[str, tuple[str, int]] = {t.name: ("the ensemble", t.data_type) for t in config.input}
    for step in steps:
        other = model.siblings.get(step.model_name)
        types = {t.name: t.data_type for t in other.output} if other else {}
        for key, name in step.output_map.items():
            if name in made:
                got = f"tensor {name!r} from {made[name][0]} and {step.model_name}"
                yield model.find(rules.ENSEMBLE, got, "give each its own name", name)
            made.setdefault(name, (step.model_name, types.get(key, 0)))
    for step in steps:
        other = model.siblings.get(step.model_name)
        types = {t.name: t.data_type for t in other.input} if other else {}
        for key, name in step.input_map.items():
            yield from _use(model, name, made, types.get(key, 0), step.model_name)
    for tensor in config.output:
        yield from _use(model, tensor.name, made, tensor.data_type, "the ensemble's output")


def _use(
    model: ModelFolder, name: str, made: dict[str, tuple[str, int]], kind: int, user: str
) -> Iterator[Finding]:
    """Yield what is wrong where a tensor is used."""
    if name not in made:
        got = f"tensor {name!r} of {user}, made by nobody"
        do = suggest(name, sorted(made)) if made else "map an output to it"
        yield model.find(rules.ENSEMBLE, got, do, name)
        return
    maker, own = made[name]
    if own and kind and own != kind:
        got = f"tensor {name!r} of one type from {maker} and of another for {user}"
        yield model.find(rules.ENSEMBLE, got, "give both the same data_type", name)


def _cycle(model: ModelFolder) -> Iterator[Finding]:
    """Yield an ensemble that reaches itself through its steps."""
    seen: set[str] = set()
    ahead = [step.model_name for step in model.config.ensemble_scheduling.step]
    while ahead:
        name = ahead.pop()
        if name == model.name:
            got = f"{model.name} among the steps of its steps"
            yield model.find(rules.ENSEMBLE, got, "break the cycle", "step")
            return
        if name in seen or name not in model.siblings:
            continue
        seen.add(name)
        ahead += [s.model_name for s in model.siblings[name].ensemble_scheduling.step]
