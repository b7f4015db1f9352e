"""The folder that goes onto PYTHONPATH of every snippet; only `sitecustomize` is in it."""
