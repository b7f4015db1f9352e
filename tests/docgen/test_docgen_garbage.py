"""A build collects garbage seldom; afterwards the collector works as before."""

from __future__ import annotations

import gc
import weakref

import pytest

from docgen import garbage


class _Knot:
    """An object that refers to itself, so that only the collector frees it."""

    def __init__(self):
        self.own = self


def test_the_collector_stands_still_but_for_sweeps_after_pages():
    assert gc.isenabled()
    with garbage.collected_seldom():
        assert not gc.isenabled()
        knot = weakref.ref(_Knot())
        for _ in range(garbage.PAGES - 1):
            garbage.count_page()
        assert knot() is not None
        garbage.count_page()
        assert knot() is None
    assert gc.isenabled()


def test_the_collector_works_again_after_a_failure():
    with pytest.raises(KeyError), garbage.collected_seldom():
        raise KeyError
    assert gc.isenabled()


def test_nothing_is_swept_or_frozen_outside_of_a_build():
    frozen = gc.get_freeze_count()
    garbage.sweep()
    garbage.settle()
    assert gc.get_freeze_count() == frozen


def test_what_a_build_left_is_collected_by_the_next_one():
    with garbage.collected_seldom():
        knot = weakref.ref(_Knot())
        garbage.settle()
    with garbage.collected_seldom():
        garbage.sweep()
        assert knot() is None
