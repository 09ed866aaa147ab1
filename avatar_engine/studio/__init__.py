"""Renders a synthetic presenter from a bust: ``python -m avatar_engine.studio --help``."""
