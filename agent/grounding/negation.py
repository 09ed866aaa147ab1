"""Whether a sentence denies what passages say, or says what they deny."""

import re

from retrievers.text.tokenization import tokenize

_HAN = re.compile(r"[\u3400-\u9fff]+")
_NOT = "不没無无未非勿免"
_DENIAL = re.compile(
    rf"(?:[{_NOT}]|禁止|严禁)(?:需要?|须|必|用|能够?|可以?|得|会|再|予|准|允许|要求?|有)*"
)
_AT_LEAST, _AT_MOST = 2, 6
"""Characters behind a denial that it certainly reaches, and that it may reach."""
_REACH = 4
"""English words behind a denial that it reaches."""
_NO_DENIAL = re.compile(
    r"不少(?!于)|不影响|不仅|不但|不过(?!期)|不同|不论|不管|无论|不动产|不久|不断|不便|非常|除非|无误|免得|不然|"
    r"是不是|能不能|有没有|可不可以|需不需要|要不要|未成年|未来|不可抗力|无障碍|不满|未满|不足|不到"
)
_ENGLISH_NOT = frozenset(
    "not no never cannot without neither nor none free waived waives exempt exempted don't doesn't "
    "isn't aren't can't won't mustn't needn't shouldn't prohibited forbidden".split()
)


def is_contradicted(sentence: str, evidence: str) -> bool:
    """Whether a sentence says the opposite of the evidence, as far as the nots tell.

    >>> is_contradicted("不用带身份证", "带身份证办理")
    True
    """
    if _HAN.search(sentence):
        return _chinese(_NO_DENIAL.sub("　", sentence), _NO_DENIAL.sub("　", evidence))
    return _english(sentence, evidence)


def has_denial(text: str, known: str = "") -> bool:
    """Whether a text denies anything; what is denied in ``known`` as well does not count.

    >>> has_denial("不用带身份证"), has_denial("不同的窗口"), has_denial("you need not pay")
    (True, False, True)
    >>> has_denial("不必带身份证", "不用带身份证")
    False
    """
    if not _HAN.search(text):
        return not _ENGLISH_NOT.isdisjoint(re.findall(r"[a-z][a-z'-]*", text))
    plain = _NO_DENIAL.sub("　", text)
    return any(
        not (denied := plain[match.end() : match.end() + 2])
        or not re.search(rf"[{_NOT}][\u3400-\u9fff]{{0,3}}{re.escape(denied)}", known)
        for match in _DENIAL.finditer(plain)
    )


def _chinese(sentence: str, evidence: str) -> bool:
    denied, perhaps_denied = _denied_in(sentence, _AT_LEAST), _denied_in(sentence, _AT_MOST)
    known_denied, known_perhaps = _denied_in(evidence, _REACH), _denied_in(evidence, _AT_MOST)
    if denied and not known_denied:
        return True
    pairs = {i: sentence[i : i + 2] for i in range(len(sentence) - 1)}
    positions = {
        pair: {match.start() for match in re.finditer(pair, evidence)}
        for pair in pairs.values()
        if _HAN.fullmatch(pair)
    }
    found = [(i, positions[pair]) for i, pair in pairs.items() if positions.get(pair)]
    if any(i not in perhaps_denied and where <= known_denied for i, where in found):
        return True
    return any(i in denied and not where & known_perhaps for i, where in found)


def _denied_in(text: str, reach: int) -> set[int]:
    """The positions that a denial reaches, up to the end of its clause."""
    reached: set[int] = set()
    for match in _DENIAL.finditer(text):
        clause = re.match(r"[\u3400-\u9fff]*", text[match.end() :])
        assert clause is not None
        reached.update(range(match.end(), match.end() + min(reach, clause.end())))
    return reached


def _english(sentence: str, evidence: str) -> bool:
    said, denied = _english_claims(sentence)
    known_said, known_denied = _english_claims(evidence)
    if denied and not known_denied:
        return True
    return bool((denied - said) & (known_said - known_denied)) or bool(
        (said - denied) & (known_denied - known_said)
    )


def _english_claims(text: str) -> tuple[set[str], set[str]]:
    """The stems that a text says, and those that it denies."""
    said: set[str] = set()
    denied: set[str] = set()
    for clause in re.split(r"[,;:.!?\n]|\b(?:but|and|or|if|unless)\b", text):
        words = re.findall(r"[a-z][a-z'-]*", clause)
        for i, word in enumerate(words):
            is_denied = not _ENGLISH_NOT.isdisjoint(words[max(0, i - _REACH) : i])
            stems = [] if word in _ENGLISH_NOT else tokenize(word)
            (denied if is_denied else said).update(stems)
        if not _ENGLISH_NOT.isdisjoint(words) and not denied:
            denied.add("not")
    return said, denied
