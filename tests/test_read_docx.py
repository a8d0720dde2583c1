"""Word files: order, tables, numbers, notes, boxes, changes, foreign parts; and files made to hurt."""

import io
import re
import struct
import zipfile

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.errors import UnreadableFileError
from ingest.formats import docx_package, read_docx
from ingest.formats.docx_numbering import _formatted

docx = pytest.importorskip("docx")
W = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'
OTHERS = (
    'xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships" '
    'xmlns:mc="http://schemas.openxmlformats.org/markup-compatibility/2006" xmlns:v="urn:schemas-microsoft-com:vml" '
    'xmlns:wps="http://schemas.microsoft.com/office/word/2010/wordprocessingShape" '
    'xmlns:m="http://schemas.openxmlformats.org/officeDocument/2006/math"'
)
REL = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
RELS = '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">%s</Relationships>'


def packed(parts):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as file:
        for name, content in parts.items():
            file.writestr(name, content)
    return out.getvalue()


def made(body, parts=None, **related):
    """A bare .docx of raw XML: `related` maps the last word of a relationship type to its part's content."""
    links = f'<Relationship Id="rId0" Type="{REL}/officeDocument" Target="word/document.xml"/>'
    inner, extra = "", dict(parts or {})
    for at, (kind, content) in enumerate(related.items(), 1):
        inner += f'<Relationship Id="rId{at}" Type="{REL}/{kind}" Target="{kind}.bin"/>'
        extra[f"word/{kind}.bin"] = content
    document = f"<w:document {W} {OTHERS}><w:body>{body}</w:body></w:document>"
    return packed({"_rels/.rels": RELS % links, "word/document.xml": document,
                   "word/_rels/document.xml.rels": RELS % inner, **extra})  # fmt: skip


def p(text, properties=""):
    return f"<w:p><w:pPr>{properties}</w:pPr><w:r><w:t xml:space='preserve'>{text}</w:t></w:r></w:p>"


def cell(text, properties=""):
    return f"<w:tc><w:tcPr>{properties}</w:tcPr>{p(text)}</w:tc>"


def text_of(body, **related):
    return read_docx.read_docx(made(body, **related))[0]


def saved(document):
    out = io.BytesIO()
    document.save(out)
    return out.getvalue()


