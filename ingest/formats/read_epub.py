"""The text of an EPUB: its chapters in the order of the spine, each whole, and what the package states of the book.

Read with zipfile and lxml: container.xml names the package, the package's spine the chapters (EPUB 2 and 3).
"""

import html
import posixpath
import re
import urllib.parse
import zipfile
from typing import Any

from ingest.errors import UnreadableFileError
from ingest.formats.archive import open_zip, read_member, refuse_bomb
from ingest.formats.docx_package import MAX_MEMBERS, MAX_UNPACKED, attribute, child_of, tag_of
from ingest.formats.read_docx import MAX_TEXT_BYTES
from ingest.formats.sniff import sniff
from ingest.types import Part

_MAX_CHAPTER_BYTES, MAX_TAGS = 20_000_000, 2_000_000
# Scrambled fonts are no protection of the text (EPUB 3 OCF 4.2.2 and Adobe's way).
_FONT_SCRAMBLING = frozenset(("http://www.idpf.org/2008/embedding", "http://ns.adobe.com/pdf/enc#RC"))
_CHAPTER_TYPES = frozenset(("application/xhtml+xml", "text/html", "text/x-oeb1-document", "application/x-dtbook+xml"))
_XML_ENTITIES = frozenset(("amp", "lt", "gt", "quot", "apos"))
_ENTITY = re.compile(r"&([A-Za-z][A-Za-z0-9]{1,31});")
_DECLARATION = re.compile(r"\s*<\?xml[^>]{0,200}\?>")
_DOCTYPE = re.compile(r"<!DOCTYPE[^<>\[\]]{0,1000}>", re.IGNORECASE)
_AS_DIV = {"aside", "footer", "header"}  # of a web page frame, of a book content: notes stand in them
_META = {"title": "title", "creator": "author", "publisher": "publisher"}
_DATE = re.compile(r"(?:1[89]|20)\d{2}(?:-\d{2}(?:-\d{2})?)?(?=T|\s|$)")
_ADDRESS = re.compile(r"https?://\S+")
_NO_VALUE = re.compile(r"(?i)(?:unknown|untitled|未知|佚名|无|none|null|[\s\W]*)")


def read_epub(data: bytes) -> Part:
    """Return the text of an EPUB's bytes.

    Text: the chapters in reading order, a line per paragraph, headings as "#" lines, table rows as "| a | b |" lines;
    the book's own table of contents is left out. Meta, where stated: title, author, publisher, date (YYYY-MM-DD or
    less), url. Notes: "parts-missing" (chapters that the package names and the file does not hold or that are damaged).

    Raises UnreadableFileError: not an EPUB, damaged, protected (DRM), a zip bomb, a DTD with entities, over 20 MB of
    text, no text at all.
    """
    if not data.startswith(b"PK"):
        kind = sniff(data)
        raise UnreadableFileError(f"这不是 EPUB 电子书，而是 {kind} 文件" if kind else "这不是 EPUB 电子书")
    book = _Book(data)
    try:
        return _read(book)
    except RecursionError as error:
        raise UnreadableFileError("电子书的结构嵌套过深", "请另存为文本后再导入") from error


