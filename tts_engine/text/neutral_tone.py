"""Neutral tones: syllables that fluent Mandarin says short and without a tone of their own.

The phrase dictionary gives nearly all of them a full tone. The words are those of the
national proficiency test's list of obligatory neutral tones, as far as a public counter
may say them, by themselves and not as a part of something else (东西, but not 东西部).
"""

import re

_WORDS = frozenset(
    "爱人 本事 称呼 出息 答应 打听 打发 耽误 道理 点心 动静 对付 队伍 福气 膏药 告诉 胳膊 "
    "姑娘 故事 怪物 关系 官司 规矩 闺女 含糊 行当 护士 伙计 记号 记性 见识 将就 街坊 姐夫 "
    "戒指 结实 咳嗽 客气 口袋 困难 老婆 老实 厉害 利落 利索 连累 麻烦 马虎 买卖 眉毛 媒人 "
    "迷糊 苗条 名堂 名字 明白 难为 脑袋 能耐 娘家 女婿 朋友 脾气 漂亮 欺负 亲戚 清楚 热闹 "
    "认识 商量 生意 牲口 师傅 时候 拾掇 使唤 事情 收成 收拾 首饰 舒服 疏忽 爽快 算计 岁数 "
    "头发 妥当 娃娃 晚上 委屈 位置 稳当 媳妇 喜欢 吓唬 先生 相声 消息 笑话 心思 行李 兄弟 "
    "休息 学生 学问 眼睛 养活 吆喝 衣服 应酬 冤枉 月饼 月亮 运气 在乎 早上 张罗 丈夫 帐篷 "
    "丈人 招呼 招牌 芝麻 知识 指甲 主意 庄稼 祖宗 嘴巴 琢磨 窗户 东西 伺候 亏空 起来 出来 "
    "进来 下来 上来 回来 回去 出去 进去 这里 那里 哪里 家里 屋里 心里 手里 城里".split()
)
_KIN = re.compile(r"([爸妈哥姐弟妹爷奶叔婶姑舅姨娃宝太])\1")
_TRIED = "看试谢听问说想找聊走写算查读念尝歇"
_TRY = re.compile(rf"([{_TRIED}])\1")  # 看看, a little look
_TRY_ONCE = re.compile(rf"([{_TRIED}等数])(一)\1")
_OR_NOT = re.compile(r"([\u4e00-\u9fff])(不)\1|[对来差看](不)(?:起|及|多|见|到)")
_SPOT = re.compile(
    "[个些哪种处么的]地(方)(?!政府|性|财|标准|立法|税|人大|各级|志|债|法|特|病|教育|金融|国有)"
)


def apply_neutral_tones(segments: list[str], readings: list[str]) -> None:
    """Give the neutral tone to the syllables that have it.

    Args:
        segments: The words of a stretch of Chinese characters.
        readings: The pinyin of each of their characters, with tone digits; changed in place.
    """
    start = 0
    for segment in segments:
        if segment in _WORDS:
            _lighten(readings, start + len(segment) - 1)
        for match in _KIN.finditer(segment):
            _lighten(readings, start + match.end() - 1)
        for match in _TRY.finditer(segment):
            _lighten(readings, start + match.end() - 1)
            _rise(readings, start + match.start())  # 想想 is said as if the second were a third
        start += len(segment)
    run = "".join(segments)
    for match in _TRY_ONCE.finditer(run):
        _lighten(readings, match.start(2))
    for match in _OR_NOT.finditer(run):
        _lighten(readings, match.start(match.lastindex or 0))
    for match in _SPOT.finditer(run):
        _lighten(readings, match.start(1))


def _lighten(readings: list[str], at: int) -> None:
    readings[at] = readings[at].rstrip("12345") + "5"


def _rise(readings: list[str], at: int) -> None:
    if readings[at].endswith("3"):
        readings[at] = readings[at][:-1] + "2"
