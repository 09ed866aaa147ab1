"""The light avatar: mouth pictures chosen by phoneme."""
