"""JSON dumps of documents, laws and tables: found by general rules, read whole."""

import json
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.errors import UnreadableFileError
from ingest.formats.read_json import read_json
from ingest.formats.record_parts import iso_date
from ingest.types import Part, Unread

LONG = "推进人工智能与制造业深度融合，加快算力设施建设。" * 12


def parts_of(value: Any) -> list[Part | Unread]:
    return list(read_json(json.dumps(value, ensure_ascii=False).encode()))


def only(value: Any) -> Part:
    (part,) = parts_of(value)
    assert isinstance(part, Part)
    return part


def leaves(value: Any) -> list[str]:
    if isinstance(value, (dict, list)):
        return [text for inner in (value.values() if isinstance(value, dict) else value) for text in leaves(inner)]
    return [str(value)]


def kept(part: Part) -> str:
    return "\n".join([part.text, *map(str, part.meta.values())])


@pytest.mark.parametrize(
    ("name", "articles", "title", "date", "history"),
    [
        (
            "81_tw_5g_ai_smart_city_subsidy.json", 22, "國家發展委員會促進 5G 及人工智慧導入智慧城鄉物聯網創新應用補助辦法", "20210421",
            "發產字第 1101000338A號令訂定發布全文 22 條",
        ),
        ("82_tw_digital_industry_admin_act.json", 7, "數位發展部數位產業署組織法", "20220119", "自一百十一年八月二十七日施行"),
    ],
)  # fmt: skip
def test_laws_of_the_corpus_are_read_whole(corpus_dir, name, articles, title, date, history):
    data = (corpus_dir / name).read_bytes()
    (part,) = read_json(data)
    assert isinstance(part, Part) and part.member == ""
    assert [line.split()[0] for line in part.text.split("\n") if line.startswith("第")] == [
        f"第{number}條" for number in range(1, articles + 1)
    ]
    assert part.meta["title"] == title and part.meta["date"] == date and part.meta["url"].startswith("https://law.moj")
    assert history in part.text
    bare = re.sub(r"\s", "", part.text)
    for entry in json.loads(data.decode("utf-8-sig"))["法規內容"]:
        assert re.sub(r"\s", "", entry["條號"] + entry["條文內容"]) in bare
    assert_numbers_kept(json.loads(data.decode("utf-8-sig")), part)


def assert_numbers_kept(record: Any, part: Part) -> None:
    wanted = {number for text in leaves(record) for number in re.findall(r"\d+", text)}
    assert wanted <= set(re.findall(r"\d+", kept(part)))


def test_the_81_documents_of_a_city_have_their_facts_answers_and_numbers(corpus_dir):
    data = (corpus_dir / "83_guangan_81_documents.json").read_bytes()
    records, parts = json.loads(data)["data"], list(read_json(data))
    assert [part.member for part in parts] == [str(number) for number in range(1, 82)]
    for part, record in zip(parts, records, strict=True):
        assert isinstance(part, Part) and part.text.startswith(record["content"][:200])
        stated = {key: part.meta[key] for key in ("title", "url", "date", "source", "validity")}
        known = record["metadata"]
        assert list(stated.values()) == [known[key] for key in ("title", "url", "publish_date", "source", "work")]
        assert_numbers_kept(record, part)
    assert (
        sum(part.text.count("\n问：") for part in parts) == sum(len(record["T_qa_pairs"]) for record in records) > 100
    )


def test_chapters_become_headings_and_typesetting_blanks_go():
    articles = [
        {"ArticleType": "C", "ArticleNo": "", "ArticleContent": "   第 一 章 總則"},
        {"ArticleType": "A", "ArticleNo": "第 1 條", "ArticleContent": "為促進發展，特制定本法。\r\n一、某項。"},
        {"ArticleType": "C", "ArticleNo": "", "ArticleContent": "第 一 節 通則"},
        {"ArticleType": "A", "ArticleNo": "第 1-1 條", "ArticleContent": "罰鍰新臺幣 5 萬元。"},
    ]
    laws = {
        "UpdateDate": "2024/1/1",
        "Laws": [{"LawName": "甲法", "LawModifiedDate": "1100919", "LawArticles": articles}] * 2,
    }
    part, _ = parts_of(laws)
    assert isinstance(part, Part)
    assert part.text == (
        "## 第一章 總則\n第1條 為促進發展，特制定本法。\n一、某項。\n### 第一節 通則\n第1-1條 罰鍰新臺幣 5 萬元。"
    )
    assert (
        part.meta["title"] == "甲法" and part.meta["date"] == "2021-09-19" and part.meta["LawModifiedDate"] == "1100919"
    )


@pytest.mark.parametrize(
    "value",
    [
        {
            "title": "某法",
            "chapters": [{"title": "第一章 总则", "articles": [{"number": "第一条", "content": "为了。"}]}],
        },
        {"某法": {"第一章 总则": {"第一条": "为了。"}}},
        {"title": "某法", "content": ["第一章 总则", "第一条 为了。"]},
        {"标题": "某法", "正文": [{"章节": "第一章 总则"}, {"条号": "第一条", "条文": "为了。"}]},
    ],
)
def test_a_law_is_found_in_every_shape(value):
    part = only(value)
    assert part.text == "## 第一章 总则\n第一条 为了。" and part.meta["title"] == "某法" and part.member == ""


