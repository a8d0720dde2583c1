"""The health of a document: nothing is silently ready."""

from collections import Counter

from ingest.health import FLAGS, assess, in_words, lost_numbers
from ingest.read import RawText
from ingest.types import Chunk, Health, Sentence


def health(text, layer=None, indexed=None, notes=(), pages=(), ocr=(), meta=None):
    kept = text if indexed is None else indexed
    chunk = Chunk("c", "d", kept, 0, len(kept), (Sentence(0, len(kept)),))
    raw = RawText(
        text, "题", meta or {}, "utf-8", tuple(notes), tuple(pages), "", text if layer is None else layer, tuple(ocr)
    )
    return assess(raw, text, (chunk,))


LONG = "到2027年，全省算力规模达到98.5EFLOPS，机架超30万个，投资5,000亿元，比上年增长３．５％，覆盖80％以上的县，惠及1200万人。"


def test_a_whole_document_has_no_flags():
    found = health(LONG)
    assert found == Health(numbers=7) and in_words(found) == "ok"


def test_a_lost_number_is_listed():
    found = health(LONG, indexed=LONG.replace("98.5", "").replace("1200万", "许多"))
    assert found.flags == ("numbers-lost",) and found.lost_numbers == ("98.5", "1200")
    assert in_words(found) == "有数字未能进入索引（98.5、1200）"


def test_addresses_registrations_and_what_became_metadata_are_no_loss():
    layer = (
        "http://www.example.cn/2025-10/c_1761819.htm\n2025-10-10 17:28:16\n京ICP备14042428号-1 京公网安备 11040102700108号\n"
        "发布时间：2025-10-09\n" + LONG
    )
    assert health(LONG, layer, meta={"date": "2025-10-09"}).lost_numbers == ()
    assert health(LONG, layer).lost_numbers == ("2025", "10", "09")


def test_a_number_broken_over_two_lines_is_whole_again():
    assert lost_numbers(Counter(["30", "20", "27"]), Counter(["30", "2027"])) == []
    assert lost_numbers(Counter(["20", "28"]), Counter(["2027"])) == ["28"]


def test_pages_garbled_text_and_ocr_are_told():
    text = LONG + "\n" + "\ue123\ufffd" + LONG
    found = health(
        text, notes=("pages-without-text",), pages=((0, 1), (len(LONG) + 1, 2), (len(LONG) + 1, 3)), ocr=((3, 0.91),)
    )
    assert found.pages == ((1, len(LONG) + 1), (2, 0), (3, len(LONG) + 2)) and found.garbled > 0.01
    assert found.flags == ("garbled", "pages-without-text", "ocr")
    assert in_words(found) == "文字层有乱码；部分页面没有文字（第 2 页）；含文字识别（OCR）得到的内容，平均可信度 0.91"


def test_short_texts_are_told_and_repairs_are_no_defect():
    assert health("很短。").flags == ("too-short",)
    assert health(LONG, notes=("pinyin-gloss", "traditional-to-simplified", "self-media-disclaimer")).flags == ()
    assert all(sentence and not sentence.endswith("。") for sentence in FLAGS.values())
