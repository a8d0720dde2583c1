"""The scorer against its purpose: right answers in several wordings pass, and each way of being wrong is caught."""

import copy
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from eval_answers import Line, Made, judge, sample_cases, sample_corpus

from eval.corpus import known_scopes
from eval.score import score_case
from eval.trace import Record

NATION = ("09_computing_overview.md", "从全国范围看，2025年国内数据中心的平均利用率约65%。")
GUIZHOU = (
    "01_guizhou.md",
    "贵州借助“东数西算”工程主攻算力，规划的数据中心机架超30万个，国内数据中心在2025年的平均利用率约65%。",
)
SCALE = ("01_guizhou.md", "2025年，贵州算力产业的规模突破120亿元，场景化服务在其中的占比达40%。")
HEFEI = ("07_hefei.md", "2025年一季度，合肥与量子科技相关的产业营收为10.1亿元。")
NORTH = ("08_northern_province.md", "该省算力中心的利用率不足35%。")
TALENT = (
    "11_talent_factor.md",
    "据人力资源社会保障部的数据，2025年国内AI人才的缺口已突破500万，供给与需求之比为1:10，算法工程师岗位的增速达44%。",
)
SALARY = (
    "11_talent_factor.md",
    "在广东和浙江，AI技术岗的平均薪资要比中西部地区高30%至50%，人才因此向东部集中，出现马太效应。",
)
FUTURE = (
    "04_zhejiang.md",
    "浙江的口号是“打造人工智能创新发展高地”，重点瞄准类脑智能、人形机器人这样的未来产业。",
)
HUNAN = ("05_hunan.md", "湖南AI企业的数量不足广东的1/8，在人才储备上也严重欠缺。")
CRAZE = ("02_guangdong.md", "它没有追逐通用大模型的热潮，而是以“AI+先进制造”为重心")

# Right answers: verbatim, framed, rephrased, English, with and without a figure table.
RIGHT: dict[str, Made] = {
    "trap": Made(
        "mis-001",
        (
            Line("资料未披露贵州的算力利用率；2025年国内数据中心平均利用率约65%，这是全国的数字。", (NATION,)),
            Line("2025年，贵州算力产业的规模突破120亿元，场景化服务在其中的占比达40%。", (SCALE,)),
        ),
        abstained=True,
    ),
    "trap, framed quote": Made(
        "mis-001",
        (
            Line(
                f"资料未披露贵州的算力利用率；最接近的是全国口径的数字（不是贵州自身的数字）：“{GUIZHOU[1]}”",
                (GUIZHOU,),
            ),
        ),
        ((65, "%", "约", "全国", "2025", 1), (300000, "个", "超", "贵州", "", 1)),
    ),
    "trap, English": Made(
        "mis-001-en",
        (
            Line(
                "No source gives a utilization rate for Guizhou; "
                "the national average of data centres was about 65% in 2025.",
                (NATION,),
            ),
        ),
        ((65, "%", "约", "national (China)", "2025", 1),),
        abstained=True,
    ),
    "trap, denied": Made(
        "mis-002",
        (Line("资料没有说贵州的数据中心利用率是65%，约65%是2025年全国的平均水平。", (NATION,)),),
    ),
    "racks": Made("num-001", (Line("贵州规划的数据中心机架超过30万个。", (GUIZHOU,)),)),
    "racks, English": Made(
        "num-001-en",
        (Line("Guizhou has planned more than 300,000 data-centre racks.", (GUIZHOU,)),),
        ((300000, "个", "超", "Guizhou", "", 1),),
    ),
    "scale": Made("num-003", (Line("2025年，贵州算力产业的规模突破120亿元。", (SCALE,)),)),
    "revenue": Made(
        "num-008",
        (Line(f"合肥与量子科技相关的产业营收：10.1亿元（2025Q1）。原文：“{HEFEI[1]}”", (HEFEI,)),),
        ((1.01e9, "元", "", "合肥", "2025Q1", 1),),
    ),
    "unnamed": Made(
        "num-010", (Line("该省算力中心的利用率不足35%。", (NORTH,)),), ((35, "%", "不足", "某北方省份", "", 1),)
    ),
    "gap": Made("num-014", (Line("2025年国内AI人才的缺口已突破500万。", (TALENT,)),)),
    "salary": Made("num-019", (Line("广东和浙江AI技术岗的平均薪资比中西部地区高30%至50%。", (SALARY,)),)),
    "compare": Made(
        "cmp-004",
        (
            Line("某北方省份算力中心的利用率不足35%。", (NORTH,)),
            Line("2025年全国数据中心平均利用率约65%。", (NATION,)),
        ),
    ),
    "text": Made("look-005", (Line("浙江重点瞄准类脑智能、人形机器人这样的未来产业。", (FUTURE,)),)),
    "text, traditional": Made("look-005-trad", (Line("浙江重點瞄準類腦智能、人形機器人這樣的未來產業。", (FUTURE,)),)),
    "fraction": Made("cmp-001", (Line("湖南AI企业的数量不足广东的1/8。", (HUNAN,)),)),
    "denial": Made("neg-001", (Line("广东没有追逐通用大模型。", (CRAZE,)),)),
    "unanswerable": Made("una-001", (), abstained=True, lead="资料未披露江苏的AI产业规模。"),
    "unanswerable, near": Made(
        "una-003",
        (Line(f"资料未披露贵州2024年的算力产业规模；最接近的是2025年的数字：“{SCALE[1]}”", (SCALE,)),),
        ((1.2e10, "元", "超", "贵州", "2025", 1),),
        abstained=True,
    ),
}

