"""Imported where processes fork off, so that they find done what takes a second in each."""

from retrievers.chroma import SHIPPED_ENCODER
from retrievers.encoder import SentenceEncoder
from retrievers.terms import terms

SentenceEncoder(SHIPPED_ENCODER)  # libraries prepare themselves with the first that is loaded
list(terms("身份证"))  # which loads the dictionary
