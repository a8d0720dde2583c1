"""Every visible line of an HTML page in order, with what is around it; data tables as one line per row."""

import re
from dataclasses import dataclass, field
from typing import Any

from ingest.formats.html_rows import SPACES, is_data_table, own_cells, own_rows, table_lines

_NEVER = frozenset(
    ("script", "style", "noscript", "template", "head", "svg", "math", "canvas", "iframe", "object", "embed", "button",
     "select", "option", "input", "textarea", "nav", "footer", "aside", "dialog", "audio", "video", "map", "rt", "rp",
     "datalist", "progress", "meter", "area", "param", "frameset", "noframes")
)  # fmt: skip
_BLOCKS = frozenset(
    ("address", "article", "aside", "blockquote", "body", "caption", "center", "dd", "details", "div", "dl", "dt",
     "fieldset", "figcaption", "figure", "footer", "form", "h1", "h2", "h3", "h4", "h5", "h6", "header", "hr", "html",
     "legend", "li", "main", "nav", "ol", "p", "pre", "section", "summary", "table", "tbody", "td", "tfoot", "th", "thead",
     "tr", "ul")
)  # fmt: skip
_IN_CELL = _BLOCKS | {"br"}
_HEADINGS = {f"h{level}": level for level in range(1, 7)}
_FRAME_NAME = re.compile(
    r"(?:^|[\s_-])(?:nav|menu|breadcrumb|crumbs?|sidebar|related|recommend|share|qrcode|ewm|copyright|comments?"
    r"|toolbar|login|footer|pagination|pager|setfont|hotkey|advert|ads?)(?:$|[\s_-]|\d)",
    re.IGNORECASE,
)
# Links that do something to the page instead of leading to a text.
_DOINGS = frozenset("举报 分享 打印 收藏 纠错 我要纠错 关闭 关闭窗口 返回顶部 朗读 复制链接 打印本页 ↩ ↑ ^".split())
_SUPERSCRIPT = str.maketrans("0123456789+-−n", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁻ⁿ")
_POWER = re.compile(r"[+−-]?[0-9n]{1,3}")
_NOTE_MARK = re.compile(r"[\[［(（【〔]?\s*(?:注\s*)?([0-9]{1,3}|[*＊†‡]{1,3}|[①-⑳])\s*[\]］)）】〕]?")
_BASE = re.compile(r"(?:(?<![0-9.,])10|[A-Za-z㎡])$")
_NUMBERED = re.compile(r"\s*(?:[(（]?[0-9一二三四五六七八九十]{1,3}[、.．)）]|[①-⑳第])")
_MAX_DEPTH = 100  # blocks kept apart; what lies deeper counts as part of the hundredth


@dataclass(frozen=True, slots=True, eq=False)
class Block:
    """A block element around a line: the block around it (None for the body), whether one of them is page frame."""

    element: Any
    outer: "Block | None"
    depth: int
    framed: bool = False


@dataclass(slots=True)
class Line:
    """One visible line: its text, how many of its characters are links, and the block that it stands in."""

    text: str
    link_chars: int
    block: Block
    heading: bool = False

    @property
    def framed(self) -> bool:
        """Tell whether a menu, a share bar or another part of the page's frame holds the line."""
        return self.block.framed


@dataclass(slots=True)
class _Open:
    """An element that the walk is in: what to go back to at its end."""

    skipped: bool
    block: Block
    link: int
    ends_line: bool = False
    level: int = 0
    preformatted: bool = False
    items: int = 0  # of a numbered list, so far


@dataclass(frozen=True, slots=True)
class _Known:
    """The article's element where the layout is known, and the tables around it."""

    article: Any
    tables: frozenset[Any]


@dataclass(slots=True)
class _Writer:
    lines: list[Line] = field(default_factory=list)
    parts: list[str] = field(default_factory=list)
    link_chars: int = 0
    prefix: str = ""

    def add(self, text: str, linked: bool) -> None:
        self.parts.append(text)
        self.link_chars += len(text.strip()) if linked else 0

    def end_line(self, block: Block, level: int = 0) -> None:
        text = SPACES.sub(" ", "".join(self.parts)).strip()
        if text:
            if self.prefix and not _NUMBERED.match(text):
                text = self.prefix + text
            self.prefix = ""
            marked = f"{'#' * level} {text}" if level else text
            self.lines.append(Line(marked, min(self.link_chars, len(text)), block, level > 0))
        self.parts.clear()
        self.link_chars = 0


def visible_lines(body: Any, article: Any = None) -> list[Line]:
    """Return the lines that a reader of the page sees. Headings become "#" lines, table rows "| a | b |" lines.

    Left out: scripts, forms' controls, navigation, footers and asides by their tags, and elements that their own style
    hides; a known `article` is read although its style says visibility:hidden (a script of the page's shows it), and
    tables around it are layout. Items of a numbered list get their number, footnote marks brackets ([1]), powers raised
    digits (10¹⁸). The walk does not recurse: any depth is read.
    """
    from lxml import etree

    writer = _Writer()
    block = Block(body, None, 0)
    known = _Known(article, frozenset(article.iterancestors("table")) if article is not None else frozenset())
    stack: list[_Open] = []
    walk = etree.iterwalk(body, events=("start", "end"))
    for event, element in walk:
        if event == "start":
            opened = _enter(element, stack[-1] if stack else _Open(False, block, 0), writer, known)
            stack.append(opened)
            if opened.skipped:
                walk.skip_subtree()
            elif element.text:
                _write(element.text, opened, writer)
            continue
        closed = stack.pop()
        if closed.ends_line and not closed.skipped:
            writer.end_line(closed.block, closed.level)
        if stack and element.tail:
            _write(element.tail, stack[-1], writer)
    writer.end_line(block)
    return writer.lines


def _write(text: str, place: _Open, writer: _Writer) -> None:
    if not place.preformatted or "\n" not in text:
        writer.add(text, place.link > 0)
        return
    for at, line in enumerate(text.split("\n")):
        if at:
            writer.end_line(place.block)
        writer.add(line, place.link > 0)


def _enter(element: Any, around: _Open, writer: _Writer, known: _Known) -> _Open:
    """Say how to read an element: as text in the line, as a block of its own, or not (any more)."""
    tag = element.tag
    skipped = _Open(True, around.block, around.link)
    unseen = tag in _NEVER or _is_hidden(element, shown_later=element is known.article)
    if tag == "br" or (tag in _BLOCKS and unseen):
        writer.end_line(around.block)
        return skipped
    if tag == "sup":
        writer.add(_raised("".join(element.itertext()), element, "".join(writer.parts[-2:])), False)
        return skipped
    if unseen:
        return skipped
    if tag not in _BLOCKS:
        if tag == "a" and _does_something(element):
            return skipped
        return _Open(False, around.block, around.link + (tag == "a"), preformatted=around.preformatted)
    writer.end_line(around.block)
    outer = around.block
    block = outer
    if outer.depth < _MAX_DEPTH and element is not outer.element:
        block = Block(element, outer, outer.depth + 1, outer.framed or _is_framed(element))
    if tag == "table" and block is not outer and element not in known.tables and is_data_table(element):
        for line in table_lines([[(cell, _cell_text(cell)) for cell in own_cells(row)] for row in own_rows(element)]):
            writer.add(line, False)
            writer.end_line(block)
        return _Open(True, block, around.link)
    if tag == "li":
        writer.prefix = _list_number(element, around)
    preformatted = around.preformatted or tag == "pre"
    return _Open(False, block, around.link, True, _HEADINGS.get(tag, 0), preformatted)


def _is_hidden(element: Any, shown_later: bool = False) -> bool:
    if element.get("hidden") is not None:
        return True
    style = element.get("style")
    if not style:
        return False
    style = re.sub(r"\s+", "", style).lower()
    return "display:none" in style or ("visibility:hidden" in style and not shown_later)


def _is_framed(element: Any) -> bool:
    return bool(_FRAME_NAME.search(f"{element.get('class') or ''} {element.get('id') or ''}"))


def _does_something(link: Any) -> bool:
    return len(link) <= 1 and "".join(link.itertext()).strip(" \t\r\n[]【】") in _DOINGS


def _list_number(item: Any, around: _Open) -> str:
    """Return the number that a browser shows before an item of a numbered list, "" in other lists."""
    outer = item.getparent()
    if outer.tag != "ol" or _is_framed(outer) or re.search(r"list-style[^;]*none", outer.get("style") or ""):
        return ""
    stated = item.get("value") or (outer.get("start") if not around.items else "") or ""
    around.items = int(stated) if re.fullmatch(r"[0-9]{1,4}", stated) else around.items + 1
    return f"{around.items}. " if (outer.get("type") or "1") == "1" else ""


def _raised(text: str, element: Any, before: str) -> str:
    """Write what stands above the line so that 10<sup>18</sup> does not become 1018, nor 65%<sup>1</sup> 65%1."""
    text = text.strip()
    linked = element.find(".//a") is not None or (element.getparent() is not None and element.getparent().tag == "a")
    if not linked and _POWER.fullmatch(text) and _BASE.search(before):
        return text.translate(_SUPERSCRIPT)
    mark = _NOTE_MARK.fullmatch(text)
    return f"[{mark[1]}]" if mark else text


def _cell_text(cell: Any) -> str:
    """Return a cell's visible text on one line; a small table inside it is read as a list."""
    from lxml import etree

    parts: list[str] = []
    walk = etree.iterwalk(cell, events=("start", "end"))
    for event, element in walk:
        inside = element is not cell
        if event == "end":
            if inside:
                parts.append(
                    ("；" if element.tag == "tr" else " " if element.tag in _IN_CELL else "") + (element.tail or "")
                )
            continue
        if inside and element.tag == "sup":
            parts.append(_raised("".join(element.itertext()), element, "".join(parts[-2:])))
            walk.skip_subtree()
        elif inside and (element.tag in _NEVER or _is_hidden(element)):
            walk.skip_subtree()
        else:
            parts.append((" " if inside and element.tag in _IN_CELL else "") + (element.text or ""))
    text = SPACES.sub(" ", "".join(parts)).strip()
    return re.sub(r"(?<!\s)\s*+；[\s；]*", "；", text).strip("；") if cell.find(".//table") is not None else text
