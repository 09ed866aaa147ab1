"""What runs the network on this machine's hardware, behind one small interface.

``choice.choose`` finds the fastest that is there; ``onnx_file.export`` writes the network for
hardware that none of them knows.
"""
