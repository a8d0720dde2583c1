"""Candidates for gold rows: what is asked of which sentence, what is not, and the review that lets them in."""

import io
import json

import pytest

from app.generation.errors import LLMError
from app.settings import load_settings
from app.understanding.glossary import english_of
from eval.cli import run_arguments
from eval.gold import load_suite
from eval.propose import variants
from eval.propose.material import document_name
from eval.propose.variants import asks_the_same, english, paraphrase
from ingest.errors import InputError

GUIZHOU = """---
title: 贵州：算力
region: 贵州省
---
# 贵州：算力

## 短板
- 应用场景不多。
- 人才储备不足。

## 成效
2025年，贵州算力产业的规模突破120亿元。贵州面向医疗、金融等领域提供服务。2025年国内数据中心的平均利用率约65%。
某家电企业的误检率由3%降至0.1%。
"""
HUBEI = "---\ntitle: 湖北：汽车\nregion: 湖北省\n---\n# 湖北：汽车\n\n湖北走AI+汽车的路子，算力也在建设。\n"
LAW = """# 星海市数据管理办法

第一条 本办法所称数据，是指以电子方式对信息的记录。
第二条 数据处理者不得非法买卖个人信息。
第三条 数据处理者应当自收到申请之日起15个工作日内作出答复。
第四条 公共数据分为无条件开放、有条件开放和不予开放三类。
第五条 本办法自2024年3月1日起施行。
"""


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "docs").mkdir()
    for name, text in (("guizhou.md", GUIZHOU), ("hubei.md", HUBEI), ("law.md", LAW)):
        (tmp_path / "docs" / name).write_text(text, encoding="utf-8")
    return tmp_path / "docs"


def generated(path, *more):
    assert run_arguments(["gen", str(path), "--json", *more], load_settings({})) == 0
    return load_suite(path.parent / "candidates.jsonl")


def test_candidates_are_natural_questions_checked_against_the_corpus(folder, capsys):
    cases = generated(folder)
    found = json.loads(capsys.readouterr().out)
    assert found["written"] == len(cases) == found["rows"] and found["dropped"] == 0
    asked = {case.question: case for case in cases if case.variant == "canonical"}
    assert {
        "2025年贵州算力产业的规模是多少？", "贵州算力产业的规模是在哪一年突破120亿元的？", "贵州面向哪些领域？",
        "2025年全国数据中心的平均利用率是多少？", "2025年贵州数据中心的平均利用率是多少？", "贵州的短板有哪些？",
        "2025年湖北算力产业的规模是多少？", "2024年贵州算力产业的规模是多少？",
        "《星海市数据管理办法》所称的“数据”是指什么？", "按照《星海市数据管理办法》，数据处理者可以非法买卖个人信息吗？",
        "按照《星海市数据管理办法》，数据处理者应当在收到申请之日起多少个工作日内作出答复？",
        "《星海市数据管理办法》中，公共数据分为哪几类？", "《星海市数据管理办法》从什么时候开始施行？",
    } == set(asked)  # fmt: skip
    assert not any(case.reviewed for case in cases)
    trap = asked["2025年贵州数据中心的平均利用率是多少？"]
    assert (trap.kind, trap.answerable, trap.facts[0].scope) == ("misattribution", False, "全国")
    near = asked["2025年湖北算力产业的规模是多少？"]
    assert (near.kind, near.answerable, near.facts, near.evidence) == ("unanswerable", False, (), ())
    kinds = asked["《星海市数据管理办法》中，公共数据分为哪几类？"]
    assert [fact.any for fact in kinds.facts] == [("无条件开放",), ("有条件开放",), ("不予开放",)]
    # Candidates stand in a file of their own; the suite's checks pass on it, and no run counts them.
    arguments = [str(folder.parent / "candidates.jsonl"), "--corpus", str(folder)]
    assert run_arguments(["validate", *arguments], load_settings({})) == 0
    with pytest.raises(InputError, match="都未经审核"):
        run_arguments(arguments, load_settings({}))
    generated(folder)
    assert json.loads(capsys.readouterr().out.splitlines()[-1])["written"] == 0  # the same ones are no new ones


def test_what_a_store_answers_elsewhere_is_no_near_miss(folder, tmp_path, capsys):
    from app.build import open_engine

    (tmp_path / "other.md").write_text("# 湖北年报\n\n2025年，湖北算力产业的规模为80亿元。\n", encoding="utf-8")
    with open_engine(load_settings({}, str(tmp_path / "store")), writable=True) as engine:
        engine.ingest([str(tmp_path / "other.md")])
    questions = {case.question for case in generated(folder, "--store", str(tmp_path / "store"))}
    assert "2025年湖北算力产业的规模是多少？" not in questions and "2024年贵州算力产业的规模是多少？" in questions


