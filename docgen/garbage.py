"""When a build collects garbage: seldom, and never through what stays.

A build makes millions of objects that live to its end: the Catalog, what is known of every
page. Python's collector walks through all of them again and again, which was a quarter of the
time of a rebuild. Here it stands still, and sweeps are made where much garbage in cycles has
come together: after every few pages. What has outlived a sweep is not looked at again.
"""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager

PAGES = 16
"""Pages that are read or written between two sweeps."""

_state = {"seldom": False, "pages": 0}


@contextmanager
def collected_seldom() -> Iterator[None]:
    """Let the collector stand still, but for sweeps; afterwards it works as before.

    What there is at the end stays out of its sight until the next build: most programs end
    then, and to look at all of it once more takes as long as to write ten pages.
    """
    collecting = gc.isenabled()
    gc.disable()
    gc.unfreeze()
    _state.update(seldom=True, pages=0)
    try:
        yield
    finally:
        _state["seldom"] = False
        gc.freeze()
        if collecting:
            gc.enable()


def count_page() -> None:
    """Count a page that was read or written, and sweep after every few of them."""
    _state["pages"] += 1
    if _state["pages"] % PAGES == 0:
        sweep()


def sweep() -> None:
    """Collect garbage now and leave what is not garbage alone from now on.

    Nothing happens where the collector is at work anyway.
    """
    if _state["seldom"]:
        gc.collect()
        gc.freeze()


def settle() -> None:
    """Leave all that there is alone from now on, garbage in cycles included."""
    if _state["seldom"]:
        gc.freeze()
