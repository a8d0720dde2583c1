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
from ingest.read_text import find_address, split_header
from ingest.repair import repair

SUPPORTED_SUFFIXES = (".txt", ".md", ".markdown", ".html", ".htm")
MAX_BYTES = 50_000_000
_HTML_SUFFIXES = (".html", ".htm")
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
    "pinyin-gloss-lossy", "self-media-disclaimer", "utf-8-replaced", "html-without-trafilatura".
    """

    text: str
    title: str
    meta: dict[str, Any]
    encoding: str
    notes: tuple[str, ...]


def read_file(path: Path) -> RawText:
    """Read a .txt, .md, .markdown, .html or .htm file, or one without suffix that holds text.

    Steps: decode, front matter, HTML article, gloss repair, cleaning, header facts. Text in traditional characters
    stays as it is. Raises UnreadableFileError: missing, a folder, unreadable, empty, over 50 MB, binary, another type,
    no text left.
    """
    data = _load(path)
    is_html = path.suffix.lower() in _HTML_SUFFIXES or (not path.suffix and _HTML_START.match(data) is not None)
    raw = _read_html(data) if is_html else _read_text(data)
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


def _finish(text: str, stated: dict[str, Any], encoding: str, notes: tuple[str, ...]) -> RawText:
    """Repair, clean, and add what the text's own head states to what its front matter or HTML head states."""
    text, repairs = repair(text)
    if strip_disclaimers(text)[1]:
        notes = (*notes, "self-media-disclaimer")
    if encoding == "utf-8-replaced":
        notes = (*notes, encoding)
    address = find_address(text)
    found, text = split_header(clean(text))
    if address:
        found.setdefault("url", address)
    title = repair(str(stated.get("title") or ""))[0]
    meta = {**found, **{key: value for key, value in stated.items() if value not in (None, "")}}
    return RawText(text, title or str(found.get("title", "")), meta, encoding, (*repairs, *notes))
