"""The document view without a browser: pieces of text, pages of a PDF, the file behind a document, and their routes."""

import hashlib
import html
import re
from dataclasses import replace

import numpy as np
import pytest
from drawn_pages import make_pdf, page
from fake_engine import END, START, TEXT, FakeEngine, citation, document, origin
from hypothesis import given
from hypothesis import strategies as st
from test_ui import PAYLOADS, tags_of, text_of

from app.originals import Original, content, original
from app.server import build_app
from app.ui.cards import card_html, digest
from app.ui.document_view import STEP, cited_span, more_html, view_html
from ingest.errors import UnreadableFileError
from ingest.formats.pdf_picture import leaf, picture
from ingest.formats.pdf_places import rectangles, rectangles_over
from ingest.formats.read_pdf import read_pdf
from ingest.text.blocks import split_blocks
from ingest.types import Document, Source

LINES = (
    "各省平均利用率约为百分之六十五这是全国",
    "口径，各地差别较大。",
    "规划机架三十万个。",
    "规划机架三十万个。目标在二〇二七年。",
)
SAME = Original("same", "brief.md")


def parsed(text):
    return Document("d1", Source("a.md", "0" * 64, "标题"), text, split_blocks(text))


def marks(page):
    return [html.unescape(found) for found in re.findall(r"<mark>(.*?)</mark>", page)]


# Where a passage stands on a page


def test_a_passage_has_one_box_for_each_line_that_it_stands_on():
    sheet = leaf(make_pdf([page(*LINES)]), 1)
    boxes = rectangles(sheet.chars, "平均利用率约为百分之六十五这是全国口径，")
    assert len(boxes) == 2
    first, second = boxes
    assert first[0] > 70 + 30 and second[0] < 75 and first[1] > second[3] - 10
    assert second[2] < first[2]


def test_one_of_two_equal_passages_is_told_by_its_neighbours_and_else_neither_is_marked():
    sheet = leaf(make_pdf([page(*LINES)]), 1)
    assert rectangles(sheet.chars, "规划机架三十万个。") == []
    (lower,) = rectangles(sheet.chars, "规划机架三十万个。", "规划机架三十万个。", "目标在二〇二七年。")
    (upper,) = rectangles(sheet.chars, "规划机架三十万个。", "口径，各地差别较大。", "规划机架三十万个。规划")
    assert lower[3] < upper[1] + 5
    assert rectangles(sheet.chars, "纸上没有的话。") == [] and rectangles(sheet.chars, "") == []


def test_what_is_drawn_twice_to_look_bold_is_one_place():
    bold = [(x + 0.4, y, size, text) for x, y, size, text in page(*LINES[:2])]
    sheet = leaf(make_pdf([[*page(*LINES[:2]), *bold]]), 1)
    assert len(rectangles(sheet.chars, "平均利用率约为百分之六十五这是全国口径，")) == 2


def test_a_passage_is_followed_over_the_pages_end_past_foot_and_head():
    foot = (70, 40, 9, "https://www.example.cn/zc/1.htm 1/2")
    one, two = [*page("前面一句。", "平均利用率约为百分之六十五，这是"), foot], page("全国口径。", "下一句话在这里。")
    data = make_pdf([[*one], [(70, 800, 9, "某某办公厅文件"), *two]])
    first, second = leaf(data, 1), leaf(data, 2)
    passage = "平均利用率约为百分之六十五，这是全国口径。"
    assert rectangles(first.chars, passage, "前面一句。") == []
    here, there = rectangles_over(first.chars, second.chars, passage, "前面一句。", "下一句话在这里。")
    assert len(here) == len(there) == 1 and here[0][2] > there[0][2]
    assert rectangles_over(first.chars, second.chars, "平均利用率约为百分之六十五，这是别的话。") == ([], [])


