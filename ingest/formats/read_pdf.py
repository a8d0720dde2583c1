"""PDF files: the text layer by pages, and recognition of the pages that have none."""

from typing import Any

from ingest.errors import MissingPartError, UnreadableFileError
from ingest.formats.ocr import INSTALL, MAX_OCR_PAGES, Scan, read_scan
from ingest.formats.pdf_checks import garbled_share, is_outline, is_viewer, own_title
from ingest.formats.pdf_layer import Sheet, opened, rendered, sheets_of
from ingest.formats.pdf_lines import (
    PAGE_MARK,
    PRINTED_ADDRESS,
    Line,
    covers,
    in_reading_order,
    layer_text,
    without_running_lines,
)
from ingest.formats.pdf_paragraphs import join_pages
from ingest.formats.scan_image import is_blank
from ingest.formats.scan_lines import in_order
from ingest.types import Part

_MIN_PAGE_CHARS = 5  # below it a page is a picture, or blank
_STAMP_CHARS, _MOST = 60, 0.5  # as few on a page mostly covered by a picture: a scanner's mark, or a photo's caption
_MAX_GARBLED = 0.05  # share of a file's characters


def read_pdf(data: bytes) -> Part:
    """Read a PDF file's bytes: its text layer, and by OCR the pages without one or with a garbled one.

    `meta` has "title", the file's own where its first pages state it too, and "url", that of a printed web page.
    `notes`: "outline-only", "garbled", "pages-without-text" (pictures left unread, for want of rapidocr or over the
    limit), "ocr-weak", "ocr-limit". A blank page is no defect. `layer` holds the lines as stored, without running
    heads, feet and page numbers; for a page read by OCR, as recognised.

    Raises UnreadableFileError: not a PDF, truncated, encrypted, damaged, over 2,000 pages or 10 million characters, no
    text, an empty viewer ("Please wait...").
    """
    if b"%PDF-" not in data[:1024]:
        raise UnreadableFileError("不是 PDF 文件", "文件开头没有 PDF 标记，请检查扩展名是否写对")
    if b"%%EOF" not in data[-4096:]:
        raise UnreadableFileError("PDF 文件不完整", "文件末尾缺失，可能没有下载完，请重新获取")
    with opened(data) as document:
        sheets, stated = sheets_of(document)
        pages = [in_reading_order(sheet.lines) for sheet in sheets]
        kept, removed = without_running_lines(pages)
        scans, unread, notes = _read_scans(
            document, sheets, [n for n, s in enumerate(sheets) if _wants_ocr(s, kept[n])]
        )
    for number, scan in scans.items():
        pages[number] = _merged(sheets[number], scan)
    if scans:
        kept, removed = without_running_lines(pages)
    _check_any_text(kept, unread, bool(scans))
    text = join_pages(kept)
    if is_viewer(text):
        raise UnreadableFileError(
            "没有文字层（只有“Please wait...”提示页）", "用 Adobe Reader 打开后另存为普通 PDF 再导入"
        )
    left = any(sheets[number].garbled for number in {*range(len(sheets))} - scans.keys())
    if left or garbled_share(text.replace(PAGE_MARK, "")) > _MAX_GARBLED:
        notes.insert(0, "garbled")
    if is_outline(text):
        notes.append("outline-only")
    if any(removed):
        notes.append("print-frame")
    address = next((found[0] for gone in removed for line in gone if (found := PRINTED_ADDRESS.search(line.text))), "")
    meta = {"title": own_title(stated, text[:3_000]), "url": address}
    stored = [_stored(sheet, scans.get(number)) for number, sheet in enumerate(sheets)]
    return Part(
        text, {key: value for key, value in meta.items() if value}, encoding="pdf", notes=tuple(notes), paged=True,
        layer=layer_text(stored, removed),
        ocr=tuple((number + 1, round(scan.confidence, 3)) for number, scan in sorted(scans.items())),
    )  # fmt: skip


def _check_any_text(kept: list[list[Line]], unread: list[int], tried: bool) -> None:
    chars = sum(len(line.text) for lines in kept for line in lines)
    if unread and not tried and chars < _MIN_PAGE_CHARS * len(kept):
        raise UnreadableFileError("没有文字层（可能是扫描件）", INSTALL)
    if chars < _MIN_PAGE_CHARS:
        if tried:
            raise UnreadableFileError("没有文字层，文字识别（OCR）也没有读出文字", "扫描件可能太模糊，请换清晰的版本")
        raise UnreadableFileError("PDF 里没有文字", "所有页面都是空白的")


def _wants_ocr(sheet: Sheet, kept: list[Line]) -> bool:
    """Tell a page without a text layer worth the name: none, a scanner's mark on a picture, or a garbled one."""
    chars = sum(len(line.text) for line in kept)
    return chars < _MIN_PAGE_CHARS or (chars < _STAMP_CHARS and sheet.covered > _MOST) or sheet.garbled


def _read_scans(document: Any, sheets: list[Sheet], wanted: list[int]) -> tuple[dict[int, Scan], list[int], list[str]]:
    """Return (recognised pages by number from 0, pages with pictures left unread, notes)."""
    scans: dict[int, Scan] = {}
    unread: list[int] = []
    notes: list[str] = []
    tried, missing = 0, False
    for number in wanted:
        if (missing or tried >= MAX_OCR_PAGES) and sheets[number].covered > _MOST and not sheets[number].garbled:
            unread.append(number)
            continue
        image, scale = rendered(document, number, sheets[number].box)
        if is_blank(image):
            continue
        if not missing and tried < MAX_OCR_PAGES:
            tried += 1
            try:
                scan = read_scan(image, sheets[number].box[0], sheets[number].box[3], scale)
            except MissingPartError:
                missing = True
            else:
                if _is_better(scan, sheets[number]):
                    scans[number] = scan
                continue
        if not sheets[number].garbled:
            unread.append(number)
    if unread:
        notes.append("pages-without-text")
    if any(scan.weak for scan in scans.values()):
        notes.append("ocr-weak")
    if tried >= MAX_OCR_PAGES and unread:
        notes.append("ocr-limit")
    return scans, unread, notes


def _is_better(scan: Scan, sheet: Sheet) -> bool:
    """Tell a recognised page that should stand: always where there was no text, else if it can be trusted."""
    return not sheet.garbled or (not scan.weak and scan.chars > 0.3 * sheet.chars)


def _merged(sheet: Sheet, scan: Scan) -> list[Line]:
    """Lines of a page read by OCR; a sound text layer, such as a printed head and foot, has the word where it stands."""
    if sheet.garbled or scan.turned or not sheet.lines:
        return scan.lines
    new = [line for line in scan.lines if not any(covers(own, line) for own in sheet.lines)]
    return in_order([*sheet.lines, *new])


def _stored(sheet: Sheet, scan: Scan | None) -> list[Line]:
    if scan is None:
        return sheet.stored
    if sheet.garbled or scan.turned:
        return scan.raw
    return [*sheet.stored, *(line for line in scan.raw if not any(covers(own, line) for own in sheet.stored))]
