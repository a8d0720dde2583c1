"""Text reduced to what must agree when a gold string is looked for in an answer or in a source.

Dropped: spaces, punctuation, quotes, Markdown; folded: width, case, traditional characters. Kept: %, ‰, + (AI+种业 is
not AI种业) and the marks inside a number (10.1, 1/8, 1:10, 30-50), so that no two different numbers fall together.
"""

import functools
import re
from dataclasses import dataclass

from ingest.lexical import normalise

_JOINERS = frozenset(".:/-∶")
_KEPT = frozenset("%‰+")
_DASHES = str.maketrans(dict.fromkeys("–—~～−", "-") | {"∶": ":"})
_SPLIT = "|"  # stands between two numbers that only punctuation or space kept apart


@dataclass(frozen=True, slots=True)
class Squashed:
    """Reduced text; `at[i]` is the position in the original of its i-th character."""

    text: str
    at: tuple[int, ...]

    def find(self, needle: str, start: int = 0) -> tuple[int, int] | None:
        """Span of a reduced `needle` in the reduced text from `start` on, not inside a longer number; else None."""
        match = _pattern(needle).search(self.text, start) if needle else None
        return match.span() if match else None


@functools.lru_cache(maxsize=4096)
def squash(text: str) -> Squashed:
    """Reduce `text`, see the module's docstring."""
    folded = normalise(text).translate(_DASHES)
    kept: list[str] = []
    at: list[int] = []
    gap = ""
    for position, char in enumerate(folded):
        if not (char.isalnum() or char in _KEPT):
            gap += char
            continue
        if gap and kept and char.isdigit() and (kept[-1].isdigit() or (kept[-1] in _KEPT and gap == "-")):
            thousands = gap == "," and re.match(r"\d{3}(?!\d)", folded[position:])
            if not thousands:
                kept.append(gap if gap in _JOINERS else _SPLIT)
                at.append(position - 1)
        gap = ""
        kept.append(char)
        at.append(position)
    return Squashed("".join(kept), tuple(at))


@functools.lru_cache(maxsize=4096)
def _pattern(needle: str) -> re.Pattern[str]:
    before = r"(?<![\d.])(?<!\d[:/])" if needle[0].isdigit() else ""
    after = r"(?!\d|[.:/]\d)" if needle[-1].isdigit() else r"(?![万亿])" if needle[-1] in "十百千万" else ""
    return re.compile(before + re.escape(needle) + after)


def contains(text: str, needle: str) -> bool:
    """Whether `needle` stands in `text` once both are reduced; 500万 does not stand in 1500万."""
    return squash(text).find(squash(needle).text) is not None


def bigram_share(text: str, reference: str) -> float:
    """Share of the character bigrams of `text` that occur in `reference`, 0..1; 1 for a text without bigrams."""
    mine, theirs = _bigrams(text), _bigrams(reference)
    return len(mine & theirs) / len(mine) if mine else 1.0


def _bigrams(text: str) -> set[str]:
    reduced = squash(text).text
    return {reduced[i : i + 2] for i in range(len(reduced) - 1)}


def is_chinese(text: str) -> bool:
    """Whether Han characters make up at least a third of the letters."""
    han = sum("㐀" <= char <= "鿿" for char in text)
    latin = sum(char.isascii() and char.isalpha() for char in text)
    return han > 0 and han * 2 >= latin
