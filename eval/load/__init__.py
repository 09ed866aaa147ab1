"""Many visitors at once: what each of them gets, and what the server needs for it."""
