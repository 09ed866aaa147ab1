"""Personal data is found, and what public services publish is let pass.

All numbers are made up: they have the right checksums and belong to nobody known.
"""

from pathlib import Path

import pytest

from retrievers.base import FaqEntry
from retrievers.pii import EntryPii, PiiDetector, is_resident_id
from retrievers.store.faq_files import read_folder

SAMPLES = Path(__file__).resolve().parent.parent / "assets" / "faq"


@pytest.fixture(scope="module")
def screen() -> PiiDetector:
    return PiiDetector()


def with_checksum(seventeen: str) -> str:
    (number,) = [seventeen + last for last in "0123456789X" if is_resident_id(seventeen + last)]
    return number


RESIDENT = with_checksum("33010619900307657")
WRONG = RESIDENT[:-1] + ("1" if RESIDENT[-1] != "1" else "2")


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        (f"张三的身份证号是{RESIDENT}。", "citizen_id"),
        (f"号码 {RESIDENT[:6]} {RESIDENT[6:14]} {RESIDENT[14:]}", "citizen_id"),
        (
            RESIDENT.translate(str.maketrans("0123456789", "０１２３４５６７８９")),
            "citizen_id",
        ),
        ("旧身份证号：330106900307657", "citizen_id"),
        ("身分證字號F131104093", "citizen_id"),
        ("请打13957183062找小王", "mobile_number"),
        ("电话：+86 139-5718-3062", "mobile_number"),
        ("手機：0952-614-881", "mobile_number"),
        ("WhatsApp 6123 4067", "mobile_number"),
        ("转到6222021001116245702", "bank_card"),
        ("卡号 4539 1488 0343 6467", "bank_card"),
        ("发到zhang.san@163.com即可", "email"),
        ("护照号：E98765431", "passport"),
        ("车主：李大伟，车牌浙A8K92C", "plate_with_name"),
        ("联系人：张小明，家住杭州市西湖区文三路123号2幢301室", "address_with_name"),
        ("获奖名单：王芳，杭州市西湖区文三路12号3单元401室", "address_with_name"),
    ],
)
def test_personal_data_is_found(screen: PiiDetector, text: str, kind: str) -> None:
    assert [finding.kind for finding in screen.findings(text)] == [kind]


@pytest.mark.parametrize(
    "text",
    [
        "拨打12345或者12333咨询",
        "电话0571-12345678、(0571)87654321、010-65299029",
        "客服400-123-4567，全国95588",
        "地址：杭州市上城区解放东路18号市民中心A座",
        "杭州市西湖区文三路123号2幢301室",
        "联系人：张小明，地址：杭州市西湖区文三路123号行政服务中心",
        "国办发〔2020〕24号，浙江省人民政府令第388号",
        "统一社会信用代码91330106MA2ABCDE1X、12330100470104321K",
        "邮箱jzz@hangzhou.gov.cn、service@mail.taipei.gov.tw",
        "例如3301**********1234、138****5678",
        "例如11010519491231002X",
        "身份证号共18位，前6位如330106",
        f"号码{WRONG}",
        "例如13888888888",
        "车牌浙A12345",
        "https://www.gov.cn/a?id=13957183062",
        "订单202403011234567890123",
        "2024-03-01 10:30，第1395718306212345号",
    ],
)
def test_what_public_services_publish_passes(screen: PiiDetector, text: str) -> None:
    assert screen.findings(text) == []


def test_a_finding_lies_where_it_says_and_is_shown_masked(screen: PiiDetector) -> None:
    text = "请打１３９５７１８３０６２找小王，或写信给zhangsan@qq.com"
    mobile, mail = screen.findings(text)
    assert text[mobile.start : mobile.end] == "１３９５７１８３０６２"
    assert mobile.shown == "139****3062"
    assert (text[mail.start : mail.end], mail.shown) == ("zhangsan@qq.com", "z***@qq.com")


def test_an_entry_is_refused_with_the_field_and_the_kind(screen: PiiDetector) -> None:
    entry = FaqEntry(
        "1", "找谁办？", "找小王，13957183062。", wordings=("谁办", "写信给a@qq.com吗")
    )
    assert screen.entry_findings(entry) == (
        EntryPii("wordings", "email", "a***@qq.com"),
        EntryPii("answer", "mobile_number", "139****3062"),
    )


def test_a_name_in_the_question_belongs_to_the_address_in_the_answer(screen: PiiDetector) -> None:
    entry = FaqEntry("1", "张小明先生住在哪里？", "文三路123号2幢301室。")
    assert screen.entry_findings(entry) == (EntryPii("answer", "address_with_name", "文三***"),)


def test_the_sample_knowledge_base_passes(screen: PiiDetector) -> None:
    refused = [entry.faq_id for entry in read_folder(SAMPLES) if screen.entry_findings(entry)]
    assert refused == []


@pytest.mark.parametrize(
    "number",
    [
        "990106199003076573",
        WRONG,
        "33010619901307657X",
    ],
)
def test_a_number_without_region_checksum_or_birthday_is_no_id(number: str) -> None:
    assert not is_resident_id(number)
