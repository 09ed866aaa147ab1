"""eSpeak NG's phoneme names and the IPA of :class:`~tts_engine.voice.Phoneme`.

The Mandarin names are partly ASCII and some hold two sounds; an avatar wants one
mouth per sound. All symbols of Mandarin, after this table: p pʰ m f t tʰ n l k kʰ x
tɕ tɕʰ ɕ ʈʂ ʈʂʰ ʂ ʐ ts tsʰ s ŋ j w, and the vowels a ai au ɤ ə ɚ ɛ ei i ɹ̩ ɻ̩ o ou u ʊ y.
"""

_MANDARIN = {
    "ph": "pʰ", "th": "tʰ", "kh": "kʰ", "tɕh": "tɕʰ", "tsh": "tsʰ", "ts.h": "ʈʂʰ",
    "ts.": "ʈʂ", "s.": "ʂ", "χ": "x", "ŋ-": "ŋ", "o-": "ɤ", "ɑ": "a", "ɑu": "au",
    "i.": "ɻ̩", "i̪": "ɹ̩", "ər": "ɚ", "onɡ": "ʊ ŋ", "io": "j o", "iou": "j ou", "ia": "j a",
    "iɑ": "j a", "iɛ": "j ɛ", "ua": "w a", "uai": "w ai", "uei": "w ei", "uo": "w o", "uə": "w ə",
    "yɛ": "y ɛ", "yæ": "y ɛ", "yə": "y", "yi": "y", "uɑ": "w a",
}  # fmt: skip
_GLIDE_SHARE = 0.35
"""Of a name that holds two sounds, the share of time the first one takes."""
_SHORTEST_PAUSE = 0.06  # seconds
_MARKS = str.maketrans("", "", "ˈˌː̩͡'_|,%:")  # not for the table: ɹ̩ and ɻ̩ keep their mark


def to_ipa(
    named: tuple[tuple[str, float], ...], seconds: float, *, mandarin: bool
) -> list[tuple[str, float]]:
    """Turn the library's names and starts (seconds) into IPA symbols and starts.

    ``seconds`` is where the last one ends. Neighbouring pauses become one; a pause
    too short for a mouth to close, as before a plosive, belongs to the sound before it.
    """
    spoken = [(name, start) for name, start in named if not name.startswith("(")]
    ends = [start for _, start in spoken[1:]] + [seconds]
    result: list[tuple[str, float]] = []
    for (name, start), end in zip(spoken, ends, strict=True):
        symbol = _symbol(name, mandarin=mandarin)
        first, _, second = symbol.partition(" ")
        if first == "" and result and (result[-1][0] == "" or end - start < _SHORTEST_PAUSE):
            continue
        if not (second and result and result[-1][0] == first):  # 文 is named w and uə
            result.append((first, start))
        if second:
            result.append((second, start + _GLIDE_SHARE * max(0.0, end - start)))
    return result


def _symbol(name: str, *, mandarin: bool) -> str:
    bare = name.strip("ˈˌː")
    if mandarin and bare in _MANDARIN:
        return _MANDARIN[bare]
    return bare.translate(_MARKS)
