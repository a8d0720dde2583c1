"""The ledger: what documents of one store say of each other."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.facts.relations import Relation, link, status, title_key
from ingest.types import Source


def text(title, **fields):
    fields.setdefault("tier", "政策原文")
    fields.setdefault("doc_type", "规章")
    return Source(path=title, sha256="0", title=title, **fields)


def links(*sources):
    return [(r.from_id, r.to_id, r.kind) for r in link([(str(n), s) for n, s in enumerate(sources)])]


@pytest.mark.parametrize(
    ("named", "title"),
    [
        ("甲省信息化促进条例", "甲省信息化促进条例"), ("《甲省信息化促进条例》", "甲省信息化促进条例(2010-05-01)"), ("甲省信息化促进条例", "甲省資訊化促進條例".replace("資訊", "信息")),
        ("网络安全法", "中华人民共和国网络安全法"), ("中华人民共和国网络安全法", "网络安全法（2018年修正）"), ("甲办法（试行）", "关于印发《甲办法（试行）》的通知"),
        ("甲省政府关于印发〈甲细则〉的通知（甲府〔2011〕4号）", "甲省政府关于印发《甲细则》的通知"),
    ],
)  # fmt: skip
def test_names_are_found_however_they_are_written(named, title):
    old = text(title, issued="2012-01-01")
    new = text("新条例", replaces=(named,), issued="2020-01-01", effective="2020-03-01")
    assert link([("old", old), ("new", new)]) == (Relation("new", "old", "replaces", named, "2020-03-01"),)


def test_a_number_decides():
    old, other = text("甲办法", doc_number="甲府办〔2012〕92号"), text("甲办法", doc_number="甲府办〔2015〕7号")
    assert links(text("新", replaces=("甲办法（甲府办[2012]92号）",)), old, other)[0] == ("0", "1", "replaces")
    assert links(text("新", replaces=("甲府辦〔2012〕第92號",)), old)[0] == ("0", "1", "replaces")
    assert links(text("新", replaces=("甲办法（甲府办〔2018〕3号）",)), old) == [("0", "", "replaces")]


def test_what_is_not_in_the_store_is_kept_by_its_name():
    assert link([("a", text("新", replaces=("旧办法",)))]) == (Relation("a", "", "replaces", "旧办法", ""),)


def test_a_rule_never_repeals_itself_a_newer_one_or_another_places():
    named = ("数据办法",)
    new = text("数据办法", issued="2020-01-01", replaces=named, regions=("440000",))
    assert ("0", "0", "replaces") not in links(new)
    assert links(new, text("数据办法", issued="2024-01-01", regions=("440000",)))[0] == ("0", "", "replaces")
    assert links(new, text("数据办法", issued="2010-01-01", regions=("330000",))) == [("0", "", "replaces")]
    assert links(new, text("数据办法", issued="2010-01-01", regions=("440000",)))[0] == ("0", "1", "replaces")


def test_the_newer_version_of_a_law_supersedes_the_older():
    kind = {"doc_type": "法律", "regions": ("CN",)}
    law = [
        text(f"网络安全法{mark}", issued=day, effective="2017-06-01", **kind)
        for mark, day in (("", "2016-11-07"), ("（2025年修正）", "2025-10-28"))
    ]
    found = link([("old", law[0]), ("new", law[1])])
    assert [(r.from_id, r.to_id, r.kind, r.since) for r in found] == [("new", "old", "amends", "2025-10-28")]
    assert status("old", law[0], found, "2025-10-01") == ""
    assert status("old", law[0], found, "2026-01-01") == "已被修订"
    assert status("new", law[1], found, "2026-01-01") == ""


def test_yearly_papers_drafts_and_copies_are_no_versions():
    assert links(*(text(f"某报告（{y}）", doc_type="报告", issued=f"{y}-01-01") for y in (2023, 2024))) == []
    assert links(*(text("关于做好备案的通知", doc_type="通知", issued=f"{y}-01-01") for y in (2023, 2024))) == []
    assert links(text("甲办法", issued="2024-01-01"), text("甲办法", issued="2023-01-01", validity="征求意见稿")) == []
    assert links(text("甲法", issued="2024-01-01"), text("甲法", issued="2024-01-01")) == [("1", "0", "same-text")]
    shown = {"issued": "2024-01-09", "found": (("issued", "网页信息"),)}
    assert links(
        text("甲办法", issued="2024-01-01", effective="2024-03-01"), text("甲办法", effective="2024-03-01", **shown)
    ) == [("1", "0", "same-text")]
    assert links(text("甲办法", issued="2024-01-01"), text("甲办法", **shown)) == []


def test_questions_and_answers_interpret_the_text_and_not_each_other():
    rule = text("关于印发《甲办法》的通知", issued="2025-01-01")
    answers = text("《甲办法》答记者问", tier="官方解读", doc_type="解读", issued="2025-01-02")
    news = text("某办发布《甲办法》", tier="官方解读", doc_type="新闻", issued="2025-01-02")
    assert links(rule, answers, news) == [("1", "0", "interprets"), ("2", "0", "interprets")]
    assert links(answers) == [("0", "", "interprets")]


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({}, ""), ({"effective": "2024-01-01"}, ""), ({"effective": "2027-01-01"}, "尚未施行"), ({"effective": "2024-01-01", "repealed": "2029-01-01"}, "现行有效"),
        ({"repealed": "2025-01-01"}, "已废止"), ({"validity": "现行有效"}, "现行有效"), ({"validity": "现行有效", "repealed": "2025-01-01"}, "已废止"), ({"validity": "征求意见稿"}, "征求意见稿"),
        ({"validity": "尚未施行"}, "尚未施行"), ({"validity": "尚未施行", "effective": "2024-01-01"}, ""), ({"validity": "已废止", "effective": "2027-01-01"}, "已废止"),
    ],
)  # fmt: skip
def test_status_by_the_documents_own_word(fields, expected):
    assert status("a", text("甲办法", **fields), (), "2026-06-01") == expected


def test_status_by_the_ledger():
    source = text("甲办法", validity="现行有效")
    assert status("a", source, [Relation("b", "a", "replaces", "甲办法", "2025-01-01")], "2026-06-01") == "已废止"
    assert status("a", source, [Relation("b", "a", "replaces", "甲办法", "2027-01-01")], "2026-06-01") == "现行有效"
    assert status("a", source, [Relation("b", "c", "replaces", "甲办法", "")], "2026-06-01") == "现行有效"


def test_title_keys():
    assert title_key("《中华人民共和国 數據安全法》(2021-06-10)") == title_key("数据安全法") == "数据安全法"
    assert title_key("甲报告（2024）") != title_key("甲报告（2025）")


names = st.sampled_from(
    ["甲办法", "乙条例", "关于印发《甲办法》的通知", "丙法（2018年修正）", "《", "", "甲府〔2012〕9号"]
)
dates = st.sampled_from(["", "2020", "2020-05", "2020-05-01", "2024-01-01"])


@settings(max_examples=100, deadline=None)
@given(
    st.lists(
        st.builds(
            lambda t, i, e, r: text(t, issued=i, effective=e, replaces=(r,), amends=(r,)), names, dates, dates, names
        ),
        max_size=6,
    )
)
def test_any_store_is_linked_without_loops(sources):
    stored = [(str(n), s) for n, s in enumerate(sources)]
    found = link(stored)
    assert all(r.from_id != r.to_id for r in found)
    assert len(found) == len(set(found))
    assert all(
        status(doc_id, source, found, "2026-01-01") in {"", "已废止", "已被修订", "现行有效", "尚未施行"}
        for doc_id, source in stored
    )
