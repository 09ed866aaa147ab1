"""What a question states and an entry contradicts keeps the entry from being the answer."""

import tomllib
from pathlib import Path

import pytest

from agent.service_texts import CONFLICT_KINDS, conflict_text
from retrievers import Conflict, FaqEntry
from retrievers.ranking import qualifiers
from retrievers.ranking.qualifiers import find_conflict, read_qualifiers
from retrievers.ranking.retrievers import HybridRetriever
from retrievers.store.chroma import ChromaStore


def conflict_of(question: str, *about: str) -> str:
    found = find_conflict(read_qualifiers([question]), read_qualifiers(about))
    return found.kind if found else ""


@pytest.mark.parametrize(
    ("question", "about", "kind"),
    [
        (
            "2024年7月1日以后成立的公司，出资期限怎么调整？",
            "2024年6月30日前成立的公司，出资期限怎么调整？",
            "date",
        ),
        ("二〇二四年七月一日之后成立的公司怎么调整", "2024年6月30日以前成立的公司怎么调整", "date"),
        ("身份证没过期会被罚款吗", "身份证过期没换会被罚款吗？", "expired"),
        ("退休前可以提取公积金吗", "退休后公积金怎样取出？", "retired"),
        (
            "My ID card has not expired, will I be fined?",
            "Am I fined if my ID card expired?",
            "expired",
        ),
        ("驾驶证记满6分怎么处理", "驾驶证记满12分后怎么处理？", "points"),
        ("报考高级会计要工作几年？", "报考中级会计要工作几年？", "grade"),
        ("报考三级建造师需要什么条件？", "报考二级建造师需要什么条件？", "level"),
        (
            "注册会计师综合阶段成绩有效期几年？",
            "注册会计师专业阶段单科成绩有效期几年？",
            "exam_stage",
        ),
        ("科目三能约几次", "科目二最多可以预约几次", "exam_part"),
        ("出租房子可以提取住房公积金吗？", "租房可以提取住房公积金吗？", "tenancy"),
        ("60岁以下还能考驾驶证吗", "70岁以上老年人还能考驾驶证吗？", "age"),
        ("残疾证丢了怎么补领", "身份证丢了怎么补领？", "document"),
        ("摩托车驾照怎么考", "小型汽车驾驶证怎么考？", "vehicle"),
        ("港澳通行证过期了怎么换", "往来港澳通行证在内地丢失怎样补办？", "happening"),
        ("父母投靠子女落户怎么办", "未成年子女投靠父母落户怎么办", "kinship"),
        ("香港身份证丢了怎么补", "身份证丢了怎么补领？", "place"),
        ("合作社怎么注销", "公司怎么注销", "enterprise"),
    ],
)
def test_one_word_that_makes_another_matter_is_a_conflict(
    question: str, about: str, kind: str
) -> None:
    assert conflict_of(question, about) == kind


@pytest.mark.parametrize(
    ("question", "about"),
    [
        ("身份证没过期能提前换吗", "身份证还没到期可以提前换吗？"),
        ("身份证过没过期怎么看", "身份证过期了怎么办"),
        ("护照快到期了能换吗", "护照没过期可以换发吗"),
        ("超过70岁能考驾照吗", "70岁以上老年人还能考驾驶证吗？"),
        ("我18岁了，怎么办身份证", "年满16周岁必须办身份证吗？"),
        ("驾照丢了", "驾驶证遗失怎么补领？"),
        ("租房子能提公积金吗", "租房可以提取住房公积金吗？"),
        ("2025年3月成立的公司", "2024年7月1日以后成立的公司怎么办"),
        ("我在美国护照丢了怎么办", "在国外护照丢失怎么补办？"),
        ("两证都丢了，身份证和护照一起补行吗", "身份证丢了怎么补领？"),
        ("今天天气怎么样", "身份证丢了怎么补领？"),
        ("13月的事", "2024年13月以前"),
        ("", ""),
    ],
)
def test_the_same_in_other_words_is_none(question: str, about: str) -> None:
    assert conflict_of(question, about) == ""


@pytest.mark.parametrize(
    ("question", "about", "asked", "stated"),
    [
        ("60岁以下还能考驾驶证吗", "年满70周岁的人还能考驾驶证吗？", "60岁以下", "年满70周岁"),
        ("2024年7月以后成立的公司", "2024年6月前成立的公司", "2024年7月以后", "2024年6月前"),
        ("退休前可以提取公积金吗", "退休后公积金怎样取出？", "退休前", "退休"),
        ("My card has not expired", "Am I fined if my card expired?", "not expired", "expired"),
        ("泰国签证怎么办", "日本签证怎么办", "泰国", "日本"),
        ("残疾证丢了怎么补领", "居民身份证丢了怎么补领？", "残疾证", "身份证"),
    ],
)  # fmt: skip
def test_a_conflict_quotes_both_sides(question: str, about: str, asked: str, stated: str) -> None:
    found = find_conflict(read_qualifiers([question]), read_qualifiers([about]))
    assert found is not None
    assert (found.asked, found.about) == ((asked,), (stated,))


def test_every_kind_of_conflict_has_a_name_in_both_languages() -> None:
    table = tomllib.loads((Path(qualifiers.__file__).parent / "qualifiers.toml").read_text("utf-8"))
    kinds = [*table["group"], *table["conditions"], *table["units"], "document", "date", "place"]
    assert sorted(kinds) == sorted(CONFLICT_KINDS)  # and none stands for two
    conflict = Conflict("grade", ("高级",), ("中级",))
    assert conflict_text(conflict, "zh") == "职称级别不一致：问题说的是“高级”，条目讲的是“中级”"
    assert "Grade of the title differs" in conflict_text(conflict, "en")


def test_any_wording_of_an_entry_may_be_the_one_that_fits() -> None:
    assert not conflict_of("中级会计考试成绩", "高级会计考试成绩", "中级和高级会计的成绩保留几年")


@pytest.fixture(scope="module")
def retriever(tmp_path_factory: pytest.TempPathFactory) -> HybridRetriever:
    store = ChromaStore(Path(tmp_path_factory.mktemp("store")))
    store.add(
        [
            FaqEntry("fine", "身份证过期没换会被罚款吗？", "过期不换的，公安机关予以警告。"),
            FaqEntry("senior", "报考高级会计师要工作几年？", "取得本科学历的，要满10年。"),
            FaqEntry("middle", "报考中级会计师要工作几年？", "取得本科学历的，要满5年。"),
        ]
    )
    return HybridRetriever(store)


def test_the_reason_stays_with_what_was_found(retriever: HybridRetriever) -> None:
    best = retriever.search("身份证没过期会被罚款吗")[0]
    assert best.entry.faq_id == "fine"
    assert best.score < 0.5
    assert best.conflict == Conflict("expired", ("没过期",), ("过期",))


def test_the_sibling_that_fits_comes_first(retriever: HybridRetriever) -> None:
    first, second = retriever.search("高级会计师报考工作几年")[:2]
    assert (first.entry.faq_id, first.conflict) == ("senior", None)
    assert second.conflict == Conflict("grade", ("高级",), ("中级",))


def test_an_entry_in_its_own_words_is_certain(retriever: HybridRetriever) -> None:
    assert retriever.search("报考中级会计师要工作几年？")[0].score == 1.0
