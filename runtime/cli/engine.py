"""`harness engine`: build TensorRT engines ahead of a run, and look at those that are there."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from runtime.cli import options
from runtime.cli.group import main

if TYPE_CHECKING:
    from runtime.backends.tensorrt_plan import BuildPlan
    from runtime.configs.registry import Registry
    from runtime.plan import RunPlan


@main.group("engine")
def engine() -> None:
    """Build TensorRT engines ahead of a run, and look at those that are there.

    A run with backend=tensorrt builds what it needs by itself. Engines are kept in the
    cache under everything that they are bound to: TensorRT's version, the GPU and its MIG
    profile, the model's hash, precision and batch sizes.

    \b
    Examples:
      harness engine build --target h200-sxm-141gb --workload digits --scenario offline --dry-run
      harness engine build --target h200-sxm-141gb --workload digits --scenario server
      harness engine info
      harness engine info digits.engine --json
    """  # noqa: D301 - \b is click's mark for a paragraph that keeps its lines


@engine.command("build")
@options.target("Whose settings to build for; `harness list targets` prints the names.")
@options.workload("Whose model; `harness list workloads` prints the names.")
@options.scenario("Server's engines hold every power of two up to the batch size.")
@options.model_file()
@options.overrides(
    "Replace one value of the entry: batch_size, precision, workspace_mib; can be repeated."
)
@click.option(
    "--device",
    type=click.IntRange(min=0),
    default=0,
    show_default=True,
    metavar="N",
    help="GPU to build on, as `nvidia-smi` numbers them.",
)
@click.option("--fresh", is_flag=True, help="Build even where the cache has the engine.")
@click.option("--dry-run", is_flag=True, help="Print what would be built; needs no GPU.")
@options.as_json()
def build_engine(
    *,
    target: str,
    workload: str,
    scenario: str,
    model: Path | None,
    overrides: tuple[str, ...],
    device: int,
    fresh: bool,
    dry_run: bool,
    as_json: bool,
) -> None:
    """Build the engine that an entry needs, and keep it where a run finds it.

    Progress is shown on standard error. A second call finds the engine in the cache; when
    something changed, it says what.

    \b
    Examples:
      harness engine build --target h200-sxm-141gb --workload digits --scenario offline
      harness engine build --target h200-sxm-141gb --workload digits --scenario server \\
                           --set batch_size=64 --set precision=fp16
      harness engine build --target h200-sxm-141gb --workload resnet50 --scenario offline \\
                           --model resnet50_int8.onnx --fresh
      harness engine build ... --dry-run --json | jq .profiles

    \b
    JSON: engine (path, key, size, build_s, layers), cached, why, activation_bytes, tensors.
    With --dry-run: model, precision, network, profiles, cache, key, estimate_bytes, steps.
    """  # noqa: D301 - \b is click's mark for a paragraph that keeps its lines
    from runtime.cli.engineoutput import plan_json, show_built, show_plan
    from runtime.cli.output import print_json
    from runtime.configs.registry import load
    from runtime.plan import resolve

    registry = load()
    chosen = resolve(
        registry,
        target=target,
        workload=workload,
        scenario=scenario,
        overrides=("backend=tensorrt", *overrides),
        model=model,
    )
    plan = _open_plan(registry, chosen)
    if dry_run:
        facts = plan_json(plan, chosen, registry)
        if as_json:
            print_json(facts)
        else:
            show_plan(facts)
        return
    built = _build(plan, device, fresh=fresh)
    if as_json:
        print_json(built)
    else:
        show_built(built)


@engine.command("info")
@click.argument("file", required=False, type=click.Path(path_type=Path))
@options.as_json()
def show_engines(*, file: Path | None, as_json: bool) -> None:
    """Print the engines of the cache, or what one engine file is bound to.

    Needs neither a GPU nor TensorRT: the version stands in the file's head, everything else
    in the description that lies beside it.

    \b
    Examples:
      harness engine info
      harness engine info ~/.cache/calliope/engines/digits-51a07db334f4/0123456789ab.engine
      harness engine info --json | jq '.engines[].key'

    \b
    JSON: folder, engines; with FILE: path, tensorrt, installed, fits, engine (null where no
    description lies beside it).
    """  # noqa: D301 - \b is click's mark for a paragraph that keeps its lines
    from runtime.cli.engineoutput import file_json, list_json, show_file, show_list
    from runtime.cli.output import print_json

    facts: dict[str, Any] = list_json() if file is None else file_json(file)
    if as_json:
        print_json(facts)
    elif file is None:
        show_list(facts)
    else:
        show_file(facts)


def _open_plan(registry: Registry, chosen: RunPlan) -> BuildPlan:
    """Return what to build for a run's plan; the model is opened and checked."""
    from runtime.artifacts import cache_folder
    from runtime.backends.tensorrt_plan import make_plan

    module: Any = registry.modules[chosen.workload]
    model = module.open_model(chosen.model, cache_folder())
    return make_plan(model, registry.workload(chosen.workload), chosen.settings)


def _build(plan: BuildPlan, device: int, *, fresh: bool) -> dict[str, Any]:
    """Return what came of a build, in JSON form."""
    from runtime.backends.tensorrt import open_cuda, provide
    from runtime.backends.tensorrt_cache import EngineCache
    from runtime.backends.tensorrt_plan import make_key
    from runtime.backends.tensorrt_release import load_tensorrt
    from runtime.cli.engineoutput import engine_json
    from runtime.cli.ranges import show_phases

    trt, release = load_tensorrt()
    opened = open_cuda(device)
    try:
        cache = EngineCache()
        key = make_key(plan, opened.facts, release.text)
        found, why = (None, "asked for") if fresh else cache.find(plan, key)
        with show_phases(f"engine {plan.model.name}") as report:
            made = provide(trt, release, plan, key, report=report, cache=cache, fresh=fresh)
        made.loaded.check(plan)
        return {
            "engine": engine_json(made.entry) if made.entry else None,
            "cached": found is not None,
            "why": why,
            "bytes": len(made.data),
            "activation_bytes": made.loaded.activation_bytes(),
            "tensors": [
                {"name": name, "dtype": kind, "shape": shape}
                for name, kind, shape in made.loaded.tensors()
            ],
            "timing_cache": cache.timing_path(key),
            "note": cache.note,
        }
    finally:
        opened.close()
