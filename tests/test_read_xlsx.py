"""Workbooks: what a reader of the sheet sees, and what is refused before anything is unpacked."""

import datetime
import io
import re
import zipfile

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openpyxl import Workbook

from ingest.errors import UnreadableFileError
from ingest.formats.read_xlsx import read_xlsx, shown
from ingest.types import Part, Unread


def saved(book: Workbook) -> bytes:
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


def workbook(*rows: list, title: str = "Sheet1") -> Workbook:
    book = Workbook()
    book.active.title = title
    for row in rows:
        book.active.append(row)
    return book


def changed(data: bytes, name: str, change, method: int = zipfile.ZIP_DEFLATED) -> bytes:
    """The package with one part rewritten."""
    file = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(file, "w", method) as new:
        for info in old.infolist():
            new.writestr(info.filename, change(old.read(info)) if info.filename == name else old.read(info))
    return file.getvalue()


def only(data: bytes) -> Part:
    (part,) = read_xlsx(data)
    assert isinstance(part, Part)
    return part


SHEET = "xl/worksheets/sheet1.xml"


def test_titles_units_merged_headers_and_shown_values():
    book = workbook(
        ["各省算力情况表"], ["单位：亿元"], ["地区", "算力规模（EFLOPS）", None, "利用率", "投资额", "更新日期"], [None, 2023, 2024],
        ["贵州", 98.5, 120, 0.65, 1234.5, datetime.date(2025, 3, 1)], [None, 1.0, 0.1 + 0.2, 1, 70, None],
    )  # fmt: skip
    sheet = book.active
    for cells in ("A1:F1", "B3:C3", "A3:A4", "D3:D4", "E3:E4", "F3:F4", "A5:A6"):
        sheet.merge_cells(cells)
    sheet["D5"].number_format = sheet["D6"].number_format = "0%"
    part = only(saved(book))
    assert part.meta == {"title": "各省算力情况表"} and part.member == "" and part.notes == ()
    assert part.text.split("\n") == [
        "# 各省算力情况表",
        "单位：亿元",
        "| 地区 | 2023年算力规模（EFLOPS） | 2024年算力规模（EFLOPS） | 利用率 | 投资额 | 更新日期 |",
        "| 贵州，2023年算力规模 98.5EFLOPS，2024年算力规模 120EFLOPS，利用率 65%，投资额 1234.5亿元，更新日期：2025-03-01 |",
        "| 贵州，2023年算力规模 1EFLOPS，2024年算力规模 0.3EFLOPS，利用率 100%，投资额 70亿元 |",
    ]


def test_a_merged_number_is_not_given_to_every_row_it_covers():
    book = workbook(["地区", "年份", "投资额（亿元）"], ["贵州", 2025, 100], ["四川", None, None])
    book.active.merge_cells("C2:C3")
    book.active.merge_cells("B2:B3")
    assert only(saved(book)).text.split("\n")[1:] == [
        "| 贵州，2025年，投资额 100亿元（合并单元格，共2行） |",
        "| 四川，2025年 |",
    ]


@pytest.mark.parametrize(
    ("value", "form", "text"),
    [
        (65, "General", "65"), (65.0, "General", "65"), (0.1 + 0.2, "General", "0.3"), (1234567.5, "#,##0.00", "1234567.5"),
        (0.65, "0%", "65%"), (0.6543, "0.0%", "65.43%"), (0.07, "0%", "7%"), (1 / 3, "0.00", "0.333333"),
        (98.5, '0.0"亿元"', "98.5亿元"), (3, '0"%"', "3%"), (1e20, "General", "100000000000000000000"),
        (0.00002, "General", "0.00002"), (True, "General", "TRUE"), (-0.5, "0.0%;[Red]-0.0%", "-50%"),
        (datetime.datetime(2025, 3, 1), "yyyy-mm-dd", "2025-03-01"), (datetime.datetime(2025, 3, 1), 'yyyy"年"m"月"', "2025年3月"),
        (datetime.datetime(2025, 1, 1), "yyyy", "2025"), (datetime.datetime(2025, 3, 1, 8, 30), "General", "2025-03-01 08:30:00"),
        ("甲_x000D_\n乙", "General", "甲\n乙"), (None, "General", ""),
    ],
)  # fmt: skip
def test_a_value_is_written_as_the_sheet_shows_it_with_all_its_digits(value, form, text):
    assert shown(value, form) == text


def test_several_sheets_are_documents_of_their_own_and_hidden_ones_are_reported():
    book = workbook(["地区", "值（亿元）"], ["贵州", 5], title="投资")
    book.create_sheet("说明").append(["本表由某局编制。"])
    book.create_sheet("空表")
    hidden = book.create_sheet("底稿")
    hidden.append(["x", 1])
    hidden.sheet_state = "hidden"
    book["投资"].row_dimensions[2].hidden = True
    first, second, third = read_xlsx(saved(book))
    assert (
        isinstance(first, Part) and first.member == "投资" and first.notes == ("hidden-rows",) and "5亿元" in first.text
    )
    assert isinstance(second, Part) and (second.member, second.text) == ("说明", "本表由某局编制。")
    assert isinstance(third, Unread) and third.member == "底稿" and "隐藏" in third.reason


