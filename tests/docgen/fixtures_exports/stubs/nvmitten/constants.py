from enum import Enum, auto


class Precision(Enum):
    FP16 = auto()
    FP8 = auto()

    @classmethod
    def get_match(cls, text):
        return cls[text.upper()]
