"""The page of those who look after the knowledge base: ``/staff``."""
