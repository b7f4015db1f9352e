"""Matching of hardware that is known only in part."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from enum import Enum


class Matchable(ABC):
    @abstractmethod
    def matches(self, o):
        pass

    def __eq__(self, o):
        return self.matches(o)


class MatchAny(Matchable):
    def matches(self, o):
        return True

    def __hash__(self):
        return hash("MatchAny")


MATCH_ANY = MatchAny()


class MatchAllowList(Matchable):
    def __init__(self, items):
        self.values = items

    def matches(self, o):
        return any(o == v for v in self.values)

    def __hash__(self):
        return sum(map(hash, self.values))


class MatchFloatApproximate(Matchable):
    def __init__(self, o, to_float_fn, rel_tol=0.05):
        self.o = o
        self.to_float_fn = to_float_fn
        self.rel_tol = rel_tol

    def matches(self, other):
        if self.o.__class__ == other.__class__:
            return math.isclose(self.to_float_fn(self.o), self.to_float_fn(other), rel_tol=self.rel_tol)
        if self.__class__ == other.__class__:
            return self.o == other.o
        return NotImplemented

    def __hash__(self):
        return hash(self.o)


class MatchableEnum(Enum):
    @classmethod
    def get_first_match(cls, x):
        for elem in cls:
            if elem.value.matches(x):
                return elem
        return None


class Hardware(Matchable):
    def identifiers(self):
        raise NotImplementedError

    def matches(self, other):
        if other.__class__ == self.__class__:
            return self.identifiers() == other.identifiers()
        return NotImplemented
