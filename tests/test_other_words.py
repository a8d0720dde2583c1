"""A number or a rule that the texts word differently: quoted as what most likely is meant, unless something contradicts it."""

import pytest

from app.build import open_engine
from app.composition.verdicts import verdict
from app.retrieval.asking import asking, other_ordinal
from app.settings import load_settings
from app.understanding.measures import find_heads
from app.understanding.naming import find_named
from app.understanding.spelling import correct_titles
from app.understanding.understand import understand
from ingest.facts.figures import find_figures
from ingest.facts.period_words import plan_years

DOCUMENTS = {
    "审计.md": ("云河市数据合规审计办法", "2024-03-01",
        "第三条 委托他人处理数据的情况记录，应当至少保存3年。\n\n"
        "第四条 审计对象应当在整改完成后15个工作日内，向主管部门报送整改情况报告。\n\n"
        "第五条 处理100万人以上数据的企业应当指定数据保护负责人，负责合规审计工作。\n\n"
        "第六条 同一审计机构不得连续三次以上对同一审计对象开展合规审计。\n\n"
        "第七条 为从事算法研发处理数据的，不适用本办法。"),
    "质量.md": ("云河市质量奖管理办法", "2024-05-01",
        "第二条 云河市质量奖每两年评选一次，授予在质量管理上成绩突出的组织。\n\n第三条 每次评选的云河市质量奖不超过8个。"),
    "备案.md": ("关于发布第二十批链上服务备案编号的公告", "2024-06-01", "现发布第二十批共30个链上服务名称及备案编号。"),
    "防火.md": ("云河市2024年森林防火令解读", "2023-12-27",
        "问：2024年全市森林防火期是什么时候？\n\n答：2024年全市森林防火期为1月1日至5月31日。"),
    "质检.md": ("云河市工厂质检案例", "2025-03-01",
        "云河市一家工厂以AI质检取代人工，每年省下的成本超300万元。\n\n2024年，云河市质检服务业的规模达80亿元，上门服务占比达35%。"),
    "规划.md": ("云河市国民经济和社会发展第十五个五年（2026—2030年）规划纲要", "2026-03-01",
        "● 全市研发经费投入年均增长 9% 以上"),
}  # fmt: skip


@pytest.fixture(scope="module")
def ask(tmp_path_factory):
    folder = tmp_path_factory.mktemp("words")
    for name, (title, date, body) in DOCUMENTS.items():
        (folder / name).write_text(f"---\ntitle: {title}\ndate: {date}\n---\n# {title}\n\n{body}\n", encoding="utf-8")
    with open_engine(load_settings({}, store=str(folder / "store")), writable=True) as engine:
        assert engine.ingest([str(folder)]).added == len(DOCUMENTS)
        yield engine.ask


@pytest.mark.parametrize(
    ("question", "quoted"),
    [
        ("合规审计的问题整改完以后几天内要交报告", "15个工作日内"),
        ("整改完以後幾天內要交報告", "15个工作日内"),
        ("手上有多少人的数据，就得专门指定一位数据保护负责人", "100万人以上"),
    ],
)
def test_a_number_in_other_words_is_quoted_with_a_word_of_caution(ask, question, quoted):
    answer = ask(question)
    assert not answer.abstained and any(quoted in c.quote for c in answer.citations)
    assert answer.text.startswith("资料的用词与所问不同") and quoted in answer.sentences[0].text


def test_words_enough_in_common_need_no_caution(ask):
    assert ask("委托外包方处理数据，记录得存几年").text.startswith("至少保存3年。原文：")


@pytest.mark.parametrize(
    ("question", "because"),
    [
        ("第二十二批链上服务备案公布了多少个", "another round"),
        ("大疆要在几年内保存记录", "a name that no text knows"),
        ("2025年的整改报告要在几天内交", "another year"),
        ("千里市质量奖隔几年评一次", "a place of which there is no text"),
        ("云河市的工厂上AI质检花了多少钱", "saved is not spent"),
        ("云河市質檢服務業2024年比上年增長了百分之幾", "a share is no growth"),
    ],
)
def test_what_contradicts_the_question_is_not_quoted_as_its_answer(ask, question, because):
    answer = ask(question)
    assert answer.abstained, because
    assert "用词与所问不同" not in answer.text


def test_both_amounts_of_a_question_are_answered(ask):
    answer = ask("云河市质量奖隔几年评一次，一次最多评出几个？")
    said = "".join(c.quote for c in answer.citations)
    assert "每两年评选一次" in said and "不超过8个" in said


