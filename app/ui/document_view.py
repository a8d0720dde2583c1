"""A document as text around a cited sentence: head, blocks with the sentence marked by its offsets, more on demand.

Everything is escaped. The whole text is reachable in pieces, so that a book opens as fast as a notice.
"""

import re
from collections.abc import Iterator
from itertools import groupby, pairwise

from app.originals import Origin, Original, is_pdf
from app.types import Citation, Language
from app.ui.cards import badges, digest, escape, plain, section, web_link
from app.ui.strings import words
from ingest.facts.regions import display
from ingest.text.blocks import RULE
from ingest.types import Block, Document

BEFORE, AFTER, STEP = 1_500, 3_500, 6_000  # characters shown around the sentence, and added by each "more"
_SNAP = 1_500  # a piece is widened to the ends of its blocks by at most so many characters
_HASHES = re.compile(r"#{1,6}\s+")
_HAN = re.compile("[\u3400-\u9fff]")
_BAR = re.compile(r"(?<!\\)\|")

Span = tuple[int, int]  # character offsets in the document's text, half-open


def cited_span(document: Document, start: int, end: int, checksum: str) -> Span | None:
    """Return the sentence's place, None where the text no longer holds it there."""
    if not 0 <= start < end <= len(document.text):
        return None
    return (start, end) if checksum in ("", digest(document.text[start:end])) else None


def view_html(
    document: Document,
    origin: Origin,
    now: Original,
    span: Span | None,
    wanted: bool,
    page: int | None,
    language: Language,
) -> str:
    """Return the view: head with title, badges, heading path and the way to the original; then the text around `span`.

    `wanted` is whether a sentence was asked for: where it is not at its place any more, that is said.
    """
    at = span[0] if span else 0
    headings = [plain(h) for h in section(document, at)[0] if h != document.source.title] if span else []
    path = f'<p class="pq-path">{escape(" › ".join(headings))}</p>' if headings else ""
    lost = f'<p class="pq-note pq-warn">{escape(words(language, "sentence_moved"))}</p>' if wanted and not span else ""
    low, high = _window(document, max(0, at - BEFORE), at + AFTER)
    shown = page or (page_of(document, at) if span else None)
    modes = _modes(language, shown or 1) if is_pdf(origin, now) else ""
    return (
        f'<div class="pq-view-head"><h2 id="pq-view-title" tabindex="-1">{escape(document.source.title)}</h2>'
        f"{badges(_as_citation(document, origin, shown, language), document, language)}{path}{lost}"
        f'<div class="pq-view-ways">{modes}<p class="pq-origin">{origin_html(document, origin, now, language)}</p></div></div>'
        f'<div class="pq-view-scroll" tabindex="0" role="region" aria-labelledby="pq-view-title">'
        f'<div class="pq-view-text" lang="{"zh" if _HAN.search(document.text, 0, 2_000) else "en"}">{_piece(document, low, high, span, language)}</div></div>'
    )


def more_html(document: Document, at: int, side: str, span: Span | None, language: Language) -> str:
    """Return the text before or after an offset, with the button for what lies further on."""
    if side == "before":
        low, high = _window(document, max(0, at - STEP), at)[0], min(at, len(document.text))
    else:
        low, high = at, _window(document, at, at + STEP)[1]
    return _piece(document, low, high, span, language, side)


def page_of(document: Document, offset: int) -> int | None:
    """Return the page on which the block around an offset begins."""
    return next((b.page for b in document.blocks if b.start <= offset < b.end), None)


def origin_html(document: Document, origin: Origin, now: Original, language: Language) -> str:
    """Return the way to the original: a link while the file is the one indexed, else what became of it."""
    name = f"<span>{escape(now.name)}</span>"
    if now.state == "web":
        return f"{web_link(now.name, words(language, 'open_original'))} {name}"
    published = web_link(document.source.url, words(language, "open_web"))
    if now.state == "same":
        label = escape(words(language, "open_file" if now.suffix in INLINE else "download_file"))
        href = f"/source/{escape(origin.entry.id)}/original?lang={language}"
        return f'<a href="{href}" target="_blank" rel="noopener noreferrer">{label}</a> {name} {published}'
    return f'<span class="pq-warn">{escape(words(language, f"original_{now.state}"))}</span> {name} {published}'


# What the browser shows itself; all else is saved. A picture with scripts (SVG) is none of them.
INLINE = {
    ".pdf": "application/pdf", ".png": "image/png", ".jpg": "image/jpeg", ".gif": "image/gif", ".webp": "image/webp",
    ".bmp": "image/bmp",
}  # fmt: skip


