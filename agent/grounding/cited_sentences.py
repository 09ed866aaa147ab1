"""Sentences with their markers, cut from text that is still being written."""

import re
import unicodedata

from tts_engine.text import split_sentences

from .control_marks import ControlMarkFilter
from .prompt_injection import strip_invisible

MAX_SENTENCE_CHARACTERS = 400
"""Characters after which what has not ended yet is no sentence any more."""

_NUMBERS = r"\s*\^?(?:来源|资料|出处|source|passage)?\s*\d{1,2}(?:\s*[,，、;；-]\s*\d{1,2})*\s*"
MARKER = re.compile(rf"\s*(?:\[{_NUMBERS}\]|【{_NUMBERS}】|［{_NUMBERS}］|〔{_NUMBERS}〕)", re.I)
"""``[1]``, ``[1, 2]``, ``【1】`` and the like."""
_BEGUN = re.compile(r"\s*[\[【［〔][^\]】］〕]{0,12}$")
_ENDS = tuple("。！？!?.”」")
_MARKED_END = re.compile(rf"{MARKER.pattern}\s*[。！？!?.]$", re.I)
_AFTERMATH = re.compile(rf"^(?:{MARKER.pattern})+", re.I)
_PAIRS = (("“", "”"), ("「", "」"), ("『", "』"), ("（", "）"), ("(", ")"))
_SPACED = re.compile(r"(?<=[\u3400-\u9fff])[^\S\n]+(?=[\u3400-\u9fff])")
LIST_MARK = re.compile(
    r"^\s*(?:\*\*|__)?\s*(?:"
    r"\d{1,2}\s*(?:[.．](?!\d)|、(?!\d)|[)）])"
    r"|[（(]\s*(?:\d{1,2}|[一二三四五六七八九十]{1,3})\s*[)）]"
    r"|[①-⑳⑴-⒇⒈-⒛❶-❿]"
    r"|[一二三四五六七八九十]{1,3}、"
    r"|[-*•·▪●○■□◆–—]\s+"
    r")\s*(?:\*\*|__)?\s*"
)
"""What an item of a list begins with: ``1.``, ``1、``, ``（1）``, ``①``, ``一、`` or ``-``."""
_STEP = re.compile(
    r"(?:^|(?<=[：:；;。，,]))\s*(?:第\s*[\d一二三四五六七八九十]{1,2}\s*步|步骤\s*[\d一二三四五六七八九十]{1,2}|"
    r"其[一二三四五六]|第[一二三四五六七八九十](?=[，,：:、]))\s*[，,：:、]?\s*"
)
_INNER_MARK = re.compile(
    r"(?<=[：:；;。，,])\s*(?:[（(]\s*(?P<a>\d{1,2}|[一二三四五六七八九])\s*[)）]|(?P<b>[①-⑳⑴-⒇⒈-⒛❶-❿])|"
    r"(?P<c>\d{1,2})(?:[.．](?!\d)|、(?!\d)|[)）]))\s*(?![元%万角块])"
)
_MARKUP = re.compile(r"^\s*(?:[#>*•·-]+\s+|#+)|\*\*|`+|__", re.M)


class UnendedSentenceError(Exception):
    """The text goes on without ending a sentence."""


