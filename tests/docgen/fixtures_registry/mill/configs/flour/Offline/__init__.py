"""Names twice, None, shifts, references, annotations, hidden names."""

from configs.configuration import *
from configs.flour import GPUBaseConfig

SHARED = {"alpha": 1, "beta": {"gamma": (1, 2.0)}}


class OfflineGPUBaseConfig(GPUBaseConfig):
    scenario = Scenario.Offline
    workspace_size: int = 1 << 30
    options = dict(SHARED)


@ConfigRegistry.register(HarnessType.Custom, AccuracyTarget.k_99, PowerSetting.MaxP)
class G9_80GBx1(OfflineGPUBaseConfig):
    """One board. Measured twice."""

    system = KnownSystem.G9_80GBx1
    _per_sack = 3
    gpu_batch_size = {"flour": 1 << 7, "bran": _per_sack * 2}
    offline_expected_qps = 9400
    ratio = 1.0
    levels = (1, 2, (3,))
    kinds = {"b", "a", "c"}
    make = staticmethod(lambda x: x)


@ConfigRegistry.register(HarnessType.Custom, AccuracyTarget.k_99_9, PowerSetting.MaxP)
class G9_80GBx1_HighAccuracy(G9_80GBx1):
    precision = Precision.FP16
    offline_expected_qps = G9_80GBx1.offline_expected_qps * 0.5
    use_graphs = None


@ConfigRegistry.register(HarnessType.Custom, AccuracyTarget.k_99, PowerSetting.MaxP)
class G9_80GBx8(G9_80GBx1):
    system = KnownSystem.G9_80GBx8
    offline_expected_qps = G9_80GBx1.offline_expected_qps * 8 - 1
    gpu_batch_size: dict = {**G9_80GBx1.gpu_batch_size, "germ": 7 // 2}


@ConfigRegistry.register(HarnessType.Custom, AccuracyTarget.k_99, PowerSetting.MaxQ)
class G9_80GBx8(G9_80GBx8):
    power_limit = 450
    start_from_device = True


@ConfigRegistry.register(HarnessType.Triton, AccuracyTarget.k_99, PowerSetting.MaxP)
@ConfigRegistry.register(HarnessType.Triton, AccuracyTarget.k_99_9, PowerSetting.MaxP)
class G9_80GBx8_Triton(G9_80GBx8):
    power_limit = None
    instance_count: int
    use_triton = True


@ConfigRegistry.register(HarnessType.HeteroMIG, AccuracyTarget.k_99, PowerSetting.MaxP)
class G8_MIG_Hetero(OfflineGPUBaseConfig):
    system = KnownSystem.G8_MIG_1x1g_5gb
    gpu_batch_size = {"flour": 8}
    options = OfflineGPUBaseConfig.options


@ConfigRegistry.register(HarnessType.Custom, AccuracyTarget.k_99, PowerSetting.MaxP)
class Tiny(OfflineGPUBaseConfig):
    system = KnownSystem.Tiny
    gpu_batch_size = {"flour": 1}


@ConfigRegistry.register(HarnessType.Custom, AccuracyTarget.k_99, PowerSetting.MaxP)
class Handx1(OfflineGPUBaseConfig):
    system = KnownSystem.Handx1
    ratio = -2.5e-1