class _Book:
    """The zip file, its members found by their paths whatever the case."""

    def __init__(self, data: bytes) -> None:
        self._zip = open_zip(data)
        self._tags = 0
        infos = self._zip.infolist()
        if len(infos) > MAX_MEMBERS:
            raise UnreadableFileError("电子书里的文件过多", f"有 {len(infos)} 个，上限为 {MAX_MEMBERS} 个")
        refuse_bomb(infos, len(data), MAX_UNPACKED)
        self._members: dict[str, zipfile.ZipInfo] = {}
        for info in infos:
            self._members.setdefault(info.filename.lstrip("/").lower(), info)

    def read(self, name: str) -> bytes | None:
        """Return a member's bytes, None if there is none of that path. Raises UnreadableFileError if it is damaged."""
        info = self._members.get(name.lstrip("/").lower())
        if info is None:
            return None
        if info.file_size > _MAX_CHAPTER_BYTES:
            raise UnreadableFileError("电子书的一个部分过大", f"{name[:80]} 有 {info.file_size / 1e6:.0f} MB")
        try:
            return read_member(self._zip, info)
        except UnreadableFileError as error:
            raise UnreadableFileError("电子书不完整或已损坏", f"其中的 {name[:80]} {error.message}") from error

    def count_tags(self, text: str) -> None:
        """Raise UnreadableFileError where all that was read of the book so far has too many tags."""
        self._tags += text.count("<")
        if self._tags > MAX_TAGS:
            raise UnreadableFileError("电子书的结构过于庞大", "标记过多，请拆分后再导入")

    def xml(self, name: str) -> Any:
        """Return the root of an XML member, None if there is none of that path."""
        data = self.read(name)
        if data is None:
            return None
        text = _decoded(data)
        self.count_tags(text)
        root = _parsed(text)
        if root is None:
            raise UnreadableFileError("电子书已损坏", f"其中的 {name[:80]} 不是正确的 XML")
        return root


def _read(book: _Book) -> Part:
    package, name = _package(book)
    _refuse_protected(book)
    lines: list[str] = []
    size, missing = 0, False
    for chapter in _chapters(package, posixpath.dirname(name)):
        own = _chapter_lines(book, chapter)
        missing = missing or own is None
        size += sum(len(line.encode("utf-8", "replace")) + 1 for line in own or ())
        if size > MAX_TEXT_BYTES:
            raise UnreadableFileError("正文过长", f"上限为 {MAX_TEXT_BYTES // 1_000_000} MB 文字，请拆分后再导入")
        lines += own or ()
    if not lines:
        raise UnreadableFileError("电子书里没有文字", "可能全是图片，请先用文字识别（OCR）软件处理")
    return Part("\n".join(lines), _metadata(package), encoding="epub", notes=("parts-missing",) if missing else ())


def _package(book: _Book) -> tuple[Any, str]:
    """Return (root of the package, its path)."""
    container = book.xml("META-INF/container.xml")
    if container is None:
        raise UnreadableFileError(
            "这不是 EPUB 电子书，而是普通的 ZIP 压缩包", "请把扩展名改为 .zip，或解压后导入其中的文件"
        )
    for entry in container.iter("{*}rootfile"):
        name = posixpath.normpath(urllib.parse.unquote(attribute(entry, "full-path"))).lstrip("/")
        package = book.xml(name)
        if package is not None:
            return package, name
    raise UnreadableFileError("电子书不完整或已损坏", "缺少目录文件（OPF）")


def _refuse_protected(book: _Book) -> None:
    encryption = book.xml("META-INF/encryption.xml")
    if encryption is None:
        return
    for method in encryption.iter("{*}EncryptionMethod"):
        around = method.getparent()
        # A key may be encrypted as well; what counts is the content.
        if (
            around is not None
            and tag_of(around) == "EncryptedData"
            and attribute(method, "Algorithm") not in _FONT_SCRAMBLING
        ):
            raise UnreadableFileError("电子书有版权保护（DRM），正文已加密，读不了", "请换一份没有保护的文件")


def _chapters(package: Any, folder: str) -> list[str]:
    """Return the paths of the chapters in reading order, each once; the navigation page is none."""
    manifest = {attribute(item, "id"): item for item in package.iter("{*}item")}
    found: dict[str, None] = {}
    for reference in package.iter("{*}itemref"):
        item = manifest.get(attribute(reference, "idref"))
        if item is None or "nav" in attribute(item, "properties").split():
            continue
        href = urllib.parse.unquote(urllib.parse.urldefrag(attribute(item, "href")).url)
        name = posixpath.normpath(posixpath.join("/", folder, href)).lstrip("/")
        if attribute(item, "media-type").lower() in _CHAPTER_TYPES or name.lower().endswith(
            (".xhtml", ".html", ".htm")
        ):
            found[name] = None
    if len(found) > MAX_MEMBERS:
        raise UnreadableFileError("电子书的章节过多", f"有 {len(found)} 章，上限为 {MAX_MEMBERS} 章")
    return list(found)


