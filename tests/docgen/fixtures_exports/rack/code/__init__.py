"""Harness of an invented submitter."""
