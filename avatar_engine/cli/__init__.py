"""The commands of ``python -m avatar_engine``."""
