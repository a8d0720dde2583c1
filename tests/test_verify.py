"""Checks on sentences: correct ones pass, each kind of lie is caught. Cases and operators are in verify_cases."""

import pytest
from verify_cases import CASES, OPERATORS, PARAPHRASES, all_evidence, evidence

from app.understanding.understand import understand
from app.verification.verify import check_sentence

NATIONAL = "机架超30万个"  # the sentence that holds Guizhou's racks and the national 65 %


def verdict(text, source, question="贵州算力利用率如何", framed=False):
    return check_sentence(text, (evidence(source),), understand(question), framed)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.text)
def test_a_correct_sentence_is_supported(case):
    assert verdict(case.text, case.source, case.question).support == "supported"


@pytest.mark.parametrize("case", PARAPHRASES, ids=lambda case: case.text)
def test_a_correct_sentence_in_other_words_is_not_refused(case):
    assert verdict(case.text, case.source, case.question).support != "unsupported"


@pytest.mark.parametrize("name", OPERATORS)
def test_every_change_is_caught(name):
    changed = [(case, OPERATORS[name](case.text)) for case in CASES]
    changed = [(case, text) for case, text in changed if text != case.text]
    assert changed, "an operator that changes nothing tests nothing"
    missed = [text for case, text in changed if verdict(text, case.source, case.question).support != "unsupported"]
    assert not missed


def test_a_wrong_citation_is_caught():
    missed = []
    for case in CASES:
        right, query = evidence(case.source), understand(case.question)
        for other in all_evidence():
            if other.key != right.key and check_sentence(case.text, (other,), query).support == "supported":
                missed.append((case.text, other.text))
    # Both sentences state the national 65 %; nothing else may support another's claim.
    assert all("65%" in text and "65%" in other for text, other in missed)


@pytest.mark.parametrize(
    "text",
    [
        "贵州数据中心的平均利用率约65%。",
        "贵州算力利用率为65%。",
        "平均利用率约65%。",  # under a question about Guizhou it reads as Guizhou's
        "该省数据中心的平均利用率约65%。",
        "其数据中心的平均利用率约65%。",
        "贵州数据中心的平均利用率约６５％。",
        "贵州数据中心的平均利用率约百分之六十五。",
        "贵州数据中心的平均利用率约65 %。",
        "贵州数据中心的平均利用率约 65 percent。",
        "贵州数据中心的利用率约为0.65。",
        "贵州数据中心的利用率接近七成。",
        "贵州的数据中心平均利用率不是很低，约65%。",
        "贵州数据中心没有闲置，平均利用率约65%。",
        "贵州作为国内数据中心，平均利用率约65%。",
        "国内领先的贵州数据中心平均利用率约65%。",
        "贵州数据中心利用率与国内平均水平相同，约65%。",
        "贵州数据中心利用率达到全国的约65%。",
        "2025年国内数据中心的平均利用率约65%，贵州也是如此。",
        "“贵州数据中心平均利用率约65%。”",
        "Guizhou's data center utilization is about 65%.",
        "Guizhou's data center utilization is not low, about 65%.",
    ],
)
def test_the_national_rate_is_never_guizhous_however_it_is_put(text):
    assert verdict(text, NATIONAL).support == "unsupported"


@pytest.mark.parametrize(
    ("text", "source"),
    [
        ("贵州算力利用率达40%。", "突破120亿元"),
        ("贵州算力产业的规模占比达40%。", "突破120亿元"),
        ("贵州数据中心平均利用率超30万个。", NATIONAL),
        ("某家电企业的准确率由3%降至0.1%。", "误检率由3%"),
    ],
)
def test_a_number_of_the_same_sentence_is_not_another_measures(text, source):
    assert verdict(text, source).support == "unsupported"


@pytest.mark.parametrize("year", ["2026", "2024", "2027"])
def test_the_year_of_a_figure_is_its_own_not_the_documents(year):
    assert verdict(f"{year}年，贵州算力产业的规模突破120亿元。", "突破120亿元").support == "unsupported"


