"""What a file really is, whatever its name says."""

import io
import json
import struct
import zipfile

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.formats.sniff import sniff


def zipped(*names, first=None):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as file:
        if first:
            file.writestr("mimetype", first)
        for name in names:
            file.writestr(name, "x")
    return out.getvalue()


def ole(*top, inside=()):
    """A bare OLE2 file: one sector of FAT, two of directory; `inside` are streams of a storage further down."""
    names = ["Root Entry", *top, *(["Store"] if inside else []), *inside]
    entries = []
    for at, name in enumerate(names):
        raw = (name + "\0").encode("utf-16-le")
        top_last = len(top) + bool(inside)
        right = at + 1 if (1 <= at < top_last or at > top_last) and at + 1 < len(names) else 0xFFFFFFFF
        child = 1 if at == 0 and len(names) > 1 else at + 1 if name == "Store" else 0xFFFFFFFF
        entries.append(
            raw.ljust(64, b"\0") + struct.pack("<HBBIII", len(raw), 1, 1, 0xFFFFFFFF, right, child) + b"\0" * 48
        )
    directory = b"".join(entries).ljust(1024, b"\0")
    fat = struct.pack("<4I", 0xFFFFFFFD, 2, 0xFFFFFFFE, 0xFFFFFFFF).ljust(512, b"\xff")
    head = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 16 + struct.pack("<HHHHH", 62, 3, 0xFFFE, 9, 6) + b"\0" * 10
    head += struct.pack("<IIIIIIIII", 1, 1, 0, 4096, 0xFFFFFFFE, 0, 0xFFFFFFFE, 0, 0) + b"\xff" * 436
    return head[:76] + struct.pack("<I", 0) + head[80:512] + fat + directory


MHT = b'MIME-Version: 1.0\r\nContent-Type: multipart/related; boundary="x"\r\n\r\n--x\r\nContent-Type: text/html\r\n\r\n<html>'


@pytest.mark.parametrize(
    ("data", "suffix"),
    [
        (zipped("[Content_Types].xml", "word/document.xml"), ".docx"),
        (zipped("[Content_Types].xml", "xl/workbook.xml", "xl/embeddings/word/document.xml"), ".xlsx"),
        (zipped("ppt/presentation.xml", "ppt/embeddings/x.xlsx"), ".pptx"),
        (zipped("META-INF/container.xml", first="application/epub+zip"), ".epub"),
        (zipped("content.xml", first="application/vnd.oasis.opendocument.text"), ".odt"),
        (zipped("OFD.xml", "Doc_0/Document.xml"), ".ofd"),
        (zipped("2025/word/说明.txt", "a.docx"), ".zip"),
        (zipped(), ".zip"),
        (ole("WordDocument", "1Table"), ".doc"),
        (ole("Workbook", inside=("WordDocument",)), ".xls"),
        (ole("PowerPoint Document"), ".ppt"),
        (ole("EncryptionInfo", "EncryptedPackage"), ".encrypted"),
        (ole("__properties_version1.0"), ""),
        (b"{\\rtf1\\ansi x}", ".rtf"),
        (b"\r\n\xef\xbb\xbf%PDF-1.7", ".pdf"),
        (MHT, ".mht"),
        (b"<?xml version='1.0'?>\n<!-- saved -->\n<!DOCTYPE html><p>", ".html"),
        (b"\xef\xbb\xbf<HTML xmlns:v='urn'>", ".html"),
        ("<html><body>正文".encode("utf-16"), ".html"),
        ("<style>td{}</style><table><tr><td>机架</td></tr></table>".encode("gbk"), ".html"),
        (b"<?xml version='1.0'?><?mso-application progid='Word.Document'?><w:wordDocument/>", ".xml"),
        ('{"标题": "通知"}'.encode("gbk"), ".json"),
        ('\ufeff[{"a": 1}]'.encode(), ".json"),
        (b'{"a": 1}\n{"a": 2}\n', ".jsonl"),
        (b"\x89PNG\r\n\x1a\n123", ".png"),
        (b"Rar!\x1a\x07\x01\x00", ".rar"),
        ("[1] 国务院：关于印发规划的通知。".encode(), ""),
        ("{图1} 机架规模".encode(), ""),
        ("发文机关：某省数据局\n标题：通知\n<p>正文</p>".encode(), ""),
        ("From: 的含义见下\n正文".encode(), ""),
        ("# 标题\n<table>是网页标记".encode(), ""),
        ("地区,机架\n贵阳,3\n".encode("gbk"), ""),
        (b"", ""),
    ],
)
def test_content_decides(data, suffix):
    assert sniff(data) == suffix


def test_a_zip_file_cut_short_is_known_by_what_is_left():
    assert sniff(zipped("[Content_Types].xml", "word/document.xml")[:-40]) == ".docx"
    assert sniff(ole("WordDocument")[:1200]) == ".doc"
    assert sniff(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + "Workbook\0".encode("utf-16-le")) == ".xls"


def test_real_files_are_what_they_are(corpus_dir):
    """The .doc of the value-added tax law is a web archive; its list of sources wrongly calls it OLE2."""
    found = {
        path.name[:3].strip("_"): sniff(path.read_bytes()) for path in corpus_dir.iterdir() if path.suffix != ".tsv"
    }
    expected = {"88": ".mht", "89": ".docx", "91": ".pdf", "92": ".html", "83": ".json", "60": "", "45": "", "36": ""}
    assert {key: found[key] for key in expected} == expected


@given(st.data())
@settings(max_examples=200, deadline=None)
def test_sniffing_never_raises(data):
    start = data.draw(
        st.sampled_from([b"", b"PK\x03\x04", ole("Workbook"), zipped("xl/workbook.xml"), MHT, b"<?xml ", b"[{"])
    )
    raw = bytearray(start + data.draw(st.binary(max_size=200)))
    for at in data.draw(st.lists(st.integers(0, max(0, len(raw) - 1)), max_size=5)):
        if raw:
            raw[at] ^= data.draw(st.integers(1, 255))
    assert isinstance(sniff(bytes(raw)), str)


def test_long_json_is_told_without_reading_it_whole():
    long = json.dumps([{"标题": "通知" * 50}] * 60_000).encode()
    assert len(long) > 4_000_000 and sniff(long) == ".json" and sniff(long[:-1]) == ""
    assert sniff(b"[" * 200_000) == ""
