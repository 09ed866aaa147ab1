"""What is said to the presenter that is no question to look up, and how questions hang together."""
