"""How voices do: speed, likeness to recordings, tones, words understood, loudness."""
