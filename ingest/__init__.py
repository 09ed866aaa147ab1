"""New entries into the store."""
