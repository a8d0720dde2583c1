"""Electronic books: order, headings, notes, what the package states; and files made to hurt."""

import io
import re
import zipfile

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.errors import UnreadableFileError
from ingest.formats import archive, read_epub

CONTAINER = (
    '<?xml version="1.0"?><container xmlns="urn:oasis:names:tc:opendocument:xmlns:container" version="1.0"><rootfiles>'
    '<rootfile full-path="OEBPS/content.opf" media-type="application/oebps-package+xml"/></rootfiles></container>'
)
META = (
    "<dc:title>数字中国发展报告</dc:title><dc:creator>某省数据局</dc:creator><dc:creator>某研究院</dc:creator>"
    '<dc:publisher>某出版社</dc:publisher><dc:date opf:event="modification">2026-01-01</dc:date>'
    "<dc:date>2025-05-06T00:00:00Z</dc:date><dc:source>https://example.org/a</dc:source><dc:language>zh</dc:language>"
)


def chapter(body, head=""):
    return (
        '<?xml version="1.0" encoding="utf-8"?>\n<!DOCTYPE html PUBLIC "-//W3C//DTD XHTML 1.1//EN" '
        '"http://www.w3.org/TR/xhtml11/DTD/xhtml11.dtd">\n<html xmlns="http://www.w3.org/1999/xhtml" '
        f'xmlns:epub="http://www.idpf.org/2007/ops"><head><title/>{head}</head><body>{body}</body></html>'
    )


def packed(parts):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("mimetype", "application/epub+zip", zipfile.ZIP_STORED)
        for name, content in parts.items():
            file.writestr(name, content)
    return out.getvalue()


def package(items, meta=META):
    """`items`: (id, href, further attributes), in the spine's order; the manifest has them the other way round."""
    kind = "application/xhtml+xml"
    listed = "".join(
        f'<item id="{name}" href="{href}" media-type="{kind}" {more}/>' for name, href, more in reversed(items)
    )
    spine = "".join(f'<itemref idref="{name}"/>' for name, _, _ in items)
    return (
        '<package xmlns="http://www.idpf.org/2007/opf" xmlns:opf="http://www.idpf.org/2007/opf" version="3.0"><metadata '
        f'xmlns:dc="http://purl.org/dc/elements/1.1/">{meta}</metadata><manifest>{listed}'
        f'<item id="css" href="a.css" media-type="text/css"/></manifest><spine>{spine}</spine></package>'
    )


def book(*bodies, meta=META, **parts):
    items = [(f"c{at}", f"text/c{at}.xhtml", "") for at in range(len(bodies))]
    chapters = {f"OEBPS/text/c{at}.xhtml": chapter(body) for at, body in enumerate(bodies)}
    return packed({"META-INF/container.xml": CONTAINER, "OEBPS/content.opf": package(items, meta), **chapters, **parts})


def test_chapters_come_in_the_order_of_the_spine_with_headings_and_facts():
    part = read_epub.read_epub(
        book(
            "<h1>第一章&#160;总则</h1><p>到2027年，机架超过<b>30</b>万个。</p>",
            "<section><h2>第二章&nbsp;目标</h2><table><tr><th>地区</th><th>机架</th></tr><tr><td>贵阳</td><td>3|4</td></tr></table>"
            "<p><ruby>算<rt>suàn</rt>力</ruby>&mdash;&amp;<br/>第二行</p></section>",
        )
    )
    assert part.text.split("\n") == [
        "# 第一章 总则", "到2027年，机架超过30万个。", "## 第二章 目标", "| 地区 | 机架 |", "| 贵阳 | 3｜4 |", "算力—&", "第二行",
    ]  # fmt: skip
    assert part.meta == {
        "title": "数字中国发展报告", "author": "某省数据局、某研究院", "publisher": "某出版社", "date": "2025-05-06",
        "url": "https://example.org/a",
    }  # fmt: skip
    assert part.encoding == "epub" and not part.notes and not part.paged


