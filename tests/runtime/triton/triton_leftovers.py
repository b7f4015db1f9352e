"""What tests leave behind on this machine, told apart from what other programs have there."""

from __future__ import annotations

import os
import re
import threading
from contextlib import contextmanager

import psutil

from runtime.triton.regions import SHM


@contextmanager
def family():
    """Give the ids of this process and of all that it starts meanwhile, however short they live."""
    owners, over = {os.getpid()}, threading.Event()

    def note() -> None:
        while not over.wait(0.2):
            owners.update(p.pid for p in psutil.Process().children(recursive=True))

    watch = threading.Thread(target=note, daemon=True)
    watch.start()
    try:
        yield owners
    finally:
        over.set()
        watch.join()


def regions_of(owners):
    """Return the names of shared memory objects that some processes made."""
    found = []
    for path in SHM.glob("calliope-*"):
        match = re.match(r"calliope-(?:region-)?(\d+)-", path.name)
        if match and int(match[1]) in owners:
            found.append(path.name)
    return found
