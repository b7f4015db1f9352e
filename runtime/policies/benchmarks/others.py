"""What MLPerf asks of recommendation, graphs and speech.

Figures of `mlcommons/inference@b66003e10`: the submission checker's constants and mlperf.conf.
"""

from __future__ import annotations

from runtime.policies.benchmarks.model import Benchmark, Bound, Goal

DLRM_V2_99 = Benchmark(
    name="dlrm-v2-99",
    title="Recommendation: DLRM v2 on Criteo, at 99 %",
    loadgen_name="dlrm-v2",
    datacenter=("Server", "Offline"),
    both=("Offline", "Server"),
    goals=(Goal(metric="AUC", least=80.31 * 0.99),),
    dataset_samples=330_067,
    performance_samples=204_800,
    offline_samples=24_576,
    bounds=(Bound(scenario="Server", latency_ms=60),),
    compliance=("TEST01",),
)
"""Recommendation: DLRM v2 on Criteo, at 99 %. Gone since v6.0."""

DLRM_V2_99_9 = Benchmark(
    name="dlrm-v2-99.9",
    title="Recommendation: DLRM v2 on Criteo, at 99.9 %",
    loadgen_name="dlrm-v2",
    datacenter=("Server", "Offline"),
    both=("Offline", "Server"),
    goals=(Goal(metric="AUC", least=80.31 * 0.999),),
    dataset_samples=330_067,
    performance_samples=204_800,
    offline_samples=24_576,
    bounds=(Bound(scenario="Server", latency_ms=60),),
    compliance=("TEST01",),
)
"""DLRM v2 on Criteo, at 99.9 %. Gone since v6.0."""

DLRM_V3 = Benchmark(
    name="dlrm-v3",
    title="Recommendation: DLRM v3 on synthetic streams",
    loadgen_name="dlrm-v3",
    datacenter=("Server", "Offline"),
    both=("Offline", "Server"),
    goals=(
        Goal(metric="DLRM_NE", least=0.86687 * 0.999),
        Goal(metric="DLRM_ACC", least=0.69651 * 0.999),
        Goal(metric="DLRM_AUC", least=0.78663 * 0.999),
    ),
    dataset_samples=349_823,
    performance_samples=349_823,
    offline_samples=349_823,
    bounds=(Bound(scenario="Server", latency_ms=80),),
    compliance=("TEST08",),
)
"""Recommendation: DLRM v3 on synthetic streams. The bound is mlperf.conf's: see
`runtime.policies.contradictions`."""

RGAT = Benchmark(
    name="rgat",
    title="Node classification: RGAT on IGBH",
    loadgen_name="rgat",
    datacenter=("Offline",),
    both=("Offline",),
    goals=(Goal(metric="acc", least=0.7286 * 0.99),),
    dataset_samples=788_379,
    performance_samples=788_379,
    offline_samples=788_379,
    compliance=("TEST01",),
)
"""Node classification: RGAT on IGBH."""

WHISPER = Benchmark(
    name="whisper",
    title="Speech to text: Whisper on LibriSpeech",
    loadgen_name="whisper",
    datacenter=("Offline",),
    edge=("Offline",),
    both=("Offline",),
    goals=(Goal(metric="ACCURACY", least=(100.0 - 2.0671) * 0.99),),
    dataset_samples=1633,
    performance_samples=1633,
    offline_samples=1633,
    compliance=("TEST01",),
)
"""Speech to text: Whisper on LibriSpeech."""
