"""Systems of the mill, made by a helper; some of them are deprecated."""

from __future__ import annotations

import importlib.util
import os

from code.common import logging
from code.common.systems.known_hardware import *

_system_confs = dict()


def add_systems(name, identity, cpu, accelerator, counts, target=_system_confs):
    for count in counts:
        target[name.format(count)] = SystemConfiguration(
            Layout({cpu: MATCH_ANY}), Layout({accelerator: count}), system_id=identity.format(count)
        )


add_systems("G9_80GBx{}", "Nine-80GBx{}", KnownCPU.Fast.value, KnownGPU.G9_80GB.value, [1, 2, 4, 8])
add_systems("G9_141GBx{}", "Nine-141GBx{}", KnownCPU.Fast.value, KnownGPU.G9_141GB.value, [1, 8])
add_systems(
    "G8_40GBx{}",
    "Eight-40GBx{}",
    MatchAllowList([KnownCPU.Fast.value, KnownCPU.Slow.value]),
    KnownGPU.G8_40GB.value,
    [1],
)
add_systems("G8_MIG_{}x1g_5gb", "Eight-MIG_{}x1g.5gb", KnownCPU.Fast.value, KnownMIG.G8_40GB_1GPC.value, [1])
add_systems("Tiny", "Tiny", MATCH_ANY, KnownGPU.Tiny.value, [1])
_system_confs["Handx1"] = SystemConfiguration(Layout({KnownCPU.Slow.value: 1}), Layout({}), "Hand")

_custom_path = os.environ.get("MILL_CUSTOM_PATH", None)
if _custom_path is None:
    if importlib.util.find_spec("code.common.systems.custom_list") is not None:
        from code.common.systems.custom_list import custom_systems

        _system_confs.update(custom_systems)
elif not os.path.exists(_custom_path):
    raise FileNotFoundError(_custom_path)
KnownSystem = MatchableEnum("KnownSystem", _system_confs)

_deprecated = dict()
add_systems("G8_40GBx{}", "Eight-40GBx{}", MATCH_ANY, KnownGPU.G8_40GB.value, [2], target=_deprecated)
DeprecatedSystem = MatchableEnum("DeprecatedSystem", _deprecated)


def _only_known(f):
    def _inner(cls, v=None):
        if v is None:
            return False
        if type(v) is not KnownSystem:
            raise TypeError(v)
        return f(cls, v)

    return _inner


class SystemClassifications:
    @classmethod
    @_only_known
    def is_nine(cls, sys):
        return sys.value.get_compute_sm() in [90]

    @classmethod
    @_only_known
    def start_from_device_enabled(cls, sys):
        logging.debug("asked for %s", sys)
        return SystemClassifications.is_nine(sys) and sys not in [KnownSystem.G9_80GBx1]

    @classmethod
    @_only_known
    def gpu_based(cls, sys):
        return sys in [
            known
            for known in KnownSystem
            if known.value.accelerator_conf.num_gpus() + known.value.accelerator_conf.num_migs() > 0
        ]
