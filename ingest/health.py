"""How whole is a document: characters by page, garbled characters, numbers that got lost, and what reading found wrong.

A document is never silently ready: whatever is not as it should be has a flag, and the flag a sentence for the user.
"""

import re
import unicodedata
from collections import Counter
from collections.abc import Sequence
from itertools import islice, pairwise

from ingest.read import RawText
from ingest.types import Chunk, Health

# Worst first. The names are stable (JSON), the sentences are shown.
FLAGS = {
    "outline-only": "只有提纲，没有正文",
    "digest": "是摘编，不是原文",
    "truncated": "正文不完整，结尾缺失",
    "garbled": "文字层有乱码",
    "pages-without-text": "部分页面没有文字",
    "ocr-weak": "部分页面文字识别可信度低，请核对原件",
    "ocr-limit": "扫描页过多，只识别了前面的部分",
    "numbers-lost": "有数字未能进入索引",
    "pinyin-gloss-lossy": "修复乱码时有个别字无法恢复",
    "utf-8-replaced": "有无法解码的字节",
    "altchunk-unread": "嵌入的部分内容未能读取",
    "formula-without-value": "有公式没有保存计算结果",
    "parts-missing": "章节或幻灯片在文件里缺失",
    "object-not-read": "嵌入的对象未读取",
    "chart-not-read": "图表未读取",
    "numbering-lost": "自动编号未能还原",
    "hidden-rows": "含隐藏的行或工作表",
    "hidden-slides": "含隐藏的幻灯片",
    "html-without-trafilatura": "网页正文按密度提取",
    "too-short": "正文过短",
    "ocr": "含文字识别（OCR）得到的内容",
}
_MAX_LOST = 50  # lost numbers listed
_MIN_CHARS = 50
_GARBLED_SHARE = 0.005
_NUMBER = re.compile(r"\d+(?:[.,]\d+)*")
# Digits that state nothing: addresses, a site's registration numbers, the time of a web page, a database's own codes.
_NO_FACT = re.compile(
    r"[a-z]{2,6}://[!-~]+|www\.[!-~]+|[^\s。，]{0,4}(?:ICP|公网安)备\s*\d+号?(?:-\d+)?|网站标识码[:：]?\s*\w+"
    r"|(?:19|20)\d{2}[-/.年]\d{1,2}[-/.月]\d{1,2}日? \d{1,2}:\d{2}(?::\d{2})?|CLI(?:\.\d+)+(?:\([A-Z]+\))?"
)


def assess(raw: RawText, text: str, chunks: Sequence[Chunk], notes: Sequence[str] = ()) -> Health:
    """Return the health of a document from what was read (`raw`), its text and its chunks; `notes` are further flags."""
    numbers = _numbers(raw.layer)
    kept = [chunk.text for chunk in chunks] + [
        str(value) for value in raw.meta.values()
    ]  # a page's date is kept as such
    lost = lost_numbers(numbers, _numbers("\n".join(kept)), _MAX_LOST)
    garbled = _garbled_share(text)
    found = {*raw.notes, *notes}
    if garbled > _GARBLED_SHARE:
        found.add("garbled")
    if lost:
        found.add("numbers-lost")
    if len(text) < _MIN_CHARS:
        found.add("too-short")
    if raw.ocr:
        found.add("ocr")
    return Health(
        pages=_chars_by_page(raw.pages, len(text)),
        garbled=round(garbled, 4),
        ocr=raw.ocr,
        numbers=numbers.total(),
        lost_numbers=tuple(lost),
        flags=tuple(name for name in FLAGS if name in found),
    )


def in_words(health: Health) -> str:
    """Return "ok", or what is wrong with a document, in words."""
    parts = []
    for name in health.flags:
        text = FLAGS.get(name, name)
        if name == "numbers-lost":
            text += f"（{'、'.join(health.lost_numbers[:8])}）"
        elif name == "pages-without-text":
            empty = [str(page) for page, chars in health.pages if not chars]
            text += f"（第 {'、'.join(empty[:8])} 页）" if empty else ""
        elif name == "ocr":
            text += f"，平均可信度 {sum(c for _, c in health.ocr) / len(health.ocr):.2f}"
        parts.append(text)
    return "；".join(parts) or "ok"


def _numbers(text: str) -> Counter[str]:
    """Numbers that a text states, each as often as it stands there; full-width digits count as digits."""
    plain = _NO_FACT.sub(" ", unicodedata.normalize("NFKC", text))
    return Counter(found.rstrip(".,") for found in _NUMBER.findall(plain))


def lost_numbers(before: Counter[str], after: Counter[str], most: int | None = None) -> list[str]:
    """Return the numbers of `before` that `after` does not hold at all, in order of first occurrence; the first `most`."""
    joined = "\n".join(after)  # a number broken over two lines is whole again afterwards
    return list(islice((number for number in before if number not in after and number not in joined), most))


def _garbled_share(text: str) -> float:
    odd = sum(1 for char in text if char == "\ufffd" or unicodedata.category(char) in {"Co", "Cn", "Cs"})
    return odd / len(text) if text else 0.0


def _chars_by_page(pages: Sequence[tuple[int, int]], end: int) -> tuple[tuple[int, int], ...]:
    bounds = [*pages, (end, 0)]
    return tuple((number, following - start) for (start, number), (following, _) in pairwise(bounds))
