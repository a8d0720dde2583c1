"""Which reader a file gets: told by its content first, because extensions lie, then by its name.

Each reader takes bytes and gives Parts; it is imported when a file asks for it, because some of the libraries are heavy.
"""

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

from ingest.errors import PolicyQAError, UnreadableFileError
from ingest.facts.fields import canonical
from ingest.formats.decode import decode
from ingest.formats.frontmatter import split_front_matter
from ingest.formats.sniff import sniff
from ingest.types import Part, Unread

Documents = Iterator[Part | Unread]
_MAX_DEPTH = 3  # archives within archives
_MAX_INSIDE, _MAX_UNPACKED = 20_000, 1_000_000_000  # members and bytes of one file, those of archives inside counted
KINDS = "文本、Markdown、HTML、PDF、Word、Excel、PowerPoint、CSV、JSON、EPUB、图片、ZIP"
# What else a file may turn out to be, and what to do with it.
_REFUSED = {
    ".rar": ("RAR 压缩包", "请解压后再导入"), ".7z": ("7z 压缩包", "请解压后再导入"), ".tar": ("tar 包", "请解包后再导入"),
    ".gz": ("gzip 压缩文件", "请解压后再导入"), ".bz2": ("bzip2 压缩文件", "请解压后再导入"), ".xz": ("xz 压缩文件", "请解压后再导入"),
    ".ofd": ("OFD 版式文件", "请另存为 PDF 后再导入"), ".encrypted": ("加密的 Office 文件", "请去掉打开密码后再导入"),
    ".exe": ("程序", "这不是文档"), ".sqlite": ("数据库文件", "请导出为 CSV 后再导入"), ".gif": ("GIF 图片", "请另存为 PNG 后再导入"),
}  # fmt: skip
_PLAIN = {".txt", ".md", ".markdown", ".csv", ".tsv", ".json", ".jsonl"}


class Spent:
    """What has been unpacked of one file so far, at every depth: archives of small archives are no way around a limit."""

    def __init__(self) -> None:
        self.members = self.bytes = 0

    def add(self, size: int) -> None:
        """Count a member. Raises UnreadableFileError where it is one too many."""
        self.members, self.bytes = self.members + 1, self.bytes + size
        if self.members > _MAX_INSIDE or self.bytes > _MAX_UNPACKED:
            limit = f"各层合计上限为 {_MAX_INSIDE} 个、{_MAX_UNPACKED // 1_000_000} MB"
            raise TooMuchError("压缩包里的内容过多，没有全部解压", limit)


class TooMuchError(UnreadableFileError):
    """The whole file is given up, not only the member that was one too many."""


def parts(name: str, data: bytes, charset: str = "", depth: int = 0, spent: Spent | None = None) -> Documents:
    """Yield the documents in a file's bytes; `charset` is what a web server says of a page.

    Raises UnreadableFileError where it is no document, or a damaged one.
    """
    suffix = kind_of(name, data)
    if _lies(Path(name).suffix.lower(), suffix):
        for item in parts(f"{Path(name).stem}{suffix}", data, charset, depth, spent):
            yield replace(item, notes=(*item.notes, "wrong-extension")) if isinstance(item, Part) else item
    elif suffix == ".zip":
        yield from _archive(data, depth, spent or Spent())
    elif READERS.get(suffix) is _html:
        yield from _html(data, charset)
    elif suffix in READERS:
        yield from READERS[suffix](data)
    else:
        yield from _converted(data, suffix, depth)


def _lies(stated: str, suffix: str) -> bool:
    """Whether a file goes by the name of another format than it is in."""
    return bool(stated) and stated != suffix and READERS.get(stated) is not READERS.get(suffix)


def kind_of(name: str, data: bytes) -> str:
    """Return the suffix that says how to read a file. Raises UnreadableFileError where there is no way to."""
    from ingest.formats.convert_office import CONVERTIBLE

    stated, found = Path(name).suffix.lower(), sniff(data)
    if found in _REFUSED:
        what, hint = _REFUSED[found]
        raise UnreadableFileError(f"文件内容是{what}：{Path(name).name}", hint)
    known = {*READERS, *CONVERTIBLE, ".zip"}
    if stated in _PLAIN and found in {"", ".json", ".jsonl", ".xml"}:
        return stated
    if found == ".zip" and stated in known:
        return stated  # a damaged package: its own reader says what is wrong
    if found in known:
        return found
    if stated in known:
        return stated
    if not stated:
        return ".txt"
    raise UnreadableFileError(f"暂不支持 {stated} 文件：{Path(name).name}", f"支持的类型：{KINDS}")


