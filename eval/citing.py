"""What an answer cites against gold evidence: precision, recall and F1, by sentence and by page. Pure.

Sentence level: a citation is right if its span overlaps a gold quote where that stands in its source. Page level: if it is of
the same document and page as a gold quote; a document without pages is one page, whatever its length and headings, so that
the measure depends on no way of parting it.
"""

from collections.abc import Collection, Sequence
from typing import NamedTuple

from eval.corpus import Corpus
from eval.gold import Case, Evidence, evidence_units
from eval.trace import Said

NAMES = tuple(f"citation_{level}_{name}" for level in ("sentence", "page") for name in ("precision", "recall", "f1"))


class Span(NamedTuple):
    """A stretch [start, end) of a source."""

    source: str
    start: int
    end: int


def citations(case: Case, said: Said, corpus: Corpus) -> dict[str, float | None]:
    """Return the six metrics of a case by name; all None where nothing has to be cited.

    That is: a case without evidence, and one that only abstaining answers (it may cite what comes closest).
    """
    if not case.evidence or not (case.answerable or case.either_flag):
        return dict.fromkeys(NAMES)
    cited = list(dict.fromkeys(Span(c.source, c.start, c.end) for c in said.citations))
    gold = [_spans(item, corpus) for item in case.evidence]
    units = evidence_units(case)
    near = [[_touches(span, spans) for spans in gold] for span in cited]
    pages = [{_page(span, corpus) for span in spans} for spans in gold]
    same = [[_page(span, corpus) in on for on in pages] for span in cited]
    return {**_scores("sentence", near, units), **_scores("page", same, units)}


def _scores(level: str, hits: Sequence[Sequence[bool]], units: Sequence[Sequence[int]]) -> dict[str, float | None]:
    right, wanted = precision(hits), recall(hits, units)
    values = {"precision": right, "recall": wanted, "f1": f1(right, wanted)}
    return {f"citation_{level}_{name}": value for name, value in values.items()}


def precision(hits: Sequence[Sequence[bool]]) -> float | None:
    """Citations that hit a piece of evidence / citations; 0..1, None without citations. hits[citation][piece]."""
    return sum(any(row) for row in hits) / len(hits) if hits else None


def recall(hits: Sequence[Sequence[bool]], units: Sequence[Sequence[int]]) -> float | None:
    """Facts of which a citation hits one of the quotes / facts with quotes; 0..1, 0 without citations, None without facts."""
    found = [any(row[piece] for row in hits for piece in unit) for unit in units]
    return sum(found) / len(found) if found else None


def f1(right: float | None, wanted: float | None) -> float | None:
    """Harmonic mean 2pr / (p + r); 0..1, 0 where both are 0 or nothing is cited, None where there is no recall."""
    if wanted is None:
        return None
    if not right or not wanted:
        return 0.0
    return 2 * right * wanted / (right + wanted)


def _spans(item: Evidence, corpus: Corpus) -> list[Span]:
    """Where the quote stands, on its page if gold names one."""
    text = corpus[item.source].text if item.source in corpus else ""
    spans, at = [], text.find(item.quote)
    while at >= 0:
        spans.append(Span(item.source, at, at + len(item.quote)))
        at = text.find(item.quote, at + 1)
    on_page = [span for span in spans if item.page in (None, _page(span, corpus)[1])]
    return on_page or spans


def _touches(span: Span, others: Collection[Span]) -> bool:
    return any(span.source == o.source and span.start < o.end and o.start < span.end for o in others)


def _page(span: Span, corpus: Corpus) -> tuple[str, int]:
    """Source and page of a span's beginning; page 0 of a text without pages."""
    pages = corpus[span.source].pages if span.source in corpus else ()
    return span.source, next((page for page, start, end in pages if start <= span.start < end), 0)
