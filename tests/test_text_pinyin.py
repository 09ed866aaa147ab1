"""Characters with several readings are read as public service means them."""

import pytest

from tts_engine.text.pinyin import words_with_pinyin


@pytest.mark.parametrize(
    ("text", "reading"),
    [
        ("重庆", "chong2 qing4"), ("银行", "yin2 hang2"), ("长期", "chang2 qi1"),
        ("处理", "chu2 li3"), ("调取", "diao4 qu3"), ("了解", "liao2 jie3"),
        ("参与者", "can1 yu4 zhe3"), ("会计", "kuai4 ji4"), ("缴费", "jiao3 fei4"),
        ("重新", "chong2 xin1"), ("行业", "hang2 ye4"), ("支行", "zhi1 hang2"),
        ("还款", "huan2 kuan3"), ("给予", "ji2 yu3"), ("办事处", "ban4 shi4 chu4"),
        ("处罚", "chu3 fa2"), ("调解", "tiao2 jie3"), ("调动", "diao4 dong4"),
        ("最长", "zui4 chang2"), ("校长", "xiao4 zhang3"), ("率先", "shuai4 xian1"),
        ("税率", "shui4 lv4"), ("载明", "zai3 ming2"), ("大厦", "da4 sha4"),
        ("为您办理", "wei4 nin2 ban4 li3"), ("时限为三天", "shi2 xian4 wei2 san1 tian1"),
        ("因为", "yin1 wei4"), ("处三年以下", "chu3 san1 nian2 yi3 xia4"),
        ("总长度", "zong3 chang2 du4"), ("长宽各五米", "chang2 kuan1 ge4 wu2 mi3"),
        ("申请人曾某", "shen1 qing3 ren2 zeng1 mou3"), ("地区某单位", "di4 qu1 mou3 dan1 wei4"),
        ("量血压", "liang2 xue4 ya1"), ("数量", "shu4 liang4"), ("出血", "chu1 xue4"),
        ("未尽事宜", "wei4 jin4 shi4 yi2"), ("六安市", "lu4 an1 shi4"),
    ],
)  # fmt: skip
def test_polyphones_are_read_as_meant(text: str, reading: str) -> None:
    assert [s for word in words_with_pinyin(text) for s in word.syllables] == reading.split()


@pytest.mark.parametrize(
    ("text", "reading"),
    [
        ("你好", "ni2 hao3"), ("展览馆", "zhan2 lan2 guan3"), ("不是", "bu2 shi4"),
        ("不能", "bu4 neng2"), ("一个", "yi2 ge4"), ("一年", "yi4 nian2"),
        ("第一次", "di4 yi1 ci4"),
        ("一月一日", "yi1 yue4 yi1 ri4"),
    ],
)  # fmt: skip
def test_tones_change_as_in_fluent_speech(text: str, reading: str) -> None:
    assert [s for word in words_with_pinyin(text) for s in word.syllables] == reading.split()


@pytest.mark.parametrize(
    ("text", "word", "reading"),
    [
        ("离异单亲家庭", "单亲", "dan1 qin1"),  # 亲家 is in the phrase table
        ("公安分局", "分局", "fen1 ju2"),  # 安分
        ("犯罪行为", "行为", "xing2 wei2"),
        ("本行政区域", "行政", "xing2 zheng4"),  # 本行, a bank
        ("会上调度资金", "调度", "diao4 du4"),  # 上调, ours
        ("统一式样", "式样", "shi4 yang4"),  # 一式
        ("父母子女", "子女", "zi2 nv3"),  # 母子
        ("收到处罚", "处罚", "chu3 fa2"),  # 到处
    ],
)
def test_a_word_is_not_read_by_a_phrase_that_cuts_it(text: str, word: str, reading: str) -> None:
    syllables = [s for found in words_with_pinyin(text) for s in found.syllables]
    start = text.index(word)
    assert syllables[start : start + len(word)] == reading.split()


def test_words_hold_only_chinese_characters() -> None:
    assert [word.text for word in words_with_pinyin("APP，身份证！")] == ["身份证"]
