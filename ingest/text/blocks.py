"""Structure of a Chinese official text: headings, articles (第X条, 第 X 條), list items, table rows, each with its path."""

import re
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from ingest.text.sentences import trimmed
from ingest.types import Block, BlockKind

_HAN_NUM = "[一二三四五六七八九十百零〇]"
_NUM = rf"(?:{_HAN_NUM}+|\d+)"
_MARKDOWN = re.compile(r"^(#{1,6})\s+(.+)$")
_PART = re.compile(rf"^第\s*{_NUM}\s*([编編章节節])(?=[\s　]|[^条條款项項，。；、]{{0,30}}$)")
# 第三条规定的…, 第一条、第二条 at the start of a line speak of an article and begin none.
_ARTICLE = re.compile(
    rf"^(?:\*\*)?第\s*(?:{_HAN_NUM}+|\d+(?:-\d+)?)\s*[条條](?:\s*之\s*{_NUM})?(?!\s*(?:第|规定|規定|和第|或者第|至第|[、，]第|所[列称稱规規]))(?:\*\*)?"
)
LIST_LEVELS = (
    (10, re.compile(rf"^({_HAN_NUM}+)、")),
    (11, re.compile(rf"^[（(]({_HAN_NUM}+)[)）]、?")),
    (13, re.compile(r"^(\d{1,2})(?:[.．、](?!\d)|[)）])")),
    (14, re.compile(r"^[（(](\d{1,2})[)）]|^([①-⑳])")),
)
_NESTED = re.compile(rf"^{_HAN_NUM}+、[^，。；：（）]{{2,20}}(?=（{_HAN_NUM}+）\S)")
BULLET = re.compile(r"^[-*+•·]\s+")
ROW = re.compile(r"^\|.*\|$")
RULE = re.compile(r"^\|(?:\s*:?-{3,}:?\s*\|)+$")  # | --- | --- |
_RANK = {"编": 7, "編": 7, "章": 8, "节": 9, "節": 9}
_ARTICLE_RANK = 15
# 附件, 附件2, 附錄一 and such a line with a title; 专栏3 智能算力 is a box inside a section.
_ANNEX = re.compile(
    rf"^附\s*(?:件|录|錄|表)\s*(?:{_NUM}|[A-Z])?\s*[:：]?$|^附\s*(?:件|录|錄|表)(?:\s*{_NUM}[:：]|\s*{_NUM}\s|\s)\s*[^\d\s].*$"
)
_BOX = re.compile(rf"^(?:专栏|專欄)\s*{_NUM}?(?:[:：\s].*)?$")
_ANNEX_RANK, _BOX_RANK, _FIRST_LIST_RANK, _LAST_LIST_RANK = 7, 12, 10, 14
_END_MARK = re.compile(r"[。！？!?；;]")
# In text that lost its line ends a new unit starts inside the line, after a full stop: 。 一、总体要求 ...
_INLINE = re.compile(
    rf"(?:(?<=[。；！？])[ 　]*(?=第{_HAN_NUM}+[编章条][ 　]|{_HAN_NUM}{{1,3}}、|（{_HAN_NUM}+）|第{_HAN_NUM}+条　))|(?<=[：:])[ 　]*(?=（一）)"
)
_SHORT_LINE, _LABELLED = 40, 400  # characters: what can be a heading, and where a label can stand in a longer line
_SPACED_NUMBER = re.compile(r"\d+ +\S")

Pages = tuple[tuple[int, int], ...]  # (offset where it begins, page number), in order


@dataclass(frozen=True, slots=True)
class _Unit:
    start: int
    end: int
    kind: BlockKind
    rank: int  # 0 for body text
    label: str  # heading text, or 第X条
    level: int  # of its list mark, 0 where it has none
    number: int  # of its list mark


def page_at(pages: Pages, offset: int) -> int | None:
    """The page on which an offset lies, None in an unpaged text."""
    at = bisect_right(pages, offset, key=lambda page: page[0])
    return pages[at - 1][1] if at else None


def list_mark(line: str) -> tuple[int, int]:
    """Level and number of the list mark that opens a line: （三） is (11, 3); (0, 0) where there is none."""
    for level, pattern in LIST_LEVELS:
        if match := pattern.match(line):
            return level, _number(next(filter(None, match.groups())))
    return (16, 0) if BULLET.match(line) else (0, 0)


def _number(text: str) -> int:
    if text.isdecimal():
        return int(text)
    if "①" <= text <= "⑳":
        return ord(text) - ord("①") + 1
    tens, ten, ones = text.rpartition("十")
    digits = "零一二三四五六七八九"
    return (max(1, digits.find(tens[-1:] or "一")) * 10 if ten else 0) + max(0, digits.find(ones[-1:] or "零"))


def split_blocks(text: str, pages: Pages = ()) -> tuple[Block, ...]:
    """Blocks of the cleaned text in order, each with the heading path above it and the page on which it begins."""
    stack: list[tuple[int, str]] = []
    blocks = []
    before = ""
    for unit in _in_lists(text, _units(text)):
        rank = unit.rank
        closes = rank or (unit.level if unit.level <= _LAST_LIST_RANK else 0)
        if unit.level == _FIRST_LIST_RANK and unit.number == 1 and not before.endswith(("：", ":")):
            pass  # 一、 that no sentence of the article above leads to: an annex begins, and the article ends
        elif unit.level and any(above == _ARTICLE_RANK for above, _ in stack):
            rank, closes = rank and rank + _ARTICLE_RANK, closes and closes + _ARTICLE_RANK  # they stand below it
        while closes and stack and stack[-1][0] >= closes:
            stack.pop()
        path = tuple(label for _, label in stack)
        blocks.append(Block(unit.kind, unit.start, unit.end, path, page_at(pages, unit.start)))
        if rank:
            stack.append((rank, unit.label))
        before = text[unit.start : unit.end]
    return tuple(blocks)


