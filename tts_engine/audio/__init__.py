"""Audio samples in streams: filters, loudness, decoding."""
