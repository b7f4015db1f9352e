"""The official benchmarks as data: scenarios, goals, counts and bounds of each round."""