@pytest.mark.parametrize("turn", [0, 90, 180, 270])
def test_a_box_lies_on_the_ink_however_the_page_is_turned(turn):
    from io import BytesIO

    from PIL import Image

    data = make_pdf([page(*LINES)]).replace(b"/MediaBox", f"/Rotate {turn} /MediaBox".encode())
    sheet = leaf(data, 1)
    boxes = rectangles(sheet.chars, "目标在二〇二七年。", LINES[2])  # one a character, where the line runs upwards
    lowest, highest = zip(*((box[:2], box[2:]) for box in boxes), strict=True)
    box = (*np.min(lowest, 0), *np.max(highest, 0))
    shown = np.asarray(Image.open(BytesIO(picture(data, 1))).convert("L"))
    left, bottom, right, top = sheet.box
    scale = shown.shape[1] / (right - left)
    assert shown.shape[0] / (top - bottom) == pytest.approx(scale, rel=0.01)
    x0, x1 = int((box[0] - left) * scale), int((box[2] - left) * scale)
    y0, y1 = int((top - box[3]) * scale), int((top - box[1]) * scale)
    inside = shown[y0:y1, x0:x1]
    assert inside.size and (inside < 128).mean() > 0.01
    around = shown.copy()
    around[y0:y1, x0:x1] = 255
    assert (around < 128).sum() < (shown < 128).sum() - 50


def test_a_picture_of_a_huge_page_stays_small():
    data = make_pdf([page("一句话在这里。")]).replace(b"[0 0 595 842]", b"[0 0 14400 14400]")
    shown = picture(data, 1)
    assert shown.startswith(b"\x89PNG") and max(int.from_bytes(shown[16:20]), int.from_bytes(shown[20:24])) <= 1_600
    with pytest.raises(UnreadableFileError):
        picture(data, 2)


# Text in pieces


@given(
    st.lists(
        st.sampled_from([
            "# 总则", "## 第一章 发展", "第一条 本办法适用于算力。", "（一）推动降本。", "| 地区 | 数值 |", "| --- | --- |",
            "| 贵州 | 65% |", "平均利用率约65%。" * 40, "<b>&amp;</b> ${x}",
        ]), min_size=1, max_size=60,
    ), st.data(),
)  # fmt: skip
def test_the_pieces_hold_the_whole_text_and_the_mark_is_the_sentence(lines, data):
    shown = parsed("\n".join(lines))
    start = data.draw(st.integers(0, len(shown.text) - 1))
    span = (start, data.draw(st.integers(start + 1, min(len(shown.text), start + 200))))
    whole = view_html(shown, origin(), SAME, span, True, None, "zh").partition('<div class="pq-view-text"')[2]
    whole = whole.partition(">")[2]
    assert more_html(shown, 0, "before", None, "zh") == ""
    while more := re.search(r'<button[^>]*data-side="(\w+)" data-at="(\d+)">[^<]*</button>', whole):
        piece = more_html(shown, int(more[2]), more[1], span, "zh")
        assert len(piece) < 20 * STEP
        whole = whole.replace(more[0], piece)

    def bare(text):
        return re.sub(r"[\s|#]", "", re.sub(r"(?m)^\| --- \| --- \|$", "", text))

    assert bare(text_of(whole)) == bare(shown.text)
    cited = re.sub(r"[\s|#]", "", shown.text[slice(*span)])
    if "-" not in cited:  # the rule under a table's head is not shown
        assert re.sub(r"[\s|#]", "", "".join(marks(whole))) == cited or "#" in shown.text[span[0] - 7 : span[1]]


def test_the_sentence_is_marked_by_its_offsets_and_not_where_its_words_stand_first():
    shown = parsed("同一句话。中间。同一句话。末尾。")
    page = view_html(shown, origin(), SAME, (8, 13), True, None, "zh")
    assert "同一句话。中间。<mark>同一句话。</mark>末尾。" in page


def test_a_sentence_that_is_no_longer_at_its_place_is_not_marked_and_that_is_said():
    assert cited_span(document(), START, END, digest(TEXT[START:END])) == (START, END)
    assert cited_span(document(), START, END, digest("另一句")) is None
    assert cited_span(document(), START, 10_000, "") is None and cited_span(document(), -1, -1, "") is None
    page = view_html(document(), origin(), SAME, None, True, None, "zh")
    assert not marks(page) and "已不在原来的位置" in text_of(page)
    assert "已不在原来的位置" not in text_of(view_html(document(), origin(), SAME, None, False, None, "zh"))
    card = card_html(1, citation(quote="当时的话。"), document(), "en")
    assert marks(card) == ["当时的话。"] and "indexed again" in text_of(card)