# (answer, what is swapped for what, in the answer's own words)
SWAPS: dict[str, list[tuple[str, str, str]]] = {
    "digit": [
        ("trap", "65%", "56%"), ("trap", "120亿", "12亿"), ("trap, English", "65%", "75%"), ("racks", "30万", "300万"),
        ("racks, English", "300,000", "30,000"), ("revenue", "10.1亿元（", "10.7亿元（"), ("unnamed", "35", "53"),
        ("gap", "500万", "1500万"), ("salary", "50%", "60%"), ("fraction", "1/8", "1/18"), ("compare", "65", "6.5"),
    ],
    "unit": [
        ("trap", "65%", "65个百分点"), ("scale", "120亿元", "120万元"), ("scale", "120亿元", "120亿美元"),
        ("racks", "30万个", "30万千瓦"), ("revenue", "10.1亿元（", "10.1万元（"), ("unnamed", "35%", "35‰"),
        ("gap", "500万", "500万亿"),
    ],
    "comparator": [
        ("trap", "约65%", "超65%"), ("trap, English", "about 65%", "over 65%"), ("racks", "超过30万", "不足30万"),
        ("racks, English", "more than", "less than"), ("unnamed", "不足", "超过"), ("scale", "突破", "接近"),
        ("gap", "已突破", "不足"), ("fraction", "不足", "约为"), ("revenue", "：10.1亿元", "：至少10.1亿元"),
    ],
    "region": [
        ("racks", "贵州", "四川"), ("scale", "贵州", "湖南"),
        ("revenue", "合肥与量子科技相关的产业营收：", "深圳营收："),
        ("unnamed", "该省", "贵州"), ("text", "浙江", "江苏"), ("denial", "广东", "云南"),
        ("compare", "某北方省份", "贵州"), ("fraction", "湖南", "湖北"),
        ("racks, English", "Guizhou", "Sichuan"), ("salary", "广东和浙江", "广东和湖北"),
    ],
    "national to provincial": [
        ("trap", "国内数据中心平均利用率约65%，这是全国的数字", "贵州数据中心平均利用率约65%"),
        ("trap, English", "the national average of data centres was", "Guizhou's average was"),
        ("trap, denied", "没有说贵州的数据中心利用率是65%，约65%是2025年全国的平均水平", "称贵州数据中心利用率约65%"),
        ("compare", "2025年全国数据中心", "2025年贵州数据中心"),
        ("gap", "国内AI人才", "贵州AI人才"),
        ("scale", "贵州算力", "全国算力"), ("trap", "国内数据中心平均利用率约65%，这是全国的数字", "利用率约65%"),
    ],
    "year": [
        ("trap", "2025年国内", "2024年国内"), ("scale", "2025年", "2023年"), ("gap", "2025年", "2030年"),
        ("trap, English", "in 2025", "in 2024"), ("compare", "2025年", "2021年"),
        ("unanswerable, near", "最接近的是2025年的数字", "最接近的是2023年的数字"),
    ],
}  # fmt: skip


