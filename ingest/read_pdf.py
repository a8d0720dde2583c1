"""PDF files with a text layer: pages, running heads off, lines joined into paragraphs. The home of pypdfium2."""

import ctypes
import re
import threading
import unicodedata
from dataclasses import dataclass
from statistics import median
from typing import Any

from ingest.errors import UnreadableFileError
from ingest.pdf_lines import PAGE_MARK, Line, in_reading_order, join_pages, without_running_lines
from ingest.pdf_tables import Char, Rule, lift_tables

MAX_PAGES, MAX_CHARS = 2_000, 10_000_000
_MIN_PAGE_CHARS = 5  # on average, below it the pages are pictures
_MAX_GARBLED = 0.05
_VIEWER = re.compile(r"(?i)please\s+wait\s*\.{2,3}|the document you are trying to load requires")
_SENTENCE = re.compile(r"[。！？；!?;]|\.(?=\s|$)")
_MIN_OUTLINE_LINES, _OUTLINE_SHARE = 20, 0.05
_ADDRESS = re.compile(r"https?://[^\s，。；]+")
_MAX_PATHS, _MAX_SEGMENTS, _MAX_BAR = 3_000, 3_000, 2.5
_NO_LAYER = "暂不支持文字识别（OCR），请先转换为可选中文字的 PDF"
_LOCK = threading.Lock()  # PDFium must not run in two threads at once


@dataclass(frozen=True, slots=True)
class PdfText:
    """Paragraphs of a PDF, one a line, with pdf_lines.PAGE_MARK where a page begins.

    `title` is the file's own where its first pages state it too, else "". `address` is that of a printed web page.
    `notes`: "outline-only", "garbled", "pages-without-text".
    """

    text: str
    title: str
    address: str
    notes: tuple[str, ...]


def read_pdf(data: bytes) -> PdfText:
    """Read the text layer of a PDF file's bytes.

    Raises UnreadableFileError: not a PDF, truncated, encrypted, damaged, over 2,000 pages or 10 million characters, no
    text layer, an empty viewer ("Please wait...").
    """
    if b"%PDF-" not in data[:1024]:
        raise UnreadableFileError("不是 PDF 文件", "文件开头没有 PDF 标记，请检查扩展名是否写对")
    if b"%%EOF" not in data[-4096:]:
        raise UnreadableFileError("PDF 文件不完整", "文件末尾缺失，可能没有下载完，请重新获取")
    with _LOCK:
        pages, stated = _extract(data)
    notes = ["garbled"] if _garbled(pages) else []
    kept, removed = without_running_lines([in_reading_order(lines) for lines in pages])
    chars = sum(len(line.text) for lines in kept for line in lines)
    if chars < _MIN_PAGE_CHARS * len(kept):
        raise UnreadableFileError("没有文字层（可能是扫描件）", _NO_LAYER)
    text = join_pages(kept)
    if len(text) < 3_000 and _VIEWER.search(text):
        raise UnreadableFileError(
            "没有文字层（只有“Please wait...”提示页）", "用 Adobe Reader 打开后另存为普通 PDF 再导入"
        )
    if _is_outline(text):
        notes.append("outline-only")
    if any(not lines for lines in kept):  # a picture, or blank
        notes.append("pages-without-text")
    address = next((found[0] for line in removed if (found := _ADDRESS.search(line))), "")
    return PdfText(text, _own_title(stated, text[:3_000]), address, tuple(notes))


def _extract(data: bytes) -> tuple[list[list[Line]], str]:
    """Return (lines by page in the order stored, the title in the file's properties)."""
    import pypdfium2

    try:
        document = pypdfium2.PdfDocument(data)
    except pypdfium2.PdfiumError as error:
        raise _refusal(error) from error
    try:
        if len(document) > MAX_PAGES:
            raise UnreadableFileError(f"页数过多：{len(document)} 页", f"上限为 {MAX_PAGES} 页，请拆分后再导入")
        pages: list[list[Line]] = []
        chars = 0
        for number in range(len(document)):
            pages.append(_page_lines(document, number))
            chars += sum(len(line.text) for line in pages[-1])
            if chars > MAX_CHARS:
                raise UnreadableFileError("文字过多", f"上限为 {MAX_CHARS // 10_000} 万字，请拆分后再导入")
        if not pages:
            raise UnreadableFileError("PDF 没有页面", "文件可能已损坏，请重新获取")
        return pages, document.get_metadata_value("Title")
    finally:
        document.close()


def _refusal(error: Exception) -> UnreadableFileError:
    if "password" in str(error).lower() or "security" in str(error).lower():
        return UnreadableFileError("PDF 已加密，需要密码", "请先去除密码再导入")
    return UnreadableFileError("PDF 文件已损坏，无法打开", "请重新获取该文件")


def _page_lines(document: Any, number: int) -> list[Line]:
    import pypdfium2

    try:
        page = document[number]
        text_page = page.get_textpage()
        turn = page.get_rotation()
        items = lift_tables(_characters(text_page.raw, turn), _rules(page, turn))
    except pypdfium2.PdfiumError as error:
        raise UnreadableFileError(f"PDF 第 {number + 1} 页已损坏", "请重新获取该文件") from error
    lines: list[Line] = []
    held: list[Char] = []
    for item in [*items, ("\n", 0.0, 0.0, 0.0, 0.0)]:
        if not isinstance(item, Line) and item[0] not in "\r\n":
            held.append(item)
            continue
        if held and (line := _line(held)):
            lines.append(line)
        held = []
        if isinstance(item, Line):
            lines.append(item)
    text_page.close()
    page.close()
    return lines


