from enum import Enum


class AliasedName:
    def __init__(self, name, aliases=()):
        self.name = name
        self.aliases = aliases


class AliasedNameEnum(Enum):
    pass