@pytest.mark.parametrize("name", RIGHT)
def test_right_answer_passes(name: str) -> None:
    assert judge(RIGHT[name]).reasons == ()


@pytest.mark.parametrize(("operator", "name", "old", "new"), [(o, *s) for o, swaps in SWAPS.items() for s in swaps])
def test_swapped_word_is_caught(operator: str, name: str, old: str, new: str) -> None:
    assert not judge(RIGHT[name].swap(old, new)).correct, f"{operator}: {old} -> {new} passed"


@pytest.mark.parametrize("name", [name for name, made in RIGHT.items() if made.lines])
def test_dropped_citation_is_caught(name: str) -> None:
    made = RIGHT[name]
    bare = replace(made, lines=tuple(replace(line, cites=()) for line in made.lines), figures=())
    assert not judge(bare).correct


def _marker_that_resolves_to_nothing(answer: dict[str, Any]) -> None:
    answer["answer"] += " [9]"


def _sentence_citing_nothing(answer: dict[str, Any]) -> None:
    answer["sentences"][0]["citations"] = [9]


def _marker_only_in_the_data(answer: dict[str, Any]) -> None:
    answer["answer"] = answer["answer"].replace("[1]", "", 1)


def _sentence_not_shown(answer: dict[str, Any]) -> None:
    answer["answer"] = "见下。"


def _quote_not_of_the_source(answer: dict[str, Any]) -> None:
    answer["citations"][0]["quote"] = answer["citations"][0]["quote"][:-1] + "！"


def _quote_elsewhere(answer: dict[str, Any]) -> None:
    answer["citations"][0]["start"] += 1
    answer["citations"][0]["end"] += 1


def _another_quote(answer: dict[str, Any]) -> None:
    quote = ("16_regional_pattern.md", "西部省份基本围绕算力展开，贵州是“东数西算”的核心节点。")
    other = Made("look-016", (Line("", (quote,)),))
    answer["citations"][0] = other.to_json()["citations"][0]


def _refusal(answer: dict[str, Any]) -> None:
    answer.update(abstained=True, answer="资料中没有相关内容，无法回答。", sentences=[], citations=[], figures=[])


@pytest.mark.parametrize("name", ["racks", "scale", "unnamed", "salary", "compare", "text", "fraction"])
@pytest.mark.parametrize(
    "break_it",
    [
        _marker_that_resolves_to_nothing, _sentence_citing_nothing, _marker_only_in_the_data, _sentence_not_shown,
        _quote_not_of_the_source, _quote_elsewhere, _another_quote, _refusal,
    ],
)  # fmt: skip
def test_broken_structure_is_caught(name: str, break_it: Callable[[dict[str, Any]], None]) -> None:
    answer = copy.deepcopy(RIGHT[name].to_json())
    break_it(answer)
    assert not judge(answer, RIGHT[name].case).correct


def test_swapped_markers_are_caught() -> None:
    answer = RIGHT["compare"].to_json()
    answer["answer"] = answer["answer"].replace("[1]", "[x]").replace("[2]", "[1]").replace("[x]", "[2]")
    assert any("不一致" in reason for reason in judge(answer, "cmp-004").reasons)


