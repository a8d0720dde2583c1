"""English terms by their words, the longest first."""

import pytest

from app.understanding.glossary import _pairs, translate_terms
from app.understanding.understand import understand


@pytest.mark.parametrize(
    ("text", "terms"),
    [
        ("a personal information processor's duties", ("个人信息处理者", "义务|职责")),
        ("personal information", ("个人信息",)),
        ("data security law", ("数据安全法",)),
        ("Data-security rules", ("数据安全",)),
        ("planned policies", ("规划", "政策")),
        ("the companies' subsidies were subsidised", ("企业", "补贴", "补贴|补助")),
        ("algorithm recommendation", ("算法推荐",)),
        ("computing-power vouchers", ("算力券",)),
        ("nothing here", ()),
    ],
)
def test_the_longest_term_counts(text, terms):
    assert translate_terms(text) == terms


def test_the_glossary_is_in_order():
    pairs = _pairs()
    assert len(pairs) >= 900 and len({english for english, _ in pairs}) == len(pairs)
    assert all(english == english.lower().strip() and chinese.strip("|") == chinese for english, chinese in pairs)


def test_an_english_question_names_a_chinese_law():
    titles = [("x", "中华人民共和国数据安全法"), ("y", "甲省数据条例")]
    query = understand("What does Article 21 of the Data Security Law say?", titles=titles)
    assert query.documents == ("x",) and query.article == "第二十一条"
    assert "数据安全法" in query.translated