def _as_citation(document: Document, origin: Origin, page: int | None, language: Language) -> Citation:
    source = document.source
    regions = "、".join(display(code, language) for code in source.regions)
    return Citation(
        0, document.id, source.path, source.title, source.issuer, source.doc_number, regions, source.issued, source.tier, page,
        0, 0, "", origin.validity,
    )  # fmt: skip


def _modes(language: Language, page: int) -> str:
    names = (("text", "view_text", "true"), ("page", "view_page", "false"))
    buttons = "".join(
        f'<button type="button" data-mode="{mode}" aria-pressed="{on}">{escape(words(language, name))}</button>'
        for mode, name, on in names
    )
    label = escape(words(language, "view_mode"))
    return f'<div class="pq-modes" role="group" aria-label="{label}" data-page="{page}">{buttons}</div>'


def _window(document: Document, low: int, high: int) -> Span:
    """Widen a piece to whole blocks where that costs little, and keep it within the text."""
    low, high = max(0, low), min(high, len(document.text))
    for block in document.blocks:
        if block.start < low < block.end and (low - block.start <= _SNAP or block.kind == "row"):
            low = block.start
        if block.start < high < block.end:
            high = block.end if block.end - high <= _SNAP or block.kind == "row" else high
            break
    return low, high


def _piece(document: Document, low: int, high: int, span: Span | None, language: Language, side: str = "") -> str:
    """The blocks in [low, high) between the buttons for what is not shown; one side only where the other is there."""
    before = _more("before", low, language) if low > 0 and side != "after" else ""
    rest = document.text[high:].strip()
    after = _more("after", high, language) if rest and side != "before" else ""
    return f"{before}{''.join(_blocks(document, low, high, span, language))}{after}"


def _more(side: str, at: int, language: Language) -> str:
    label = escape(words(language, f"more_{side}"))
    return f'<button type="button" class="pq-more" data-side="{side}" data-at="{at}">{label}</button>'


def _blocks(document: Document, low: int, high: int, span: Span | None, language: Language) -> Iterator[str]:
    page = None if low == 0 else page_of(document, low - 1)
    inside = [b for b in document.blocks if b.end > low and b.start < high]
    for is_row, group in groupby(inside, key=lambda block: block.kind == "row"):
        rows = list(group)
        if rows[0].page is not None and rows[0].page != page:
            page = rows[0].page
            yield f'<p class="pq-leaf-mark">{escape(words(language, "page", page=page))}</p>'
        if is_row:
            yield _table(document.text, rows, low, high, span)
            continue
        for block in rows:
            if block.page is not None and block.page != page:
                page = block.page
                yield f'<p class="pq-leaf-mark">{escape(words(language, "page", page=page))}</p>'
            yield _block(document.text, block, max(low, block.start), min(high, block.end), span)


def _block(text: str, block: Block, start: int, end: int, span: Span | None) -> str:
    if block.kind in {"title", "heading"}:
        hashes = _HASHES.match(text, start, end)
        level = min(6, 3 + len(block.headings))
        return f"<h{level}>{_marked(text, hashes.end() if hashes else start, end, span)}</h{level}>"
    return f"<p>{_marked(text, start, end, span)}</p>"


def _table(text: str, rows: list[Block], low: int, high: int, span: Span | None) -> str:
    body = []
    for row in rows:
        start, end = max(low, row.start), min(high, row.end)
        if RULE.match(text[start:end]):
            continue
        bars = [m.start() + start for m in _BAR.finditer(text[start:end])]
        cells = [(a + 1, b) for a, b in pairwise(bars)] or [(start, end)]
        body.append("<tr>" + "".join(f"<td>{_marked(text, a, b, span).strip()}</td>" for a, b in cells) + "</tr>")
    return f'<div class="pq-table"><table><tbody>{"".join(body)}</tbody></table></div>'


def _marked(text: str, start: int, end: int, span: Span | None) -> str:
    """Escape text[start:end] with the part of it that lies in the span marked."""
    if span is None or span[1] <= start or end <= span[0]:
        return escape(text[start:end])
    a, b = max(start, span[0]), min(end, span[1])
    marked = f"<mark>{escape(text[a:b])}</mark>" if text[a:b].strip() else escape(text[a:b])
    return f"{escape(text[start:a])}{marked}{escape(text[b:end])}"
