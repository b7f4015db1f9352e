# ruff: noqa: I001
from importlib import import_module

from Offline._shared import RATES, common

import code.fields.loadgen as loadgen_fields
import code.fields.models as model_fields
from code.common.constants import WorkloadSetting

big = import_module("configs.X100-SXM-80GBx2.Server.alpha")

EXPORTS = {
    WorkloadSetting(): dict(common)
    | {
        model_fields.batch_size: big.base[model_fields.batch_size],
        model_fields.precision: "fp16" if RATES["alpha"] > 1 else "fp8",
        loadgen_fields.offline_qps: RATES["alpha"] + RATES.get("gamma", 0.25),
    },
}
