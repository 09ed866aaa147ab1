"""Replies that were rendered once, kept on disk and sent again."""
