"""The commands of ``python -m avatar_engine``.

Each module has ``add_commands``, which only describes its commands; what takes seconds to
import (torch, librosa) is imported when a command runs.
"""

FAILED = 1
SOME_FAILED = 3
STOPPED = 130
"""Exit codes: nothing could be done; some files could not be used; stopped by a signal."""