def _archive(data: bytes, depth: int, spent: Spent) -> Documents:
    from ingest.facts.sidecar import MAX_BYTES, beside, is_sidecar
    from ingest.formats.archive import members

    if depth >= _MAX_DEPTH:
        raise UnreadableFileError("压缩包层数过多", f"最多 {_MAX_DEPTH} 层，请解压后再导入")
    sidecars: dict[str, bytes] = {}
    for item in members(data):
        if isinstance(item, Unread):
            yield item
            continue
        inner, content = item
        spent.add(len(content))
        if is_sidecar(Path(inner)):  # they come first
            sidecars[inner] = content[: MAX_BYTES + 1]
            continue
        try:
            facts = beside(inner, sidecars)
            for part in parts(Path(inner).name, content, depth=depth + 1, spent=spent):
                member = f"{inner}#{part.member}" if part.member else inner
                if isinstance(part, Unread):
                    yield replace(part, member=member)
                else:
                    yield replace(part, member=member, stated={**part.stated, **facts})
        except TooMuchError:
            raise
        except PolicyQAError as error:
            yield Unread(inner, str(error))


def _converted(data: bytes, suffix: str, depth: int) -> Documents:
    from ingest.formats.convert_office import convert

    fresh = convert(data, suffix)
    found = sniff(fresh)
    if found not in READERS:
        raise UnreadableFileError("旧版 Office 文件转换后读不了", "请另存为 .docx、.xlsx 或 .pptx 再导入")
    yield from parts(f"converted{found}", fresh, depth=depth)


def _text(data: bytes) -> Documents:
    text, encoding = decode(data)
    front, body = split_front_matter(text)
    notes = ("utf-8-replaced",) if encoding == "utf-8-replaced" else ()
    yield Part(body, canonical(front), encoding=encoding, notes=notes, place="前置信息")


def _html(data: bytes, charset: str = "") -> Documents:
    from ingest.formats.read_html import declared_charset, read_page

    html, encoding = decode(data, declared_charset(data, charset))
    page = read_page(html)
    facts = dict(page.meta)
    if page.title:
        facts.setdefault("title", page.title)
    yield Part(page.text, facts, encoding=encoding, notes=page.notes, place="网页信息")


def _mht(data: bytes) -> Documents:
    from ingest.formats.docx_chunk import unpacked_mht

    page, charset = unpacked_mht(data)
    if not page.strip():
        raise UnreadableFileError("网页归档（MHT）里没有网页", "请用浏览器打开后另存为 .html 再导入")
    yield from _html(page, charset)


def _pdf(data: bytes) -> Documents:
    from ingest.formats.read_pdf import read_pdf

    yield read_pdf(data)


def _docx(data: bytes) -> Documents:
    from ingest.formats.read_docx import read_docx

    text, facts, notes = read_docx(data)
    # The file's own dates are those of its making, not of the text's issue.
    stated = {key: value for key, value in facts.items() if key in {"title", "author"}}
    yield Part(text, stated, encoding="docx", notes=notes)


def _pptx(data: bytes) -> Documents:
    from ingest.formats.read_pptx import read_pptx

    yield read_pptx(data)


def _epub(data: bytes) -> Documents:
    from ingest.formats.read_epub import read_epub

    yield read_epub(data)


def _csv(data: bytes) -> Documents:
    from ingest.formats.read_csv import read_csv

    yield from _records(read_csv(data))


def _xlsx(data: bytes) -> Documents:
    from ingest.formats.read_xlsx import read_xlsx

    yield from _records(read_xlsx(data))


def _json(data: bytes) -> Documents:
    from ingest.formats.read_json import read_json

    yield from _records(read_json(data))


def _records(found: Documents) -> Documents:
    """A record's other fields say what its collector knew, as a web page's frame does: the text itself goes first."""
    for item in found:
        yield replace(item, place="网页信息") if isinstance(item, Part) else item


def _image(data: bytes) -> Documents:
    from ingest.formats.read_image import read_image

    yield read_image(data)


READERS: dict[str, Callable[[bytes], Documents]] = {
    **dict.fromkeys((".txt", ".md", ".markdown"), _text),
    **dict.fromkeys((".html", ".htm", ".xhtml"), _html),
    **dict.fromkeys((".mht", ".mhtml"), _mht),
    ".pdf": _pdf,
    **dict.fromkeys((".docx", ".docm"), _docx),
    **dict.fromkeys((".pptx", ".pptm", ".ppsx", ".potx"), _pptx),
    **dict.fromkeys((".xlsx", ".xlsm"), _xlsx),
    **dict.fromkeys((".csv", ".tsv"), _csv),
    **dict.fromkeys((".json", ".jsonl"), _json),
    ".epub": _epub,
    **dict.fromkeys((".png", ".jpg", ".jpeg", ".webp", ".bmp", ".tif", ".tiff"), _image),
}  # fmt: skip
