"""The pipeline as tools and as an agent for LangChain."""
