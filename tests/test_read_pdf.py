"""PDF text layers: order, running lines, paragraphs, pages, numbers, and files that must be refused."""

import re
from collections import Counter
from itertools import pairwise

import pytest
from drawn_pages import FULL, PRINTED, make_pdf, need_ocr, page
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.errors import UnreadableFileError
from ingest.formats.ocr import Scan
from ingest.formats.pdf_checks import garbled_share
from ingest.formats.pdf_lines import PAGE_MARK, Line, in_reading_order, take_page_marks, without_running_lines
from ingest.formats.pdf_paragraphs import join_pages
from ingest.formats.read_pdf import read_pdf
from ingest.prepare import prepare_document
from ingest.read import read_file

CORPUS = (
    "05_deep_synthesis_provisions_2022.pdf", "06_fyp15_outline_mindmap.pdf", "07_national_power_market_2026_4.pdf",
    "08_enterprise_credit_evaluation_2026.pdf", "09_fitness_plan_2026_2030.pdf", "91_national_security_law.pdf",
)  # fmt: skip
ENCRYPT = (
    f"/ID [<{'0' * 32}> <{'0' * 32}>] /Encrypt << /Filter /Standard /V 1 /R 2 /P -4 /O <{'1' * 64}> /U <{'2' * 64}> >>"
)


def line(text, left=70.0, y=700.0, size=16.0):
    return Line(text, left, left + size * len(text), y, y + size, size)


def numbers(text):
    return Counter(re.findall(r"\d+(?:\.\d+)?", text))


def test_paragraphs_are_joined_inside_a_page_and_over_its_end():
    first = page(FULL[2:], FULL[:26] + "20", "30年达到3.3名左右，", "（一）" + FULL[:23], FULL, indents={0, 3})
    second = page("化。到2035年，" + FULL[:18], "全面建成。", "第二条 适用本规定。", indents={2})
    file = read_pdf(make_pdf([first, second]))
    assert file.text.split("\n") == [
        FULL[2:] + FULL[:26] + "2030年达到3.3名左右，",
        "（一）" + FULL[:23] + FULL + PAGE_MARK + "化。到2035年，" + FULL[:18] + "全面建成。",
        "第二条 适用本规定。",
    ]
    text, pages = take_page_marks(file.text)
    assert PAGE_MARK not in text
    assert [(text[at : at + 2], number) for at, number in pages] == [(FULL[2:4], 1), ("化。", 2)]


def test_running_lines_and_page_numbers_go_and_numbers_of_the_text_stay():
    pages = [
        [(60, 815, 9, f"2026年7月26日 {'双' if n % 2 else '单'}页眉"), *page(f"第{n}节正文写了{n * n + 7}个事项。", "合计" + str(n * 37 % 100)),
         (280, 40, 9, f"— {n + 4} —"), (60, 25, 9, f"https://www.gov.cn/a/content_7057744.htm {n}/6")]
        for n in range(1, 7)
    ]  # fmt: skip
    file = read_pdf(make_pdf(pages))
    assert "页眉" not in file.text and "https" not in file.text and "—" not in file.text
    assert file.meta["url"] == "https://www.gov.cn/a/content_7057744.htm"
    assert numbers(file.text) == sum((numbers(f"{n} {n * n + 7} {n * 37 % 100}") for n in range(1, 7)), Counter())
    assert file.layer.split("\n")[:2] == ["第1节正文写了8个事项。", "合计37"]
    assert numbers(file.layer) == numbers(file.text)


def test_what_a_browser_prints_around_one_page_goes_and_a_time_in_the_text_stays():
    sheet = page("2026/7/26 13:02", FULL[:20] + "达到65%。")
    foot = [(24, 20, 7, "https://www.gov.cn/a.htm 1/1")]
    assert read_pdf(make_pdf([[*sheet, *foot]])).text == FULL[:20] + "达到65%。"
    assert read_pdf(make_pdf([sheet])).text == "2026/7/26 13:02\n" + FULL[:20] + "达到65%。"


def test_what_is_drawn_twice_is_read_once_and_equal_rows_stay():
    bold = line("第一章 总则")
    doubled = line("第第一一条条  为为了了", y=660.0)
    rows = [line("100", y=640.0), line("100", y=620.0)]
    read = in_reading_order([bold, line("第一章 总则", 70.4, 700.2), doubled, *rows])
    assert [got.text for got in read] == ["第一章 总则", "第一条 为了", "100", "100"]


