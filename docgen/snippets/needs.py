"""Hardware expressions: `sm>=90 & vram>=80GiB & mig=off`, `cpu`, `cores>=2 & os=linux`.

Terms are joined by `&`; all must hold. Terms about a GPU (`gpu`, `sm`, `vram`, `mig`)
must hold for the same device, and `devices` says for how many of them (1 without it):

- `cpu`: any machine; `gpu`: an NVIDIA GPU
- `gpu=NAME`: a device of that target, known by its PCI id
- `sm>=90`: compute capability times ten
- `vram>=80GiB`, `vram>=80GB`: memory of one device
- `mig=off`, `mig=on`, `mig=1g.10gb` (a device of that profile exists)
- `devices>=8`, `cores>=2`, `memory>=16GiB`, `os=linux`, `python>=3.11`
- `package=NAME`: a distribution of that name is installed
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

from docgen.snippets.machine import Gpu, Machine, installed

_TERM = re.compile(r"^([a-z]+)\s*(>=|<=|!=|==|=|>|<)\s*(\S.*)$")
_SIZE = re.compile(r"^(\d+(?:\.\d+)?)\s*(GiB|GB|MiB|MB)$")
_BYTES = {"GiB": 2**30, "GB": 10**9, "MiB": 2**20, "MB": 10**6}

_COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    ">=": operator.ge,
    "<=": operator.le,
    ">": operator.gt,
    "<": operator.lt,
    "=": operator.eq,
    "!=": operator.ne,
}
_ORDERED = ("sm", "vram", "devices", "cores", "memory", "python")
_NAMED = ("gpu", "mig", "os", "package")
_DEVICE = ("gpu", "sm", "vram", "mig")
NAMES = ("cpu", *_NAMED, *_ORDERED)
"""Every word that an expression can start a term with."""


@dataclass(frozen=True)
class Term:
    """One condition on a machine."""

    text: str
    """The condition as written, without blanks."""
    name: str
    """What it is about."""
    compare: str = ""
    """Comparison; empty for `cpu` and `gpu` alone."""
    value: Any = None
    """Right side: bytes for sizes, a number, a tuple for versions, or text."""


def parse(text: str) -> tuple[Term, ...]:
    """Return the terms of an expression.

    Raises:
        ValueError: When a term has no known form; the message says what would be right.
    """
    return tuple(_term(part.strip()) for part in text.split("&"))


def _term(text: str) -> Term:
    """Return one term."""
    if text in ("cpu", "gpu"):
        return Term(text, text)
    match = _TERM.match(text)
    name = match[1] if match else text.partition(" ")[0]
    if match is None or name not in (*_ORDERED, *_NAMED):
        close = get_close_matches(name, NAMES, n=1, cutoff=0.5)
        mend = f"; did you mean {close[0]!r}?" if close and close[0] != name else ""
        raise ValueError(
            f"`cpu`, `gpu`, or terms like `sm>=90`, `vram>=80GiB`, `mig=off`, `gpu=NAME`, "
            f"`devices>=8`, `cores>=2`, `memory>=16GiB`, `os=linux` joined by `&`{mend}"
        )
    compare = match[2].replace("==", "=")
    if name in _NAMED and compare not in ("=", "!="):
        raise ValueError(f"`=` or `!=` after `{name}`")
    return Term(f"{name}{compare}{match[3].strip()}", name, compare, _value(name, match[3].strip()))


def _value(name: str, text: str) -> Any:
    """Return the right side of a term in the form that it is compared in."""
    if name in ("vram", "memory"):
        size = _SIZE.match(text)
        if size is None:
            raise ValueError(f"a size with its unit, such as `{name}>=80GiB`")
        return int(float(size[1]) * _BYTES[size[2]])
    if name == "python":
        if not re.fullmatch(r"\d+(\.\d+)*", text):
            raise ValueError("a version such as `python>=3.11`")
        return tuple(int(part) for part in text.split("."))
    if name in _ORDERED:
        if not text.isdigit():
            raise ValueError(f"a whole number after `{name}`")
        return int(text)
    return text.lower() if name == "os" else text


def unmet(text: str, machine: Machine, pci_ids: tuple[str, ...] = (), device: str = "") -> str:
    """Return why a machine does not meet an expression, in words; empty where it does.

    Args:
        text: The expression.
        machine: The machine to hold it against.
        pci_ids: PCI ids of the target that `gpu=` names.
        device: Name of that target for readers.

    Raises:
        ValueError: When the expression is malformed.
    """
    terms = parse(text)
    for term in terms:
        reason = _host_reason(term, machine)
        if reason:
            return reason
    about_gpu = [t for t in terms if t.name in _DEVICE]
    count = next((t for t in terms if t.name == "devices"), Term("devices>=1", "devices", ">=", 1))
    if not about_gpu and count.text == "devices>=1":
        return ""
    fitting = [g for g in machine.gpus if all(_fits(t, g, pci_ids) for t in about_gpu)]
    if _COMPARE[count.compare](len(fitting), count.value):
        return ""
    return f"needs {_wanted(about_gpu, count, device)}; {_found(about_gpu, machine, fitting)}"


def _host_reason(term: Term, machine: Machine) -> str:
    """Return why the host does not meet a term that is not about GPUs."""
    if term.name == "package":
        here = installed(term.value)
        if here is (term.compare == "="):
            return ""
        state = "is not installed here" if term.compare == "=" else "is installed"
        return f"needs {term.text}; {term.value} {state}"
    values: dict[str, tuple[Any, str]] = {
        "cores": (machine.cores, f"{machine.cores} cores"),
        "memory": (machine.memory_bytes, f"{machine.memory_bytes / 2**30:.0f} GiB of memory"),
        "os": (machine.os, machine.os),
        "python": (tuple(int(p) for p in machine.python.split(".")), f"Python {machine.python}"),
    }
    if term.name not in values:
        return ""
    value, words = values[term.name]
    if term.name == "python":
        value = value[: len(term.value)]
    if _COMPARE[term.compare](value, term.value):
        return ""
    return f"needs {term.text}; this machine has {words}"


def _fits(term: Term, gpu: Gpu, pci_ids: tuple[str, ...]) -> bool:
    """Return whether a GPU meets a term."""
    if not term.compare:
        return True
    if term.name == "gpu":
        known = {p.lower() for p in pci_ids}
        same = gpu.pci_id.lower() in known if known else _plain(term.value) in _plain(gpu.name)
        return same is (term.compare == "=")
    if term.name == "mig":
        on = {"on": gpu.mig, "off": not gpu.mig}.get(term.value, term.value in gpu.slices)
        return on is (term.compare == "=")
    return _COMPARE[term.compare](gpu.sm if term.name == "sm" else gpu.vram_bytes, term.value)


def _plain(name: str) -> str:
    """Return a name without what differs between spellings."""
    return re.sub(r"[^a-z0-9]", "", name.lower())


def _wanted(terms: list[Term], count: Term, device: str) -> str:
    """Return the GPUs that an expression asks for, in words."""
    named = next((t for t in terms if t.name == "gpu" and t.compare == "="), None)
    kind = (device or str(named.value)) if named else "NVIDIA GPU" + "s" * (count.value != 1)
    number = str(count.value) if count.compare in (">=", "=") else f"{count.compare}{count.value}"
    rest = [_words(t) for t in terms if t is not named and t.compare]
    return f"{number} {kind}" + (" with " + " and ".join(rest) if rest else "")


def _words(term: Term) -> str:
    """Return a term about a GPU in words."""
    if term.name == "mig" and term.value in ("on", "off"):
        return f"MIG {term.value}"
    if term.name == "mig":
        return f"a MIG slice {term.value}"
    return term.text


def _found(terms: list[Term], machine: Machine, fitting: list[Gpu]) -> str:
    """Return the GPUs that a machine has, in words that answer what was asked for."""
    if not machine.gpus:
        return "this machine has no NVIDIA GPU" + (f" ({machine.note})" if machine.note else "")
    if fitting:
        return f"this machine has {len(fitting)} x {fitting[0].name}"
    asked = {t.name for t in terms}
    gpu = machine.gpus[0]
    details = []
    if "sm" in asked:
        details.append(f"sm {gpu.sm}")
    if "vram" in asked:
        details.append(f"{gpu.vram_bytes / 2**30:.1f} GiB")
    if "mig" in asked:
        slices = f" with {', '.join(gpu.slices)}" if gpu.slices else ""
        details.append(f"MIG {'on' if gpu.mig else 'off'}{slices}")
    extra = f" ({', '.join(details)})" if details else ""
    return f"this machine has {len(machine.gpus)} x {gpu.name}{extra}"
