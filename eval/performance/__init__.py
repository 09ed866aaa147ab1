"""How fast the parts and the whole are, and what they need of the machine."""
