"""Pack a text's blocks into chunks, cutting where a reader would: between sections, not inside an article or a list.

Nothing is rewritten here: a chunk is Document.text[start:end], chunks do not overlap, and together they hold every
character of the document that is not white space, so no number can be lost between reading and retrieval. What a chunk
leaves behind (its article, the line that introduces its items, the header of its rows) goes into its heading path.
"""

import functools
import math
import re
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import accumulate, pairwise

from ingest.text.blocks import BULLET, RULE, Pages, list_mark, own_label, page_at, split_blocks
from ingest.text.lists import MAX_HEADER, MAX_LEAD, Lead, find_leads, shortened
from ingest.text.sentences import MAX_SENTENCE, cut_long, split_sentences
from ingest.types import Block, Chunk, Sentence

__all__ = ["CHUNK_SIZE", "MAX_CHARS", "MAX_PATH", "MAX_SENTENCE", "TARGET_CHARS", "ChunkSize", "Pages", "split_blocks", "split_chunks", "split_sentences"]  # fmt: skip

# Chosen by bench.chunks: 120/250 loses up to 0.11 nDCG@10 on long texts; 450/800 gains 0.01 or nothing there, returns half as
# much text again, finds no better sentences, and when full would not fit into the model's 512 tokens with its path.
TARGET_CHARS = 320  # chunks are filled up to about this size
MAX_CHARS = 480  # and never grow beyond it unless a single sentence does


@dataclass(frozen=True, slots=True)
class ChunkSize:
    """Characters of a chunk: filled up to about `target`, at most `limit`. A store has chunks of one size."""

    target: int = TARGET_CHARS
    limit: int = MAX_CHARS

    def __str__(self) -> str:
        return f"{self.target}/{self.limit}"


CHUNK_SIZE = ChunkSize()
MAX_PATH = 200  # characters of a chunk's heading path; with a full chunk and a title, about the model's 512 tokens

# The price of a cut, in the measure of a chunk's deviation from its target size: log(size / target) ** 2.
_PART_TIED, _PART_WHOLE, _PART_PARAGRAPH, _PART_LIST, _GAIN_SECTION = 8.0, 4.0, 0.3, 0.1, -0.5
# A sentence that says nothing without the one before it.
_TIED = re.compile(
    r"(?:但是?(?![书書])|然而|不过|其中|除外|前[款项項](?!目)|上述|前述|有(?:前款|上述|前述)|违反前款|違反前[款項]|依照前款|符合前款|因前款|具有前款|对前款|本款|本[项項](?!目))"
)
_COLONS = ("：", ":")
_SHORT_LINE = 24


@dataclass(frozen=True, slots=True)
class _Piece:
    """A sentence on its way into a chunk: [start, end) is what the chunk takes with it, bullet and rule included."""

    start: int
    end: int
    sentence: tuple[int, int]
    at: int  # index of its block
    opens: bool  # the first of its block
    page: int | None


def split_chunks(
    doc_id: str,
    text: str,
    blocks: tuple[Block, ...],
    prefix: str = "",
    pages: Pages = (),
    size: ChunkSize = CHUNK_SIZE,
) -> tuple[Chunk, ...]:
    """Pack blocks into chunks of about `size.target` characters, cut only between sentences.

    An article, a list with its introduction, and a table stay whole where they fit into `size.limit`; an exception (但…,
    前款…) stays with its rule. Headings stay in the text of the chunk that they open, but are no sentences: they are not
    quoted as evidence. The sentences of a chunk begin on one page. Chunk ids are `{prefix}:{number}`, the prefix being
    the document's id unless given.
    """
    leads = find_leads(text, blocks)
    groups: list[list[int]] = []
    body: Block | None = None  # the first of the group that is no heading
    for at, block in enumerate(blocks):
        if groups and (body is None or _joins(text, body, blocks[at - 1], block)):
            groups[-1].append(at)  # a heading never stands alone, not even at a page's end
        else:
            groups.append([at])
            body = None
        body = body or (block if block.kind != "heading" else None)
    chunks: list[Chunk] = []
    for group in groups:
        pieces = _pieces(text, blocks, group, pages, size)
        cuts = _pack(text, pieces, blocks, leads, size)
        chunks.extend(_chunk(doc_id, text, pieces[a:b], blocks, leads) for a, b in cuts)
    return tuple(replace(chunk, id=f"{prefix or doc_id}:{number}") for number, chunk in enumerate(chunks))


