"""The text of a presentation (.pptx, .pptm, .ppsx, WPS's .pptx): every slide in reading order, with its notes.

Read from the XML itself, as Word files are: python-pptx 1.0 refuses slide shows (.ppsx) and files in the strict form,
and shows neither SmartArt, nor text inside alternatives (formulas), nor automatic numbers.
Left out: what the master and the layout show on every slide, footers, dates, slide numbers, comments, pictures.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from ingest.errors import UnreadableFileError
from ingest.formats.docx_package import attribute, child_of, tag_of, whole
from ingest.formats.pdf_lines import PAGE_MARK
from ingest.formats.pptx_graphics import chart_lines, smart_art_lines
from ingest.formats.pptx_order import Box, in_reading_order
from ingest.formats.pptx_package import SAVE_AS_PPTX, Deck, of_a_deck, open_deck
from ingest.formats.pptx_text import body_lines, inside, table_lines
from ingest.formats.read_docx import MAX_TEXT_BYTES, _properties
from ingest.types import Part

MAX_SLIDES = 2_000
_RUNNING = frozenset(("ftr", "hdr", "dt", "sldNum"))
_TITLES = frozenset(("title", "ctrTitle"))
_EDGE, _MIN_REPEATS, _REPEAT_SHARE = 0.14, 3, 0.4  # a running line stands in the outer sevenths of enough slides


@dataclass(frozen=True, slots=True)
class _Shape:
    lines: list[str]
    box: Box
    kind: str = ""  # of its placeholder


@dataclass(slots=True)
class _Slide:
    shapes: list[_Shape] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def read_pptx(data: bytes) -> Part:
    """Return the text of a presentation's bytes, a page per slide.

    Text: the slide's title as a "# " line; its shapes from top to bottom and left to right, a line per paragraph;
    automatic numbers written out; tables as "| a | b |" rows; charts as "图表：" and rows of their data; SmartArt as
    lines; each paragraph of the speaker's notes as a "备注：" line at the slide's end. Meta: title (only one that the
    text repeats), author. Notes: "hidden-slides" (read all the same), "chart-not-read", "object-not-read" (a file of
    another program inside), "pages-without-text", "parts-missing" (slides that the file names and does not hold).

    Raises UnreadableFileError: encrypted, not a presentation, damaged, a zip bomb, a DTD, over 2,000 slides or 20 MB of
    text, no text at all.
    """
    try:
        return _Reader(open_deck(data)).part()
    except RecursionError as error:
        raise UnreadableFileError("演示文稿的结构嵌套过深", SAVE_AS_PPTX) from error
    except UnreadableFileError as error:
        raise of_a_deck(error) from error


class _Reader:
    """Walks the slides once and collects their shapes."""

    def __init__(self, deck: Deck) -> None:
        self._deck = deck
        self._found: list[str] = []
        self._places: dict[str, dict[str, Box]] = {}
        self._size = 0
        root = deck.xml(deck.main)
        relations = deck.relations(deck.main)
        links = [_relation(item) for item in inside(child_of(root, "sldIdLst"))]
        if not links:
            raise UnreadableFileError("演示文稿里没有幻灯片", SAVE_AS_PPTX)
        if len(links) > MAX_SLIDES:
            raise UnreadableFileError(f"幻灯片过多：{len(links)} 张", f"上限为 {MAX_SLIDES} 张，请拆分后再导入")
        self._height = whole(attribute(child_of(root, "sldSz"), "cy"), 6_858_000)
        self._slides = [self._slide(relations.get(link, ("", ""))[1]) for link in links]

    def part(self) -> Part:
        """Return the document."""
        _drop_running(self._slides, self._height)
        lines: list[str] = []
        for number, slide in enumerate(self._slides, 1):
            own = _written(slide)
            if not own:
                self._found.append("pages-without-text")
            lines += [*([PAGE_MARK] if number > 1 else []), *own]
        text = "\n".join(lines)
        if not text.strip(f"{PAGE_MARK}\n "):
            raise UnreadableFileError("演示文稿里没有文字（可能全是图片）", "请先用文字识别（OCR）软件处理")
        stated = {key: value for key, value in _properties(self._deck, text).items() if key in {"title", "author"}}
        return Part(text, stated, encoding="pptx", notes=tuple(dict.fromkeys(self._found)), paged=True)

    def _slide(self, name: str) -> _Slide:
        root = self._deck.xml(name) if name else None
        tree = child_of(root, "cSld", "spTree")
        if tree is None:
            self._found.append("parts-missing")
            return _Slide()
        if attribute(root, "show") in {"0", "false"}:
            self._found.append("hidden-slides")
        relations = self._deck.relations(name)
        below = next((part for kind, part in relations.values() if kind == "slideLayout"), "")
        walk = _Walk(self._deck, relations, [self._positions(part) for part in (below, self._master(below))])
        slide = _Slide(list(walk.shapes(tree)))
        self._found += walk.found
        notes = next((part for kind, part in relations.values() if kind == "notesSlide"), "")
        slide.notes += self._notes(notes)
        self._size += sum(len(line) for shape in slide.shapes for line in shape.lines) + sum(map(len, slide.notes))
        if self._size * 3 > MAX_TEXT_BYTES:
            raise UnreadableFileError("正文过长", f"上限为 {MAX_TEXT_BYTES // 1_000_000} MB 文字，请拆分后再导入")
        return slide

    def _notes(self, name: str) -> list[str]:
        tree = child_of(self._deck.xml(name), "cSld", "spTree") if name else None
        shapes = [shape for shape in inside(tree) if _placeholder(shape)[0] == "body"]
        return [f"备注：{line}" for shape in shapes for line in body_lines(child_of(shape, "txBody"))]

    def _master(self, layout: str) -> str:
        return next((part for kind, part in self._deck.relations(layout).values() if kind == "slideMaster"), "")

    def _positions(self, name: str) -> dict[str, Box]:
        """Return where a layout or master puts its placeholders, by their number and by their kind."""
        if name not in self._places:
            found: dict[str, Box] = {}
            tree = child_of(self._deck.xml(name), "cSld", "spTree") if name else None
            for shape in inside(tree):
                kind, number = _placeholder(shape)
                box = _box(child_of(shape, "spPr", "xfrm"))
                if box is not None and kind:
                    found.setdefault(f"#{number}", box)
                    found.setdefault(kind, box)
            self._places[name] = found
        return self._places[name]


class _Walk:
    """One slide's shapes."""

    def __init__(self, deck: Deck, relations: dict[str, tuple[str, str]], places: list[dict[str, Box]]) -> None:
        self.found: list[str] = []
        self._deck, self._relations, self._places = deck, relations, places

    def shapes(self, tree: Any) -> Iterator[_Shape]:
        """Yield the shapes that hold text, in the order in which the file has them."""
        last = Box(0, 0, 0, 0)
        for child in tree:
            for shape in self._shape(child, last):
                if shape.lines:
                    yield shape
                    last = shape.box

    def _shape(self, element: Any, last: Box) -> list[_Shape]:
        tag = tag_of(element)
        if tag == "AlternateContent":  # the same in different forms
            for choice in element:
                found = list(self.shapes(choice))
                if found:
                    return found
            return []
        if tag == "sp" and not _is_hidden(element):
            kind, number = _placeholder(element)
            box = _box(child_of(element, "spPr", "xfrm")) or self._inherited(kind, number) or last
            return [_Shape(body_lines(child_of(element, "txBody")), box, kind)]
        if tag == "grpSp" and not _is_hidden(element):
            inner = [(shape.box, shape.lines) for shape in self.shapes(element)]
            lines = [line for lines in in_reading_order(inner) for line in lines]
            return [_Shape(lines, _box(child_of(element, "grpSpPr", "xfrm")) or last)]
        if tag == "graphicFrame" and not _is_hidden(element):
            box = _box(child_of(element, "xfrm")) or self._inherited(*_placeholder(element)) or last
            return [_Shape(self._graphic(child_of(element, "graphic", "graphicData")), box)]
        return []

    def _inherited(self, kind: str, number: str) -> Box | None:
        if not kind:
            return None
        keys = [(0, f"#{number}"), (0, kind), (1, kind), (1, "title" if kind == "ctrTitle" else "body")]
        return next((self._places[at][key] for at, key in keys if key in self._places[at]), None)

    def _graphic(self, data: Any) -> list[str]:
        for item in inside(data):
            tag = tag_of(item)
            if tag == "tbl":
                return table_lines(item)
            if tag == "chart":
                root = self._part(_relation(item))
                lines = chart_lines(root) if root is not None else None
                self.found += ["chart-not-read"] if lines is None else []
                return lines or []
            if tag == "relIds":
                root = self._part(attribute(item, "dm"))
                return smart_art_lines(root) if root is not None else []
            if tag in {"oleObj", "AlternateContent"}:
                self.found.append("object-not-read")
        return []

    def _part(self, relation: str) -> Any:
        name = self._relations.get(relation, ("", ""))[1]
        return self._deck.xml(name) if name else None


