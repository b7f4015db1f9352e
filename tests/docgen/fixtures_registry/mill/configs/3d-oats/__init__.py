from configs.configuration import *


class GPUBaseConfig(BenchmarkConfiguration):
    benchmark = Benchmark.OATS
    stone = "granite"


class Lift:
    height = 12