def _joins(text: str, body: Block, last: Block, block: Block) -> bool:
    """Whether a block may share a chunk with the group that begins with `body` and ends with `last`."""
    if block.page != last.page or block.kind in {"heading", "article"}:
        return False
    if block.headings[: len(body.headings)] == body.headings or block.headings == last.headings:
        return True
    return _TIED.match(text, block.start) is not None


def _pieces(text: str, blocks: Sequence[Block], group: Sequence[int], pages: Pages, size: ChunkSize) -> list[_Piece]:
    """The sentences of a group with what belongs to each; headings go with the first."""
    spans = [span for at in group if blocks[at].kind != "heading" for span in _sentences(text, blocks[at], at)]
    if not spans or spans[0][2][0] - blocks[group[0]].start > size.limit + MAX_SENTENCE:
        # Headings with nothing, or too little, under them: an outline; its lines are text like any other.
        outline = [at for at in group if blocks[at].kind == "heading"] or group  # or nothing but a table's rule
        lines = [(at, span) for at in outline for span in cut_long(text, blocks[at].start, blocks[at].end)]
        spans = [*((at, span[0], span) for at, span in lines), *spans]
    starts = [blocks[group[0]].start, *(start for _, start, _ in spans[1:])]
    # A chunk ends where the text before the next one ends: a table's rule goes with the row above it.
    ends = [*(start - _blanks_before(text, start) for start in starts[1:]), blocks[group[-1]].end]
    opens = [True, *(a[0] != b[0] for a, b in pairwise(spans))]
    return [
        _Piece(start, end, sentence, at, first, page_at(pages, sentence[0]))
        for start, end, (at, _, sentence), first in zip(starts, ends, spans, opens, strict=True)
    ]


def _sentences(text: str, block: Block, at: int) -> list[tuple[int, int, tuple[int, int]]]:
    """(block, where the text that goes with it starts, sentence); a table row is one sentence, its rule is none."""
    line = text[block.start : block.end]
    if block.kind == "row":
        spans = [] if RULE.match(line) else cut_long(text, block.start, block.end)
        return [(at, span[0], span) for span in spans]
    marker = BULLET.match(line)  # a list bullet is no part of the sentence
    spans = split_sentences(text, block.start + (marker.end() if marker else 0), block.end)
    spans = spans or [(block.start, block.end)]
    return [(at, block.start if span is spans[0] else span[0], span) for span in spans]


def _blanks_before(text: str, offset: int) -> int:
    blanks = 0
    while text[offset - blanks - 1].isspace():
        blanks += 1
    return blanks


def _pack(
    text: str, pieces: Sequence[_Piece], blocks: Sequence[Block], leads: Sequence[tuple[Lead, ...]], wanted: ChunkSize
) -> list[tuple[int, int]]:
    """Ranges of pieces, the cheapest way to cut: sizes near the target, cuts where they part least."""
    limit = wanted.limit
    prices = _prices(text, pieces, blocks, leads, limit)
    starts = [piece.start for piece in pieces]
    deviation = _deviations(wanted.target, limit)
    costs, begins = [0.0], [0]  # of the cheapest way to cut the first n pieces: its cost, where its last chunk begins
    for end, piece in enumerate(pieces, 1):
        size = piece.end - piece.start
        cheapest, begin = costs[-1] + prices[end - 1] + deviation[min(size, limit)], end - 1
        for start in range(end - 2, -1, -1):
            size = piece.end - starts[start]
            if size > limit or pieces[start].page != piece.page:
                break
            cost = costs[start] + prices[start] + deviation[size]
            if cost < cheapest:
                cheapest, begin = cost, start
        costs.append(cheapest)
        begins.append(begin)
    cuts = [len(pieces)]
    while cuts[-1]:
        cuts.append(begins[cuts[-1]])
    return list(pairwise(reversed(cuts)))


