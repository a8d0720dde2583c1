"""A workbook as a zip of XML parts: refused where it is dangerous or no workbook, and what openpyxl does not tell of a sheet.

Every XML part is read once as a stream before openpyxl parses it: document type definitions (entity expansion) and floods
of tags are refused, and of each sheet the merged cells, hidden rows and formulas without a value are noted.
"""

import io
import zipfile
from dataclasses import dataclass, field
from typing import Any
from xml.parsers import expat

from ingest.errors import UnreadableFileError
from ingest.formats.archive import DAMAGED

MAX_UNPACKED, MAX_RATIO, MAX_MEMBERS = 300_000_000, 200, 5_000
MAX_CELLS = 1_000_000  # of one sheet
MAX_SPREAD = 10_000_000  # with the empty cells between them
MAX_TAGS = 6_000_000  # of one part: what openpyxl does not know, it keeps in memory
_MAX_MERGED = 50_000
_FREE_OF_RATIO = 5_000_000  # bytes that may come from any small file: a sheet of equal cells packs very well
_SAVE_AS = "请用 Excel 或 WPS 打开，另存为 .xlsx 后再导入"


@dataclass(slots=True)
class Layout:
    """What a sheet's XML says beside its values. Rows and columns count from 1."""

    merged: list[str] = field(default_factory=list)  # ranges such as A1:C2
    hidden: bool = False
    formulas_without_value: int = 0
    cells: int = 0
    spread: int = 0  # cells, empty ones before others included: what the sheet takes as a grid


def check_package(data: bytes) -> dict[str, Layout]:
    """Return the layouts of a workbook's sheets by the names of their parts, having read every XML part once.

    Raises UnreadableFileError: an old .xls, encrypted, no zip, no workbook, damaged, a zip bomb, a DTD, too many tags.
    """
    _refuse_other_kinds(data)
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as package:
            members = package.infolist()
            _refuse_bomb(members, len(data))
            if any(info.flag_bits & 1 for info in members):
                raise UnreadableFileError("文件已加密", "请去掉打开密码后再导入")
            names = {info.filename.lower() for info in members}
            if not any(name.startswith("xl/") and "workbook" in name for name in names):
                raise UnreadableFileError("这不是 Excel 工作簿", "请按实际类型修改文件的扩展名")
            found = {}
            for info in members:
                if info.filename.lower().endswith((".xml", ".rels")):
                    layout = _Scan("/worksheets/" in info.filename.lower()).read(package, info)
                    found[info.filename.lstrip("/")] = layout
            return found
    except DAMAGED as error:
        raise UnreadableFileError("Excel 文件不完整或已损坏", "请重新下载或重新保存") from error


class _Scan:
    """One pass over an XML part."""

    def __init__(self, is_sheet: bool) -> None:
        self.layout = Layout()
        self._formula = self._value = self._within = False
        self._last = 0  # column of the row's last cell
        self._parser = expat.ParserCreate()
        self._parser.StartDoctypeDeclHandler = self._refuse_dtd
        if is_sheet:
            self._parser.StartElementHandler = self._start
            self._parser.EndElementHandler = self._end
            self._parser.CharacterDataHandler = self._text

    def read(self, package: zipfile.ZipFile, info: zipfile.ZipInfo) -> Layout:
        tags = 0
        try:
            with package.open(info) as file:
                while block := file.read(1 << 20):
                    tags += block.count(b"<")
                    if tags > MAX_TAGS:
                        raise UnreadableFileError(
                            "Excel 文件的结构过于庞大", f"{info.filename[:80]} 的标记过多，请拆分后再导入"
                        )
                    self._parser.Parse(block, False)
                self._parser.Parse(b"", True)
        except expat.ExpatError as error:
            raise UnreadableFileError("Excel 文件已损坏", f"其中的 {info.filename[:80]} 不是正确的 XML") from error
        return self.layout

    @staticmethod
    def _refuse_dtd(*_: Any) -> None:
        raise UnreadableFileError("Excel 文件里有实体定义（DTD），可能是恶意文件，没有读取", _SAVE_AS)

    def _start(self, tag: str, attributes: dict[str, str]) -> None:
        name = tag.rpartition(":")[2]
        if name == "c":
            self.layout.cells += 1
            column = column_number(attributes.get("r", "")) or self._last + 1
            self.layout.spread += max(0, column - self._last)
            self._last = max(column, self._last)
            self._formula = self._value = False
        elif name == "f":
            self._formula = True
        elif name in {"v", "is"}:
            self._within = True
        elif name in {"row", "col"}:
            self._last = 0
            self.layout.hidden |= attributes.get("hidden", "") in {"1", "true"}
        elif name == "mergeCell" and len(self.layout.merged) < _MAX_MERGED:
            self.layout.merged.append(attributes.get("ref", ""))

    def _text(self, _: str) -> None:
        self._value |= self._within

    def _end(self, tag: str) -> None:
        name = tag.rpartition(":")[2]
        if name in {"v", "is"}:
            self._within = False
        elif name == "c" and self._formula and not self._value:
            self.layout.formulas_without_value += 1


def column_number(reference: str) -> int:
    """Return the number from 1 of the column in A1, AB, AB12; 0 where there is none."""
    number = 0
    for letter in reference[:3]:
        if not "A" <= letter <= "Z":
            break
        number = number * 26 + ord(letter) - 64
    return number


def _refuse_other_kinds(data: bytes) -> None:
    if data.startswith(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"):
        if "EncryptedPackage".encode("utf-16-le") in data:
            raise UnreadableFileError("文件已加密", "请去掉打开密码后再导入")
        raise UnreadableFileError("这是旧版 Excel（.xls）文件", _SAVE_AS)
    if not data.startswith(b"PK"):
        start = data[:512].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
        kind = (
            "网页"
            if start.startswith((b"<html", b"<!doctype", b"<table"))
            else "XML 文件"
            if start[:5] == b"<?xml"
            else ""
        )
        raise UnreadableFileError(f"这不是 .xlsx 文件，{f'而是{kind}' if kind else '文件头不对'}", _SAVE_AS)


def _refuse_bomb(members: list[zipfile.ZipInfo], packed: int) -> None:
    unpacked = sum(info.file_size for info in members)
    reason = ""
    if len(members) > MAX_MEMBERS:
        reason = f"内含 {len(members)} 个部分，上限为 {MAX_MEMBERS} 个"
    elif unpacked > MAX_UNPACKED:
        reason = f"解压后有 {unpacked / 1e6:.0f} MB，上限为 {MAX_UNPACKED // 1_000_000} MB"
    elif unpacked > max(_FREE_OF_RATIO, MAX_RATIO * packed):
        reason = f"解压后是原来的 {unpacked / packed:.0f} 倍，上限为 {MAX_RATIO} 倍"
    if reason:
        raise UnreadableFileError("压缩异常，疑似压缩炸弹，没有解压", reason)
