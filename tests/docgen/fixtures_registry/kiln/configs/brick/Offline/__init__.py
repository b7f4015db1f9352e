from code.common.constants import *
from code.common.system_list import Architecture, Layout, MIGSlice, System
from configs.configuration import *


class Base(BenchmarkConfiguration):
    benchmark = Benchmark.BRICK
    scenario = Scenario.Offline
    heat = 950.5


@ConfigRegistry.register(HarnessType.Custom, AccuracyTarget.k_99, PowerSetting.MaxP)
class Ovenx2(Base):
    system = System("Oven-40GB", Architecture.Ampere, 2)
    batch = 64 << 1


@ConfigRegistry.register(HarnessType.Triton, AccuracyTarget.k_99, PowerSetting.MaxP)
class Ovenx2_Triton(Ovenx2):
    served = True


@ConfigRegistry.register(HarnessType.Custom, AccuracyTarget.k_99, PowerSetting.MaxP)
class Oven_arm(Base):
    system = System("Oven-40GB", Architecture.Ampere, 4, cpu_arch=Host.aarch64)
    batch = 8


@ConfigRegistry.register(HarnessType.Custom, AccuracyTarget.k_99, PowerSetting.MaxP)
class Oven_slices(Base):
    _layout = Layout({0: {MIGSlice(1, 5): 4, MIGSlice(3, 20): 1}, 1: {MIGSlice(1, 5): 7}})
    system = System("Oven-40GB", Architecture.Ampere, 2, mig_conf=_layout)
    batch = 4
    wall = 3


@ConfigRegistry.register(HarnessType.Custom, AccuracyTarget.k_99, PowerSetting.MaxP)
class Stove(Base):
    system = System("Stove", Architecture.Charcoal_CPU, 1)
    logs = 12


# What the registry refuses


@ConfigRegistry.register(HarnessType.Custom, AccuracyTarget.k_99, PowerSetting.MaxP)
class SameText(Base):
    system = System("Oven-40GB", Architecture.Ampere, 2, pci_id="AA02")
    batch = 1


@ConfigRegistry.register(HarnessType.Custom, AccuracyTarget.k_99, PowerSetting.MaxP)
class NoSlices(Base):
    system = System("Oven-40GB", Architecture.Ampere, 16)
    batch = 1
    wall = 3


@ConfigRegistry.register(HarnessType.Custom, AccuracyTarget.k_99, PowerSetting.MaxP)
class NoBatch(Base):
    system = System("Oven-40GB", Architecture.Ampere, 32)


@ConfigRegistry.register(HarnessType.Custom, AccuracyTarget.k_99, PowerSetting.MaxP)
class OtherBoard(Ovenx2):
    system = System("Hearth", Architecture.Clay, 2)


@ConfigRegistry.register(HarnessType.Triton, AccuracyTarget.k_99, PowerSetting.MaxP)
class ServedOnArm(Oven_arm):
    served = True