@functools.cache
def _deviations(target: int, limit: int) -> list[float]:
    """What a chunk of each size costs."""
    return [math.log(max(1, size) / target) ** 2 for size in range(limit + 1)]


def _prices(
    text: str, pieces: Sequence[_Piece], blocks: Sequence[Block], leads: Sequence[tuple[Lead, ...]], limit: int
) -> list[float]:
    """What it costs to begin a chunk with each piece."""
    prices = [0.0] * len(pieces)
    whole = _inside_whole(pieces, blocks, leads, limit)
    for number, (before, piece) in enumerate(pairwise(pieces), 1):
        led = leads[piece.at]
        if _TIED.match(text, piece.sentence[0]) or _leads_on(text, before, blocks, led):
            prices[number] = _PART_TIED
        elif whole[number] or _heads(text, before, piece):
            prices[number] = _PART_WHOLE
        elif not piece.opens:
            prices[number] = _PART_PARAGRAPH
        elif led:
            prices[number] = _PART_LIST
        elif list_mark(text[piece.start : piece.start + 8])[0]:
            prices[number] = _GAIN_SECTION
    return prices


def _leads_on(text: str, before: _Piece, blocks: Sequence[Block], led: Sequence[Lead]) -> bool:
    """Whether a piece says nothing without what follows: an introduction, a table's header, the name of a section."""
    line = text[before.sentence[0] : before.sentence[1]]
    if line.endswith(_COLONS) or any(lead.start <= before.sentence[0] < lead.end for lead in led):
        return True
    return before.opens and line.rstrip("。") == own_label(text, blocks[before.at])


def _heads(text: str, before: _Piece, piece: _Piece) -> bool:
    """Whether a short line without a comma (推进结构性降成本。) stands over a paragraph as if it were its heading."""
    line = text[before.sentence[0] : before.sentence[1]]
    alone = before.opens and piece.opens and len(line) <= _SHORT_LINE < piece.sentence[1] - piece.sentence[0]
    return alone and not any(mark in line for mark in "，,；;") and not list_mark(line)[0]


def _inside_whole(
    pieces: Sequence[_Piece], blocks: Sequence[Block], leads: Sequence[tuple[Lead, ...]], limit: int
) -> list[bool]:
    """For each piece whether a cut before it parts what fits into a chunk: an article, a list with its lead, a table."""
    spans = {(lead.start, blocks[lead.last].end) for piece in pieces for lead in leads[piece.at]}
    article = next((piece for piece in pieces if blocks[piece.at].kind == "article"), None)
    if article is not None:
        spans.add((article.start, pieces[-1].end))
    starts = [piece.sentence[0] for piece in pieces]
    depth = [0] * (len(pieces) + 1)
    for start, end in spans:
        if end - start <= limit:
            depth[bisect_right(starts, start)] += 1
            depth[bisect_left(starts, end)] -= 1
    return [opened > 0 for opened in accumulate(depth)]


def _chunk(
    doc_id: str, text: str, held: Sequence[_Piece], blocks: Sequence[Block], leads: Sequence[tuple[Lead, ...]]
) -> Chunk:
    start, end, first = held[0].start, held[-1].end, held[0]
    label = "" if first.opens else own_label(text, blocks[first.at])
    left = (lead.label for lead in leads[first.at] if lead.start < start)
    return Chunk(
        id="",
        doc_id=doc_id,
        text=text[start:end],
        start=start,
        end=end,
        sentences=tuple(Sentence(*piece.sentence) for piece in held),
        headings=_path((*blocks[first.at].headings, label, *left)),
        page=first.page,
    )


def _path(parts: Sequence[str]) -> tuple[str, ...]:
    """A heading path of bounded length, each part once; what is too much is dropped from the outermost on."""
    kept: list[str] = []
    for part in reversed([shortened(part, MAX_HEADER if " | " in part else MAX_LEAD) for part in parts]):
        if part and part not in kept and sum(map(len, kept)) + len(part) <= MAX_PATH:
            kept.append(part)
    return tuple(reversed(kept))
