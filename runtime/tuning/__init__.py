"""Finds the settings with which a target does a workload best, by real runs: `harness tune`."""
