"""Structure-aware splitting of Chinese official texts: blocks, sentences, chunks, all as exact offsets.

Nothing is rewritten here: a chunk is Document.text[start:end], chunks do not overlap, and together they hold every
character of the document that is not white space, so no number can be lost between reading and retrieval.
"""

import re
from bisect import bisect_right
from dataclasses import dataclass, replace
from itertools import pairwise

from ingest.types import Block, BlockKind, Chunk, Sentence

TARGET_CHARS = 320  # chunks are filled up to about this size
MAX_CHARS = 480  # and never grow beyond it unless a single sentence does
MAX_SENTENCE = 600  # a run without any full stop is cut at a comma

_HAN_NUM = "[一二三四五六七八九十百零〇]"
_MARKDOWN = re.compile(r"^(#{1,6})\s+(.+)$")
_PART = re.compile(rf"^第(?:{_HAN_NUM}+|\d+)([编章节])(?=[\s　]|[^条款项，。；、]{{0,30}}$)")
_ARTICLE = re.compile(rf"^(?:\*\*)?第(?:{_HAN_NUM}+|\d+)\s*条(?:之{_HAN_NUM}+)?(?:\*\*)?")
_LEVELS = (
    (10, re.compile(rf"^{_HAN_NUM}+、")),
    (11, re.compile(rf"^[（(]{_HAN_NUM}+[)）]、?")),
    (12, re.compile(r"^\d{1,2}[.．、](?!\d)")),
    (13, re.compile(r"^[（(]\d{1,2}[)）]|^[①-⑳]")),
)
_NESTED = re.compile(rf"^{_HAN_NUM}+、[^，。；：（）]{{2,20}}(?=（{_HAN_NUM}+）\S)")
_ITEM = re.compile(r"^[-*+•·]\s+")
_ROW = re.compile(r"^\|.*\|$")
_RANK = {"编": 7, "章": 8, "节": 9}
_ARTICLE_RANK = 14
_END_MARK = re.compile(r"[。！？!?；;]")
# In text that lost its line ends a new unit starts inside the line, after a full stop: 。 一、总体要求 ...
_INLINE = re.compile(
    rf"(?<=[。；！？])[ 　]*(?=第{_HAN_NUM}+[编章条][ 　]|{_HAN_NUM}{{1,3}}、|（{_HAN_NUM}+）|第{_HAN_NUM}+条　)"
)
_ENDS = "。！？!?；;"
_AFTER_END = _ENDS + "…"  # an ellipsis alone ends nothing (他说……好), but goes with the mark before it
_ADDRESS = re.compile(r"[!?;](?=[A-Za-z0-9=&/%_-])")  # inside a web address or a program's text
_CLOSERS = "”’」』）)】》\"'"
_ENGLISH_END = re.compile(r"\.(?=\s+[A-Z“\"]|\s*$)")


def split_sentences(text: str, start: int = 0, end: int | None = None) -> list[tuple[int, int]]:
    """Spans of the sentences in text[start:end], without surrounding white space.

    A sentence ends at 。！？； (either width), at an English full stop before a capital, at a line end; closing quotes and
    brackets go with it, and a mark inside round brackets does not end the sentence around them.
    """
    end = len(text) if end is None else end
    spans: list[tuple[int, int]] = []
    begin, position, depth = start, start, 0
    while position < end:
        char = text[position]
        position += 1
        if char in "（(":
            depth += 1
        elif char in "）)":
            depth = max(0, depth - 1)
        if not (char == "\n" or _is_end(text, position - 1, depth)):
            continue
        if char != "\n":
            while position < end and text[position] in _AFTER_END + _CLOSERS:
                position += 1
        depth = 0
        _append(spans, text, begin, position)
        begin = position
    _append(spans, text, begin, end)
    return [piece for span in spans for piece in _cut_long(text, *span)]


def _is_end(text: str, position: int, depth: int) -> bool:
    char = text[position]
    if char == ".":
        return _is_full_stop(text, position)
    return char in _ENDS and depth == 0 and not _ADDRESS.match(text, position)


def _is_full_stop(text: str, position: int) -> bool:
    if not _ENGLISH_END.match(text, position):
        return False
    word = re.search(r"[A-Za-z.]+$", text[max(0, position - 12) : position])
    return not (
        word and (len(word[0]) == 1 or word[0] in {"No", "Dr", "Mr", "Ms", "vs", "e.g", "i.e", "Art", "St", "U.S"})
    )


