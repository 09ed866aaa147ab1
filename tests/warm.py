"""Imported where processes fork off, so that they find done what takes a second in each."""

from retrievers.encoder import SentenceEncoder
from retrievers.store.chroma import SHIPPED_ENCODER
from retrievers.text.tokenization import tokenize

SentenceEncoder(SHIPPED_ENCODER)  # libraries prepare themselves with the first that is loaded
list(tokenize("身份证"))  # which loads the dictionary
