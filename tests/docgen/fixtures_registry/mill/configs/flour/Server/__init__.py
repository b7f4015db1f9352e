"""Everything that the registry refuses."""

from configs.configuration import *
from configs.flour import GPUBaseConfig
from configs.flour.Offline import G9_80GBx1 as Other


class ServerGPUBaseConfig(GPUBaseConfig):
    scenario = Scenario.Server


@ConfigRegistry.register(HarnessType.Custom, AccuracyTarget.k_99, PowerSetting.MaxP)
class Good(ServerGPUBaseConfig):
    system = KnownSystem.G9_141GBx8
    gpu_batch_size = {"flour": 2}
    server_target_qps = 5_000
    start_from_device = True


@ConfigRegistry.register(HarnessType.Custom, AccuracyTarget.k_99, PowerSetting.MaxP)
class SameKey(ServerGPUBaseConfig):
    system = KnownSystem.G9_141GBx8
    gpu_batch_size = {"flour": 3}


@ConfigRegistry.register(HarnessType.Custom, AccuracyTarget.k_99, PowerSetting.MaxP)
class NoBatch(ServerGPUBaseConfig):
    system = KnownSystem.G9_80GBx4


@ConfigRegistry.register(HarnessType.Custom, AccuracyTarget.k_99_9, PowerSetting.MaxP)
class UnknownField(ServerGPUBaseConfig):
    system = KnownSystem.G9_80GBx4
    gpu_batch_size = {"flour": 3}
    gpu_batch_sise = {"flour": 3}


@ConfigRegistry.register(HarnessType.Custom, AccuracyTarget.k_99, PowerSetting.MaxP)
class WrongSystem(ServerGPUBaseConfig):
    system = KnownSystem.G9_80GBx1
    gpu_batch_size = {"flour": 3}
    start_from_device = True


@ConfigRegistry.register(HarnessType.LWIS, AccuracyTarget.k_99, PowerSetting.MaxP)
class WrongHarness(ServerGPUBaseConfig):
    system = KnownSystem.G9_80GBx1
    gpu_batch_size = {"flour": 3}


@ConfigRegistry.register(HarnessType.Triton, AccuracyTarget.k_99, PowerSetting.MaxP)
class NotServed(ServerGPUBaseConfig):
    system = KnownSystem.G9_80GBx1
    gpu_batch_size = {"flour": 3}
    use_triton = False


@ConfigRegistry.register(HarnessType.HeteroMIG, AccuracyTarget.k_99, PowerSetting.MaxP)
class NoSlices(ServerGPUBaseConfig):
    system = KnownSystem.G9_80GBx1
    gpu_batch_size = {"flour": 3}


@ConfigRegistry.register(HarnessType.Custom, AccuracyTarget.k_99, PowerSetting.MaxP)
class Twice(ServerGPUBaseConfig):
    system = KnownSystem.G9_80GBx2
    gpu_batch_size = {"flour": 3}
    precision = "int8"
    precision = "fp16"


@ConfigRegistry.register(HarnessType.Custom, AccuracyTarget.k_99_9, PowerSetting.MaxP)
class OtherScenario(Other):
    scenario = Scenario.Server
    offline_expected_qps = None


@ConfigRegistry.register(HarnessType.Custom, AccuracyTarget.k_99_9, PowerSetting.MaxP)
class OtherBoard(Good):
    system = KnownSystem.G9_80GBx8


class Mixin:
    ratio = 0.25


@ConfigRegistry.register(HarnessType.Custom, AccuracyTarget.k_99_9, PowerSetting.MaxP)
class SeveralBases(Mixin, ServerGPUBaseConfig):
    system = KnownSystem.G9_141GBx1
    gpu_batch_size = {"flour": 3}
