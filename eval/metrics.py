"""The metrics: pure functions, no model. Each docstring gives formula, range and what the empty case gives.

A metric of one case that does not apply to it is None and is left out of the mean; the counts say how many remain.
"""

import itertools
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from eval.answers import Piece, Shown, is_denied, is_quotation_of
from eval.binding import Claim
from eval.corpus import Corpus, scope_codes
from eval.gold import Case, Fact, FigureFact, TextFact, linked_evidence
from eval.quantities import same_quantity
from eval.text import bigram_share, contains, is_chinese, squash
from eval.trace import Hit, Said

MIN_BIGRAMS = 0.5


@dataclass(frozen=True, slots=True)
class Rate:
    """successes / n with its 95 % Wilson interval; `value` is None for n = 0."""

    successes: int
    n: int

    @property
    def value(self) -> float | None:
        """The share, 0..1."""
        return self.successes / self.n if self.n else None

    @property
    def interval(self) -> tuple[float, float] | None:
        """Wilson score interval at 95 %."""
        return wilson(self.successes, self.n)


def wilson(successes: int, n: int, z: float = 1.959964) -> tuple[float, float] | None:
    """Wilson score interval (p + z²/2n ± z·sqrt(p(1-p)/n + z²/4n²)) / (1 + z²/n), within 0..1; None for n = 0."""
    if n == 0:
        return None
    p, spread = successes / n, z * z / n
    half = z * math.sqrt(p * (1 - p) / n + spread / (4 * n))
    return max(0.0, (p + spread / 2 - half) / (1 + spread)), min(1.0, (p + spread / 2 + half) / (1 + spread))


def mean(values: Iterable[float | None]) -> float | None:
    """Arithmetic mean of the values that are not None; None if there are none."""
    kept = [value for value in values if value is not None]
    return sum(kept) / len(kept) if kept else None


def percentile(values: Sequence[float], share: float) -> float | None:
    """Smallest value that at least `share` (0..1] of the values do not exceed (nearest rank); None for no values."""
    return sorted(values)[max(0, math.ceil(share * len(values)) - 1)] if values else None


def retrieval_recall(case: Case, hits: Sequence[Hit], corpus: Corpus, k: int = 5) -> float | None:
    """Facts found in the first k hits / facts with evidence; 0..1, None for a case without evidence.

    A fact is found if one of the quotes that it follows from stands in the text of a hit of the same source.
    """
    texts = [(hit.source, corpus[hit.source].text[hit.start : hit.end]) for hit in hits[:k] if hit.source in corpus]
    linked = [evidence for fact in case.facts if (evidence := linked_evidence(fact, case.evidence))]
    if not linked:
        return None
    found = [any(e.source == source and contains(text, e.quote) for e in es for source, text in texts) for es in linked]
    return sum(found) / len(linked)


def is_stated(fact: Fact, pieces: Sequence[Piece], claims: Sequence[Claim]) -> bool:
    """Whether the answer states a fact and what it cites there states it too.

    Text fact: a sentence holds one of its strings, and a quote cited by the sentence holds one of them. Figure fact: a
    claim has its value, unit, comparator, scope and (where gold gives one) period, grounded in a cited quote. A text in
    the answer's data that the reader is not shown, or a sentence without a marker, states nothing; nor do words of which
    the answer says that the sources do not say them (没有资料说…).
    """
    if isinstance(fact, TextFact):
        return any(_text_stated(fact, piece) for piece in pieces if piece.cited)
    return any(_figure_stated(fact, claim) for claim in claims)


def _text_stated(fact: TextFact, piece: Piece) -> bool:
    said = any(_affirms(piece, squash(text).text) for text in fact.any)
    return said and any(contains(citation.quote, text) for citation in piece.cited for text in fact.any)


def _affirms(piece: Piece, needle: str) -> bool:
    reduced, at = squash(piece.text), 0
    while span := reduced.find(needle, at):
        if not piece.is_unsaid(reduced.at[span[0]]):
            return True
        at = span[0] + 1
    return False


def _figure_stated(fact: FigureFact, claim: Claim) -> bool:
    if not same_quantity(fact, claim.quantity) or not claim.is_grounded or claim.is_unsaid:
        return False
    owner = frozenset(scope_codes(fact.scope))
    if not owner <= (claim.scopes or claim.implied):
        return False
    return not fact.period or fact.period in claim.periods


