"""Which of a page's lines are the article: by its layout where that is known, by the weight of its text elsewhere."""

import re
from collections.abc import Callable
from typing import Any

from ingest.formats.html_lines import Block, Line
from ingest.formats.html_rows import LABELLED

PROSE = re.compile(r"[。；，！？]|[.;!?](?:\s|$)")
_FACT_LINE = re.compile(
    r"[〔\[（(]\d{4}[〕\]）)]\s*第?\d+号|来源[:：]|(?:发布|发文|成文)(?:时间|日期|机关)[:：]|^\d{4}[-年]\d{1,2}[-月]\d{1,2}"
)
_RELATED = re.compile(
    r"[#\s【\[—–-]*(?:往期(?:推荐|回顾|精彩|精选|文章)|推荐阅读|相关(?:新闻|链接|阅读|文章|报道|推荐|资讯|稿件)|延伸阅读|猜你喜欢|大家都在看"
    r"|热门(?:推荐|文章|新闻)|精彩(?:推荐|回顾)|为您推荐|更多(?:新闻|精彩|推荐|文章))[】\]—–:：\s-]*"
)
_DISCLAIMER = re.compile(r"特别声明|特別聲明|免责声明|Notice: The content")
_SHARE, _MIN_COVERED, _MIN_HELD, _MIN_LINE = 0.8, 0.25, 0.33, 8
_MAX_WORK = 1_000_000_000  # characters searched in vain, about a second
_LOOK_BACK, _HEADINGS_BACK, _LOOK_AHEAD = 24, 12, 12  # lines around an article that may hold its facts


def article_in_layout(lines: list[Line], marked: Any) -> list[Line]:
    """Return the article of a page in a known layout with the facts above it.

    Empty where the element that should hold it has less than a third of the page's prose: the mark then means another
    thing on this page.
    """
    if marked is None:
        return []
    within = _within(lines, lambda block: block.element is marked)
    held = sum(_prose_length(line) for line, inside in zip(lines, within, strict=True) if inside)
    if not any(within) or held < _MIN_HELD * sum(map(_prose_length, lines)):
        return []
    first, end = within.index(True), len(within) - within[::-1].index(True)
    article = [line for line, inside in zip(lines[first:end], within[first:end], strict=True)
               if inside and (not line.framed or PROSE.search(line.text) or not line.link_chars)]  # fmt: skip
    article = _without_related(article)
    while article and _is_linked(article[-1]) and not _names_document(article[-1].text):
        article.pop()
    # The platform's own word on its authors stands under the article.
    below = [line for line in lines[end : end + _LOOK_AHEAD] if _DISCLAIMER.match(line.text)]
    return [*_facts_above(lines, first), *article, *below] if article else []


def _within(lines: list[Line], is_it: Callable[[Block], bool]) -> list[bool]:
    """Tell of each line whether a block for which `is_it` holds is around it."""
    known: dict[Block, bool] = {}
    found = []
    for line in lines:
        block: Block | None = line.block
        path = []
        while block is not None and block not in known and not is_it(block):
            path.append(block)
            block = block.outer
        inside = block is not None and known.get(block, True)
        known.update(dict.fromkeys(path, inside))
        found.append(inside)
    return found


def article_by_weight(lines: list[Line], taken: str) -> list[Line]:
    """Return the article's lines: those of the smallest element with four fifths of the prose, and facts above it.

    `taken` is the text that an extractor took for the article, as bare_text; "" where there is none.
    """
    took = _taken_lengths(lines, taken)
    prose = [_prose_length(line) for line in lines]
    weights = took if taken and sum(took) >= _MIN_COVERED * sum(prose) else prose
    total = sum(weights)
    if not total:
        return [line for line in lines if line.link_chars <= len(line.text) / 2]
    first, last = _span(lines, weights, total)
    article = [lines[at] for at in range(first, last + 1) if took[at] or _belongs(lines[at])]
    return [*_facts_above(lines, first), *_without_related(article)]


def bare_text(text: str) -> str:
    """Return a text without blanks and marks of layout, to compare two renderings of it."""
    return re.sub(r"[\s#|*>-]+", "", text)


def _taken_lengths(lines: list[Line], taken: str) -> list[int]:
    """Return for each line how many of its characters were taken: all, or none.

    Lines come in the order of the text, so each search goes on from the last find; the beginnings of all places turn
    most lines away before a search, and what remains of the work is bounded.
    """
    starts = {taken[at : at + _MIN_LINE] for at in range(len(taken) - _MIN_LINE + 1)}
    found = []
    cursor, work = 0, 0
    for line in lines:
        length = 0
        bare = bare_text(line.text)
        for form in (bare, re.sub(r"^[0-9]{1,4}\.", "", bare)):  # the numbers of a list's items are our own
            if len(form) < _MIN_LINE or form[:_MIN_LINE] not in starts or work > _MAX_WORK:
                continue
            at = taken.find(form, cursor)
            if at < 0:
                work += len(taken)
                at = taken.find(form)
            if at >= 0:
                cursor, length = at + len(form), len(form)
                break
        found.append(length)
    return found


def _prose_length(line: Line) -> int:
    own = len(line.text) - line.link_chars
    return own if own >= 15 and PROSE.search(line.text) and not line.framed else 0


def _span(lines: list[Line], weights: list[int], total: int) -> tuple[int, int]:
    """First and last line of the smallest element that holds enough of the weight."""
    held: dict[Block, int] = {}
    for line, weight in zip(lines, weights, strict=True):
        held[line.block] = held.get(line.block, 0) + weight
    layers: dict[int, set[Block]] = {}
    for block in held:
        layers.setdefault(block.depth, set()).add(block)
    container = None
    for depth in range(max(layers), -1, -1):
        for block in layers.get(depth, ()):
            if held[block] >= _SHARE * total:
                container = block
                break
            if block.outer is not None:
                held[block.outer] = held.get(block.outer, 0) + held[block]
                layers.setdefault(depth - 1, set()).add(block.outer)
        if container:
            break
    within = _within(lines, lambda block: block is container)
    return within.index(True), len(within) - 1 - within[::-1].index(True)


def _belongs(line: Line) -> bool:
    if line.framed and (_is_linked(line) or not PROSE.search(line.text)):
        return False
    return not _is_linked(line) or _names_document(line.text)


def _is_linked(line: Line) -> bool:
    return line.link_chars > len(line.text) * 0.6


def _names_document(text: str) -> bool:
    """Attachments and cited documents are often links alone, and content all the same."""
    return bool(re.search(r"《.+》|附件|\.(?:pdf|docx?|xlsx?)$", text))


def _without_related(lines: list[Line]) -> list[Line]:
    """Drop lists of links to other articles under a heading that says so, wherever in the article they stand."""
    kept: list[Line] = []
    in_list = False
    for at, line in enumerate(lines):
        if _RELATED.fullmatch(line.text) and at + 1 < len(lines) and _is_linked(lines[at + 1]):
            in_list = True
        elif in_list and not _is_linked(line):
            in_list = False
        if not in_list:
            kept.append(line)
    return kept


def _facts_above(lines: list[Line], first: int) -> list[Line]:
    near = range(max(0, first - _LOOK_BACK), first)
    return [lines[at] for at in near if _is_fact(lines[at], heading=at >= first - _HEADINGS_BACK)]


def _is_fact(line: Line, heading: bool) -> bool:
    if line.framed or line.link_chars > len(line.text) / 2:
        return False
    if line.link_chars and not re.search(r"来源[:：]", line.text):
        return False
    return (heading and line.heading) or bool(_FACT_LINE.search(line.text) or LABELLED.match(line.text))
