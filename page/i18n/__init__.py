"""Everything the pages say, in Chinese and in English."""
