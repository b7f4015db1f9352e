"""Every name of TensorRT that the backend uses, held against the real bindings of six versions.

`tensorrt_api.json` is what `tools/tensorrt_api.py` read out of the wheels; the test with the marker
`bindings` reads them again. The calls are taken from the source of the backend, so a new one is
checked without being listed anywhere.
"""

from __future__ import annotations

import ast
import importlib.util
import inspect
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

import runtime.backends

HERE = Path(__file__).parent
TABLE = json.loads((HERE / "tensorrt_api.json").read_text(encoding="utf-8"))
VERSIONS, NAMES = TABLE["versions"], TABLE["names"]
SOURCES = sorted(Path(runtime.backends.__file__).parent.glob("tensorrt*.py"))

RECEIVERS = {
    "builder": "Builder",
    "network": "INetworkDefinition",
    "parser": "OnnxParser",
    "config": "IBuilderConfig",
    "profile": "IOptimizationProfile",
    "engine": "ICudaEngine",
    "self.engine": "ICudaEngine",
    "inspector": "EngineInspector",
    "self._runtime": "Runtime",
    "context": "IExecutionContext",
    "flags": "NetworkDefinitionCreationFlag",
}
"""What the modules below call their objects of TensorRT."""

SPEAKING = {"tensorrt_binding.py", "tensorrt_build.py", "tensorrt_engine.py", "tensorrt_log.py"}
"""Modules that hold such objects; in the others these names are our own."""

RETURNS = {
    "IBuilderConfig.get_timing_cache": "ITimingCache",
    "OnnxParser.get_error": "ParserError",
    "ICudaEngine.create_engine_inspector": "EngineInspector",
}
"""Classes of what a call returns, where the next call follows at once."""

ONLY = {
    "BuilderFlag.FP16": ("8.",),
    "BuilderFlag.INT8": ("8.",),
    "NetworkDefinitionCreationFlag.EXPLICIT_BATCH": ("8.",),
    "NetworkDefinitionCreationFlag.STRONGLY_TYPED": ("10.", "11."),
    "IBuilderConfig.progress_monitor": ("10.", "11."),
    "IProgressMonitor": ("10.", "11."),
    "IProgressMonitor.__init__": ("10.", "11."),
    "IProgressMonitor.phase_start": ("10.", "11."),
    "IProgressMonitor.step_complete": ("10.", "11."),
    "IProgressMonitor.phase_finish": ("10.", "11."),
    "ExecutionContextAllocationStrategy": ("10.", "11."),
    "ExecutionContextAllocationStrategy.USER_MANAGED": ("10.", "11."),
    "ICudaEngine.create_execution_context": ("10.", "11."),
    "ICudaEngine.create_execution_context_without_device_memory": ("8.",),
    "ICudaEngine.device_memory_size": ("8.", "10.0."),
    "ICudaEngine.device_memory_size_v2": ("10.3.", "10.9.", "10.16.", "11."),
    "IExecutionContext.set_device_memory": ("10.3.", "10.9.", "10.16.", "11."),
    "IExecutionContext.device_memory": ("8.", "10.0."),
}
"""Versions that a use is for; every other one must be there in all of them."""

OWN = {"__init__", "code", "dtype", "engine", "logger", "name", "nbytes", "shape", "update"}
OWN |= {"FP16", "FP32", "INT8", "BF16"}
"""Attributes of other objects that TensorRT happens to have, too."""


@dataclass(frozen=True)
class Use:
    """One use of TensorRT in the source."""

    name: str
    place: str
    call: tuple[int, tuple[str, ...]] | None = None
    written: bool = False


def uses() -> list[Use]:
    return [use for path in SOURCES for use in _uses_of(path)]


def _uses_of(path: Path) -> Iterator[Use]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    parents = {child: node for node in ast.walk(tree) for child in ast.iter_child_nodes(node)}
    for node in ast.walk(tree):
        if isinstance(node, ast.ClassDef):
            yield from _derived(node, path)
        if not isinstance(node, ast.Attribute):
            continue
        name, parent = _name(node, path.name), parents[node]
        if name is None:
            continue
        if "." not in name and isinstance(parent, ast.Call) and ast.unparse(parent.func) == "start":
            parent = ast.Call(
                func=node, args=parent.args[1:], keywords=[]
            )  # makes one of the class
        called = isinstance(parent, ast.Call) and parent.func is node
        call = (len(parent.args), tuple(k.arg for k in parent.keywords)) if called else None
        if call and name.endswith(".__init__"):
            call = (call[0] - 1, call[1])  # the base class's, with the object itself
        if NAMES.get(name, {}).keys() == {"function"}:
            call = None  # written in Python; the wheels tell its name alone
        if call and "." not in name:
            yield Use(name, f"{path.name}:{node.lineno}")
            name += ".__init__"
        yield Use(name, f"{path.name}:{node.lineno}", call, isinstance(node.ctx, ast.Store))


