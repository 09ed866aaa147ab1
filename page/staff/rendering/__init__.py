"""The page on which staff have a face speak: ``/render``."""
