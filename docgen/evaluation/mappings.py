"""A dict that remembers, for every key, each setting of its value."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from docgen.evaluation.objects import NotStatic, Setting


class Table(dict[Any, Any]):
    """A dict of an evaluated tree; a value stored without its expression loses its history."""

    def __init__(self, other: Mapping[Any, Any] | None = None) -> None:
        """Start empty, or with the content and the history of another mapping."""
        super().__init__()
        self.chains: dict[Any, tuple[Setting, ...]] = {}
        """Every setting by key, in order; the last one holds."""
        self.repeated: list[tuple[Any, Setting]] = []
        """Keys that one display sets again, each with the setting that is overwritten."""
        self.broken: list[NotStatic] = []
        """Keys that are not known, by their cause."""
        if other is not None:
            self.merge(other)

    def put(self, key: Any, setting: Setting) -> None:
        """Set a key and add the setting to its history."""
        chain = (*self.chains.get(key, ()), setting)
        super().__setitem__(key, setting.value)
        self.chains[key] = chain

    def merge(self, other: Mapping[Any, Any]) -> None:
        """Set every key of another mapping; its history follows the one that is here."""
        mine, theirs = dict(self.chains), dict(getattr(other, "chains", {}))
        for key, value in list(other.items()):
            self[key] = value
            if theirs.get(key):
                self.chains[key] = _joined(mine.get(key, ()), theirs[key])
        if isinstance(other, Table) and other is not self:
            self.broken += other.broken
            self.repeated += other.repeated

    def snapshot(self, key: Any) -> None:
        """Let the settings of a key so far keep the value that it has now."""
        chain = self.chains.get(key, ())
        if chain:
            self.chains[key] = (*chain[:-1], replace(chain[-1], value=deep(chain[-1].value)))

    def __setitem__(self, key: Any, value: Any) -> None:
        """Set a key without a history."""
        super().__setitem__(key, value)
        self.chains.pop(key, None)

    def __delitem__(self, key: Any) -> None:
        """Remove a key and its history."""
        super().__delitem__(key)
        self.chains.pop(key, None)

    def update(self, *others: Any, **named: Any) -> None:
        """Merge mappings, or pairs, in order."""
        for other in (*others, named):
            self.merge(other if isinstance(other, Mapping) else dict(other))

    def setdefault(self, key: Any, default: Any = None) -> Any:
        """Return the value of a key, which is set first where it is missing."""
        if key not in self:
            self[key] = default
        return self[key]

    def pop(self, key: Any, *default: Any) -> Any:
        """Remove a key and return its value."""
        self.chains.pop(key, None)
        return super().pop(key, *default)

    def popitem(self) -> tuple[Any, Any]:
        """Remove the last key and return it with its value."""
        key, value = super().popitem()
        self.chains.pop(key, None)
        return key, value

    def clear(self) -> None:
        """Remove everything."""
        super().clear()
        self.chains.clear()

    def copy(self) -> Table:
        """Return a table with the same values and history."""
        return Table(self)

    def __or__(self, other: Any) -> Any:
        """Return both merged."""
        if not isinstance(other, dict):
            return NotImplemented
        result = Table(self)
        result.merge(other)
        return result

    def __ror__(self, other: Any) -> Any:
        """Return both merged, where the left one is a plain dict."""
        return Table(other) | self if isinstance(other, dict) else NotImplemented

    def __ior__(self, other: Any) -> Any:
        """Merge a mapping into this table."""
        self.update(other)
        return self


def _joined(mine: tuple[Setting, ...], theirs: tuple[Setting, ...]) -> tuple[Setting, ...]:
    """Return two histories one after the other, without what both begin with."""
    same = 0
    for left, right in zip(mine, theirs, strict=False):
        if left is not right:
            break
        same += 1
    return (*mine, *theirs[same:])


def deep(value: Any, memo: dict[int, Any] | None = None) -> Any:
    """Return a copy of a container and of the containers in it, with their history.

    As Python's own deep copy, it copies what is shared only once.
    """
    memo = {} if memo is None else memo
    if id(value) in memo:
        return memo[id(value)]
    if isinstance(value, dict):
        made = Table() if isinstance(value, Table) else {}
        memo[id(value)] = made
        for key, item in value.items():
            dict.__setitem__(made, key, deep(item, memo))
        if isinstance(value, Table) and isinstance(made, Table):
            _copy_history(value, made)
        return made
    if isinstance(value, list):
        items: list[Any] = []
        memo[id(value)] = items
        items += [deep(item, memo) for item in value]
        return items
    if isinstance(value, tuple):
        return tuple(deep(item, memo) for item in value)
    return set(value) if isinstance(value, set) else value


def _copy_history(table: Table, copied: Table) -> None:
    """Give a copy the history of its original; what holds is the copied value."""
    for key, chain in table.chains.items():
        if chain:
            copied.chains[key] = (*chain[:-1], replace(chain[-1], value=copied[key]))
    copied.broken = list(table.broken)
    copied.repeated = list(table.repeated)
