"""What MLPerf asks of the benchmarks that read and write text.

Figures of `mlcommons/inference@b66003e10`: the submission checker's constants and mlperf.conf.
"""

from __future__ import annotations

from dataclasses import replace

from runtime.policies.benchmarks.model import Benchmark, Bound, Goal

BERT_99 = Benchmark(
    name="bert-99",
    title="Question answering: BERT-large on SQuAD v1.1, at 99 %",
    loadgen_name="bert",
    edge=("SingleStream", "Offline"),
    both=("SingleStream", "Offline"),
    goals=(Goal(metric="F1", least=90.874 * 0.99),),
    dataset_samples=10_833,
    performance_samples=10_833,
    offline_samples=10_833,
    compliance=("TEST01",),
)
"""Question answering: BERT-large on SQuAD v1.1, at 99 %."""

BERT_99_9 = Benchmark(
    name="bert-99.9",
    title="Question answering: BERT-large on SQuAD v1.1, at 99.9 %",
    loadgen_name="bert",
    edge=("SingleStream", "Offline"),
    both=("SingleStream", "Offline"),
    goals=(Goal(metric="F1", least=90.874 * 0.999),),
    dataset_samples=10_833,
    performance_samples=10_833,
    offline_samples=10_833,
    compliance=("TEST01",),
)
"""BERT-large on SQuAD v1.1, at 99.9 %."""

LLAMA3_1_8B = Benchmark(
    name="llama3.1-8b",
    title="Summaries: Llama 3.1 8B on CNN/DailyMail",
    loadgen_name="llama3_1-8b",
    datacenter=("Offline",),
    datacenter_optional=("Interactive", "Server"),
    both=("Offline",),
    both_optional=("Interactive", "Server"),
    goals=(
        Goal(metric="ROUGE1", least=38.7792 * 0.99),
        Goal(metric="ROUGE2", least=15.9075 * 0.99),
        Goal(metric="ROUGEL", least=24.4957 * 0.99),
        Goal(metric="ROUGELSUM", least=35.793 * 0.99),
        Goal(metric="GEN_LEN", least=8167644 * 0.9, most=8167644 * 1.1),
    ),
    dataset_samples=13_368,
    performance_samples=13_368,
    offline_samples=13_368,
    bounds=(
        Bound(scenario="Server", latency_ms=20_000, ttft_ms=2000, tpot_ms=100),
        Bound(scenario="Interactive", ttft_ms=500, tpot_ms=30),
    ),
    compliance=("TEST06",),
    throughput_unit="Tokens/s",
)
"""Summaries: Llama 3.1 8B on CNN/DailyMail."""

LLAMA3_1_8B_EDGE = Benchmark(
    name="llama3.1-8b-edge",
    title="Summaries on edge systems: Llama 3.1 8B on 5 000 articles of CNN/DailyMail",
    loadgen_name="llama3_1-8b-edge",
    edge=("SingleStream", "Offline"),
    both=("SingleStream", "Offline"),
    goals=(
        Goal(metric="ROUGE1", least=39.06 * 0.99),
        Goal(metric="ROUGE2", least=16.1147 * 0.99),
        Goal(metric="ROUGEL", least=24.6375 * 0.99),
        Goal(metric="ROUGELSUM", least=36.124 * 0.99),
        Goal(metric="GEN_LEN", least=3051113 * 0.9, most=3051113 * 1.1),
    ),
    dataset_samples=5000,
    performance_samples=5000,
    offline_samples=5000,
    throughput_unit="Tokens/s",
)
"""Summaries on edge systems: Llama 3.1 8B on 5 000 articles of CNN/DailyMail."""