def _append(spans: list[tuple[int, int]], text: str, start: int, end: int) -> None:
    while start < end and text[start].isspace():
        start += 1
    while end > start and text[end - 1].isspace():
        end -= 1
    if end > start:
        spans.append((start, end))


def _cut_long(text: str, start: int, end: int) -> list[tuple[int, int]]:
    """Cut a run of more than MAX_SENTENCE characters at its last comma (or blank) before the limit."""
    pieces: list[tuple[int, int]] = []
    while end - start > MAX_SENTENCE:
        window = text[start : start + MAX_SENTENCE]
        cut = max(window.rfind(mark) for mark in "，,、：: \u3000")
        cut = start + (cut + 1 if cut > MAX_SENTENCE // 3 else MAX_SENTENCE)
        _append(pieces, text, start, cut)
        start = cut
    _append(pieces, text, start, end)
    return pieces


@dataclass(frozen=True, slots=True)
class _Unit:
    start: int
    end: int
    kind: BlockKind
    rank: int  # 0 for body text
    label: str  # heading text, or 第X条


Pages = tuple[tuple[int, int], ...]  # (offset where it begins, page number), in order


def _page_at(pages: Pages, offset: int) -> int | None:
    at = bisect_right(pages, offset, key=lambda page: page[0])
    return pages[at - 1][1] if at else None


def split_blocks(text: str, pages: Pages = ()) -> tuple[Block, ...]:
    """Blocks of the cleaned text in order, each with the heading path above it and the page on which it begins."""
    stack: list[tuple[int, str]] = []
    blocks = []
    for unit in _units(text):
        if unit.rank:
            while stack and stack[-1][0] >= unit.rank:
                stack.pop()
        path = tuple(label for _, label in stack)
        blocks.append(Block(unit.kind, unit.start, unit.end, path, _page_at(pages, unit.start)))
        if unit.rank:
            stack.append((unit.rank, unit.label))
    return tuple(blocks)


def _units(text: str) -> list[_Unit]:
    units = []
    for line in re.finditer(r"[^\n]+", text):
        cuts = [line.start(), *(m.end() for m in _INLINE.finditer(text, line.start(), line.end())), line.end()]
        for start, end in pairwise(cuts):
            trimmed: list[tuple[int, int]] = []
            _append(trimmed, text, start, end)
            for a, b in trimmed:
                units.extend(_classify(text, a, b))
    return units


def _classify(text: str, start: int, end: int) -> list[_Unit]:
    line = text[start:end]
    if match := _MARKDOWN.match(line):
        label = match[2].strip()
        if _ARTICLE.match(label) and len(label) > 40:
            return [_Unit(start, end, "article", _ARTICLE_RANK, _ARTICLE.match(label)[0].strip("*"))]  # type: ignore[index]
        return [_Unit(start, end, "heading", len(match[1]), label)]
    if match := _PART.match(line):
        return _heading_or_run_in(line, start, end, _RANK[match[1]])
    if match := _ARTICLE.match(line):
        return [_Unit(start, end, "article", _ARTICLE_RANK, match[0].strip("*"))]
    if _ROW.match(line):
        return [_Unit(start, end, "row", 0, "")]
    if match := _NESTED.match(line):  # 二、主要任务（一）建设算力。: two levels in one line
        return [_Unit(start, start + match.end(), "heading", 10, match[0]), *_classify(text, start + match.end(), end)]
    for rank, pattern in _LEVELS:
        if pattern.match(line):
            return _heading_or_run_in(line, start, end, rank)
    return [_Unit(start, end, "item" if _ITEM.match(line) else "paragraph", 0, "")]


def _heading_or_run_in(line: str, start: int, end: int, rank: int) -> list[_Unit]:
    """Tell a heading line from a numbered paragraph; part a run-in heading (一、总体要求 坚持以...) from its text."""
    if len(line) <= 40 and not _END_MARK.search(line) and not line.endswith(("：", ":", "，")):
        return [_Unit(start, end, "heading", rank, line)]
    run_in = re.match(r"^(.{3,30}?)[ 　]+(?=\S{12})", line)
    if run_in and rank <= 10 and not re.search(r"[，。；：]", run_in[1]):
        cut = start + run_in.end()
        return [_Unit(start, start + run_in.end(1), "heading", rank, run_in[1]), _Unit(cut, end, "paragraph", 0, "")]
    lead = re.match(r"^([^，。；：]{4,36})。", line)
    if lead and rank in (10, 11, 12) and len(line) > len(lead[0]):
        # （一）推动工业模型创新发展。以“百行千模”为牵引……: the lead is a heading for what follows, and stays in the text.
        return [_Unit(start, end, "item", rank, lead[1])]
    return [_Unit(start, end, "item", 0, "")]


def split_chunks(
    doc_id: str, text: str, blocks: tuple[Block, ...], prefix: str = "", pages: Pages = ()
) -> tuple[Chunk, ...]:
    """Pack blocks into chunks of about TARGET_CHARS: one article or section at a time, cut only between sentences.

    Headings stay in the text of the chunk that they open, but are no sentences: they are not quoted as evidence.
    The sentences of a chunk begin on one page. Chunk ids are `{prefix}:{number}`, the prefix being the document's id
    unless given.
    """
    groups: list[list[Block]] = []
    for block in blocks:
        if groups and _joins(groups[-1], block):
            groups[-1].append(block)
        else:
            groups.append([block])
    chunks: list[Chunk] = []
    for group in groups:
        chunks.extend(_pack(doc_id, text, group, pages))
    return tuple(replace(chunk, id=f"{prefix or doc_id}:{number}") for number, chunk in enumerate(chunks))


def _joins(group: list[Block], block: Block) -> bool:
    last = group[-1]
    if all(b.kind == "heading" for b in group):
        return True  # a heading never stands alone, not even at a page's end
    if block.page != last.page:
        return False
    if block.kind == "heading":
        return False
    if block.kind == "article" or (block.kind == "item" and _opens_section(block) and _size(group) > TARGET_CHARS // 2):
        return False
    body = next((b for b in group if b.kind != "heading"), group[0])
    return block.headings[: len(body.headings)] == body.headings or block.headings == last.headings


def _opens_section(block: Block) -> bool:
    return len(block.headings) <= 2


def _size(group: list[Block]) -> int:
    return group[-1].end - group[0].start


def _pack(doc_id: str, text: str, group: list[Block], pages: Pages) -> list[Chunk]:
    """Cut one group into chunks at sentence ends; the first piece carries the group's headings."""
    sentences: list[tuple[int, int, Block]] = []
    starts: list[int] = []  # where a chunk that opens with the sentence starts: its bullet stays with it
    for block in group:
        if block.kind != "heading":
            marker = _ITEM.match(text[block.start : block.end])  # a list bullet is no part of the sentence
            body = block.start + (marker.end() if marker else 0)
            spans = split_sentences(text, body, block.end) or [(block.start, block.end)]
            starts += [block.start, *(a for a, _ in spans[1:])]
            sentences.extend((a, b, block) for a, b in spans)
    headings = [block for block in group if block.kind == "heading"]
    if not sentences or sentences[0][1] - group[0].start > MAX_CHARS + MAX_SENTENCE:
        # Headings with nothing, or too little, under them: an outline; its lines are text like any other.
        outline = [(a, b, block) for block in headings for a, b in _cut_long(text, block.start, block.end)]
        sentences, starts = [*outline, *sentences], [*(a for a, _, _ in outline), *starts]
    chunks: list[Chunk] = []
    start, held = group[0].start, list[tuple[int, int, Block]]()
    for sentence, own_start in zip(sentences, starts, strict=True):
        grown = sentence[1] - start
        if held and (
            _page_at(pages, sentence[0]) != _page_at(pages, held[0][0])
            or grown > MAX_CHARS
            or (held[-1][1] - start >= TARGET_CHARS and _remaining(sentences, sentence) > 80)
        ):
            chunks.append(_chunk(doc_id, text, start, held, pages))
            start, held = own_start, []
        held.append(sentence)
    chunks.append(_chunk(doc_id, text, start, held, pages))
    return chunks


def _remaining(sentences: list[tuple[int, int, Block]], current: tuple[int, int, Block]) -> int:
    return sentences[-1][1] - current[0]


def _chunk(doc_id: str, text: str, start: int, held: list[tuple[int, int, Block]], pages: Pages) -> Chunk:
    end, first = held[-1][1], held[0][2]
    return Chunk(
        id="",
        doc_id=doc_id,
        text=text[start:end],
        start=start,
        end=end,
        sentences=tuple(Sentence(a, b) for a, b, _ in held),
        headings=first.headings,
        page=_page_at(pages, held[0][0]),
    )
