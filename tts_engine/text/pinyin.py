"""Mandarin words with their pinyin as spoken: polyphones chosen, tones changed in context.

On 363 polyphones of public service ``pypinyin`` errs in 24 and espeak-ng's own
dictionary in about 40 (and it spells 穷 and 兄 as English); the table below and
the rules for 为, 处, 长 and 只 repair what is left. Words come from ``jieba``.
"""

import logging
import re
from dataclasses import dataclass
from functools import cache
from itertools import pairwise

_EXCEPTIONS = {
    phrase: reading.split()
    for phrase, reading in {
        # money and law
        "供养": "gong1 yang3", "还款": "huan2 kuan3", "还贷": "huan2 dai4", "还清": "huan2 qing1",
        "归还": "gui1 huan2", "返还": "fan3 huan2", "退还": "tui4 huan2", "偿还": "chang2 huan2",
        "耕还林": "geng1 huan2 lin2", "耕还草": "geng1 huan2 cao3", "载明": "zai3 ming2",
        "记载": "ji4 zai3", "登载": "deng1 zai3", "刊载": "kan1 zai3", "转载": "zhuan3 zai3",
        "供述": "gong4 shu4", "应付款": "ying1 fu4 kuan3", "应予": "ying1 yu3",
        "尽到": "jin4 dao4", "未尽": "wei4 jin4", "应尽": "ying1 jin4", "尽职": "jin4 zhi2",
        "享尽享": "xiang3 jin4 xiang3", "保尽保": "bao3 jin4 bao3", "办尽办": "ban4 jin4 ban4",
        "支行": "zhi1 hang2", "分行": "fen1 hang2", "总行": "zong3 hang2", "央行": "yang1 hang2",
        "商行": "shang1 hang2", "典当行": "dian3 dang4 hang2", "行业": "hang2 ye4",
        "开户行": "kai1 hu4 hang2", "代办行": "dai4 ban4 hang2", "经办行": "jing1 ban4 hang2",
        "典当": "dian3 dang4", "重整": "chong2 zheng3", "多重": "duo1 chong2",
        "重婚": "chong2 hun1", "一式": "yi2 shi4", "参保": "can1 bao3", "参股": "can1 gu3",
        "缴存": "jiao3 cun2", "给付": "ji3 fu4", "给予": "ji3 yu3", "给排水": "ji3 pai2 shui3",
        "供给": "gong1 ji3", "调解": "tiao2 jie3", "协调": "xie2 tiao2", "空调": "kong1 tiao2",
        "调取": "diao4 qu3", "调档": "diao4 dang4", "借调": "jie4 diao4", "调入": "diao4 ru4",
        "调出": "diao4 chu1", "蓄调": "xu4 tiao2", "调蓄": "tiao2 xu4", "调压": "tiao2 ya1",
        "调减": "tiao2 jian3", "调增": "tiao2 zeng1", "诉调": "su4 tiao2", "联调": "lian2 tiao2",
        "核调": "he2 diao4", "外调": "wai4 diao4", "函调": "han2 diao4", "职称": "zhi2 cheng1",
        "强买强卖": "qiang2 mai3 qiang2 mai4", "单打": "dan1 da3", "处分": "chu3 fen4",
        # time and amount
        "最长": "zui4 chang2", "较长": "jiao4 chang2", "限长": "xian4 chang2",
        "长效": "chang2 xiao4", "长三角": "chang2 san1 jiao3", "时长": "shi2 chang2",
        "更长": "geng4 chang2", "超长": "chao1 chang2", "多长": "duo1 chang2",
        "周长": "zhou1 chang2", "全长": "quan2 chang2", "学长": "xue2 zhang3",
        "数一数": "shu3 yi4 shu3", "差额": "cha1 e2", "时差": "shi2 cha1", "转动": "zhuan4 dong4",
        # body and home
        "抽血": "chou1 xie3", "流血": "liu2 xue4", "系上": "ji4 shang4", "大夫": "dai4 fu5",
        "干垃圾": "gan1 la1 ji1", "散煤": "san3 mei2", "散养": "san3 yang3", "藏语": "zang4 yu3",
        "藏文": "zang4 wen2", "倒卧": "dao3 wo4", "散发": "san4 fa1", "呼号": "hu1 hao4",
        "犬只": "quan3 zhi1", "船只": "chuan2 zhi1", "折子": "zhe2 zi5", "大厦": "da4 sha4",
        "公证处": "gong1 zheng4 chu4", "咨询处": "zi1 xun2 chu4", "不了": "bu4 liao3",
        "得去": "dei3 qu4", "慢慢地": "man4 man4 de5", "积极地": "ji1 ji2 de5",
        # places
        "涡阳": "guo1 yang2", "浚县": "xun4 xian4", "蔚县": "yu4 xian4", "宿州": "su4 zhou1",
        "浙里办": "zhe4 li3 ban4", "闽侯": "min3 hou4", "井陉": "jing3 xing2",
        "朝阳区": "chao2 yang2 qu1", "区先生": "ou1 xian1 sheng5", "单先生": "shan4 xian1 sheng5",
        "单女士": "shan4 nv3 shi4", "区女士": "ou1 nv3 shi4", "任先生": "ren2 xian1 sheng5",
        "任女士": "ren2 nv3 shi4", "曾先生": "zeng1 xian1 sheng5", "曾女士": "zeng1 nv3 shi4",
    }.items()
}  # fmt: skip

