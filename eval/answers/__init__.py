"""How well any configuration answers, in its own words or a language model's: ``eval answers``."""
