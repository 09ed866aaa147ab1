"""Tables of reading rules: how dates, codes, amounts and signs are said, each with an example."""