def test_the_head_says_what_the_document_is_and_where_the_sentence_stands():
    shown = document(
        title="算力简报",
        issuer="某局",
        doc_number="某发〔2025〕1号",
        issued="2025-01-01",
        tier="统计",
        url="https://a.example/1",
    )
    head = text_of(view_html(shown, origin(validity="已废止（被《新办法》取代）"), SAME, (START, END), True, 3, "zh"))
    for part in (
        "算力简报",
        "某局",
        "某发〔2025〕1号",
        "2025-01-01",
        "统计",
        "第 3 页",
        "总体情况",
        "已废止（被《新办法》取代）",
    ):
        assert part in head
    for state, said in (("changed", "入库后有改动"), ("gone", "不在原处")):
        page = view_html(shown, origin(), Original(state, "brief.md"), (START, END), True, 3, "zh")
        assert said in text_of(page) and "/original" not in page
    web = view_html(
        shown, origin("https://a.example/2"), Original("web", "https://a.example/2"), None, False, None, "en"
    )
    assert 'href="https://a.example/2" target="_blank" rel="noopener noreferrer"' in web


@pytest.mark.parametrize("payload", [*PAYLOADS, "甲\u202egpj.exe", "长" * 10_000])
def test_a_hostile_document_is_text(payload):
    shown = document(
        text=f"{payload}\n# {payload}\n| {payload} | 值 |\n{TEXT}", title=payload, issuer=payload, url=payload
    )
    shown = replace(shown, blocks=split_blocks(shown.text))
    kept = origin(file=f"/nowhere/{payload[:80]}", validity=payload)
    page = view_html(shown, kept, original(kept), (0, 4), True, None, "zh")
    assert tags_of(page) <= {
        "div",
        "h2",
        "h3",
        "h4",
        "h5",
        "p",
        "span",
        "a",
        "mark",
        "button",
        "table",
        "tbody",
        "tr",
        "td",
    }
    assert not re.search(r"<[^>]*\son\w+\s*=", re.sub(r'"[^"]*"', '""', page))
    assert 'href="javascript' not in page and "\u202e" not in page and "${" not in page


# The file behind a document, and the routes


def kept_file(folder, name, data):
    path = folder / name
    path.write_bytes(data)
    return path, origin(str(path.resolve()), hashlib.sha256(data).hexdigest())


def client_of(engine):
    from fastapi.testclient import TestClient

    return TestClient(build_app(engine), base_url="http://127.0.0.1:7860")


def test_the_original_is_given_while_it_is_the_one_indexed(tmp_path):
    path, kept = kept_file(tmp_path, "brief.md", TEXT.encode())
    engine = FakeEngine(kept=kept)
    client = client_of(engine)
    reply = client.get("/source/d1/original")
    assert reply.content == TEXT.encode() and reply.headers["content-disposition"].startswith("attachment; ")
    assert reply.headers["content-type"] == "application/octet-stream"
    assert (
        reply.headers["x-content-type-options"] == "nosniff" and "sandbox" in reply.headers["content-security-policy"]
    )
    path.write_bytes(b"another text")
    for language, said in (("zh", "入库后有改动"), ("en", "has changed")):
        reply = client.get(f"/source/d1/original?lang={language}")
        assert reply.status_code == 410 and said in reply.text and b"another" not in reply.content
    path.unlink()
    assert "不在原处" in client.get("/source/d1/original").text
    assert original(kept).state == "gone"
    path.mkdir()
    assert original(kept).state == "gone"
    assert client.get("/source/d2/original").status_code == 404
    assert client.get(f"/source/{path}/original").status_code == 404
    assert client.get("/source/..%2F..%2Fetc%2Fpasswd/original").status_code == 404


@pytest.mark.parametrize(
    ("name", "data", "way", "kind"),
    [
        ("a.html", b"<!doctype html><script>alert(1)</script>", "attachment", "application/octet-stream"),
        ("a.png", b"<html><script>alert(1)</script></html>", "attachment", "application/octet-stream"),
        ("a.svg", b'<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>', "attachment", "application/octet-stream"),
        ("表 \"1\"\r\nx: y.bin", b"\x89PNG\r\n\x1a\n0000", "inline", "image/png"),
        ("a.txt", b"%PDF-1.7 %%EOF", "inline", "application/pdf"),
    ],
)  # fmt: skip
def test_a_file_is_shown_by_what_it_is_and_not_by_its_name(tmp_path, name, data, way, kind):
    _, kept = kept_file(tmp_path, name, data)
    reply = client_of(FakeEngine(kept=kept)).get("/source/d1/original")
    assert reply.headers["content-type"] == kind and "x" not in reply.headers
    assert re.fullmatch(rf"{way}; filename\*=UTF-8''[A-Za-z0-9._~%-]+", reply.headers["content-disposition"])


