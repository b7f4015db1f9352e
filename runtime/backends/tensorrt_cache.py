"""Where engines and timing caches are kept, under everything that they are bound to.

    CACHE/engines/MODEL-HASH/KEY.engine        the engine
    CACHE/engines/MODEL-HASH/KEY.json          what it was built from, by what, how long
    CACHE/engines/MODEL-HASH/KEY.layers.json   the engine inspector's output
    CACHE/engines/timing/TENSORRT-SM-DEVICE.cache

Files are written atomically, the engine before its description: one without a description,
or whose bytes do not have the hash that it names, is built again.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

from runtime.artifacts import atomic_write, cache_folder, probe, problem_of
from runtime.backends.tensorrt_plan import BuildPlan, EngineKey
from runtime.calibration.places import usable
from runtime.errors import ArtifactError, Problem

WHERE = "HARNESS_CACHE"
"""Variable that names the cache, for messages."""

_SHOWN = 12
"""Digits of a hash in a file's name."""


@dataclass(frozen=True, kw_only=True)
class Engine:
    """An engine in the cache."""

    path: Path
    """The engine file."""
    key: EngineKey
    """What it is bound to."""
    sha256: str
    """Hash of its bytes."""
    size: int
    """Its bytes."""
    build_s: float
    """How long it took to build, in seconds."""
    model: str
    """File name of the model."""
    layers: Path | None = None
    """The inspector's output; None where it gave none."""


class EngineCache:
    """The engines of one user on one machine."""

    def __init__(self, folder: Path | None = None) -> None:
        """Choose the folder; nothing is written.

        Args:
            folder: The cache; None for the harness's own, or a place for results where
                that cannot be written.
        """
        self.note = ""
        """What to tell of a folder that is not the usual one."""
        if folder is None:
            folder, self.note = usable(cache_folder(), WHERE)
        self.folder = folder / "engines"
        """Folder of all engines."""

    def path(self, plan: BuildPlan, key: EngineKey) -> Path:
        """Return where an engine lies or would lie."""
        stem = re.sub(r"[^\w.-]+", "-", plan.model.stem)
        return self.folder / f"{stem}-{plan.sha256[:_SHOWN]}" / f"{key.digest[:_SHOWN]}.engine"

    def timing_path(self, key: EngineKey) -> Path:
        """Return where the timing cache of a device and a version lies or would lie."""
        device = re.sub(r"[^\w.-]+", "-", key.device)
        return self.folder / "timing" / f"{key.tensorrt}-{key.compute_capability}-{device}.cache"

    def find(self, plan: BuildPlan, key: EngineKey) -> tuple[Engine | None, str]:
        """Return the engine of a key, or None and why there is none."""
        path = self.path(plan, key)
        engine = read_engine(path)
        if engine is None:
            return None, self._why(path.parent, key)
        if engine.key != key:
            return None, "the description beside it is of another engine"
        if _hash(path) != engine.sha256:
            return None, f"{path} is damaged: its bytes have another hash than when it was built"
        return engine, ""

    def check(self, path: Path) -> None:
        """Raise ArtifactError where an engine could not be written; before it is built."""
        found = problem_of(probe(path.parent), WHERE)
        if found:
            raise ArtifactError(found)

    @contextmanager
    def alone(self, path: Path) -> Iterator[None]:
        """Hold an engine's place while it is built; other processes wait for their turn.

        Raises:
            ArtifactError: The folder cannot be made.
        """
        import fcntl

        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            lock = path.with_suffix(".lock").open("a", encoding="utf-8")
        except OSError as error:
            got = error.strerror or str(error)
            want, do = "a place for engines", "choose another folder with HARNESS_CACHE"
            raise ArtifactError(Problem(str(path.parent), want, got, do)) from error
        with lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    def store(
        self, plan: BuildPlan, key: EngineKey, data: bytes, build_s: float, layers: str
    ) -> Engine:
        """Keep an engine and return its entry.

        Raises:
            ArtifactError: The folder refuses.
        """
        path = self.path(plan, key)
        atomic_write(path, data)
        kept = path.with_suffix(".layers.json") if layers else None
        if kept:
            atomic_write(kept, layers.encode())
        engine = Engine(
            path=path,
            key=key,
            sha256=hashlib.sha256(data).hexdigest(),
            size=len(data),
            build_s=round(build_s, 3),
            model=plan.model.name,
            layers=kept,
        )
        atomic_write(path.with_suffix(".json"), _describe(engine))
        return engine

    def engines(self) -> list[Engine]:
        """Return every engine of the cache, by path."""
        found = (read_engine(path) for path in sorted(self.folder.glob("*/*.engine")))
        return [engine for engine in found if engine]

    def _why(self, folder: Path, key: EngineKey) -> str:
        """Return why no engine fits: what differs from the nearest one of the model."""
        others = [e.key for p in sorted(folder.glob("*.engine")) if (e := read_engine(p))]
        if not others:
            return "none was built of this model yet"
        nearest: list[str] = min([key.differences(other) for other in others], key=len)
        return "; ".join(nearest)


def read_engine(path: Path) -> Engine | None:
    """Return what is known of an engine file; None where it or its description is missing."""
    try:
        plain = json.loads(path.with_suffix(".json").read_text(encoding="utf-8"))
        known = plain["key"]
        known["batch_sizes"] = tuple(known["batch_sizes"])
        key = EngineKey(**{f.name: known[f.name] for f in fields(EngineKey)})
        layers = path.with_suffix(".layers.json")
        return Engine(
            path=path,
            key=key,
            sha256=plain["sha256"],
            size=path.stat().st_size,
            build_s=plain["build_s"],
            model=plain["model"],
            layers=layers if layers.is_file() else None,
        )
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _describe(engine: Engine) -> bytes:
    """Return the description that lies beside an engine."""
    plain: dict[str, Any] = {
        "key": asdict(engine.key),
        "sha256": engine.sha256,
        "build_s": engine.build_s,
        "model": engine.model,
    }
    return json.dumps(plain, indent=2).encode() + b"\n"


def _hash(path: Path) -> str:
    """Return the hash of a file; empty where it cannot be read."""
    try:
        with path.open("rb") as file:
            digest = hashlib.sha256()
            while part := file.read(1 << 20):
                digest.update(part)
            return digest.hexdigest()
    except OSError:
        return ""
