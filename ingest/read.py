"""One file in, its cleaned text and raw facts out: the only place of the text path that touches the disk."""

import hashlib
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ingest.clean import clean
from ingest.decode import decode
from ingest.errors import UnreadableFileError
from ingest.frontmatter import split_front_matter
from ingest.furniture import strip_disclaimers
from ingest.pdf_lines import take_page_marks
from ingest.read_text import find_address, split_header
from ingest.repair import repair

SUPPORTED_SUFFIXES = (".txt", ".md", ".markdown", ".html", ".htm", ".pdf", ".docx")
MAX_BYTES = 50_000_000
_HTML_SUFFIXES = (".html", ".htm")
_PDF_START = b"%PDF-"
_HTML_START = re.compile(rb"\s*(?:<\?xml[^>]{0,200}>\s*)?<(?:!doctype\s+html|html|head|body)\b", re.IGNORECASE)
_HINT_SUFFIXES = "支持的类型：" + "、".join(SUPPORTED_SUFFIXES)
# How other tools name the same facts in front matter.
_ALIASES = {
    "标题": "title", "日期": "date", "发布日期": "date", "publish_date": "date", "pubdate": "date", "published": "date",
    "source_url": "url", "link": "url", "网址": "url", "链接": "url", "来源": "source", "地区": "region",
    "发布机构": "publisher", "发文机关": "issuer", "机关": "issuer", "文号": "doc_number", "发文字号": "doc_number",
    "施行日期": "effective", "生效日期": "effective",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class RawText:
    """A document as read: cleaned text, title ("" if none is stated), raw facts, encoding, and what was done to it.

    `meta` keys: title, date, issuer, publisher, source, url, doc_number, effective, author (strings), doc_numbers
    (list of strings), and whatever else the front matter holds. `notes`: "pinyin-gloss", "traditional-to-simplified",
    "pinyin-gloss-lossy", "self-media-disclaimer", "utf-8-replaced", "html-without-trafilatura", "outline-only",
    "garbled", "pages-without-text". `pages`: (offset in the text where it begins, page number) of a PDF's pages.
    """

    text: str
    title: str
    meta: dict[str, Any]
    encoding: str
    notes: tuple[str, ...]
    pages: tuple[tuple[int, int], ...] = ()


def read_file(path: Path) -> RawText:
    """Read a .txt, .md, .markdown, .html, .htm, .pdf or .docx file, or one without suffix that holds text or a PDF.

    Steps: decode, front matter, HTML article or PDF text layer, gloss repair, cleaning, header facts. Text in
    traditional characters stays as it is. Raises UnreadableFileError: missing, a folder, unreadable, empty, over 50 MB,
    binary, another type, no text left; for PDF and Word files also what read_pdf and read_docx list.
    """
    data = _load(path)
    if path.suffix.lower() == ".pdf" or (not path.suffix and data.startswith(_PDF_START)):
        return _with_text(_read_pdf(data), path)
    if path.suffix.lower() == ".docx":
        return _with_text(_read_docx(data), path)
    is_html = path.suffix.lower() in _HTML_SUFFIXES or (not path.suffix and _HTML_START.match(data) is not None)
    return _with_text(_read_html(data) if is_html else _read_text(data), path)


def _with_text(raw: RawText, path: Path) -> RawText:
    if not raw.text:
        raise UnreadableFileError(f"没有正文：{path.name}", "去掉菜单、图片和代码之后没有剩下文字")
    return raw


def raw_sha256(path: Path) -> str:
    """Return the SHA-256 of a file's bytes, hex. Raises UnreadableFileError if it cannot be read."""
    digest = hashlib.sha256()
    try:
        with path.open("rb") as file:
            while block := file.read(1 << 20):
                digest.update(block)
    except OSError as error:
        raise UnreadableFileError(f"无法读取文件：{path.name}", _why(error)) from error
    return digest.hexdigest()


def _load(path: Path) -> bytes:
    try:
        size = path.stat().st_size
        if path.is_dir():
            raise UnreadableFileError(f"这是一个目录，不是文件：{path.name}", "导入整个目录请用 policyqa ingest")
        if path.suffix and path.suffix.lower() not in SUPPORTED_SUFFIXES:
            raise UnreadableFileError(f"暂不支持 {path.suffix.lower()} 文件：{path.name}", _HINT_SUFFIXES)
        if size > MAX_BYTES:
            megabytes = f"{path.name} 有 {size / 1e6:.0f} MB"
            raise UnreadableFileError(f"文件过大：{megabytes}", f"上限为 {MAX_BYTES // 1_000_000} MB，请拆分后再导入")
        data = path.read_bytes()
    except OSError as error:
        raise UnreadableFileError(f"无法读取文件：{path.name}", _why(error)) from error
    if not data.strip(b"\xef\xbb\xbf \t\r\n"):
        raise UnreadableFileError(f"文件是空的：{path.name}", "文件里没有任何文字")
    return data


def _why(error: OSError) -> str:
    if isinstance(error, FileNotFoundError):
        return "文件不存在，请检查路径"
    if isinstance(error, PermissionError):
        return "没有读取权限"
    return error.strerror or "系统读取错误"


def _read_text(data: bytes) -> RawText:
    text, encoding = decode(data)
    front, body = split_front_matter(text)
    return _finish(body, {_ALIASES.get(key, key): value for key, value in front.items()}, encoding, ())


def _read_html(data: bytes) -> RawText:
    from ingest.read_html import declared_charset, read_page

    html, encoding = decode(data, declared_charset(data))
    page = read_page(html)
    facts = dict(page.meta)
    if page.title:
        facts.setdefault("title", page.title)
    return _finish(page.text, facts, encoding, page.notes)


def _read_pdf(data: bytes) -> RawText:
    from ingest.read_pdf import read_pdf

    file = read_pdf(data)
    stated = {"title": file.title, "url": file.address}
    return _finish(file.text, stated, "pdf", file.notes, paged=True)


def _read_docx(data: bytes) -> RawText:
    from ingest.read_docx import read_docx

    text, facts, notes = read_docx(data)
    # The file's own dates are those of its making, not of the text's issue.
    stated = {key: value for key, value in facts.items() if key in {"title", "author"}}
    return _finish(text, stated, "docx", notes)


def _finish(text: str, stated: dict[str, Any], encoding: str, notes: tuple[str, ...], paged: bool = False) -> RawText:
    """Repair, clean, and add what the text's own head states to what its front matter, HTML or PDF file states."""
    text, repairs = repair(text)
    if strip_disclaimers(text)[1]:
        notes = (*notes, "self-media-disclaimer")
    if encoding == "utf-8-replaced":
        notes = (*notes, encoding)
    address = find_address(text)
    cleaned, pages = take_page_marks(clean(text)) if paged else (clean(text), ())
    found, text = split_header(cleaned)
    pages = tuple((_moved(cleaned, text, start), number) for start, number in pages)
    if address:
        found.setdefault("url", address)
    title = repair(str(stated.get("title") or ""))[0]
    meta = {**found, **{key: value for key, value in stated.items() if value not in (None, "")}}
    return RawText(text, title or str(found.get("title", "")), meta, encoding, (*repairs, *notes), pages)


def _moved(before: str, after: str, offset: int) -> int:
    """Return where an offset lies in a text of which only the head was changed; one in the changed head is clamped."""
    return max(0, len(after) - (len(before) - offset)) if offset else 0
