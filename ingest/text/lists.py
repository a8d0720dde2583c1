"""What a list item or a table row needs to be understood: the line that introduces it, the header above it."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from ingest.text.blocks import BULLET, ROW, RULE, list_mark, own_label
from ingest.text.sentences import split_sentences
from ingest.types import Block

MAX_LEAD = 60  # characters of an introduction that its items carry
MAX_HEADER = 80  # and of a table's header row
_COLONS = ("：", ":")
_ANNOUNCES = re.compile("下列|以下|如下")
_CAPTION = re.compile(r"^附?(?:表|图|圖)\s*[\d一二三四五六七八九十]")


@dataclass(frozen=True, slots=True)
class Lead:
    """A sentence or row that introduces others; `last` is the index of the last block that it introduces."""

    start: int
    end: int
    label: str
    last: int


def find_leads(text: str, blocks: Sequence[Block]) -> tuple[tuple[Lead, ...], ...]:
    """For every block the leads above it, outermost first: of a nested item the outer list's, then its own list's."""
    above: list[list[int]] = [[] for _ in blocks]
    found: list[tuple[int, int, str]] = []
    last: list[int] = []

    def begin(span: tuple[int, int, str], at: int) -> int:
        found.append(span)
        last.append(at)
        return len(found) - 1

    lists = _Lists()
    for at, block in enumerate(blocks):
        line = text[block.start : block.end]
        following = blocks[at + 1] if at + 1 < len(blocks) else None
        for number in lists.enter(block.kind, *list_mark(line)):
            above[at].append(number)
            last[number] = at
        if following is not None and _introduces(line, block, text[following.start : following.end], following):
            lists.open(list_mark(text[following.start : following.end])[0], begin(_introduction(text, block), at))
    for first, end in _tables(text, blocks):
        numbers = [begin((*_span(blocks[first]), _header(text, blocks[first])), end)]
        if first and (caption := _caption(text, blocks, first - 1)) is not None:
            above[first].append(begin(caption, end))
            numbers.insert(0, above[first][-1])
        for at in range(first + 1, end + 1):
            above[at] += numbers
    leads = [Lead(*span, end) for span, end in zip(found, last, strict=True)]
    return tuple(tuple(leads[number] for number in numbers) for numbers in above)


class _Lists:
    """The lists that are open at a block, outermost first."""

    def __init__(self) -> None:
        self._open: list[tuple[int, int, int]] = []  # level, lead, number of the last item

    def open(self, level: int, lead: int) -> None:
        self._open = [each for each in self._open if each[0] < level]
        self._open.append((level, lead, 0))

    def enter(self, kind: str, level: int, number: int) -> list[int]:
        """The leads of a block; a heading, an article, or a number that starts afresh ends what it does not belong to."""
        if kind in {"heading", "article", "row"}:
            self._open = []
        if not level:  # text between items: it is no item, and the list may go on after it
            return []
        self._open = [each for each in self._open if each[0] <= level]
        if self._open and self._open[-1][0] == level:
            _, lead, before = self._open.pop()
            if number > before or not number:
                self._open.append((level, lead, number))
        return [lead for _, lead, _ in self._open]


def _introduces(line: str, block: Block, next_line: str, following: Block) -> bool:
    if block.kind in {"heading", "row"} or following.kind in {"heading", "article", "row"}:
        return False
    level, number = list_mark(next_line)
    if not level or number > 1 or level == list_mark(line)[0]:
        return False
    return line.endswith(_COLONS) or _ANNOUNCES.search(line[-40:]) is not None


def _introduction(text: str, block: Block) -> tuple[int, int, str]:
    """The last sentence of a block and its shortened words."""
    start, end = split_sentences(text, *_span(block))[-1]
    words = BULLET.sub("", text[start:end]).rstrip("：:")
    if block.kind == "article":  # its number is in the path already
        words = words.removeprefix(own_label(text, block)).strip()
    return start, end, shortened(words, MAX_LEAD)


def _tables(text: str, blocks: Sequence[Block]) -> list[tuple[int, int]]:
    """Tables as (index of the header row, of the last row): the header is the first row."""
    tables: list[tuple[int, int]] = []
    for at, block in enumerate(blocks):
        if block.kind != "row":
            continue
        first, end = tables[-1] if tables else (0, -2)
        goes_on = end == at - 1 and _same_table(text, blocks[end], block)
        if goes_on and _is_rule(text, block) and end > first:  # a second header: the row before the rule
            tables[-1:] = [(first, end - 1), (end, at)]
        elif goes_on:
            tables[-1] = (first, at)
        else:
            tables.append((at, at))
    return [table for table in tables if not _is_rule(text, blocks[table[0]])]


def _same_table(text: str, above: Block, below: Block) -> bool:
    """Rows with nothing but line ends between them; a blank line parts tables unless a page ends there."""
    if text[above.end : below.start].count("\n") < 2:
        return True
    cells = [text[row.start : row.end].count("|") for row in (above, below)]
    return above.page != below.page and cells[0] == cells[1]


def _is_rule(text: str, block: Block) -> bool:
    return RULE.match(text[block.start : block.end]) is not None


def _header(text: str, block: Block) -> str:
    cells = [cell.strip() for cell in text[block.start : block.end].strip("|").split("|")]
    return shortened(" | ".join(cell for cell in cells if cell), MAX_HEADER)


def _caption(text: str, blocks: Sequence[Block], at: int) -> tuple[int, int, str] | None:
    """The line above a table where it names it: 表3 主要指标, or a line that ends in a colon."""
    line = text[blocks[at].start : blocks[at].end]
    if blocks[at].kind in {"heading", "row"} or ROW.match(line):
        return None
    if line.endswith(_COLONS):
        return _introduction(text, blocks[at])
    return (*_span(blocks[at]), line) if _CAPTION.match(line) and len(line) <= MAX_LEAD else None


def _span(block: Block) -> tuple[int, int]:
    return block.start, block.end


@lru_cache(maxsize=256)  # of a heading above many chunks
def shortened(text: str, limit: int) -> str:
    """The text on one line, at most `limit` characters, with an ellipsis where some are missing."""
    line = " ".join(text.split())
    return line if len(line) <= limit else line[: limit - 1] + "…"
