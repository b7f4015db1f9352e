# ruff: noqa: N812
import code.common.constants as C
import code.fields.loadgen as loadgen_fields
import code.fields.models as model_fields

PARTS = ("first", "second", "third")


def settings(qps, scale=1):
    """Return the settings of one accuracy."""
    found = {
        model_fields.batch_size: {part: 4 * scale for part in PARTS if part != "second"},
        loadgen_fields.offline_qps: qps,
    }
    found[loadgen_fields.min_duration] = max(600, qps)
    return found


EXPORTS = {}
for accuracy, rate in ((0.99, 50), (0.999, 20.5)):
    EXPORTS[
        C.WorkloadSetting(C.HarnessType.Custom, C.AccuracyTarget(accuracy), C.PowerSetting.MaxP)
    ] = settings(rate, scale=2)
