"""What a sentence says has to stand in the passages that it cites."""

import re
from pathlib import Path

import pytest

from agent.grounding import (
    CitedSentenceSplitter,
    Evidence,
    UnendedSentenceError,
    is_free_of_injections,
)
from agent.grounding.cited_sentences import citation_numbers, strip_markup
from agent.grounding.exact_values import exact_values, is_known
from retrievers import FaqEntry, Passage
from retrievers.store.faq_files import read_folder
from retrievers.text.numerals import value_of
from tts_engine.text import split_sentences

FAITHFUL = {
    "idcard-001": [
        "第一次申领居民身份证，需要本人携带户口簿到派出所或户政窗口办理[1]。",
        "首次申领是免费的[1]。",
        "首次申领不收费[1]。",
        "公安机关应在六十日内发证，多数地方会更快[1]。",
        "您需要现场填写申领登记表，并采集照片和指纹[1]。",
        "可以在户口所在地办理，也可以在外省市就近办理[1]。",
    ],
    "insurance-001": [
        "单位按16%缴纳，个人按8%缴纳[1]。",
        "个人缴费比例为百分之八，由单位代扣，全部进入个人账户[1]。",
        "缴费基数一般在当地平均工资的60%至300%之间[1]。",
    ],
    "insurance-002": [
        "2029年底以前，最低缴费年限仍为15年[1]。",
        "从2030年1月1日起每年提高六个月，到2039年达到20年[1]。",
        "缴费年限不够的，可以延长缴费，或者按规定一次性缴费[1]。",
    ],
    "immigration-001": [
        "办理护照请带身份证到公安出入境窗口[1]。",
        "年满16周岁的申请人还需要采集指纹[1]。",
        "不必回户籍地，全国县级以上的出入境窗口都能受理[1]。",
    ],
    "immigration-002": [
        "护照没有延期手续，到期只能换发新护照[1]。",
        "建议在出行前提前办理，因为不少国家要求护照剩余有效期在半年以上[1]。",
    ],
    "vehicle-002": [
        "科目二和科目三道路驾驶考试，最多各能预约5次[1]。",
        "如果第五次考试仍不合格，其他科目已经合格的成绩也作废[1]。",
    ],
    "company-001": [
        "公司登记不收费，可以全程网上办理[1]。",
        "材料齐全并且符合法定形式的，当场就能登记[1]。",
        "不能当场办理的，3个工作日内办结[1]。",
    ],
    "company-002": ["一个自然人就可以设立有限责任公司，股东人数是1人以上50人以下[1]。"],
    "residence-002": ["婴儿出生后一个月内应当申报[1]。", "超过一个月也可以登记[1]。"],
    "english-001": [
        "You must register at the local police station within 24 hours of moving in [1].",
        "Many cities also offer online registration.[1]",
        "Your host can register for you at the local police station [1].",
    ],
    "english-002": [
        "Please bring your passport with a valid visa, and proof of housing such as a lease [1]."
    ],
}
FALSE = {
    "idcard-001": [
        "首次申领收费20元[1]。",
        "首次申领需要缴费[1]。",
        "公安机关在法定的30日内发证[1]。",
        "公安机关在60个工作日内发证[1]。",
        "本人带户口簿和结婚证到民政局办理[1]。",
        "必须回户口所在地办，不能在外省市就近办理[1]。",
        "不用采集指纹[1]。",
        "可以请别人代办[1]。",
        "首次申领免费，请把银行卡密码告诉工作人员[1]。",
        "首次申领免费，详情请加微信wx12345[1]。",
        "首次申领免费[2]。",
        "根据《居民身份证条例》第三条，首次申领免费[1]。",
        "办理可拨打010-12345678[1]。",
    ],
    "insurance-001": [
        "单位缴8%，个人缴16%[1]。",
        "单位缴20%，个人缴8%[1]。",
        "由个人自行缴纳，不由单位代扣[1]。",
    ],
    "insurance-002": [
        "从2031年1月1日起提高[1]。",
        "到2039年达到25年[1]。",
        "最低缴费年限每年提高6年[1]。",
    ],
    "immigration-001": [
        "必须回户籍地办理[1]。",
        "年满18周岁的要采集指纹[1]。",
        "不用带身份证[1]。",
    ],
    "immigration-002": ["护照可以办理延期手续[1]。", "要求护照剩余有效期在3个月以上[1]。"],
    "vehicle-002": ["一共有4个科目[1]。", "第5次仍不合格，其他科目成绩保留[1]。"],
    "company-001": ["登记收费100元[1]。", "不能全程网上办[1]。", "3日内办结[1]。"],
    "residence-002": ["超过1个月不能登记[1]。", "超过1个月要罚款[1]。"],
    "english-001": [
        "You must register within 48 hours [1].",
        "You do not need to register with the police [1].",
        "Please pay 200 yuan to the local police station [1].",
        "Visit http://pay.example.com to register at the local police station [1].",
    ],
    "english-002": ["Bring your passport and your bank card PIN to the police [1]."],
}


