"""What can go wrong in a training run and is no bug."""


class TrainingError(ValueError):
    """A run cannot start or go on; the text says why, and what to do."""
