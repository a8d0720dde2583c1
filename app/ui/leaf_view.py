"""A page of a PDF as its picture with the cited sentence drawn on it, or with a word on why it is not."""

from app.originals import Origin, pdf_leaf
from app.types import Language
from app.ui.cards import escape
from app.ui.strings import words
from ingest.errors import UnreadableFileError
from ingest.formats.pdf_picture import Leaf
from ingest.formats.pdf_places import rectangles, rectangles_over
from ingest.formats.pdf_tables import Rule
from ingest.types import Document

AROUND = 60  # characters beside the sentence that tell its place from another one like it


def leaf_html(
    document: Document, origin: Origin, page: int, cited: int, span: tuple[int, int] | None, language: Language
) -> str:
    """Return page `page` of a document whose sentence `span` begins on page `cited`. Raises UnreadableFileError."""
    leaf = pdf_leaf(origin, page)
    boxes, goes_on = _boxes(document, origin, leaf, page, cited, span)
    note = ""
    if span and not boxes and page == cited:
        note = f'<p class="pq-note pq-warn">{escape(words(language, "place_unknown"))}</p>'
    below = f'<p class="pq-note">{escape(words(language, "place_goes_on"))}</p>' if goes_on and page == cited else ""
    left, bottom, right, top = leaf.box
    width, height = max(1.0, right - left), max(1.0, top - bottom)
    marks = "".join(_box(box, leaf.box, width, height) for box in boxes)
    name = escape(words(language, "page_picture", page=page, title=document.source.title))
    source = f"/source/{escape(document.id)}/page/{page}.png?v={escape(document.source.sha256[:12])}"
    return (
        f'{_turning(page, leaf.pages, language)}{note}<div class="pq-leaf" style="aspect-ratio:{width:.1f}/{height:.1f}">'
        f'<img src="{source}" alt="{name}" width="{width:.0f}" height="{height:.0f}">{marks}</div>{below}'
    )


def _boxes(
    document: Document, origin: Origin, leaf: Leaf, page: int, cited: int, span: tuple[int, int] | None
) -> tuple[list[Rule], bool]:
    """The sentence's boxes on the page, none where its place is not certain; and whether it goes on over the page's end."""
    if span is None or page not in (cited, cited + 1):
        return [], False
    start, end = span
    text = document.text
    passage, before, after = text[start:end], text[max(0, start - AROUND) : start], text[end : end + AROUND]
    first = leaf if page == cited else pdf_leaf(origin, cited)
    whole = rectangles(first.chars, passage, before, after)
    if whole:
        return (whole if page == cited else []), False
    try:
        second = leaf if page != cited else pdf_leaf(origin, cited + 1)
    except UnreadableFileError:  # the last page
        return [], False
    halves = rectangles_over(first.chars, second.chars, passage, before, after)
    return (halves[0] if page == cited else halves[1]), all(halves)


def _box(box: Rule, frame: Rule, width: float, height: float) -> str:
    x0, y0, x1, y1 = box
    shares = (
        ("left", (x0 - frame[0]) / width), ("top", (frame[3] - y1) / height), ("width", (x1 - x0) / width),
        ("height", (y1 - y0) / height),
    )  # fmt: skip
    style = ";".join(f"{name}:{100 * share:.2f}%" for name, share in shares)
    return f'<span class="pq-box" style="{style}"></span>'


def _turning(page: int, pages: int, language: Language) -> str:
    def button(name: str, to: int) -> str:
        off = "" if 1 <= to <= pages else " disabled"
        return (
            f'<button type="button" class="pq-turn-leaf" data-page="{to}"{off}>{escape(words(language, name))}</button>'
        )

    count = escape(words(language, "page_of", page=page, pages=pages))
    return (
        f'<div class="pq-leaves">{button("page_back", page - 1)}<span>{count}</span>{button("page_on", page + 1)}</div>'
    )
