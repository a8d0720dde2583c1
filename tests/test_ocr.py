"""Scans: what is recognised of a page, its order, its tables, and what happens without the recogniser."""

import difflib
import re
import socket
import sys
from collections import Counter
from io import BytesIO
from itertools import pairwise

import pytest
from drawn_pages import FULL, PRINTED, bgr, draw_page, font, image_pdf, make_pdf, need_ocr, page, scanned
from PIL import Image, ImageChops, ImageDraw

from ingest.errors import MissingPartError, UnreadableFileError
from ingest.formats import ocr
from ingest.formats.ocr import Scan, read_scan, recognise
from ingest.formats.pdf_lines import PAGE_MARK
from ingest.formats.pdf_paragraphs import join_pages
from ingest.formats.read_pdf import read_pdf
from ingest.formats.scan_image import strips_of
from ingest.formats.scan_lines import Piece, Placed, set_right, to_lines

TEXT = (
    "#关于加快算力基础设施建设的实施意见",
    "各市人民政府，省有关部门：为深入推进“数据要素×”行动，现就有关事项通知如下。",
    "第一条 到2027年，全省智能算力规模达到12.5EFLOPS以上，机架总数超过30万个，平均利用率由58%提高到65%左右，绿电占比不低于80%。",
    "（一）优化布局。支持3个枢纽节点、16个边缘节点建设，省财政每年安排1.2亿元，单个项目补助不超过500万元（含配套）。",
    "（二）降低成本。网络时延控制在20毫秒以内，用电价格不高于0.35元/千瓦时，2026年底前完成120项改造任务。",
)


def squeezed(text):
    return re.sub(r"\s", "", text.replace(PAGE_MARK, "").replace("#", ""))


def likeness(a, b):
    return difflib.SequenceMatcher(None, squeezed(a), squeezed(b), autojunk=False).ratio()


def numbers(text):
    return Counter(re.findall(r"\d+(?:\.\d+)?", text.replace(PAGE_MARK, "")))


def piece(text, x=100.0, y=100.0, size=30.0, confidence=0.99):
    right, low = x + size * len(text), y + size
    return Piece(text, confidence, ((x, y), (right, y), (right, low), (x, low)))


@pytest.fixture(scope="module")
def pieces():
    """What the recogniser reads of the page TEXT, scanned askew; it may not ask the network for anything."""
    need_ocr()
    picture = bgr(scanned(draw_page(TEXT, shape=(1240, 1100))))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(socket.socket, "connect", lambda *_: pytest.fail("recognition went to the network"))
        patch.setattr(socket, "getaddrinfo", lambda *_, **__: pytest.fail("recognition went to the network"))
        return recognise(picture)


@pytest.fixture
def recognised(monkeypatch, pieces):
    monkeypatch.setattr(ocr, "recognise", lambda image: pieces)


def test_a_skewed_noisy_scan_is_read_word_for_word(recognised):
    file = read_pdf(image_pdf([scanned(draw_page(TEXT, shape=(1240, 1100)))]))
    assert likeness(file.text, "".join(TEXT)) >= 0.98
    assert numbers(file.text) == numbers("".join(TEXT))
    assert [row[:5] for row in file.text.split("\n")] == [
        "关于加快算",
        "各市人民政",
        "第一条 到",
        "（一）优化",
        "（二）降低",
    ]
    assert file.notes == () and file.paged and file.encoding == "pdf"
    assert numbers(file.layer) == numbers(file.text)
    ((number, confidence),) = file.ocr
    assert number == 1 and 0.9 < confidence <= 1


def test_only_the_page_without_text_is_recognised(monkeypatch):
    import pypdfium2

    need_ocr()
    seen = []
    monkeypatch.setattr(
        "ingest.formats.read_pdf.read_scan", lambda image, *place: seen.append(1) or read_scan(image, *place)
    )
    letter = draw_page(["第二条 乙事项由8个部门负责，2030年完成。"], shape=(1240, 500), top=100)
    mixed = pypdfium2.PdfDocument(make_pdf([page(FULL, "达到30%。", indents={0}), []]))
    mixed.import_pages(pypdfium2.PdfDocument(image_pdf([letter])))
    out = BytesIO()
    mixed.save(out)
    file = read_pdf(out.getvalue())
    assert file.text.split("\n") == [
        FULL + "达到30%。",
        PAGE_MARK,
        PAGE_MARK,
        "第二条 乙事项由8个部门负责，2030年完成。",
    ]
    assert len(seen) == 1 and [number for number, _ in file.ocr] == [3]
    assert file.notes == ()  # the second page is blank, which is no defect


