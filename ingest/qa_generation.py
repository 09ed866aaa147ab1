"""Question-answer entries proposed from passages, by rules and by a language model.

Nothing proposed here is meant for the store before somebody accepted it:
:mod:`ingest.review_sheet`.
"""

import hashlib
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from typing import NamedTuple

from langchain_core.prompts import PromptTemplate
from pydantic import BaseModel

from retrievers.base import FaqEntry
from retrievers.text.numerals import ORDINALS, parse_number

from .table_mapping import LONGEST_QUESTION

_N = rf"[{ORDINALS}两\d]+"
_DOING = (
    "申请|申领|换领|补领|领取|办理|设立|开办|举办|成立|从事|经营|取得|担任|报考|参加|享受|登记为|注册"
    "|变更|注销|转让|报名|申报|开设"
)
_WHO = "(?:单位|企业|人员|公民|个人|组织|机构|法人|人|和|或者|、|其他|社会)+"
_BODY = "(?:部门|机关|机构|政府|委员会|局|厅|办公室|中心|银行|法院)"
_SELF = "本(?:法|条例|办法|规定|细则|规则|规范|标准|通知|意见|解释|制度|章程)"


class _QuestionRule(NamedTuple):
    """A wording of law, and the question it answers."""

    wording: re.Pattern[str]
    """Matched at the beginning of a paragraph."""
    question: str
    """With the groups of the wording, ``title`` and ``place`` (the region's short name)."""
    up_to: int = 9999
    """The last article in which the wording means that."""


_QUESTION_RULES = (
    _QuestionRule(
        re.compile(
            rf"(?P<x>(?:{_DOING})[^，。；：]{{2,28}}?)(?:，|的，|的{_WHO}，?)"
            r"(?:申请人|当事人)?(?:应当|必须|须)?(?:同时)?(?:具备|符合|满足)(?:下列|以下)(?:基本)?条件[：:]"
        ),
        "{x}需要具备什么条件？",
    ),
    _QuestionRule(
        re.compile(
            rf"(?P<x>(?!(?:{_DOING}))[^，。；：]{{2,24}}(?<![的必]))，?(?:应当|必须|须)(?:同时)?(?:具备|符合|满足)"
            r"(?:下列|以下)(?:基本)?条件[：:]"
        ),
        "{x}应当具备什么条件？",
    ),
    _QuestionRule(
        re.compile(
            rf"(?P<x>(?:{_DOING})[^，。；：]{{2,28}}?)的?，?(?:申请人|当事人)?(?:应当|必须|须|需)"
            r"(?:向[^，。；：]{2,30}?)?(?:提交|提供|携带|出具|报送|持)(?:下列|以下)(?:书面|申请|相关|有关)?"
            r"(?:材料|文件|资料|证件|证明)[^，。；：]{0,4}[：:]"
        ),
        "{x}需要提交什么材料？",
    ),
    _QuestionRule(
        re.compile(
            rf"(?P<who>[^，。；：]{{2,20}}{_BODY})应当(?:自|在)(?P<event>(?:受理|收到|接到)"
            r"(?!(?:申请|申报|材料|申请材料|申请书)之日)[^，。；：]{2,24})"
            rf"之日起{_N}个?(?:工作日|日|月)(?:以)?内，?(?:依法)?"
            r"(?P<what>(?:作出|办结|完成|答复|核发|提出|予以)[^，。；：]{1,24})[，。；]"
        ),
        "按照《{title}》，{who}{event}后，应当在多长时间内{what}？",
    ),
    _QuestionRule(
        re.compile(
            rf"(?P<x>(?:{_DOING}|查询|查阅|复制)[^，。；：]{{2,24}}?)的?，?(?:一律)?(?:不收取|不得收取|免收)"
            r"(?:任何|工本)?费用?"
        ),
        "{x}要收费吗？",
    ),
    _QuestionRule(
        re.compile(
            rf"(?P<who>[^，。；：]{{2,24}}{_BODY})(?:负责|主管)(?:本市|全市|本省|全省|全国|本行政区域内?|本市行政区域内"
            rf"|本省行政区域内)的?(?P<x>[^，。；：的]{{2,20}}工作)[，。；]"
        ),
        "{place}{x}由哪个部门负责？",
    ),
    _QuestionRule(
        re.compile(
            rf"违反{_SELF}[^，。；：]{{0,16}}，(?P<x>(?!对)[^，。；：]{{4,36}})的，由[^，。；：]{{2,40}}"
            r"(?=[^\n]*(?:罚款|警告|没收|吊销|拘留))"
        ),
        "按照《{title}》，{x}会受到什么处罚？",
    ),
    _QuestionRule(
        re.compile(rf"{_SELF}自\s*\d{{4}}年\s*\d{{1,2}}月\s*\d{{1,2}}日起(?:施行|实施|执行)"),
        "《{title}》什么时候开始施行？",
    ),
    _QuestionRule(
        re.compile(rf"{_SELF}所称的?(?P<x>[^，。；：]{{2,16}})，(?:是)?指"),
        "《{title}》所称的{x}指的是什么？",
    ),
    _QuestionRule(
        re.compile(rf"[^。；：\n]{{6,120}}(?<!不)适用{_SELF}。"),
        "《{title}》适用于哪些情形？",
        up_to=5,  # further on, it is about special cases
    ),
    _QuestionRule(
        re.compile(
            r"(?:禁止)?(?P<x>在[^，。；：]{2,24}(?:内|中|上|期间))，?(?:禁止|不得)(?:有|从事|实施|进行)?"
            r"(?:下列|以下)(?:行为|活动)[：:]"
        ),
        "{x}禁止哪些行为？",
    ),
    _QuestionRule(
        re.compile(
            rf"(?P<x>[^，。；：]{{2,20}}(?:证|证书|执照|许可证))的?有效期限?(?:为|是)?{_N}个?[年月日]"
        ),
        "{x}的有效期是多久？",
    ),
)

