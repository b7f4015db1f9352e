"""Stands in for the outside package of these harnesses when the fixture is really imported."""