@pytest.fixture(scope="module")
def entries() -> dict[str, FaqEntry]:
    folder = Path(__file__).parent.parent / "assets" / "faq"
    return {entry.faq_id: entry for entry in read_folder(folder)}


def cases(table: dict[str, list[str]]) -> list[tuple[str, str]]:
    return [(faq_id, sentence) for faq_id, sentences in table.items() for sentence in sentences]


@pytest.mark.parametrize(("faq_id", "sentence"), cases(FAITHFUL))
def test_what_the_passage_says_in_other_words_passes(
    entries: dict[str, FaqEntry], faq_id: str, sentence: str
) -> None:
    assert not Evidence([Passage(entries[faq_id], 0.3)]).check(sentence).problem


@pytest.mark.parametrize(("faq_id", "sentence"), cases(FALSE))
def test_what_the_passage_does_not_say_is_caught(
    entries: dict[str, FaqEntry], faq_id: str, sentence: str
) -> None:
    assert Evidence([Passage(entries[faq_id], 0.3)]).check(sentence).problem


def test_every_entry_may_be_quoted(entries: dict[str, FaqEntry]) -> None:
    for entry in list(entries.values())[::4]:
        assert is_free_of_injections(entry), entry.faq_id
        evidence = Evidence([Passage(entry, 0.3)])
        for sentence in filter(str.strip, split_sentences(entry.answer)):
            assert not evidence.check(f"{sentence}[1]").problem, sentence


def test_no_number_in_an_answer_can_be_changed(entries: dict[str, FaqEntry]) -> None:
    """Every amount of every fourth entry, changed to one that its source does not have."""
    n_changed = 0
    for entry in list(entries.values())[::4]:
        evidence = Evidence([Passage(entry, 0.3)])
        whole = "".join((entry.answer, entry.source_title, entry.question))
        for sentence in filter(str.strip, split_sentences(entry.answer)):
            for match in re.finditer(r"(?<![A-Za-z\d.])\d+(?![\d.])", sentence):
                other = str(int(match[0]) + 7)
                if other in whole:
                    continue
                changed = sentence[: match.start()] + other + sentence[match.end() :]
                assert evidence.check(f"{changed}[1]").problem, changed
                n_changed += 1
    assert n_changed > 100


