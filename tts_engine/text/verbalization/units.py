"""Units of measurement and what they are said as; a slash in front of one is 每."""

import re

from .rule import HAN, MEASURES, NUMERALS

UNITS = {
    # length, area, volume
    "km": "公里", "m": "米", "dm": "分米", "cm": "厘米", "mm": "毫米", "μm": "微米", "nm": "纳米",
    "km²": "平方公里", "km2": "平方公里", "hm²": "公顷", "ha": "公顷", "m²": "平方米",
    "m2": "平方米", "dm²": "平方分米", "cm²": "平方厘米", "cm2": "平方厘米", "mm²": "平方毫米",
    "m³": "立方米", "m3": "立方米", "dm³": "立方分米", "cm³": "立方厘米", "cm3": "立方厘米",
    "Nm³": "标准立方米", "L": "升", "dL": "分升", "mL": "毫升", "ml": "毫升", "μL": "微升",
    # mass, amount of substance, concentration
    "t": "吨", "kg": "公斤", "g": "克", "mg": "毫克", "μg": "微克", "ug": "微克", "mcg": "微克",
    "ng": "纳克", "mol": "摩尔", "mmol": "毫摩尔", "μmol": "微摩尔", "ppm": "百万分之一",
    "IU": "国际单位",
    # time, speed
    "s": "秒", "ms": "毫秒", "min": "分钟", "h": "小时", "rpm": "转每分钟",
    # force, pressure, energy, electricity, light, sound, frequency
    "N": "牛", "kN": "千牛", "Pa": "帕", "hPa": "百帕", "kPa": "千帕", "MPa": "兆帕",
    "mmHg": "毫米汞柱", "J": "焦耳", "kJ": "千焦", "MJ": "兆焦", "cal": "卡", "kcal": "千卡",
    "W": "瓦", "kW": "千瓦", "MW": "兆瓦", "kWh": "千瓦时", "kW·h": "千瓦时", "KWH": "千瓦时",
    "kVA": "千伏安", "V": "伏", "kV": "千伏", "mV": "毫伏", "mA": "毫安", "mAh": "毫安时",
    "Ah": "安时", "Ω": "欧姆", "lx": "勒克斯", "lm": "流明", "dB": "分贝", "Hz": "赫兹",
    "kHz": "千赫", "MHz": "兆赫", "GHz": "吉赫", "mSv": "毫西弗", "Bq": "贝克勒尔",
    # data
    "MB": "兆", "M": "兆", "Mb": "兆比特", "kbps": "千比特每秒", "Kbps": "千比特每秒",
    "Mbps": "兆比特每秒", "Gbps": "吉比特每秒", "px": "像素",
    # written in capitals as well
    "KM": "公里", "CM": "厘米", "MM": "毫米", "KG": "公斤", "ML": "毫升", "KW": "千瓦",
}  # fmt: skip
"""Symbols behind a number, and what is said. Those that people spell (KB, GB, dpi) are not here."""

UNIT_SYMBOLS = "|".join(map(re.escape, sorted(UNITS, key=len, reverse=True)))
UNIT = rf"(?:{UNIT_SYMBOLS})(?![A-Za-z\d²³])"
"""A unit's symbol, to its end."""
AREAS_AND_VOLUMES = "|".join(symbol for symbol in UNITS if symbol.endswith(("²", "³")))

# What is counted behind a slash; not where it begins a longer word of another meaning.
_COUNTED = "|".join(
    sorted(
        "小时 分钟 工作日 天 日(?!期) 周 月 季 季度 学期 学年 学时 课时 年(?!龄|审|检|度报) "
        "次 人次 班次 航次 人(?!员|民|才|口|社|身) 户(?!口|籍|主) 家(?!庭[成关]|属|长) 位 名 "
        "个(?!人|体) 件 本(?!人|科|地|市|息) 份 张 台 辆 车(?!辆|票|险|主|牌) 车次 车位 泊位 "
        "床 床位 床日 席 桌 米 公里 千米 平方米 平方公里 立方米 立方 平方 平米 平 吨 升 公升 "
        "毫升 分升 公斤 千克 克 亩 公顷 套 间 房间 栋 幢 层 节 秒 分 场 批 篇 盒 瓶 支 针 剂 "
        "片 粒 只 头 棵 株 匹 岁 孩 胎 生(?!育|产|活|日) 证(?!件|明|书|券) 项 例 单 票 笔 页 "
        "幅 组 班 校 村 社区 镇 乡 县 站 宗 起 趟 度 千瓦时 千瓦 兆 册 卷 集 期 届 包 箱 标箱 "
        "袋 桶 罐 条 块 根 副 双 对 道 顿 餐 碗 杯 员工 职工 学生(?!证|卡) 老人 儿童 "
        "家庭(?!成|关|住) 企业(?!法|负) 平台 单元 门店 商户 项目 人月 人年 人天".split(),
        key=len,
        reverse=True,
    )
)
EACH = rf"(?:{_COUNTED}|{UNIT})"
"""What may stand behind a slash that means 每: a unit, or a noun that is counted."""
_UNIT_WORDS = "|".join(sorted(set(UNITS.values()), key=len, reverse=True))
_QUANTITY = re.compile(
    rf"[{NUMERALS}][余多]?(?:{MEASURES}|{_UNIT_WORDS}|个月|[美欧日港]元|英镑|学时|课时|人次|车次){{0,2}}$"
    rf"|[{NUMERALS}][{HAN}]$"
    rf"|(?<!单)[元克米吨升]$"
)


def ends_in_quantity(text: str) -> bool:
    """Whether a text ends in a number in words, with its measure, or in a unit alone.

    >>> ends_in_quantity("车流量八百辆"), ends_in_quantity("一网通办"), ends_in_quantity("单位：元")
    (True, False, True)
    """
    return bool(_QUANTITY.search(text[-12:]))


def ends_in_measure(text: str) -> bool:
    """Whether a text ends in money or in a unit of measurement.

    >>> ends_in_measure("收费五元"), ends_in_measure("照片两张")
    (True, False)
    """
    return text.endswith(("元", *UNITS.values()))


def each_in_words(slashes: str) -> str:
    """Read ``"/h/人"`` or ``"/人·月"`` as 每小时每人 or 每人每月."""
    return "".join("每" + UNITS.get(name, name) for name in re.split(r"[/·]", slashes) if name)
