"""Stretches of source text around what an answer cites and what gold quotes, cut where a mark begins or ends."""

import itertools
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from eval.corpus import Corpus
from eval.gold import Case
from eval.reports.words import visible
from eval.trace import Record, SaidCitation

AROUND = 70  # characters of the source on either side
_NEAR = 40  # stretches that are no further apart are shown as one


@dataclass(frozen=True, slots=True)
class Mark:
    """[start, end) of a source's text that the answer cites as `cited`, or that gold quotes (`cited` is 0)."""

    start: int
    end: int
    cited: int


def passages(case: Case, record: Record, corpus: Corpus) -> list[dict[str, Any]]:
    """Return what the answer cites and gold quotes, by source, as JSON-ready data.

    Each passage: `source`, `title`, `page`, whether text is cut off before and behind it, and `parts`, each
    [text, citations that it lies in, whether it is gold's quote]. A citation that is not the source's text at its
    offsets comes as a passage of its own with `wrong` true and the quote as the answer gives it.
    """
    cited = record.answer.citations if record.answer else ()
    made: list[dict[str, Any]] = []
    titles = {citation.source: citation.title for citation in cited}
    for source in dict.fromkeys([*titles, *(item.source for item in case.evidence)]):
        own = [citation for citation in cited if citation.source == source]
        text = corpus[source].text if source in corpus else ""
        exact = [c for c in own if c.quote and text[c.start : c.end] == c.quote]
        marks = [Mark(c.start, c.end, c.id) for c in exact]
        marks += _gold_marks(text, [item.quote for item in case.evidence if item.source == source], marks)
        head = {"source": visible(source), "title": visible(titles.get(source, ""))}
        made += [head | _passage(text, window, marks, corpus[source].pages) for window in _windows(text, marks)]
        made += [head | _wrong(c) for c in own if c not in exact]
    return made


def _gold_marks(text: str, quotes: Sequence[str], cited: Sequence[Mark]) -> list[Mark]:
    """Where gold's quotes stand: beside a citation if there is such a place, else the first one."""
    marks = []
    for quote in dict.fromkeys(quotes):
        places = [Mark(found.start(), found.end(), 0) for found in re.finditer(re.escape(quote), text)]
        beside = [p for p in places if any(p.start < c.end and c.start < p.end for c in cited)]
        marks += beside or places[:1]
    return marks


def _windows(text: str, marks: Sequence[Mark]) -> list[tuple[int, int]]:
    windows: list[tuple[int, int]] = []
    for mark in sorted(marks, key=lambda m: m.start):
        start, end = max(0, mark.start - AROUND), min(len(text), mark.end + AROUND)
        if windows and start <= windows[-1][1] + _NEAR:
            windows[-1] = (windows[-1][0], max(end, windows[-1][1]))
        else:
            windows.append((start, end))
    return windows


def _passage(
    text: str, window: tuple[int, int], marks: Sequence[Mark], pages: Sequence[tuple[int, int, int]]
) -> dict[str, Any]:
    first, last = window
    inside = [mark for mark in marks if first <= mark.start and mark.end <= last]
    cuts = sorted({first, last, *(m.start for m in inside), *(m.end for m in inside)})
    parts = []
    for start, end in itertools.pairwise(cuts):
        over = [mark for mark in inside if mark.start <= start and end <= mark.end]
        ids = sorted({mark.cited for mark in over if mark.cited})
        parts.append([visible(text[start:end]), ids, int(any(not mark.cited for mark in over))])
    page = next((page for page, start, end in pages if start <= inside[0].start < end), None)
    return {"page": page, "before": int(first > 0), "behind": int(last < len(text)), "parts": parts}


def _wrong(citation: SaidCitation) -> dict[str, Any]:
    return {"page": None, "before": 0, "behind": 0, "wrong": 1, "parts": [[visible(citation.quote), [citation.id], 0]]}