def test_notes_stay_and_the_contents_page_goes():
    items = [
        ("toc", "nav.xhtml", 'properties="nav"'),
        ("a", "text/%E7%AC%AC1%E7%AB%A0.xhtml#top", ""),
        ("a", "x", ""),
        ("b", "B.html", ""),
    ]
    note = '<p>共30个<a epub:type="noteref" href="#n">1</a></p><aside epub:type="footnote" id="n"><p>2024年为28个。</p></aside>'
    data = packed({
        "META-INF/container.xml": CONTAINER, "OEBPS/content.opf": package(items, "<dc:title>unknown</dc:title>"),
        "OEBPS/nav.xhtml": chapter("<nav><ol><li>第1章</li></ol></nav>"), "OEBPS/text/第1章.xhtml": chapter(note),
        "OEBPS/b.html": "<html><body><p>没有闭合的段落<p>HTML 4 写法&nbsp;&lt;</body>",
    })  # fmt: skip
    part = read_epub.read_epub(data)
    lines = part.text.split("\n")
    assert lines[1:] == ["2024年为28个。", "没有闭合的段落", "HTML 4 写法 <"] and lines[0].startswith("共30个")
    assert part.meta == {} and not part.notes


def test_encodings_and_missing_chapters():
    gbk = chapter("<p>本办法自2025年起施行，由数据局负责解释。</p>").replace("utf-8", "gb2312").encode("gbk")
    utf16 = chapter("<p>第二段文字。</p>").replace("utf-8", "utf-16").encode("utf-16")
    items = [("a", "a.xhtml", ""), ("b", "b.xhtml", ""), ("c", "gone.xhtml", ""), ("d", "d.xhtml", "")]
    part = read_epub.read_epub(
        packed({
            "META-INF/container.xml": CONTAINER.encode("utf-16"), "OEBPS/content.opf": package(items), "OEBPS/a.xhtml": gbk,
            "OEBPS/b.xhtml": utf16, "OEBPS/d.xhtml": "",
        })
    )  # fmt: skip
    assert part.text == "本办法自2025年起施行，由数据局负责解释。\n第二段文字。" and part.notes == ("parts-missing",)


def encryption(algorithm, around="EncryptedData"):
    return (
        '<encryption xmlns="urn:oasis:names:tc:opendocument:xmlns:container" xmlns:enc="http://www.w3.org/2001/04/xmlenc#">'
        f'<enc:{around}><enc:EncryptionMethod Algorithm="{algorithm}"/></enc:{around}></encryption>'
    )


def test_protected_books_are_refused_and_scrambled_fonts_are_not():
    aes = encryption("http://www.w3.org/2001/04/xmlenc#aes256-cbc")
    with pytest.raises(UnreadableFileError, match="版权保护"):
        read_epub.read_epub(book("<p>x</p>", **{"META-INF/encryption.xml": aes}))
    for harmless in (encryption("http://www.idpf.org/2008/embedding"), encryption("urn:rsa", "EncryptedKey")):
        assert read_epub.read_epub(book("<p>正文</p>", **{"META-INF/encryption.xml": harmless})).text == "正文"


LAUGHS = '<!DOCTYPE html [<!ENTITY a "哈哈"><!ENTITY b "&a;&a;">]>'


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "不是 EPUB"), (b"%PDF-1.4", ".pdf"), (b"PK\3\4", "不完整"), (book("<p>x</p>")[:-30], "不完整"),
        (packed({"a.txt": "x"}), "普通的 ZIP"), (packed({"META-INF/container.xml": "<container>"}), "不是正确的 XML"),
        (packed({"META-INF/container.xml": CONTAINER}), "OPF"), (book('<img src="a.png"/>'), "没有文字"),
        (packed({"META-INF/container.xml": LAUGHS + CONTAINER[21:]}), "实体定义"),
    ],
)  # fmt: skip
def test_what_cannot_be_read_has_a_reason(data, reason):
    with pytest.raises(UnreadableFileError, match=reason):
        read_epub.read_epub(data)