def _written(slide: _Slide) -> list[str]:
    """Return a slide's lines: its title, its other shapes, its notes."""
    title = next((shape for shape in slide.shapes if shape.kind in _TITLES), None)
    rest = [(shape.box, shape.lines) for shape in slide.shapes if shape is not title]
    lines = [line for lines in in_reading_order(rest) for line in lines]
    return [*([f"# {' '.join(title.lines)}"] if title is not None else []), *lines, *slide.notes]


def _drop_running(slides: list[_Slide], height: int) -> None:
    """Take off footers, slide numbers, and lines at the same place near the edge of many slides (but for the first)."""
    for slide in slides:
        slide.shapes = [shape for shape in slide.shapes if shape.kind not in _RUNNING]
    edge = [
        (shape, number)
        for number, slide in enumerate(slides, 1)
        for shape in slide.shapes
        if len(shape.lines) == 1
        and shape.kind not in _TITLES
        and (shape.box.top > (1 - _EDGE) * height or shape.box.bottom < _EDGE * height)
    ]
    enough = max(_MIN_REPEATS, _REPEAT_SHARE * len(slides))
    times = Counter((shape.lines[0], shape.box) for shape, _ in edge)
    numbers = Counter(shape.box for shape, number in edge if shape.lines[0] == str(number))
    seen: set[tuple[str, Box]] = set()
    drop: set[int] = set()
    for shape, number in edge:
        key = (shape.lines[0], shape.box)
        is_number = shape.lines[0] == str(number) and numbers[shape.box] >= enough
        if is_number or (times[key] >= enough and key in seen):
            drop.add(id(shape))
        seen.add(key)
    for slide in slides:
        slide.shapes = [shape for shape in slide.shapes if id(shape) not in drop]


def _placeholder(shape: Any) -> tuple[str, str]:
    """Return (kind, number) of a placeholder, ("", "") for any other shape."""
    for child in shape:
        if tag_of(child).startswith("nv"):
            mark = child_of(child, "nvPr", "ph")
            return (attribute(mark, "type") or "body", attribute(mark, "idx") or "0") if mark is not None else ("", "")
    return "", ""


def _is_hidden(shape: Any) -> bool:
    named = next((child for child in shape if tag_of(child).startswith("nv")), None)
    return attribute(child_of(named, "cNvPr"), "hidden") in {"1", "true"}


def _box(frame: Any) -> Box | None:
    start, size = child_of(frame, "off"), child_of(frame, "ext")
    if start is None or size is None:
        return None
    left, top = whole(attribute(start, "x")), whole(attribute(start, "y"))
    return Box(left, top, left + whole(attribute(size, "cx")), top + whole(attribute(size, "cy")))


def _relation(element: Any) -> str:
    """Return the relationship that an element states: an id with a namespace, unlike its own."""
    return next((str(value) for key, value in element.attrib.items() if key.endswith("}id")), "")
