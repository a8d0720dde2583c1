"""One page of a PDF for a reader: its picture as PNG, its characters with their places, the number of its pages."""

import io
from dataclasses import dataclass

from ingest.errors import UnreadableFileError
from ingest.formats.pdf_layer import layer_of, opened, rendered
from ingest.formats.pdf_tables import Char, Rule

_DPI, _MAX_SIDE = 144, 1_600  # A4 at 137 dpi: sharp on a phone's screen and at the width of a pane


@dataclass(frozen=True, slots=True)
class Leaf:
    """A page as it is seen: characters as stored and the page's box, in points."""

    chars: tuple[Char, ...]
    box: Rule
    pages: int  # of the file


def leaf(data: bytes, page: int) -> Leaf:
    """Return page `page`, counted from 1. Raises UnreadableFileError: damaged, encrypted, no such page."""
    with opened(data) as document:
        _check(document, page)
        chars, box = layer_of(document, page - 1)
        return Leaf(tuple(chars), box, len(document))


def picture(data: bytes, page: int) -> bytes:
    """Return a page's picture as a PNG file of at most 1,600 pixels a side. Raises UnreadableFileError as `leaf` does."""
    from PIL import Image

    with opened(data) as document:
        _check(document, page)
        box = layer_of(document, page - 1)[1]
        pixels, _ = rendered(document, page - 1, box, _DPI, _MAX_SIDE)
    out = io.BytesIO()
    Image.fromarray(pixels[:, :, ::-1]).save(out, "PNG", compress_level=4)
    return out.getvalue()


def _check(document: object, page: int) -> None:
    if not 1 <= page <= len(document):  # type: ignore[arg-type]
        raise UnreadableFileError(f"PDF 没有第 {page} 页")