def own_label(text: str, block: Block) -> str:
    """What a block's own beginning is called (第三条, （一）推动模型创新), "" for plain text."""
    end = min(block.end, block.start + _LABELLED)
    return _classify(text, block.start, end)[0].label if block.kind in {"article", "item"} else ""


def _units(text: str) -> list[_Unit]:
    units = []
    for line in re.finditer(r"[^\n]+", text):
        cuts = [line.start(), *(m.end() for m in _INLINE.finditer(text, line.start(), line.end())), line.end()]
        for start, end in pairwise(cuts):
            for a, b in trimmed(text, start, end):
                units.extend(_classify(text, a, b))
    return units


def _classify(text: str, start: int, end: int) -> list[_Unit]:
    line = text[start:end]
    if ROW.match(line):
        return [_Unit(start, end, "row", 0, "", 0, 0)]
    if match := _MARKDOWN.match(line):
        label = match[2].strip()
        article = _ARTICLE.match(label)
        if article and len(label) > _SHORT_LINE:
            return [_Unit(start, end, "article", _ARTICLE_RANK, article[0].strip("*"), 0, 0)]
        return [_Unit(start, end, "heading", len(match[1]), label, 0, 0)]
    if match := _PART.match(line):
        return _heading_or_run_in(line, start, end, _RANK[match[1]])
    if match := _ARTICLE.match(line):
        return [_Unit(start, end, "article", _ARTICLE_RANK, match[0].strip("*"), 0, 0)]
    for pattern, rank in ((_ANNEX, _ANNEX_RANK), (_BOX, _BOX_RANK)):
        if len(line) <= _SHORT_LINE and pattern.match(line) and not _END_MARK.search(line):
            return [_Unit(start, end, "heading", rank, line.rstrip("：:"), 0, 0)]
    if match := _NESTED.match(line):  # 二、主要任务（一）建设算力。: two levels in one line
        level, number = list_mark(line)
        head = _Unit(start, start + match.end(), "heading", level, match[0], level, number)
        return [head, *_classify(text, start + match.end(), end)]
    level, _ = list_mark(line)
    if level and not BULLET.match(line):
        return _heading_or_run_in(line, start, end, level)
    return [_Unit(start, end, "item" if level else "paragraph", 0, "", *list_mark(line))]


def _heading_or_run_in(line: str, start: int, end: int, rank: int) -> list[_Unit]:
    """Tell a heading line from a numbered paragraph; part a run-in heading (一、总体要求 坚持以...) from its text."""
    mark = list_mark(line)
    bare = re.fullmatch(r"[（(]?[^\s（(]{1,3}[.．、)）]", line) is not None  # 1. on a line of its own
    if len(line) <= _SHORT_LINE and not bare and not _END_MARK.search(line) and not line.endswith(("：", ":", "，")):
        return [_Unit(start, end, "heading", rank, line, *mark)]
    run_in = re.match(r"^([^，。；：]{3,30}?)[ 　]+(?=\S{12})", line)
    if run_in and rank <= _FIRST_LIST_RANK and not _breaks_number(line, run_in.end(1), run_in.end()):
        head = _Unit(start, start + run_in.end(1), "heading", rank, run_in[1], *mark)
        return [head, _Unit(start + run_in.end(), end, "paragraph", 0, "", 0, 0)]
    lead = re.match(r"^([^，。；：]{4,36})。", line)
    if lead and mark[0] in (10, 11, 13):
        # （一）推动工业模型创新发展。以“百行千模”为牵引……: the lead is a heading for what follows, and stays in the text.
        return [_Unit(start, end, "item", rank, lead[1], *mark)]
    return [_Unit(start, end, "item", 0, "", *mark)]


def _breaks_number(line: str, left: int, right: int) -> bool:
    """Whether the blank at line[left:right] stands beside a number written with blanks: 到 2025 年, 第 3 批."""
    return line[left - 1].isdigit() or _SPACED_NUMBER.match(line, right) is not None


def _in_lists(text: str, units: Sequence[_Unit]) -> list[_Unit]:
    """Tell what only neighbours can: numbered lines that a colon leads to, with no text of their own, head nothing.

    So does a lone （一）东区。 before （二）西区。; but （一）推动降本。 with a paragraph under it heads that paragraph.
    """
    kept: list[_Unit] = []
    level, flat = 0, False  # of the list that a colon opened and in which the last unit stands
    for at, unit in enumerate(units):
        childless = at + 1 == len(units) or _ends_item(unit, units[at + 1])
        led = bool(kept) and kept[-1].kind != "heading" and text[kept[-1].end - 1] in "：:"
        if unit.level and unit.number <= 1 and led:
            level, flat = unit.level, childless
        elif unit.level < level:
            level, flat = 0, False
        whole_line = unit.kind == "item" and text[unit.start : unit.end].rstrip("。") == unit.label
        if unit.rank and ((flat and unit.level == level) or (whole_line and childless)):
            unit = replace(unit, kind="item", rank=0, label="")
        kept.append(unit)
    return kept


def _ends_item(unit: _Unit, following: _Unit) -> bool:
    """Whether the unit after a numbered line shows that the line has nothing under it."""
    if following.level:
        return following.level <= unit.level
    return following.kind in {"heading", "article"}
