"""How many matters a message is about: two in one question, or only the name of one.

"身份证和护照都丢了怎么办" asks the same of two things, "护照多少钱，有效期几年" two things of the
same: each is looked up as a question of its own. "护照" asks nothing yet.
"""

import re
from dataclasses import dataclass

from jieba import posseg

from retrievers import language_of

from .follow_ups import things_named, topic_words

MAX_TOPIC_CHARACTERS = 8
"""Characters of a message that only names a matter."""

_AND = "(?:以及|还有|和|跟|与|及|或者?|、)"
_OF_TWO = re.compile(
    rf"^(?P<lead>(?:请问|我想问|那|我的?|我|如果|要是)*)(?P<one>[\w]{{2,10}}?){_AND}(?P<other>[\w]{{2,10}}?)"
    r"(?:两个|两样|两者|二者)?(?:都|分别|各自?|同时|全都?|一起|一块儿?)(?P<rest>.{2,})$"
)
_LISTED = re.compile(
    rf"^(?P<lead>(?:请问|我想问|那|我的?|我)*)(?P<one>[\w]{{2,6}}?){_AND}(?P<other>[\w]{{2,6}}?)"
    r"(?P<rest>(?:丢|遗失|过期|到期|不见|弄丢|怎么|如何|多少钱|要多少|需要什么|几天|多久).*)$"
)
_ONE_MATTER = re.compile("区别|不同|一样|关系|哪个|哪种|合并|互相|之间|对比")
_CLAUSE = re.compile(r"[，,；;。？?！!]+|(?:还有|另外|并且|以及|顺便问一?下?)")
_ENGLISH_CLAUSE = re.compile(
    r"[?;]+\s*(?:and\s+)?|,?\s+and\s+(?=(?:how|what|where|when|which|who|can|do|does|is)\b)", re.I
)
_ASKS = re.compile(
    r"多少|几[个天年月点种岁次分]|怎么|怎样|如何|什么|哪|吗|要不要|能不能|可不可以|需不需要|是不是|"
    r"多久|多长|咋|啥|多大|呢$|\b(?:how|what|where|when|which|who|can|do|does|is|are)\b",
    re.I,
)
_ABOUT = re.compile(
    r"^(?:请问|我想问一?下?|想问一?下?|咨询一?下?|我想咨询|我要咨询|我要问|问一?下|关于|我想了解|想了解|了解一?下?|"
    r"about|a question about|i have a question about)+\s*|"
    r"(?:的)?(?:事|事情|事项|问题|方面|业务|相关|有关|情况)(?:的事|问题)?$|[\W_]+$",
    re.I,
)


@dataclass(frozen=True, slots=True)
class TwoQuestions:
    """Two questions that were asked as one."""

    first: str
    second: str
    is_of_two_things: bool
    """The same is asked of two things; otherwise two things are asked."""


def two_questions(question: str) -> TwoQuestions | None:
    """The two questions in one; None if it is one.

    >>> two_questions("身份证和护照都丢了怎么办")
    TwoQuestions(first='身份证丢了怎么办', second='护照丢了怎么办', is_of_two_things=True)
    >>> two_questions("护照多少钱，有效期几年？")
    TwoQuestions(first='护照多少钱', second='护照有效期几年', is_of_two_things=False)
    >>> two_questions("护照和身份证有什么区别")
    """
    if language_of(question) == "en":
        return _two_clauses([c.strip() for c in _ENGLISH_CLAUSE.split(question) if c.strip()], " ")
    if _ONE_MATTER.search(question):
        return None
    bare = re.sub(r"[\s？?。！!]+$", "", question)
    if found := _OF_TWO.match(bare) or _LISTED.match(bare):
        rest = re.sub("^(?:都|分别|各自?|同时)", "", found["rest"])
        one, other = found["one"], found["other"]
        return TwoQuestions(one + rest, other + rest, True)
    return _two_clauses([c.strip() for c in _CLAUSE.split(bare) if c and c.strip()], "")


def named_topic(question: str) -> str:
    """What a message names without asking anything of it; empty if it asks something.

    >>> named_topic("护照"), named_topic("关于公积金的问题"), named_topic("护照多少钱")
    ('护照', '公积金', '')
    """
    topic = question.strip()
    while (shorter := _ABOUT.sub("", topic)) != topic:
        topic = shorter
    if not topic or len(topic) > (30 if topic.isascii() else MAX_TOPIC_CHARACTERS):
        return ""
    if _ASKS.search(topic) or not topic_words(topic):
        return ""
    if language_of(topic) == "en":
        return topic if len(topic.split()) <= 2 else ""
    words = list(posseg.cut(topic))
    is_name = len(words) == 1 or all(word.flag[0] in "njlixzb" for word in words)
    return topic if is_name else ""


def is_one_word(topic: str) -> bool:
    """Whether a name is a single word: 「护照」, not 「护照有效期」, which asks for something.

    >>> is_one_word("公积金"), is_one_word("护照有效期"), is_one_word("")
    (True, False, False)
    """
    words = topic.split() if topic.isascii() else list(posseg.cut(topic))
    return len(words) == 1


def _two_clauses(clauses: list[str], space: str) -> TwoQuestions | None:
    if len(clauses) != 2 or not all(_ASKS.search(clause) for clause in clauses):
        return None
    first, second = clauses
    things = things_named(first)
    if not things:
        return None
    if not things_named(second):
        second = space.join(things[:2]) + space + second
    return TwoQuestions(first, second, False)
