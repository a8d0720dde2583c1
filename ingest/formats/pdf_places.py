"""Where a passage of a document's text stands on its PDF page: rectangles, or nothing where that is not certain.

Pure geometry and text. A passage went through line joining and cleaning, so characters are compared without blanks and
without the bars of table rows. A guess would mark what was not cited: of several places only the one with the right
neighbours counts, and where two orders of reading a page fail, or a passage cannot be followed over the page's end,
there is no mark.
"""

import re
import unicodedata
from collections.abc import Sequence

from ingest.formats.pdf_tables import Char, Rule

_AROUND = 12  # characters of the text before or after a passage that tell one of its places from another
_FOOT, _HEAD = 250, 250  # characters that a printed foot, and a head, may put between the two halves of a passage
_UNSEEN = re.compile(
    "[\\s|#\u00ad\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff\ufffc\ufe00-\ufe0f\x00-\x1f\x7f-\x9f]"
)
_RADICAL = re.compile("[\u2e80-\u2fdf]")

Span = tuple[int, int]  # places in a page's bare characters, half-open


def rectangles(chars: Sequence[Char], passage: str, before: str = "", after: str = "") -> list[Rule]:
    """Return the boxes of a passage on a page, one for each line, in points; [] where it is not found with certainty.

    `before` and `after` are what stands beside it in the document's text.
    """
    for order in (_printed(chars), _by_lines(_printed(chars))):
        found = _place(_text(order), bare(passage), bare(before), bare(after))
        if found:
            return _boxes(order[slice(*found)])
    return []


def rectangles_over(
    chars: Sequence[Char], following: Sequence[Char], passage: str, before: str = "", after: str = ""
) -> tuple[list[Rule], list[Rule]]:
    """Return the boxes on a page and on the following one of a passage that goes on over the page's end; else ([], [])."""
    here, there = _printed(chars), _printed(following)
    for first, second in ((here, there), (_by_lines(here), _by_lines(there))):
        found = _halves(_text(first), _text(second), bare(passage), bare(before), bare(after))
        if found:
            return _boxes(first[slice(*found[0])]), _boxes(second[slice(*found[1])])
    return [], []


def _halves(first: str, second: str, passage: str, before: str, after: str) -> tuple[Span, Span] | None:
    """The end of one page and the beginning of the next that make a passage, the longest first half first."""
    lead = before[-_AROUND:]
    for cut in range(len(passage) - 1, 0, -1):
        head, tail = passage[:cut], passage[cut:]
        start = first.rfind(head, max(0, len(first) - _FOOT - len(head)))
        if start < 0 or (cut < _AROUND and not (lead and first[:start].endswith(lead))):
            continue
        rest = _place(second[: _HEAD + len(tail) + _AROUND], tail, "", after)
        return ((start, start + cut), rest) if rest else None
    return None


def bare(text: str) -> str:
    """Return a text without what joining and cleaning take out or put in; character for character otherwise."""
    return "".join(_plain(char) for char in text)


def _text(chars: Sequence[Char]) -> str:
    return bare("".join(char[0] for char in chars))


def _plain(char: str) -> str:
    if _UNSEEN.match(char):
        return ""
    folded = unicodedata.normalize("NFKC", char) if _RADICAL.match(char) else char
    return folded if len(folded) == 1 else char


def _printed(chars: Sequence[Char]) -> list[Char]:
    """The characters that leave ink, once each: what looks bold is often drawn twice, a hair's breadth apart."""
    kept: list[Char] = []
    seen: set[tuple[str, int, int]] = set()
    for char in chars:
        x, y = round(char[1]), round(char[3])
        if not bare(char[0]) or any((char[0], x + dx, y + dy) in seen for dx in (-1, 0, 1) for dy in (-1, 0, 1)):
            continue
        seen.add((char[0], x, y))
        kept.append(char)
    return kept


def _by_lines(chars: Sequence[Char]) -> list[Char]:
    """The characters from top to bottom and from left to right, for a page stored in another order."""
    lines: list[list[Char]] = []
    for char in sorted(chars, key=lambda c: -(c[3] + c[4])):
        middle = (char[3] + char[4]) / 2
        if lines and lines[-1][0][3] <= middle <= lines[-1][0][4]:
            lines[-1].append(char)
        else:
            lines.append([char])
    return [char for line in lines for char in sorted(line, key=lambda c: c[1])]


def _place(page: str, passage: str, before: str, after: str) -> Span | None:
    """The one place of a passage: the only one, else the only one with the right neighbours."""
    if not passage:
        return None
    places = [m.start() for m in re.finditer(f"(?={re.escape(passage)})", page)]
    if len(places) > 1 or (places and len(passage) < _AROUND):
        left, right = before[-_AROUND:], after[:_AROUND]
        places = [
            at for at in places
            if (left and page[:at].endswith(left)) or (right and page.startswith(right, at + len(passage)))
        ]  # fmt: skip
    return (places[0], places[0] + len(passage)) if len(places) == 1 else None


def _boxes(chars: Sequence[Char]) -> list[Rule]:
    """One box for each line of the characters."""
    boxes: list[Rule] = []
    for _, left, right, bottom, top in chars:
        if left >= right or bottom >= top:
            continue
        if boxes and abs((boxes[-1][1] + boxes[-1][3]) - (bottom + top)) < top - bottom and left > boxes[-1][0]:
            x0, y0, x1, y1 = boxes[-1]
            if left - x1 < 3 * (top - bottom):
                boxes[-1] = (x0, min(y0, bottom), max(x1, right), max(y1, top))
                continue
        boxes.append((left, bottom, right, top))
    return boxes
