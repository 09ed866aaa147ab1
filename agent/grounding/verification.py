"""The check of a sentence: it names its sources, and they say what it says."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import jieba

from retrievers import FaqEntry, Passage
from retrievers.text.normalization import normalize_text
from retrievers.text.tokenization import tokenize

from .cited_sentences import citation_numbers, strip_markup, without_list_marks
from .exact_values import ExactValue, exact_values, is_known, plain_times
from .statement_check import statement_problem
from .web_addresses import visited_names
from .word_classes import synonyms


@dataclass(frozen=True, slots=True)
class Verdict:
    """What may become of a sentence."""

    text: str
    """As it would be spoken: without markers."""
    cited: tuple[Passage, ...] = ()
    """The passages it rests on, in its own order."""
    problem: str = ""
    """Why it may not be given out, fit for a log; empty if it may."""


class Evidence:
    """The passages that a model was given, numbered from 1.

    Args:
        passages: In the order in which the model sees them.
    """

    def __init__(self, passages: Sequence[Passage]) -> None:
        self._passages = passages
        self._sources = [_SourceText(passage.entry) for passage in passages]

    def check(self, sentence: str) -> Verdict:
        """Whether a sentence, markers included, may be given out."""
        text, numbers = strip_markup(sentence), citation_numbers(sentence)
        if not numbers:
            return Verdict(text, problem="no source")
        if not all(1 <= number <= len(self._passages) for number in numbers):
            return Verdict(text, problem="a source that was not given")
        sources = [self._sources[number - 1] for number in numbers]
        stated = without_list_marks(text)
        if unknown := _unknown_values(stated, sources):
            return Verdict(text, problem=f"{unknown[0].kind} that is not in the passages")
        problem = support_problem(
            stated,
            words="\n".join(source.words for source in sources),
            claims="\n".join(source.claims for source in sources),
        )
        passages = tuple(self._passages[number - 1] for number in numbers)
        return Verdict(text, () if problem else passages, problem)

    def unknown(self, text: str) -> list[ExactValue]:
        """The figures of a text, without markers, that stand in none of the passages."""
        return _unknown_values(text, self._sources)


class _SourceText:
    """What one entry says.

    Its question and its other wordings are what citizens ask: the words in them may be used, but
    what they take for granted (押金500元能退吗？) proves nothing.
    """

    def __init__(self, entry: FaqEntry) -> None:
        self._entry = entry
        self.claims = entry.answer
        said = (entry.answer, entry.question, entry.department, entry.source_title, entry.field)
        self.words = "\n".join((*said, entry.place, entry.document_number, entry.region))

    @cached_property
    def figures(self) -> list[ExactValue]:
        entry = self._entry
        title = f"《{entry.source_title.strip('《》')}》" if entry.source_title else ""
        days = (entry.issued, entry.valid_from, entry.valid_until)
        urls = (entry.source_url, entry.document_url)
        stated = (entry.answer, title, entry.document_number, entry.place, *urls, *days)
        return exact_values("\n".join(filter(None, stated)))


def _unknown_values(text: str, sources: Sequence[_SourceText]) -> list[ExactValue]:
    known = [figure for source in sources for figure in source.figures]
    return [figure for figure in exact_values(text) if not is_known(figure, known)]


MIN_WORD_SHARE = {"zh": 0.35, "en": 0.6}
"""Share of a clause's words that must stand in the passages, or a synonym of them."""
MIN_CLAUSE_LENGTH = {"zh": 4, "en": 3}
"""Characters or words from which a clause stands on its own; a shorter one goes with the next."""