def test_headings_paragraphs_and_tables_come_in_their_order():
    document = docx.Document()
    document.add_heading("某省算力发展实施办法", 0)
    document.add_heading("一、总体目标", 1)
    document.add_paragraph("到2027年，机架规模超过30万个。")
    table = document.add_table(rows=4, cols=3)
    for at, text in enumerate(
        ["地区", "机架（万个）", "占比|%", "贵阳", "12.5", "41.7", "遵义", "3", "10", "合计", "", "15.5"]
    ):
        table.cell(at // 3, at % 3).text = text
    table.cell(3, 0).merge(table.cell(3, 1))
    table.cell(1, 0).merge(table.cell(2, 0))
    document.add_paragraph("以上为规划数。")
    document.sections[0].header.paragraphs[0].text = "内部资料"
    document.core_properties.title, document.core_properties.author = "某省算力发展实施办法", "某省数据局"
    text, meta, notes = read_docx.read_docx(saved(document))
    assert text.split("\n") == [
        "# 某省算力发展实施办法", "# 一、总体目标", "到2027年，机架规模超过30万个。", "| 地区 | 机架（万个） | 占比｜% |",
        "| 贵阳 遵义 | 12.5 | 41.7 |", "|  | 3 | 10 |", "| 合计 |  | 15.5 |", "以上为规划数。",
    ]  # fmt: skip
    assert meta == {"title": "某省算力发展实施办法", "author": "某省数据局"} and notes == ()


@pytest.mark.parametrize("title", ["Microsoft Word - 办法.doc", "另一份旧文件的标题", "文档1"])
def test_a_title_property_that_the_text_does_not_bear_out_is_dropped(title):
    document = docx.Document()
    document.add_paragraph("正文。")
    document.core_properties.title = title
    assert read_docx.read_docx(saved(document))[1] == {}


def test_nested_tables_are_flattened_and_a_frame_is_no_table():
    inner = f"<w:tbl><w:tr>{cell('内1')}{cell('内2')}</w:tr></w:tbl>"
    nested = f"<w:tbl><w:tr><w:tc>{p('外')}{inner}{p('')}</w:tc>{cell('右')}</w:tr></w:tbl>"
    assert text_of(nested) == "| 外 内1 内2 | 右 |"
    assert text_of(f"<w:tbl><w:tr><w:tc>{p('通知')}{nested}</w:tc></w:tr></w:tbl>") == "通知\n| 外 内1 内2 | 右 |"


def level(at, kind, pattern, more=""):
    return (f'<w:lvl w:ilvl="{at}"><w:start w:val="1"/><w:numFmt w:val="{kind}"/><w:lvlText w:val="{pattern}"/>'
            f"{more}</w:lvl>")  # fmt: skip


def listed(text, number, at=0):
    return p(text, f'<w:numPr><w:ilvl w:val="{at}"/><w:numId w:val="{number}"/></w:numPr>')


def test_automatic_numbers_are_written_out_as_word_shows_them():
    numbering = (
        f'<w:numbering {W}><w:abstractNum w:abstractNumId="0">{level(0, "chineseCounting", "%1、")}'
        f"{level(1, 'chineseCountingThousand', '（%2）')}{level(2, 'decimal', '%3.')}</w:abstractNum>"
        f'<w:abstractNum w:abstractNumId="1">{level(0, "japaneseCounting", "第%1条")}'
        f"{level(1, 'decimal', '%1.%2', '<w:isLgl/>')}</w:abstractNum>"
        f'<w:abstractNum w:abstractNumId="2">{level(0, "klingon", "%1")}</w:abstractNum>'
        '<w:num w:numId="1"><w:abstractNumId w:val="0"/></w:num><w:num w:numId="2"><w:abstractNumId w:val="1"/></w:num>'
        '<w:num w:numId="3"><w:abstractNumId w:val="1"/><w:lvlOverride w:ilvl="0"><w:startOverride w:val="20"/>'
        '</w:lvlOverride></w:num><w:num w:numId="4"><w:abstractNumId w:val="2"/></w:num></w:numbering>'
    )
    body = (
        listed("总体要求", 1) + listed("目标", 1, 1) + listed("5G网络", 1, 2) + listed("算力", 1, 2) + listed("原则", 1, 1)
        + listed("任务", 1) + listed("布局", 1, 1) + listed("为了发展", 2) + listed("", 2) + listed("本法所称", 2)
        + listed("款", 2, 1) + listed("附则", 3) + p("无号", '<w:numPr><w:numId w:val="0"/></w:numPr>')
    )  # fmt: skip
    text, _, notes = read_docx.read_docx(made(body, numbering=numbering))
    assert text.split("\n") == [
        "一、总体要求", "（一）目标", "1. 5G网络", "2. 算力", "（二）原则", "二、任务", "（一）布局", "第一条 为了发展",
        "第三条 本法所称", "3.1 款", "第二十条 附则", "无号",
    ]  # fmt: skip
    assert notes == ()
    assert read_docx.read_docx(made(listed("甲", 4), numbering=numbering))[2] == ("numbering-lost",)
    assert read_docx.read_docx(made(listed("甲", 9)))[2] == ("numbering-lost",)


@pytest.mark.parametrize(
    ("number", "kind", "shown"),
    [
        (10, "chineseCounting", "十"), (14, "chineseCounting", "十四"), (20, "japaneseCounting", "二十"),
        (101, "chineseCountingThousand", "一百零一"), (110, "chineseCountingThousand", "一百一十"),
        (1010, "chineseCountingThousand", "一千零一十"), (12, "chineseLegalSimplified", "壹拾贰"),
        (20, "ideographDigital", "二〇"), (3, "decimalEnclosedCircle", "③"), (21, "decimalEnclosedCircle", "21"),
        (28, "lowerLetter", "bb"), (14, "upperRoman", "XIV"), (7, "decimalZero", "07"), (3, "ideographTraditional", "丙"),
        (12, "decimalFullWidth", "１２"), (3, "unheard-of", None),
    ],
)  # fmt: skip
def test_number_formats(number, kind, shown):
    assert _formatted(number, kind) == shown


def test_headings_by_style_chain_and_by_outline_level():
    styles = (
        f'<w:styles {W}><w:style w:styleId="1"><w:name w:val="heading 2"/></w:style><w:style w:styleId="a"><w:name '
        'w:val="我的标题"/><w:basedOn w:val="1"/></w:style><w:style w:styleId="x"><w:name w:val="循环"/><w:basedOn '
        'w:val="x"/></w:style><w:style w:styleId="b"><w:name w:val="标题 3"/></w:style></w:styles>'
    )
    body = (
        p("甲", '<w:pStyle w:val="a"/>') + p("乙", '<w:pStyle w:val="b"/>') + p("丙", '<w:outlineLvl w:val="0"/>')
        + p("丁" * 90, '<w:outlineLvl w:val="0"/>') + p("戊", '<w:pStyle w:val="x"/>')
    )  # fmt: skip
    assert text_of(body, styles=styles).split("\n") == ["## 甲", "### 乙", "# 丙", "丁" * 90, "戊"]


def test_notes_stand_at_the_end_with_their_numbers():
    note = f'<w:footnotes {W}><w:footnote w:id="7">{p("按2024年价格。")}</w:footnote>'
    note += f'<w:footnote w:id="3">{p("不含港澳台。")}</w:footnote></w:footnotes>'
    ends = f'<w:endnotes {W}><w:endnote w:id="1">{p("见附件2。")}</w:endnote></w:endnotes>'
    body = (
        '<w:p><w:r><w:t>产值达1.5万亿元</w:t></w:r><w:r><w:footnoteReference w:id="7"/></w:r><w:r><w:t>，全国</w:t>'
        '<w:footnoteReference w:id="3"/></w:r><w:r><w:t>。</w:t><w:endnoteReference w:id="1"/></w:r></w:p>'
    )
    assert text_of(body, footnotes=note, endnotes=ends).split("\n") == [
        "产值达1.5万亿元[注1]，全国[注2]。[尾注1]", "注1：按2024年价格。", "注2：不含港澳台。", "尾注1：见附件2。",
    ]  # fmt: skip


def test_a_text_box_is_read_once_after_its_paragraph():
    box = f"<w:txbxContent>{p('框内30万个')}</w:txbxContent>"
    body = (
        "<w:p><w:r><w:t>框外</w:t></w:r><w:r><mc:AlternateContent><mc:Choice Requires='wps'><w:drawing><wps:txbx>"
        f"{box}</wps:txbx></w:drawing></mc:Choice><mc:Fallback><w:pict><v:textbox>{box}</v:textbox></w:pict>"
        "</mc:Fallback></mc:AlternateContent></w:r><w:r><w:t>继续</w:t></w:r></w:p>"
    )
    assert text_of(body) == "框外继续\n框内30万个"


def test_changes_hidden_text_and_field_codes():
    def run(text, properties=""):
        return f"<w:r><w:rPr>{properties}</w:rPr><w:t>{text}</w:t></w:r>"

    def mark(kind):
        return f'<w:r><w:fldChar w:fldCharType="{kind}"/></w:r>'

    body = (
        f"<w:p><w:del><w:r><w:delText>旧20%</w:delText></w:r></w:del><w:ins>{run('新30%')}</w:ins>"
        f"<w:moveFrom>{run('搬走')}</w:moveFrom>{run('隐藏', '<w:vanish/>')}{run('可见', '<w:vanish w:val=' + chr(34) + '0' + chr(34) + '/>')}</w:p>"
        f"<w:p>{mark('begin')}<w:r><w:instrText>HYPERLINK http://x</w:instrText></w:r>{run('码')}{mark('separate')}"
        f"{run('结果')}{mark('end')}{run('后')}</w:p>"
        f"<w:p><w:pPr><w:rPr><w:del/></w:rPr></w:pPr>{run('前半')}</w:p><w:p>{run('后半')}</w:p>"
        f"<w:p>{mark('begin')}{run('没有结束的域')}</w:p>{p('仍在')}"
        f"<w:sdt><w:sdtPr><w:showingPlcHdr/></w:sdtPr><w:sdtContent>{p('单击此处输入文字')}</w:sdtContent></w:sdt>"
        f"<w:sdt><w:sdtContent>{p('控件')}</w:sdtContent></w:sdt>"
        f"<w:p>{run('10')}{run('4', '<w:vertAlign w:val=' + chr(34) + 'superscript' + chr(34) + '/>')}"
        "<m:oMath><m:f><m:num><m:r><m:t>3</m:t></m:r></m:num><m:den><m:r><m:t>8</m:t></m:r></m:den></m:f></m:oMath></w:p>"
    )
    assert text_of(body).split("\n") == ["新30%可见", "结果后", "前半后半", "仍在", "控件", "10⁴3/8"]


def mht(html, charset):
    head = (f'MIME-Version: 1.0\r\nContent-Type: multipart/related; type="text/html"; boundary="=b"\r\n\r\n--=b\r\n'
            f'Content-Type: text/html; charset="{charset}"\r\nContent-Transfer-Encoding: 8bit\r\n\r\n')  # fmt: skip
    return head.encode() + html.encode(charset) + b"\r\n--=b--\r\n"


HTML = "<html><body><h1>某市条例</h1><p>第一条　到2027年达到30万个。</p><table><tr><td>a</td><td>1</td></tr><tr><td>b</td><td>2</td></tr></table></body></html>"


@pytest.mark.parametrize(
    "content",
    [mht(HTML, "gbk"), mht(HTML, "utf-8"), HTML.replace("<body>", '<meta charset="gb2312"><body>').encode("gbk")],
)
def test_foreign_parts_are_read_in_place(content):
    text, _, notes = read_docx.read_docx(made(p("前") + '<w:altChunk r:id="rId1"/>' + p("后"), aFChunk=content))
    assert [line.replace("\u3000", " ") for line in text.split("\n")] == [
        "前", "# 某市条例", "第一条 到2027年达到30万个。", "| a | 1 |", "| b | 2 |", "后",
    ]  # fmt: skip
    assert notes == ("altchunk",)


def test_a_word_file_inside_a_word_file_and_one_that_cannot_be_read():
    inside = made(p("内文"))
    assert text_of('<w:altChunk r:id="rId1"/>', aFChunk=inside) == "内文"
    for bad in (b"{\\rtf1 abc}", inside[:-40], b"\x00\x01\x02" * 50, b""):
        text, _, notes = read_docx.read_docx(made(p("外文") + '<w:altChunk r:id="rId1"/>', aFChunk=bad))
        assert (text, notes) == ("外文", ("altchunk-unread",))


def test_dangling_links_strict_namespaces_and_macros_do_no_harm():
    data = made(p("正文"), styles=f"<w:styles {W}/>")
    with zipfile.ZipFile(io.BytesIO(data)) as file:
        parts = {name: file.read(name).decode() for name in file.namelist()}
    link = f'<Relationship Id="r9" Type="{REL}/image" Target="NULL"/>'
    parts["word/_rels/document.xml.rels"] = RELS % link
    parts["word/document.xml"] = re.sub(
        W, 'xmlns:w="http://purl.oclc.org/ooxml/wordprocessingml/main"', parts["word/document.xml"]
    )
    parts["word/vbaProject.bin"] = b"\xd0\xcf macro"
    assert read_docx.read_docx(packed(parts))[0] == "正文"


def refused(data):
    with pytest.raises(UnreadableFileError) as caught:
        read_docx.read_docx(data)
    return str(caught.value)


def test_bombs_are_refused_before_anything_is_unpacked(monkeypatch):
    assert "压缩炸弹" in refused(made(p("x"), parts={"word/media/a.png": b"\0" * 20_000_000}))
    assert "5001" in refused(packed({f"word/{n}.txt": b"" for n in range(5001)}))
    data = bytearray(made(p("x")))
    at = data.rindex(b"PK\x01\x02")
    struct.pack_into("<I", data, at + 24, 300_000_000)  # what the directory says about the last part's size
    monkeypatch.setattr(docx_package.zipfile.ZipFile, "open", None)
    assert "压缩炸弹" in refused(bytes(data))


def test_a_part_that_lies_about_its_size_is_damaged_not_unpacked():
    data = bytearray(made(p("正" * 90_000)))
    at = data.index(b"PK\x01\x02", data.index(b"PK\x01\x02") + 4)
    struct.pack_into("<I", data, at + 24, 100)
    assert "损坏" in refused(bytes(data))


@pytest.mark.parametrize("codec", ["utf-8", "utf-16"])
@pytest.mark.parametrize("part", ["word/document.xml", "word/extra.xml", "word/_rels/document.xml.rels"])
def test_entities_are_refused_in_every_part(part, codec):
    laughs = '<!DOCTYPE d [<!ENTITY a "哈哈"><!ENTITY b "&a;&a;"><!ENTITY c SYSTEM "file:///etc/passwd">]><d>&b;&c;</d>'
    with zipfile.ZipFile(io.BytesIO(made(p("正文")))) as file:
        parts = {name: file.read(name) for name in file.namelist()}
    parts[part] = (f'<?xml version="1.0" encoding="{codec}"?>' + laughs).encode(codec)
    assert "实体" in refused(packed(parts))


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 500 + "EncryptedPackage".encode("utf-16-le"), "文件已加密"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 500 + "WordDocument".encode("utf-16-le"), "旧版 Word"),
        (made(p("正文"))[:-60], "不完整"), (b"PK\x03\x04", "不完整"), (b"", "不是 .docx"), (b"{\\rtf1}", "RTF"),
        (b"<!DOCTYPE html><html>", "网页"), (packed({"xl/workbook.xml": "<a/>"}), "Excel"),
        (packed({"a.txt": "x"}), "ZIP"), (packed({"word/document.xml": "<w:document"}), "损坏"),
        (packed({"word/document.xml": ""}), "损坏"), (made("<w:tbl><w:tr><w:tc>" * 600 + "</w:tc></w:tr></w:tbl>" * 600), "Word 文件"),
    ],
)  # fmt: skip
def test_what_is_no_readable_word_file_says_why(data, reason):
    assert reason in refused(data)