LLAMA2_70B_99 = Benchmark(
    name="llama2-70b-99",
    title="Question answering: Llama 2 70B on OpenOrca, at 99 %",
    loadgen_name="llama2-70b",
    datacenter=("Offline",),
    datacenter_optional=("Interactive", "Server"),
    both=("Offline",),
    both_optional=("Interactive", "Server"),
    goals=(
        Goal(metric="ROUGE1", least=44.4312 * 0.99),
        Goal(metric="ROUGE2", least=22.0352 * 0.99),
        Goal(metric="ROUGEL", least=28.6162 * 0.99),
        Goal(metric="TOKENS_PER_SAMPLE", least=294.45 * 0.9, most=294.45 * 1.1),
    ),
    dataset_samples=24_576,
    performance_samples=24_576,
    offline_samples=24_576,
    bounds=(
        Bound(scenario="Server", latency_ms=20_000, ttft_ms=2000, tpot_ms=200),
        Bound(scenario="Interactive", ttft_ms=450, tpot_ms=40),
    ),
    compliance=("TEST06",),
    throughput_unit="Tokens/s",
)
"""Question answering: Llama 2 70B on OpenOrca, at 99 %. Gone since v6.1."""

LLAMA2_70B_99_9 = Benchmark(
    name="llama2-70b-99.9",
    title="Question answering: Llama 2 70B on OpenOrca, at 99.9 %",
    loadgen_name="llama2-70b",
    datacenter=("Offline",),
    datacenter_optional=("Interactive", "Server"),
    both=("Offline",),
    both_optional=("Interactive", "Server"),
    goals=(
        Goal(metric="ROUGE1", least=44.4312 * 0.999),
        Goal(metric="ROUGE2", least=22.0352 * 0.999),
        Goal(metric="ROUGEL", least=28.6162 * 0.999),
        Goal(metric="TOKENS_PER_SAMPLE", least=294.45 * 0.9, most=294.45 * 1.1),
    ),
    dataset_samples=24_576,
    performance_samples=24_576,
    offline_samples=24_576,
    bounds=(
        Bound(scenario="Server", latency_ms=20_000, ttft_ms=2000, tpot_ms=200),
        Bound(scenario="Interactive", ttft_ms=450, tpot_ms=40),
    ),
    compliance=("TEST06",),
    throughput_unit="Tokens/s",
)
"""Question answering: Llama 2 70B on OpenOrca, at 99.9 %."""

LLAMA3_1_405B = Benchmark(
    name="llama3.1-405b",
    title="Text generation: Llama 3.1 405B on long texts",
    loadgen_name="llama3_1-405b",
    datacenter=("Offline",),
    datacenter_optional=("Interactive", "Server"),
    both=("Offline",),
    both_optional=("Interactive", "Server"),
    goals=(
        Goal(metric="ROUGEL", least=21.6666 * 0.99),
        Goal(metric="exact_match", least=90.1335 * 0.99),
        Goal(metric="TOKENS_PER_SAMPLE", least=684.68 * 0.9, most=684.68 * 1.1),
    ),
    dataset_samples=8313,
    performance_samples=8313,
    offline_samples=8313,
    bounds=(
        Bound(scenario="Server", latency_ms=60_000, ttft_ms=6000, tpot_ms=175),
        Bound(scenario="Interactive", ttft_ms=4500, tpot_ms=80),
    ),
    compliance=("TEST06",),
    throughput_unit="Tokens/s",
)
"""Text generation: Llama 3.1 405B on long texts. Gone since v6.1."""

MIXTRAL_8X7B = Benchmark(
    name="mixtral-8x7b",
    title="Text generation: Mixtral 8x7B on OpenOrca, GSM8K and MBXP",
    loadgen_name="mixtral-8x7b",
    datacenter=("Server", "Offline"),
    both=("Server", "Offline"),
    goals=(
        Goal(metric="ROUGE1", least=45.5989 * 0.99),
        Goal(metric="ROUGE2", least=23.3526 * 0.99),
        Goal(metric="ROUGEL", least=30.4608 * 0.99),
        Goal(metric="TOKENS_PER_SAMPLE", least=144.84 * 0.9, most=145.9 * 1.1),
        Goal(metric="gsm8k_accuracy", least=73.66 * 0.99),
        Goal(metric="mbxp_accuracy", least=60.16 * 0.99),
    ),
    dataset_samples=15_000,
    performance_samples=15_000,
    offline_samples=15_000,
    bounds=(Bound(scenario="Server", latency_ms=20_000, ttft_ms=2000, tpot_ms=200),),
    compliance=("TEST06",),
    throughput_unit="Tokens/s",
)
"""Text generation: Mixtral 8x7B on OpenOrca, GSM8K and MBXP. Gone since v6.1."""

