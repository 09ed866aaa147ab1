"""The ways in: websocket, OpenAI-compatible HTTP, Model Context Protocol, and their processes."""
