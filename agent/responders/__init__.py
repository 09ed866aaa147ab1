"""Ways to answer in words."""

from .faq import FaqResponder
from .grounded import GroundedResponder

__all__ = ["FaqResponder", "GroundedResponder"]
