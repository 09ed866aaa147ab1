"""From a question to ranked entries: candidates, their features, and a calibrated score."""
