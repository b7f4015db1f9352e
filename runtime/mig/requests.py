"""Reads what a user asks a plan for: options of the command line, or a JSON or TOML file."""

from __future__ import annotations

import dataclasses
import json
import math
import re
import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from runtime.configs.fieldspec import check, field_types
from runtime.errors import ArtifactError, HarnessError, Problem, UsageError, suggest
from runtime.mig.boards import Board, find_board
from runtime.mig.fleet import Gpu, Instance
from runtime.mig.needs import Need

_GPU = re.compile(r"^(?P<board>[^*@\s]+)(?:\*(?P<count>\d+))?(?:@(?P<first>\d+))?$")
_CURRENT = re.compile(
    r"^(?P<gpu>\d+):(?P<profile>[^@=#!\s]+)@(?P<start>\d+)"
    r"(?:#(?P<gi>\d+))?(?:=(?P<workload>[^!\s]+))?(?P<keep>!)?$"
)
_WORDS = ("name", "profile")
_MOST_GPUS = 1024


@dataclasses.dataclass(frozen=True)
class Asked:
    """What a plan is asked for."""

    needs: tuple[Need, ...]
    """What the workloads need."""
    gpus: tuple[Gpu, ...]
    """What there is, with the instances on it."""

    def on(self, gpus: tuple[Gpu, ...]) -> Asked:
        """Return the same needs on GPUs that were looked at.

        Raises:
            UsageError: GPUs were also named.
        """
        if self.gpus:
            do = "leave out --gpu and --current"
            got = "GPUs that were named, too"
            raise UsageError(Problem("--device", "this machine's GPUs alone", got, do))
        return dataclasses.replace(self, gpus=gpus)


def read_request(
    needs: Sequence[str], gpus: Sequence[str], current: Sequence[str], file: Path | None = None
) -> Asked:
    """Return needs and GPUs from options and a file; both may add to each other.

    Args:
        needs: `NAME:profile=1g.10gb,count=2`, `NAME:memory=18,sms=20`.
        gpus: `BOARD` or `BOARD*COUNT`; indices count up from 0, or from INDEX in `BOARD@INDEX`.
        current: `GPU:PROFILE@START`, then `#GI` (number of the instance), `=WORKLOAD` and `!`
            (neither destroy nor use) where they apply.
        file: JSON or TOML with lists `need` (keys as in `Need`), `gpu` (`board`, `count`, and
            `index` of the first) and `current` (texts as above).

    Raises:
        UsageError: With everything that cannot be understood.
        ArtifactError: The file cannot be read.
    """
    problems: list[Problem] = []
    raw = _read_file(file) if file is not None else {}
    wanted = [_need(text, problems) for text in needs]
    wanted += [_need_of(row, f"{file}: need", problems) for row in _rows(raw, "need", problems)]
    boards: dict[int, Board] = {}
    for text in [*gpus, *(_gpu_text(row) for row in _rows(raw, "gpu", problems))]:
        _add_boards(text, boards, problems)
    lines = [*current, *(str(c) for c in _rows(raw, "current", problems))]
    placed = [p for text in lines if (p := _current(text, boards, problems)) is not None]
    if problems:
        raise UsageError(problems)
    made = tuple(
        Gpu(
            index=n,
            board=board,
            current=tuple(sorted((i for at, i in placed if at == n), key=lambda i: i.placement)),
        )
        for n, board in sorted(boards.items())
    )
    return Asked(tuple(n for n in wanted if n is not None), made)


def _need(text: str, problems: list[Problem]) -> Need | None:
    """Return a need from an option's text."""
    name, colon, rest = text.partition(":")
    where = f"--need {text}"
    if not colon or not name.strip():
        want = "NAME:KEY=VALUE,..."
        problems.append(Problem(where, want, text, "for example bert:memory=18,sms=20,count=2"))
        return None
    values: dict[str, Any] = {"name": name.strip()}
    for part in filter(None, (p.strip() for p in rest.split(","))):
        key, equals, value = (w.strip() for w in part.partition("="))
        if not equals:
            problems.append(Problem(where, "KEY=VALUE", part, "put = between key and value"))
        else:
            values[key] = value
    return _need_of(values, where, problems)


def _need_of(raw: Any, where: str, problems: list[Problem]) -> Need | None:
    """Return a need from its keys and values; texts become numbers where numbers are wanted."""
    if not isinstance(raw, Mapping):
        problems.append(Problem(where, "a table of keys", repr(raw), "write it as one"))
        return None
    known = field_types(Need)
    values: dict[str, Any] = {}
    found: list[Problem] = []
    for key, value in raw.items():
        name = "memory" if key == "memory_gib" else key
        if name not in known:
            found.append(Problem(where, "a known key", str(key), suggest(str(key), list(known))))
            continue
        values[name] = _number(name, value, where, found)
    if not values.get("name"):
        found.append(Problem(where, "a name", "none", "add `name`"))
    if not found:
        made = Need(**values)
        found = check(made, where=where)
        if not found:
            return made
    problems += found
    return None


