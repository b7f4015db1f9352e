"""Drives a backend with MLCommons LoadGen: settings, samples, lanes, logs, verdict.

One LoadGen test per process: `session.execute` starts `child` for each run.
"""