def test_encrypted_members_and_too_much_text(monkeypatch):
    data = bytearray(made(p("正文")))
    data[data.index(b"PK\x01\x02") + 8] |= 1
    assert "加密" in refused(bytes(data))
    monkeypatch.setattr(read_docx, "MAX_TEXT_BYTES", 100)
    assert "正文过长" in refused(made(p("正文") * 30))
    monkeypatch.setattr(docx_package, "MAX_TAGS", 100)
    assert "过于庞大" in refused(made("<w:r/>" * 101))


LINE = st.text(st.sampled_from("第一条算力达到30万个，％１２.5%（）|#\u3000 a&<"), min_size=1, max_size=30)


@settings(max_examples=60, deadline=None)
@given(st.lists(LINE, max_size=12))
def test_every_paragraph_survives_in_order(lines):
    document = docx.Document()
    for line in lines:
        document.add_paragraph(line)
    assert read_docx.read_docx(saved(document))[0].split("\n") == (
        [line.strip() for line in lines if line.strip()] or [""]
    )


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_damaged_bytes_are_refused_or_read_but_never_crash(data):
    good = bytearray(made(p("正文30万个") + listed("甲", 1), numbering=f"<w:numbering {W}/>"))
    for _ in range(data.draw(st.integers(1, 6))):
        good[data.draw(st.integers(0, len(good) - 1))] = data.draw(st.integers(0, 255))
    try:
        assert isinstance(read_docx.read_docx(bytes(good))[0], str)
    except UnreadableFileError as error:
        assert error.message


