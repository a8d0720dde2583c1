"""Word pieces of the bundled model: XLM-R's unigram tokenizer from tables that load in a fraction of tokenizer.json's time."""

import json
import unicodedata
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from ingest.model import LONGEST_FILE, PIECES_FILE, SCORES_FILE, SPECIALS
from ingest.weights import UNKNOWN

Span = tuple[int, int]  # character offsets in the given text, half-open


class UnigramTokenizer:
    """XLM-R's word pieces with character offsets; the ids are those of the folder's tokenizer.json.

    It exists for the cold start: parsing tokenizer.json takes a second, these tables a fifth of one. Viterbi over the
    pieces of each word costs about 3 % of the model's own time. Text that looks like a special token ("</s>")
    is read as text.
    """

    def __init__(self, folder: Path) -> None:
        pieces = (folder / PIECES_FILE).read_text(encoding="utf-8").split("\n")
        self._ids = dict(zip(pieces, range(len(pieces)), strict=True))
        for special in SPECIALS:
            del self._ids[special]
        self._scores: list[float] = np.fromfile(folder / SCORES_FILE, dtype="<f4").tolist()
        self._longest: dict[str, int] = json.loads((folder / LONGEST_FILE).read_text(encoding="utf-8"))
        self._reach = max(self._longest.values())
        self._unknown_score = min(self._scores) - 10  # SentencePiece's penalty
        self._characters = _Characters()

    def encode(self, text: str, limit: int) -> tuple[list[int], list[Span]]:
        """Return at most `limit` piece ids and their offsets; a piece of ▁ alone has an empty span."""
        ids: list[int] = []
        offsets: list[Span] = []
        for word, at in self._words(text, (limit + 1) * self._reach):
            for piece, start, end in self._segment("▁" + word):
                ids.append(piece)
                first = at[max(start - 1, 0)]
                offsets.append((first[0], at[end - 2][1]) if end > 1 else (first[0], first[0]))
            if len(ids) >= limit:
                break
        return ids[:limit], offsets[:limit]

    def _words(self, text: str, longest: int) -> Iterator[tuple[str, list[Span]]]:
        """Yield each word, normalised (NFKC but for ～), with the original span of every character of it.

        A word is cut at `longest` characters: Chinese has no spaces, and of a book only the first pages are encoded.
        """
        word: list[str] = []
        at: list[Span] = []
        for start, cluster in _clusters(text):
            for character in self._characters[cluster]:
                if character != " ":
                    word.append(character)
                    at.append((start, start + len(cluster)))
                if word and (character == " " or len(word) == longest):
                    yield "".join(word), at
                    word, at = [], []
        if word:
            yield "".join(word), at

    def _segment(self, word: str) -> list[tuple[int, int, int]]:
        """Return the best split as (id, start, end); neighbouring unknown characters make one piece."""
        ids, scores, size = self._ids, self._scores, len(word)
        best = [0.0] + [float("-inf")] * size
        back: list[tuple[int, int]] = [(0, 0)] * (size + 1)  # (id, start) of the best piece that ends here
        for start in range(size):
            base = best[start]
            one = start + 1
            for end in range(one, min(size, start + self._longest.get(word[start], 0)) + 1):
                piece = ids.get(word[start:end])
                if piece is not None and base + scores[piece] > best[end]:
                    best[end] = base + scores[piece]
                    back[end] = (piece, start)
            if word[start] not in ids and base + self._unknown_score > best[one]:
                best[one] = base + self._unknown_score
                back[one] = (UNKNOWN, start)
        split: list[tuple[int, int, int]] = []
        end = size
        while end:
            piece, start = back[end]
            if split and piece == UNKNOWN == split[-1][0]:
                split[-1] = (UNKNOWN, start, split[-1][2])
            else:
                split.append((piece, start, end))
            end = start
        return split[::-1]


class _Characters(dict[str, str]):
    """Normal form of a character with its combining marks, as SentencePiece's nmt_nfkc has it; fills itself."""

    def __init__(self) -> None:
        dropped = [*range(0x01, 0x09), 0x0B, *range(0x0E, 0x20), 0x7F, 0x8F, 0x9F]
        blank = [0x09, 0x0A, 0x0C, 0x0D, 0x85, 0x1680, *range(0x200B, 0x2010), 0x2028, 0x2029, 0x2581, 0xFEFF, 0xFFFD]
        super().__init__({chr(code): "" for code in dropped} | {chr(code): " " for code in blank} | {"～": "～"})

    def __missing__(self, cluster: str) -> str:
        if len(cluster) > 1:  # clusters are without number, so they are not kept
            return "".join(self[part] for part in unicodedata.normalize("NFC", cluster))
        self[cluster] = normal = unicodedata.normalize("NFKC", cluster)
        return normal


def _clusters(text: str) -> Iterator[tuple[int, str]]:
    """Yield every character together with the combining marks after it, and its position."""
    if unicodedata.is_normalized("NFC", text):
        yield from enumerate(text)
        return
    start = 0
    for at in range(1, len(text) + 1):
        if at == len(text) or not unicodedata.combining(text[at]):
            yield start, text[start:at]
            start = at