def test_lines_stored_out_of_order_are_sorted_and_columns_are_not():
    bullets = [line("●", 70.0, y) for y in (700.0, 680.0)]
    titles = [line("第一章 甲", 90.0, 700.0), line("第二章 乙", 90.0, 680.0)]
    heading = line("第一篇 总", 70.0, 720.0)
    assert [got.text for got in in_reading_order([*bullets, *titles, heading])] == [
        "第一篇 总",
        "● 第一章 甲",
        "● 第二章 乙",
    ]
    columns = [
        line(f"{side}栏第{n}行文字在这里", x, 700.0 - 20 * n, 12.0)
        for side, x in (("左", 50.0), ("右", 320.0))
        for n in range(8)
    ]
    assert in_reading_order(columns) == columns


def test_the_same_line_on_few_pages_or_with_wild_numbers_is_text():
    pages = [[line(f"其中：第{n}类 {n * 7919 % 1000} 万元")] for n in range(1, 9)]
    assert without_running_lines(pages) == (pages, [[]] * 8)
    assert without_running_lines([[line("总计")], [line("总计")]])[1] == [[], []]


@pytest.mark.parametrize(
    ("before", "after", "joined"),
    [
        ("利用率提高到", "3.5%以上", "利用率提高到3.5%以上"), ("规模达到3.", "5亿元", "规模达到3.5亿元"), ("超过12,", "000家", "超过12,000家"),
        ("建设5", "G基站", "建设5G基站"), ("支持Deep", "Seek", "支持Deep Seek"), ("the rate in 2025", "12 regions", "the rate in 2025 12 regions"),
        ("2026—", "2030年", "2026—2030年"),
    ],
)  # fmt: skip
def test_a_broken_line_is_closed_as_its_script_asks(before, after, joined):
    first, second = (Line(text, 70.0, 520.0, y, y + 16, 16.0) for text, y in ((before, 700.0), (after, 676.0)))
    assert join_pages([[first, second]]) == joined


def test_sentences_are_cited_with_the_page_on_which_they_begin(tmp_path):
    first = page("第一条 " + FULL[:24], FULL[:20] + "。本条说明甲事项的", indents={0})
    second = page("具体安排和2027年目标。丙事项另行规定。", "第二条 乙事项由省级部门负责。", indents={1})
    path = tmp_path / "条例.pdf"
    path.write_bytes(make_pdf([first, [], second], title="条例_中国政府网"))
    document, chunks = prepare_document(path, "条例.pdf")
    cited = {document.text[s.start : s.end]: chunk.page for chunk in chunks for s in chunk.sentences}
    assert cited == {
        "第一条 " + FULL[:24] + FULL[:20] + "。": 1,
        "本条说明甲事项的具体安排和2027年目标。": 1,
        "丙事项另行规定。": 3,
        "第二条 乙事项由省级部门负责。": 3,
    }
    assert [(block.kind, block.page) for block in document.blocks] == [("article", 1), ("article", 3)]
    assert document.source.repairs == ()  # a blank page is no defect


def test_pages_stay_right_where_the_head_is_tidied(tmp_path):
    path = tmp_path / "a.pdf"
    head = page("关于算力建设的通知", "2025年3月2日", "关于算力建设的通知", "各市人民政府：")
    path.write_bytes(make_pdf([head, page("第二页从这里开始写。"), page("第三页也从这里开始写。")]))
    raw = read_file(path)
    assert [raw.text[at : at + 3] for at, _ in raw.pages] == ["关于算", "第二页", "第三页"]
    assert [number for _, number in raw.pages] == [1, 2, 3]
    assert raw.title == "关于算力建设的通知"


TABLE = [
    (70, 760, 12, "表1 目标"),
    (75, 720, 12, "领域"), (175, 720, 12, "指标"), (275, 720, 12, "2027年"),
    (75, 680, 12, "算力"), (175, 690, 12, "智能算力"), (175, 674, 12, "规模"), (275, 680, 12, "50EFLOPS"),
    (175, 650, 12, "利用率"), (275, 650, 12, "65%"), (75, 620, 12, "以上均为预期性指标，共2项"),
    (70, 560, 12, "表后正文。"),
]  # fmt: skip
GRID = (  # the first column's second cell spans two rows, the last row's cell all columns
    "70 740 m 370 740 l S 70 705 m 370 705 l S 170 668 m 370 668 l S 70 640 m 370 640 l S 70 610 m 370 610 l S\n"
    "70 610 m 70 740 l S 370 610 m 370 740 l S 170 640 m 170 740 l S 270 640 m 270 740 l S\n"
)
CELLS = "1 0 0 1 70 610 cm 0 0 150 65 re S 150 0 150 65 re S 0 65 150 65 re S 150 65 150 65 re S 1 0 0 1 -70 -610 cm\n"