@pytest.mark.corpus
def test_official_articles_are_all_there_in_order(corpus_dir):
    text, meta, notes = read_docx.read_docx((corpus_dir / "89_vat_law.docx").read_bytes())
    articles = re.findall(r"(?m)^第([一二三四五六七八九十]+)条", text)
    assert articles == [_formatted(number, "chineseCounting") for number in range(1, 39)]
    assert "中华人民共和国增值税法" in text and "title" not in meta and notes == ()
    plain = "".join(paragraph.text for paragraph in docx.Document(corpus_dir / "89_vat_law.docx").paragraphs)
    assert set(re.findall(r"\d+", text)) <= set(re.findall(r"\d+", plain))
    missing = [n for n in re.findall(r"20\d\d年|\d+元|\d+%", plain) if n not in text]
    assert missing == []


@pytest.mark.corpus
def test_text_in_a_foreign_part_is_that_of_the_pdf(corpus_dir):
    text, _, notes = read_docx.read_docx((corpus_dir / "90_national_security_law.docx").read_bytes())
    articles = re.findall(r"(?m)^第([一二三四五六七八九十]+)条", text)
    assert articles == [_formatted(number, "chineseCounting") for number in range(1, 85)] and notes == ("altchunk",)
    pdfium = pytest.importorskip("pypdfium2")
    pdf = pdfium.PdfDocument(corpus_dir / "91_national_security_law.pdf")
    other = "".join(page.get_textpage().get_text_bounded() for page in pdf)
    ours, theirs = ("".join(re.findall(r"[\u4e00-\u9fff]", side)) for side in (text, other))
    grams = [{side[at : at + 12] for at in range(len(side) - 11)} for side in (ours, theirs)]
    assert len(grams[0] & grams[1]) > 0.9 * len(grams[0])
