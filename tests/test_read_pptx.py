"""Presentations: order, titles, lists, tables, charts, SmartArt, notes; and files made to hurt."""

import io
import re
import zipfile
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.errors import UnreadableFileError
from ingest.formats import archive, pptx_package, read_pptx
from ingest.formats.pdf_lines import PAGE_MARK, take_page_marks
from ingest.formats.pptx_order import Box, in_reading_order

pptx = pytest.importorskip("pptx")
from pptx.chart.data import CategoryChartData, XyChartData  # noqa: E402
from pptx.enum.chart import XL_CHART_TYPE  # noqa: E402
from pptx.util import Inches  # noqa: E402

REL = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
A = 'xmlns:a="http://schemas.openxmlformats.org/drawingml/2006/main"'


def saved(deck):
    out = io.BytesIO()
    deck.save(out)
    return out.getvalue()


def changed(data, name, old, new, **extra):
    """Replace text in the parts whose name ends so, and add parts."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as before, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as after:
        for info in before.infolist():
            content = before.read(info)
            if info.filename.endswith(name):
                assert old.encode() in content, (info.filename, content[:2_000])
                content = content.replace(old.encode(), new.encode())
            after.writestr(info.filename, content)
        for part, content in extra.items():
            after.writestr(part, content)
    return out.getvalue()


def slide_of(deck, layout=6, title=""):
    slide = deck.slides.add_slide(deck.slide_layouts[layout])
    if title:
        slide.shapes.title.text = title
    return slide


def box(shapes, text, left, top, width=2.0, height=0.5):
    added = shapes.add_textbox(Inches(left), Inches(top), Inches(width), Inches(height))
    added.text_frame.text = text
    return added


def lines_of(data):
    return read_pptx.read_pptx(data).text.split("\n")


def test_slides_are_pages_with_title_text_and_notes():
    deck = pptx.Presentation()
    cover = slide_of(deck, 0, "某省算力发展规划解读")
    cover.placeholders[1].text = "某省数据局\v2025年5月"
    slide = slide_of(deck, 1, "一、总体\v目标")
    body = slide.placeholders[1].text_frame
    body.text = "到2027年，机架规模超过30万个。"
    second = body.add_paragraph()
    second.text, second.level = "利用率达65%", 1
    slide.notes_slide.notes_text_frame.text = "30万个是规划数\n不是现有数"
    slide_of(deck)
    slide_of(deck, 5, "三、谢谢")._element.set("show", "0")
    deck.core_properties.title, deck.core_properties.author = "某省算力发展规划解读", "某省数据局"
    part = read_pptx.read_pptx(saved(deck))
    text, pages = take_page_marks(part.text)
    starts = [start for start, _ in pages] + [len(text)]
    assert [text[a:b].strip("\n") for a, b in pairwise(starts)] == [
        "# 某省算力发展规划解读\n某省数据局\n2025年5月",
        "# 一、总体 目标\n到2027年，机架规模超过30万个。\n利用率达65%\n备注：30万个是规划数\n备注：不是现有数",
        "",
        "# 三、谢谢",
    ]
    assert part.paged and part.encoding == "pptx" and part.text.count(PAGE_MARK) == 3
    assert part.meta == {"title": "某省算力发展规划解读", "author": "某省数据局"}
    assert part.notes == ("hidden-slides", "pages-without-text")


def test_boxes_are_read_from_top_to_bottom_and_cards_whole():
    deck = pptx.Presentation()
    slide = slide_of(deck, 5, "指标")
    box(slide.shapes, "（数据截至2024年）", 0.5, 6.0, 8)
    for at, name in enumerate(("机架规模", "利用率", "占比")):
        box(slide.shapes, name, 0.5 + 3 * at, 2.6, 2.4)
    for at, value in enumerate(("30万个", "65%", "12.5%")):
        box(slide.shapes, value, 0.5 + 3 * at, 2.0, 2.4)
    box(slide.shapes, "主要指标如下：", 0.5, 1.2, 8)
    group = slide.shapes.add_group_shape()
    box(group.shapes, "组内下", 1, 5.0)
    box(group.shapes, "组内上", 1, 4.0)
    assert lines_of(saved(deck)) == [
        "# 指标", "主要指标如下：", "30万个", "机架规模", "65%", "利用率", "12.5%", "占比", "组内上", "组内下", "（数据截至2024年）",
    ]  # fmt: skip


def test_a_grid_is_read_row_by_row_and_columns_of_one_height_from_the_left():
    inch = 914_400

    def place(*corners):
        return Box(*(corner * inch for corner in corners))

    grid = [(place(x, y, x + 3, y + 1), f"{x},{y}") for x in (1, 5) for y in (4, 2)]
    assert in_reading_order(grid) == ["1,2", "5,2", "1,4", "5,4"]
    uneven = [(place(5, 2.1, 8, 2.9), "右"), (place(1, 2, 4, 3), "左"), (place(1, 1, 8, 1.5), "上")]
    assert in_reading_order(uneven) == ["上", "左", "右"]
    overlapping = [(place(0, 0, 9, 5), "底"), (place(5, 1, 8, 2), "右"), (place(1, 1.1, 4, 2.1), "左")]
    assert in_reading_order(overlapping) == ["底", "左", "右"]
    assert in_reading_order([(place(0, 0, 0, 0), 1), (place(0, 0, 0, 0), 2)]) == [1, 2]


def test_placeholders_without_a_place_stand_where_the_layout_has_them():
    deck = pptx.Presentation()
    slide = slide_of(deck, 3, "对比")
    slide.placeholders[2].text = "右栏"
    slide.placeholders[1].text = "左栏"
    box(slide.shapes, "上方说明", 0.5, 1.0, 8, 0.3)
    slide.shapes._spTree.insert(2, slide.placeholders[2]._element)
    assert lines_of(saved(deck)) == ["# 对比", "上方说明", "左栏", "右栏"]


def test_tables_are_rows():
    deck = pptx.Presentation()
    slide = slide_of(deck)
    table = slide.shapes.add_table(3, 3, 0, 0, Inches(6), Inches(3)).table
    for at, text in enumerate(["地区", "机架|万个", "占比\n（%）", "贵阳", "12.5", "41.7", "合计", "", "15.5"]):
        table.cell(at // 3, at % 3).text = text
    table.cell(2, 0).merge(table.cell(2, 1))
    narrow = slide.shapes.add_table(2, 1, 0, Inches(5), Inches(6), Inches(1)).table
    narrow.cell(0, 0).text, narrow.cell(1, 0).text = "说明一", "说明二"
    assert lines_of(saved(deck)) == [
        "| 地区 | 机架｜万个 | 占比 （%） |", "| 贵阳 | 12.5 | 41.7 |", "| 合计 |  | 15.5 |", "说明一", "说明二",
    ]  # fmt: skip


def test_charts_are_rows_of_their_data():
    deck = pptx.Presentation()
    data = CategoryChartData(number_format="0.0%")
    data.categories = ["2023年", "2024年"]
    data.add_series("占比", (0.415, 0.07))
    data.add_series("增速|%", (0.1 + 0.2, None))
    frame = slide_of(deck).shapes.add_chart(XL_CHART_TYPE.LINE, 0, 0, Inches(4), Inches(3), data)
    frame.chart.has_title = True
    frame.chart.chart_title.text_frame.text = "机架占比"
    frame.chart.value_axis.has_title = True
    frame.chart.value_axis.axis_title.text_frame.text = "单位：万个"
    groups = CategoryChartData()
    for year in ("2023", "2024"):
        group = groups.add_category(year)
        group.add_sub_category("一季度")
        group.add_sub_category("二季度")
    groups.add_series("产值", (1200000.0, 12.300000000000001, -3, 0))
    slide_of(deck).shapes.add_chart(XL_CHART_TYPE.COLUMN_CLUSTERED, 0, 0, Inches(4), Inches(3), groups)
    part = read_pptx.read_pptx(saved(deck))
    assert part.text.split("\n") == [
        "图表：机架占比（单位：万个）", "| 类别 | 占比 | 增速｜% |", "| 2023年 | 41.5% | 30% |", "| 2024年 | 7% |  |", PAGE_MARK,
        "| 类别 | 产值 |", "| 2023 一季度 | 1200000 |", "| 2023 二季度 | 12.3 |", "| 2024 一季度 | -3 |", "| 2024 二季度 | 0 |",
    ]  # fmt: skip
    assert not part.notes
    points = XyChartData()
    points.add_series("点").add_data_point(1, 2)
    box(slide := slide_of(deck).shapes, "散点图", 0, 0)
    slide.add_chart(XL_CHART_TYPE.XY_SCATTER, 0, Inches(2), Inches(4), Inches(3), points)
    part = read_pptx.read_pptx(saved(deck))
    assert part.notes == ("chart-not-read",) and part.text.endswith(f"{PAGE_MARK}\n散点图")


def test_dates_of_a_chart_are_dates():
    import datetime

    deck = pptx.Presentation()
    data = CategoryChartData()
    data.categories = [datetime.date(2025, 3, 31), datetime.date(2025, 6, 30)]
    data.add_series("家数", (3, 4))
    slide_of(deck).shapes.add_chart(XL_CHART_TYPE.LINE, 0, 0, Inches(4), Inches(3), data)
    assert lines_of(saved(deck)) == ["| 类别 | 家数 |", "| 2025-03-31 | 3 |", "| 2025-06-30 | 4 |"]


def with_text(inner):
    """A slide with one box whose paragraphs are the given XML."""
    deck = pptx.Presentation()
    box(slide_of(deck).shapes, "原文", 1, 1)
    return changed(saved(deck), "slide1.xml", "<a:p><a:r><a:t>原文</a:t></a:r></a:p>", inner)


def test_automatic_numbers_powers_breaks_and_formulas():
    def numbered(kind, text, extra=""):
        return f'<a:p><a:pPr {extra}><a:buAutoNum type="{kind}"/></a:pPr><a:r><a:t>{text}</a:t></a:r></a:p>'

    inner = (
        numbered("arabicPeriod", "5G网络") + numbered("ea1ChsPeriod", "子项", 'lvl="1"') + numbered("arabicPeriod", "算力")
        + "<a:p><a:r><a:t>10</a:t></a:r><a:r><a:rPr baseline='30000'/><a:t>18</a:t></a:r><a:r><a:t>次每秒</a:t></a:r><a:br/>"
        "<a:fld id='x' type='datetime'><a:t>2025年</a:t></a:fld></a:p>"
        + numbered("circleNumDbPlain", "一项") + "<a:p/>"
        + '<a:p><mc:AlternateContent xmlns:mc="http://schemas.openxmlformats.org/markup-compatibility/2006"><mc:Choice '
        'Requires="x" xmlns:m="urn:m"><m:t>PUE≤1.25</m:t></mc:Choice><mc:Fallback><a:r><a:t>图</a:t></a:r></mc:Fallback>'
        "</mc:AlternateContent></a:p>"
    )  # fmt: skip
    assert lines_of(with_text(inner)) == [
        "1. 5G网络",
        "一. 子项",
        "2. 算力",
        "10¹⁸次每秒",
        "2025年",
        "①一项",
        "PUE≤1.25",
    ]


def test_running_lines_and_slide_numbers_go_and_content_stays():
    deck = pptx.Presentation()
    for at in range(1, 6):
        shapes = slide_of(deck, 5, "继续").shapes
        box(shapes, f"第{at}项措施", 1, 3)
        box(shapes, "同一句正文在中间", 1, 4)
        box(shapes, "某省数据局 内部交流", 1, 7, 4, 0.3)
        box(shapes, str(at), 9, 7, 0.5, 0.3)
        box(shapes, f"完成率{at}0%", 5, 7, 2, 0.3)
    lines = lines_of(saved(deck))
    assert lines.count("# 继续") == lines.count("同一句正文在中间") == 5
    assert lines.count("某省数据局 内部交流") == 1 and not any(line.isdigit() for line in lines)
    assert [line for line in lines if "完成率" in line] == [f"完成率{at}0%" for at in range(1, 6)]
    footer = changed(saved(deck), "slide1.xml", "<p:nvPr/>", '<p:nvPr><p:ph type="ftr" idx="11"/></p:nvPr>')
    assert "第1项措施" not in lines_of(footer), "what stands in a footer is no content"


def test_smart_art_is_read_in_its_order():
    points = "".join(
        f'<dgm:pt modelId="{at}" type="{kind}"><dgm:t><a:p><a:r><a:t>{text}</a:t></a:r></a:p></dgm:t></dgm:pt>'
        for at, kind, text in (
            (0, "doc", ""),
            (3, "node", "第三步"),
            (1, "node", "第一步"),
            (2, "node", "细目"),
            (9, "parTrans", "x"),
        )
    )
    links = "".join(
        f'<dgm:cxn modelId="1{at}" srcId="{a}" destId="{b}" srcOrd="{order}"/>'
        for at, (a, b, order) in enumerate(((0, 3, 1), (0, 1, 0), (1, 2, 0), (2, 0, 0)))
    )
    model = f'<dgm:dataModel xmlns:dgm="urn:d" {A}><dgm:ptLst>{points}</dgm:ptLst><dgm:cxnLst>{links}</dgm:cxnLst></dgm:dataModel>'
    frame = (
        '<p:graphicFrame><p:nvGraphicFramePr><p:cNvPr id="9" name="x"/><p:cNvGraphicFramePr/><p:nvPr/></p:nvGraphicFramePr>'
        f'<a:graphic {A}><a:graphicData uri="urn:d"><dgm:relIds xmlns:dgm="urn:d" xmlns:r="{REL}" r:dm="rId77"/>'
        "</a:graphicData></a:graphic></p:graphicFrame></p:spTree>"
    )
    deck = pptx.Presentation()
    slide_of(deck, 5, "流程")
    data = changed(saved(deck), "slides/slide1.xml", "</p:spTree>", frame)
    link = f'<Relationship Id="rId77" Type="{REL}/diagramData" Target="../diagrams/data1.xml"/></Relationships>'
    data = changed(data, "slides/_rels/slide1.xml.rels", "</Relationships>", link, **{"ppt/diagrams/data1.xml": model})
    assert lines_of(data) == ["# 流程", "第一步", "细目", "第三步"]


def test_slide_shows_strict_files_and_dangling_links_are_read():
    deck = pptx.Presentation()
    slide_of(deck, 5, "第一张")
    slide_of(deck, 5, "第二张")
    data = saved(deck)
    show = changed(data, "[Content_Types].xml", "presentation.main+xml", "slideshow.main+xml")
    main = "http://schemas.openxmlformats.org/presentationml/2006/main"
    strict = changed(data, ".xml", "<", "<")  # repacked only
    for name in ("presentation.xml", "slide1.xml", "slide2.xml"):
        strict = changed(strict, f"/{name}", main, "http://purl.oclc.org/ooxml/presentationml/main")
    for file in (show, strict):
        assert lines_of(file) == ["# 第一张", PAGE_MARK, "# 第二张"]
    gone = read_pptx.read_pptx(changed(data, "presentation.xml.rels", "slides/slide1.xml", "slides/NULL"))
    assert gone.text == f"{PAGE_MARK}\n# 第二张" and "parts-missing" in gone.notes


def plain():
    deck = pptx.Presentation()
    slide_of(deck, 5, "标题").notes_slide.notes_text_frame.text = "备注"
    return saved(deck)


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "不是 .pptx"), (b"%PDF-1.4", ".pdf"), (b"PK\x03\x04", "不完整"), (plain()[:-30], "不完整"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + "EncryptedPackage\0".encode("utf-16-le"), "加密"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + "PowerPoint Document\0".encode("utf-16-le"), "旧版 PowerPoint"),
        (saved(pptx.Presentation()), "没有幻灯片"),
        (changed(plain(), "slide1.xml", "<p:cSld", '<!DOCTYPE x [<!ENTITY a "b">]><p:cSld'), "实体定义"),
        (changed(plain(), "slide1.xml", "<p:cSld>", "<p:cSld"), "不是正确的 XML"),
    ],
)  # fmt: skip
def test_what_cannot_be_read_has_a_reason(data, reason):
    with pytest.raises(UnreadableFileError, match=re.escape(reason)) as refused:
        read_pptx.read_pptx(data)
    assert "Word" not in str(refused.value)


def test_other_packages_are_refused():
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as file:
        file.writestr("word/document.xml", "<w/>")
    with pytest.raises(UnreadableFileError, match="不是 PowerPoint"):
        read_pptx.read_pptx(out.getvalue())


def test_bombs_are_refused(monkeypatch):
    bomb = changed(plain(), "[Content_Types].xml", "<Types", "<Types", **{"ppt/media/x.bin": b"\0" * 20_000_000})
    crowd = with_text("<a:p/>" * 40_000)
    same = changed(plain(), "slide1.xml", "<p:cSld>", "<p:cSld>" + " " * 100_000)
    again = "".join(f'<p:sldId id="{300 + at}" r:id="rId7"/>' for at in range(1_990))
    loop = changed(same, "ppt/presentation.xml", '<p:sldId id="256" r:id="rId7"/>', again)
    many = changed(plain(), "ppt/presentation.xml", '<p:sldId id="256" r:id="rId7"/>', again + again)
    monkeypatch.setattr(pptx_package, "_MAX_ALL_TAGS", 30_000)
    for data, reason in ((bomb, "压缩炸弹"), (crowd, "过于庞大"), (many, "幻灯片过多")):
        with pytest.raises(UnreadableFileError, match=reason):
            read_pptx.read_pptx(data)
    monkeypatch.setattr(pptx_package, "_MAX_ALL_TAGS", 10**9)
    with pytest.raises(UnreadableFileError, match="反复引用"):
        read_pptx.read_pptx(loop)
    monkeypatch.setattr(archive.zipfile.ZipFile, "open", None)
    with pytest.raises(UnreadableFileError, match="压缩炸弹"):
        read_pptx.read_pptx(bomb)


def test_groups_deeper_than_any_program_makes_them():
    deep = "<p:grpSp>" * 220 + "</p:grpSp>" * 220
    data = changed(plain(), "slides/slide1.xml", "</p:spTree>", f"{deep}</p:spTree>")
    assert lines_of(data) == ["# 标题", "备注：备注"]
    with pytest.raises(UnreadableFileError):
        read_pptx.read_pptx(changed(plain(), "slides/slide1.xml", "</p:spTree>", f"{'<p:grpSp>' * 2_000}</p:spTree>"))


def sample():
    deck = pptx.Presentation()
    data = CategoryChartData()
    data.categories = ["甲", "乙"]
    data.add_series("值", (0.5, 2))
    slide = slide_of(deck, 5, "标题")
    slide.shapes.add_chart(XL_CHART_TYPE.PIE, 0, 0, Inches(4), Inches(3), data)
    slide.shapes.add_table(2, 2, 0, 0, 9, 9).table.cell(0, 0).text = "格"
    slide.notes_slide.notes_text_frame.text = "备注"
    return saved(deck)


SAMPLE = sample()
TOKENS = re.compile(rb'"[^"]*"|<[^>]*>|>[^<]+')
CHANGES = [b"", b'""', b'"-1"', b'"99999999999"', b'"rId1"', b'"0.5"', b"<a:p/>", b"<a:tc>", b">\xef\xa3\xbf"]


@given(st.data())
@settings(max_examples=60, deadline=None)
def test_damaged_bytes_never_raise_anything_else(data):
    raw = bytearray(SAMPLE)
    for at in data.draw(st.lists(st.integers(0, len(raw) - 1), max_size=8)):
        raw[at] ^= data.draw(st.integers(1, 255))
    cut = data.draw(st.sampled_from([None, len(raw) // 2, -30, 1_000]))
    _read_or_refused(bytes(raw[:cut]))


@given(st.data())
@settings(max_examples=150, deadline=None)
def test_damaged_xml_never_raises_anything_else(data):
    """A token of one part is left out, doubled or replaced: most results are still XML."""
    with zipfile.ZipFile(io.BytesIO(SAMPLE)) as file:
        wanted = ("slide1.xml", "chart", "presentation.xml", "notesSlide1", "core.xml", "slideLayout6")
        names = [name for name in file.namelist() if any(part in name for part in wanted)]
        name = data.draw(st.sampled_from(names))
        parts = {other: file.read(other) for other in file.namelist()}
    tokens = list(TOKENS.finditer(parts[name]))
    for found in sorted(
        data.draw(st.lists(st.sampled_from(tokens), max_size=3, unique_by=id)), key=lambda m: -m.start()
    ):
        new = data.draw(st.sampled_from([*CHANGES, found[0] * 2]))
        parts[name] = parts[name][: found.start()] + new + parts[name][found.end() :]
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as file:
        for other, content in parts.items():
            file.writestr(other, content)
    _read_or_refused(out.getvalue())


def _read_or_refused(raw):
    try:
        part = read_pptx.read_pptx(raw)
    except UnreadableFileError:
        return
    assert part.text.strip()
