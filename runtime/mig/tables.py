"""Reads a profile table: JSON in, checked boards out, every problem at once."""

from __future__ import annotations

import dataclasses
import json
from collections import Counter
from pathlib import Path
from typing import Any, TypeVar

from runtime.configs.fieldspec import check
from runtime.errors import ArtifactError, ConfigError, Problem
from runtime.mig.boards import Board, Engines, Profile, Table

SCHEMA = 1
"""Version of the file format that this module reads."""

T = TypeVar("T", Engines, Profile, Board)


def read_table(path: Path) -> Table:
    """Return the boards of a file.

    Raises:
        ArtifactError: It cannot be read or is no JSON.
        ConfigError: With everything that is wrong in it.
    """
    try:
        raw = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError) as error:
        problem = Problem(str(path), "a JSON file", str(error), "restore the file")
        raise ArtifactError(problem) from error
    problems: list[Problem] = []
    made = _table(raw, problems, path.name)
    if problems or made is None:
        raise ConfigError(problems)
    return made


def _table(raw: Any, problems: list[Problem], where: str) -> Table | None:
    """Return the table, or note why there is none."""
    if not isinstance(raw, dict) or raw.get("schema") != SCHEMA:
        got = raw.get("schema") if isinstance(raw, dict) else type(raw).__name__
        mend = "use the file that came with this version"
        problems.append(Problem(f"{where}: schema", str(SCHEMA), str(got), mend))
        return None
    sources = raw.get("sources")
    boards = raw.get("boards")
    if not isinstance(sources, dict) or not isinstance(boards, dict):
        mend = "give both as objects"
        problems.append(Problem(where, "`sources` and `boards`", "something else", mend))
        return None
    made = [_board(name, row, sources, problems) for name, row in boards.items()]
    found = tuple(b for b in made if b is not None)
    ids = Counter(i.casefold() for b in found for i in b.pci_ids)
    for pci_id, count in ids.items():
        if count > 1:
            mend = "give it to one of them"
            problems.append(Problem(f"{where}: {pci_id}", "one board", f"{count} boards", mend))
    return Table(boards=found, sources=dict(sources))


def _board(name: str, raw: Any, sources: dict[str, str], problems: list[Problem]) -> Board | None:
    """Return one board; note everything that is wrong with it and its rows."""
    rows = raw.get("profiles") if isinstance(raw, dict) else None
    if not isinstance(rows, list) or not rows:
        problems.append(Problem(name, "an object with `profiles`", str(raw)[:40], "add its rows"))
        return None
    profiles = [_profile(f"{name}[{n}]", row, problems) for n, row in enumerate(rows)]
    engines = raw.get("engines")
    values = {
        **raw,
        "name": name,
        "pci_ids": tuple(raw.get("pci_ids") or ()),
        "engines": _make(Engines, f"{name}.engines", engines, problems) if engines else None,
        "profiles": tuple(p for p in profiles if p is not None),
    }
    board = _make(Board, name, values, problems)
    if board is not None:
        for profile in board.profiles:
            problems += _fits(board, profile, sources)
        problems += _doubles(board)
    return board


def _profile(where: str, raw: Any, problems: list[Problem]) -> Profile | None:
    """Return one row."""
    if not isinstance(raw, dict):
        problems.append(Problem(where, "an object", type(raw).__name__, "write it as one"))
        return None
    where = f"{where} {raw.get('name', '')}".rstrip()
    values = dict(raw)
    for key in ("starts", "attributes", "sources"):
        if isinstance(raw.get(key), list):
            values[key] = tuple(raw[key])
    values["engines"] = _make(Engines, f"{where}.engines", raw.get("engines"), problems)
    return _make(Profile, where, values, problems)


def _make(cls: type[T], where: str, raw: Any, problems: list[Problem]) -> T | None:
    """Return a checked object of a class; missing, unknown and unfit values are noted."""
    if not isinstance(raw, dict):
        problems.append(Problem(where, "an object", type(raw).__name__, "write it as one"))
        return None
    names = {f.name for f in dataclasses.fields(cls)}
    missing, unknown = names - set(raw), set(raw) - names
    problems += [Problem(where, f"`{n}`", "nothing", "add it, or null") for n in sorted(missing)]
    problems += [Problem(where, "a known key", n, "remove it") for n in sorted(unknown)]
    if missing or unknown:
        return None
    made = cls(**raw)
    found = check(made, where=where)
    problems += found
    return None if found else made


def _fits(board: Board, profile: Profile, sources: dict[str, str]) -> list[Problem]:
    """Return what is wrong with a row on its board."""
    where = f"{board.name} {profile.name}"
    found = []
    if profile.compute_slices > board.compute_slices:
        want = f"at most {board.compute_slices} compute slices"
        found.append(Problem(where, want, str(profile.compute_slices), "mend the row"))
    last = board.slots - profile.size
    if not profile.starts or any(
        not isinstance(s, int) or not 0 <= s <= last for s in profile.starts
    ):
        got = ", ".join(map(str, profile.starts)) or "none"
        found.append(Problem(where, f"starts from 0 to {last}", got, "mend the row"))
    found += [
        Problem(where, "a source of the table", key, "add it to `sources`")
        for key in profile.sources
        if key not in sources
    ]
    if not profile.sources:
        found.append(Problem(where, "a source", "none", "name where the row comes from"))
    return found


def _doubles(board: Board) -> list[Problem]:
    """Return names and ids that two rows of a board share."""
    names = Counter(p.name for p in board.profiles)
    ids = Counter(p.profile_id for p in board.profiles if p.profile_id is not None)
    return [
        Problem(f"{board.name} {key}", "one row", f"{count} rows", "remove all but one")
        for key, count in [*names.items(), *ids.items()]
        if count > 1
    ]
