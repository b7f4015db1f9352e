"""MIG from the harness's table: boards, profiles with confidence, layouts drawn, who has what."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

from docgen import formatting as fmt
from docgen.catalog import Catalog, MigBoard, MigProfile, Target
from docgen.views import links
from docgen.views.lookup import Lookup, none_cell
from docgen.views.migdrawing import draw
from docgen.views.miglayouts import Layout, layouts, maximal, sets
from docgen.views.model import Config, Evidence, Output, Page, Table, Text
from docgen.views.text import code, inline, slug

CONFIRMED = "confirmed"
"""Confidence of a row that was seen in print as a whole."""

PAGE = "reference/mig.md"
"""The page of all boards."""


@dataclass(frozen=True, kw_only=True)
class Drawn:
    """A board as a page shows it."""

    name: str
    """Key of the table."""
    title: str
    """Name for readers."""
    label: str
    """Label of its section on the page of all boards."""
    facts: str
    """Slices, slots and PCI ids in one sentence."""
    note: str
    """What a reader must know."""
    profiles: Table
    """Its profiles, the variants last."""
    doubts: tuple[str, ...]
    """What was concluded and not seen in print."""
    sources: tuple[str, ...]
    """Documents that the rows were taken from."""
    counts: str
    """How many layouts it has, in words."""
    svg: str
    """Path of the drawing."""
    alt: str
    """What the drawing shows."""
    text: Table
    """The layouts of the drawing in text."""


def pages(catalog: Catalog, evidence: Evidence, config: Config) -> Iterable[Output]:
    """Yield the page of all boards and a drawing for each; nothing where there is no table."""
    del evidence, config
    if not catalog.boards:
        return
    lookup = Lookup(catalog)
    for board in catalog.boards:
        yield Text(path=f"reference/mig/{slug(board.name)}.svg", text=_svg(board))
    rules = [p for p in catalog.policies if p.id.startswith("mig.")]
    yield Page(
        path=PAGE,
        template="mig.md.j2",
        context={
            "boards": [drawn(b) for b in catalog.boards],
            "overview": _overview(catalog, lookup),
            "rules": [(links.policy(p.id, p.title), inline(p.rule)) for p in rules],
        },
    )


def section(target: Target, catalog: Catalog) -> Drawn | None:
    """Return the board of a target that is no slice; None where the table does not have it."""
    board = board_of(target, catalog)
    return drawn(board) if board is not None and target.mig is None else None


def board_of(target: Target, catalog: Catalog) -> MigBoard | None:
    """Return the board of a target: the one that its slice names, or whose PCI id it has."""
    for board in catalog.boards:
        if target.mig is not None:
            if target.mig.board == board.name:
                return board
        elif {p.casefold() for p in target.pci_ids} & {p.casefold() for p in board.pci_ids}:
            return board
    return None


@lru_cache(maxsize=64)
def drawn(board: MigBoard) -> Drawn:
    """Return a board as a page shows it."""
    plain = layouts(board)
    rows = _shown(board)
    media = any(p.attributes for p in board.profiles)
    every = layouts(board, media=True) if media else plain
    facts = (
        f"{fmt.count(board.compute_slices, 'compute slice')}, "
        f"{fmt.count(board.slots, 'memory slot')}; PCI "
        + (", ".join(map(code, board.pci_ids)) or "ids not known")
    )
    counts = (
        f"{fmt.count(len(plain), 'valid layout')} of plain profiles, {len(maximal(board, plain))} "
        f"of them full; {fmt.count(len(rows), 'set')} of profiles fill the board. "
        f"With media variants there are {len(every)}."
    )
    doubts = dict.fromkeys(p.confidence for p in board.profiles if p.confidence != CONFIRMED)
    documents = dict.fromkeys(s for p in board.profiles for s in p.sources)
    return Drawn(
        name=board.name,
        title=inline(board.title),
        label=f"mig-{slug(board.name)}",
        facts=facts,
        note=inline(board.note),
        profiles=_profiles(board),
        doubts=tuple(inline(d) for d in doubts),
        sources=tuple(inline(s) for s in documents),
        counts=counts,
        svg=f"reference/mig/{slug(board.name)}.svg",
        alt=_alt(board, rows),
        text=_text(board, rows),
    )


@lru_cache(maxsize=64)
def _shown(board: MigBoard) -> tuple[Layout, ...]:
    """Return the layouts that are drawn: one of each set of plain profiles that fills a board."""
    plain = layouts(board)
    return tuple(sets(maximal(board, plain)))


def _svg(board: MigBoard) -> str:
    """Return the drawing of a board."""
    rows = _shown(board)
    return draw(board, rows, _alt(board, rows))


def _alt(board: MigBoard, rows: tuple[Layout, ...]) -> str:
    """Return what a drawing shows, in words; the table beside it has every place."""
    first = " + ".join(p.profile for p in rows[0])
    last = " + ".join(p.profile for p in rows[-1])
    return (
        f"The {fmt.count(len(rows), 'set')} of plain profiles that fill one {board.name}, as "
        f"instances on {board.slots} memory slots, from {first} to {last}; listed as text below"
    )


def _text(board: MigBoard, rows: tuple[Layout, ...]) -> Table:
    """Return the drawn layouts as text, in the order of the drawing."""
    by_name = {p.name: p for p in board.profiles}
    cells = tuple(
        (
            " ".join(code(str(p)) for p in layout),
            str(sum(by_name[p.profile].compute_slices for p in layout)),
            str(sum(p.size for p in layout)),
        )
        for layout in rows
    )
    headers = ("Instances, `PROFILE@START`", "Compute slices", "Memory slots")
    return Table(headers=headers, rows=cells, numeric=(1, 2))


def _profiles(board: MigBoard) -> Table:
    """Return the profiles of a board as a table."""
    ordered = sorted(board.profiles, key=lambda p: bool(p.attributes))
    headers = (
        *("Profile", "Id", "Slices", "Slots", "Starts", "Most"),
        *("GiB", "SMs", "Engines", "Row"),
    )
    rows = tuple(_profile(p) for p in ordered)
    return Table(headers=headers, rows=rows, numeric=(1, 2, 3, 5, 6, 7), stub=1, name="bench-wide")


def _profile(profile: MigProfile) -> tuple[str, ...]:
    """Return the cells of one profile."""
    engines = [f"{n} {kind.upper()}" for kind, n in profile.engines.counts if n]
    return (
        code(profile.name),
        none_cell() if profile.profile_id is None else str(profile.profile_id),
        str(profile.compute_slices),
        str(profile.size),
        ", ".join(map(str, profile.starts)),
        str(profile.max_instances),
        none_cell() if profile.memory_gib is None else f"{profile.memory_gib:g}",
        none_cell() if profile.sms is None else str(profile.sms),
        ", ".join(engines) or none_cell(),
        CONFIRMED if profile.confidence == CONFIRMED else "**inferred**",
    )


def _overview(catalog: Catalog, lookup: Lookup) -> Table:
    """Return all boards with the targets that are them, or slices of them: computed."""
    rows = []
    for board in catalog.boards:
        mine = [t for t in lookup.targets.values() if board_of(t, catalog) is board]
        whole = [links.target(t.name, t.title) for t in mine if t.mig is None]
        parts = [links.target(t.name, t.mig.profile) for t in mine if t.mig]
        sure = all(p.confidence == CONFIRMED for p in board.profiles)
        rows.append(
            (
                links.ref(f"mig-{slug(board.name)}", board.name),
                ", ".join(whole) or none_cell(),
                ", ".join(parts) or none_cell(),
                f"{board.compute_slices} / {board.slots}",
                str(len(layouts(board))),
                CONFIRMED if sure else "inferred in part",
            )
        )
    headers = ("Board", "Targets", "Slices of it", "Slices / slots", "Layouts", "Rows")
    return Table(headers=headers, rows=tuple(rows), numeric=(3, 4), stub=1)