def test_rows_of_texts_are_documents():
    parts = list(
        read_xlsx(
            saved(workbook(["标题", "正文", "发布日期"], ["甲", "现印发。", datetime.date(2025, 3, 1)], ["乙", None]))
        )
    )
    assert (
        isinstance(parts[0], Part) and parts[0].meta == {"title": "甲", "date": "2025-03-01"} and parts[0].member == "1"
    )
    assert isinstance(parts[1], Unread) and parts[1].member == "2"


def test_a_formula_that_was_never_computed_is_noted():
    part = only(saved(workbook(["地区", "值"], ["贵州", "=1+1"], ["四川", 3])))
    assert part.notes == ("formula-without-value",) and "四川，值 3" in part.text


def test_a_macro_workbook_is_read_without_its_macros():
    data = changed(saved(workbook(["地区", "值"], ["贵州", 3])), "[Content_Types].xml", lambda xml: xml.replace(
        b"openxmlformats-officedocument.spreadsheetml.sheet.main", b"ms-excel.sheet.macroEnabled.main"))  # fmt: skip
    assert "贵州，值 3" in only(data).text


def bomb() -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as package:
        package.writestr("xl/workbook.xml", b" " * 40_000_000)
    return file.getvalue()


BILLION = b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><worksheet>&b;</worksheet>'
FLOOD = b"<worksheet>" + b"<x/>" * 6_000_001 + b"</worksheet>"


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (bomb, "压缩"),
        (lambda: changed(saved(workbook([1])), SHEET, lambda _: BILLION), "DTD"),
        (lambda: changed(saved(workbook([1])), SHEET, lambda _: BILLION.decode().encode("utf-16")), "DTD"),
        (lambda: changed(saved(workbook([1])), SHEET, lambda xml: xml[:-20]), "损坏"),
        (lambda: saved(workbook([1]))[:-400], "损坏"),
        (lambda: saved(Workbook()), "没有内容"),
        (lambda: b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + "EncryptedPackage".encode("utf-16-le"), "加密"),
        (lambda: b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600, ".xls"),
        (lambda: b"<html><table><tr><td>1</td></tr></table></html>", "网页"),
        (lambda: b"", "文件头"),
    ],
)
def test_dangerous_damaged_and_other_files_are_refused_with_the_reason(make, words):
    with pytest.raises(UnreadableFileError, match=re.escape(words)):
        list(read_xlsx(make()))


def test_floods_of_tags_and_of_empty_space_are_refused():
    with pytest.raises(UnreadableFileError, match="庞大"):
        list(read_xlsx(changed(saved(workbook([1])), SHEET, lambda _: FLOOD, zipfile.ZIP_STORED)))
    wide = b"".join(b'<row r="%d"><c r="XFD%d"><v>1</v></c></row>' % (n, n) for n in range(1, 1000))
    sheet = b'<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>%s</sheetData></worksheet>'
    with pytest.raises(UnreadableFileError, match="空白过多"):
        list(read_xlsx(changed(saved(workbook([1])), SHEET, lambda _: sheet % wide)))


def test_a_row_that_says_it_is_number_ten_to_the_eleventh_ends():
    """Found by fuzzing: openpyxl gives every row before it."""
    data = changed(
        saved(workbook(["地区", "值"], ["贵州", 3], ["四川", 4])),
        SHEET,
        lambda xml: xml.replace(b'<row r="3"', b'<row r="99999999999"'),
    )
    assert "贵州，值 3" in only(data).text


def sample() -> bytes:
    book = workbook(["表", None], ["地区", "值（亿元）"], ["贵州", 5], ["四川", 0.5])
    book.active.merge_cells("A1:B1")
    book.active["B4"].number_format = "0%"
    return saved(book)


SAMPLE = sample()
PARTS = zipfile.ZipFile(io.BytesIO(SAMPLE)).namelist()


def read_or_refuse(data: bytes) -> None:
    try:
        parts = list(read_xlsx(data))
    except UnreadableFileError as error:
        assert "\n" not in str(error)
        return
    assert all(isinstance(part, (Part, Unread)) for part in parts)


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_damaged_packages_give_documents_or_a_known_error(data):
    whole = bytearray(SAMPLE)
    for _ in range(data.draw(st.integers(0, 6))):
        whole[data.draw(st.integers(0, len(whole) - 1))] = data.draw(st.integers(0, 255))
    read_or_refuse(bytes(whole[: data.draw(st.integers(0, len(whole)))] if data.draw(st.booleans()) else whole))


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(PARTS), st.integers(0, 3000), st.integers(0, 12), st.binary(max_size=12))
def test_damaged_parts_give_documents_or_a_known_error(name, at, length, patch):
    read_or_refuse(changed(SAMPLE, name, lambda xml: xml[: at % len(xml)] + patch + xml[at % len(xml) + length :]))


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(PARTS), st.data())
def test_parts_that_stay_xml_but_say_nonsense_give_documents_or_a_known_error(name, data):
    def nonsense(xml: bytes) -> bytes:
        values = list(re.finditer(rb'"([^"<>]*)"|>([^<>]+)<', xml))
        match = values[data.draw(st.integers(0, len(values) - 1))] if values else None
        word = data.draw(st.sampled_from([b"", b"-1", b"99999999999", b"A", b"1e999", b"ZZZZ9", b"\xe8\xb4\xb5"]))
        if not match:
            return xml
        group = 1 if match[1] is not None else 2
        return xml[: match.start(group)] + word + xml[match.end(group) :]

    read_or_refuse(changed(SAMPLE, name, nonsense))
