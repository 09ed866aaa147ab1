"""Personal data is found before anything is stored."""

from .detector import EntryPii, PiiDetector, PiiFinding
from .patterns import is_resident_id

__all__ = ["EntryPii", "PiiDetector", "PiiFinding", "is_resident_id"]
