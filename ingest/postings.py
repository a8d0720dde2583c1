"""Posting lists in memory: what a store's word index and regions say, kept as arrays from their first use on.

SQLite's FTS5 ranks by walking every match of every word anew, which at 100,000 chunks costs a tenth of a second a
question, and a filter by region makes it walk them once a row. Here a word's list is read once (0.15 us an
occurrence) and BM25 over it is a few array operations; FTS5 stays the truth and the keeper of the lists.
"""

import math
import sqlite3
from collections import OrderedDict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

T = TypeVar("T")
Numbers = npt.NDArray[np.int64]
K1, B = 1.2, 0.75  # those of FTS5's bm25()
KEPT = 6_000_000  # entries of all lists in memory, 12 bytes each
_LISTS = "CREATE VIRTUAL TABLE IF NOT EXISTS temp.instances USING fts5vocab(main, words, 'instance')"


@dataclass(frozen=True, slots=True)
class Posting:
    """The chunks that hold a word: their numbers, rising, and how often each holds it."""

    numbers: Numbers
    times: npt.NDArray[np.float32]


class Postings:
    """Words and regions of a catalogue. What another connection or this one writes is seen at the next question."""

    def __init__(self, db: sqlite3.Connection, narrowed: bool = False) -> None:
        """`narrowed`: the connection sees some documents only, and so must the lists of words, which FTS5 gives whole."""
        self._db, self._narrowed = db, narrowed
        self._db.execute(_LISTS)
        self._state: tuple[int, int] = (-1, -1)
        self._words: OrderedDict[str, Posting] = OrderedDict()
        self._regions: dict[str, Numbers] = {}
        self._made: dict[str, Any] = {}
        self._lengths: npt.NDArray[np.float32] | None = None
        self._total = 0

    def search(self, words: Iterable[str], k: int, within: Numbers | None = None) -> list[tuple[int, float]]:
        """The k chunks that match any of the words best: (number, BM25 score, higher is better); only those `within`."""
        self._renew()
        postings = [posting for word in dict.fromkeys(words) if len((posting := self._word(word)).numbers)]
        if not postings:
            return []
        norm = self._norm()
        scores = np.zeros(len(norm), dtype=np.float32)
        for posting in postings:
            count = len(posting.numbers)
            rarity = max(1e-6, math.log((self._total - count + 0.5) / (count + 0.5)) if 2 * count < self._total else 0)
            scores[posting.numbers] += rarity * posting.times * (K1 + 1) / (posting.times + norm[posting.numbers])
        matched = np.nonzero(scores > 0)[0] if within is None else within[scores[within] > 0]
        if len(matched) > k > 0:  # sort what can be among the best, not every match
            matched = matched[scores[matched] >= np.partition(scores[matched], -k)[-k]]
        best = matched[np.lexsort((matched, -scores[matched]))][:k]
        return [(int(number), float(scores[number])) for number in best]

    def frequencies(self, words: Iterable[str]) -> dict[str, int]:
        """Number of chunks that hold each word; words that occur nowhere are left out."""
        self._renew()
        counts = {word: len(self._word(word).numbers) for word in dict.fromkeys(words)}
        return {word: count for word, count in counts.items() if count}

    def kept(self, name: str, make: Callable[[], T]) -> T:
        """What `make` gives, made once for as long as the file stays as it is."""
        self._renew()
        if name not in self._made:
            self._made[name] = make()
        made: T = self._made[name]
        return made

    def region_counts(self) -> dict[str, int]:
        """Number of chunks that speak about each region."""
        counted = "SELECT region, count(*) FROM chunk_regions GROUP BY region"
        return dict(self.kept("counts", lambda: dict(self._db.execute(counted))))

    def about(self, regions: Sequence[str]) -> Numbers:
        """Numbers of the chunks that speak about one of some regions, rising."""
        self._renew()
        lists = [self._region(code) for code in dict.fromkeys(regions)]
        return lists[0] if len(lists) == 1 else np.unique(np.concatenate([np.empty(0, dtype=np.int64), *lists]))

    def _renew(self) -> None:
        """Forget what is in memory where the file has changed since."""
        state = (int(self._db.execute("PRAGMA data_version").fetchone()[0]), self._db.total_changes)
        if state != self._state:
            self._words.clear()
            self._regions.clear()
            self._made.clear()
            self._lengths = None
            self._state = state

    def _word(self, word: str) -> Posting:
        if word in self._words:
            self._words.move_to_end(word)
            return self._words[word]
        row = self._db.execute("SELECT group_concat(doc) FROM temp.instances WHERE term = ?", (word,)).fetchone()
        numbers, times = np.unique(_parsed(row[0]), return_counts=True)
        if self._narrowed:
            seen = np.isin(numbers, self._numbers())
            numbers, times = numbers[seen], times[seen]
        posting = self._words[word] = Posting(numbers, times.astype(np.float32))
        while len(self._words) > 1 and sum(len(held.numbers) for held in self._words.values()) > KEPT:
            self._words.popitem(last=False)
        return posting

    def _region(self, code: str) -> Numbers:
        if code not in self._regions:
            listed = (
                "SELECT group_concat(number) FROM (SELECT number FROM chunk_regions WHERE region = ? ORDER BY number)"
            )
            self._regions[code] = _parsed(self._db.execute(listed, (code,)).fetchone()[0])
        return self._regions[code]

    def _numbers(self) -> Numbers:
        """Numbers of all chunks."""
        listed = "SELECT number FROM chunks"
        return self.kept("numbers", lambda: np.array([row[0] for row in self._db.execute(listed)], dtype=np.int64))

    def _norm(self) -> npt.NDArray[np.float32]:
        """BM25's length norm by chunk number: k1 (1 - b + b length / mean length)."""
        if self._lengths is None:
            rows = self._db.execute("SELECT id, sz FROM words_docsize").fetchall()
            sizes = {size: _varint(size) for size in {row[1] for row in rows}}
            lengths = np.zeros(max((row[0] for row in rows), default=0) + 1, dtype=np.float32)
            lengths[[row[0] for row in rows]] = [sizes[row[1]] for row in rows]
            self._total = len(rows)
            mean = max(1.0, float(lengths.sum()) / max(1, len(rows)))
            self._lengths = (K1 * (1 - B + B * lengths / mean)).astype(np.float32)
        return self._lengths


def _parsed(listed: str | None) -> Numbers:
    return np.fromstring(listed, dtype=np.int64, sep=",") if listed else np.empty(0, dtype=np.int64)


def _varint(size: bytes) -> int:
    """A row's number of words as FTS5 writes it: seven bits a byte, the highest first."""
    value = 0
    for byte in size:
        value = value << 7 | byte & 0x7F
    return value
