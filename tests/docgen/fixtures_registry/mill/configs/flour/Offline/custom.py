"""A partner's own: the known system under another name, and a system of its own."""

import copy
import os

from . import *

BASE = {"a": [1, 2], "b": {"c": 3}}
COPY = copy.deepcopy(BASE)
COPY["b"]["c"] = 4
COPY["a"].append(5)
COPY.update(d=6)
os.environ["MILL_SPEED"] = "7"

for _size in (1, 2):
    BASE[f"size-{_size}"] = _size << 4


@ConfigRegistry.register(HarnessType.Custom, AccuracyTarget.k_99, PowerSetting.MaxP)
class Partner_G9x2(OfflineGPUBaseConfig):
    system = KnownSystem.Partner_G9x2
    gpu_batch_size: dict = {"flour": 64}
    offline_expected_qps: float = 0.0
    options = COPY


@ConfigRegistry.register(HarnessType.Custom, AccuracyTarget.k_99, PowerSetting.MaxP)
class Partner_G9x3(OfflineGPUBaseConfig):
    system = KnownSystem.Partner_G9x3
    gpu_batch_size: dict = {"flour": 64}
    options = BASE
    ratio = int(os.environ["MILL_SPEED"]) + 0.5


@ConfigRegistry.register(HarnessType.Custom, AccuracyTarget.k_99, PowerSetting.MaxP)
class Known_G9x2(OfflineGPUBaseConfig):
    system = KnownSystem.G9_80GBx2
    gpu_batch_size = {"flour": 65}
