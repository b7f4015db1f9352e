"""Reads names and signatures of TensorRT's Python interface out of its bindings wheels.

The bindings are ordinary wheels (`tensorrt-bindings` for 8.6, `tensorrt-cu12-bindings` for 10,
`tensorrt-cu13-bindings` for 11). They import without TensorRT's libraries, CUDA or a GPU when
stub libraries offer the few functions that they are linked to; nothing is ever called.

    pip download --no-deps --dest wheels tensorrt-cu12-bindings==10.16.1.11 ...
    unzip -d bindings/10.16.1.11 wheels/tensorrt_cu12_bindings-10.16.1.11-*.whl
    python tools/tensorrt_api.py bindings tests/runtime/tensorrt_api.json

Each folder in the first argument holds one unpacked wheel and has the version's name.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

CLASSES = (
    "Builder",
    "BuilderFlag",
    "DataType",
    "EngineInspector",
    "ExecutionContextAllocationStrategy",
    "IBuilderConfig",
    "ICudaEngine",
    "IExecutionContext",
    "IHostMemory",
    "ILogger",
    "INetworkDefinition",
    "IOptimizationProfile",
    "IProgressMonitor",
    "ITensor",
    "ITimingCache",
    "LayerInformationFormat",
    "Logger",
    "MemoryPoolType",
    "NetworkDefinitionCreationFlag",
    "OnnxParser",
    "ParserError",
    "PreviewFeature",
    "ProfilingVerbosity",
    "Runtime",
    "TacticSource",
    "TensorIOMode",
)
"""Classes that are read; a class that a version lacks is left out."""

READ = """
import json, sys
import tensorrt_bindings as trt
found = {}
for cls in json.loads(sys.argv[1]):
    kind = getattr(trt, cls, None)
    if kind is None:
        continue
    found[cls] = "class"
    for name in dir(kind):
        if name.startswith("_") and name != "__init__":
            continue
        member = kind.__dict__.get(name, getattr(kind, name))
        doc = (getattr(member, "__doc__", "") or "").strip()
        if isinstance(member, property):
            found[f"{cls}.{name}"] = "property" if member.fset else "property, read only"
        elif callable(getattr(kind, name)) and not isinstance(getattr(kind, name), kind):
            lines = [l.strip() for l in doc.splitlines()]
            several = [l.partition(". ")[2] for l in lines if l[:1].isdigit() and "(" in l]
            found[f"{cls}.{name}"] = " | ".join(several or lines[:1])
        else:
            found[f"{cls}.{name}"] = "constant"
for name in ("nptype", "init_libnvinfer_plugins"):
    found[name] = "function" if hasattr(trt, name) else ""
print(json.dumps(found))
"""


def read_version(folder: Path) -> dict[str, str]:
    """Return signature by name of one unpacked wheel."""
    library = next((folder / "tensorrt_bindings").glob("tensorrt*.so"))
    with tempfile.TemporaryDirectory() as stubs:
        make_stubs(library, Path(stubs))
        environment = {**os.environ, "LD_LIBRARY_PATH": stubs, "PYTHONPATH": str(folder)}
        done = subprocess.run(
            [sys.executable, "-c", READ, json.dumps(CLASSES)],
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
    if done.returncode:
        raise SystemExit(f"{folder}: the bindings do not import:\n{done.stderr}")
    found: dict[str, str] = json.loads(done.stdout)
    return {name: shorten(text) for name, text in found.items() if text}


def make_stubs(library: Path, folder: Path) -> None:
    """Write a stub of every NVIDIA library that the bindings are linked to."""
    wanted = subprocess.run(
        ["readelf", "-d", str(library)], capture_output=True, text=True, check=True
    ).stdout
    symbols = subprocess.run(
        ["nm", "-D", "--undefined-only", str(library)], capture_output=True, text=True, check=True
    ).stdout
    undefined = re.findall(r" U (\w+)$", symbols, re.MULTILINE)
    ours = re.compile(r"\w*(_INTERNAL|NvOnnx\w+|NvInfer\w+|PluginRegistry)|_ZN\d+nv(caffe|uff)\w+")
    names = sorted(name for name in undefined if ours.fullmatch(name))
    body = "".join(f"void *{name}(void) {{ return 0; }}\n" for name in names)
    source = folder / "stub.c"
    source.write_text(body)
    for name in re.findall(r"\[(libnv\w+\.so\.\d+)\]", wanted):
        command = ["gcc", "-shared", "-fPIC", "-w", f"-Wl,-soname,{name}", str(source)]
        subprocess.run([*command, "-o", str(folder / name)], check=True)


def shorten(text: str) -> str:
    """Return a signature without the module's name and without addresses in defaults."""
    text = re.sub(r"\btensorrt(_bindings)?(\.tensorrt)?\.", "", text)
    return re.sub(r" at 0x[0-9a-f]+", "", text)


def merge(versions: dict[str, dict[str, str]]) -> dict[str, dict[str, list[str]]]:
    """Return, by name, each signature with the versions that have it."""
    table: dict[str, dict[str, list[str]]] = {}
    for version, names in versions.items():
        for name, text in names.items():
            table.setdefault(name, {}).setdefault(text, []).append(version)
    return dict(sorted(table.items()))


def main(bindings: str, target: str) -> None:
    """Write the table of all versions in a folder."""
    folders = sorted(Path(bindings).iterdir(), key=lambda p: [int(n) for n in p.name.split(".")])
    versions = {folder.name: read_version(folder) for folder in folders}
    head = {
        "source": "docstrings of the bindings wheels on PyPI, read by tools/tensorrt_api.py",
        "versions": list(versions),
        "names": merge(versions),
    }
    Path(target).write_text(json.dumps(head, indent=1) + "\n", encoding="utf-8")
    print(f"{len(head['names'])} names of {len(versions)} versions")


if __name__ == "__main__":
    main(*sys.argv[1:])
