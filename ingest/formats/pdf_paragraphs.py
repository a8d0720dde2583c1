"""Lines of pages joined into paragraphs, inside a page and over its end.

Pure geometry and text, for text layers and for recognised scans alike.
"""

import re
from collections import Counter
from dataclasses import replace
from itertools import pairwise
from statistics import median

from ingest.formats.pdf_lines import BULLET, PAGE_MARK, Line

_MIN_WIDTH = 18  # Han characters in a full line: two columns on A4 hold about 20 each
_HAN = re.compile("[\u2e80-\u2fdf\u3400-\u9fff]")
_WIDE = re.compile("[\u2e80-\u9fff\uf900-\ufaff\uff00-\uffef—…“”‘’·]")
_NUMERAL = "[一二三四五六七八九十百零〇]"
_STARTS = re.compile(
    rf"第(?:{_NUMERAL}+|\d+) ?[编篇章节条]|{_NUMERAL}{{1,3}}、|[（(](?:{_NUMERAL}{{1,3}}|\d{{1,2}})[)）]"
    r"|\d{1,2}[.．、](?!\d)|[①-⑳●•■◆▪○]|附件|附录|附：|专栏 ?\d|[图表] ?\d"
)
_ENDS = re.compile(
    r"[。！？；：!?;:][”’」』）)】》]*$|(?<![.…·])[.…·]{3,} ?\d{1,4}$"
)  # the latter in a table of contents
_RUN = re.compile(r"[A-Za-z0-9.,%/:_~+-]+")


def join_pages(pages: list[list[Line]]) -> str:
    """Return the pages' lines as paragraphs, one a line, with PAGE_MARK where a page other than the first begins.

    The mark stands alone on a line, or inside a paragraph that goes on over the page's end. One mark for each page,
    empty ones too.
    """
    everything = [line for lines in pages for line in lines]
    frame = _frame(everything)
    leading = _leading(pages)
    text, last = "", None
    last_page = 0
    for number, lines in enumerate(pages):
        own = _own_frame(lines, frame)
        for line in lines:
            line = replace(line, left=line.left - own[0], right=line.right - own[1])
            marks = PAGE_MARK * (number - last_page)
            if last is None:
                text = "".join(f"{mark}\n" for mark in marks) + line.text
            elif _goes_on(last, line, None if marks else leading):
                text += glue(text, line.text) + marks + line.text
            else:
                text += "".join(f"\n{mark}" for mark in marks) + "\n" + line.text
            last, last_page = line, number
    return text + f"\n{PAGE_MARK}" * (len(pages) - 1 - last_page)


def _frame(lines: list[Line]) -> tuple[float, float]:
    """Left and right margin of the running text: where most lines start, and where the longest tenth ends."""
    if not lines:
        return 0.0, 0.0
    starts = Counter(round(line.left) for line in lines)
    common = max(starts, key=lambda at: (sum(starts[at + d] for d in (-1, 0, 1)), -at))
    ends = sorted(line.right for line in lines)
    width = _MIN_WIDTH * median(line.size for line in lines)  # where all lines are short, none is full
    return float(common), max(ends[-1 - len(ends) // 10], common + width)


def _own_frame(lines: list[Line], frame: tuple[float, float]) -> tuple[float, float]:
    """The document's margins, unless the page (a left-hand one, one turned sideways) plainly has others."""
    if len(lines) < 8:
        return frame
    own = _frame(lines)
    left = frame[0] if sum(abs(line.left - frame[0]) < 3 for line in lines) >= 2 else own[0]
    return left, frame[1] if abs(own[1] - frame[1]) < 2 * lines[0].size else own[1]


def _leading(pages: list[list[Line]]) -> float:
    steps = [a.middle - b.middle for lines in pages for a, b in pairwise(lines) if a.middle > b.middle]
    return median(steps) if steps else 0.0


def _goes_on(last: Line, line: Line, leading: float | None) -> bool:
    """Tell whether a paragraph goes on from one line to the next; left and right count from the margins.

    `leading` is the usual distance of two lines, None across a page's end.
    """
    size = last.size
    if line.text.startswith("| ") or last.text.endswith(" |"):
        return False  # rows of a table
    if BULLET.match(line.text) or abs(last.left - line.left) > 5 * size:  # another item; another cell of a table
        return False
    if leading is not None and last.middle - line.middle > max(1.5 * leading, 1.2 * size):
        return False
    if _HAN.search(last.text) and _HAN.search(line.text) and abs(size - line.size) > 0.12 * size:
        return False
    run = _RUN.match(line.text)
    short = -last.right > max(2.2 * size, (len(run[0]) if run else 0) * 0.6 * size + size)
    ended = bool(_ENDS.search(last.text))
    if _STARTS.match(line.text) and (ended or short or line.left > 0.8 * size):
        return False
    if short:
        return last.text[-1] in "，、" and line.left < 0.8 * size
    if line.left > last.left + size:  # an indent opens a paragraph, unless it hangs under a number
        return bool(_STARTS.match(last.text)) and not ended
    return line.left < 1.2 * size or not ended


def glue(before: str, after: str) -> str:
    """Return what stands between the two parts of a broken line: nothing in Chinese or inside a number, else a blank."""
    before = before[-60:]
    a, b = before[-1], after[0]
    if _WIDE.match(a) or _WIDE.match(b) or a in "-–/(（":
        return ""
    number = re.search(r"\d[.,]?$", before) is not None and (b.isdigit() or b in ".,%‰")
    chinese = _HAN.search(before) is not None
    return "" if chinese and (number or a.isdigit()) else " "
