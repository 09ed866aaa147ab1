"""How fast talking faces are drawn on this machine, and what each step of the way brings."""
