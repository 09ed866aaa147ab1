"""A face and a sound become a video of that face saying it: ``python -m avatar_engine render``.

The face is looked for in every picture first, and then every picture is decoded a second
time and drawn, a few at a time: nothing ever holds a whole video.
"""

from .order import Framing, Order, RenderError
from .run import Rendered, Step, render

__all__ = ["Framing", "Order", "RenderError", "Rendered", "Step", "render"]
