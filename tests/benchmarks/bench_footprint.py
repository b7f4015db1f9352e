"""Prints how much memory ONNX Runtime takes for activations, as a ratio to what is computed.

    python tests/benchmarks/bench_footprint.py [--json] [--batches 8,16,32,64]

Each batch is a process of its own (small ones may find room that loading left): ResNet-50 with one thread on the processor, and by how much
its resident memory grows in the first inference. The sum of the graph as written is the floor
of the ratio; the one with element-wise operators fused is printed beside it.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys


def measure(batch: int) -> dict[str, float]:
    """Return the growth of this process in one inference, and both computed figures, in MiB."""
    import numpy as np
    import onnxruntime as ort
    import psutil

    from runtime.artifacts import cache_folder
    from runtime.footprint.graph import read_graph
    from runtime.workloads import resnet50

    path = resnet50.open_model(None, cache_folder()).path
    options = ort.SessionOptions()
    options.intra_op_num_threads = 1
    session = ort.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    images = np.zeros((batch, 3, 224, 224), np.float32)
    process = psutil.Process()
    before = process.memory_info().rss
    session.run(None, {"input": images})
    grown = process.memory_info().rss - before
    graph = read_graph(path)
    sizes = (grown, graph.activations(batch, {}), graph.least_activations(batch, {}))
    return dict(zip(("taken", "written", "fused"), (s / 2**20 for s in sizes), strict=True))


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--batches", default="8,16,32,64")
    parser.add_argument("--one", type=int, help=argparse.SUPPRESS)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    if options.one:
        print(json.dumps(measure(options.one)))
        return
    rows = {}
    for batch in options.batches.split(","):
        command = [sys.executable, __file__, "--one", batch]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        rows[batch] = json.loads(done.stdout)
    if options.json:
        print(json.dumps(rows, indent=2))
        return
    for batch, row in rows.items():
        ratios = f"{row['taken'] / row['written']:.2f} of written, {row['fused'] / row['written']:.2f} fused"
        print(f"batch {batch:>3}: {row['taken']:7.1f} MiB taken, {ratios}")


if __name__ == "__main__":
    main()
