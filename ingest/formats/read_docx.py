"""The text of a Word file (.docx, .docm, WPS's .docx): every visible word in order, and raw facts of its properties.

Read from the XML itself: python-docx 1.2 shows neither content controls, tracked insertions, text boxes, notes,
altChunk parts nor automatic numbers, and refuses files with a dangling relationship, which Word and WPS both open.
Left out: headers, footers, comments, tracked deletions, hidden text, field codes, placeholders, macros, charts.
"""

import re
from collections.abc import Iterator
from typing import Any

from ingest.errors import UnreadableFileError
from ingest.formats.docx_chunk import read_chunk
from ingest.formats.docx_numbering import Style, number_of, read_numbering, read_styles
from ingest.formats.docx_package import SAVE_AS_DOCX, Package, attribute, child_of, is_on, tag_of, whole

MAX_TEXT_BYTES = 20_000_000
_MAX_CHUNK_DEPTH, _MAX_COLUMNS = 2, 64
# Never text: properties, deletions, field codes, the gloss over ruby text, the marks of notes inside the notes.
_NO_TEXT = frozenset(
    ("pPr", "rPr", "sdtPr", "sdtEndPr", "tblPr", "tblGrid", "trPr", "tcPr", "sectPr", "del", "moveFrom", "delText",
     "instrText", "delInstrText", "fldData", "rt", "rubyPr", "shapetype", "footnoteRef", "endnoteRef", "proofErr")
)  # fmt: skip
_PLAIN = {"tab": " ", "ptab": " ", "br": "\n", "cr": "\n", "noBreakHyphen": "-", "den": "/", "sup": "^"}
_SYMBOLS = {"F0FE": "☑", "F052": "☑", "F0FD": "☒", "F0A8": "□", "F06F": "□", "F0A3": "□"}  # boxes of Wingdings forms
_SUPERSCRIPT = str.maketrans("0123456789+-", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻")
_MAX_OUTLINE_HEADING = 80  # an outline level on a longer paragraph is a slip, not a heading
_JUNK_TITLE = re.compile(r"microsoft\s*(?:office\s*)?word|^(?:untitled|无标题|文档|document|doc|新建)[\s\d]*$", re.I)
_JUNK_AUTHOR = re.compile(
    r"^(?:python-docx|administrator|admin|user|owner|pc|lenovo|hp|dell|asus|微软用户|windows.{0,3}(?:用户|user)|"
    r"microsoft.*|用户|未知|un-?named|作者|author|未定义|apache poi|openpyxl|\W*|[\d\s]+)$",
    re.IGNORECASE,
)
_LIBRARY_DATE = "2013-12-23"  # the creation date in python-docx's template


def read_docx(data: bytes) -> tuple[str, dict[str, Any], tuple[str, ...]]:
    """Return (text, meta, notes) of a .docx file's bytes.

    Text: a line per paragraph; headings as "#" lines; automatic numbers written out; table rows as "| a | b |" lines,
    a merged cell once, at its first place; text boxes after the paragraph that holds them; notes marked [注1] and
    written at the end as "注1：" lines. Meta, where sensible: title (only one that the text repeats), author, created
    (YYYY-MM-DD). Notes: "altchunk", "altchunk-unread", "numbering-lost", "chart-not-read".

    Raises UnreadableFileError: encrypted, not a Word file, damaged, a zip bomb, a DTD, over 20 MB of text.
    """
    try:
        return _read(data, 0)
    except RecursionError as error:
        raise UnreadableFileError("Word 文件的结构嵌套过深", SAVE_AS_DOCX) from error


def _read(data: bytes, depth: int) -> tuple[str, dict[str, Any], tuple[str, ...]]:
    package = Package(data)
    root = package.xml(package.main)
    if root is None:
        raise UnreadableFileError("Word 文件里没有正文部分", SAVE_AS_DOCX)
    body = next((child for child in root if tag_of(child) == "body"), root)
    reader = _Reader(package, depth, root)
    reader.blocks(body)
    reader.finish()
    text = "\n".join(reader.lines)
    return text, _properties(package, text), tuple(dict.fromkeys(reader.notes))


class _Reader:
    """Walks the body once and collects its lines."""

    def __init__(self, package: Package, depth: int, root: Any) -> None:
        self.lines: list[str] = []
        self.notes: list[str] = []
        self._package, self._depth, self._size = package, depth, 0
        self._styles = read_styles(package.items(package.related("styles")))
        self._numbering = read_numbering(package.items(package.related("numbering")), self._styles)
        both = all(next(root.iter(f"{{*}}{kind}Reference"), None) is not None for kind in ("footnote", "endnote"))
        self._note_names = {"footnote": "注", "endnote": "尾注" if both else "注"}
        self._relations = package.relations(package.main)
        self._cited: dict[str, list[tuple[str, str]]] = {"footnote": [], "endnote": []}  # (id, number as shown)
        self._merged = ""  # text of a paragraph whose end was deleted: it goes on in the next one
        self._boxes: list[list[str]] = []
        self._codes: list[bool] = []  # for each open field: whether we are still in its code
        if any(kind in {"chart", "diagramData"} for kind, _ in self._relations.values()):
            self.notes.append("chart-not-read")

    def blocks(self, parent: Any) -> None:
        """Add the lines of the body."""
        for child in parent:
            for line in self._block(child):
                self._add(line)

    def _add(self, line: str) -> None:
        self._size += len(line.encode("utf-8", "replace")) + 1
        if self._size > MAX_TEXT_BYTES:
            raise UnreadableFileError("正文过长", f"上限为 {MAX_TEXT_BYTES // 1_000_000} MB 文字，请拆分后再导入")
        self.lines.append(line)

    def finish(self) -> None:
        """Add what a deleted paragraph end left over, and the notes."""
        if self._merged.strip():
            self._add(self._merged.strip())
        for kind, cited in self._cited.items():
            notes = self._package.items(self._package.related(f"{kind}s")) if cited else []
            texts = {attribute(note, "id"): note for note in notes}
            for identifier, number in cited:
                if identifier in texts:
                    lines = [line for block in texts[identifier] for line in self._block(block, in_cell=True)]
                    self._add(f"{self._note_names[kind]}{number}：{' '.join(lines)}")

    def _block(self, element: Any, in_cell: bool = False) -> Iterator[str]:
        tag = tag_of(element)
        if tag == "p":
            yield from self._paragraph(element, in_cell)
        elif tag == "tbl":
            yield from self._table(element, in_cell)
        elif tag == "altChunk":
            yield from self._chunk(attribute(element, "id"))
        elif tag == "AlternateContent":
            yield from self._alternative(element, in_cell)
        elif tag not in _NO_TEXT and not _is_placeholder(element):
            for child in element:
                yield from self._block(child, in_cell)

    def _alternative(self, element: Any, in_cell: bool) -> list[str]:
        """Return the lines of the first alternative that has any: they say the same in different forms."""
        for choice in element:
            lines = [line for child in choice for line in self._block(child, in_cell)]
            if lines:
                return lines
        return []

    # paragraphs

    def _paragraph(self, paragraph: Any, in_cell: bool) -> Iterator[str]:
        properties = child_of(paragraph, "pPr")
        name = attribute(child_of(properties, "pStyle"))
        style = self._styles.get(name, Style())
        outer_boxes, outer_codes = self._boxes, self._codes
        self._boxes, self._codes = [], []
        merged, self._merged = self._merged, ""
        text = merged + "".join(self._inline(paragraph, style.hidden))
        boxes, self._boxes, self._codes = self._boxes, outer_boxes, outer_codes
        mark = child_of(properties, "rPr")
        if child_of(mark, "del") is not None or child_of(mark, "moveFrom") is not None:
            self._merged = text
        else:
            lines = [line.strip() for line in text.split("\n") if line.strip()]
            unseen = not lines and is_on(child_of(mark, "vanish"))  # Word does not count a hidden paragraph
            label = "" if unseen else self._label(properties, name, style, bool(lines))
            if lines:
                yield from self._written(lines, label, self._level(properties, style, text), in_cell)
        for box in boxes:
            yield from box

    def _label(self, properties: Any, name: str, style: Style, visible: bool) -> str:
        number = number_of(child_of(properties, "numPr"), 0)
        if number is None and style.number:
            level = attribute(child_of(properties, "numPr", "ilvl"))
            number = (style.number[0], whole(level, style.number[1]))
        if number is None or number[0] == "0":
            return ""
        label = self._numbering.label(*number, name)
        if label is None and visible:
            self.notes.append("numbering-lost")
        return label or ""

    @staticmethod
    def _level(properties: Any, style: Style, text: str) -> int:
        outline = attribute(child_of(properties, "outlineLvl"))
        if not outline:
            return min(style.level, 6)
        return min((whole(outline, 9) + 1) % 10, 6) if len(text) <= _MAX_OUTLINE_HEADING else 0

    @staticmethod
    def _written(lines: list[str], label: str, level: int, in_cell: bool) -> Iterator[str]:
        if label:
            # 一、 and （一） are written close; a space keeps "1." and "5G" from becoming 1.5.
            lines[0] = label + ("" if label[-1] in "、）：" else " ") + lines[0]
        if level and not in_cell:
            yield f"{'#' * level} {' '.join(lines)}"
        else:
            yield from lines

    def _inline(self, parent: Any, hidden: bool) -> Iterator[str]:
        for child in parent:
            tag = tag_of(child)
            if tag in _NO_TEXT or _is_placeholder(child):
                continue
            if tag == "r":
                yield self._run(child, hidden)
            elif tag == "fldChar":
                self._field(attribute(child, "fldCharType"))
            elif tag == "txbxContent":
                self._boxes.append([line for block in child for line in self._block(block)])
            elif tag == "AlternateContent":
                yield self._inline_alternative(child, hidden)
            elif tag in {"footnoteReference", "endnoteReference"}:
                yield "" if hidden else self._cite(child, tag.removesuffix("Reference"))
            elif not any(self._codes) and not hidden:
                yield _character(child, tag)
                yield from self._inline(child, hidden)
            else:
                yield from self._inline(child, hidden)

    def _run(self, run: Any, hidden: bool) -> str:
        properties = child_of(run, "rPr")
        vanish = child_of(properties, "vanish")
        if vanish is not None:
            hidden = is_on(vanish)
        elif self._styles.get(attribute(child_of(properties, "rStyle")), Style()).hidden:
            hidden = True
        text = "".join(self._inline(run, hidden))
        if attribute(child_of(properties, "vertAlign")) == "superscript" and re.fullmatch(r"[0-9+-]+", text):
            return text.translate(_SUPERSCRIPT)  # 10 to the 4th must not become 104
        return text

    def _field(self, kind: str) -> None:
        if kind == "begin":
            self._codes.append(True)
        elif kind == "separate" and self._codes:
            self._codes[-1] = False
        elif kind == "end" and self._codes:
            self._codes.pop()

    def _inline_alternative(self, element: Any, hidden: bool) -> str:
        for choice in element:
            before = len(self._boxes)
            text = "".join(self._inline(choice, hidden))
            if text.strip() or any(self._boxes[before:]):
                return text
        return ""

    def _cite(self, reference: Any, kind: str) -> str:
        cited = self._cited[kind]
        if attribute(reference, "customMarkFollows") in {"1", "true", "on"}:
            cited.append((attribute(reference, "id"), ""))
            return ""
        number = str(1 + sum(1 for _, shown in cited if shown))
        cited.append((attribute(reference, "id"), number))
        return f"[{self._note_names[kind]}{number}]"

    # tables

    def _table(self, table: Any, in_cell: bool) -> Iterator[str]:
        rows = [row for row in _inside(table, "tr") if not _is_gone(row, "trPr")]
        if in_cell or all(len(list(_inside(row, "tc"))) < 2 for row in rows):
            # Inside another table's cell, or a frame around text: the lines themselves.
            for row in rows:
                for cell in _inside(row, "tc"):
                    yield from (line for block in cell for line in self._block(block, in_cell))
            return
        for row in rows:
            cells = [" ".join(cell or ()).replace("\n", " ").replace("|", "｜") for cell in self._row(row)]
            if any(cells):
                yield f"| {' | '.join(cells)} |"

    def _row(self, row: Any) -> list[list[str] | None]:
        """Return the lines of each grid column; None where a merged cell goes on, so that columns stay under heads."""
        cells: list[list[str] | None] = [None] * _span(child_of(row, "trPr", "gridBefore"), 0)
        for cell in _inside(row, "tc"):
            if _is_gone(cell, "tcPr"):
                continue
            properties = child_of(cell, "tcPr")
            merges = [child_of(properties, name) for name in ("vMerge", "hMerge")]
            lines = [line for block in cell for line in self._block(block, in_cell=True)]
            goes_on = any(merge is not None and attribute(merge) != "restart" for merge in merges)
            cells.append(lines if lines or not goes_on else None)
            cells += [None] * (_span(child_of(properties, "gridSpan"), 1) - 1)
        return cells[:_MAX_COLUMNS] if not any(cells[_MAX_COLUMNS:]) else [cell for cell in cells if cell]

    # other documents inside

    def _chunk(self, relation: str) -> Iterator[str]:
        name = self._relations.get(relation, ("", ""))[1]
        text = self._foreign(self._package.read(name) or b"" if name else b"")
        self.notes.append("altchunk" if text.strip() else "altchunk-unread")
        yield from (line.strip() for line in text.split("\n") if line.strip())

    def _foreign(self, data: bytes) -> str:
        if not data.startswith(b"PK"):
            return read_chunk(data)
        if self._depth >= _MAX_CHUNK_DEPTH:
            return ""
        try:
            text, _, notes = _read(data, self._depth + 1)
        except UnreadableFileError:
            return ""  # noted by the caller
        self.notes += notes
        return text


def _is_placeholder(element: Any) -> bool:
    """Tell a content control that nobody filled in: it shows "click here to enter text"."""
    return tag_of(element) == "sdt" and is_on(child_of(element, "sdtPr", "showingPlcHdr"))


def _is_gone(element: Any, properties: str) -> bool:
    """Tell a table row or cell that is deleted or hidden."""
    found = child_of(element, properties)
    return any(is_on(child_of(found, name)) for name in ("del", "cellDel", "hidden"))


def _inside(element: Any, wanted: str) -> Iterator[Any]:
    """Yield the rows of a table or cells of a row, through the content controls around them."""
    for child in element:
        if tag_of(child) == wanted:
            yield child
        elif tag_of(child) in {"sdt", "sdtContent", "customXml", "ins"}:
            yield from _inside(child, wanted)


def _span(element: Any, default: int) -> int:
    return max(default, min(whole(attribute(element), default), _MAX_COLUMNS))


def _character(element: Any, tag: str) -> str:
    if tag == "t":
        return re.sub(r"[\r\n\t]+", " ", element.text or "")
    if tag == "sym":
        code = attribute(element, "char").upper()
        if code in _SYMBOLS or not re.fullmatch(r"[0-9A-F]{4}", code) or "E000" <= code <= "F8FF":
            return _SYMBOLS.get(code, "")
        return "" if "D800" <= code <= "DFFF" else chr(int(code, 16))
    return _PLAIN.get(tag, "")


def _properties(package: Package, text: str) -> dict[str, Any]:
    """Return title, author and created from docProps/core.xml: a title only if the text has it (templates go stale)."""
    name = next((part for kind, part in package.relations("").values() if kind == "core-properties"), "")
    stated = {tag_of(item): (item.text or "").strip() for item in package.items(name)}
    meta: dict[str, Any] = {}
    title = stated.get("title", "")
    if 4 <= len(title) <= 120 and not _JUNK_TITLE.search(title) and "".join(title.split()) in "".join(text.split()):
        meta["title"] = title
    author = stated.get("creator", "")
    if author and len(author) <= 60 and not _JUNK_AUTHOR.match(author):
        meta["author"] = author
    created = re.match(r"(?:19[89]|20[0-4])\d-\d{2}-\d{2}(?=T|$)", stated.get("created", ""))
    if created and created[0] != _LIBRARY_DATE:
        meta["created"] = created[0]
    return meta