@pytest.mark.corpus
def test_an_official_page_is_read_as_its_text_layer_has_it(corpus_dir):
    import pypdfium2

    need_ocr()
    with pypdfium2.PdfDocument(corpus_dir / "09_fitness_plan_2026_2030.pdf") as file:
        picture = file[1].render(scale=150 / 72).to_pil().convert("L")
        layer = file[1].get_textpage().get_text_range()
    layer = "\n".join(row for row in layer.splitlines() if not PRINTED.match(row.strip()))
    text = join_pages([read_scan(bgr(scanned(picture))).lines[1:-1]])  # without what the browser printed around it
    assert likeness(text, layer) >= 0.98
    assert numbers(text) == numbers(layer)
    assert "人均体育场地面积达到4平方米左右，每千人拥有社会体育指导员达到3.3名左右" in text


def test_a_ruled_table_in_a_crooked_scan_is_read_by_rows():
    need_ocr()
    page = Image.new("L", (900, 420), 255)
    pen = ImageDraw.Draw(page)
    for y in (60, 140, 240, 340):
        pen.line((80, y, 820, y), fill=0, width=2)
    for x in (80, 320, 560, 820):
        pen.line((x, 60, x, 340), fill=0, width=2)
    rows = (("指标", "2025年", "2027年"), ("智能算力规模", "5EFLOPS", "12.5EFLOPS"), ("平均利用率", "58%", "65%"))
    for row, y in zip(rows, (80, 170, 270), strict=True):
        for text, x in zip(row, (100, 340, 580), strict=True):
            pen.text((x, y), text, font=font(32), fill=0)
    pen.text((80, 5), "表1 发展目标", font=font(32), fill=0)
    read = [line.text for line in read_scan(bgr(scanned(page, angle=1.2))).lines]
    assert read[1:] == [
        "| 指标 | 2025年 | 2027年 |",
        "| 智能算力规模 | 5EFLOPS | 12.5EFLOPS |",
        "| 平均利用率 | 58% | 65% |",
    ]


@pytest.mark.parametrize("turn", [90, 180, 270])
def test_a_page_that_lies_on_its_side_or_head_is_set_upright(turn):
    need_ocr()
    text = "到2027年机架总数超过30万个，平均利用率达到65%。"
    scan = read_scan(bgr(draw_page([text], shape=(760, 260), chars=20, top=60, left=50).rotate(turn, expand=True)))
    assert scan.turned and squeezed(join_pages([scan.lines])) == text


def test_columns_are_read_one_after_the_other_between_full_lines():
    def placed(text, left, y):
        return Placed(text, left, left + 12.0 * len(text), y, y + 12.0)

    title = placed("全宽的标题从左栏一直写到右栏的上方并且一直写到右栏的最后一个字为止", 60.0, 760.0)
    rows = [
        placed(f"{side}栏第{at}行文字在这里写满一整行字", x, 720.0 - 20 * at)
        for at in range(6)
        for side, x in (("左", 60.0), ("右", 320.0))
    ]
    read = [line.text[:4] for line in to_lines([*rows, title], [])]
    assert read == ["全宽的标", *(f"{side}栏第{at}" for side in "左右" for at in range(6))]


@pytest.mark.parametrize(
    ("read", "right"),
    [
        ("加快建设,完善机制;推进(试点)工作", "加快建设，完善机制；推进（试点）工作"), ("(一）强化安全", "（一）强化安全"),
        ("2026一2030年，10一15个", "2026—2030年，10—15个"), ("批发一零售", "批发一零售"), ("国发(2026)26号", "国发〔2026〕26号"),
        ("1,200家,15:32,(3)项，65%,其中", "1,200家,15:32,(3)项，65%，其中"), ("一4一", "— 4 —"), ("DeepSeek, Qwen等", "DeepSeek, Qwen等"),
    ],
)  # fmt: skip
def test_punctuation_is_set_right_only_where_it_is_certain(read, right):
    assert set_right(read) == right
    assert re.findall(r"\d", read) == re.findall(r"\d", right)


def test_tall_pictures_are_cut_between_lines():
    picture = bgr(Image.new("L", (1000, 8000), 255))
    for y in range(0, 8000, 50):
        picture[y : y + 34, 50:950:7] = 0
    strips = strips_of(picture)
    assert strips[0][0] == 0 and strips[-1][1] == 8000 and len(strips) > 2
    for (_, end), (start, _) in pairwise(strips):
        assert end == start and end % 50 >= 34