def _chapter_lines(book: _Book, name: str) -> list[str] | None:
    """Return a chapter's lines, None where the file does not hold it or it cannot be parsed at all."""
    from ingest.formats.html_lines import visible_lines

    try:
        data = book.read(name)
        text = None if data is None else _decoded(data)
    except UnreadableFileError:
        return None  # noted by the caller: the other chapters are still worth reading
    if text is None:
        return None
    book.count_tags(text)
    root = _parsed(text)
    if root is None:
        root = _parsed_as_html(text)
    if root is None:
        return [] if not text.strip() else None
    for element in root.iter("{*}*"):
        tag = tag_of(element).lower()
        element.tag = "div" if tag in _AS_DIV else tag
    bodies = list(root.iter("body"))
    return [line.text for line in visible_lines(bodies[0] if bodies else root)]


def _decoded(data: bytes) -> str:
    """Return XML as text: as its mark or declaration has it, else UTF-8."""
    from ingest.formats.decode import decode
    from ingest.formats.read_html import declared_charset

    if not data.strip():
        return ""
    return decode(data, declared_charset(data))[0]


def _parsed(text: str) -> Any:
    """Return the root of XML, None if it is not well formed. Raises UnreadableFileError where it declares entities."""
    from lxml import etree

    if "<!ENTITY" in text:
        raise UnreadableFileError("电子书里有实体定义（DTD），可能是恶意文件，没有读取")
    text = _ENTITY.sub(_character, _DOCTYPE.sub("", _DECLARATION.sub("", text, count=1), count=1))
    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False, remove_comments=True, remove_pis=True
    )
    try:
        return etree.fromstring(text.encode("utf-8", "replace"), parser)
    except (etree.XMLSyntaxError, ValueError):
        return None


def _parsed_as_html(text: str) -> Any:
    """Return the root of a chapter that is no XML, None where the parser cannot read it to its end."""
    from lxml import etree
    from lxml import html as lxml_html

    # Without huge_tree the rest of a chapter is lost where it is nested over 256 deep, with it over 2,048.
    parser = lxml_html.HTMLParser(
        encoding="utf-8", remove_comments=True, remove_pis=True, no_network=True, huge_tree=True
    )
    try:
        root = lxml_html.document_fromstring(text.encode("utf-8", "replace"), parser=parser)
    except (etree.ParserError, etree.XMLSyntaxError, ValueError):
        return None
    return None if any("depth" in entry.message for entry in parser.error_log) else root


def _character(found: re.Match[str]) -> str:
    """Return what HTML's name of a character stands for (&nbsp;): XML knows it by the DTD alone, which is not read."""
    if found[1] in _XML_ENTITIES:
        return found[0]
    return html.escape(html.unescape(found[0]))


def _metadata(package: Any) -> dict[str, Any]:
    meta: dict[str, Any] = {}
    authors: list[str] = []
    for item in child_of(package, "metadata") if child_of(package, "metadata") is not None else ():
        name = tag_of(item)
        value = " ".join("".join(item.itertext()).split())[:300]
        if _NO_VALUE.fullmatch(value):
            continue
        if name == "creator":
            authors.append(value)
        elif name in _META:
            meta.setdefault(_META[name], value)
        elif name == "date" and attribute(item, "event") in {"", "publication"} and (date := _DATE.match(value)):
            meta.setdefault("date", date[0])
        elif name == "source" and _ADDRESS.fullmatch(value):
            meta.setdefault("url", value)
    if authors:
        meta["author"] = "、".join(dict.fromkeys(authors))
    return meta
