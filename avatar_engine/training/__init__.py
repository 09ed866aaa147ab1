"""How the talking-face networks are made from clips that ``prepare`` wrote.

``python -m avatar_engine train expert CONFIG.yaml``, then ``train generator`` with that
expert, then ``export``. docs/training-wav2lip.md describes every setting.

Nothing is imported here: torch takes seconds, and accelerate is an extra.
"""