def _derived(node: ast.ClassDef, path: Path) -> Iterator[Use]:
    """Yield what a class overrides of TensorRT's."""
    for base in node.bases:
        owner = _name(base, path.name) if isinstance(base, ast.Attribute) else None
        for item in node.body if owner else ():
            if isinstance(item, ast.FunctionDef) and f"{owner}.{item.name}" in NAMES:
                count = len(item.args.args) - 1
                call = None if item.name == "__init__" else (count, ())
                yield Use(f"{owner}.{item.name}", f"{path.name}:{item.lineno}", call)


def _name(node: ast.AST, module: str) -> str | None:
    """Return TensorRT's name of an expression; None where it is none of TensorRT's."""
    if not isinstance(node, ast.Attribute):
        return None
    text = ast.unparse(node.value)
    if text in {"trt", "self._trt"}:
        return node.attr
    owner = RECEIVERS.get(text) if module in SPEAKING else None
    if owner is None and isinstance(node.value, ast.Call):
        owner = RETURNS.get(_name(node.value.func, module) or "")
    if owner is None and (inner := _name(node.value, module)) and "." not in inner:
        owner = inner
    return f"{owner}.{node.attr}" if owner else None


def wanted(name: str) -> list[str]:
    only = ONLY.get(name)
    return [v for v in VERSIONS if only is None or v.startswith(only)]


def signature(name: str, version: str) -> str:
    found = [text for text, versions in NAMES.get(name, {}).items() if version in versions]
    return found[0] if found else ""


def takes(text: str, count: int, keywords: tuple[str, ...]) -> bool:
    """Tell whether a signature of the table takes so many positional and these named arguments."""
    for one in text.split(" | "):
        inside = re.search(r"\((.*)\) ->", one)
        if not inside:
            continue
        parts = re.split(r", (?=\w+:)", inside[1])[1:]  # the first is self
        names = [p.partition(":")[0] for p in parts]
        needed = [p.partition(":")[0] for p in parts if "=" not in p]
        given = {*names[:count], *keywords}
        if count <= len(names) and set(keywords) <= set(names[count:]) and set(needed) <= given:
            return True
    return False


def test_every_name_is_there_in_every_version_that_it_is_used_with():
    missing = [
        f"{u.place}: {u.name} is not in {v}"
        for u in uses()
        for v in wanted(u.name)
        if not signature(u.name, v)
    ]
    assert missing == []


def test_every_call_fits_the_signature():
    wrong = [
        f"{u.place}: {u.name}{u.call} does not fit {signature(u.name, v)} of {v}"
        for u in uses()
        if u.call
        for v in wanted(u.name)
        if not takes(signature(u.name, v), *u.call)
    ]
    assert wrong == []


def test_what_is_written_may_be_written():
    written = {u.name for u in uses() if u.written}
    assert written == {
        "IBuilderConfig.profiling_verbosity",
        "IBuilderConfig.progress_monitor",
        "IExecutionContext.device_memory",
    }
    for name in written:
        assert {signature(name, v) for v in wanted(name)} == {"property"}


def test_no_use_goes_unseen():
    """An attribute that is called as one of TensorRT's has a receiver that the test knows."""
    members = {n.partition(".")[2] for n in NAMES if "." in n} - OWN
    unseen = [
        f"{path.name}:{node.lineno}: {ast.unparse(node)}"
        for path in SOURCES
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Attribute) and node.attr in members and _name(node, path.name) is None
    ]  # fmt: skip
    assert unseen == []


def test_how_many_uses_are_covered():
    found = uses()
    assert len({u.name for u in found}) == 65
    assert len(found) == 73
    assert len({u.name for u in found if u.call}) == 37
    assert set(ONLY) <= {u.name for u in found}


