"""Encodings of Chinese files, long and very short, and the refusal of what is not text."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.errors import UnreadableFileError
from ingest.formats.decode import decode, plausibility

SIMPLIFIED = "贵州省“东数西算”枢纽节点建设方案：到2025年，数据中心平均利用率达到65%以上。"
TRADITIONAL = "貴州省推動數位經濟發展，資料中心平均利用率約為65%，各機關應依規定辦理。"


@pytest.mark.parametrize(
    ("text", "codec", "reported"),
    [
        (SIMPLIFIED, "utf-8", "utf-8"),
        (SIMPLIFIED, "utf-8-sig", "utf-8-sig"),
        (SIMPLIFIED, "utf-16", "utf-16"),
        (SIMPLIFIED, "utf-32", "utf-32"),
        (SIMPLIFIED, "gb18030", "gb18030"),
        (TRADITIONAL, "gbk", "gb18030"),
        (TRADITIONAL, "big5", "big5"),
        ("贵州算力", "gbk", "gb18030"),
        ("算力", "gb2312", "gb18030"),
        ("貴州算力", "big5", "big5"),
        ("plain ASCII, 65%\r\n", "ascii", "utf-8"),
    ],
)
def test_round_trip(text: str, codec: str, reported: str) -> None:
    assert decode(text.encode(codec)) == (text, reported)


@pytest.mark.parametrize("declared", ["gb2312", "GBK", "gb_2312-80", "x-gbk", "GB18030"])
def test_declared_chinese_charsets_are_read_as_their_superset(declared: str) -> None:
    text = "朱镕基、㐂与𠮷"  # characters that GB2312 lacks
    assert decode(text.encode("gb18030"), declared) == (text, "gb18030")


def test_a_declaration_that_lies_is_not_believed() -> None:
    assert decode(SIMPLIFIED.encode("gbk"), "utf-8") == (SIMPLIFIED, "gb18030")
    assert decode(SIMPLIFIED.encode(), "gb2312") == (SIMPLIFIED, "utf-8")
    assert decode(SIMPLIFIED.encode(), "no-such-charset") == (SIMPLIFIED, "utf-8")
    assert decode(TRADITIONAL.encode("big5"), "gb2312") == (TRADITIONAL, "big5")


def test_a_few_bad_bytes_in_utf8_are_replaced_and_reported() -> None:
    data = (SIMPLIFIED * 40).encode()
    text, encoding = decode(data[:3000] + b"\xff" + data[3000:])
    assert encoding == "utf-8-replaced"
    assert text.replace("\ufffd", "") == SIMPLIFIED * 40
    cut, encoding = decode(data[:-4])  # a download that stopped inside a character
    assert encoding == "utf-8-replaced" and cut.count("\ufffd") == 1


@pytest.mark.parametrize(
    ("data", "named"),
    [
        (b"%PDF-1.7\n%\xe2\xe3\xcf\xd3", "PDF"),
        (b"PK\x03\x04\x14\x00\x06\x00", "docx"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(50), "doc"),
        (b"\x89PNG\r\n\x1a\n" + bytes(9), "PNG"),
        (b"\xff\xd8\xff\xe0JFIF", "JPEG"),
        ("正文".encode() + b"\x00\x01\x02", "空字节"),
        (bytes(range(1, 32)) * 20, "控制字符"),
    ],
)
def test_binary_data_is_refused_by_name(data: bytes, named: str) -> None:
    with pytest.raises(UnreadableFileError, match=named) as caught:
        decode(data)
    assert caught.value.hint


def test_plausibility_prefers_the_right_reading() -> None:
    wrong = SIMPLIFIED.encode("gbk").decode("big5", "replace")
    assert plausibility(SIMPLIFIED) > 0.7 and plausibility(TRADITIONAL) > 0.7 > 0.4 > plausibility(wrong)
    assert plausibility("") == plausibility("ascii") == 1.0


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=300))
def test_any_bytes_give_text_or_a_known_error(data: bytes) -> None:
    try:
        text, encoding = decode(data)
    except UnreadableFileError as error:
        assert error.message
    else:
        assert isinstance(text, str) and encoding
