import os
import sys

sys.path.insert(0, os.getcwd())

from code.common.constants import Benchmark, Precision
from configs.configuration import BenchmarkConfiguration


class GPUBaseConfig(BenchmarkConfiguration):
    benchmark = Benchmark.FLOUR

    precision = "int8"
    use_graphs: bool = False
    _sacks = 16
    path = "build/" + "flour" + f"/x{2 * _sacks}"

    def helper(self):
        return 1
