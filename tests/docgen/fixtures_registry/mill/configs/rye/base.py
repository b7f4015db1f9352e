from configs.configuration import *


class Rye(BenchmarkConfiguration):
    benchmark = Benchmark.RYE
    scenario = Scenario.Offline
    gpu_batch_size = {"rye": 1}