def test_a_ruled_table_is_read_by_rows_with_its_merged_cells():
    file = read_pdf(make_pdf([TABLE], drawing=GRID))
    assert file.text.split("\n") == [
        "表1 目标",
        "| 领域 | 指标 | 2027年 |",
        "| 算力 | 智能算力规模 | 50EFLOPS |",
        "| 算力 | 利用率 | 65% |",
        "| 以上均为预期性指标，共2项 |",
        "表后正文。",
    ]
    assert file.layer.split("\n")[1:4] == ["领域 指标 2027年", "算力 智能算力", "规模 50EFLOPS"]  # as stored
    assert set(numbers(file.layer)) == set(numbers(file.text))


def test_a_table_without_its_outer_lines_keeps_its_outer_cells():
    inner = (  # cut by the page's end below, and open on the left
        "70 740 m 370 740 l S 70 705 m 370 705 l S 170 668 m 370 668 l S 70 640 m 370 640 l S\n"
        "370 610 m 370 740 l S 170 610 m 170 740 l S 270 610 m 270 740 l S\n"
    )
    cells = [*TABLE[:-2], (75, 620, 12, "机架"), (275, 620, 12, "30万个"), TABLE[-1]]
    assert read_pdf(make_pdf([cells], drawing=inner)).text.split("\n")[1:-1] == [
        "| 领域 | 指标 | 2027年 |",
        "| 算力 | 智能算力规模 | 50EFLOPS |",
        "| 算力 | 利用率 | 65% |",
        "| 机架 |  | 30万个 |",
    ]


@pytest.mark.parametrize(
    "drawing",
    [
        "70 600 400 150 re S\n",  # a box
        "20 20 5 800 re S 25 20 550 800 re S 575 20 5 800 re S 20 10 560 10 re S 20 820 560 10 re S\n",  # a page's frame
        "1 1 1 rg 70 600 100 150 re f 170 600 200 75 re f 170 675 200 75 re f 0 g\n",  # white ground under the text
    ],
)
def test_boxes_and_frames_are_no_tables(drawing):
    assert read_pdf(make_pdf([TABLE], drawing=drawing)).text == read_pdf(make_pdf([TABLE])).text


def test_a_table_of_rectangles_is_read_and_its_head_stays_on_every_page():
    sheet = [
        (75, 720, 12, "指标"),
        (225, 720, 12, "目标"),
        (75, 650, 12, "利用率"),
        (225, 650, 12, "65%"),
        (70, 500, 12, "注。"),
    ]
    file = read_pdf(make_pdf([sheet] * 4, drawing=CELLS))
    assert file.text.count("| 指标 | 目标 |\n| 利用率 | 65% |") == 4
    assert take_page_marks(file.text)[1][3][1] == 4


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"PK\x03\x04" + b"x" * 99, "不是 PDF"),
        (make_pdf([page(FULL)])[:-200], "不完整"),
        (b"%PDF-1.7\n" + b"x" * 500 + b"\n%%EOF\n", "损坏"),
        (make_pdf([page(FULL)], ENCRYPT), "加密"),
        (make_pdf([[]]), "没有文字"),
        (make_pdf([[(280, 40, 9, f"- {n} -")] for n in range(1, 5)]), "没有文字"),
        (make_pdf([page("Please wait...", "If this message is not replaced, your viewer is too old.")]), "Please wait"),
        (make_pdf([]), "PDF"),
    ],
)
def test_what_cannot_be_read_is_refused_with_its_reason(data, reason):
    with pytest.raises(UnreadableFileError, match=reason) as caught:
        read_pdf(data)
    assert caught.value.hint


