"""Ways to answer in words."""

from .dialogue import DialogueResponder
from .faq import FaqResponder
from .grounded import GroundedResponder

__all__ = ["DialogueResponder", "FaqResponder", "GroundedResponder"]