def test_records_are_found_under_any_wrapper_and_empty_ones_are_counted():
    hits = [{"_id": str(n), "_source": {"title": f"t{n}", "content": f"第{n}份。"}} for n in (1, 2)]
    parts = parts_of({"took": 3, "hits": {"total": 2, "hits": hits}})
    assert [(part.member, part.text) for part in parts if isinstance(part, Part)] == [
        ("1", "第1份。"),
        ("2", "第2份。"),
    ]
    wrapped = only(
        {"code": 200, "data": {"meta": {"标题": "甲", "date": "民國110年4月21日"}, "page": {"content": "正文。"}}}
    )
    assert wrapped.meta["title"] == "甲" and wrapped.meta["date"] == "2021-04-21"
    by_title = parts_of({"甲办法": LONG, "乙办法": LONG + "二"})
    assert [part.meta["title"] for part in by_title if isinstance(part, Part)] == ["甲办法", "乙办法"]
    first, second = parts_of([{"title": "a", "content": "有。"}, {"title": "b", "content": " "}])
    assert isinstance(first, Part) and isinstance(second, Unread) and second.member == "2"


def test_json_lines_keep_the_good_lines_and_name_the_broken_one():
    good = json.dumps({"title": "甲", "content": "正文。"}, ensure_ascii=False)
    parts = list(read_json(f"{good}\n\n{good}\n{good[:20]}".encode()))
    assert [part.member for part in parts] == ["1", "2", "第 4 行"] and isinstance(parts[2], Unread)


def test_html_fields_are_read_and_prose_beside_the_text_is_kept():
    html = "<div><h2>要求</h2><p>达到&nbsp;3%。</p><script>var x=1</script><table><tr><td>a</td><td>1</td></tr><tr><td>b</td><td>2</td></tr></table></div>"
    part = only(
        {
            "标题": "甲",
            "content": html,
            "text": "要求\n达到 3%。",
            "摘要": "别人的话。" * 20,
            "办理结果": "已经办结的事项共有三十五件，其余事项按照规定的时限正在抓紧办理之中，请予监督。",
        }
    )
    assert part.text.split("\n")[:4] == ["## 要求", "达到 3%。", "| a | 1 |", "| b | 2 |"]
    assert part.text.count("达到") == 1 and "## 办理结果\n已经办结" in part.text and "别人" not in part.text


def test_html_too_deep_for_the_parser_keeps_its_words():
    deep = "<div>" * 5_000 + "达到3%。" + "</div>" * 5_000
    assert only({"title": "甲", "content": deep}).text.strip() == "达到3%。"


def test_numbers_keep_their_digits_and_a_key_twice_keeps_both():
    (part,) = read_json(
        ('{"title":"甲","content":"正文。","编号":1' + "0" * 5000 + ',"比":1.50,"x":NaN,"比":2}').encode()
    )
    assert isinstance(part, Part) and part.meta["编号"] == "1" + "0" * 5000
    assert part.meta["比"] == "1.50" and part.meta["比（2）"] == "2"
    (broken,) = read_json(b'{"content": "\\ud800\\u574f"}')
    assert isinstance(broken, Part) and broken.text == "\ufffd坏"


def test_flat_objects_without_texts_are_a_table_of_facts():
    rows = [
        {"地区": "贵州", "年份": 2025, "算力（EFLOPS）": 98.5},
        {"地区": "四川", "年份": 2025, "算力（EFLOPS）": None},
    ]
    assert only({"code": 0, "rows": rows}).text.split("\n")[1:] == [
        "| 贵州，2025年，算力 98.5EFLOPS |",
        "| 四川，2025年 |",
    ]
    assert only({"columns": ["地区", "值"], "data": [["贵州", 3]]}).text.endswith("| 贵州，值 3 |")
    cells = [{"项目": f"甲{n}", "内容": f"建{n}个"} for n in range(4)]
    assert len(parts_of(cells)) == 1


@pytest.mark.parametrize(
    ("stated", "iso"),
    [
        ("民國110年9月19日", "2021-09-19"), ("中華民國一百十年四月二十一日", "2021-04-21"), ("1100919", "2021-09-19"),
        ("110/9/19", "2021-09-19"), ("1704844800000", "2024-01-10"), ("99991231", ""), ("20210421", "20210421"),
        ("1101399", "1101399"), ("98/04/21", "98/04/21"), ("2024-01-10", "2024-01-10"),
    ],
)  # fmt: skip
def test_dates_are_converted_only_where_certain(stated, iso):
    assert iso_date(stated) == iso


@pytest.mark.parametrize(
    "data",
    [b'{"content": "a', b"[" * 100_000, b"[1, 2, 3]", b"{}", b"not json", b'{"a":' * 60 + b"1" + b"}" * 60, b'{"name":"x","version":"1.0"}'],
)  # fmt: skip
def test_what_holds_no_document_is_refused(data):
    with pytest.raises(UnreadableFileError) as caught:
        list(read_json(data))
    assert "\n" not in str(caught.value)


KEYS = st.sampled_from("标题 title 正文 content 條號 條文內容 第一条 articles date data 甲".split()) | st.text(
    max_size=4
)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20) | st.sampled_from(["第 1 條", "第一章 总则", LONG, "<p>a</p><br>", "1100919"]),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=4),
    max_leaves=25,
)  # fmt: skip


@given(VALUES, st.integers(0, 400))
def test_any_value_whole_or_cut_gives_documents_or_a_known_error(value, cut):
    data = json.dumps(value).encode()
    for tried in (data, data[:cut]):
        try:
            parts = list(read_json(tried))
        except UnreadableFileError:
            continue
        assert all(isinstance(part, Unread) or part.text.strip() for part in parts)


@given(st.binary(max_size=300))
def test_any_bytes_give_documents_or_a_known_error(data):
    try:
        assert all(isinstance(part, (Part, Unread)) for part in read_json(data))
    except UnreadableFileError as error:
        assert str(error)