@pytest.mark.parametrize(
    "text",
    [
        "Guizhou plans more than 900,000 racks.",
        "Guizhou plans more than 300,000 racks worth 90 billion yuan.",
        "Guizhou plans 30 racks.",
    ],
)
def test_numbers_in_english_are_checked(text):
    assert verdict(text, NATIONAL, "How many racks does Guizhou plan?").support == "unsupported"


@pytest.mark.parametrize(
    "text", ["贵州算力产业的规模突破120亿元，居全国第一。", "贵州算力产业的规模突破120亿元，同比增长显著，领跑西部。"]
)
def test_an_invented_clause_does_not_ride_on_a_true_one(text):
    assert verdict(text, "突破120亿元").support != "supported"


@pytest.mark.parametrize(
    ("text", "source"),
    [
        ("深圳花费上亿资金做通用大模型，最终草草收场。", "花费上亿资金做通用"),
        ("浙江还没有让政务数据与产业数据流通起来。", "有的省份还没有让"),
        ("湖北没有核心技术的研发能力，只是把现成的技术拼凑起来。", "许多省份没有核心技术"),
    ],
)
def test_what_is_said_of_unnamed_others_is_not_the_documents_regions(text, source):
    assert verdict(text, source, "深圳、浙江、湖北的短板").support == "unsupported"


def test_owner_and_base_of_a_comparison_do_not_change_places():
    assert verdict("中西部AI技术岗的平均薪资比广东和浙江高30%至50%。", "高30%至50%").support == "unsupported"
    assert verdict("广东AI企业的数量不足湖南的1/8。", "不足广东的1/8").support == "unsupported"


def test_without_a_citation_nothing_is_supported():
    assert check_sentence("贵州有算力。", (), understand("贵州算力")).support == "unsupported"


def test_a_verbatim_quotation_needs_no_further_proof_and_a_forged_one_does():
    quote = evidence(NATIONAL).text
    lead = "资料未披露贵州的算力利用率；最接近的是全国口径的数字（不是贵州自身的数字）："
    assert verdict(f"{lead}“{quote}”", NATIONAL, framed=True).support == "supported"
    forged = quote.replace("65%", "66%")
    assert verdict(f"{lead}“{forged}”", NATIONAL, framed=True).support == "unsupported"
    assert verdict(quote, NATIONAL).support == "supported"


def test_an_english_lead_may_end_without_a_note():
    quote = evidence("市场占有率却超过20%").text
    for value, support in (("20%", "supported"), ("30%", "unsupported")):
        text = f"Hefei: 这一细分领域的市场占有率 超过{value}. Source text: “{quote}”"
        assert (
            verdict(text, "市场占有率却超过20%", "How large is Hefei's market share?", framed=True).support == support
        )


def test_the_frame_of_an_extractive_answer_is_checked_too():
    """framed text skips the wording only: a wrong scope, number or year in the composer's own words still fails."""
    quote = evidence(NATIONAL).text
    for lead in (
        "贵州数据中心的平均利用率：约65%。原文：",
        "全国数据中心的平均利用率：约66%（2025）。原文：",
        "全国数据中心的平均利用率：约65%（2023）。原文：",
    ):
        assert verdict(f"{lead}“{quote}”", NATIONAL, framed=True).support == "unsupported"


def test_a_sentence_in_another_language_than_the_question_proves_nothing():
    assert verdict("asdf qwer zxcv", NATIONAL).support == "unsupported"


SIZE, GAP, UNNAMED = "突破120亿元", "缺口已突破500万", "并为此投入500亿"


