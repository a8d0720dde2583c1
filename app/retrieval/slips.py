"""A wrong character that sounds right (总植 for 总值), set right by the sentences found, where they say the rest the same way."""

import re
from collections.abc import Sequence
from dataclasses import replace

from app.types import Evidence, Query
from app.understanding.spelling import sound
from app.understanding.terms import LEFTOVER
from ingest.lexical import fold, frequency

_AROUND, _SAME = 2, 3  # characters looked at on either side, and how many of them must be the same
_READ = 30  # best sentences that are looked at


def mended(query: Query, unknown: frozenset[str], ranked: Sequence[Evidence]) -> Query:
    """The question with such characters set right, and what was changed added to its corrections.

    Only in a word that neither the corpus (`unknown`) nor the dictionary has.
    """
    texts = [fold(e.text) for e in ranked[:_READ]]
    for term in sorted(unknown.intersection(query.terms)):
        if not re.fullmatch("[一-龥]{2,4}", term) or frequency(term) or LEFTOVER.fullmatch(term):
            continue
        read = next((found for text in texts if (found := _as_written(query.text, term, text))), "")
        if read:
            query = _with(query, term, read)
    return query


def _as_written(question: str, term: str, text: str) -> str:
    """The term as `text` has it among the same characters, one of them another that sounds alike; "" where it has not."""
    at = question.find(term)
    for i, char in enumerate(term if at >= 0 else ""):
        left, right = question[max(0, at + i - _AROUND) : at + i], question[at + i + 1 : at + i + 1 + _AROUND]
        if len(left) + len(right) < _SAME or not re.fullmatch("[一-龥]+", left + right):
            continue
        for match in re.finditer(f"{left}([一-龥]){right}", text):
            if match[1] != char and sound(match[1]) == sound(char):
                return f"{term[:i]}{match[1]}{term[i + 1 :]}"
    return ""


def _with(query: Query, term: str, read: str) -> Query:
    def put(words: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(read if word == term else word for word in words)

    return replace(
        query,
        text=query.text.replace(term, read),
        terms=put(query.terms),
        qualifiers=put(query.qualifiers),
        corrections=(*query.corrections, (term, read)),
    )
