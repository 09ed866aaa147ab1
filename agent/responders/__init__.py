"""Ways to answer in words."""

from .faq import FaqResponder

__all__ = ["FaqResponder"]
