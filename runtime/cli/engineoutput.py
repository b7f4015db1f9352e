"""What `harness engine` prints: plans, engines and their keys."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from runtime.backends.tensorrt_cache import Engine
    from runtime.backends.tensorrt_plan import BuildPlan
    from runtime.configs.registry import Registry
    from runtime.plan import RunPlan

MIB = 1 << 20
"""Bytes in a MiB."""

UNKNOWN = "told by the GPU"
"""What stands for a part of a key that only a GPU knows."""


DISTRIBUTIONS = ("tensorrt", "tensorrt-cu13", "tensorrt-cu12")
"""Packages that bring the module `tensorrt`."""


def plan_json(plan: BuildPlan, chosen: RunPlan, registry: Registry) -> dict[str, Any]:
    """Return what a build would do, in JSON form; nothing is opened but the model.

    Args:
        plan: What would be built.
        chosen: The run that it is for.
        registry: What the packages define.
    """
    from runtime.backends.tensorrt_cache import EngineCache
    from runtime.devices.schedule import make_schedule, unroll
    from runtime.policies.estimates import memory_bytes

    settings, target = chosen.settings, registry.target(chosen.target)
    capability = target.compute_capability
    depth = settings.inflight_batches
    schedule = make_schedule(
        depth, graph=settings.use_cuda_graph, resident=settings.start_from_device
    )
    return {
        "entry": chosen.key,
        "model": plan.model,
        "sha256": plan.sha256,
        "precision": {"file": plan.carried, "engine": plan.precision},
        "network": "strongly typed, Q/DQ from the file; 8.5 and 8.6 by builder flags",
        "input": asdict(plan.source),
        "output": asdict(plan.target),
        "profiles": [] if plan.fixed else [(size, *plan.source.shape) for size in plan.sizes],
        "batch_sizes": plan.sizes,
        "workspace_mib": plan.workspace_mib or "TensorRT's own",
        "cache": EngineCache().folder,
        "key": {
            "tensorrt": _installed() or "not installed here",
            "compute_capability": capability.value if capability else UNKNOWN,
            "device": UNKNOWN,
            "mig_profile": target.mig.profile if target.mig else "",
            "model_sha256": plan.sha256,
            "precision": plan.precision,
            "batch_sizes": plan.sizes,
        },
        "estimate_bytes": memory_bytes(registry.workload(chosen.workload), settings),
        "graphs": len(plan.sizes) * depth if settings.use_cuda_graph else 0,
        "steps": [str(step) for step in unroll(schedule, 1)],
    }


def engine_json(engine: Engine) -> dict[str, Any]:
    """Return an engine's entry in JSON form."""
    return {
        "path": engine.path,
        "model": engine.model,
        "size": engine.size,
        "sha256": engine.sha256,
        "build_s": engine.build_s,
        "layers": engine.layers,
        "key": asdict(engine.key),
    }


def list_json() -> dict[str, Any]:
    """Return the engines of the cache in JSON form."""
    from runtime.artifacts import cache_folder
    from runtime.backends.tensorrt_cache import EngineCache

    cache = EngineCache(cache_folder())
    return {"folder": cache.folder, "engines": [engine_json(e) for e in cache.engines()]}


def file_json(path: Path) -> dict[str, Any]:
    """Return what one engine file is bound to, in JSON form.

    Raises:
        ArtifactError: It cannot be read, or is no engine.
    """
    from runtime.backends.tensorrt_cache import read_engine
    from runtime.backends.tensorrt_engine import read_header

    version, installed = read_header(path), _installed()
    known = read_engine(path)
    fits = None if not installed else _same(version, installed)
    return {
        "path": path,
        "tensorrt": version,
        "installed": installed or None,
        "fits": fits,
        "engine": engine_json(known) if known else None,
    }


def show_plan(facts: dict[str, Any]) -> None:
    """Print what a build would do."""
    from runtime.cli.output import console, number, show_pairs

    out, key = console(), facts["key"]
    formats = facts["precision"]
    sizes = ", ".join(map(str, facts["batch_sizes"]))
    profile = "one a size, of that size alone" if facts["profiles"] else "none: the graph is fixed"
    lowered = formats["file"] != formats["engine"]
    pairs = [
        ("entry", facts["entry"]),
        ("model", f"{facts['model']} ({facts['sha256'][:12]})"),
        ("precision", f"{formats['engine']}" + (f", of {formats['file']}" if lowered else "")),
        ("network", facts["network"]),
        ("batch sizes", f"{sizes} (optimization profiles: {profile})"),
        ("workspace", f"{facts['workspace_mib']}" + ("" if _word(facts) else " MiB")),
        ("bound to", f"TensorRT {key['tensorrt']}, compute capability {key['compute_capability']}"),
        ("MIG profile", key["mig_profile"] or "none"),
        ("device memory", f"about {number(facts['estimate_bytes'] / 1e6, 3)} MB for the model"),
        ("CUDA graphs", f"{facts['graphs']} a lane" if facts["graphs"] else "none"),
        ("kept in", str(facts["cache"])),
    ]
    show_pairs(out, pairs)
    out.print("\nEach batch:")
    for step in facts["steps"]:
        out.print(f"  {step}", markup=False, soft_wrap=True)
    out.print("\nNothing was built; without --dry-run this needs the GPU and TensorRT.")


