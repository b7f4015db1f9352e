"""Reads a harness's source without running it and turns it into guides with evidence."""

__version__ = "0.1.0"