@pytest.mark.parametrize(
    ("case", "text", "cite"),
    [
        ("una-001", "江苏AI产业规模突破120亿元。", SCALE),
        ("una-003", "2024年贵州算力产业规模突破120亿元。", SCALE),
        ("una-005", "内蒙古算力中心的利用率不足35%。", NORTH),
        ("una-013", "2025年二季度，合肥与量子科技相关的产业营收为10.1亿元。", HEFEI),
        ("mis-004", "安徽与量子科技相关的产业营收为10.1亿元。", HEFEI),
    ],
)
@pytest.mark.parametrize("abstained", [False, True])
def test_answering_the_unanswerable_is_caught(case: str, text: str, cite: tuple[str, str], abstained: bool) -> None:
    verdict = judge(Made(case, (Line(text, (cite,)),), abstained=abstained))
    assert not verdict.correct
    assert verdict.misattributed


@pytest.mark.parametrize(
    ("case", "text", "cite", "stated"),
    [
        ("num-001", "资料未提供贵州规划的数据中心机架超30万个的数据。", GUIZHOU, False),
        ("num-001", "没有资料说贵州规划的数据中心机架超30万个。", GUIZHOU, False),
        ("num-001", "资料未披露：贵州规划的数据中心机架超30万个。", GUIZHOU, False),
        ("num-001-en", "It is not disclosed that Guizhou plans more than 300,000 data-centre racks.", GUIZHOU, False),
        ("look-005", "没有资料说浙江重点瞄准类脑智能、人形机器人这样的未来产业。", FUTURE, False),
        ("num-001", "资料未披露机架的价格，但贵州规划的数据中心机架超30万个。", GUIZHOU, True),
        ("num-001", "资料未提供更新的数字；贵州规划的数据中心机架超30万个。", GUIZHOU, True),
        ("num-001", f"资料没有说是否建成：“{GUIZHOU[1]}”", GUIZHOU, True),
    ],
)
def test_what_no_source_is_said_to_say_is_not_stated(case: str, text: str, cite: tuple[str, str], stated: bool) -> None:
    reasons = judge(Made(case, (Line(text, (cite,)),))).reasons
    assert any("缺关键事实" in reason for reason in reasons) != stated, reasons


@pytest.mark.parametrize(
    ("case", "text", "cite", "told_otherwise"),
    [
        ("num-001", "贵州在运数据中心超30万个。", GUIZHOU, True),
        ("num-001", "贵州规划的数据中心超30万个。", GUIZHOU, True),
        ("num-014", "2025年国内算法工程师岗位的增速已突破500万。", TALENT, True),
        ("num-001", "贵州规划的机架超30万个。", GUIZHOU, False),
        ("num-001", "贵州规划的机架数量超30万个。", GUIZHOU, False),
        ("num-003", "2025年，贵州算力产业突破120亿元。", SCALE, False),
        ("num-003", "2025年，贵州算力行业的体量突破120亿元。", SCALE, False),  # other words: nobody can tell
    ],
)
def test_a_figure_of_another_thing_is_not_grounded(
    case: str, text: str, cite: tuple[str, str], told_otherwise: bool
) -> None:
    reasons = judge(Made(case, (Line(text, (cite,)),))).reasons
    assert any("所引原文中没有" in reason for reason in reasons) == told_otherwise, reasons


