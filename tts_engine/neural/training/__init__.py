"""Training of the neural voice, from recordings of single words."""
