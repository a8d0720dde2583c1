"""Clauses of a sentence in a form that can be compared: folded, numbers and periods blanked, marks left out. Cached."""

import re
from dataclasses import dataclass
from functools import lru_cache

from app.understanding.periods import without_periods
from ingest.facts.figures import clause_spans
from ingest.facts.numbers import find_quantities
from ingest.facts.regions import find_regions
from ingest.lexical import normalise

HAN = re.compile(r"[㐀-鿿]")
_FILLERS = str.maketrans("", "", "的了从由至到在为是把被与和及也则均于")  # characters that a restatement may change
_PLACE = "㊀"  # stands for each character of a region's name
_MARKS = re.compile(r"[^㐀-鿿a-z0-9%.㊀]")


@dataclass(frozen=True, slots=True)
class Clause:
    """A clause at [start, end) of its sentence: as it reads, folded, and what of it is compared."""

    start: int
    end: int
    text: str  # folded, simplified, lower case
    words: str  # the same without quantities, periods, regions and marks
    length: int  # characters of it with its regions
    grams: frozenset[str]  # character bigrams of `words`


@lru_cache(maxsize=4096)
def clauses_of(text: str) -> tuple[Clause, ...]:
    """The clauses of a sentence, in order."""
    plain = normalise(text)
    blanked = _blanked(plain)
    return tuple(_clause(plain, blanked, a, b) for a, b in clause_spans(plain))


@lru_cache(maxsize=4096)
def whole_of(text: str) -> Clause:
    """A whole sentence as one clause."""
    plain = normalise(text)
    return _clause(plain, _blanked(plain), 0, len(plain))


def _clause(plain: str, blanked: str, start: int, end: int) -> Clause:
    words = _MARKS.sub("", blanked[start:end])
    bare = words.replace(_PLACE, "").translate(_FILLERS)
    return Clause(start, end, plain[start:end], bare, len(words), frozenset(_grams(bare)))


def contained(clause: Clause, source: Clause) -> float:
    """Share of the clause's bigrams that stand in `source`; 0 where it has none."""
    return len(clause.grams & source.grams) / len(clause.grams) if clause.grams else 0.0


def _blanked(plain: str) -> str:
    """Folded text with its quantities, periods and regions blanked: those are compared by value and code elsewhere."""
    text = list(without_periods(plain))
    for mention in find_regions(plain):
        text[mention.start : mention.end] = _PLACE * (mention.end - mention.start)
    for quantity in find_quantities(plain):
        text[quantity.start : quantity.end] = " " * (quantity.end - quantity.start)
    return "".join(text)


def _grams(words: str) -> list[str]:
    return [words[i : i + 2] for i in range(len(words) - 1)]
