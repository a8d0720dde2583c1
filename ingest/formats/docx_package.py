"""A Word file as a zip of XML parts: refused where it is dangerous, another kind of file, or damaged; then read."""

import io
import posixpath
import re
import zipfile
from typing import Any

from ingest.errors import UnreadableFileError
from ingest.formats.archive import DAMAGED, obstacle

MAX_UNPACKED, MAX_RATIO, MAX_MEMBERS = 200_000_000, 200, 5_000
MAX_TAGS = 4_000_000  # in one part: each costs the parser some 130 bytes, however short it is written
SAVE_AS_DOCX = "请用 Word 或 WPS 打开，另存为 .docx 后再导入"
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_OTHER_PACKAGES = (("xl/", "Excel 表格"), ("ppt/", "PowerPoint 演示文稿"), ("META-INF/", "电子书或 OpenDocument 文档"))


def tag_of(element: Any) -> str:
    """Return a tag without its namespace: Word has two of them (transitional and strict) for the same names."""
    return str(element.tag).rpartition("}")[2]


def child_of(element: Any, *path: str) -> Any:
    """Return the first child of that tag, then its child of the next; None if any is absent, or the element is."""
    for name in path:
        element = next((child for child in element if tag_of(child) == name), None) if element is not None else None
    return element


def attribute(element: Any, name: str = "val") -> str:
    """Return an attribute by its name without namespace, "" if absent or no element is given."""
    if element is None:
        return ""
    return next((str(value) for key, value in element.attrib.items() if key.rpartition("}")[2] == name), "")


def whole(text: str, default: int = 0) -> int:
    """Return a whole number as an attribute states it, the default for anything else."""
    return int(text) if re.fullmatch(r"-?[0-9]{1,9}", text) else default


def is_on(element: Any) -> bool:
    """Tell whether an on/off property is there and not switched off."""
    return element is not None and attribute(element).lower() not in {"0", "false", "off"}


class Package:
    """The zip file: checked whole before anything is parsed, then read part by part."""

    def __init__(self, data: bytes) -> None:
        _refuse_other_kinds(data)
        try:
            self._zip = zipfile.ZipFile(io.BytesIO(data))
        except DAMAGED as error:
            raise UnreadableFileError("Word 文件不完整或已损坏", "请重新下载或重新保存") from error
        members = self._zip.infolist()
        _refuse_bomb(members, len(data))
        self._members = {info.filename.replace("\\", "/").lstrip("/").lower(): info for info in members}
        if any(info.flag_bits & 1 for info in members):
            raise UnreadableFileError("文件已加密", "请去掉打开密码后再导入")
        for info in members:
            # A part packed in another way (BZIP2, LZMA) is unpacked whole, whatever size it states.
            if reason := obstacle(info):
                raise UnreadableFileError("Word 文件打不开", f"其中的 {info.filename[:80]} {reason}")
        for name in self._members:
            if name.endswith((".xml", ".rels")):
                _refuse_dtd(self.read(name) or b"")
        self.main = self._main_part()

    def read(self, name: str) -> bytes | None:
        """Return a part's bytes, None if there is no such part. Never unpacks more than the size it declares."""
        info = self._members.get(name.lower())
        if info is None:
            return None
        try:
            with self._zip.open(info) as file:
                return file.read(info.file_size + 1)
        except DAMAGED as error:
            raise UnreadableFileError("Word 文件不完整或已损坏", f"其中的 {name[:80]} 读不出来") from error

    def xml(self, name: str) -> Any:
        """Return the root element of an XML part, None if there is no such part."""
        from lxml import etree

        data = self.read(name)
        if data is None:
            return None
        _refuse_dtd(data)
        if data.count(b"<") > MAX_TAGS:
            raise UnreadableFileError("Word 文件的结构过于庞大", f"{name[:80]} 的标记过多，请拆分后再导入")
        parser = etree.XMLParser(
            resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False, remove_comments=True,
            remove_pis=True,
        )  # fmt: skip
        try:
            root = etree.fromstring(data, parser)
        except (etree.XMLSyntaxError, ValueError) as error:
            raise UnreadableFileError("Word 文件已损坏", f"其中的 {name[:80]} 不是正确的 XML") from error
        if root.getroottree().docinfo.doctype:
            raise _dtd_error()
        return root

    def items(self, name: str) -> list[Any]:
        """Return the elements right under a part's root, [] if there is no such part ("" included)."""
        root = self.xml(name) if name else None
        return [] if root is None else list(root)

    def relations(self, name: str) -> dict[str, tuple[str, str]]:
        """Return {relationship id: (last word of its type, name of the part it leads to)}; links outside left out."""
        folder, base = posixpath.split(name)
        found = {}
        for relation in self.items(posixpath.join(folder, "_rels", f"{base}.rels")):
            if relation.get("TargetMode") != "External" and relation.get("Target"):
                target = posixpath.normpath(posixpath.join("/", folder, relation.get("Target"))).lstrip("/")
                found[relation.get("Id", "")] = (relation.get("Type", "").rpartition("/")[2], target)
        return found

    def related(self, kind: str) -> str:
        """Return the name of the main part's first related part of a kind ("styles"), "" if there is none."""
        return next((part for found, part in self.relations(self.main).values() if found == kind), "")

    def _main_part(self) -> str:
        for kind, part in self.relations("").values():
            if kind == "officeDocument" and part.lower() in self._members and not part.startswith(("xl/", "ppt/")):
                return part
        if "word/document.xml" in self._members:
            return "word/document.xml"
        for prefix, kind in _OTHER_PACKAGES:
            if any(name.startswith(prefix.lower()) for name in self._members):
                raise UnreadableFileError(f"这不是 Word 文档，而是{kind}", "请按实际类型修改文件的扩展名")
        raise UnreadableFileError("这不是 Word 文档，而是普通的 ZIP 压缩包", "请解压后导入其中的文件")


