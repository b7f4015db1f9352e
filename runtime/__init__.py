"""A GPU inference benchmark harness in the MLPerf style, driven by LoadGen."""

__version__ = "0.1.0"