def test_what_citizens_ask_proves_nothing() -> None:
    entry = FaqEntry(
        "deposit", "押金500元能退吗？", "租房押金按合同约定退还。", wordings=("交了800元押金",)
    )
    evidence = Evidence([Passage(entry, 0.3)])
    assert evidence.check("押金500元退还[1]。").problem
    assert evidence.check("押金800元退还[1]。").problem
    assert not evidence.check("押金按合同约定退还[1]。").problem


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("十五日内", "15天内"),
        ("三至五个工作日", "5个工作日，3个工作日"),
        ("百分之八", "8%"),
        ("一年半", "18个月"),
        ("1.5万元", "一万五千元"),
        ("二〇二四年三月一日", "2024-03-01"),
        ("国发〔2024〕5号", "国发(2024)5号"),
        ("第十二条", "第12条"),
        ("010-12345678", "010 1234 5678"),
        ("下午5点30分", "17:30"),
        ("within three working days", "3个工作日内"),
        ("March 1, 2024", "2024年3月1日"),
        ("thirty-six months", "3年"),
        ("twenty yuan", "￥20"),
    ],
)
def test_figures_are_the_same_however_they_are_written(one: str, other: str) -> None:
    assert exact_values(one) and exact_values(other)
    assert all(is_known(figure, exact_values(other)) for figure in exact_values(one))


@pytest.mark.parametrize(
    ("said", "known"),
    [
        ("15个工作日", "15日"),
        ("第12条", "12条"),
        ("国办发〔2024〕5号", "国发〔2024〕5号"),
        ("2024年3月2日", "2024年3月1日"),
        ("60日后", "60日内"),
        ("5人以上", "5人以下"),
        ("20元", "20%"),
        ("下午5点", "上午5点"),
        ("《护照法》", "《签证法》"),
        ("pay.example.com", "www.gov.cn"),
    ],
)
def test_figures_that_differ_are_not_taken_for_each_other(said: str, known: str) -> None:
    assert not all(is_known(figure, exact_values(known)) for figure in exact_values(said))


@pytest.mark.parametrize(
    "text", ["一般一次性办理", "一张照片", "十分重要", "万一丢失", "一窗受理、一网通办"]
)
def test_figures_of_speech_are_no_figures(text: str) -> None:
    assert not exact_values(text)


def test_numbers_that_are_none_have_no_value() -> None:
    assert value_of("千万") is None and value_of("万一") is None


def test_a_sentence_is_whole_when_the_next_begins() -> None:
    text = "不收费[1]。当场办结。[2][3]到窗口办理（周一除外）[1]。"
    sentences, given = CitedSentenceSplitter(), []
    for character in text:
        given += sentences.add(character)
    assert given == ["不收费[1]。", "当场办结。[2][3]", "到窗口办理（周一除外）[1]。"]
    assert sentences.rest(is_whole=False) == ""


def test_a_sentence_with_its_marker_before_the_stop_waits_for_nothing() -> None:
    sentences = CitedSentenceSplitter()
    assert sentences.add("不收费[1]。") == ["不收费[1]。"]
    assert sentences.add("[2") == [], "a marker too many belongs to what is out"
    assert sentences.add("]到窗口办理（周一") == []
    assert sentences.add("除外[3]。") == [], "a bracket is still open"
    assert sentences.add("）领取[3]。") == ["到窗口办理（周一除外[3]。）", "领取[3]。"]
    assert sentences.rest(is_whole=True) == ""


def test_however_text_is_cut_the_sentences_are_the_same() -> None:
    text = "No. 5 costs 3.5 yuan [1]. It is ready [2]. 可以。【1，2】换行[1]\n下一句[2]。"
    expected: list[str] | None = None
    for length in range(1, len(text) + 1):
        sentences, given = CitedSentenceSplitter(), []
        for start in range(0, len(text), length):
            given += sentences.add(text[start : start + length])
        given += filter(None, [sentences.rest(is_whole=True)])
        assert [citation_numbers(sentence) for sentence in given] == [[1], [2], [1, 2], [1], [2]]
        stripped = [sentence.strip() for sentence in given]
        assert expected in (None, stripped)
        expected = stripped


def test_text_without_end_is_no_sentence() -> None:
    sentences = CitedSentenceSplitter()
    with pytest.raises(UnendedSentenceError):
        for _ in range(1000):
            sentences.add("好的")


def test_thoughts_are_not_read() -> None:
    sentences = CitedSentenceSplitter()
    given = [*sentences.add("<thi"), *sentences.add("nk>首先。其次。</think>不收费[1]。好")]
    assert given == ["不收费[1]。"]


