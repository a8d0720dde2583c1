"""Documents and articles that a question names."""

import pytest

from app.build import open_engine
from app.settings import load_settings
from app.understanding.naming import find_named, to_han

TITLES = [
    ("a", "甲省数据条例"),
    ("b", "中华人民共和国数据安全法"),
    ("c", "甲省人民政府办公厅关于印发《“十四五”数字政府建设规划》的通知"),
    ("d", "乙市算力管理办法（试行）"),
    ("f", "丁部关于印发《戊健身计划（2026—2030年）》的通知"),
    ("e", "贵州：从出租算力到提供服务"),
]


@pytest.mark.parametrize(
    ("question", "documents", "article", "unknown"),
    [
        ("甲省数据条例第六十九条规定了什么", ("a",), "第六十九条", ""),
        ("《甲省数据条例》第69条", ("a",), "第六十九条", ""),
        ("数据安全法第110条之一", ("b",), "第一百一十条之一", ""),
        ("Article 21 of 数据安全法", ("b",), "第二十一条", ""),
        ("“十四五”数字政府建设规划提出了哪些目标", ("c",), "", ""),
        ("乙市算力管理办法何时施行", ("d",), "", ""),
        ("戊健身计划到2030年的目标", ("f",), "", ""),
        ("比较甲省数据条例和数据安全法", ("a", "b"), "", ""),
        ("丙省数据条例第三条", (), "第三条", "丙省数据条例"),
        ("《丙办法》第三条", (), "第三条", "丙办法"),
        ("甲省有哪些数据政策", (), "", ""),
        ("第三条说了什么", (), "第三条", ""),
    ],
)
def test_names_are_resolved_among_the_titles(question, documents, article, unknown):
    named = find_named(question, TITLES)
    assert (set(named.documents), named.article, named.unknown) == (set(documents), article, unknown)


def test_the_rest_of_the_question_is_free_of_the_name():
    assert find_named("《甲省数据条例》对公共数据有什么规定", TITLES).rest == "对公共数据有什么规定"


@pytest.mark.parametrize(
    ("number", "han"),
    [
        (1, "一"),
        (10, "十"),
        (15, "十五"),
        (20, "二十"),
        (69, "六十九"),
        (101, "一百零一"),
        (110, "一百一十"),
        (999, "九百九十九"),
    ],
)
def test_article_numbers_in_han(number, han):
    assert to_han(number) == han


LAW = """# 甲省数据条例

第一章 总则

第一条 为了规范数据处理活动，制定本条例。

第二条 本条例下列用语的含义：

（一）公共数据，是指公共管理机构处理的数据。

（二）数据处理，是指数据的收集、存储和使用。

第三条 处理公共数据应当遵守下列规定；违反的，处100万元以上1000万元以下罚款。

第四条 本条例自2022年1月1日起施行。
"""


@pytest.fixture(scope="module")
def engine(tmp_path_factory):
    folder = tmp_path_factory.mktemp("law")
    (folder / "law.md").write_text(LAW, encoding="utf-8")
    other = LAW.replace("甲省", "乙省").replace("2022年1月1日", "2023年3月1日").replace("收集、存储", "收集、传输")
    (folder / "other.md").write_text(other, encoding="utf-8")
    settings = load_settings({}, store=str(folder / "store"))
    with open_engine(settings, writable=True) as engine:
        engine.ingest([str(folder / "law.md"), str(folder / "other.md")])
        yield engine


def test_an_article_is_quoted_whole_and_alone(engine):
    answer = engine.ask("甲省数据条例第二条是什么")
    quotes = [c.quote for c in answer.citations]
    assert quotes[0].startswith("第二条") and len(quotes) == 3 and "存储和使用" in quotes[2]
    assert {c.title for c in answer.citations} == {"甲省数据条例"}


def test_an_article_or_a_law_that_is_not_there_is_refused(engine):
    missing = engine.ask("甲省数据条例第九十九条")
    unknown = engine.ask("丙省数据条例第二条")
    assert missing.abstained and not missing.citations and "第九十九条" in missing.text
    assert unknown.abstained and unknown.abstain_reason == "no_document" and not unknown.citations


def test_a_named_law_answers_for_itself(engine):
    answer = engine.ask("乙省数据条例何时生效")
    assert [c.quote for c in answer.citations] == ["第四条 本条例自2023年3月1日起施行。"] and not answer.abstained


def test_two_named_laws_stand_side_by_side_under_their_titles(engine):
    text = engine.ask("甲省数据条例和乙省数据条例对数据处理的规定有何不同").text
    head, _, *rows = [line for line in text.splitlines() if line.startswith("|")]
    assert [cell.strip() for cell in head.split("|")[2:4]] == ["《甲省数据条例》", "《乙省数据条例》"]
    assert any("收集、存储" in row.split("|")[2] for row in rows)
    assert any("收集、传输" in row.split("|")[3] for row in rows)
