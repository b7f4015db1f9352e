from code.common.constants import AliasedName, AliasedNameEnum
from pathlib import Path

BIG = 1 << 3 > 4
PLACE = Path("build") / "grain"


class Part(AliasedNameEnum):
    HULL = AliasedName("hull")