def _refuse_other_kinds(data: bytes) -> None:
    if data.startswith(_OLE):
        if "EncryptedPackage".encode("utf-16-le") in data:
            raise UnreadableFileError("文件已加密", "请去掉打开密码后再导入")
        if "WordDocument".encode("utf-16-le") in data:
            raise UnreadableFileError("这是旧版 Word（.doc）文件，只是扩展名改成了 .docx", SAVE_AS_DOCX)
        raise UnreadableFileError("这不是 .docx 文件，而是旧版 Office 文件", SAVE_AS_DOCX)
    if data.startswith(b"PK"):
        return
    start = data[:1024].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    for magic, kind in ((b"{\\rtf", "RTF 文件"), (b"%pdf", "PDF 文件"), (b"<?xml", "XML 文件"), (b"mime-", "网页存档")):
        if start.startswith(magic):
            raise UnreadableFileError(f"这不是 .docx 文件，而是{kind}", SAVE_AS_DOCX)
    kind = "而是网页" if b"<html" in start or start.startswith(b"<!doctype") else "文件头不对"
    raise UnreadableFileError(f"这不是 .docx 文件，{kind}", SAVE_AS_DOCX)


def _refuse_bomb(members: list[zipfile.ZipInfo], packed: int) -> None:
    unpacked = sum(info.file_size for info in members)
    reason = ""
    if len(members) > MAX_MEMBERS:
        reason = f"内含 {len(members)} 个部分，上限为 {MAX_MEMBERS} 个"
    elif unpacked > MAX_UNPACKED:
        reason = f"解压后有 {unpacked / 1e6:.0f} MB，上限为 {MAX_UNPACKED // 1_000_000} MB"
    elif unpacked > MAX_RATIO * packed:
        reason = f"解压后是原来的 {unpacked / packed:.0f} 倍，上限为 {MAX_RATIO} 倍"
    if reason:
        raise UnreadableFileError("压缩异常，疑似压缩炸弹，没有解压", reason)


def _refuse_dtd(data: bytes) -> None:
    plain = data.replace(b"\0", b"") if b"\0" in data else data  # UTF-16 and UTF-32 as well
    if b"<!DOCTYPE" in plain or b"<!ENTITY" in plain:
        raise _dtd_error()


def _dtd_error() -> UnreadableFileError:
    return UnreadableFileError("Word 文件里有实体定义（DTD），可能是恶意文件，没有读取", SAVE_AS_DOCX)
