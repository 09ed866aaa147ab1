"""The wire protocol, version 1: what clients send and what the server sends."""