def _number(name: str, value: Any, where: str, problems: list[Problem]) -> Any:
    """Return a text as the number that its field wants; other values as they are."""
    if not isinstance(value, str) or name in _WORDS:
        return value
    text = value.removesuffix("GiB") if name == "memory" else value
    share = name == "share" and text.endswith("%")
    whole = name in ("count", "nvdec", "nvenc", "jpeg", "ofa")
    try:
        number = float(text.removesuffix("%") if share else text)
    except ValueError:
        number = math.nan
    if not (number.is_integer() if whole else math.isfinite(number)):
        kind = "a whole number" if whole else "a number"
        problems.append(Problem(f"{where}: {name}", kind, value, "mend it"))
        return 1
    if whole:
        return int(number)
    return number / 100 if share else number


def _gpu_text(row: Any) -> str:
    """Return a row of a file as the option's text."""
    if not isinstance(row, Mapping):
        return str(row)
    index = f"@{row['index']}" if "index" in row else ""
    return f"{row.get('board', '')}*{row.get('count', 1)}{index}"


def _add_boards(text: str, boards: dict[int, Board], problems: list[Problem]) -> None:
    """Add the GPUs that `BOARD*COUNT@INDEX` names, by index."""
    match = _GPU.match(text.strip())
    where = f"--gpu {text}"
    count = int(match["count"] or 1) if match else 0
    if match is None or not 1 <= count <= _MOST_GPUS:
        want = f"BOARD, BOARD*COUNT (1 to {_MOST_GPUS}) or BOARD*COUNT@INDEX"
        problems.append(Problem(where, want, text, "for example A100-80GB*4"))
        return
    try:
        board = find_board(match["board"])
    except HarnessError as error:
        problems += [Problem(where, p.want, p.got, p.do) for p in error.problems]
        return
    first = int(match["first"]) if match["first"] else max(boards, default=-1) + 1
    for index in range(first, first + count):
        if index in boards:
            mend = "give each GPU once"
            problems.append(Problem(where, f"one board for GPU {index}", "two", mend))
        boards[index] = board


def _current(
    text: str, boards: Mapping[int, Board], problems: list[Problem]
) -> tuple[int, Instance] | None:
    """Return the GPU and the instance that a text names."""
    match = _CURRENT.match(text.strip())
    where = f"--current {text}"
    if match is None:
        want = "GPU:PROFILE@START[#GI][=WORKLOAD][!]"
        problems.append(Problem(where, want, text, "for example 0:3g.40gb@4#2=bert"))
        return None
    index = int(match["gpu"])
    if index not in boards:
        known = ", ".join(map(str, sorted(boards)))
        want = f"one of GPU {known}" if boards else "a GPU given with --gpu"
        problems.append(Problem(where, want, str(index), "count the GPUs in order from 0"))
        return None
    try:
        profile = boards[index].profile(match["profile"])
    except HarnessError as error:
        problems += [Problem(where, p.want, p.got, p.do) for p in error.problems]
        return None
    return index, Instance(
        profile=profile.name,
        start=int(match["start"]),
        size=profile.size,
        workload=match["workload"] or "",
        keep=bool(match["keep"]),
        gi_id=int(match["gi"]) if match["gi"] else None,
    )


def _rows(raw: Mapping[str, Any], key: str, problems: list[Problem]) -> Iterable[Any]:
    """Return a list of the file."""
    found = raw.get(key, [])
    if not isinstance(found, list):
        problems.append(Problem(f"file: {key}", "a list", type(found).__name__, "write it as one"))
        return []
    return found


def _read_file(path: Path) -> Mapping[str, Any]:
    """Return the content of a JSON or TOML file."""
    if sys.version_info >= (3, 11):
        import tomllib
    else:
        import tomli as tomllib
    try:
        text = path.read_text("utf-8")
        raw = json.loads(text) if path.suffix == ".json" else tomllib.loads(text)
    except (OSError, ValueError) as error:
        mend = "check its name and content; .json is read as JSON, all else as TOML"
        raise ArtifactError(Problem(str(path), "JSON or TOML", str(error), mend)) from error
    if not isinstance(raw, Mapping):
        got = type(raw).__name__
        raise UsageError(Problem(str(path), "a table with need and gpu", got, "write it as one"))
    unknown = [key for key in raw if key not in ("need", "gpu", "current")]
    if unknown:
        mends = "use need, gpu and current"
        raise UsageError([Problem(str(path), "a known key", key, mends) for key in unknown])
    return raw
