"""What a PDF file holds of each page: characters with their places, drawn lines, pictures. The home of pypdfium2."""

import ctypes
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ingest.errors import UnreadableFileError
from ingest.formats.pdf_checks import garbled_share
from ingest.formats.pdf_lines import PAGE_MARK, Line
from ingest.formats.pdf_tables import Char, Rule, lift_tables, lines_of

MAX_PAGES, MAX_CHARS = 2_000, 10_000_000
_GARBLED_PAGE = 0.15  # share of garbled characters above which a page's text layer is of no use
_FEW_CHARS = 300
_DPI, _MAX_SIDE = 170, 3_000
_MAX_PATHS, _MAX_SEGMENTS, _MAX_PICTURES, _MAX_BAR = 3_000, 3_000, 300, 2.5
_LOCK = threading.Lock()  # PDFium must not run in two threads at once


@dataclass(frozen=True, slots=True)
class Sheet:
    """A page's text layer: lines with its tables made rows, and lines as stored."""

    lines: list[Line]
    stored: list[Line]
    covered: float  # share of the page under pictures, 0..1; 0 for a page full of text
    box: Rule  # the page as it is seen, in points
    chars: int
    garbled: bool  # too much of it is no text


@contextmanager
def opened(data: bytes) -> Iterator[Any]:
    """Open a PDF file. Raises UnreadableFileError: encrypted, damaged."""
    import pypdfium2

    with _LOCK:
        try:
            document = pypdfium2.PdfDocument(data)
        except pypdfium2.PdfiumError as error:
            raise _refusal(error) from error
    try:
        yield document
    finally:
        with _LOCK:
            document.close()


def _refusal(error: Exception) -> UnreadableFileError:
    if "password" in str(error).lower() or "security" in str(error).lower():
        return UnreadableFileError("PDF 已加密，需要密码", "请先去除密码再导入")
    return UnreadableFileError("PDF 文件已损坏，无法打开", "请重新获取该文件")


def _damaged(number: int) -> UnreadableFileError:
    return UnreadableFileError(f"PDF 第 {number + 1} 页已损坏", "请重新获取该文件")


def sheets_of(document: Any) -> tuple[list[Sheet], str]:
    """Return (the text layer of each page, the title in the file's properties).

    Raises UnreadableFileError: no pages, a damaged one, over MAX_PAGES or MAX_CHARS.
    """
    with _LOCK:
        return _sheets(document)


def rendered(
    document: Any, number: int, box: Rule, dpi: int = _DPI, max_side: int = _MAX_SIDE
) -> tuple[NDArray[np.uint8], float]:
    """Return (the picture of a page, blue-green-red, points of a pixel). Raises UnreadableFileError for a damaged page."""
    with _LOCK:
        return _rendered(document, number, box, dpi, max_side)


def layer_of(document: Any, number: int) -> tuple[list[Char], Rule]:
    """Return (the characters of a page's text layer as stored, the page as it is seen), in points; pages count from 0.

    Raises UnreadableFileError for a damaged page.
    """
    import pypdfium2

    with _LOCK:
        try:
            page = document[number]
            text_page, turn = page.get_textpage(), page.get_rotation()
            x0, y0, x1, y1 = page.get_bbox()
            return _characters(text_page.raw, turn), _turned(x0, y0, x1, y1, turn)
        except pypdfium2.PdfiumError as error:
            raise _damaged(number) from error


def _sheets(document: Any) -> tuple[list[Sheet], str]:
    if len(document) > MAX_PAGES:
        raise UnreadableFileError(f"页数过多：{len(document)} 页", f"上限为 {MAX_PAGES} 页，请拆分后再导入")
    sheets: list[Sheet] = []
    chars = 0
    for number in range(len(document)):
        sheets.append(_sheet(document, number))
        chars += sheets[-1].chars
        if chars > MAX_CHARS:
            raise UnreadableFileError("文字过多", f"上限为 {MAX_CHARS // 10_000} 万字，请拆分后再导入")
    if not sheets:
        raise UnreadableFileError("PDF 没有页面", "文件可能已损坏，请重新获取")
    return sheets, document.get_metadata_value("Title")


def _sheet(document: Any, number: int) -> Sheet:
    import pypdfium2

    try:
        page = document[number]
        text_page = page.get_textpage()
        turn = page.get_rotation()
        chars = _characters(text_page.raw, turn)
        items = lift_tables(chars, _rules(page, turn))
        lines = lines_of(items)
        stored = lines if len(items) == len(chars) else lines_of(chars)
        text = "".join(line.text for line in lines)
        few = len(text) < _FEW_CHARS
        x0, y0, x1, y1 = page.get_bbox()
        box = _turned(x0, y0, x1, y1, turn)
        garbled = garbled_share(text) > _GARBLED_PAGE
        return Sheet(lines, stored, _covered(page) if few else 0.0, box, len(text), garbled)
    except pypdfium2.PdfiumError as error:
        raise _damaged(number) from error


def _covered(page: Any) -> float:
    """Share of the page that its pictures cover, 0..1; overlaps count twice."""
    from pypdfium2 import raw

    left, bottom, right, top = page.get_bbox()
    area = 0.0
    for done, item in enumerate(page.get_objects(filter=[raw.FPDF_PAGEOBJ_IMAGE], max_depth=3)):
        if done >= _MAX_PICTURES:
            break
        x0, y0, x1, y1 = item.get_bounds()
        area += max(0.0, min(x1, right) - max(x0, left)) * max(0.0, min(y1, top) - max(y0, bottom))
    return float(min(1.0, area / max(1.0, (right - left) * (top - bottom))))


def _rendered(document: Any, number: int, box: Rule, dpi: int, max_side: int) -> tuple[NDArray[np.uint8], float]:
    import pypdfium2

    side = max(box[2] - box[0], box[3] - box[1], 1.0)
    scale = min(dpi / 72, max_side / side)
    try:
        picture = document[number].render(scale=scale, rev_byteorder=False).to_numpy()
    except pypdfium2.PdfiumError as error:
        raise _damaged(number) from error
    picture = np.repeat(picture.reshape(*picture.shape[:2], -1)[:, :, :1], 3, 2) if picture.ndim == 2 else picture
    return np.ascontiguousarray(picture[:, :, :3]), 1 / scale


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