DEEPSEEK_R1 = Benchmark(
    name="deepseek-r1",
    title="Reasoning: DeepSeek-R1 on questions of mathematics, science and code",
    loadgen_name="deepseek-r1",
    datacenter=("Offline",),
    datacenter_optional=("Interactive", "Server"),
    both=("Offline",),
    both_optional=("Interactive", "Server"),
    goals=(
        Goal(metric="exact_match", least=0.99 * 81.3582),
        Goal(metric="TOKENS_PER_SAMPLE", least=0.9 * 3886.2274, most=1.1 * 3886.2274),
    ),
    dataset_samples=4388,
    performance_samples=4388,
    offline_samples=4388,
    bounds=(
        Bound(scenario="Server", latency_ms=60_000, ttft_ms=2000, tpot_ms=80),
        Bound(scenario="Interactive", ttft_ms=1500, tpot_ms=15),
    ),
    compliance=("TEST06",),
    throughput_unit="Tokens/s",
)
"""Reasoning: DeepSeek-R1 on questions of mathematics, science and code."""

DEEPSEEK_R1_V5_1 = replace(
    DEEPSEEK_R1,
    datacenter=("Server", "Offline"),
    datacenter_optional=(),
    both=("SingleStream", "Server", "Offline"),
    both_optional=(),
)
"""DeepSeek-R1 in v5.1, which asked for Server and knew no Interactive."""

GPT_OSS_120B = Benchmark(
    name="gpt-oss-120b",
    title="Reasoning: GPT-OSS 120B on AIME25, GPQA Diamond and LiveCodeBench v6",
    loadgen_name="gpt-oss-120b",
    datacenter=("Offline",),
    datacenter_optional=("Interactive", "Server"),
    both=("Offline",),
    both_optional=("Interactive", "Server"),
    goals=(
        Goal(metric="exact_match", least=83.13 * 0.99),
        Goal(metric="TOKENS_PER_SAMPLE", most=1.1 * 9999),
    ),
    dataset_samples=6396,
    performance_samples=6396,
    accuracy_samples=4395,
    offline_samples=6396,
    bounds=(
        Bound(scenario="Server", latency_ms=60_000, ttft_ms=3000, tpot_ms=80),
        Bound(scenario="Interactive", ttft_ms=2000, tpot_ms=15),
    ),
    compliance=("TEST07", "TEST09"),
    throughput_unit="Tokens/s",
)
"""Reasoning: GPT-OSS 120B on AIME25, GPQA Diamond and LiveCodeBench v6."""

QWEN3_6_27B = Benchmark(
    name="qwen3.6-27b",
    title="Function calls: Qwen3.6 27B on BFCL v4",
    loadgen_name="",
    edge=("SingleStream",),
    both=("SingleStream",),
    goals=(Goal(metric="mAP", least=86.23 * 0.99),),
    dataset_samples=995,
    performance_samples=995,
)
"""Function calls: Qwen3.6 27B on BFCL v4. The checker names its metric mAP."""

E2E_RAG_QNA = Benchmark(
    name="e2e-rag-qna",
    title="Retrieval-augmented answers: questions of FRAMES",
    loadgen_name="",
    datacenter=("Offline",),
    goals=(Goal(metric="E2E_ACCURACY", least=33.95),),
    min_duration_ms=0,
    dataset_samples=824,
    performance_samples=824,
    offline_samples=824,
    compliance=("TEST09",),
    throughput_unit="Tasks/s",
)
"""Retrieval-augmented answers: questions of FRAMES. No least duration."""

E2E_RAG_DB = Benchmark(
    name="e2e-rag-db",
    title="Retrieval-augmented answers: building the data base",
    loadgen_name="",
    datacenter=("Offline",),
    goals=(Goal(metric="E2E_ACCURACY", least=98),),
    min_duration_ms=0,
    dataset_samples=2515,
    performance_samples=2515,
    offline_samples=2515,
)
"""Retrieval-augmented answers: building the data base. No least duration."""