_HARMFUL_IF_WRONG = re.compile(
    r"[收缴交付退欠减续免]费|费用|罚款|处罚|罚金|付款|转账|汇款|押金|保证金|税|补贴|奖励|密码|验证码|银行卡|账[号户]|帐[号户]|"
    r"卡号|微信|公众号|视频号|抖音|快手|微博|扣扣|[加进]群|搜索|支付宝|扫码|扫一扫|扫描|二维码|小程序码|收款码|付款码|长按|识别图|链接|网址|网站|点击|下载|私信|私聊|客服|中介|保证|承诺|包过|永久|终身|"
    r"无条件|作废|失效|无效|取消|废止|保留|暂停|代办|加急|热线|电话|投诉|起诉|免责|"
    r"\b(?:passwords?|pin|bank|accounts?|transfer|pay|paid|payment|fees?|fines?|fined|deposit|free|links?|"
    r"click|download|guaranteed?|wechat|whatsapp|telegram|e-?mail|website|hotline|scan|qr|card|crypto|"
    r"bribe|agent|cancell?ed|abolished|waived)\b"
)
"""What does harm if it is not so: each such word must stand in the passages as it is."""
_FREE = re.compile(
    r"(?:不|免|无需|无须|不用|不必|不需要?)(?:再)?(?:收取?|缴纳?|交纳?|支?付)?(?:任何)?费用?|无偿|"
    r"(?:不|无需|不用|不必|不需要)(?:再)?(?:花|交|付|要)钱"
)
_EACH = re.compile(r"(?<=[元块角分])\s*/\s*(?:个|每)?(月|年|天|日|周|季度?|小时|次)")
_HAN = re.compile(r"[\u3400-\u9fff]+")
_LATIN = re.compile(r"[a-z][a-z'-]*[a-z]|[a-z]")
_BREAK = re.compile(r"[，,；;：:。！？!?、\n]|\. ")
_FUNCTION_WORDS = frozenset(
    "的 了 着 过 地 得 是 在 有 和 与 及 或 或者 以及 并 并且 而 而且 但 但是 如 如果 若 则 即 "
    "就 也 都 还 又 再 才 可 可以 能 能够 会 应 应当 应该 需 需要 须 必须 要 想 请 您 你 我 "
    "我们 他 她 它 这 那 这个 那个 该 其 此 根据 按照 按 依据 关于 对于 对 由 从 到 至 自 向 "
    "为 被 把 将 让 使 给 于 以 所 之 等 上 下 中 内 后 前 时 时候 的话 因此 所以 因为 "
    "由于 "
    "例如 比如 其中 另外 此外 同时 然后 首先 其次 最后 一般 通常 主要 具体 相关 有关 情况 方式 "
    "进行 办理 提供 规定 明确 包括 一共 目前 现在 以前 以后 吗 呢 吧 啊 呀 也就是说 如下 以下 "
    "以上 个 只 只要 只有 均 各 每 某 何 什么 怎么 如何 哪 哪些 哪里 是否 想要 建议 注意 本 "
    "带 带上 携带 您好 你好 答 问 到达 前往 去 来 您需 您可 您的 就是 属于 称为 "
    "期间 之内 之后 之前 这项 此项 该项 业务 事项".split()
)


def support_problem(sentence: str, *, words: str, claims: str) -> str:
    """Why passages do not say what a sentence says; empty if they do.

    Args:
        sentence: Without markers.
        words: What the passages have in words, the questions they answer included.
        claims: What they state.
    """
    sentence, words, claims = map(_normalized, (sentence, words, claims))
    if _HAN.search(sentence):
        sentence, words, claims = map(plain_times, (sentence, words, claims))
    if re.search(rf"(?<!\w){re.escape(sentence.strip('。.!！?？ '))}(?!\w)", claims):
        return ""  # word for word, and not from the middle of a clause
    least = MIN_WORD_SHARE["zh" if _HAN.search(sentence) else "en"]
    if any(_share(clause, words) < least for clause in _clauses(sentence)):
        return "words that are not in the passages"
    if any(name not in words for name in visited_names(sentence)):
        return "a name to visit that is not in the passages"
    if any(not _is_said(word, words) for word in _HARMFUL_IF_WRONG.findall(sentence)):
        return "grave words that are not in the passages"
    return statement_problem(sentence, words=words, claims=claims)


def _is_said(word: str, words: str) -> bool:
    return word in words or any(other in words for other in synonyms().get(word, ()))


def _normalized(text: str) -> str:
    """One way to write it, to say that something is free, and that it is for every month."""
    plain = normalize_text(text).lower().replace("第一次", "首次")
    return _EACH.sub(r"每\1", _FREE.sub("免费", plain))


def _clauses(sentence: str) -> Iterator[str]:
    """The clauses, each long enough that its words tell something."""
    held = ""
    parts = [part for part in _BREAK.split(sentence) if part and part.strip()]
    for i, part in enumerate(parts):
        held += f" {part}"
        rest = "".join(parts[i + 1 :])
        if _is_long(held) and (not rest or _is_long(rest)):
            yield held
            held = ""
    if held:
        yield held


def _is_long(text: str) -> bool:
    n_han = sum(map(len, _HAN.findall(text)))
    return n_han >= MIN_CLAUSE_LENGTH["zh"] or len(_LATIN.findall(text)) >= MIN_CLAUSE_LENGTH["en"]


def _share(clause: str, evidence: str) -> float:
    """The share of a clause's characters, words in English, that the evidence has."""
    n = n_found = 0
    for run in _HAN.findall(clause):
        pairs = [run[i : i + 2] in evidence for i in range(len(run) - 1)]
        position = 0
        for word in jieba.cut(run):
            start, position = position, position + len(word)
            if word in _FUNCTION_WORDS:
                continue
            n += len(word)
            if _is_said(word, evidence):
                n_found += len(word)
            else:
                near = (any(pairs[max(0, i - 1) : i + 1]) for i in range(start, position))
                n_found += sum(near)
    known = frozenset(tokenize(evidence)) if _LATIN.search(clause) else frozenset()
    for word in _LATIN.findall(clause):
        for stem in tokenize(word):
            n += 1
            n_found += stem in known or word in evidence
    return n_found / n if n else 1.0
