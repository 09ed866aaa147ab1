"""A link says where it leads: to the document, or to the portal of the body in charge."""

from dataclasses import replace

import pytest

from agent.langchain.tools import _passages_text
from agent.protocol.responses import citation_record
from agent.serving.mcp import _passage_record
from page.visitor.chat import citation_html
from retrievers import FaqEntry, Passage

LAW = FaqEntry(
    "company-1",
    "一个人可以开公司吗？",
    "可以。",
    department="市场监督管理部门",
    source_title="《中华人民共和国公司法》",
    source_url="https://www.samr.gov.cn",
    portal="国家市场监督管理总局",
    year=2024,
)
DEEP = "https://www.samr.gov.cn/laws/company.html"
PORTAL = "https://www.samr.gov.cn"


def html_of(entry: FaqEntry, language: str = "zh") -> str:
    citation = citation_record(Passage(entry, 1.0)).model_dump()
    return citation_html(citation, language)  # type: ignore[arg-type]


def test_the_law_is_named_as_the_basis_and_the_link_as_the_portal() -> None:
    shown = html_of(LAW)
    assert "依据</span>《中华人民共和国公司法》（2024年）</span>" in shown
    assert f'<a href="{PORTAL}"' in shown and ">主管部门：国家市场监督管理总局</a>" in shown
    assert shown.count("<a ") == 1


def test_in_english_both_are_named_in_english() -> None:
    law = replace(LAW, source_title="Company Law of the PRC", portal="State Administration")
    shown = html_of(law, "en")
    assert "Based on </span>Company Law of the PRC (2024)</span>" in shown
    assert ">Authority: State Administration</a>" in shown


def test_a_deep_link_of_its_own_is_on_the_title_and_the_portal_stays() -> None:
    shown = html_of(replace(LAW, document_url=DEEP))
    assert f'<a href="{DEEP}" target="_blank" rel="noopener noreferrer">《中华人民共' in shown
    assert f'<a href="{PORTAL}"' in shown


def test_old_data_with_the_documents_address_link_it_as_before() -> None:
    old = replace(LAW, portal="", source_url=DEEP)
    shown = html_of(old)
    assert f'<a href="{DEEP}" target="_blank" rel="noopener noreferrer">《中华人民共' in shown
    assert "主管部门" not in shown


@pytest.mark.parametrize("home", ["https://www.samr.gov.cn", "https://www.samr.gov.cn/"])
def test_old_data_with_a_home_page_do_not_promise_the_document(home: str) -> None:
    shown = html_of(replace(LAW, portal="", source_url=home))
    assert f'<a href="{home}"' in shown and ">主管部门：www.samr.gov.cn</a>" in shown
    assert shown.count("<a ") == 1


@pytest.mark.parametrize("address", ["", "javascript:alert(1)", "http://[", "see the shelf"])
def test_what_is_no_web_address_is_no_link(address: str) -> None:
    for entry in (replace(LAW, portal="", source_url=address), replace(LAW, source_url=address)):
        assert "<a " not in html_of(entry)


def test_the_day_of_issue_is_shown_whole_beside_the_year() -> None:
    shown = html_of(replace(LAW, issued="2023-12-29"))
    assert "（2023年）" in shown and "<span>2023-12-29</span>" in shown


def test_a_citation_of_an_older_server_is_shown_as_it_was() -> None:
    old = {"title": "《办法》", "question": "？", "url": DEEP, "date": "2020"}
    shown = citation_html(old, "zh")
    assert f'<a href="{DEEP}"' in shown and "主管部门" not in shown


def test_an_older_client_still_finds_an_address_in_url() -> None:
    assert citation_record(Passage(LAW, 1.0)).url == PORTAL
    deep = citation_record(Passage(replace(LAW, document_url=DEEP), 1.0))
    assert (deep.url, deep.portal_url) == (DEEP, PORTAL)


def test_other_programs_are_told_the_same() -> None:
    record = _passage_record(Passage(LAW, 1.0))
    assert (record["source_url"], record["portal"]) == (PORTAL, "国家市场监督管理总局")
    assert record["portal_url"] == PORTAL
    told = _passages_text([Passage(replace(LAW, document_url=DEEP), 1.0)])
    assert f"《中华人民共和国公司法》 {DEEP}; 国家市场监督管理总局 {PORTAL}; score" in told
