"""Every visible line of an HTML page in order, with what is around it; data tables as one line per row."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any

_NEVER = frozenset(
    ("script", "style", "noscript", "template", "head", "svg", "math", "canvas", "iframe", "object", "embed", "button",
     "select", "option", "input", "textarea", "nav", "footer", "aside", "dialog", "audio", "video", "map")
)  # fmt: skip
_BLOCKS = frozenset(
    ("address", "article", "aside", "blockquote", "body", "caption", "center", "dd", "details", "div", "dl", "dt",
     "fieldset", "figcaption", "figure", "footer", "form", "h1", "h2", "h3", "h4", "h5", "h6", "header", "hr", "html",
     "legend", "li", "main", "nav", "ol", "p", "pre", "section", "table", "tbody", "td", "tfoot", "th", "thead", "tr",
     "ul")
)  # fmt: skip
_HEADINGS = {f"h{level}": level for level in range(1, 7)}
SPACES = re.compile(r"[ \t\r\n\f\u00a0]+")
_FRAME_NAME = re.compile(
    r"(?:^|[\s_-])(?:nav|menu|breadcrumb|crumbs?|sidebar|related|recommend|share|qrcode|ewm|copyright|comments?"
    r"|toolbar|login|footer|pagination|pager|setfont|hotkey|advert|ads?)(?:$|[\s_-]|\d)",
    re.IGNORECASE,
)


@dataclass(slots=True)
class Line:
    """One visible line: its text, how many of its characters are links, and the elements around it, outermost first."""

    text: str
    link_chars: int
    around: tuple[Any, ...]
    heading: bool = False
    framed: bool = False


@dataclass(frozen=True, slots=True)
class _Place:
    """Where the walk is: the block elements around, whether one of them is page frame, whether inside a link."""

    around: tuple[Any, ...]
    framed: bool = False
    linked: bool = False


@dataclass(slots=True)
class _Writer:
    lines: list[Line] = field(default_factory=list)
    parts: list[str] = field(default_factory=list)
    link_chars: int = 0

    def add(self, text: str, linked: bool) -> None:
        self.parts.append(text)
        self.link_chars += len(text.strip()) if linked else 0

    def end_line(self, place: _Place, level: int = 0) -> None:
        text = SPACES.sub(" ", "".join(self.parts)).strip()
        if text:
            marked = f"{'#' * level} {text}" if level else text
            self.lines.append(Line(marked, min(self.link_chars, len(text)), place.around, level > 0, place.framed))
        self.parts.clear()
        self.link_chars = 0


def visible_lines(body: Any) -> list[Line]:
    """Return the lines that a reader of the page sees. Headings become "#" lines, table rows "| a | b |" lines.

    Left out: scripts, forms' controls, navigation, footers and asides by their tags, and hidden elements.
    """
    writer = _Writer()
    _walk(body, _Place((body,)), writer)
    writer.end_line(_Place((body,)))
    return writer.lines


def _is_hidden(element: Any) -> bool:
    style = (element.get("style") or "").replace(" ", "").lower()
    return "display:none" in style or "visibility:hidden" in style or element.get("hidden") is not None


def _is_framed(element: Any) -> bool:
    return bool(_FRAME_NAME.search(f"{element.get('class') or ''} {element.get('id') or ''}"))


def _walk(element: Any, place: _Place, writer: _Writer) -> None:
    """Write an element's visible text: a block starts and ends a line, <br> ends one, a table row is one."""
    if element.text:
        writer.add(element.text, place.linked)
    for child in element:
        if isinstance(child.tag, str):
            _write_child(child, place, writer)
        if child.tail:
            writer.add(child.tail, place.linked)


def _write_child(child: Any, place: _Place, writer: _Writer) -> None:
    tag = child.tag.lower()
    if tag == "br" or (tag in _BLOCKS and _is_unseen(child, tag)):
        writer.end_line(place)
        return
    if _is_unseen(child, tag):
        return
    if tag not in _BLOCKS:
        _walk(child, replace(place, linked=place.linked or tag == "a"), writer)
        return
    writer.end_line(place)
    inside = _Place((*place.around, child), place.framed or _is_framed(child), place.linked)
    if tag == "table" and _is_data_table(child):
        for row in _rows(child):
            writer.add(row, False)
            writer.end_line(inside)
    else:
        _walk(child, inside, writer)
        writer.end_line(inside, _HEADINGS.get(tag, 0))


def _is_unseen(element: Any, tag: str) -> bool:
    return tag in _NEVER or _is_hidden(element)


def _is_data_table(table: Any) -> bool:
    """Tell data from layout: at least two rows, one with two cells, no table inside, no cell with many paragraphs."""
    rows = list(table.iter("tr"))
    cells = [cell for row in rows for cell in row.iter("td", "th")]
    if len(rows) < 2 or not any(len(list(row.iter("td", "th"))) > 1 for row in rows) or list(table.iter("table"))[1:]:
        return False
    return all(len(list(cell.iter("p", "div", "li"))) < 6 for cell in cells)


def _rows(table: Any) -> Iterator[str]:
    for row in table.iter("tr"):
        cells = [SPACES.sub(" ", "".join(_visible(cell))).strip().replace("|", "｜") for cell in row.iter("td", "th")]
        if any(cells):
            yield f"| {' | '.join(cells)} |"


def _visible(element: Any) -> Iterator[str]:
    if element.text:
        yield element.text
    for child in element:
        if isinstance(child.tag, str) and child.tag.lower() not in _NEVER and not _is_hidden(child):
            yield " " if child.tag.lower() in {"br", "p", "div", "li"} else ""
            yield from _visible(child)
        if child.tail:
            yield child.tail
