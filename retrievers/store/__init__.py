"""Where entries are kept and found: a catalogue, a vector index and a BM25 index."""