def test_limits_are_kept(monkeypatch):
    data = make_pdf([page(FULL)] * 4)
    monkeypatch.setattr("ingest.formats.pdf_layer.MAX_PAGES", 3)
    with pytest.raises(UnreadableFileError, match="页数过多：4 页"):
        read_pdf(data)
    monkeypatch.setattr("ingest.formats.pdf_layer.MAX_PAGES", 4)
    monkeypatch.setattr("ingest.formats.pdf_layer.MAX_CHARS", 60)
    with pytest.raises(UnreadableFileError, match="文字过多"):
        read_pdf(data)


def test_health_is_noted():
    outline = make_pdf([page(*(f"第{n}章 建设产业体系" for n in range(at, at + 15))) for at in (1, 16)])
    assert read_pdf(outline).notes == ("outline-only",)
    garbled = page(*("数据要素\ue003指标体系。" for _ in range(9)))
    assert read_pdf(make_pdf([garbled])).notes == ("garbled",)
    assert garbled_share("●\uf06c数据") == 0 and garbled_share("臸訫肬珥" * 9 + "数据") > 0.9
    assert read_pdf(make_pdf([page(FULL + "。")])).notes == ()


@given(st.binary(max_size=300), st.integers(0, 1500))
@settings(max_examples=150, deadline=None)
def test_damaged_bytes_are_read_or_refused(junk, at):
    data = make_pdf([page(FULL, "达到30%。")])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("ingest.formats.read_pdf.read_scan", lambda *_: Scan([], [], 0.0, True, False))
        try:
            assert read_pdf(data[:at] + junk + data[at + len(junk) :]).text
        except UnreadableFileError as error:
            assert error.message


@given(st.lists(st.text("甲乙丙。\n3", max_size=12), min_size=1, max_size=6))
def test_page_marks_give_back_the_text_and_every_page(parts):
    text, pages = take_page_marks(PAGE_MARK.join(parts))
    assert [number for _, number in pages] == list(range(1, len(parts) + 1))
    assert text.replace("\n", "") == "".join(parts).replace("\n", "")
    assert all(0 <= a <= b <= len(text) for (a, _), (b, _) in pairwise(pages))


@pytest.mark.corpus
@pytest.mark.parametrize("name", CORPUS)
def test_no_number_of_an_official_pdf_is_lost(corpus_dir, name, monkeypatch):
    import pypdfium2

    monkeypatch.setattr("ingest.formats.read_pdf.MAX_OCR_PAGES", 0)  # text layers only

    layer = []
    with pypdfium2.PdfDocument(corpus_dir / name) as file:
        for sheet in file:
            rows = sheet.get_textpage().get_text_range().replace("\r", "").split("\n")
            layer += [row for row in rows if not PRINTED.match(row.strip())]
    document, chunks = prepare_document(corpus_dir / name, name)
    kept = read_pdf((corpus_dir / name).read_bytes()).layer
    assert Counter(re.findall(r"\d", kept)) == Counter(re.findall(r"\d", "".join(layer)))
    digits = Counter(re.findall(r"\d", "".join(layer)))
    assert Counter(re.findall(r"\d", document.text)) == digits
    held = numbers("\n".join(chunk.text for chunk in chunks))
    assert numbers(document.text) == held
    assert "| " not in document.text  # none of these files holds a table in its text layer
    assert not [number for number in numbers("\n".join(layer)) if number not in held]
    assert "中国政府网" not in document.text or name.startswith("06")
    assert all(chunk.page for chunk in chunks)


@pytest.mark.corpus
def test_official_pdfs_are_described(corpus_dir):
    need_ocr()
    found = {name[:2]: read_file(corpus_dir / name) for name in CORPUS}
    assert found["06"].notes == ("outline-only",)
    assert all(set(found[name].notes) <= {"print-frame"} for name in ("05", "07", "08", "09", "91"))
    assert [number for number, _ in found["08"].ocr] == [7]  # a page of its annex, which is a picture of a table
    assert "\n| 3 | 企业登记信息 | 企业基础信息 | 企业名称、统一社会信用代码、注册资金或" in found["08"].text
    assert found["07"].title == "国务院办公厅关于完善全国统一电力市场体系的实施意见"
    assert found["07"].meta["doc_number"] == "国办发〔2026〕4号" and found["07"].meta["url"].endswith("7057744.htm")
    lines = found["09"].text.split("\n")
    assert any(
        row.endswith("重要事项及时按程序向党中央、国务院请示报告。") and row.startswith("坚持和加强") for row in lines
    )
    assert found["06"].text.index("第一篇") < found["06"].text.index("● 第一章") < found["06"].text.index("第二篇")
