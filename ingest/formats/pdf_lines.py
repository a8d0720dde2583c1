"""Lines of a page with their places, put into reading order, and running heads, feet and page numbers taken off.

Pure geometry and text: the library that reads the file is in ingest.formats.read_pdf. x grows to the right, y grows upwards,
both in points.
"""

import re
from collections import Counter, defaultdict
from dataclasses import dataclass, replace
from itertools import pairwise

PAGE_MARK = "\uf8ff"  # a private-use character: cleaning leaves it where it is
_EDGE_LINES = 3  # a running head or foot is among so many lines at either end of a page
_MIN_PAGES, _MIN_SHARE = 3, 0.4  # heads that differ on odd and even pages each stand on nearly half of them
_DIGITS = re.compile(r"\d+")
_PAGE_NUMBER = re.compile(
    r"第 ?\d{1,4} ?页(?: ?[,，/]? ?(?:共|总) ?\d{1,4} ?页)?|(?:共|总) ?\d{1,4} ?页[,，]? ?第 ?\d{1,4} ?页"
    r"|[-—－–·] ?\d{1,4} ?[-—－–·]|[Pp]age ?\d{1,4}(?: ?(?:of|/) ?\d{1,4})?|\d{1,4} ?/ ?\d{1,4}"
    r"|(?:https?|file)://\S+(?: {1,2}\d{1,4} ?/ ?\d{1,4}|  \d{1,4})"  # recognition reads 5/7 as 517
)
# A browser prints the time and the page's title above, its address and the count of sheets below.
_PRINT_FOOT = re.compile(r"(?:https?|file)://\S+ {1,2}\d{1,4}/\d{1,4}")
_PRINT_HEAD = re.compile(r"(?:\d{4}/\d{1,2}/\d{1,2}|\d{1,2}/\d{1,2}/\d{2}),? \d{1,2}:\d{2}(?: [AP]M)?(?: .{1,120})?")
PRINTED_ADDRESS = re.compile(r"https?://[^\s，。；]+")
_HAN = re.compile("[\u2e80-\u2fdf\u3400-\u9fff]")
BULLET = re.compile(r"[●•■◆▪○·\uf06c\uf06e\uf0b7\uf0d8]")


@dataclass(frozen=True, slots=True)
class Line:
    """A line of text and its box; `size` is the width of a Han character in it."""

    text: str
    left: float
    right: float
    bottom: float
    top: float
    size: float

    @property
    def middle(self) -> float:
        """Height of the line's middle."""
        return (self.top + self.bottom) / 2


def in_reading_order(lines: list[Line]) -> list[Line]:
    """Return a page's lines from top to bottom, without those drawn twice.

    Lines stored one below the other stay together; a page in columns keeps the order in which it was stored.
    """
    lines = without_doubles(lines)
    if in_columns(lines):
        return lines
    stacks: list[list[Line]] = []
    mixed: set[int] = set()
    floor = 0.0  # of the last stack
    for run in sorted(_runs_down(lines), key=lambda run: -max(line.top for line in run)):
        bottom = min(line.bottom for line in run)
        if stacks and max(line.top for line in run) > floor + 0.5 * run[0].size:
            stacks[-1] += run
            mixed.add(len(stacks) - 1)
            floor = min(floor, bottom)
        else:
            stacks.append(run)
            floor = bottom
    return [line for at, stack in enumerate(stacks) for line in (by_rows(stack) if at in mixed else stack)]


def _runs_down(lines: list[Line]) -> list[list[Line]]:
    """Parts of a page stored one below the other; the cells of a table's row may stand a little higher again."""
    runs: list[list[Line]] = []
    for line in lines:
        if runs and -6 * line.size < line.middle - runs[-1][-1].middle < line.size:
            runs[-1].append(line)
        else:
            runs.append([line])
    return runs


def by_rows(lines: list[Line]) -> list[Line]:
    """Return lines from top to bottom, those on one height made one; a table's row stays by itself."""
    rows: list[list[Line]] = []
    for line in sorted(lines, key=lambda line: -line.middle):
        near = 0.5 * min(rows[-1][0].size, line.size) if rows else 0.0
        ruled = line.text.startswith("| ") or (rows and rows[-1][0].text.startswith("| "))
        if rows and not ruled and abs(rows[-1][0].middle - line.middle) < near:
            rows[-1].append(line)
        else:
            rows.append([line])
    return [_row(sorted(row, key=lambda line: line.left)) for row in rows]