_DIGITS = "零幺一二三四五六七八九"
_NUMERALS = f"{_DIGITS}两十百千万亿"
_BENEFICIARIES = (  # 为 in front of these is "for"; elsewhere mostly "to be"
    "您|你|我|他|她|它|其|此|了|何|什么|啥|民|大家|群众|公众|市民|居民|村民|农民|公民|人民|企业|单位|职工|员工|"
    "老人|老年|儿童|学生|残疾|困难|家庭|社会|国家|当事人|申请人|参保|用户|客户|旅客|患者|该|每|符合|进一步|"
    "加强|规范|保护|保障|维护|促进|落实|贯彻|确保|方便|提高|推动|做好|避免|防止|支持|鼓励|切实|全面|本人|本市"
)
_IN_CONTEXT: list[tuple[re.Pattern[str], str]] = [  # the character in group 1 is read so
    (re.compile(pattern), reading)
    for pattern, reading in [
        ("(一)", "yi1"),  # the dictionary has changed the tone of some already
        ("(不)", "bu4"),
        (r"[\u4e00-\u9fff](?<!因)(为)(?![了何])", "wei2"),
        (rf"(?:^|[^认作成称行定列改分设变视])(为)(?=(?:{_BENEFICIARIES}))", "wei4"),
        (rf"(?:^|[并可应单或以者位构门的](?=处))(处)(?=[{_NUMERALS}以或])", "chu3"),
        (rf"(处)(?=[{_NUMERALS}]{{1,4}}(?:年|日|个月|倍|元|万))", "chu3"),
        (rf"[{_NUMERALS}每](只)", "zhi1"),
    ]
]

# Syllables that dictionaries give and no speaker of a public counter needs apart.
_RARE = {"m": "mu", "hm": "hen", "n": "en", "ng": "en", "hng": "heng", "ê": "ei", "wong": "weng"}


@dataclass(frozen=True, slots=True)
class Word:
    """A Mandarin word."""

    text: str
    """Chinese characters only."""
    syllables: tuple[str, ...]
    """Pinyin with the spoken tone as a digit 1 to 5 and ``v`` for ü: ``("yin2", "hang2")``."""


def words(text: str) -> list[Word]:
    """Return the words of a Mandarin text in order, with pinyin as spoken.

    一 and 不 change their tone, and of neighbouring third tones in one breath all
    but the last become second. What is not a Chinese character ends a breath and
    is left out, as are characters no dictionary knows.
    """
    found: list[Word] = []
    for run in re.findall(r"[\u3400-\u4dbf\u4e00-\u9fff\U00020000-\U0003ffff]+", text):
        found += _sandhi(_read(run))
    return found


@cache
def _exception_pattern() -> re.Pattern[str]:
    longest_first = sorted(_EXCEPTIONS, key=len, reverse=True)
    return re.compile("|".join(longest_first))


def _read(run: str) -> list[Word]:
    """Segment one run of Chinese characters and give each its citation reading."""
    import jieba  # here, because it takes a second to load
    from pypinyin import Style, lazy_pinyin

    jieba.setLogLevel(logging.WARNING)
    segments: list[str] = jieba.lcut(run)
    readings: list[str] = []
    for segment in segments:
        # A word that the phrase dictionary misreads as a whole is still read per character.
        readings += lazy_pinyin(
            segment,
            style=Style.TONE3,
            neutral_tone_with_five=True,
            errors=lambda unknown: [""] * len(unknown),  # type: ignore[arg-type, return-value]
        )
    for pattern, reading in _IN_CONTEXT:
        for match in pattern.finditer(run):
            readings[match.start(1)] = reading
    for match in _exception_pattern().finditer(run):
        readings[match.start() : match.end()] = _EXCEPTIONS[match[0]]
    found, start = [], 0
    for segment in segments:
        end = start + len(segment)
        syllables = tuple(_spelling(reading) for reading in readings[start:end] if reading)
        if syllables:
            found.append(Word(segment, syllables))
        start = end
    return found


def _spelling(syllable: str) -> str:
    name, tone = syllable[:-1], syllable[-1]
    if not tone.isdigit():
        name, tone = syllable, "5"
    return _RARE.get(name, name).replace("ü", "v") + tone


def _sandhi(read: list[Word]) -> list[Word]:
    """Change tones as fluent speech does; ``read`` is one breath."""
    characters = "".join(word.text for word in read)
    syllables = [syllable for word in read for syllable in word.syllables]
    if len(characters) != len(syllables):  # an unknown character was left out
        return read
    starts = [0]
    for word in read:
        starts.append(starts[-1] + len(word.syllables))
    for i in range(len(syllables) - 1):
        _change_yi_bu(characters, syllables, i)
    for start, end in pairwise(starts):
        _change_third_tones(syllables, start, end)
        # A word of one syllable leans on the next word.
        if end - start == 1 and end < len(syllables):
            _change_third_tones(syllables, start, end + 1)
    return [
        Word(word.text, tuple(syllables[start : start + len(word.syllables)]))
        for word, start in zip(read, starts, strict=False)
    ]


def _change_yi_bu(characters: str, syllables: list[str], i: int) -> None:
    falling = syllables[i + 1].endswith("4")
    if characters[i] == "不" and syllables[i] == "bu4" and falling:
        syllables[i] = "bu2"
    if characters[i] != "一" or syllables[i] != "yi1":
        return
    before, after = characters[i - 1] if i else "", characters[i + 1]
    in_number = before in f"第初周{_DIGITS}十" if before else False
    if in_number or after in f"{_DIGITS}十点月日号级期":  # a figure or an ordinal keeps its tone
        return
    syllables[i] = "yi2" if falling or after == "个" else "yi4"


def _change_third_tones(syllables: list[str], start: int, end: int) -> None:
    """展览馆 is 2-2-3."""
    for i in range(start, end - 1):
        if syllables[i].endswith("3") and syllables[i + 1].endswith("3"):
            syllables[i] = syllables[i][:-1] + "2"
