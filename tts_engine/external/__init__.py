"""Voices made elsewhere: HTTP services and sherpa-onnx models."""
