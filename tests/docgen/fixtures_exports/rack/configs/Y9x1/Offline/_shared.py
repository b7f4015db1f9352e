# ruff: noqa: C406, C416
import code.fields.loadgen as loadgen_fields

RATES = {name: rate for name, rate in [("alpha", 5), ("beta", 7)]}
common = dict([(loadgen_fields.min_duration, 300)])
