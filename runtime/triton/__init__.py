"""Triton Inference Server: model repositories, their validation, server life, clients."""
