"""Recognised pieces of a scanned page made into lines: straightened, measured, put into reading order.

Pure geometry and text; ingest.formats.ocr does the recognising. Pieces are in pixels with y growing downwards, lines in points
with y growing upwards, as those of a text layer are.
"""

import math
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from ingest.formats.pdf_lines import Line, by_rows, in_columns
from ingest.formats.pdf_tables import Char, Rule, lift_tables, lines_of

_WIDE = re.compile("[\u2e80-\u9fff\uf900-\ufaff\uff01-\uffe6—…“”‘’①-⑳]")
_HAN = "\u3400-\u9fff"
_OPENS, _CLOSES = "（《“‘【〔「『", "，。、；：！？）》”’】〕」』"
_MIN_CONFIDENCE = 0.5  # below it a piece is a speck, a seal's edge, a picture: hardly ever text
_SAME_SIZE, _SHORT, _ROUGH = 0.15, 6, 0.5  # the size of a line of few characters is told from its height, roughly
_FULL = str.maketrans(",;:?!", "，；：？！")
_BETWEEN = re.compile(f"(?<=[{_HAN}》”）])[,;:?!](?=[{_HAN}《“（])|(?<=[0-9A-Za-z%‰])[,;](?=[{_HAN}])")
_BRACKETS = re.compile(rf"\(([^()（）]*[{_HAN}][^()（）]*)[)）]|（([^()（）]*)\)")
_NUMBERED = re.compile(rf"(?<=[{_HAN}])[\[［(（]((?:19|20)\d\d)[\]］)）](?=第?\d{{1,5}}号)")
_DASH = re.compile(r"(?<=\d)一(?=\d)")
_ARTICLE = re.compile(rf"^(第[一二三四五六七八九十百零〇]+[编章节条])(?=[{_HAN}《“])(?![规至和的所之第])")
_PAGE_NUMBER = re.compile(r"[—一\-–－~_]{1,2} ?(\d{1,4}) ?[—一\-–－~_]{1,2}")


@dataclass(frozen=True, slots=True)
class Piece:
    """A run of text as recognised: `corners` in pixels from the text's top left, clockwise; `confidence` 0..1."""

    text: str
    confidence: float
    corners: tuple[tuple[float, float], ...]

    @property
    def width(self) -> float:
        """Length of the upper edge."""
        return math.dist(self.corners[0], self.corners[1])

    @property
    def height(self) -> float:
        """Length of the left edge."""
        return math.dist(self.corners[0], self.corners[3])


@dataclass(frozen=True, slots=True)
class Placed:
    """A piece on the straightened page, in points: `left` and `right` count the blank half of an outer punctuation."""

    text: str
    left: float
    right: float
    bottom: float
    top: float


def confidence_of(pieces: Sequence[Piece]) -> float:
    """Return the mean confidence of the characters, 0..1; 0 for none."""
    chars = sum(len(piece.text) for piece in pieces)
    return sum(piece.confidence * len(piece.text) for piece in pieces) / chars if chars else 0.0


def skew_of(pieces: Sequence[Piece]) -> float:
    """Return the angle in radians by which the text runs down to the right: the median of the long pieces."""
    angles = []
    for piece in pieces:
        if piece.width > 6 * piece.height:
            (x0, y0), (x1, y1) = piece.corners[:2]
            angles.append((math.atan2(y1 - y0, x1 - x0), piece.width))
    half, seen = sum(width for _, width in angles) / 2, 0.0
    for angle, width in sorted(angles):
        seen += width
        if seen >= half:
            return angle
    return 0.0


def size_of(pieces: Sequence[Piece]) -> float:
    """Return the width of a Han character in most of the text, in pixels; 0 for no text."""
    sizes = sorted((_em(piece), len(piece.text)) for piece in pieces)
    half, seen = sum(count for _, count in sizes) / 2, 0
    for size, count in sizes:
        seen += count
        if seen >= half:
            return size
    return 0.0


def place(pieces: Sequence[Piece], skew: float, centre: tuple[float, float], left: float, top: float,
          scale: float) -> list[Placed]:  # fmt: skip
    """Turn pieces back by `skew` around `centre` (pixels) and return them in points.

    `left` and `top` are the place of the image's upper left corner in points, `scale` the points of a pixel. Pieces
    of low confidence are left out.
    """
    cos, sin = math.cos(-skew), math.sin(-skew)
    placed = []
    for piece in pieces:
        text = piece.text.strip()
        if piece.confidence < _MIN_CONFIDENCE or not text:
            continue
        x = sum(corner[0] for corner in piece.corners) / 4 - centre[0]
        y = sum(corner[1] for corner in piece.corners) / 4 - centre[1]
        x, y = centre[0] + x * cos - y * sin, centre[1] + x * sin + y * cos
        half, em = piece.width / 2, _em(piece)
        x0 = x - half - em * 0.5 * (text[0] in _OPENS)
        x1 = x + half + em * 0.5 * (text[-1] in _CLOSES)
        tall = piece.height / 2
        placed.append(Placed(text, left + x0 * scale, left + x1 * scale, top - (y + tall) * scale,
                             top - (y - tall) * scale))  # fmt: skip
    return placed


