"""How well the sentences of a language model are checked."""
