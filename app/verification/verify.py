"""Check one answer sentence against the sentences that it cites: numbers, scope, period, kind, direction, wording.

The same check runs on extractive and on generated sentences. A figure in the sentence must be a figure of a cited sentence
in everything that it says of it; the rest must be worded as the source is, clause by clause. Text in quotation marks that
stands verbatim in a citation needs no further proof. One file a check: numbers, doc_numbers (文号), periods, owners,
statements (a figure with all of these), certainty (planned or done), polarity, wording, quotes, frames, english.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from app.types import Evidence, Query, Support
from app.verification.clauses import HAN, whole_of
from app.verification.doc_numbers import doc_numbers_stand, number_text, without_numbers
from app.verification.english import english_stands
from app.verification.frames import UNDISCLOSED, closest_stands, kinds_stand, leads_stand, without_denials
from app.verification.numbers import digits_stand, quantities_stand
from app.verification.owners import regions_stand
from app.verification.periods import years_stand
from app.verification.quotes import quotes_stand, without_quotes
from app.verification.stated import denials_stand
from app.verification.statements import figures_stand
from app.verification.wording import support_score, weakest_clause
from ingest.facts.numbers import find_quantities

# Of the support score (wording.support_score); calibrated on restatements and labelled hallucinations, docs/quality.md.
_COPULA = re.compile(r"(大?约|大概|超过|不足|不到)是(?=\d)")  # 大约是65%
SUPPORTED, PARTIAL = 0.45, 0.35
LOOSE, WHOLE = 0.2, 0.5  # one clause in other words in a sentence that stands as a whole: partial


@dataclass(frozen=True, slots=True)
class Check:
    """The verdict on one sentence; `containment` is the support of its weakest clause, None where no wording was to be checked."""

    support: Support
    numbers_ok: bool
    scope_ok: bool
    containment: float | None


def check_sentence(
    text: str, cited: Sequence[Evidence], query: Query, framed: bool = False, shown: Sequence[Evidence] = ()
) -> Check:
    """Check `text` (without markers) against the cited sentences. No citation means unsupported.

    `framed` text is the composer's own wording around a quotation: its figures are checked, its words are its own.
    `shown` is what else its writer could read: what the text says is not disclosed must stand nowhere in it.
    """
    if not cited:
        return Check("unsupported", True, True, 0.0)
    claim = without_quotes(text, cited)
    if framed:
        return _framed(claim.replace("：", "： "), cited, query)  # ：1:10 is a ratio, no time of day
    if not denials_stand(claim, (*cited, *shown), query, _supports(query)):
        return Check("unsupported", True, True, 0.0)
    claim = without_denials(claim, cited)
    # Years of a 文号 are no periods, its number is no amount.
    bare = without_numbers(number_text(claim)) if "号" in claim or "號" in claim else claim
    bare = _COPULA.sub(r"\1", bare)
    numbers_ok = digits_stand(claim, cited) and years_stand(claim, cited, bare) and doc_numbers_stand(claim, cited)
    if not quotes_stand(claim, cited):
        return Check("unsupported", numbers_ok, True, 0.0)
    amounts_ok, same, told = figures_stand(bare, cited, query, framed=False)
    return _verdict(bare, cited, query, numbers_ok and amounts_ok, same and regions_stand(claim, cited), told)


def _supports(query: Query) -> Callable[[str, Evidence], bool]:
    """The check of a statement that is denied; a statement with a denial of its own is none."""

    def supports(statement: str, source: Evidence) -> bool:
        check = check_sentence(statement, (source,), replace(query, regions=()))
        told = any(True for _ in find_quantities(statement))  # an aim told as bare fact is partial
        return not UNDISCLOSED.search(statement) and check.support in (
            {"supported", "partial"} if told else {"supported"}
        )

    return supports


def _verdict(
    claim: str, cited: Sequence[Evidence], query: Query, numbers_ok: bool, scope_ok: bool, told: bool
) -> Check:
    share = weakest_clause(claim, cited)
    if not numbers_ok or not scope_ok:
        return Check("unsupported", numbers_ok, scope_ok, share)
    if share is None:
        return Check("supported", True, True, None)
    if not HAN.search(claim):  # words cannot be compared across languages
        stands = query.language == "en" and english_stands(claim, cited, query)
        return Check("partial" if stands else "unsupported", True, True, share)
    if share >= SUPPORTED and told:
        return Check("supported", True, True, share)
    loose = share >= LOOSE and max(support_score(whole_of(claim), whole_of(e.text)) for e in cited) >= WHOLE
    return Check("partial" if share >= PARTIAL or loose else "unsupported", True, True, share)


def _framed(claim: str, cited: Sequence[Evidence], query: Query) -> Check:
    """The composer's own words: nothing in them but numbers, owners, times and kinds of what is quoted."""
    if UNDISCLOSED.search(claim):
        stands = closest_stands(claim, cited)
        return Check("supported" if stands else "unsupported", stands, stands, None)
    numbers_ok = digits_stand(claim, cited) and years_stand(claim, cited, claim) and quantities_stand(claim, cited)
    amounts_ok, same, _ = figures_stand(claim, cited, query, framed=True)
    numbers_ok = numbers_ok and amounts_ok and leads_stand(claim, cited)
    scope_ok = same and regions_stand(claim, cited) and kinds_stand(claim, cited, query)
    return Check("supported" if numbers_ok and scope_ok else "unsupported", numbers_ok, scope_ok, None)
