"""CSV and TSV: the two shapes of a table, what a row says of its numbers, and that nothing of a file is lost."""

import csv
import io
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.errors import UnreadableFileError
from ingest.facts.describe import describe_chunks
from ingest.formats.fact_columns import column_of
from ingest.formats.read_csv import read_csv
from ingest.text.split import split_blocks, split_chunks
from ingest.types import Figure, Part, Unread


def parts_of(text: str, encoding: str = "utf-8") -> list[Part | Unread]:
    return list(read_csv(text.encode(encoding)))


def rows_of(text: str) -> list[str]:
    (part,) = parts_of(text)
    assert isinstance(part, Part)
    return part.text.split("\n")


def figures_of(text: str) -> list[Figure]:
    (part,) = parts_of(text)
    assert isinstance(part, Part)
    chunks = split_chunks("d", part.text, split_blocks(part.text))
    return [f for chunk in describe_chunks(part.text, chunks, ()) for s in chunk.sentences for f in s.figures]


def test_corpus_csv_gives_a_hundred_documents_and_loses_no_number(corpus_dir):
    data = (corpus_dir / "60_cac_all_policies_bom.csv").read_bytes()
    parts = list(read_csv(data))
    assert [part.member for part in parts] == [str(number) for number in range(1, 101)]
    _, *rows = csv.reader(io.StringIO(data.decode("utf-8-sig"), newline=""))
    for part, row in zip(parts, rows, strict=True):
        assert isinstance(part, Part) and part.encoding == "utf-8-sig"
        assert (part.meta["title"], part.meta["url"], part.meta["date"]) == tuple(row[:3])
        kept = set(re.findall(r"\d+", "\n".join([part.text, *map(str, part.meta.values())])))
        assert set(re.findall(r"\d+", "\n".join(row))) <= kept


def test_a_row_alone_says_whose_number_for_when_in_which_unit():
    text = "地区,年份,算力规模（EFLOPS）,机架数（万架）,利用率（%）,投资额（亿元）\n贵州,2025,98.5,30,40,1234.5\n广东,2024,60,20.5,65,800\n"
    assert rows_of(text)[:2] == [
        "| 地区 | 年份 | 算力规模（EFLOPS） | 机架数（万架） | 利用率（%） | 投资额（亿元） |",
        "| 贵州，2025年，算力规模 98.5EFLOPS，机架数 30万架，利用率 40%，投资额 1234.5亿元 |",
    ]
    found = [(f.indicator, f.value, f.unit, f.scopes, f.period) for f in figures_of(text)]
    assert found[:4] == [
        ("算力规模", 98.5, "EFLOPS", ("520000",), "2025"),
        ("机架数", 300_000.0, "机架", ("520000",), "2025"),
        ("利用率", 40.0, "%", ("520000",), "2025"),
        ("投资额", 1234.5e8, "元", ("520000",), "2025"),
    ]
    assert all(scopes == ("440000",) and period == "2024" for _, _, _, scopes, period in found[4:]) and len(found) == 8


@pytest.mark.parametrize(
    ("text", "row"),
    [
        (
            "指标,单位,2023年,2024,同比增长（%）\n算力规模,EFLOPS,98.5,120,21.8",
            "| 算力规模，2023年算力规模 98.5EFLOPS，2024年算力规模 120EFLOPS，算力规模同比增长 21.8% |",
        ),
        ("指标,贵州,全国\n平均利用率（%）,,65", "| 平均利用率（%），全国平均利用率 65% |"),
        ("地区,年份,指标,单位,数值\n贵州,2025,算力,PFLOPS,9", "| 贵州，2025年，算力 9PFLOPS |"),
        ("表1 投资,,\n单位：亿元,,\n地区,投资额,增长率\n贵州,5,3", "| 贵州，投资额 5亿元，增长率 3 |"),
        ("地区,算力（EFLOPS）,\n,2023,2024\n贵州,3,4", "| 贵州，2023年算力 3EFLOPS，2024年算力 4EFLOPS |"),
        ("算力/EFLOPS,年度,省份\n98.5,2025,贵州", "| 贵州，2025年，算力 98.5EFLOPS |"),
        ("序号,企业,投资额（万元）\n1,某公司,5000", "| 序号：1，企业：某公司，投资额 5000万元 |"),
        ("城市,机架数,利用率\n贵阳市,约30万架,60%以上", "| 贵阳市，机架数 约30万架，利用率 60%以上 |"),
        ('地区,措施\n贵州,"建设|中心\n支持企业"', "| 贵州，措施：建设｜中心 支持企业 |"),
    ],
)
def test_numbers_take_their_words_from_headers_rows_and_unit_lines(text, row):
    assert rows_of(text)[-1] == row


def test_lines_between_rows_stay_lines_and_the_title_is_a_heading():
    lines = rows_of("各省算力,,\n单位：亿元,,\n地区,算力,投资\n一、东部,,\n广东,5,6\n,,\n注：数据来自统计局,,\n")
    assert lines[0] == "# 各省算力" and lines[3:] == [
        "一、东部",
        "| 广东，算力 5亿元，投资 6亿元 |",
        "注：数据来自统计局",
    ]


