"""Readers of document formats: tables or a document from each file."""
