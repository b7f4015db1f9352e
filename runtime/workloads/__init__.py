"""One file a workload: its model, data, post-processing and accuracy metric."""
