"""How well questions find their entries: figures, reports, and calibration of the scores."""
