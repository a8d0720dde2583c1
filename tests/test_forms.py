"""The form of an answer for each kind of question, on three short texts of our own."""

import re

import pytest

from app.build import open_engine
from app.composition.excerpt import LONG, excerpt
from app.composition.facets import marker
from app.render import unescape
from app.settings import load_settings
from app.ui.message import answer_html

RULES = """# 云溪市算力券管理办法

## 第一章 总则

第一条 为了规范算力券的发放和使用，制定本办法。

第二条 本办法所称算力券，是指由市财政出资、用于抵扣企业租用智能算力费用的电子凭证。

第三条 算力券的发放应当遵循公开、公平、择优的原则。

## 第二章 申领

第四条 申领算力券的企业应当具备下列条件：
（一）在云溪市依法登记注册；
（二）近三年没有重大违法记录；
（三）研发投入占营业收入的比例不低于3%；
（四）设有专门的研发机构；
（五）具备相应的数据安全管理制度；
（六）主管部门规定的其他条件。

第五条 企业不得转让、出租算力券。企业可以委托第三方机构代为申领算力券。

第六条 鼓励企业公开算力使用情况。使用境外算力的，应当经主管部门批准。

第七条 主管部门设窗口三个，配备审核人员十二人。主管部门发放算力券不得收取任何费用。申领企业应当公开能耗指标，并将有关信息的说明放在网页的醒目位置。

## 第三章 罚则

第八条 违反本办法第五条规定转让算力券的，由主管部门责令改正，处一万元以上三万元以下罚款；情节严重的，处三万元以上十万元以下罚款。

第九条 以虚假材料骗取算力券的，追回已发放的算力券，并处骗取金额一倍以上三倍以下罚款。

第十条 本办法自2026年3月1日起施行。
"""
PLAN = """# 云溪市算力发展报告

2023年，云溪市智能算力规模达到1000P。

2024年，云溪市智能算力规模达到1800P。

到2027年，云溪市智能算力规模力争达到5000P。

云溪市发展算力面临电价偏高的风险，专业运维人才也十分缺乏。
"""
ANSWERS = """# 算力券答记者问

一、问：算力券可以抵扣电费吗？

答：算力券用于抵扣智能算力租用费用，电费不在抵扣范围之内。

二、问：算力券由谁审核？

答：由市数据主管部门会同财政部门审核。
"""


@pytest.fixture(scope="module")
def ask(tmp_path_factory):
    from ingest.embed import load_embedder
    from ingest.pipeline import ingest_paths
    from ingest.store import open_store

    folder = tmp_path_factory.mktemp("forms")
    for name, text in (("办法", RULES), ("报告", PLAN), ("问答", ANSWERS)):
        (folder / f"{name}.md").write_text(text, encoding="utf-8")
    embedder = load_embedder()
    with open_store(folder / "store", embedder.name, embedder.dimension, writable=True) as store:
        ingest_paths([str(folder / f"{name}.md") for name in ("办法", "报告", "问答")], store, embedder)
    with open_engine(load_settings({}, store=str(folder / "store"))) as engine:

        def one(question):
            answer = engine.ask(question)
            for c in answer.citations:
                assert engine.document(c.doc_id).text[c.start : c.end] == c.quote
            return answer

        yield one


def lines(answer):
    return [re.sub(r" \[\d+\]", "", unescape(line)) for line in answer.text.splitlines() if line]


def test_a_list_is_whole_and_as_written(ask):
    said = lines(ask("申领算力券的企业应当具备哪些条件"))
    assert said[0].startswith("第四条") and said[0].endswith("：")
    assert [line[2:5] for line in said[1:]] == ["（一）", "（二）", "（三）", "（四）", "（五）", "（六）"]


def test_a_definition_is_the_sentence_that_defines(ask):
    assert lines(ask("什么是算力券")) == [f"- {RULES.splitlines()[6]}"]


@pytest.mark.parametrize(
    ("question", "verdict", "evidence"),
    [
        ("企业可以转让算力券吗", "否，资料明确禁止", "第五条"),
        ("企业能否委托第三方机构代为申领算力券", "是，", "可以委托"),
        ("企业必须公开算力使用情况吗", "鼓励、支持，没有作为要求", "鼓励企业公开"),
        ("使用境外算力必须经主管部门批准吗", "是，但以资料写明的情形和条件为限", "应当经主管部门批准"),
        ("算力券的发放应当遵循公平原则吗", "是，", "第三条"),
        ("主管部门发放算力券可以收费吗", "否，资料明确禁止", "不得收取任何费用"),
    ],
)
def test_a_verdict_follows_the_modality_of_a_sentence(ask, question, verdict, evidence):
    answer = ask(question)
    assert not answer.abstained and verdict in lines(answer)[0]
    assert evidence in answer.citations[0].quote


