"""Follow-up questions: what a question means after those before it.

Without a language model only the plainest thing is done, but done reliably: a question that
names no matter of its own is read as one about the matter before.
"""

import re
from collections.abc import Sequence

import jieba
from jieba import posseg

from retrievers import language_of

from ..types import Turn

_FOLLOW_UP_OPENING = re.compile(
    r"^(那么|那|还有|另外|然后|再问一下|顺便问一下|它|他|这个|那个|这|要是|and|then|also|so|ok|okay|"
    r"what about|how about)(?![a-z])[，,：: ]*",
    re.IGNORECASE,
)
_CORRECTION = re.compile(
    r"^(?:不是|不对|错了|你?(?:理解|听|搞|弄)错了|我(?:不是|没)问这个)(?:这个|那个|的|了)*"
    r"[，,。！! ]*"
    r"(?:我)?(?:问|说|指|想问|要问|想要|要)?(?:的)?(?:是|其实是)?(?P<meant>.{2,})$|"
    r"^(?:no|not that)[,. ]+(?:i (?:mean|meant|asked about)|i am asking about)\s+(?P<named>.{2,})$",
    re.IGNORECASE,
)
_FILLERS = frozenset(
    "那 那么 那个 这个 这 它 还有 另外 然后 请问 想问 我想 你好 您好 麻烦 一下 下 呢 吗 啊 呀 "
    "吧 嘛 的 了 要 需要 得 我 你 您 我们 你们 问 想 怎么 怎样 如何 什么 啥 多少 几 哪 哪里 "
    "哪儿 哪些 在 在哪 到 去 是 是不是 有 有没有 没有 会 能 能不能 可以 可不可以 应该 该 还 "
    "也 都 就 再 又 和 跟 给 对 为 为什么 办 办理 一般 大概 具体 现在 如果 要是 的话 必须 "
    "一定 行 行不行 知道 怎么办 咋 咋办 时候".split()
)
_ASPECTS = frozenset(
    "钱 多少钱 费用 收费 费 工本费 手续费 价格 免费 材料 资料 证件 东西 手续 条件 要求 流程 "
    "步骤 程序 时间 多久 多长时间 几天 天 工作日 多长 长 久 期限 有效期 有效 过期 地方 地点 "
    "地址 窗口 电话 网上 线上 手机 app 小程序 网站 本人 自己 亲自 代办 拿 拿到 取 领 领取 "
    "别人 代 加急 急 快 预约 提前 照片 复印件 原件 周末 上班 下班 邮寄 快递 寄 进度 结果 查 "
    "查询 依据 规定 带 准备 交 提交".split()
)
_PLAIN = _FILLERS | _ASPECTS
_ENGLISH_PLAIN = frozenset(
    "how much long many often where when what which who is are do does did can could will would "
    "should i we my it its that this there they them the a an to for of in on at need have has get "
    "cost fee fees price documents document materials papers bring take time days deadline office "
    "online phone address open hours and or then also so about else".split()
)


_ASPECT_PATTERNS: dict[str, tuple[re.Pattern[str], str]] = {
    name: (re.compile(pattern, re.IGNORECASE), asked)
    for name, pattern, asked in (
        ("price", "多少钱|费用|收费|要(?:不要)?钱|花钱|价格|工本费|how much|cost|fee", "多少钱"),
        ("validity", "有效期|管几年|能用几年|多少年有效|valid", "的有效期是多少年"),
        ("duration", "多久|几天|多长时间|时限|多少天|什么时候能|how long", "多久能拿到"),
        ("materials", "材料|证件|带什么|带啥|手续|资料|documents|bring", "需要什么材料"),
        ("place", "在哪|哪里|去哪|哪儿|地点|窗口|where", "在哪里办"),
        ("online", "网上|线上|手机上|小程序|online", "可以网上办吗"),
        ("proxy", "代办|代领|别人|替我|帮我办|someone else", "可以由别人代办吗"),
    )
}
"""What can be asked of any matter: how it is said, and the plainest way to ask it."""


def aspect_of(question: str) -> str:
    """What a question asks of its matter; empty if that is none of the usual.

    >>> aspect_of("那费用呢？"), aspect_of("多久能拿到"), aspect_of("护照丢了")
    ('price', 'duration', '')
    """
    patterns = _ASPECT_PATTERNS.items()
    return next((name for name, (pattern, _) in patterns if pattern.search(question)), "")