def test_a_long_row_goes_on_in_a_line_that_names_its_region_again():
    header, row = ",".join(f"指标{n}（亿元）" for n in range(90)), ",".join(str(n) for n in range(90))
    lines = rows_of(f"地区,年份,{header}\n贵州,2025,{row}\n")[1:]
    assert len(lines) > 2 and all(line.startswith("| 贵州，2025年，") and len(line) < 480 for line in lines)
    assert {int(n) for line in lines for n in re.findall(r"(\d+)亿元", line)} == set(range(90))


@pytest.mark.parametrize(
    ("header", "label", "unit"),
    [
        ("算力规模（EFLOPS）", "算力规模", "EFLOPS"),
        ("产值(亿元，现价)", "产值(亿元，现价)", "亿元"),
        ("增速（同比）", "增速（同比）", ""),
        ("利用率%", "利用率%", "%"),
        ("能耗（万吨标准煤）", "能耗", "万吨标准煤"),
        ("亩均税收（万元/亩）", "亩均税收", "万元/亩"),
        ("算力（FP16）", "算力（FP16）", ""),
    ],
)
def test_a_unit_is_told_from_any_other_bracket(header, label, unit):
    column = column_of(header)
    assert (column.label, column.unit) == (label, unit)


def test_documents_carry_facts_by_the_names_of_their_columns_and_empty_ones_are_counted():
    text = "政策名称\t正文\t发文机关\t发布日期\t原文链接\t热度\n甲通知\t各市：现印发。\t某局\t2025/3/1\thttp://a\t7\n乙\t\t\t\t\t\n"
    for encoding in ("gb18030", "utf-16", "utf-8-sig"):
        first, second = parts_of(text, encoding)
        assert isinstance(first, Part) and first.text == "各市：现印发。" and first.member == "1"
        facts = {"title": "甲通知", "issuer": "某局", "date": "2025/3/1", "url": "http://a", "热度": "7"}
        assert first.meta == facts
        assert isinstance(second, Unread) and second.member == "2" and "正文" in second.reason
    (part,) = parts_of("序號,內容\n1,推動數位經濟發展與資料應用\n", "big5")
    assert isinstance(part, Part) and part.text.endswith(
        "| 序號：1，內容：推動數位經濟發展與資料應用 |"
    )  # a short 內容 is a cell


def test_long_texts_beside_titles_are_documents_whatever_their_column_is_called():
    long = "推进人工智能与制造业融合，" * 20
    parts = parts_of(f"标题;段落\n甲;{long}\n乙;{long}2\n")
    assert [part.meta["title"] for part in parts if isinstance(part, Part)] == ["甲", "乙"]
    (table,) = parts_of(f"任务;要求;期限\n甲;{long[:190]};2025\n")
    assert isinstance(table, Part) and table.member == ""


def test_quoted_line_ends_ragged_rows_and_a_cell_beyond_the_module_limit():
    body = "第一段。\n第二段，" + "长" * 200_000
    parts = parts_of(f'title,content\na,"{body}"\nb,{"没有引号的,逗号" * 20}\nc\n')
    assert isinstance(parts[0], Part) and parts[0].text == body
    assert isinstance(parts[1], Part) and parts[1].text == "没有引号的,逗号" * 20
    assert isinstance(parts[2], Unread)


def test_a_stated_delimiter_counts_and_a_huge_table_is_cut_and_says_so():
    assert rows_of("sep=|\n地区|值（亿元）\n贵州|3,5\n")[-1] == "| 贵州，值（亿元）：3,5 |"
    part, rest = parts_of("a,b\n" + "1,2\n" * 200_010)
    assert isinstance(part, Part) and isinstance(rest, Unread) and "200001" in rest.reason


def test_a_million_columns_are_no_table_and_take_no_time():
    (part,) = parts_of("甲," * 1_000_000 + "\n" + "1," * 1_000_000)
    assert isinstance(part, Part) and part.text.count("1") == 1_000_000


def test_empty_and_binary_files_are_refused():
    for data in (b",,\n,,\n", b"\xff\xfe", b"PK\x03\x04....", b"\x00\x01\x02"):
        with pytest.raises(UnreadableFileError):
            list(read_csv(data))


@given(
    st.one_of(
        st.binary(max_size=400), st.text(alphabet='地a1,;\t|"\n\r（）%单位：年2025 ', max_size=300).map(str.encode)
    )
)
def test_any_bytes_give_documents_or_a_known_error(data):
    try:
        parts = list(read_csv(data))
    except UnreadableFileError:
        return
    for part in parts:
        assert isinstance(part, Unread) or part.text.strip()


CELL = st.text(alphabet="贵州地区年单位：亿元指标，。（）%12345.|\n ", max_size=8)


@given(st.lists(st.lists(CELL, min_size=2, max_size=5), min_size=1, max_size=6))
def test_every_number_of_a_table_is_in_its_text(rows):
    file = io.StringIO(newline="")
    csv.writer(file).writerows(rows)
    try:
        parts = list(read_csv(file.getvalue().encode()))
    except UnreadableFileError:
        return
    text = "\n".join(part.text + str(part.meta) for part in parts if isinstance(part, Part))
    for cell in (cell for row in rows for cell in row):
        assert all(number in text for number in re.findall(r"\d+", cell))