def test_variants_say_the_same_in_their_group(folder):
    cases = generated(folder)
    groups = {case.group_id: [c for c in cases if c.group_id == case.group_id] for case in cases}
    assert all(sum(c.variant == "canonical" for c in group) == 1 for group in groups.values())
    assert all(len({(c.facts, c.evidence, c.kind) for c in group}) == 1 for group in groups.values())
    assert {"paraphrase", "traditional", "en"} <= {case.variant for case in cases}


@pytest.mark.parametrize(
    ("question", "said"),
    [
        ("2025年贵州数据中心的平均利用率是多少？", "What is the average data center utilization of Guizhou in 2025?"),
        ("2025年全国数据中心利用率是多少？", "What is the national data center utilization in 2025?"),
        ("贵州误检率是多少？", ""), ("贵州的短板有哪些？", ""), ("某家电企业的规模是多少？", ""),
    ],
)  # fmt: skip
def test_english_only_where_the_glossary_has_every_word(question, said):
    assert english(question) == said


def test_parts_of_words_are_no_english():
    assert english_of("算力") == "computing power" and english_of("算力甲乙") == "" and english_of("") == ""


def test_an_other_order_of_words():
    assert paraphrase("2025年贵州算力规模是多少？") == "贵州算力规模在2025年是多少？"
    assert paraphrase("《数据办法》从什么时候开始施行？") == "《数据办法》的施行日期是哪一天？"
    assert paraphrase("贵州的短板有哪些？") == ""


@pytest.mark.parametrize(
    ("said", "same"),
    [
        ("2025年贵州的算力产业规模有多大？", True),
        ("2025年贵州算力产业的规模是多少？", False),  # word for word
        ("2024年贵州的算力产业规模有多大？", False),
        ("2025年湖北的算力产业规模有多大？", False),
        ("2025年贵州和湖北的算力产业规模有多大？", False),
        ("2025年贵州的天气怎么样？", False),
        ("2025年贵州算力产业规模为120亿元。", False),
    ],
)
def test_a_models_wording_must_ask_the_same(said, same, monkeypatch):
    question = "2025年贵州算力产业的规模是多少？"
    assert asks_the_same(said, question) is same
    monkeypatch.setattr(variants, "complete", lambda *_: f"改写后的问题：{said}\n\n解释")
    assert variants.reworded(question, None) == (said if same else "")


def test_a_model_that_fails_costs_only_its_wording(monkeypatch):
    def fail(*_):
        raise LLMError("断开")

    monkeypatch.setattr(variants, "complete", fail)
    assert variants.reworded("贵州算力规模是多少？", None) == ""


@pytest.mark.parametrize(
    ("title", "name"),
    [
        ("国务院关于印发《全民健身计划（2026—2030年）》的通知", "《全民健身计划（2026—2030年）》"),
        ("国务院办公厅关于印发“十四五”现代物流发展规划的通知", "《“十四五”现代物流发展规划》"),
        ("上海市数据条例", "《上海市数据条例》"), ("《个人信息出境认证办法》答记者问", ""), ("贵州：算力", ""),
    ],
)  # fmt: skip
def test_how_a_question_calls_a_text(title, name):
    assert document_name(title) == name


def test_a_review_lets_in_what_is_accepted_and_can_go_on_later(folder, monkeypatch, capsys):
    cases = generated(folder)
    file, gold = folder.parent / "candidates.jsonl", folder.parent / "gold.jsonl"
    groups = list(dict.fromkeys(case.group_id for case in cases))

    def review(typed):
        monkeypatch.setattr("sys.stdin", io.StringIO(typed))
        assert run_arguments(["review", str(file), "--out", str(gold)], load_settings({})) == 0

    review("a\nd\nx\ne\n贵州算力有多大规模？\nf\nkein JSON\na\nq\n")
    kept = load_suite(gold)
    assert all(case.reviewed for case in kept)
    assert {case.group_id for case in kept} == {groups[0], groups[2]}
    edited = [case for case in kept if case.group_id == groups[2]]
    assert [(case.variant, case.question) for case in edited] == [("canonical", "贵州算力有多大规模？")]
    left = load_suite(file)
    assert {case.group_id for case in left} == set(groups[3:]) and not any(case.reviewed for case in left)
    assert "没有改" in capsys.readouterr().out
    review("s\n")  # and the end of the input is the end of the review
    assert load_suite(file) == left and load_suite(gold) == kept


def test_bad_arguments_are_told(folder, tmp_path):
    for arguments in (["gen", "nowhere"], ["gen", str(folder), "-n", "0"], ["review", "nothing.jsonl"]):
        with pytest.raises(InputError) as caught:
            run_arguments(arguments, load_settings({}))
        assert "\n" not in str(caught.value)
