"""The names of Latin letters in a Mandarin mouth."""

_NAMES = {
    "A": "ei1", "B": "bi4", "C": "xi1", "D": "di4", "E": "yi4", "F": "ai2 fu5", "G": "ji4",
    "H": "ei2 chi5", "I": "ai4", "J": "zhei4", "K": "kei4", "L": "ai2 lou5", "M": "ai2 mu5",
    "N": "en1", "O": "ou1", "P": "pi4", "Q": "kiu4", "R": "a4 er5", "S": "ai2 si5",
    "T": "ti4", "U": "you1", "V": "wei4", "W": "da2 bu5 liu5", "X": "ai2 ke5 si5",
    "Y": "wai4", "Z": "zei4",
}  # fmt: skip


def letter_names(letters: str) -> tuple[str, ...]:
    """Return the syllables that spell letters out: ``("ei1", "pi4", "pi4")`` for APP."""
    return tuple(s for letter in letters.upper() for s in _NAMES[letter].split())
