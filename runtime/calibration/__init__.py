"""Post-training quantization: ranges from calibration data, Q/DQ models, proof of their worth."""
