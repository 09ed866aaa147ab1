"""What the whole distribution shares: its command line and where its shipped files lie."""