@pytest.mark.parametrize(
    ("case", "text", "cite", "contradicted"),
    [
        ("num-003", "资料未披露贵州2025年的算力产业的规模；2025年，贵州算力产业的规模突破120亿元。", SCALE, True),
        ("num-003", "2025年，贵州算力产业的规模突破120亿元。关于贵州算力产业规模，资料未披露。", SCALE, True),
        ("num-008", "2025年一季度，合肥与量子科技相关的产业营收为10.1亿元（不是合肥自身的数字）。", HEFEI, True),
        ("look-005", f"没有资料说重点瞄准类脑智能、人形机器人这样的未来产业；“{FUTURE[1]}”", FUTURE, True),
        # another time, another owner, more detail, the exact number, an aim: none of it is stated
        ("num-003", "资料未披露贵州2024年的算力产业的规模；2025年，贵州算力产业的规模突破120亿元。", SCALE, False),
        ("num-003", "资料未披露四川的算力产业的规模；2025年，贵州算力产业的规模突破120亿元。", SCALE, False),
        (
            "num-003",
            "资料未披露贵州2025年算力产业的规模的具体构成；2025年，贵州算力产业的规模突破120亿元。",
            SCALE,
            False,
        ),
        ("num-003", "资料未披露贵州算力产业的规模的确切数字；2025年，贵州算力产业的规模突破120亿元。", SCALE, False),
        ("num-003", "资料未披露贵州算力产业的规模的目标值；2025年，贵州算力产业的规模突破120亿元。", SCALE, False),
        # asked about Guizhou, the denial is of Guizhou's; a ratio is no number
        ("mis-001", "资料未披露数据中心的平均利用率；2025年国内数据中心的平均利用率约65%。", NATION, False),
        # held for less than all
        ("num-003", "除2025年外，资料未披露贵州算力产业的规模；2025年，贵州算力产业的规模突破120亿元。", SCALE, False),
        (
            "num-008",
            "资料未披露合肥与量子科技相关的产业营收（全年）；2025年一季度，合肥与量子科技相关的产业营收为10.1亿元。",
            HEFEI,
            False,
        ),
        ("num-003", "就四川而言，资料未披露算力产业的规模；2025年，贵州算力产业的规模突破120亿元。", SCALE, False),
        ("look-005", f"至于广东，没有资料说重点瞄准类脑智能、人形机器人这样的未来产业；“{FUTURE[1]}”", FUTURE, False),
        ("num-003", "该文件未提及贵州算力产业的规模，另一份说2025年，贵州算力产业的规模突破120亿元。", SCALE, False),
        ("num-003", "资料未披露贵州算力产业的规模，只有2025年的：突破120亿元。", SCALE, False),
        ("cmp-001", "资料未披露湖南的AI企业的数量；湖南AI企业的数量不足广东的1/8。", HUNAN, False),
    ],
)
def test_an_answer_that_denies_what_it_states_is_caught(
    case: str, text: str, cite: tuple[str, str], contradicted: bool
) -> None:
    reasons = judge(Made(case, (Line(text, (cite,)),))).reasons
    assert any(reason.startswith(("说未披露", "说资料没有", "说不是")) for reason in reasons) == contradicted, reasons


def test_figure_table_alone_states_nothing() -> None:
    shown = Made("num-003", (Line("贵州算力产业的规模很大。", (SCALE,)),), ((1.2e10, "元", "超", "贵州", "2025", 1),))
    assert any("缺关键事实" in reason for reason in judge(shown).reasons)


def test_figure_table_with_a_wrong_owner_is_caught() -> None:
    made = replace(RIGHT["trap, framed quote"], figures=((65, "%", "约", "贵州", "2025", 1),))
    verdict = judge(made)
    assert verdict.misattributed
    assert any("贵州" in reason for reason in verdict.reasons)


def test_owner_left_out_is_taken_from_the_sentence_before() -> None:
    made = Made(
        "mis-006",
        (
            Line("贵州算力产业的规模突破120亿元。", (SCALE,)),
            Line("该省算力中心的利用率不足35%。", (NORTH,)),
        ),
    )
    assert judge(made).misattributed


def test_owner_cut_off_a_verbatim_sentence_is_taken_from_the_question() -> None:
    assert judge(Made("mis-001", (Line("2025年的平均利用率约65%。", (GUIZHOU,)),))).misattributed


def test_known_error_scores_as_wrong() -> None:
    case = sample_cases()["num-001"]
    record = Record(id=case.id, answer=None, hits=(), seconds=0.0, error="问题过长")
    verdict = score_case(case, record, sample_corpus(), known_scopes([case]))
    assert verdict.reasons == ("出错：问题过长",)
    assert verdict.fact_recall == 0.0
