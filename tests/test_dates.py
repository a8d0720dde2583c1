"""Dates: how they are written, and which of them is the day of issue."""

import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.facts.dates import arabic_dates, dated_title, find_signature, iso, issued_in, shifted


@pytest.mark.parametrize(
    ("stated", "expected"),
    [
        ("2025-03-01", "2025-03-01"), ("2025/3/1 10:00", "2025-03-01"), ("20250301", "2025-03-01"), ("2025年3月", "2025-03"), (2025, "2025"),
        ("２０２５年３月１日", "2025-03-01"), ("二〇二五年十二月三十一日", "2025-12-31"), ("二○二五年三月一日", "2025-03-01"), ("中華民國一百十年四月二十一日", "2021-04-21"),
        ("中华民国110年4月21日", "2021-04-21"), (datetime.date(2025, 3, 1), "2025-03-01"), ("2025-13-40", ""), ("2025年2月30日", ""), ("今天", ""), (None, ""),
    ],
)  # fmt: skip
def test_stated_dates_become_iso(stated, expected):
    assert iso(stated) == expected


def test_dates_in_words_become_digits_inside_a_text():
    assert arabic_dates("自二〇二五年三月一日起；中華民國一百十一年八月八日") == "自2025年3月1日起；2022年8月8日"
    assert arabic_dates("第二十二条 三月一日") == "第二十二条 三月一日"


@pytest.mark.parametrize(
    ("date", "more", "expected"),
    [
        ("2023-09-08", {"years": 3, "days": -1}, "2026-09-07"), ("2024-02-29", {"years": 1}, "2025-02-28"), ("2024-01-31", {"months": 1}, "2024-02-29"),
        ("2024-12-10", {"days": 30}, "2025-01-09"), ("2024-12", {"years": 1}, ""), ("", {"days": 1}, ""), ("9999-12-31", {"days": 1}, ""),
    ],
)  # fmt: skip
def test_shifted(date, more, expected):
    assert shifted(date, **more) == expected


@pytest.mark.parametrize(
    ("text", "bodies", "date"),
    [
        ("请遵照执行。\n甲省人民政府\n2025年3月1日\n甲省算力办法", ("甲省人民政府",), "2025-03-01"),
        ("请遵照执行。\n甲省人民政府办公厅\n2025年3月1日\n（此件公开发布）", ("甲省人民政府办公厅",), "2025-03-01"),
        ("现予公布。\n省长 张三\n2025年3月1日\n", (), "2025-03-01"),
        ("认真贯彻执行。 工业和信息化部 公安部 2025年3月1日 算力管理办法 第一条", ("工业和信息化部", "公安部"), "2025-03-01"),
        ("认真贯彻执行。甲市人民政府办公室2025年3月1日甲市算力办法第一条", ("甲市人民政府办公室",), "2025-03-01"),  # all line ends lost
        ("抓好落实。 国 家 数 据 局 财 政 部 2025年3月1日 附件：指南", ("国家数据局", "财政部"), "2025-03-01"),
        ("遵照执行。\n中央网络安全和信息化 委员会办公室 2025年3月1日\n", ("中央网络安全和信息化委员会办公室",), "2025-03-01"),
        ("特此通知。\n附件：1. 材料清单 2. 情形清单 甲省科技厅 甲省财政厅 2025年3月1日", ("甲省科技厅", "甲省财政厅"), "2025-03-01"),
        ("予以反映。\n甲市科技局\n中共甲市委统战部\n2025年3月1日\n第一条 为了", ("甲市科技局", "中共甲市委统战部"), "2025-03-01"),
        ("第三条 完毕。\n甲省科技厅\n2025年3月1日\n甲省科技厅办公室\n2025年3月4日印发", ("甲省科技厅",), "2025-03-01"),
    ],
)  # fmt: skip
def test_a_signature_stands_behind_the_text(text, bodies, date):
    found = find_signature(text)
    assert found is not None
    assert (found.bodies, found.date) == (bodies, date)


@pytest.mark.parametrize(
    "text",
    [
        "某公告\n2025年3月14日 17:00 来源：某网\n正文写在这里。", "2025年3月14日\n正文在这里，没有落款。", "按规定执行。国务院2025年3月1日印发的《意见》提出要求。",
        "请执行。市政府2025年3月1日前报送材料。", "共有三项：\n2025年3月1日\n", "没有日期。",
    ],
)  # fmt: skip
def test_other_dates_are_no_signature(text):
    assert find_signature(text) is None


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("（2021年6月10日某会议通过）\n第一条", ("2021-06-10", "正文首部")),
        ("2021年11月16日 某办公室2021年第20次室务会议审议通过\n\n2022年3月1日 施行\n第一条", ("2021-11-16", "正文首部")),
        # Of a corrected law the last station is this version's.
        ("（2016年11月7日某届常务委员会第二十四次会议通过 根据2025年10月28日某会议《关于修改〈某法〉的决定》修正）\n第一条", ("2025-10-28", "正文首部")),
        ("《办法》已经2024年9月30日第23次会议审议通过，自2025年6月1日起施行。\n第一条", ("2024-09-30", "正文首部")),
        ("某意见\n（2025年3月1日）\n为了", ("2025-03-01", "正文首部")), ("报告——2024年3月5日在某大会第二次会议上", ("2024-03-05", "正文首部")),
        ("各区：2015年11月26日，国务院公布《某条例》。", ("", "")), ("截至2025年11月1日，73款完成备案，现予公布。", ("", "")), ("自2021年9月1日起施行的规定通过。", ("", "")),
        ("正文。\n甲办公室 2023年8月9日印发\n", ("2023-08-09", "落款")),
    ],
)  # fmt: skip
def test_the_day_of_issue_without_a_signature(text, expected):
    assert issued_in(text, "某办法", None) == expected


def test_the_issuer_with_a_date_is_a_signature_even_behind_a_list_of_annexes():
    text = "抓好落实。附件：1．分工表2．进度表甲市人民政府办公室2020年9月10日附件"
    assert issued_in(text, "某意见", None, "甲市人民政府办公室") == ("2020-09-10", "落款")
    assert dated_title("某通知(20170708)") == "2017-07-08"
    assert dated_title("某方案（2025—2027年）") == dated_title("某报告（2024）") == ""


@given(st.text(alphabet="。\n 12年月日0３省长厅局关于甲乙：（）《》", max_size=300))
def test_odd_text_breaks_nothing(text):
    found = find_signature(arabic_dates(text))
    assert found is None or len(found.date) == 10
