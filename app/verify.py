"""Check one answer sentence against the sentences that it cites: numbers, comparators, years, scope, wording.

The same check runs on extractive and on generated sentences. It compares what the sentence claims with what the cited
sentences say; text in quotation marks that stands verbatim in a citation needs no further proof.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from app.types import Evidence, Query, Support
from ingest.figures import Context, find_figures
from ingest.lexical import normalise
from ingest.numbers import find_quantities
from ingest.regions import find_regions, relation
from ingest.types import Figure

# Containment of character bigrams; on Chinese statutes 0.5 parts right from wrong clauses with AUC 0.96 (DESIGN 4).
SUPPORTED, PARTIAL = 0.5, 0.3
_YEAR = re.compile(r"(?<![\d.])((?:19|20)\d{2})(?![\d.])")
_QUOTED = re.compile(r"“([^”]+(?:“[^”]*”[^”]*)*)”")
_HAN = re.compile(r"[㐀-鿿]")
# Comparators that may stand for one another without changing what is claimed.
_SAME_COMPARATOR = ({"超", "以上", "至少"}, {"不足", "以下"}, {"约", "近"})


@dataclass(frozen=True, slots=True)
class Check:
    """The verdict on one sentence."""

    support: Support
    numbers_ok: bool
    scope_ok: bool
    containment: float | None


def check_sentence(text: str, cited: Sequence[Evidence], query: Query, framed: bool = False) -> Check:
    """Check `text` (without markers) against the cited sentences. No citation means unsupported.

    `framed` text is the composer's own wording around a quotation: its numbers and scopes count, its words do not.
    """
    if not cited:
        return Check("unsupported", True, True, 0.0)
    claim = _without_quotes(text, cited)
    numbers_ok = _numbers_hold(claim, cited, query)
    scope_ok = _scopes_hold(claim, cited, query)
    share = None if framed else _containment(claim, cited)
    if not numbers_ok or not scope_ok:
        return Check("unsupported", numbers_ok, scope_ok, share)
    if share is None or share >= SUPPORTED:
        return Check("supported", True, True, share)
    cross = not _HAN.search(claim)  # an English sentence on a Chinese source: words cannot be compared
    return Check("partial" if cross or share >= PARTIAL else "unsupported", True, True, share)


def _without_quotes(text: str, cited: Sequence[Evidence]) -> str:
    """The sentence less what it quotes verbatim from its citations."""
    for evidence in cited:
        text = text.replace(f"“{evidence.text}”", " ")
        if text.strip() == evidence.text:
            return ""
    return text


def _numbers_hold(claim: str, cited: Sequence[Evidence], query: Query) -> bool:
    """Every quantity with its unit and comparator, and every year, must stand in a cited sentence."""
    sources = [q for e in cited for q in find_quantities(e.text)]
    for quantity in find_quantities(claim):
        if not any(
            _same_value(quantity.value, s.value) and quantity.value_high == s.value_high
            and (quantity.unit == s.unit or "" in {quantity.unit, s.unit}) and _compatible(quantity.comparator, s.comparator)
            for s in sources
        ):  # fmt: skip
            return False
    known = " ".join(
        [*(e.text for e in cited), *(e.hit.source.title for e in cited), *(e.hit.source.issued for e in cited)]
    )
    known += " ".join(f.period for e in cited for f in e.sentence.figures)
    asked = set(query.periods) if re.search(r"未披露|没有|No source|not disclos", claim) else set()
    return all(year in known or year in asked for year in _YEAR.findall(claim))


def _same_value(a: float, b: float) -> bool:
    return abs(a - b) <= 1e-9 * max(1.0, abs(a), abs(b))


def _compatible(claimed: str, stated: str) -> bool:
    return claimed == stated or any(claimed in group and stated in group for group in _SAME_COMPARATOR)


def _scopes_hold(claim: str, cited: Sequence[Evidence], query: Query) -> bool:
    """A figure must be claimed for the scope that its source gives; a region named must be one the citations speak of."""
    stated = [f for e in cited for f in e.sentence.figures]
    context = Context(topic=query.regions)
    negative = re.search(r"未披露|不是|不能当作|没有|No source|not ", claim)
    for figure in find_figures(claim, context=context):
        sources = [f for f in stated if _same_value(f.value, figure.value)]
        if sources and not negative and not any(_scope_holds(figure, f) for f in sources):
            return False
    if negative:
        return True
    spoken = {code for e in cited for code in (*e.sentence.regions, *e.hit.source.regions)}
    spoken |= {m.code for e in cited for m in find_regions(" ".join((e.hit.source.title, *e.hit.chunk.headings)))}
    return all(
        any(relation(m.code, code) in {"same", "part"} or relation(code, m.code) in {"same", "part"} for code in spoken)
        for m in find_regions(claim)
    )


def _scope_holds(claimed: Figure, stated: Figure) -> bool:
    if not stated.scopes:
        return True
    if not claimed.scopes:
        return False
    return all(any(relation(c, s) == "same" for s in stated.scopes) for c in claimed.scopes)


def _containment(claim: str, cited: Sequence[Evidence]) -> float | None:
    """Share of the claim's character bigrams that stand in the citations; None where nothing is left to check."""
    text = re.sub(r"[^㐀-鿿A-Za-z0-9%.]", "", normalise(claim))
    grams = [text[i : i + 2] for i in range(len(text) - 1)]
    if len(grams) < 2:
        return None
    source = re.sub(r"[^㐀-鿿A-Za-z0-9%.]", "", normalise(" ".join(e.text for e in cited)))
    return sum(gram in source for gram in grams) / len(grams)