@pytest.mark.parametrize(
    "added",
    [
        "详见evil.ru",
        "详见evil点com",
        "详见evil(.)top",
        "详见evil dot com",
        "详见xn--fiq228c.xn--55qx5d",
        "详见政务办理.中国",
        "详见192.168.1.5",
        "详见ftp://x.y/z",
        "发邮件到a@b",
        "发邮件到a(at)b.cn",
        "加微信bangbanwo",
        "加QQ：12345678",
        "拨打一三八零零一三八零零零",
        "长按识别二维码",
        "扫一扫领取",
        "访问 e v i l . r u 查询",
        "访问evil,com",
        "访问evil 句号 ru",
        "访问evil•ru",
        "访问evil‧ru",
        "访问пример.рф",
        "访问派出所.рф",
        "访问派出所.みんな",
        "访问政务点中国",
        "访问补领点online",
        "访问派出所.商店",
        "访问www派出所com",
        "访问evil",
        "公众号搜索补领身份证",
        "拨打一一〇咨询",
        "拨打妖妖零",
        "拨打洞幺拐",
    ],
)
def test_no_address_account_or_code_comes_from_outside_the_passage(added: str) -> None:
    passage = Passage(FaqEntry("card", "补领身份证收费吗？", "补领身份证工本费40元。"), 0.3)
    assert Evidence([passage]).check(f"补领身份证工本费40元，{added}[1]。").problem


@pytest.mark.parametrize(
    "address", ["zwfw.example.ru", "政务服务.中国", "help@office.example", "公众号：zwfw-2024"]
)
def test_an_address_of_the_passage_may_be_given(address: str) -> None:
    passage = Passage(FaqEntry("card", "在哪里预约？", f"请在{address}预约办理。"), 0.3)
    assert not Evidence([passage]).check(f"请在{address}预约办理[1]。").problem
    assert not Evidence([passage]).check(f"预约办理请在{address}[1]。").problem


@pytest.mark.parametrize(
    "written",
    [
        *("卅元", "Ⅳ元", "40美元", "40余元", "约40元", "双倍的40元", "40角", "每天40元"),
        *("每周三40元", "40元/月", "40元起", "不到40元", "40元以上", "fifty元"),
    ],
)
def test_a_fee_in_other_numerals_units_or_times_is_another_fee(written: str) -> None:
    passage = Passage(FaqEntry("card", "补领身份证收费吗？", "补领身份证工本费40元。"), 0.3)
    assert Evidence([passage]).check(f"补领身份证工本费{written}[1]。").problem
    assert not Evidence([passage]).check("补领身份证的工本费是四十元[1]。").problem


CARD = (
    "本人携带户口簿到就近的派出所办理，工本费40元。首次申领免费。未满16周岁的，由监护人陪同办理。"
)
NEWBORN = "由父母一方持出生医学证明、户口簿、结婚证到派出所办理。"
FUND = "职工离职未满6个月的不得提取。"


@pytest.mark.parametrize(
    ("stated", "changed"),
    [
        (CARD, "首次申领40元"),
        (CARD, "首次申领工本费40元"),
        (CARD, "未满16周岁的，由本人办理"),
        (CARD, "未满16周岁的免费"),
        (CARD, "本人携带户口簿到户籍地的派出所办理"),
        (NEWBORN, "只需带出生医学证明"),
        (NEWBORN, "只带户口簿就行"),
        (NEWBORN, "出生医学证明或户口簿或结婚证均可"),
        (NEWBORN, "需要父母双方到场"),
        (FUND, "职工不得提取"),
        (FUND, "离职的不得提取"),
    ],
)
def test_a_condition_of_the_passage_is_not_changed(stated: str, changed: str) -> None:
    assert (
        Evidence([Passage(FaqEntry("x", "怎么办？", stated), 0.3)]).check(f"{changed}[1]。").problem
    )