class CitedSentenceSplitter:
    """Takes pieces of text and gives sentences, each as soon as it is whole.

    A sentence is whole when something follows that is neither its mark nor a marker of its own:
    markers stand before the full stop with some models and behind it with others. One that has its
    marker before its full stop is not kept waiting for what follows. Thoughts and control marks
    of the model are left out.

    Args:
        starts_in_thought: See :class:`~agent.grounding.control_marks.ControlMarkFilter`.
    """

    def __init__(self, *, starts_in_thought: bool = False) -> None:
        self._marks = ControlMarkFilter(starts_in_thought=starts_in_thought)
        self._text = ""
        self._was_early = False

    @property
    def had_unopened_thought(self) -> bool:
        """What was given before some piece was a thought that the chat template had opened."""
        return self._marks.had_unopened_thought

    def add(self, piece: str) -> list[str]:
        """The sentences that a piece completes.

        Raises:
            UnendedSentenceError: None was for too long.
        """
        readable, was_thought = self._marks.add(piece)
        text = readable if was_thought else self._text + readable
        if self._was_early:  # what still belongs to the sentence that is out
            text = _AFTERMATH.sub("", text)
            self._was_early = not text.strip() or bool(_BEGUN.match(text))
        whole, self._text = _split(text)
        if _is_marked(self._text):
            whole.append(self._text)
            self._text, self._was_early = "", True
        if len(self._text) > MAX_SENTENCE_CHARACTERS:
            raise UnendedSentenceError(
                f"no end of a sentence within {MAX_SENTENCE_CHARACTERS} characters"
            )
        return [sentence.strip() for sentence in whole]

    def rest(self, *, is_whole: bool) -> str:
        """What is left when nothing more comes.

        Args:
            is_whole: The text came to its end; otherwise only what looks like a sentence is one.
        """
        rest, self._text = (self._text + self._marks.rest()).strip(), ""
        return rest if is_whole or MARKER.sub("", rest).endswith(_ENDS) else ""


def _split(text: str) -> tuple[list[str], str]:
    """Whole sentences, their markers included, and what has yet to become one."""
    pieces = split_sentences(text)
    whole: list[str] = []
    start = end = 0
    for piece in pieces:
        end += len(piece)
        if end <= start:
            continue
        cut = end
        while marker := MARKER.match(text, cut):
            cut = marker.end()
        rest = text[cut:]
        if not rest.strip() or _BEGUN.match(rest):
            break
        whole.append(text[start:cut])
        start = cut
    return whole, text[start:]


def _is_marked(text: str) -> bool:
    """Whether a sentence is over with its marker in it, and nothing is left open."""
    return bool(_MARKED_END.search(text)) and all(text.count(a) == text.count(b) for a, b in _PAIRS)


def citation_numbers(sentence: str) -> list[int]:
    """The numbers in a sentence's markers, each once, in order.

    >>> citation_numbers("不收费[1]，当场办结。【2、3】")
    [1, 2, 3]
    """
    markers = "".join(match[0] for match in MARKER.finditer(sentence))
    return list(dict.fromkeys(int(number) for number in re.findall(r"\d+", markers)))


def strip_markup(sentence: str) -> str:
    """A sentence without markers, list marks, markup, what nobody sees, and blanks between Chinese.

    >>> strip_markup("**首次申领**不收费[1]。")
    '首次申领不收费。'
    """
    bare = LIST_MARK.sub("", MARKER.sub("", strip_invisible(sentence)))
    return _SPACED.sub("", _MARKUP.sub("", bare)).strip()


def without_list_marks(text: str) -> str:
    """A sentence without the marks of a list inside it, if they count from one, and of steps.

    >>> without_list_marks("需要：（1）户口簿；（2）照片。"), without_list_marks("第一步：带照片。")
    ('需要：户口簿；照片。', '带照片。')
    >>> without_list_marks("工本费：（40）元。")
    '工本费：（40）元。'
    """
    n_marks = 0

    def unmarked(match: re.Match[str]) -> str:
        nonlocal n_marks
        number = next(filter(None, match.groups()))
        value = unicodedata.numeric(number) if len(number) == 1 else int(number)
        if value != n_marks + 1:
            return match[0]
        n_marks += 1
        return ""

    return _INNER_MARK.sub(unmarked, _STEP.sub("", text))


def is_list_item(sentence: str) -> bool:
    """Whether a sentence begins with the mark of a list's item.

    >>> is_list_item("1. 带身份证[1]。"), is_list_item("1.5万元[1]。")
    (True, False)
    """
    return bool(LIST_MARK.match(sentence))


def is_first_item(sentence: str) -> bool:
    """Whether a sentence begins with the mark of the first item of a list with numbers.

    >>> is_first_item("（1）带身份证[1]。"), is_first_item("2. 带照片[1]。")
    (True, False)
    """
    mark = LIST_MARK.match(sentence)
    return bool(mark and re.fullmatch(r"[\W_]*(?:1|一|①|⑴|⒈|❶)[\W_]*", mark[0]))