def asked_plainly(question: str) -> str:
    """What a question asks of its matter, in the plainest words; empty if it asks nothing usual.

    >>> asked_plainly("办身份证要不要钱"), asked_plainly("身份证丢了怎么办")
    ('办理身份证多少钱', '')
    """
    aspect = aspect_of(question)
    named = things_named(question) if aspect and language_of(question) != "en" else []
    return "办理" + "".join(named) + _ASPECT_PATTERNS[aspect][1] if named else ""


def things_named(question: str) -> list[str]:
    """The things among the words that name a matter.

    >>> things_named("办身份证要不要钱"), things_named("有效期几年")
    (['身份证'], [])
    """
    if language_of(question) == "en":
        return topic_words(question)
    return [
        word
        for word, kind in posseg.cut(question)
        if kind[0] in "njlz" and not _is_plain(word.lower())
    ]


def topic_words(text: str) -> list[str]:
    """The words that name a matter, without those that ask something of any matter.

    >>> topic_words("护照要多少钱？"), topic_words("那要多少钱？"), topic_words("那驾驶证呢？")
    (['护照'], [], ['驾驶证'])
    >>> topic_words("How much is a passport?"), topic_words("How much is it?")
    (['passport'], [])
    """
    text = _FOLLOW_UP_OPENING.sub("", text)
    if language_of(text) == "en":
        return [word for word in _words(text) if word.lower() not in _ENGLISH_PLAIN]
    return [word for word in _words(text) if not _is_plain(word.lower())]


def is_follow_up(question: str) -> bool:
    """Whether a question leans on the one before it.

    >>> is_follow_up("那驾驶证呢？"), is_follow_up("需要什么材料"), is_follow_up("护照要多少钱？")
    (True, True, False)
    """
    is_correction = _CORRECTION.match(question) is not None
    is_opened = _FOLLOW_UP_OPENING.match(question) is not None
    return is_correction or is_opened or not topic_words(question)


def standalone_questions(question: str, history: Sequence[Turn]) -> list[str]:
    """The ways to read a follow-up; empty if there is nothing that it could follow.

    Args:
        question: What was asked now.
        history: What was asked before, the latest last.
    """
    before = next((matter for turn in reversed(history) if (matter := _topic_question(turn))), "")
    if not before:
        return []
    corrected = _CORRECTION.match(question)
    if corrected:
        asked = corrected["meant"] or corrected["named"]
        earlier = next((turn.question for turn in reversed(history) if not turn.answer.act), before)
        return [f"{asked}{rest}" for rest in _without_its_matter(earlier)[:1]] + [asked]
    asked = _FOLLOW_UP_OPENING.sub("", question)
    topics = topic_words(before)
    space = " " if language_of(question) == "en" else ""
    about_the_same = f"{space.join(topics) or before} {asked}"
    if not topic_words(asked):
        return [about_the_same]
    # 「那驾驶证呢？」 asks the same of another matter, 「那孩子呢？」 something else of the same.
    return [
        about_the_same,
        *(f"{asked} {rest}" for rest in _without_its_matter(before)),
        asked,
    ]


def with_another_word(question: str, history: Sequence[Turn]) -> list[str]:
    """The question before, with the word that is like the new one replaced: 租房 by 买房."""
    before = next((matter for turn in reversed(history) if (matter := _topic_question(turn))), "")
    return [
        before.replace(topic, named)
        for named in topic_words(question)
        for topic in topic_words(before)
        if topic != named and len(topic) == len(named) and topic[-1] == named[-1]
    ]


def _without_its_matter(question: str) -> list[str]:
    """What a question asks, with the thing that it asks it of left out, as far as one can tell."""
    if language_of(question) == "en":
        words = _words(question)
        return [" ".join(w for w in words if w != topic) for topic in topic_words(question)]
    doing = "".join(word for word, kind in posseg.cut(question) if kind[0] not in "nst")
    return [doing, question]


def _topic_question(turn: Turn) -> str:
    """What a turn was about; empty if that is not known."""
    if turn.answer.citations:
        return turn.answer.citations[0].entry.question
    return (
        turn.question if turn.answer.outcome == "suggested" and topic_words(turn.question) else ""
    )


def _is_plain(word: str) -> bool:
    """Whether a word could stand in a question about anything, 「能办」 like 「能」 and 「办」."""
    return word in _PLAIN or all(character in _PLAIN for character in word)


def _words(text: str) -> list[str]:
    if language_of(text) == "en":
        return re.findall(r"[A-Za-z0-9'-]+", text)
    return [word for word in jieba.cut(text) if re.search(r"\w", word)]
