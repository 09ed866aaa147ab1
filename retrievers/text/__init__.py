"""Text for retrieval: one spelling, terms to compare by, language, numerals."""