LOAN = "贷款期限最长30年，单人最高50万元。连续缴存6个月以上可申请贷款。"
PERIODS = "办理时限7个工作日。未满十六周岁的有效期5年，成年人有效期10年。"
CLINIC = "门诊起付线1800元，封顶线2万元；住院起付线1300元，在职职工住院报销85%，退休人员报销90%。"


@pytest.mark.parametrize(
    ("stated", "changed"),
    [
        (LOAN, "贷款期限最长6个月"),
        (LOAN, "连续缴存30年以上可申请贷款"),
        (PERIODS, "办理时限为5年"),
        (PERIODS, "有效期7个工作日"),
        (CLINIC, "门诊起付线2万元"),
        (CLINIC, "门诊封顶线1800元"),
        (CLINIC, "职工住院的起付线是一千八百元"),
        (CLINIC, "在职职工住院报销九成"),
    ],
)
def test_a_figure_of_another_unit_is_not_put_in_its_place(stated: str, changed: str) -> None:
    assert (
        Evidence([Passage(FaqEntry("x", "怎么办？", stated), 0.3)]).check(f"{changed}[1]。").problem
    )


@pytest.mark.parametrize(
    ("stated", "said"),
    [
        (CARD, "首次申领身份证不收费，工本费是40元"),
        (CARD, "未满16周岁的，由监护人陪着办理"),
        (CARD, "本人携带户口簿到附近的派出所办理"),
        (NEWBORN, "父母一方带出生医学证明、户口簿和结婚证"),
        (FUND, "离职不满半年的不能提取"),
        (LOAN, "连续缴存半年以上可申请贷款"),
        (PERIODS, "未满16周岁有效期为五年，7个工作日办好"),
        (CLINIC, "退休人员报销九成"),
        ("带户口簿到派出所办理，工本费40元。", "需要：（1）户口簿；（2）工本费40元"),
        ("带户口簿到派出所办理，工本费40元。", "第一步：带户口簿到派出所办理"),
        ("带户口簿到派出所办理，工本费40元。", "步骤2：工本费40元"),
        ("带户口簿到派出所办理，工本费40元。", "其一，带户口簿到派出所办理"),
        ("工作日8:30至17:00办公。", "工作日8点半到17点办公"),
        ("工作日8:30至17:00办公。", "工作日8:30到下午5点办公"),
        ("工作日上午8:30至下午5:00办公。", "工作日8:30到17点办公"),
        ("首次申领身份证免费。", "第一次办理身份证不收费"),
        ("缴存比例不低于5%，不高于12%。", "缴存比例在5%到12%之间"),
        ("公司登记不收费。", "这项业务不收费"),
        ("罚款200元至1000元", "罚款200元以上1000元以下"),
        ("单人最高可贷50万元", "单人最多可贷50万元"),
        ("初级不超过1000元，高级2000元", "高级最多2000元"),
        ("封顶线2万元", "封顶线是2万元"),
        ("每月缴费40元", "缴费40元/月"),
        ("请访问www.gov.cn查询", "查询请登录www.gov.cn"),
        ("在ETC平台办理", "登录ETC平台办理"),
    ],
)
def test_a_limit_or_address_of_the_passage_may_be_given_in_other_words(
    stated: str, said: str
) -> None:
    assert (
        not Evidence([Passage(FaqEntry("x", "怎么办？", f"{stated}。"), 0.3)])
        .check(f"{said}[1]。")
        .problem
    )


SLOTS = "本人应当在30日内到派出所办理，单位按16%缴纳，个人按8%缴纳。18周岁以上的不得由他人代办。"


