"""Cut text into pieces to speak: sentences for the pipeline, clauses inside a voice.

Both keep every character: the pieces joined give the text back.
"""

import re

MAX_CHARACTERS = 60
"""A longer sentence is cut at commas too, so that sound need not wait for its end."""
MIN_CHARACTERS = 4
"""No shorter piece stands alone: it would sound chopped off."""
FIRST_CHARACTERS = 24
"""The first piece ends at a comma when the sentence is longer: the first sound comes sooner."""

_CLOSERS = "”’」』）)】》〉〕］]}\"'"
_OPENING = dict(zip("“‘「『（(【《〈〔［[{", "”’」』）)】》〉〕］]}", strict=True))
_ABBREVIATION = re.compile(
    r"(?:\b(?:e\.g|i\.e|etc|cf|vs|approx|No|no|Nos|Mr|Mrs|Ms|Dr|Prof|St|Art|Sec|Fig|Tel|tel|Ext|ext|"
    r"Rd|Ave|Bldg|Rm|Co|Ltd|Inc|Jan|Feb|Mar|Apr|Jun|Jul|Aug|Sept?|Oct|Nov|Dec|a\.m|p\.m|U\.S)"
    r"|\b[A-Za-z])\.$"
)


def _ends(text: str, breaks: str) -> list[int]:
    """Return the positions behind each break, closing quotes and brackets included."""
    ends: list[int] = []
    open_brackets: list[tuple[str, int]] = []
    position = 0
    while position < len(text):
        character = text[position]
        if character in _OPENING:
            open_brackets.append((_OPENING[character], position))
        elif open_brackets and character == open_brackets[-1][0]:
            open_brackets.pop()
        position += 1
        # A line break ends the sentence whatever is open; so does a bracket nobody closes.
        if character != "\n":
            while open_brackets and position - open_brackets[-1][1] > MAX_CHARACTERS:
                open_brackets.pop()
            if character not in breaks or _inside_word(text, position - 1):
                continue
        else:
            open_brackets.clear()
        while position < len(text) and (text[position] in breaks or text[position] in _CLOSERS):
            if open_brackets and text[position] == open_brackets[-1][0]:
                open_brackets.pop()
            elif text[position] in _CLOSERS and text[position] not in "\"'":
                break
            position += 1
        while position < len(text) and text[position].isspace():
            position += 1
        if not open_brackets:
            ends.append(position)
    if not ends or ends[-1] != len(text):
        ends.append(len(text))
    return ends


def _inside_word(text: str, position: int) -> bool:
    """Tell whether an ASCII mark belongs to a number, an abbreviation or an address."""
    mark = text[position]
    after = text[position + 1 : position + 2]
    before = text[position - 1 : position] if position else ""
    if mark == ",":
        return before.isdigit() and after.isdigit()
    if mark == ":":
        return bool(after) and not after.isspace()
    if mark == ".":
        list_number = re.search(r"(?:^|\n)\s*(?:\*\*|__)?\d{1,2}$", text[:position][-8:])
        joined = bool(after) and not after.isspace() and after not in _CLOSERS
        return joined or bool(list_number) or bool(_ABBREVIATION.search(text[: position + 1][-8:]))
    if mark in "!?;":
        return after.isascii() and after.isalnum()  # the query of a web address
    return False


def _pieces(text: str, ends: list[int]) -> list[str]:
    return [text[start:end] for start, end in zip([0, *ends], ends, strict=False) if end > start]


def _spoken_length(piece: str) -> int:
    return sum(character.isalnum() for character in piece)


def _join_tiny(pieces: list[str]) -> list[str]:
    """Join a piece that is too short with the next one, the last one with that before."""
    joined: list[str] = []
    held = ""
    for piece in pieces:
        held += piece
        if _spoken_length(held) >= MIN_CHARACTERS:
            joined.append(held)
            held = ""
    if held and joined:
        joined[-1] += held
    elif held:
        joined.append(held)
    return joined


def _at_commas(sentence: str, limit: int) -> list[str]:
    """Cut a sentence longer than ``limit`` at commas into pieces as long as fit."""
    if len(sentence) <= limit:
        return [sentence]
    pieces = [""]
    for clause in _join_tiny(_pieces(sentence, _ends(sentence, "，,、：:"))):
        if pieces[-1] and len(pieces[-1]) + len(clause) > limit:
            pieces.append("")
        pieces[-1] += clause
    return pieces


def split_for_speech(text: str) -> list[str]:
    """Cut a text into sentences to be spoken one after another.

    Cuts are made at 。！？；!?; and line breaks, and at a full stop that ends an
    English sentence; a sentence of more than :data:`MAX_CHARACTERS` is also cut at
    commas. Closing quotes and brackets stay with their sentence. The first piece
    is short when a comma allows it.

    Returns:
        Pieces of which ``"".join`` is ``text``; ``[]`` for an empty text. None has
        fewer than :data:`MIN_CHARACTERS` letters unless the whole text has.
    """
    sentences = _join_tiny(_pieces(text, _ends(text, "。！？；!?;.")))
    pieces = [piece for sentence in sentences for piece in _at_commas(sentence, MAX_CHARACTERS)]
    if pieces and len(pieces[0]) > FIRST_CHARACTERS:
        first = _join_tiny(_pieces(pieces[0], _ends(pieces[0], "，,：:")))
        if len(first) > 1:
            pieces[0:1] = [first[0], "".join(first[1:])]
    return pieces


def split_sentences(text: str) -> list[str]:
    """Cut a text where sentences end, however long or short they are.

    Text added at the end changes no piece but the last: one can cut what is still being written.

    Returns:
        Pieces of which ``"".join`` is ``text``; ``[]`` for an empty text.
    """
    return _pieces(text, _ends(text, "。！？!?."))


def split_clauses(text: str) -> list[str]:
    """Cut a sentence at every mark at which a speaker breathes, commas included.

    Returns:
        Pieces of which ``"".join`` is ``text``; ``[]`` for an empty text.
    """
    return _join_tiny(_pieces(text, _ends(text, "。！？；!?;.，,")))
