# ruff: noqa: I001, N812
import copy
from importlib import import_module

import code.common.constants as C
import code.fields.harness as harness_fields
import code.fields.loadgen as loadgen_fields
import code.fields.models as model_fields

kit_fields = import_module("code.text-kit.fields")

base = {
    model_fields.batch_size: {"encoder": 64},
    loadgen_fields.server_qps: 61.5,
    loadgen_fields.min_duration: 600000,
    kit_fields.build_flags: {"max_tokens": 3072 + 512, "layers": [1, 2, 3]},
    kit_fields.run_flags: {"graphs": True},
}
"""What every accuracy has in common."""

exact = copy.deepcopy(base)
exact[loadgen_fields.server_qps] = base[loadgen_fields.server_qps] * 0.5
exact[kit_fields.build_flags]["max_tokens"] = 1024
exact[kit_fields.build_flags]["layers"][0] += 10
exact.update({harness_fields.copy_streams: 4, loadgen_fields.min_duration: 1200000})
del exact[kit_fields.run_flags]

saving = {**base, loadgen_fields.server_qps: 30, kit_fields.run_flags: {"graphs": False}}
saving |= {harness_fields.copy_streams: 1}
saving[harness_fields.copy_streams] <<= 3
saving.pop(loadgen_fields.min_duration)
saving.setdefault(harness_fields.tensor_path, "build/alpha")
saving.setdefault(harness_fields.copy_streams, 99)

aliased = copy.deepcopy(base)
flags = aliased[kit_fields.build_flags]
layers = flags["layers"]
aliased[kit_fields.build_flags] |= {"fused": True}
aliased[kit_fields.build_flags]["layers"] += [4]
flags["seen"] = len(layers) if "fused" in flags else 0

through_triton = base | {kit_fields.workers: 2}

EXPORTS = {
    C.WorkloadSetting(C.HarnessType.Custom, C.AccuracyTarget(0.99), C.PowerSetting.MaxP): base,
    C.WorkloadSetting(C.HarnessType.Custom, C.AccuracyTarget(0.999), C.PowerSetting.MaxP): exact,
}
EXPORTS[C.WorkloadSetting(C.HarnessType.Custom, C.AccuracyTarget(0.99), C.PowerSetting.MaxQ)] = (
    saving
)
EXPORTS[C.WorkloadSetting(C.HarnessType.Triton, C.AccuracyTarget(0.999), C.PowerSetting.MaxQ)] = (
    aliased
)
EXPORTS |= {C.WorkloadSetting(harness_type=C.HarnessType.Triton): through_triton}
