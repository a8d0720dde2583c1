"""Tell whether two documents are the same text: a repost, another format of it, a copy with another head or foot.

Two steps: a sketch of each text finds candidates cheaply, then the texts themselves are compared. A revised law, or
last year's edition of a plan, is as alike as a repost is but differs in the middle: those are two documents.
"""

import re
from collections import Counter
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from ingest.facts.regions import find_regions
from ingest.text.repair import to_simplified

Sketch = npt.NDArray[np.uint64]
SKETCH_SIZE = 128
_SHINGLE = 8  # characters
_MIN_RESEMBLANCE = 0.75  # estimated share of common shingles, below which the sentences are not compared
_KEYS = 24  # of the smallest hashes, those by which candidates are found
# Of these, those that the fewest documents have: what opens every notice must not make candidates of all. A candidate
# shares three: at a resemblance of 0.75 one pair in 26,000 is missed, at 0.85 one in 3 million.
_RARE_KEYS, _SHARED_KEYS = 12, 3
_MIN_LETTERS = 400  # shorter texts must be equal
_EDGE_SHARE, _MAX_EDGE = 0.1, 800  # how far from either end, in letters, a difference counts as another head or foot
# Not 年, 月, 日, 号 and 次: a head says when it was published, under which number, and how often it was read.
_AMOUNT = re.compile(
    r"\d+(?:%|个?百分点|[百千万亿]*(?:元|倍|户|吨|台|套|座|亩|架|家|项|名|公里|千瓦|平方米|个(?!月)|人(?!次)))"
)
_STOOD = re.compile(
    r"(?:来源|转载|发布机构|发文机关|责任编辑|编辑|作者|主办|承办|版权所有)\D{0,20}"
)  # says where, not whose
_AROUND = 8  # letters that are alike, but may be the rest of an amount or a name that is not
_KEPT = re.compile(r"[^0-9A-Za-z\u3400-\u9fff%]")
_WIDE = str.maketrans(
    "０１２３４５６７８９％ＡＢＣＤＥＦＧＨＩＪＫＬＭＮＯＰＱＲＳＴＵＶＷＸＹＺ",
    "0123456789%ABCDEFGHIJKLMNOPQRSTUVWXYZ",
)
_POWERS = np.array([1_000_003**n % (1 << 61) for n in range(_SHINGLE)], dtype=np.uint64)
_MIX = np.uint64(0x9E3779B97F4A7C15)


def sketch(text: str) -> Sketch:
    """Return the 128 smallest hashes of a text's shingles (fewer for a short one), rising: a bottom-k MinHash."""
    letters = _letters(text)
    codes = np.frombuffer(letters.encode("utf-32-le"), dtype=np.uint32).astype(np.uint64)
    if len(codes) < _SHINGLE:
        return np.empty(0, dtype=np.uint64)
    windows = np.lib.stride_tricks.sliding_window_view(codes, _SHINGLE)
    hashes = (windows * _POWERS).sum(axis=1, dtype=np.uint64) * _MIX
    hashes ^= hashes >> np.uint64(29)
    return np.unique(hashes * _MIX)[:SKETCH_SIZE]


def resemblance(one: Sketch, other: Sketch) -> float:
    """Return the estimated share of shingles that two texts have in common, 0..1; 0 where either has none."""
    if not len(one) or not len(other):
        return 0.0
    smallest = np.union1d(one, other)[: min(SKETCH_SIZE, max(len(one), len(other)))]
    common = np.isin(smallest, one, assume_unique=True) & np.isin(smallest, other, assume_unique=True)
    return float(common.mean())


class SketchIndex:
    """Finds documents with a like sketch among many: two alike texts nearly always share one of their smallest hashes."""

    def __init__(self) -> None:
        self._ids: dict[int, set[str]] = {}
        self._sketches: dict[str, Sketch] = {}

    def add(self, key: str, drawn: Sketch) -> None:
        """Add a document, or give it another sketch."""
        self.discard(key)
        self._sketches[key] = drawn
        for value in drawn[:_KEYS].tolist():
            self._ids.setdefault(value, set()).add(key)

    def discard(self, key: str) -> None:
        """Forget a document."""
        drawn = self._sketches.pop(key, None)
        for value in drawn[:_KEYS].tolist() if drawn is not None else ():
            self._ids[value].discard(key)

    def like(self, drawn: Sketch) -> list[str]:
        """Return the keys of the documents whose text is alike, the most alike first."""
        holders = sorted((self._ids.get(value, set()) for value in drawn[:_KEYS].tolist()), key=len)[:_RARE_KEYS]
        shared = Counter(key for keys in holders for key in keys)
        least = min(_SHARED_KEYS, len(holders))
        scored = [(resemblance(self._sketches[key], drawn), key) for key, count in shared.items() if count >= least]
        return [key for score, key in sorted(scored, key=lambda s: (-s[0], s[1])) if score >= _MIN_RESEMBLANCE]


def is_same_text(one: str, other: str) -> bool:
    """Tell whether two texts are the same but for a little at their very beginning and end.

    Blanks, line ends, punctuation, full-width forms and script (traditional or simplified) do not count; every digit does.
    A rule that two provinces word alike may differ in its first article only: where what differs holds an amount, or
    names places on each side that the other does not, these are two documents.
    """
    first, second = _letters(one), _letters(other)
    if min(len(first), len(second)) < _MIN_LETTERS:
        return first == second and bool(first)
    edges, others = _edges(first, second), _edges(second, first)
    return edges is not None and others is not None and not any(map(_tell_apart, edges, others))


def _edges(letters: str, other: str) -> tuple[str, str] | None:
    """Return the head and foot of a text as far as another one has them otherwise; None where more than that differs."""
    edge = min(_MAX_EDGE, int(len(letters) * _EDGE_SHARE))
    end = len(letters) - edge
    at = other.find(letters[edge:end])
    if at < 0:
        return None
    start, after = edge, at + end - edge
    while start and at and letters[start - 1] == other[at - 1]:
        start, at = start - 1, at - 1
    while end < len(letters) and after < len(other) and letters[end] == other[after]:
        end, after = end + 1, after + 1
    return letters[: start + _AROUND], letters[max(end - _AROUND, 0) :]


def _tell_apart(one: str, other: str) -> bool:
    """Whether two heads, or feet, say different things, and not only where a text stood and when."""
    places, others = (
        {mention.code for mention in find_regions(_STOOD.sub("", part)) if mention.kind == "region"}
        for part in (one, other)
    )
    apart = bool(places - others and others - places)
    return apart or bool(set(_AMOUNT.findall(one)) ^ set(_AMOUNT.findall(other)))


@lru_cache(maxsize=64)
def _letters(text: str) -> str:
    return _KEPT.sub("", to_simplified(text).translate(_WIDE))