def test_entities_and_outside_files_are_never_followed(tmp_path):
    secret = tmp_path / "secret"
    secret.write_text("机密", encoding="utf-8")
    outside = f'<!DOCTYPE html [<!ENTITY x SYSTEM "{secret.as_uri()}">]>'
    for start in (LAUGHS, outside):
        data = book("x", **{"OEBPS/text/c0.xhtml": f"<?xml version='1.0'?>{start}<html><body>&x;&b;</body></html>"})
        with pytest.raises(UnreadableFileError, match="实体定义"):
            read_epub.read_epub(data)
    path = f'<p>正文<object data="{secret.as_uri()}"/></p><xi:include xmlns:xi="http://www.w3.org/2001/XInclude" href="{secret}"/>'
    assert read_epub.read_epub(book(path)).text == "正文"
    climbing = packed(
        {
            "META-INF/container.xml": CONTAINER,
            "OEBPS/content.opf": package([("a", "../../../../a.html", "")]),
            "a.html": "<p>内</p>",
        }
    )
    assert read_epub.read_epub(climbing).text == "内"


def test_deep_chapters_are_read_or_noted():
    deep, deeper = ("<div>" * depth + "到底了" + "</div>" * depth for depth in (1_000, 5_000))
    assert read_epub.read_epub(book(deep)).text == "到底了"
    part = read_epub.read_epub(book("<p>第一章</p>", deeper))
    assert part.text == "第一章" and part.notes == ("parts-missing",)


def test_bombs_are_refused(monkeypatch):
    bomb = book("<p>x</p>", **{"OEBPS/a.css": b" " * 20_000_000})
    tags = book("<i/>" * 300, "<i/>" * 300)
    monkeypatch.setattr(read_epub, "MAX_TAGS", 500)
    with pytest.raises(UnreadableFileError, match="过于庞大"):
        read_epub.read_epub(tags)
    monkeypatch.setattr(archive.zipfile.ZipFile, "open", None)
    with pytest.raises(UnreadableFileError, match="压缩炸弹"):
        read_epub.read_epub(bomb)


SAMPLE = book(
    "<h1>第一章</h1><p>正文&nbsp;<a href='#x'>1</a></p>",
    "<table><tr><td>a</td><td>b</td></tr><tr><td>c</td></tr></table>",
)
TOKENS = re.compile(rb'"[^"]*"|<[^>]*>|>[^<]+')


@given(st.data())
@settings(max_examples=100, deadline=None)
def test_damaged_bytes_never_raise_anything_else(data):
    raw = bytearray(SAMPLE)
    for at in data.draw(st.lists(st.integers(0, len(raw) - 1), max_size=8)):
        raw[at] ^= data.draw(st.integers(1, 255))
    cut = data.draw(st.sampled_from([None, len(raw) // 2, -30, 100]))
    _read_or_refused(bytes(raw[:cut]))


@given(st.data())
@settings(max_examples=100, deadline=None)
def test_damaged_xml_never_raises_anything_else(data):
    with zipfile.ZipFile(io.BytesIO(SAMPLE)) as file:
        parts = {name: file.read(name) for name in file.namelist()}
    name = data.draw(st.sampled_from([name for name in parts if name != "mimetype"]))
    tokens = list(TOKENS.finditer(parts[name]))
    for found in sorted(
        data.draw(st.lists(st.sampled_from(tokens), max_size=3, unique_by=id)), key=lambda m: -m.start()
    ):
        new = data.draw(
            st.sampled_from([b"", b'""', b"<p>", b">&x;", b'"%00/../."', b'"//[x"', b"\0\xff", found[0] * 2])
        )
        parts[name] = parts[name][: found.start()] + new + parts[name][found.end() :]
    del parts["mimetype"]
    _read_or_refused(packed(parts))


def _read_or_refused(raw):
    try:
        part = read_epub.read_epub(raw)
    except UnreadableFileError:
        return
    assert part.text.strip()
