"""Its benchmark's folder has no `__init__.py`."""

from configs.configuration import *
from configs.rye.base import Rye


@ConfigRegistry.register(accuracy_target=AccuracyTarget.k_99, power_setting=PowerSetting.MaxP, harness_type=HarnessType.Custom)
class G9_141GBx1(Rye):
    system = KnownSystem.G9_141GBx1
    stone = "slate"