def to_lines(placed: Sequence[Placed], rules: Sequence[Rule]) -> list[Line]:
    """Return the lines of a page in reading order; text in a ruled table becomes its rows."""
    chars: list[Char] = []
    for piece in sorted(placed, key=lambda piece: (-(piece.top + piece.bottom), piece.left)):
        chars += [*_chars(piece), ("\n", 0.0, 0.0, 0.0, 0.0)]
    lines = [replace(line, text=set_right(line.text)) for line in lines_of(lift_tables(chars, rules))]
    return _with_blanks(in_order(_one_size(lines)))


def in_order(lines: list[Line]) -> list[Line]:
    """Return lines without a stored order as they are read: column by column between lines over the whole width."""
    if not in_columns(lines):
        return by_rows(lines)
    gutter = _gutter(lines)
    read: list[Line] = []
    sides: tuple[list[Line], list[Line]] = ([], [])
    for line in sorted(lines, key=lambda line: -line.middle):
        if line.left < gutter < line.right:
            read += [*in_order(sides[0]), *in_order(sides[1]), line]
            sides = ([], [])
        else:
            sides[line.left >= gutter].append(line)
    if not read and not all(sides):
        return by_rows(lines)
    return [*read, *in_order(sides[0]), *in_order(sides[1])]


def set_right(text: str) -> str:
    """Make full-width what stands between Han characters, and brackets around them; mend what is always misread.

    That is the dash between numbers (read as 一), the page number's dashes, and the brackets 〔〕 of a document's
    number. Digits are never touched, nor is a mark between two.
    """
    if number := _PAGE_NUMBER.fullmatch(text):
        return f"— {number[1]} —"
    text = _BETWEEN.sub(lambda found: found[0].translate(_FULL), text)
    text = _BRACKETS.sub(lambda found: f"（{found[1] or found[2] or ''}）", text)
    text = _DASH.sub("—", text)
    return _NUMBERED.sub(r"〔\1〕", text)


def _weights(text: str) -> list[float]:
    return [1.0 if _WIDE.match(char) else 0.3 if char == " " else 0.5 for char in text]


def _em(piece: Piece) -> float:
    """Width of a Han character in a piece, in pixels; that of a short one is told from its height."""
    text = piece.text.strip()
    units = (
        sum(_weights(text)) - 0.5 * (text[:1] in _OPENS and text != "") - 0.5 * (text[-1:] in _CLOSES and text != "")
    )
    return piece.width / units if units >= 4 else piece.height


def _chars(piece: Placed) -> list[Char]:
    weights = _weights(piece.text)
    unit = (piece.right - piece.left) / sum(weights)
    chars, at = [], piece.left
    for char, weight in zip(piece.text, weights, strict=True):
        chars.append((char, at, at + weight * unit, piece.bottom, piece.top))
        at += weight * unit
    return chars


def _one_size(lines: list[Line]) -> list[Line]:
    """Give lines of nearly the most common size just that: measured ones vary, and a change of size ends a paragraph."""
    text = sorted((line.size, len(line.text)) for line in lines if not line.text.startswith("| "))
    half, seen, body = sum(count for _, count in text) / 2, 0, 0.0
    for size, count in text:
        seen += count
        if seen >= half:
            body = size
            break
    return [
        replace(line, size=body)
        if abs(line.size - body) < (_SAME_SIZE if len(line.text) >= _SHORT else _ROUGH) * body
        else line
        for line in lines
    ]


def _with_blanks(lines: list[Line]) -> list[Line]:
    """Put back the blank after 第一条 and 第一章, which recognition drops, where these open a paragraph."""
    starts = Counter(round(line.left / 4) for line in lines)
    margin = 4 * min((at for at, count in starts.items() if count > 1), default=0)
    read: list[Line] = []
    for line in lines:
        opens = line.left > margin + 1.2 * line.size or (read and read[-1].text[-1] in "。；：")
        read.append(replace(line, text=_ARTICLE.sub(r"\1 ", line.text, count=1)) if opens else line)
    return read


def _gutter(lines: list[Line]) -> float:
    """Where the fewest long lines cross from one column to the next."""
    long = sorted((line for line in lines if len(line.text) >= 10), key=lambda line: -line.middle)
    places = []
    for a, b in pairwise(long):
        first, second = sorted((a, b), key=lambda line: line.left)
        if abs(a.middle - b.middle) < 0.8 * a.size and first.right <= second.left:
            places.append((first.right + second.left) / 2)
    return min(places, key=lambda at: sum(line.left < at < line.right for line in long))
