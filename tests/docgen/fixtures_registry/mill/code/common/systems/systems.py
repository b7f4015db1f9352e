"""Parts of a system."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import Any

from code.common.systems.base import *


@dataclass(eq=True, frozen=True)
class CPU(Hardware):
    name: Any
    architecture: Any
    core_count: Any

    def identifiers(self):
        return (self.name, self.architecture, self.core_count)

    def __eq__(self, o):
        return self.matches(o)


@dataclass(eq=True, frozen=True)
class GPU(Hardware):
    name: Any
    vram: Any
    max_power_limit: Any
    pci_id: Any
    compute_sm: Any

    def identifiers(self):
        return (self.name, self.vram, self.max_power_limit, self.pci_id, self.compute_sm)

    def __eq__(self, o):
        return self.matches(o)


@dataclass(eq=True, frozen=True)
class MIG(GPU):
    num_gpcs: Any

    def __eq__(self, o):
        return self.matches(o)


@dataclass(eq=True, frozen=True)
class Layout(Hardware):
    layout: dict

    def matches(self, other):
        if other.__class__ != self.__class__:
            return NotImplemented
        if len(self.layout) != len(other.layout):
            return False
        for item, count in self.layout.items():
            found = False
            for other_item, other_count in other.layout.items():
                if item == other_item:
                    found = True
                    if count != other_count:
                        return False
                    break
            if not found:
                return False
        return True

    def __eq__(self, o):
        return self.matches(o)

    def num_gpus(self):
        i = 0
        for item in self.layout:
            if item.__class__ is GPU:
                i += self.layout[item]
        return i

    def num_migs(self):
        i = 0
        for item in self.layout:
            if item.__class__ is MIG:
                i += self.layout[item]
        return i

    def get_accelerators(self):
        return list(self.layout.keys())


@dataclass(eq=True, frozen=True)
class SystemConfiguration(Hardware):
    host_cpu_conf: Layout
    accelerator_conf: Layout
    system_id: str | None = None

    def matches(self, other):
        if other.__class__ == self.__class__:
            return self.host_cpu_conf == other.host_cpu_conf and self.accelerator_conf == other.accelerator_conf
        return NotImplemented

    def __eq__(self, o):
        return self.matches(o)

    def get_compute_sm(self):
        compute_sm = None
        for item in self.accelerator_conf.layout:
            if item.__class__ in [MIG, GPU]:
                if compute_sm is None:
                    compute_sm = item.compute_sm
                elif item.compute_sm != compute_sm:
                    logging.warning("several kinds of stone")
        return compute_sm