def key_fact_recall(stated: Sequence[bool]) -> float | None:
    """Facts stated / facts; 0..1, None for a case without facts."""
    return sum(stated) / len(stated) if stated else None


def is_supported(piece: Piece, claims: Sequence[Claim]) -> bool:
    """Whether a cited sentence rests on its quotes: no ungrounded number, and half of its character bigrams there.

    The bigrams are not asked for where the sentence repeats a quote between quotation marks (the rest only frames it)
    or where sentence and quotes are in different languages.
    """
    quotes = "\n".join(citation.quote for citation in piece.cited)
    if not quotes or any(claim.piece is piece and not claim.is_grounded for claim in claims):
        return False
    if piece.quotes or is_chinese(piece.text) != is_chinese(quotes):
        return True
    return bigram_share(piece.text, quotes) >= MIN_BIGRAMS


def marker_validity(shown: Shown) -> Rate:
    """Markers in the text that resolve to a citation / markers in the text; n = 0 for an answer without markers."""
    return Rate(shown.markers_valid, shown.markers)


def quote_exactness(said: Said, corpus: Corpus) -> Rate:
    """Citations whose quote is the source's text at start:end / citations; n = 0 for an answer without citations."""
    read = [(c.quote, corpus[c.source].text[c.start : c.end] if c.source in corpus else "") for c in said.citations]
    return Rate(sum(bool(quote) and quote == text for quote, text in read), len(read))


def must_not_hits(case: Case, shown: Shown) -> list[str]:
    """Forbidden strings that the answer itself says; [] if none is forbidden.

    Looked for in all of the shown text, reduced as in eval.text. Not the answer's own claim, so not a hit: words inside
    “…” that repeat a cited quote or the question, and words in a clause that denies them (没有资料说贵州的利用率为65%).
    """
    hits = []
    for forbidden in case.must_not:
        if any(_says(piece, squash(forbidden).text, case.asked) for piece in _with_joined(shown.pieces)):
            hits.append(forbidden)
    return hits


def _with_joined(pieces: Sequence[Piece]) -> list[Piece]:
    """Return the pieces, and each two neighbours joined: a claim may be cut in two by a sentence end."""
    neighbours = [(a, b) for a, b in itertools.pairwise(pieces) if not (a.quotes or b.quotes)]
    return [*pieces, *(Piece(f"{a.text} {b.text}", (), False) for a, b in neighbours)]


def _says(piece: Piece, needle: str, asked: str) -> bool:
    reduced, at = squash(piece.text), 0
    while span := reduced.find(needle, at):
        start, last = reduced.at[span[0]], reduced.at[span[1] - 1]
        quoted = piece.in_quote(start) and piece.in_quote(last)
        if not quoted and not is_denied(piece.text, start) and not is_quotation_of(piece.text, start, [asked]):
            return True
        at = span[0] + 1
    return False


def abstention_fits(case: Case, abstained: bool) -> bool:
    """Whether the flag is as gold wants it; traps may abstain or correct the scope."""
    return case.either_flag or abstained != case.answerable


def abstention(cases: Sequence[tuple[Case, bool]]) -> tuple[Rate, Rate, Rate]:
    """Precision, recall and over-refusal of the flag over (case, abstained); traps that accept both are left out.

    Precision: rightly abstained / abstained. Recall: rightly abstained / unanswerable. Over-refusal: abstained though
    answerable / answerable. n = 0 where the denominator is empty.
    """
    counted = [(case, abstained) for case, abstained in cases if not case.either_flag]
    refused = [case for case, abstained in counted if abstained]
    right = sum(not case.answerable for case in refused)
    answerable = sum(case.answerable for case, _ in counted)
    return Rate(right, len(refused)), Rate(right, len(counted) - answerable), Rate(len(refused) - right, answerable)


def robustness(cases: Sequence[tuple[Case, bool]]) -> Rate:
    """Return groups of at least two variants that are all correct / groups of at least two; n = 0 if there are none."""
    groups: dict[str, list[bool]] = {}
    for case, correct in cases:
        groups.setdefault(case.group_id, []).append(correct)
    several = [all(group) for group in groups.values() if len(group) > 1]
    return Rate(sum(several), len(several))
