"""Versions that build files of a tree state: Dockerfiles, Makefiles, requirements."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from docgen.catalog import Source

PRODUCTS = {
    "ubuntu": "Ubuntu",
    "cuda": "CUDA",
    "cudnn": "cuDNN",
    "tensorrt": "TensorRT",
    "trt": "TensorRT",
    "python": "Python",
    "pytorch": "PyTorch",
    "torch": "PyTorch",
    "jetpack": "JetPack",
    "tritonserver": "Triton",
    "transformers": "transformers",
}
"""Product by the word that build files use for it."""

_VARIABLE = re.compile(r"^\s*(?:export\s+|override\s+)*([A-Za-z_]\w*)\s*[:?]?=\s*(\S+)\s*$")
_ARGUMENT = re.compile(r"^\s*(?:ARG|ENV)\s+([A-Za-z_]\w*)[= ](\S+)\s*$")
_FROM = re.compile(r"^\s*FROM\s+(?:--\S+\s+)*(\S+)", re.IGNORECASE)
_IMAGE = re.compile(r"(ubuntu|cuda|python|pytorch|tensorrt|tritonserver)[:/-]?v?(\d+(?:\.\d+)+)")
_PIN = re.compile(r"(?<![\w-])([A-Za-z][\w.-]*)==(\d+(?:\.\d+)+)")
_NAMED = re.compile(r"^(?:BASE_)?([A-Z]+)_(?:VER|VERSION)$")
_REFERENCE = re.compile(r"\$[({](\w+)[)}]")
_NUMBER = re.compile(r"^v?(\d+(?:\.\d+)+)$")

Found = dict[str, dict[str, Source]]
"""Versions with their first place, by product."""


def read(root: Path, paths: tuple[str, ...]) -> Found:
    """Return the versions that the build files of a tree state."""
    found: Found = {}
    for path in paths:
        name = path.rpartition("/")[2]
        docker = name.startswith("Dockerfile") or name.lower().endswith(".dockerfile")
        makefile = name.startswith("Makefile") or name.endswith(".mk")
        pins = name.startswith("requirements") and name.endswith(".txt")
        if not (docker or makefile or pins):
            continue
        try:
            text = (root / path).read_text("utf-8", "replace")
        except OSError:
            continue
        for product, version, line in _stated(text, docker=docker, makefile=makefile):
            found.setdefault(product, {}).setdefault(version, Source(path=path, line=line))
    return found


def _stated(text: str, *, docker: bool, makefile: bool) -> Iterator[tuple[str, str, int]]:
    """Yield product, version and line of everything that a build file states."""
    values: dict[str, str] = {}
    for number, line in enumerate(text.splitlines(), start=1):
        plain = line.partition("#")[0]
        image = _FROM.match(plain) if docker else None
        if image:
            for word, version in _IMAGE.findall(image.group(1).lower()):
                yield PRODUCTS[word], version, number
            continue
        assigned = (_ARGUMENT if docker else _VARIABLE).match(plain) if docker or makefile else None
        if assigned:
            name, raw = assigned.groups()
            value = _REFERENCE.sub(lambda m: values.get(m.group(1), "?"), raw.strip("\"'"))
            values[name] = value
            product = _NAMED.match(name)
            known = PRODUCTS.get(product.group(1).lower(), "") if product else ""
            if known and (match := _NUMBER.match(value)):
                yield known, match.group(1), number
            continue
        for word, version in _PIN.findall(plain):
            if word.lower() in PRODUCTS:
                yield PRODUCTS[word.lower()], version, number


def agrees(claimed: str, version: str) -> bool:
    """Tell whether one version is the other one, said more or less exactly."""
    one, other = claimed.split("."), version.split(".")
    length = min(len(one), len(other))
    return one[:length] == other[:length]