def test_what_cannot_be_trusted_is_noted(monkeypatch):
    monkeypatch.setattr(
        ocr, "recognise", lambda image: tuple(piece("算力规模达到三十万个", y=y, confidence=0.55) for y in (100, 200))
    )
    file = read_pdf(image_pdf([draw_page(["图"], shape=(600, 400), top=100)]))
    assert file.notes == ("ocr-weak",) and file.ocr == ((1, 0.55),)
    monkeypatch.setattr(ocr, "recognise", lambda image: ())
    with pytest.raises(UnreadableFileError, match="没有读出文字"):
        read_pdf(image_pdf([draw_page(["图"], shape=(600, 400), top=100)]))


def test_the_pages_over_the_limit_are_noted(monkeypatch):
    monkeypatch.setattr("ingest.formats.read_pdf.MAX_OCR_PAGES", 1)
    monkeypatch.setattr(ocr, "recognise", lambda image: (piece("算力规模达到30万个。"),))
    letter = draw_page(["算力规模达到30万个。"], shape=(600, 400), top=100)
    file = read_pdf(image_pdf([letter] * 3))
    assert file.notes == ("pages-without-text", "ocr-limit") and [number for number, _ in file.ocr] == [1]


def test_a_garbled_page_is_read_from_its_picture_if_that_can_be_trusted(monkeypatch):
    garbled = page(*("数据\ue001\ue002要素\ue003指标" for _ in range(9)))
    good = page(*[FULL] * 20)
    data = make_pdf([good, garbled], drawing="70 600 200 100 re f\n")
    scan = Scan(
        to_lines([Placed("数据要素指标达到30%，保持增长。" * 2, 70.0, 450.0, 700.0, 716.0)], []), [], 0.97, False, False
    )
    monkeypatch.setattr("ingest.formats.read_pdf.read_scan", lambda *_: scan)
    file = read_pdf(data)
    assert file.notes == () and file.ocr == ((2, 0.97),) and "\ue001" not in file.text and "30%" in file.text
    monkeypatch.setattr("ingest.formats.read_pdf.read_scan", lambda *_: Scan([], [], 0.4, True, False))
    file = read_pdf(data)
    assert file.notes == ("garbled",) and file.ocr == () and "\ue001" in file.text


@pytest.fixture
def without_rapidocr(monkeypatch):
    ocr._engine.cache_clear()
    monkeypatch.setitem(sys.modules, "rapidocr", None)
    yield
    ocr._engine.cache_clear()


def test_without_the_recogniser_the_command_that_installs_it_is_named(without_rapidocr):
    letter = draw_page(["算力规模达到30万个。"], shape=(600, 400), top=100)
    with pytest.raises(MissingPartError, match="没有安装文字识别") as missing:
        recognise(bgr(letter))
    assert 'pip install "policyqa[ocr]"' in missing.value.hint
    with pytest.raises(UnreadableFileError, match="没有文字层") as refused:
        read_pdf(image_pdf([letter] * 2))
    assert 'pip install "policyqa[ocr]"' in refused.value.hint


def test_without_the_recogniser_the_pages_with_text_are_read(without_rapidocr):
    import pypdfium2

    mixed = pypdfium2.PdfDocument(make_pdf([page(FULL, "达到30%。", indents={0})]))
    mixed.import_pages(pypdfium2.PdfDocument(image_pdf([draw_page(["图"], shape=(600, 400), top=100)])))
    out = BytesIO()
    mixed.save(out)
    file = read_pdf(out.getvalue())
    assert file.text == FULL + f"达到30%。\n{PAGE_MARK}"
    assert file.notes == ("pages-without-text",) and file.ocr == ()


def test_a_package_without_its_models_does_not_fetch_them(monkeypatch, tmp_path):
    need_ocr()
    import rapidocr

    ocr._engine.cache_clear()
    monkeypatch.setattr(rapidocr, "__file__", str(tmp_path / "__init__.py"))
    with pytest.raises(MissingPartError, match="缺少模型文件"):
        recognise(bgr(draw_page(["图"], shape=(600, 400), top=100)))
    ocr._engine.cache_clear()


def test_what_stands_under_a_red_seal_is_read_and_red_words_stay():
    need_ocr()
    page = draw_page(["国家数据局办公室", "2026年3月29日"], shape=(1000, 900), top=220, left=380).convert("RGB")
    ImageDraw.Draw(page).text((500, 60), "国家数据局文件", font=font(70), fill=(225, 30, 30), anchor="ma")
    ink = Image.new("RGB", page.size, "white")
    pen = ImageDraw.Draw(ink)
    pen.ellipse((480, 180, 690, 390), outline=(225, 40, 40), width=8)
    pen.line((490, 300, 680, 250), fill=(225, 40, 40), width=12)
    pen.line((560, 190, 590, 380), fill=(225, 40, 40), width=12)
    page = ImageChops.multiply(page, ink)
    assert [line.text for line in read_scan(bgr(page)).lines] == ["国家数据局文件", "国家数据局办公室", "2026年3月29日"]
