"""Amounts of a sentence: each must be stated by a citation in value, unit and comparator."""

import re
from collections.abc import Sequence
from dataclasses import replace

from app.types import Evidence, Query
from app.understanding.periods import without_periods
from app.understanding.quantities import english_comparator, english_figures
from app.verification.clauses import HAN
from app.verification.doc_numbers import number_text, without_numbers
from app.verification.periods import YEAR
from ingest.facts.figures import Context, find_figures
from ingest.facts.numbers import find_quantities
from ingest.facts.regions import find_regions
from ingest.lexical import normalise
from ingest.types import Figure

# Comparators that may stand for one another without changing what is claimed.
_SAME = ({"超", "以上", "至少"}, {"不足", "以下"}, {"至多", "以下"}, {"约", "近"})
_THAN = re.compile(r"\b(?:than|compared (?:with|to)|versus|over) (?:in |that of |those (?:in|of) )?(?:the )?$", re.I)
_AT_MOST, _AT_LEAST = {"至多", "以下"}, {"至少", "以上"}


def figures_of(claim: str, query: Query) -> tuple[Figure, ...]:
    """The figures of a claim; those without an owner in it are the regions' that the question asks about."""
    if HAN.search(claim):
        return find_figures(claim, context=Context(topic=query.regions, home=query.regions))
    owners = (
        tuple(dict.fromkeys(m.code for m in find_regions(claim) if not _THAN.search(claim[: m.start]))) or query.regions
    )
    return tuple(replace(f, scopes=owners) for f in _ranges(english_figures(claim), claim))


def _ranges(figures: Sequence[Figure], text: str) -> list[Figure]:
    """English figures with 30% to 50% put together as one range, unless something goes from one to the other."""
    found: list[Figure] = []
    for figure in figures:
        low = found[-1] if found else None
        gap = text[low.end : figure.start].strip().lower() if low else ""
        joined = gap in {"to", "-", "–"} or (
            gap == "and" and low and re.search(r"between\W*$", text[: low.start], re.I)
        )
        if low and joined and low.unit == figure.unit and low.value < figure.value:
            found[-1] = replace(low, end=figure.end, value_high=figure.value)
        else:
            found.append(figure)
    return found


def quantities_stand(claim: str, cited: Sequence[Evidence]) -> bool:
    """Whether the values of a claim are values of its citations, whatever they measure."""
    stated = [q.value for e in cited for q in find_quantities(e.text)]
    return all(any(close(q.value, value) for value in stated) for q in find_quantities(claim))


def digits_stand(claim: str, cited: Sequence[Evidence]) -> bool:
    """Digits that were read as no quantity (GB/T 22239, 65 percent, 30 racks) must be such digits in a cited source, too.

    In English text a bare number may also be the value of a cited figure (23 provinces).
    """
    if HAN.search(claim):
        written = {n for e in cited for n in (*_unread(e.text), *_unread(e.hit.source.title))}
        return _unread(claim) <= written
    stated = [q for e in cited for q in find_quantities(e.text)]
    written = {n for e in cited for n in _unread(e.text)}
    read = [(f.start, f.end) for f in english_figures(claim)]
    return all(
        any(start <= m.start() < end for start, end in read)
        or YEAR.fullmatch(m[0])
        or any(
            float(m[0]) == q.value and _same_comparator(english_comparator(claim[: m.start()]), q.comparator)
            for q in stated
        )
        or m[0] in written
        for m in re.finditer(r"\d+(?:\.\d+)?", claim)
    )


def _unread(text: str) -> set[str]:
    """Digit strings of a Chinese text that are part of no quantity, no year and no 文号."""
    plain = normalise(without_periods(without_numbers(number_text(text))))
    spans = [(q.start, q.end) for q in find_quantities(plain)]
    return {
        m[0] for m in re.finditer(r"\d+(?:\.\d+)?", plain)
        if not YEAR.fullmatch(m[0]) and not any(start <= m.start() < end for start, end in spans)
    }  # fmt: skip


def close(a: float, b: float) -> bool:
    """Whether two values are equal but for what binary fractions lose."""
    return abs(a - b) <= 1e-9 * max(1.0, abs(a), abs(b))


def same_amount(claimed: Figure, stated: Figure) -> bool:
    """The same value, unit and comparator; a comparator left out or put in changes what is claimed."""
    if claimed.value_high is None and stated.value_high is not None:
        return claimed.unit == stated.unit and _is_bound(claimed, stated)
    return (
        close(claimed.value, stated.value)
        and claimed.value_high == stated.value_high
        and (claimed.unit == stated.unit or not claimed.unit or (not stated.unit and claimed.unit in {"人", "个"}))
        and _same_comparator(claimed.comparator, stated.comparator)
    )


def _same_comparator(claimed: str, stated: str) -> bool:
    return claimed == stated or any(claimed in group and stated in group for group in _SAME)


def _is_bound(claimed: Figure, stated: Figure) -> bool:
    """Whether a single amount is an end of the stated range, and said to be that end: 不超过50万元 of 5万元至50万元."""
    if claimed.comparator in _AT_MOST:
        return stated.value_high is not None and close(claimed.value, stated.value_high)
    return claimed.comparator in _AT_LEAST and close(claimed.value, stated.value)