def test_a_file_of_many_documents_is_known_by_its_own_hash(tmp_path):
    path, _ = kept_file(tmp_path, "many.csv", "标题,正文\n甲,乙".encode())
    version = hashlib.sha256(path.read_bytes()).hexdigest()
    kept = origin(str(path), "f" * 64, version=version, key=f"{path}#1")
    assert original(kept).state == "same" and content(kept) == path.read_bytes()
    assert original(replace(kept, version="0" * 64)).state == "changed"
    assert original(replace(kept, version="")).state == "gone"


def pdf_engine(tmp_path):
    data = make_pdf([page(*LINES), page("第二页的话在这里。")])
    text = read_pdf(data).text.replace("\uf8ff", "")
    path, kept = kept_file(tmp_path, "plan.pdf", data)
    return FakeEngine(kept=kept, shown=replace(document(text=text), blocks=split_blocks(text, ((0, 1),)))), text, path


def test_a_pdf_page_is_a_picture_with_the_sentence_drawn(tmp_path):
    engine, text, path = pdf_engine(tmp_path)
    client = client_of(engine)
    start = text.index("目标")
    place = f"start={start}&end={start + 9}&cited=1&lang=en"
    assert 'data-mode="page"' in client.get(f"/source/d1?{place}").text
    shown = client.get(f"/source/d1/page/1?{place}").text
    assert shown.count('class="pq-box"') == 1 and "page 1 of 2" in shown and "certain" not in shown
    assert 'class="pq-box"' not in client.get(f"/source/d1/page/2?{place}").text
    elsewhere = (
        client_of(replace(engine, shown=document())).get(f"/source/d1/page/1?start={START}&end={END}&cited=1").text
    )
    assert "无法确定" in elsewhere and 'class="pq-box"' not in elsewhere and "/page/1.png" in elsewhere
    drawn = client.get("/source/d1/page/1.png")
    assert drawn.headers["content-type"] == "image/png" and drawn.content.startswith(b"\x89PNG")
    assert client.get("/source/d1/page/3.png").status_code == 404
    path.write_bytes(path.read_bytes() + b"\n")
    assert client.get("/source/d1/page/1.png").status_code == 404
    assert "无法显示" in client.get(f"/source/d1/page/1?{place[:-8]}").text


def test_a_sentence_over_the_pages_end_is_drawn_on_both_pages(tmp_path):
    _, kept = kept_file(
        tmp_path,
        "plan.pdf",
        make_pdf([page("前面的一句话。", "平均利用率约为百分之六十五，这是"), page("全国口径。", "下一句话在这里。")]),
    )
    text = "前面的一句话。\n平均利用率约为百分之六十五，这是全国口径。\n下一句话在这里。"
    client = client_of(FakeEngine(kept=kept, shown=parsed(text)))
    first, second = (client.get(f"/source/d1/page/{n}?start=8&end=29&cited=1&lang=en").text for n in (1, 2))
    assert first.count('class="pq-box"') == second.count('class="pq-box"') == 1
    assert "goes on over the page" in first and "goes on over the page" not in second


def test_the_routes_give_pieces_and_refuse_nonsense(tmp_path):
    client = client_of(FakeEngine())
    shown = client.get(f"/source/d1?start={START}&end={END}&sum={digest(TEXT[START:END])}&lang=en")
    assert marks(shown.text) == [TEXT[START:END]] and "Read" not in shown.text
    assert shown.headers["cross-origin-resource-policy"] == "same-origin"
    assert "has been removed" not in shown.text and client.get("/source/d2").status_code == 404
    assert client.get("/source/d1/text?at=0&side=after").text.count("<p>") == 1
    for bad in ("start=x", "start=-5", "end=99999999999999999999", "lang=fr", "page=-1"):
        assert client.get(f"/source/d1?{bad}").status_code == 422
    assert client.get("/source/d1/page/1").status_code == 200  # no PDF: a word on it, not an error
    assert client.get("/source/d1", headers={"host": "evil.example"}).status_code == 421
