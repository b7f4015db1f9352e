"""Bases from a module whose name is no identifier; a class changed after its definition."""

from importlib import import_module

from configs.configuration import *

ParentConfig = import_module("configs.3d-oats")
GPUBaseConfig = ParentConfig.GPUBaseConfig
constants = import_module("code.grain.constants")


class OfflineGPUBaseConfig(GPUBaseConfig):
    scenario = Scenario.Offline
    gpu_batch_size = {constants.Part.HULL: 3, "3d-oats": 4, 5: 6}


@ConfigRegistry.register(HarnessType.LWIS, AccuracyTarget.k_99, PowerSetting.MaxP)
class G8_40GBx1(OfflineGPUBaseConfig):
    system = KnownSystem.G8_40GBx1
    offline_expected_qps = ParentConfig.Lift.height ** 2 % 100
    levels = [n * n for n in range(3)]
    path = constants.PLACE / "oats"
    if constants.BIG:
        ratio = 4


@ConfigRegistry.register(HarnessType.LWIS, AccuracyTarget.k_99, PowerSetting.MaxQ)
class G8_40GBx1_MaxQ(G8_40GBx1):
    power_limit = max(100, 300) - len("watts")
    offline_expected_qps = 1 if G8_40GBx1.ratio > 3 else 2


G8_40GBx1_MaxQ.stone = G8_40GBx1.stone.upper()
OfflineGPUBaseConfig.options = {"late": True}
