from code.common.constants import *
from code.common.system_list import Architecture, System
from configs.configuration import *

_hearth = System("Hearth", Architecture.Clay, 1, cpu_arch=Host.aarch64)


@ConfigRegistry.register(HarnessType.Custom, AccuracyTarget.k_99, PowerSetting.MaxP)
@ConfigRegistry.register(HarnessType.Triton, AccuracyTarget.k_99, PowerSetting.MaxP)
class Hearth(BenchmarkConfiguration):
    benchmark = Benchmark.TILE
    scenario = Scenario.Offline
    system = _hearth
    batch = 2
