"""Sources that differ: side by side with tier and date, never averaged; reposts, other kinds and later texts are no conflict."""

import pytest

from app.build import open_engine
from app.composition.conflicts import compatible
from app.settings import load_settings
from ingest.facts.figures import find_figures

DOCUMENTS = {
    "tongji.md": ("title: 甘肃省2024年国民经济和社会发展统计公报\nissuer: 甘肃省统计局\ndate: 2025-03-20",
        "2024年，甘肃省数据中心机架上架率为62.5%。全省算力产业规模达到88亿元。"),
    "media.md": ("title: 甘肃算力观察：上架率走高\ndate: 2025-04-02\ntier: 媒体",
        "2024年，甘肃省数据中心机架上架率为71.8%，业界看好后市。"),
    "repost.md": ("title: 转载：甘肃统计公报摘要\ndate: 2025-03-25\ntier: 媒体", "2024年，甘肃省数据中心机架上架率为62.5%。"),
    "plan.md": ("title: 甘肃省算力发展规划\nissuer: 甘肃省人民政府\ndate: 2024-01-10", "到2024年，甘肃省算力产业规模力争达到100亿元。"),
    "blog.md": ("title: 甘肃算力产业一瞥\ndate: 2025-05-01\ntier: 自媒体", "2024年，甘肃省算力产业规模约90亿元。"),
    "old.md": ("title: 青海省数据补贴办法\nissuer: 青海省人民政府\ndate: 2019-05-01\ndoc_number: 青政发〔2019〕5号",
        "第一条 青海省数据中心用电补贴标准为每千瓦时0.05元。\n\n第二条 本办法自2019年6月1日起施行。"),
    "new.md": ("title: 青海省数据补贴办法\nissuer: 青海省人民政府\ndate: 2023-05-01\ndoc_number: 青政发〔2023〕8号",
        "第一条 青海省数据中心用电补贴标准为每千瓦时0.08元。\n\n"
        "第二条 本办法自2023年6月1日起施行。《青海省数据补贴办法》（青政发〔2019〕5号）同时废止。"),
    "repealed.md": ("title: 宁夏回族自治区算力券管理办法\nissuer: 宁夏回族自治区人民政府\ndate: 2020-05-01\ndoc_number: 宁政发〔2020〕3号",
        "第一条 宁夏算力券年度发放总额为3000万元。"),
    "successor.md": ("title: 宁夏回族自治区算力服务促进办法\nissuer: 宁夏回族自治区人民政府\ndate: 2024-05-01\ndoc_number: 宁政发〔2024〕9号",
        "第一条 宁夏支持企业使用算力服务，算力券的发放总额由财政部门另行确定。\n\n"
        "第二条 本办法自2024年6月1日起施行。《宁夏回族自治区算力券管理办法》（宁政发〔2020〕3号）同时废止。"),
}  # fmt: skip


@pytest.fixture(scope="module")
def ask(tmp_path_factory):
    folder = tmp_path_factory.mktemp("differing")
    for name, (head, body) in DOCUMENTS.items():
        title = head.splitlines()[0].removeprefix("title: ")
        (folder / name).write_text(f"---\n{head}\n---\n# {title}\n\n{body}\n", encoding="utf-8")
    with open_engine(load_settings({}, store=str(folder / "store")), writable=True) as engine:
        assert engine.ingest([str(folder)]).added == len(DOCUMENTS)
        yield engine.ask


def test_two_values_stand_side_by_side_with_tier_and_date_official_first(ask):
    answer = ask("甘肃数据中心上架率是多少")
    assert answer.abstained and answer.abstain_reason == "conflicting"
    assert "说法不一致" in answer.text.splitlines()[0]
    official, media = answer.text.index("统计 · 2025-03-20"), answer.text.index("媒体 · 2025-04-02")
    assert official < answer.text.index("62.5%") < media < answer.text.index("71.8%")
    assert [c.tier for c in answer.citations] == ["统计", "媒体"]
    assert "67.15" not in answer.text and len(answer.sentences) == 2


def test_the_repost_of_a_text_is_no_second_voice(ask):
    assert "转载" not in ask("甘肃数据中心上架率是多少").text


def test_a_rounded_value_and_a_target_are_no_conflict(ask):
    answer = ask("2024年甘肃算力产业规模是多少")
    first = answer.text.splitlines()[0]
    assert not answer.abstained and "88亿元" in first and "2024年" in first
    target = next(line for line in answer.text.splitlines() if "100亿元" in line)
    assert "目标值" in target


def test_the_year_of_a_figure_is_cited_where_the_sentence_does_not_say_it(ask):
    answer = ask("2024年甘肃算力产业规模是多少")
    cited = {c.id: c.quote for c in answer.citations}
    assert any("2024年" in cited[n] for n in answer.sentences[0].citations)


def test_a_later_text_supersedes_and_the_earlier_value_is_labelled(ask):
    answer = ask("青海数据中心用电补贴标准是多少")
    assert not answer.abstained and "0.08元" in answer.text.splitlines()[0]
    labelled = answer.text[answer.text.index("已被取代") :]
    assert "2019-05-01" in labelled and "0.05元" in labelled


def test_the_year_of_the_earlier_text_asks_for_it(ask):
    answer = ask("2019年青海数据中心用电补贴标准是多少")
    assert not answer.abstained and "0.05元" in answer.text and "0.08元" not in answer.text


def test_what_only_a_repealed_text_says_is_no_answer_of_today(ask):
    answer = ask("宁夏算力券年度发放总额是多少")
    assert answer.abstained and answer.abstain_reason == "superseded"
    assert "已被取代" in answer.text and "3000万元" in answer.text and "2020-05-01" in answer.text


def test_an_english_question_gets_the_conflict_in_english(ask):
    answer = ask("What is Gansu's rack occupancy rate?")
    if answer.abstain_reason != "conflicting":
        pytest.skip("the glossary does not know the measure")
    assert answer.text.startswith("The sources differ") and "statistics · 2025-03-20" in answer.text


@pytest.mark.parametrize(
    ("one", "other", "agree"),
    [
        ("上架率为65%", "上架率为65.3%", True),  # rounded
        ("上架率为65%", "上架率为58%", False),
        ("规模约120亿元", "规模为118亿元", True),
        ("规模超过120亿元", "规模为125亿元", True),
        ("规模超过120亿元", "规模为300亿元", False),
        ("规模超过120亿元", "规模为110亿元", False),
        ("利用率不足35%", "利用率为33%", True),
        ("占比为30%至50%", "占比为40%", True),
        ("占比为30%至50%", "占比为60%", False),
    ],
)
def test_when_two_figures_can_both_be_true(one, other, agree):
    (a,), (b,) = find_figures(one), find_figures(other)
    assert compatible(a, b) == compatible(b, a) == agree