# Words that point at something the question alone does not show.
_DANGLING = re.compile(
    rf"本(?!科|人|级)|该|其(?!他|它|中)|此(?!外)|前[款条项]|上述|下列|以下|所列|有关规定|规定|第{_N}[条款项]"
    r"|上列|违反|之一|相应"
)


def propose_by_rule(passages: Iterable[FaqEntry]) -> Iterator[FaqEntry]:
    """Entries by rule, from articles that plainly answer a question.

    Only passages that are a whole article count: half a list is no answer. The answer quotes
    the article; source, place and dates are the passage's.
    """
    seen: set[tuple[str, str]] = set()
    for passage in passages:
        label = re.match(
            rf"第({_N})[条條](?:之{_N})?\s*(?:[【（(][^】）)]*[】）)])?\s*", passage.answer
        )
        if not label or not re.search(
            rf"第{_N}[条條](?:之{_N})?(?:，第[^款项]*页)?$", passage.place
        ):
            continue
        for paragraph in passage.answer[label.end() :].split("\n"):
            for question in _questions(paragraph.strip(), parse_number(label[1]), passage):
                if (question, passage.source_title) not in seen:
                    seen.add((question, passage.source_title))
                    yield _proposal(passage, question, passage.answer)
                break


def _questions(paragraph: str, article: int, passage: FaqEntry) -> Iterator[str]:
    title = passage.source_title.removeprefix("《").removesuffix("》")
    place = _short_name(passage.region)
    for rule in _QUESTION_RULES:
        found = rule.wording.match(paragraph)
        if not found or article > rule.up_to:
            continue
        groups = {name: value.strip() for name, value in found.groupdict().items()}
        if place:
            for name, value in groups.items():
                groups[name] = re.sub(r"(?:本|全)[市省](?:行政区域)?", place, value)
        if any(map(_DANGLING.search, groups.values())) or any(map(_unbalanced, groups.values())):
            continue
        question = rule.question.format(**groups, title=title, place=place)
        if len(groups.get("x", title)) < 10 and title not in question:
            question = f"按照《{title}》，{question}"  # 「申请转移登记」: of what, the title says
        if 6 <= len(question) <= 80:
            yield question


def _short_name(region: str) -> str:
    """``"浙江省杭州市"`` → ``"杭州市"``; empty for the whole country."""
    found = re.search(r"(?:[^省区市]+(?:自治区|省)|)([^省]*市|)$", region)
    return (found[1] or found[0]) if found else ""


def _unbalanced(text: str) -> bool:
    return any(
        text.count(left) != text.count(right) for left, right in ("（）", "《》", "“”", "()")
    )


def _proposal(passage: FaqEntry, question: str, answer: str) -> FaqEntry:
    identity = hashlib.sha256(f"{question}\n{passage.faq_id}".encode()).hexdigest()[:16]
    return replace(
        passage,
        faq_id=f"proposal-{identity}",
        question=question,
        answer=answer,
        wordings=(),
        kind="qa",
    )


class ProposedPair(BaseModel):
    """A question that a passage answers, and the answer in the passage's own words."""

    question: str
    answer: str


class ProposedPairs(BaseModel):
    """Questions that citizens may ask of a passage, none if it answers none."""

    pairs: list[ProposedPair]


_PROMPT = PromptTemplate.from_template("""\
下面是一份政策文件中的一段原文。请提出群众办事时可能问到、并且这段原文能够直接回答的问题，最多三个。
要求：
1. 问题要完整，脱离原文也能看懂；不得出现“本条例”“前款”“该”等指代。
2. 答案必须逐字摘自原文，不得改写、补充或者概括。
3. 原文不能直接回答任何问题的，输出空列表。
格式为 {{"pairs": [{{"question": "……", "answer": "……"}}]}}，不要输出其他内容。

出处：{source}
原文：
{text}
""")


def propose_with_model(
    model: Callable[[str], ProposedPairs | str], passages: Iterable[FaqEntry]
) -> Iterator[FaqEntry]:
    """Entries a language model proposes; those that do not quote their passage are dropped.

    Args:
        model: From a prompt to what the model proposes; a text, which is not of that shape,
            proposes nothing. What it raises is not caught.
        passages: What to ask about.
    """
    for passage in passages:
        source = f"{passage.source_title} {passage.place}".strip()
        proposed = model(_PROMPT.format(source=source, text=passage.answer))
        asked: set[str] = set()
        for pair in proposed.pairs if isinstance(proposed, ProposedPairs) else ():
            question, answer = pair.question.strip(), pair.answer.strip()
            if not 4 <= len(question) <= LONGEST_QUESTION or len(answer) < 4:
                continue
            quoted = _quoted(answer, passage.answer)
            if quoted and question not in asked and not re.search("本条例|本办法|前款", question):
                asked.add(question)
                yield _proposal(passage, question, quoted)


def _quoted(answer: str, passage: str) -> str:
    """The words of the passage that an answer repeats, white space aside; empty if it does not."""
    words = [re.escape(character) for character in answer if not character.isspace()]
    found = re.search(r"\s*".join(words), passage)
    return found[0] if found else ""