def test_the_call_that_is_bound_first_and_made_later():
    for version in VERSIONS:
        assert takes(signature("IExecutionContext.execute_async_v3", version), 1, ())


def test_the_check_would_find_a_wrong_call():
    assert not signature("IExecutionContext.execute_async_v2", "10.9.0.34")
    assert not takes(signature("Builder.create_network", "10.9.0.34"), 2, ())
    assert not takes(signature("IOptimizationProfile.set_shape", "10.9.0.34"), 3, ())
    assert not takes(signature("IBuilderConfig.set_timing_cache", "8.6.1"), 1, ("mismatch",))
    assert takes(signature("IBuilderConfig.set_timing_cache", "8.6.1"), 1, ("ignore_mismatch",))


# the stand-in


@pytest.mark.parametrize("version", VERSIONS)
def test_the_standin_has_nothing_that_the_version_has_not(version, monkeypatch):
    monkeypatch.setenv("STANDIN_TENSORRT", version)
    spec = importlib.util.spec_from_file_location("standin", HERE / "standin/tensorrt/__init__.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    checked = 0
    for owner in {n.partition(".")[0] for n in NAMES} & set(vars(module)):
        kind = getattr(module, owner)
        if not inspect.isclass(kind):
            continue
        for member, value in vars(kind).items():
            if member.startswith("_") or (owner, member) == ("ILogger", "Severity"):
                continue
            text = signature(f"{owner}.{member}", version)
            assert text, f"{owner}.{member} is not in {version}"
            if inspect.isfunction(value) and "(" in text:
                mine = [p for p in inspect.signature(value).parameters if p != "self"]
                assert takes(text, len(mine), ()) or set(mine) <= set(re.findall(r"(\w+):", text))
            checked += 1
    assert checked > 40


# the wheels

LIVE = """
import tensorrt_bindings as trt
from runtime.backends.tensorrt_log import make_logger, make_monitor, serious
logger = make_logger(trt)
assert isinstance(logger, trt.ILogger)
for severity in (trt.ILogger.INTERNAL_ERROR, trt.ILogger.WARNING, trt.ILogger.INFO):
    logger.log(severity, "a message")
assert [name for name, _ in logger.messages] == ["INTERNAL_ERROR", "WARNING"], logger.messages
assert serious(logger) == "a message"
if hasattr(trt, "IProgressMonitor"):
    told = []
    monitor = make_monitor(trt, lambda *report: told.append(report))
    assert isinstance(monitor, trt.IProgressMonitor)
    monitor.phase_start("Building", None, 2)
    assert monitor.step_complete("Building", 0) is True
    monitor.phase_finish("Building")
    assert told == [("Building", 0, 2), ("Building", 1, 2)], told
flags = trt.NetworkDefinitionCreationFlag
print(1 << int(flags.STRONGLY_TYPED if hasattr(flags, "STRONGLY_TYPED") else flags.EXPLICIT_BATCH))
"""


@pytest.mark.bindings
def test_the_table_is_what_the_wheels_say(tmp_path):
    folder = os.environ.get("TENSORRT_BINDINGS")
    if not folder:
        pytest.skip("TENSORRT_BINDINGS names no folder of unpacked bindings wheels")
    spec = importlib.util.spec_from_file_location("tool", HERE.parents[1] / "tools/tensorrt_api.py")
    tool = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(tool)
    seen = 0
    for path in sorted(Path(folder).iterdir()):
        if path.name in VERSIONS:
            read = tool.read_version(path)
            library = next((path / "tensorrt_bindings").glob("tensorrt*.so"))
            stubs = tmp_path / path.name
            stubs.mkdir()
            tool.make_stubs(library, stubs)
            places = f"{path}{os.pathsep}{HERE.parents[1]}"
            environment = {**os.environ, "LD_LIBRARY_PATH": str(stubs), "PYTHONPATH": places}
            done = subprocess.run(
                [sys.executable, "-c", LIVE],
                env=environment,
                capture_output=True,
                text=True,
                check=False,
            )
            assert done.returncode == 0, done.stderr
            assert int(done.stdout) > 0
            assert read == {n: s for n in NAMES if (s := signature(n, path.name))}
            seen += 1
    assert seen, f"no folder in {folder} has the name of a version: {', '.join(VERSIONS)}"