@pytest.mark.parametrize(
    ("question", "quoted"),
    [
        ("同一家机构能不能年年做合规审计", "不得连续三次以上"),
        ("做算法研发处理数据要不要遵守这个审计办法", "不适用本办法"),
    ],
)
def test_limits_and_exemptions_are_quoted_as_the_rule_on_it(ask, question, quoted):
    answer = ask(question)
    assert not answer.abstained and quoted in answer.citations[0].quote
    assert answer.text.startswith("资料没有用同样的话回答")


def test_a_documents_own_question_answers_only_for_its_year(ask):
    assert "5月31日" in ask("云河2024年的森林防火期是什么时候").text
    other = ask("云河2025年的森林防火期是什么时候")
    assert other.abstained and other.abstain_reason == "wrong_period"


def test_a_plans_title_says_of_which_period_its_aims_are(ask):
    answer = ask("“十五五”规划纲要要求云河研发经费投入年均增长多少")
    assert not answer.abstained and "9%" in answer.sentences[0].text
    assert list(plan_years("十四五")) == [2021, 2022, 2023, 2024, 2025]


@pytest.mark.parametrize(
    ("text", "heads"),
    [
        ("常住人口城镇化率", ("城镇化率",)), ("登记失业率", ("失业率",)), ("增值税税率", ("税率",)),
        ("数据使用情况的记录", ()), ("算力使用情况如何", ("利用率",)),
    ],
)  # fmt: skip
def test_a_measure_is_cut_where_its_word_begins(text, heads):
    assert find_heads(text) == heads


def test_a_fine_that_holds_for_one_of_two_cases_follows_for_neither():
    stated = find_figures("处五十万元以上二百万元以下罚款，对直接负责的主管人员处五万元以上二十万元以下罚款")
    query = understand("罚款是一百万元以下吗")
    assert "可以由资料推出" not in verdict(query, stated)


def test_laws_that_the_store_does_not_hold_are_named():
    titles = [("d", "中华人民共和国数据安全法")]
    assert find_named("反垄断法规定最高罚多少", titles).unknown == "反垄断法"
    assert find_named("民法典第一千条是什么", titles).unknown == "民法典"
    assert find_named("数据安全法规定最高罚多少", titles).unknown == ""
    assert find_named("企业违反反垄断法会怎样", titles).unknown == ""  # what becomes of it other texts may say


def test_a_title_mistyped_by_sound_is_read_as_the_document():
    titles = [("d", "云河市数据合规审计办法")]
    assert correct_titles("《云河市数据合规审计办发》何时施行", titles) == (
        "《云河市数据合规审计办法》何时施行", (("云河市数据合规审计办发", "云河市数据合规审计办法"),),
    )  # fmt: skip
    assert correct_titles("《云南市数据合规审计办法》何时施行", titles)[1] == ()


@pytest.mark.parametrize(
    ("question", "regions"),
    [
        ("台湾来的青年能享受甘棠区的政策吗", ()), ("港澳的在读大学生实习一个月补贴多少", ()),
        ("台湾居民人均收入是多少", ("710000",)), ("广东青年就业情况如何", ("440000",)),
    ],
)  # fmt: skip
def test_whence_people_are_is_not_whose_answer_is_asked_for(question, regions):
    assert understand(question).regions == regions


def test_things_told_apart_by_number():
    assert other_ordinal("第22批有多少个", "第二十批共30个")
    assert not other_ordinal("第二十批有多少个", "现发布第20批") and not other_ordinal("一共多少个", "第二十批共30个")


@pytest.mark.parametrize(
    ("question", "kind"),
    [
        ("2025年运输了多少万吨", "number"), ("机票打折了多少", "number"), ("银行卡在哪里办", "lookup"),
        ("数据传输在哪些情况下要评估", "list"), ("那个省份栽在哪里", "reason"),
    ],
)  # fmt: skip
def test_a_colloquial_word_for_failing_is_no_part_of_another_word(question, kind):
    assert understand(question).kind == kind


@pytest.mark.parametrize(
    ("question", "places"),
    [
        ("千里市质量奖隔几年评一次", ("千里",)), ("甘棠区租金补贴多少", ("甘棠区",)), ("电力市场交易电量多少", ()),
        ("各地市最低工资是多少", ()), ("企业所在市的补贴是多少", ()),
    ],
)  # fmt: skip
def test_a_place_that_the_gazetteer_lacks_is_told_from_words_that_end_like_one(question, places):
    assert asking(understand(question)).places == places
