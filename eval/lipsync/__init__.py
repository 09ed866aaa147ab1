"""``python -m eval lipsync``: does a generated mouth say what is heard, and does it look real?

Every held-out clip is drawn again from its sound, and judged beside the real one and beside
controls. One figure, one module; ``run`` puts them together, ``summary`` makes means of them.
"""
