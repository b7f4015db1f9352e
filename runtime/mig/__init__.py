"""MIG: boards and their profiles, layouts, and plans that place workloads on instances."""
