"""Inference backends: what runs the network on this machine's hardware.

``selection.choose_backend`` finds the fastest that is there; ``onnx_export.export_onnx`` writes
the network for hardware that none of them knows.
"""