@pytest.mark.parametrize(
    ("text", "source", "question"),
    [
        ("资料未披露2025年国内数据中心的利用率。", NATIONAL, "贵州算力利用率如何"),
        ("全国数据中心平均利用率资料未披露。", NATIONAL, "全国数据中心利用率"),
        ("资料没有提供贵州数据中心机架的规划数量。", NATIONAL, "贵州算力利用率如何"),
        ("资料未披露贵州规划的机架数；贵州规划的数据中心机架超30万个。", NATIONAL, "贵州规划了多少机架"),
        ("关于贵州算力产业的规模，资料中没有披露具体数据。", "与量子科技相关的产业营收", "合肥量子营收"),
        ("关于合肥量子产业的营收，资料中没有披露具体数据。", "与量子科技相关的产业营收", "合肥量子营收"),
        ("2025年，贵州算力产业的规模突破120亿元（不是贵州自身的数字）。", SIZE, "贵州算力产业规模"),
        ("资料未披露。", SIZE, "2025年贵州算力产业规模是多少"),
        ("资料未披露某北方省份的投入金额。", UNNAMED, "某北方省份投入多少"),
        ("资料未披露该省算力中心的利用率。", "利用率不足35%", "某北方省份算力中心利用率"),
        ("资料未披露国内AI人才缺口有多大。", GAP, "AI人才缺口"),
        ("资料未说明失败的根源。", "失败的根源", "某北方省份为什么失败"),
        ("没有资料说浙江建成了智能诊疗系统。", "该省把全省优质的临床病例", "浙江的数据做法"),
        ("资料未披露湖南的AI企业数量不到广东的八分之一。", "不足广东的1/8", "湖南的路线"),
        ("No source discloses how many racks Guizhou plans.", NATIONAL, "How many racks does Guizhou plan?"),
        ("The sources do not state the national utilization rate.", NATIONAL, "What is the national utilization rate?"),
    ],
)
def test_what_a_source_states_is_not_undisclosed(text, source, question):
    shown = (evidence(SIZE), evidence(source))  # that of another sentence shown counts as well
    query = understand(question)
    assert check_sentence(text, (evidence(source),), query, shown=shown).support == "unsupported"


@pytest.mark.parametrize(
    ("text", "source", "question"),
    [
        ("2025年国内数据中心的平均利用率约65%，资料未披露贵州的数字。", NATIONAL, "贵州算力利用率如何"),
        ("资料未披露该省的算力利用率。", NATIONAL, "贵州算力利用率如何"),
        ("资料未披露2024年国内数据中心的平均利用率。", NATIONAL, "全国数据中心2024年利用率"),
        ("资料未披露贵州已建成的机架数，规划的数据中心机架超30万个。", NATIONAL, "贵州建成了多少机架"),
        ("资料未披露贵州2026年的算力产业规模。", SIZE, "贵州2026年算力产业规模"),
        ("资料未披露贵州各市的算力产业规模。", SIZE, "贵州算力产业规模"),
        ("资料未披露贵州算力产业的利润。", SIZE, "贵州算力产业"),
        ("资料未披露AI人才缺口的行业分布。", GAP, "AI人才缺口"),
        ("资料未披露深圳的AI人才缺口，国内AI人才缺口已突破500万。", GAP, "深圳AI人才缺口"),
        ("资料未披露某北方省份的名称。", UNNAMED, "某北方省份是哪个省"),
        ("资料未披露湖南AI企业的具体数量。", "不足广东的1/8", "湖南有多少AI企业"),
        ("资料未披露浙江AI技术岗的平均薪资。", "属于靠薪资优势", "浙江薪资"),
        ("贵州发挥本地能源优势做绿色算力，但未给出具体数字。", "做绿色算力", "贵州绿色算力"),
        ("No source discloses this figure for Guizhou.", NATIONAL, "What is the utilization rate in Guizhou?"),
    ],
)
def test_what_no_source_states_may_be_called_undisclosed(text, source, question):
    shown = all_evidence()
    assert check_sentence(text, (evidence(source),), understand(question), shown=shown).support != "unsupported"


def test_no_statement_hides_behind_a_denial():
    assert verdict("资料未给出目标但贵州的数据中心平均利用率约65%。", NATIONAL).support == "unsupported"