@pytest.mark.parametrize(
    "question", ["算力券办法要求企业公布用工情况吗", "企业必须购买保险才能申领算力券吗", "申领企业必须公开位置信息吗"]
)
def test_what_no_sentence_says_gets_no_verdict(ask, question):
    answer = ask(question)
    assert answer.abstained and answer.abstain_reason == "not_disclosed"
    assert not re.search("^(是|否)，", answer.text)


def test_a_rule_in_other_words_is_quoted_without_a_verdict(ask):
    answer = ask("算力券办法要求企业公布能耗吗")
    assert not answer.abstained and "应当公开能耗指标" in answer.citations[0].quote
    assert lines(answer)[0].startswith("资料没有用同样的话回答") and not re.search("^(是|否)，", answer.text)


def test_a_timeline_keeps_targets_apart_and_in_order(ask):
    answer = ask("云溪市智能算力规模历年变化")
    rows = [[c.strip() for c in line.split("|")[1:-1]] for line in answer.text.splitlines() if line.startswith("|")]
    assert rows[0] == ["时间", "已有情况", "目标与规划"]
    assert [row[0] for row in rows[2:]] == ["2023年", "2024年", "2027年"]
    assert "1000P" in rows[2][1] and rows[2][2] == "—" and "5000P" in rows[4][2] and rows[4][1] == "—"


def test_a_count_stands_beside_its_name(ask):
    answer = ask("主管部门有审核人员几人")
    assert not answer.abstained and "审核人员十二人" in answer.text


def test_all_penalties_of_a_text_each_to_its_full_stop(ask):
    text = unescape(ask("违反算力券管理办法罚款多少").text)
    assert "三万元以上十万元以下罚款。" in text and "骗取金额一倍以上三倍以下罚款。" in text


def test_a_question_that_a_text_asks_is_answered_as_it_does(ask):
    answer = ask("算力券由谁审核")
    assert "财政部门审核" in answer.text and "？" not in answer.text


def test_reasons_and_risks_come_from_sentences_that_name_them(ask):
    said = lines(ask("云溪市发展算力有什么风险"))
    assert any("电价偏高的风险" in line for line in said) and not any("1000P" in line for line in said)


def test_an_english_answer_says_whose_text_it_quotes(ask):
    from app.composition.wording import provenance
    from ingest.types import Source

    source = Source("a.md", "0", "某条例", regions=("310000",), issued="2021-11-25", tier="政策原文")
    assert provenance(source) == "Shanghai, 2021, law or policy text"


class Said:
    """As much of an Evidence as an excerpt needs."""

    def __init__(self, text):
        self.text = text


@pytest.mark.parametrize("filler", ["并完善有关制度，", "（含市、区两级，下同），"])
def test_an_excerpt_is_a_span_cut_at_clauses(filler):
    text = (
        "市政府应当建立公共数据开放机制，"
        + filler * 14
        + "保障数据安全；涉及个人隐私的，不得开放，但法律另有规定的除外。"
    )
    for aspect in ("aspect_must", "aspect_forbidden"):
        cut = excerpt(Said(text), marker(aspect))
        assert cut in text and marker(aspect).search(cut)
        assert text.endswith(cut) or text[text.index(cut) + len(cut)] in "，；。"
        assert "不得开放" not in cut or "除外" in cut, "a rule keeps its exception"
    assert len(excerpt(Said(text), marker("aspect_must"))) <= LONG
    assert excerpt(Said("规划机架超30万个，国内平均利用率约65%。"), limit=18) == "规划机架超30万个"
    assert excerpt(Said("国内平均利用率约65%。"), limit=8) == ""


def test_a_bar_in_a_cell_parts_nothing_in_the_page():
    from app.types import Answer

    answer = Answer(
        "q", "| 方面 | 甲 |\n| --- | --- |\n| 目标 | a \\| b \\<i\\> [1] |\n\n- x\n- y\n\n\\| no | table \\|"
    )
    html = answer_html(1, answer, "zh")
    assert html.count("<td>") == 2 and "&#124; b" in html and "<i>" not in html
    assert html.count("<li>") == 2 and html.count("<table>") == 1


def test_cells_of_hostile_text_stay_cells():
    from app.composition.draft import Claim
    from app.render import Numbering, _table
    from app.types import Query

    query = Query("q", "q", "", "zh", "compare")
    claims = [Claim("未披露", (), cell=("a|b\nc", "*x*")), Claim("未披露", (), cell=("a|b\nc", "[1](http://x)"))]
    written = _table(query, claims, "方|面", Numbering("zh"))
    assert len(written.lines) == 3 and all(len(re.split(r"(?<!\\)\|", line)) == 5 for line in written.lines)
    assert "\\[1\\]" in written.lines[0] and "\\*x\\*" in written.lines[0]
