"""Runs workloads side by side, a process on each instance of a GPU: one main, others behind it."""
