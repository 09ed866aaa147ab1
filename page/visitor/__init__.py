"""The visitors' page: the chat and the presenter's player."""
