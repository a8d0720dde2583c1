"""Pictures of pages: formats, turns, pages of a TIFF file, and files that must be refused."""

import io
import struct
import sys
import zlib

import numpy as np
import pytest
from drawn_pages import draw_page, image_file, need_ocr
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageOps

from ingest.errors import UnreadableFileError
from ingest.formats import ocr
from ingest.formats.ocr import Scan
from ingest.formats.pdf_lines import PAGE_MARK, Line
from ingest.formats.read_image import _pictures, read_image

FIRST, SECOND = "2027年智能算力规模达到12.5EFLOPS。", "平均利用率由58%提高到65%。"


def small_page(text):
    return draw_page([text], shape=(820, 160), chars=24, top=50, left=40)


def patches():
    """A picture of 9 x 6 coloured fields, which looks different from every side."""
    fields = np.random.default_rng(3).integers(0, 255, (6, 9, 3))
    return Image.fromarray(np.kron(fields, np.ones((20, 20, 1))).astype(np.uint8))


def png(width, height, data=b""):
    def chunk(kind, body):
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    head = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", data) + chunk(b"IEND", b"")


@pytest.fixture
def unrecognised(monkeypatch):
    """Recognition that reads the same line in every picture, and keeps the pictures."""
    seen = []

    def read(image):
        seen.append(image)
        line = Line("算力规模达到30万个。", 10.0, 110.0, 0.0, 12.0, 12.0)
        return Scan([line], [line], 0.9, False, False)

    monkeypatch.setattr("ingest.formats.read_image.read_scan", read)
    return seen


def test_the_pages_of_a_tiff_file_are_read_and_counted():
    need_ocr()
    blank = Image.new("L", (820, 160), 255)
    file = read_image(image_file([small_page(FIRST), blank, small_page(SECOND)], "TIFF"))
    assert file.text.split(PAGE_MARK) == [FIRST, "", SECOND]
    assert [number for number, _ in file.ocr] == [1, 3] and all(share > 0.9 for _, share in file.ocr)
    assert file.paged and file.encoding == "image" and file.notes == ()
    assert file.layer.split("\n") == [FIRST, SECOND]


@pytest.mark.parametrize(
    ("kind", "mode"),
    [
        (kind, mode)
        for kind, modes in {
            "PNG": "1 L RGB P RGBA LA", "JPEG": "1 L RGB CMYK", "WEBP": "L RGB RGBA", "BMP": "1 L RGB P",
            "TIFF": "1 L RGB P RGBA CMYK",
        }.items()
        for mode in modes.split()
    ],
)  # fmt: skip
def test_every_format_and_mode_gives_the_same_picture(kind, mode):
    drawn = Image.new("L", (200, 100), 255)
    drawn.paste(0, (40, 30, 90, 60))
    (picture,) = _pictures(image_file([drawn.convert(mode)], kind))
    assert picture.shape == (100, 200, 3) and picture.dtype == np.uint8
    assert picture[10, 10].min() > 240 and picture[45, 60].max() < 15


def test_what_is_transparent_is_paper_and_deep_greys_are_kept():
    clear = Image.new("RGBA", (100, 60), (0, 0, 0, 0))
    (picture,) = _pictures(image_file([clear], "PNG"))
    assert picture.min() == 255
    deep = np.full((60, 100), 4_000, np.uint16)
    deep[20:40] = 100
    (picture,) = _pictures(image_file([Image.fromarray(deep)], "TIFF"))
    assert picture[30].max() == 0 and picture[5].min() == 255


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "TIFF"])
@pytest.mark.parametrize("turn", range(1, 9))
def test_a_photograph_is_turned_as_its_camera_says(kind, turn):
    note = Image.Exif()
    note[0x0112] = turn
    data = image_file([patches()], kind, exif=note, **({} if kind == "TIFF" else {"quality": 95}))
    (picture,) = _pictures(data)
    upright = ImageOps.exif_transpose(Image.open(io.BytesIO(data))).convert("RGB")
    assert picture.shape[:2] == upright.size[::-1]
    assert np.abs(np.asarray(upright).astype(int) - picture[:, :, ::-1]).mean() < 3


def test_large_pictures_are_shrunk_and_long_ones_keep_their_width():
    (picture,) = _pictures(image_file([Image.new("L", (4_000, 5_000), 255)], "PNG"))
    assert picture.shape == (1_750, 1_400, 3)
    (picture,) = _pictures(image_file([Image.new("L", (1_080, 9_000), 255)], "PNG"))
    assert picture.shape == (9_000, 1_080, 3)


def test_pages_over_the_limit_are_noted(unrecognised, monkeypatch):
    monkeypatch.setattr("ingest.formats.read_image.MAX_OCR_PAGES", 2)
    file = read_image(image_file([patches()] * 4, "TIFF"))
    assert file.notes == ("pages-without-text", "ocr-limit") and len(file.ocr) == len(unrecognised) == 2


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "无法打开"), (b"%PDF-1.7 no picture", "无法打开"), (b"\xff\xd8\xff\xe0 torn", "无法打开"),
        (b"GIF89a" + bytes(40), "无法打开"), (png(50_000, 50_000), "过大"), (png(9_001, 9_000), "过大"),
        (png(600, 400, zlib.compress(bytes(50))), "已损坏或不完整"), (image_file([patches()], "PNG")[:-60], "已损坏或不完整"),
        (image_file([patches()], "JPEG")[:-300], "已损坏或不完整"), (image_file([patches()] * 3, "TIFF")[:-40_000], "已损坏"),
        (image_file([Image.new("L", (300, 200), 255)], "PNG"), "没有读出文字"),
    ],
)  # fmt: skip
def test_what_cannot_be_read_is_refused_with_its_reason(data, reason, unrecognised):
    with pytest.raises(UnreadableFileError, match=reason) as refused:
        read_image(data)
    assert refused.value.hint


def test_without_the_recogniser_the_command_that_installs_it_is_named(monkeypatch):
    ocr._engine.cache_clear()
    monkeypatch.setitem(sys.modules, "rapidocr", None)
    with pytest.raises(UnreadableFileError, match="图片需要文字识别") as refused:
        read_image(image_file([patches()], "PNG"))
    assert 'pip install "policyqa[ocr]"' in refused.value.hint
    ocr._engine.cache_clear()


@given(
    kind=st.sampled_from(["PNG", "JPEG", "WEBP", "BMP", "TIFF"]), junk=st.binary(max_size=60), at=st.integers(0, 3_000)
)
@settings(max_examples=150, deadline=None)
def test_damaged_bytes_are_read_or_refused(kind, junk, at):
    data = image_file([patches().resize((90, 60))] * (2 if kind == "TIFF" else 1), kind)
    with pytest.MonkeyPatch.context() as patch:
        line = Line("字字", 0.0, 24.0, 0.0, 12.0, 12.0)
        patch.setattr("ingest.formats.read_image.read_scan", lambda image: Scan([line], [line], 0.9, False, False))
        try:
            assert read_image(data[:at] + junk + data[at + len(junk) :]).text
        except UnreadableFileError as error:
            assert error.hint
