"""What is looked for: the question's words with their rarity, and a plan for each region, so that none starves."""

import math
from dataclasses import dataclass

from app.types import Query
from ingest.catalog import Catalog
from ingest.facts.regions import relation
from ingest.lexical import words


@dataclass(frozen=True, slots=True)
class Plan:
    """A question as the index is asked it."""

    words: tuple[str, ...]  # for the lexical side
    known: float  # share of them that the corpus knows, 0..1
    weights: dict[str, float]  # content word -> rarity weight; words unknown to the corpus weigh most
    unknown: frozenset[str]  # content words of the question that stand nowhere in the corpus
    regions: tuple[tuple[str, ...], ...]  # for each region asked about its code and those of its parts that are known


def make_plan(query: Query, catalog: Catalog) -> Plan:
    """Look the question's words and regions up in the catalogue."""
    search = search_words(query)
    frequencies = catalog.document_frequencies(search)
    rarity = {term: _frequency(term, frequencies) for term in query.terms}
    total = max(1, catalog.count()[1])
    return Plan(
        words=search,
        known=sum(word in frequencies for word in search) / len(search) if search else 0.0,
        weights={term: math.log(1 + total / max(0.5, count)) for term, count in rarity.items()},
        unknown=frozenset(term for term, count in rarity.items() if not count),
        regions=_regions(query, catalog),
    )


def search_words(query: Query) -> tuple[str, ...]:
    """Words for the lexical side: those of the question, and the glossary's Chinese words for an English one."""
    translated = (word for term in query.terms for word in words(term.replace("|", " "), True))
    return tuple(dict.fromkeys((*words(query.text), *translated)))


def _frequency(term: str, frequencies: dict[str, int]) -> int:
    """Number of chunks that can hold a term: that of its rarest word, for the commonest of its translations."""
    forms = [words(form, True) for form in term.split("|")]
    return max((min((frequencies.get(word, 0) for word in form), default=0) for form in forms), default=0)


def _regions(query: Query, catalog: Catalog) -> tuple[tuple[str, ...], ...]:
    present = catalog.region_counts() if query.regions else {}
    plans = (
        tuple(code for code in present if relation(asked, code) in {"same", "part"}) for asked in query.regions
    )  # fmt: skip
    return tuple(codes for codes in plans if codes)