def show_built(built: dict[str, Any]) -> None:
    """Print what came of a build."""
    from runtime.cli.output import console, duration, number, show_pairs

    entry = built["engine"]
    how = "from the cache" if built["cached"] else f"built now ({built['why']})"
    pairs = [("engine", str(entry["path"]) if entry else "not kept: the cache refused it")]
    pairs += [("origin", how), ("size", f"{number(built['bytes'] / MIB, 3)} MiB")]
    pairs.append(("activations", f"{number(built['activation_bytes'] / MIB, 3)} MiB a lane"))
    if entry:
        pairs += [
            ("build took", duration(entry["build_s"])),
            ("layers", str(entry["layers"] or "the inspector told none")),
            ("bound to", _bound(entry["key"])),
        ]
    pairs.append(("timing cache", str(built["timing_cache"])))
    pairs += [
        ("tensor", f"{t['name']}: {t['dtype']} {tuple(t['shape'])}") for t in built["tensors"]
    ]
    pairs += [("note", built["note"])] if built["note"] else []
    show_pairs(console(), pairs)


def show_list(facts: dict[str, Any]) -> None:
    """Print the engines of the cache."""
    from runtime.cli.output import console, duration, number, show_rows

    out = console()
    if not facts["engines"]:
        out.print(f"No engines in {facts['folder']}.", markup=False, soft_wrap=True)
        return
    rows = [
        (
            f"{e['path'].parent.name}/{e['path'].stem}",
            e["key"]["precision"],
            ", ".join(map(str, e["key"]["batch_sizes"])),
            _bound(e["key"]),
            f"{number(e['size'] / MIB, 3)} MiB",
            duration(e["build_s"]),
        )
        for e in facts["engines"]
    ]
    columns = ("engine", "precision", "batches", "bound to", "size", "built in")
    show_rows(out, columns, rows, right=("size", "built in"))
    out.print(f"in {facts['folder']}", markup=False, soft_wrap=True)


def show_file(facts: dict[str, Any]) -> None:
    """Print what one engine file is bound to."""
    from runtime.cli.output import console, duration, show_pairs

    entry, installed = facts["engine"], facts["installed"]
    fits = {
        None: "TensorRT is not installed here",
        True: f"yes, TensorRT {installed} is installed",
        False: f"no, TensorRT {installed} is installed: harness engine build makes one that does",
    }[facts["fits"]]
    pairs = [("file", str(facts["path"])), ("TensorRT", facts["tensorrt"]), ("usable here", fits)]
    if entry:
        key = entry["key"]
        pairs += [
            ("bound to", _bound(key)),
            ("model", f"{entry['model']} ({key['model_sha256'][:12]})"),
            ("precision", key["precision"]),
            ("batch sizes", ", ".join(map(str, key["batch_sizes"]))),
            ("build took", duration(entry["build_s"])),
            ("layers", str(entry["layers"] or "none")),
        ]
    else:
        pairs.append(("note", "no description lies beside it: the harness did not build it"))
    show_pairs(console(), pairs)


def _bound(key: dict[str, Any]) -> str:
    """Return a key's device and version in words."""
    slice_ = f", MIG {key['mig_profile']}" if key["mig_profile"] else ""
    capability, version = key["compute_capability"], key["tensorrt"]
    return f"{key['device']} (compute {capability}{slice_}), TensorRT {version}"


def _installed() -> str:
    """Return the version of TensorRT's package; empty where it is not installed.

    Why: its metadata tells it without loading a library.
    """
    from contextlib import suppress
    from importlib.metadata import PackageNotFoundError, version

    for name in DISTRIBUTIONS:
        with suppress(PackageNotFoundError):
            return version(name)
    return ""


def _same(version: str, installed: str) -> bool:
    """Tell whether a file's version is the installed one, as far as both are told."""
    parts = zip(version.split("."), installed.split("."), strict=False)
    return all(a == b for a, b in list(parts)[:3])


def _word(facts: dict[str, Any]) -> bool:
    """Tell whether the workspace is a word and not a number."""
    return isinstance(facts["workspace_mib"], str)