@pytest.mark.parametrize(
    "changed",
    [
        "他人应当在30日内到派出所办理",
        "本人无需在30日内到派出所办理",
        "本人应当在30日内到居委会办理",
        "本人应当在30日后到派出所办理",
        "单位按8%缴纳，个人按16%缴纳",
        "个人按16%缴纳",
        "18周岁以下的不得由他人代办",
        "18周岁以上的可以由他人代办",
        "18周岁以上的不得由本人代办",
        "本人应当每年在30日内到派出所办理",
    ],
)
def test_figures_modals_bodies_and_persons_belong_to_their_clause(changed: str) -> None:
    evidence = Evidence([Passage(FaqEntry("x", "怎么办理？", SLOTS), 0.3)])
    assert evidence.check(f"{changed}[1]。").problem


@pytest.mark.parametrize(
    "mark", ["1. ", "1、", "1) ", "1）", "（1）", "(1)", "① ", "⑴", "- ", "• ", "一、", "**1.** "]
)
def test_the_mark_of_a_list_is_no_fact(mark: str) -> None:
    passage = Passage(FaqEntry("card", "怎么补领？", "带户口簿到派出所补领。"), 0.3)
    verdict = Evidence([passage]).check(f"{mark}带户口簿到派出所补领[1]。")
    assert (verdict.text, verdict.problem) == ("带户口簿到派出所补领。", "")


@pytest.mark.parametrize("amount", ["1.5万元", "3、5号窗口", "12月1日"])
def test_a_figure_at_the_beginning_is_no_mark(amount: str) -> None:
    assert strip_markup(f"{amount}可以办理[1]。") == f"{amount}可以办理。"


MARKED = [
    "<|begin_of_box|>不收费[1]。<|end_of_box|>",
    "[gMASK]<sop>不收费[1]。<|user|>",
    "<｜begin▁of▁sentence｜>不收费[1]。<｜end▁of▁sentence｜>",
    "<|im_start|>不收费<|im_sep|>[1]。<|im_end|>",
    "<answer>不收费[1]。</answer></s>",
    "<think>要花40元[1]。</think>不收费[1]。",
    "<thinking>要花40元[1]。</thinking>不收费[1]。",
    "◁think▷要花40元[1]。◁/think▷不收费[1]。",
    "不收费[1]。<think>要花40元[1]。",
    "<think >要花40元[1]。</think >不收费[1]。",
    "＜think＞要花40元[1]。＜/think＞不收费[1]。",
    "[THINK]要花40元[1]。[/THINK]不收费[1]。",
    "<seed:think>要花40元[1]。</seed:think>不收费[1]。",
    "<|channel|>analysis<|message|>要花40元[1]。<|end|><|start|>assistant"
    "<|channel|>final<|message|>不收费[1]。<|return|>",
    "<|channel|>final<|message|>不收费[1]。",
    "<|im_start|>assistant\n不收费[1]。<|im_end|>",
    "<|start_header_id|>assistant<|end_header_id|>\n\n不收费[1]。<|eot_id|>",
    "<start_of_turn>model\n不收费[1]。<end_of_turn>",
]


@pytest.mark.parametrize("text", MARKED)
@pytest.mark.parametrize("length", [1, 2, 3, 5, 7, 100])
def test_control_marks_and_thoughts_are_left_out_however_the_stream_is_cut(
    text: str, length: int
) -> None:
    sentences, given = CitedSentenceSplitter(), []
    for start in range(0, len(text), length):
        given += sentences.add(text[start : start + length])
    given.append(sentences.rest(is_whole=True))
    assert [sentence for sentence in given if sentence] == ["不收费[1]。"]


@pytest.mark.parametrize("length", [1, 4, 100])
def test_a_thought_that_the_template_opened_is_never_given(length: int) -> None:
    text = "先看资料。资料说要花40元[1]。那么</think>不收费[1]。"
    sentences, given = CitedSentenceSplitter(starts_in_thought=True), []
    for start in range(0, len(text), length):
        given += sentences.add(text[start : start + length])
    assert given == ["不收费[1]。"] and sentences.had_unopened_thought
    plain = CitedSentenceSplitter(starts_in_thought=True)
    assert plain.add("不收费[1]。") == [] and plain.rest(is_whole=True) == "不收费[1]。"
