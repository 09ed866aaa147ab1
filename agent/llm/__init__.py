"""Language models: which one, what it is asked, how it is read, and what it may cost."""
