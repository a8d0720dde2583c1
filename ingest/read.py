"""One file in, its documents out, cleaned and with raw facts: the only place of the text path that touches the disk."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ingest.errors import UnreadableFileError
from ingest.facts.read_text import find_address, split_header
from ingest.formats.dispatch import parts
from ingest.formats.pdf_lines import take_page_marks
from ingest.text.clean import clean_noting
from ingest.text.furniture import strip_disclaimers
from ingest.text.repair import repair
from ingest.types import Part, Unread

MAX_BYTES = 50_000_000


@dataclass(frozen=True, slots=True)
class RawText:
    """A document as read: cleaned text, title ("" if none is stated), raw facts, encoding, and what was done to it.

    `meta` keys: title, date, issuer, publisher, source, url, doc_number, effective, author (strings), doc_numbers
    (list of strings), and whatever else the file holds. `notes`: "pinyin-gloss", "traditional-to-simplified",
    "pinyin-gloss-lossy", "self-media-disclaimer", "utf-8-replaced", and those of the readers (ingest.health.FLAGS).
    `pages`: (offset in the text where it begins, page number). `member`, `layer` and `ocr` are the Part's.
    """

    text: str
    title: str
    meta: dict[str, Any]
    encoding: str
    notes: tuple[str, ...]
    pages: tuple[tuple[int, int], ...] = ()
    member: str = ""
    layer: str = ""
    ocr: tuple[tuple[int, float], ...] = ()
    where: dict[str, str] = field(default_factory=dict)  # where each key of `meta` stood: ingest.facts.fields.PLACES


def read_documents(path: Path, charset: str = "") -> Iterator[RawText | Unread]:
    """Yield the documents of a file: one, or those of a table, a JSON dump or an archive.

    Steps: decode, front matter, the format's reader, gloss repair, cleaning, header facts. Text in traditional
    characters stays as it is. Raises UnreadableFileError for a file without a readable document: missing, a folder,
    unreadable, empty, over 50 MB, binary, another type, no text left, and what the formats' readers list.
    """
    yield from _finished(path.name, load(path), charset)


def read_file(path: Path) -> RawText:
    """Read a file that is one document (of several: the first). Raises UnreadableFileError as read_documents does."""
    for found in read_documents(path):
        if isinstance(found, RawText):
            return found
        raise UnreadableFileError(found.reason)
    raise UnreadableFileError(f"没有正文：{path.name}", "文件里没有可读的内容")


def _finished(name: str, data: bytes, charset: str) -> Iterator[RawText | Unread]:
    empty = True
    for part in parts(name, data, charset):
        if isinstance(part, Unread):
            empty = False
            yield part
            continue
        raw = _finish(part)
        if raw.text:
            empty = False
            yield raw
        elif part.member:
            empty = False
            yield Unread(part.member, "没有正文：去掉菜单、图片和代码之后没有剩下文字")
    if empty:
        raise UnreadableFileError(f"没有正文：{name}", "去掉菜单、图片和代码之后没有剩下文字")


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


def load(path: Path) -> bytes:
    """Return a file's bytes. Raises UnreadableFileError: missing, a folder, unreadable, empty, over 50 MB."""
    try:
        size = path.stat().st_size
        if path.is_dir():
            raise UnreadableFileError(f"这是一个目录，不是文件：{path.name}", "导入整个目录请用 policyqa ingest")
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


def _finish(part: Part) -> RawText:
    """Repair, clean, and add what the text's own head states to what its file states."""
    text, repairs = repair(part.text)
    notes = part.notes
    if strip_disclaimers(text)[1] and "self-media-disclaimer" not in notes:
        notes = (*notes, "self-media-disclaimer")
    address = find_address(text)
    cleaned, done = clean_noting(text)
    pages: tuple[tuple[int, int], ...] = ()
    if part.paged:
        cleaned, pages = take_page_marks(cleaned)
    found, text = split_header(cleaned)
    pages = tuple((_moved(cleaned, text, start), number) for start, number in pages)
    if address:
        found.setdefault("url", address)
    title = repair(str(part.meta.get("title") or ""))[0]
    stated = {key: value for key, value in part.meta.items() if value not in (None, "")}
    beside = dict.fromkeys(part.stated, "旁置文件")
    if "collection" in beside:  # it came with the document, which must not open itself to others
        beside["collection"] = "前置信息"
    where = {**dict.fromkeys(found, "正文首部"), **dict.fromkeys(stated, part.place), **beside}
    return RawText(
        text, title or str(found.get("title", "")), {**found, **stated, **part.stated}, part.encoding, (*repairs, *notes, *done), pages,
        part.member, part.layer or part.text, part.ocr, where,
    )  # fmt: skip


def _moved(before: str, after: str, offset: int) -> int:
    """Return where an offset lies in a text of which only the head was changed; one in the changed head is clamped."""
    return max(0, len(after) - (len(before) - offset)) if offset else 0
