# ruff: noqa: I001, N812
import os

import code.common.constants as C
import code.fields.harness as harness_fields
import code.fields.loadgen as loadgen_fields
import code.fields.models as model_fields

os.environ["RACK_MODE"] = "wide"
os.environ["RACK_LANES"] = str(2 * 8)
os.environ.update({"RACK_MODE": "narrow"})

EXPORTS = {
    C.WorkloadSetting(C.HarnessType.Custom, C.AccuracyTarget(0.99), C.PowerSetting.MaxP): {
        model_fields.batch_size: {"encoder": 1 << 6, "decoder": 32},
        model_fields.precision: {"encoder": C.Precision.FP16, "decoder": C.Precision.FP8},
        loadgen_fields.offline_qps: 10,
        loadgen_fields.min_duration: 600_000,
        harness_fields.show_help: False,
        harness_fields.copy_streams: None,
        harness_fields.tensor_path: "build/alpha/" + "inputs",
    },
    C.WorkloadSetting(C.HarnessType.Triton, C.AccuracyTarget(0.999), C.PowerSetting.MaxQ): {
        model_fields.batch_size: {"encoder": 8},
        loadgen_fields.offline_qps: 10.0,
        harness_fields.timeout_usec: -2 * 10**3 // 7,
        harness_fields.test_mode: ("Fast", "Full"),
    },
}