def without_running_lines(pages: list[list[Line]]) -> tuple[list[list[Line]], list[list[Line]]]:
    """Return (the pages without running heads, feet and page numbers, the lines removed from each).

    A running line stands at an end of at least three pages and two pages in five, and its numbers are the same on all
    of them or count the pages: a table's total at every page's end stays. Page numbers and what a browser prints
    around a page go wherever they stand at an end.
    """
    found: dict[str, list[tuple[int, list[int]]]] = defaultdict(list)
    edges = [_edge(lines) for lines in pages]
    for number, (lines, edge) in enumerate(zip(pages, edges, strict=True)):
        for at in sorted(edge):
            text = lines[at].text
            found[_shape(text)].append((number, [int(digits) for digits in _DIGITS.findall(text)]))
    running = {shape for shape, places in found.items() if _runs(shape, places, len(pages))}
    printed = any(
        _PRINT_FOOT.fullmatch(lines[at].text) for lines, edge in zip(pages, edges, strict=True) for at in edge
    )
    kept, removed = [], []
    for lines, edge in zip(pages, edges, strict=True):
        drop = {at for at in edge if _shape(lines[at].text) in running or _PAGE_NUMBER.fullmatch(lines[at].text)}
        drop |= {at for at in edge if printed and _PRINT_HEAD.fullmatch(lines[at].text)}
        kept.append([line for at, line in enumerate(lines) if at not in drop])
        removed.append([lines[at] for at in sorted(drop)])
    return kept, removed


def layer_text(pages: list[list[Line]], removed: list[list[Line]]) -> str:
    """Return the pages' lines in the order stored, one a line, without those that lie in a line removed."""
    return "\n".join(
        line.text
        for lines, gone in zip(pages, removed, strict=True)
        for line in without_doubles(lines)
        if not any(covers(other, line) for other in gone)
    )


def covers(outer: Line, inner: Line) -> bool:
    """Tell whether a line's middle, and most of its width, lie within another."""
    wide = min(outer.right, inner.right) - max(outer.left, inner.left)
    return outer.bottom <= inner.middle <= outer.top and wide >= 0.5 * (inner.right - inner.left)


def take_page_marks(text: str) -> tuple[str, tuple[tuple[int, int], ...]]:
    """Return (text without page marks, (offset, page number) of every page, from 1 on, in order)."""
    parts = re.split(rf"(?m)^{PAGE_MARK}\n|\n{PAGE_MARK}\Z|{PAGE_MARK}", text)
    pages, at = [], 0
    for number, part in enumerate(parts, 1):
        pages.append((at, number))
        at += len(part)
    return "".join(parts), tuple(pages)


def without_doubles(lines: list[Line]) -> list[Line]:
    """Drop a line drawn a second time over itself to look bold, and halve characters doubled for the same reason."""
    seen: dict[str, list[Line]] = defaultdict(list)
    kept = []
    for line in lines:
        text = line.text
        if (
            len(text) >= 6
            and len(text) % 2 == 0
            and text[::2] == text[1::2]
            and len(set(text)) > 2
            and _HAN.search(text)
        ):
            line = replace(line, text=text[::2])
        near = 0.4 * line.size
        if any(abs(o.left - line.left) < near and abs(o.middle - line.middle) < near for o in seen[line.text][-50:]):
            continue
        seen[line.text].append(line)
        kept.append(line)
    return kept


def in_columns(lines: list[Line]) -> bool:
    """Tell a page in columns: many long lines stand beside another long one."""
    long = sorted((line for line in lines if len(line.text) >= 10), key=lambda line: -line.middle)
    beside = sum(
        abs(a.middle - b.middle) < 0.8 * a.size and (a.right <= b.left or b.right <= a.left) for a, b in pairwise(long)
    )
    return beside >= 5 and beside * 5 >= len(long)


def _row(row: list[Line]) -> Line:
    if len(row) == 1:
        return row[0]
    parts = [row[0].text]
    for before, after in pairwise(row):
        near = after.left - before.right < 0.3 * after.size
        parts.append((" " if BULLET.fullmatch(before.text) else "" if near else "  ") + after.text)
    size = max(line.size for line in row)
    return Line("".join(parts), row[0].left, max(line.right for line in row), min(line.bottom for line in row),
                max(line.top for line in row), size)  # fmt: skip


def _edge(lines: list[Line]) -> set[int]:
    ends = {*range(min(_EDGE_LINES, len(lines))), *range(max(0, len(lines) - _EDGE_LINES), len(lines))}
    return {at for at in ends if not lines[at].text.startswith("| ")}  # a table's head may stand on every page


def _shape(text: str) -> str:
    return _DIGITS.sub("#", re.sub(r"\s", "", text))


def _runs(shape: str, places: list[tuple[int, list[int]]], pages: int) -> bool:
    count = len({number for number, _ in places})
    if count < _MIN_PAGES or count < _MIN_SHARE * pages or BULLET.fullmatch(shape):
        return False
    for column in zip(*(numbers for _, numbers in places), strict=True):
        same = Counter(column).most_common(1)[0][1]
        counting = Counter(value - number for value, (number, _) in zip(column, places, strict=True)).most_common(1)
        if max(same, counting[0][1]) < 0.9 * len(places):
            return False
    return shape != "#" or counting[0][1] >= 0.9 * len(places)  # a lone number has to be the page's