def _characters(handle: Any, turn: int) -> list[Char]:
    """Each character and its box as the page is seen; PDFium adds line ends and blanks itself."""
    from pypdfium2 import raw

    box = raw.FS_RECTF()
    pointer = ctypes.byref(box)
    found = []
    for at in range(min(raw.FPDFText_CountChars(handle), MAX_CHARS + 1)):
        char = _character(raw.FPDFText_GetUnicode(handle, at))
        raw.FPDFText_GetLooseCharBox(handle, at, pointer)
        left, bottom, right, top = _turned(box.left, box.bottom, box.right, box.top, turn)
        found.append((char, left, right, bottom, top))
    return found


def _turned(x0: float, y0: float, x1: float, y1: float, turn: int) -> Rule:
    """A box on the page as it is seen, for a page shown turned by 90, 180 or 270 degrees."""
    if turn == 90:
        return y0, -x1, y1, -x0
    if turn == 180:
        return -x1, -y1, -x0, -y0
    return (-y1, x0, -y0, x1) if turn == 270 else (x0, y0, x1, y1)


def _rules(page: Any, turn: int) -> list[Rule]:
    """Straight lines along the axes that are drawn on a page: strokes, and filled bars as thin as a stroke."""
    from pypdfium2 import raw

    rules: list[Rule] = []
    fill, stroke = ctypes.c_int(), ctypes.c_int()
    for done, item in enumerate(page.get_objects(filter=[raw.FPDF_PAGEOBJ_PATH], max_depth=1)):
        if done > _MAX_PATHS or raw.FPDFPath_CountSegments(item.raw) > _MAX_SEGMENTS:  # a drawing
            return []
        raw.FPDFPath_GetDrawMode(item.raw, fill, stroke)
        if stroke.value:
            found = _edges(item)
        else:
            x0, y0, x1, y1 = item.get_bounds()
            found = [(x0, y0, x1, y1)] if fill.value and min(x1 - x0, y1 - y0) < _MAX_BAR else []
        rules += [_turned(*rule, turn) for rule in found]
    return rules


def _edges(item: Any) -> list[Rule]:
    """Return the segments of a path that run along an axis."""
    from pypdfium2 import raw

    x, y = ctypes.c_float(), ctypes.c_float()
    matrix = item.get_matrix()
    rules: list[Rule] = []
    last = first = (0.0, 0.0)
    for at in range(raw.FPDFPath_CountSegments(item.raw)):
        segment = raw.FPDFPath_GetPathSegment(item.raw, at)
        raw.FPDFPathSegment_GetPoint(segment, x, y)
        here = matrix.on_point(x.value, y.value)
        kind = raw.FPDFPathSegment_GetType(segment)
        first = here if kind == raw.FPDF_SEGMENT_MOVETO else first
        ends = [(last, here)] if kind == raw.FPDF_SEGMENT_LINETO else []
        if raw.FPDFPathSegment_GetClose(segment):
            ends.append((here, first))
        for (ax, ay), (bx, by) in ends:
            if abs(ax - bx) < 1 or abs(ay - by) < 1:
                rules.append((min(ax, bx), min(ay, by), max(ax, bx), max(ay, by)))
        last = here
    return rules


def _character(code: int) -> str:
    if code == 2:
        return "-"  # what PDFium makes of a hyphen at a line's end
    if code == 0 or code > 0x10FFFF or 0xD800 <= code < 0xE000 or chr(code) == PAGE_MARK:
        return "\ufffd"
    return chr(code)


def _line(chars: list[Char]) -> Line | None:
    text = "".join(char[0] for char in chars).replace("\u00a0", " ").strip()
    inked = [char for char in chars if not char[0].isspace() and char[2] > char[1]]
    if not text:
        return None
    if not inked:
        return Line(text, 0.0, 0.0, 0.0, 0.0, 10.0)
    wide = [right - left for char, left, right, _, _ in inked if "\u2e80" <= char <= "\u9fff"]
    size = median(wide) if wide else 0.75 * median(top - bottom for _, _, _, bottom, top in inked)
    return Line(text, min(c[1] for c in inked), max(c[2] for c in inked), median(c[3] for c in inked),
                median(c[4] for c in inked), max(size, 1.0))  # fmt: skip


def _garbled(pages: list[list[Line]]) -> bool:
    text = "".join(line.text for lines in pages for line in lines)
    bad = sum(1 for char in text if char == "\ufffd" or unicodedata.category(char) in ("Co", "Cn", "Cc"))
    return bad > _MAX_GARBLED * max(1, len(text))


def _is_outline(text: str) -> bool:
    """Tell chapter titles without their text: hardly a line holds the end of a sentence."""
    lines = [line for line in text.split("\n") if line.strip(f"{PAGE_MARK} ")]
    ending = sum(1 for line in lines if _SENTENCE.search(line))
    return len(lines) >= _MIN_OUTLINE_LINES and ending < _OUTLINE_SHARE * len(lines)


def _own_title(stated: str, head: str) -> str:
    """Return the title in the file's properties, without the site's name, if the text states it as well, else ""."""
    title = re.split(r"[_|]", stated.strip())[0].strip()
    return title if 5 <= len(title) <= 90 and _bare(title) in _bare(head) else ""


def _bare(text: str) -> str:
    return re.sub(r"\s", "", text).replace(PAGE_MARK, "")
