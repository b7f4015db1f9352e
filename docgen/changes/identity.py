"""Which system, configuration and value of one tree is which of another, across dialects."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping

from docgen.catalog import Catalog, Entry, Json, Target, Value
from docgen.changes.model import Place
from docgen.foreign import OURS, PLAIN_HARNESSES, accuracy_share

KEY_PARTS = frozenset({"system", "benchmark", "scenario"})
"""Fields that repeat the key of a configuration in some trees."""

_GPU = re.compile(
    r"(?<![A-Za-z0-9])(?:NVIDIA[-_ ])?("
    r"GB[23]00|GH200|B[23]00|H[12]00|H20|A100|A30|A40|A16|A10|A2|L40S|L40|L4|T4|"
    r"RTX[-_ ]PRO[-_ ]\d+|RTX[-_ ]?A?\d+(?:[-_ ]Ada)?|GeForceRTX[-_]\d+|"
    r"AGX[-_ ]Xavier|Xavier[-_ ]NX|Orin[-_ ]NX|(?:AGX[-_ ])?Orin|Thor"
    r")(?=$|[^A-Za-z0-9]|NVL|x\d)",
    re.IGNORECASE,
)


def words_of(name: str) -> tuple[str, ...]:
    """Return the words of a name, in small letters: `H200_SXM_141GBx8` has h200, sxm, 141gb, x8."""
    parts = re.split(r"[-_ .@/+]+", name.lower())
    return tuple(w for p in parts for w in re.split(r"(?<=[a-z0-9])(?=x\d+$)", p) if w)


def is_named(name: str, wanted: str) -> bool:
    """Tell whether a name has the words of another one, side by side: `GH200` is no `H200`."""
    have, want = words_of(name), words_of(wanted)
    return any(have[i : i + len(want)] == want for i in range(len(have) - len(want) + 1))


def gpu_of(target: Target) -> str:
    """Return the accelerator of a system as people call it; its own name where none is known."""
    fact = target.facts.get("accelerators")
    items = fact.value if fact is not None and isinstance(fact.value, list) else []
    named = [str(i.get("name", "")).rpartition(".")[2] for i in items if isinstance(i, Mapping)]
    found = [m for name in (*named, target.name) for m in _GPU.findall(name)]
    if not found:
        return re.sub(r"[-_]?[xX]\d+$", "", target.name)
    last = found[0] if named else found[-1]
    name = re.sub(r"[-_ ]+", " ", last).replace("GeForceRTX", "GeForce RTX")
    if not name.islower():
        return name
    return name.title() if re.search("orin|xavier|thor", name) else name.upper()


def board_words(target: Target) -> tuple[str, ...]:
    """Return the words of a system from its board on: vendors put their own names before it."""
    found = list(_GPU.finditer(target.name))
    return words_of(target.name[found[-1].start(1) :]) if found else words_of(target.name)


def plain(name: str) -> str:
    """Return a name without case and separators."""
    return re.sub(r"[^a-z0-9]+", "", name.lower())


def workload_names(catalog: Catalog) -> dict[str, str]:
    """Return the name by which trees know each workload of one tree, by its own name."""
    own = catalog.dialect == OURS
    return {w.name: w.name if own else w.title for w in catalog.workloads}


def places(catalog: Catalog, entries: Iterable[Entry]) -> dict[Place, Entry]:
    """Return configurations by what they are for; those that a tree would refuse are left out."""
    names = workload_names(catalog)
    found: dict[Place, Entry] = {}
    for entry in entries:
        if entry.rejected:
            continue
        harness = entry.setting.harness
        direct = harness.lower() in PLAIN_HARNESSES
        place = Place(
            workload=plain(names.get(entry.workload, entry.workload)),
            scenario=plain(entry.scenario),
            accuracy=accuracy_share(entry.setting.accuracy) or "99",
            power=entry.setting.power.lower() or "maxp",
            harness="" if direct else harness,
        )
        if place in found:  # two direct harnesses, told apart by name
            place = Place(**{**_parts(place), "harness": harness})
        found[place] = entry
    return found


def _parts(place: Place) -> dict[str, str]:
    """Return the parts of a place by name."""
    return {name: getattr(place, name) for name in place.__struct_fields__}


def shown(place: Place, catalog: Catalog, entry: Entry) -> Place:
    """Return a place with workload and scenario as a tree writes them."""
    workload = workload_names(catalog).get(entry.workload, entry.workload)
    return Place(**{**_parts(place), "workload": workload, "scenario": entry.scenario})


def flat(entry: Entry, workload: str) -> Iterator[tuple[str, Json, Value]]:
    """Yield the values of an entry; dictionaries by their parts, `flags.max_batch_size`.

    A dictionary whose only key is the workload itself is its value.
    """
    for name, value in entry.values.items():
        if name in KEY_PARTS:
            continue
        resolved = value.resolved
        if isinstance(resolved, Mapping) and resolved:
            keys = list(resolved)
            if len(keys) == 1 and plain(str(keys[0])) in {workload, plain(entry.workload)}:
                yield name, resolved[keys[0]], value
                continue
            for key, item in resolved.items():
                yield f"{name}.{key}", item, value
        else:
            yield name, resolved, value
