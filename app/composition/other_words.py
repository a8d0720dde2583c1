"""A number that the sources give in other words than the question's: quoted under a lead that says so.

Whether a sentence gives the very number asked for cannot be told where its words differ (存几年 and 应当至少保存3年). To call the
number undisclosed would be false more often than not, to state it as the answer would be a guess. So the rule or the
sentence is quoted, as what most likely is meant, and the reader is told to compare.
"""

import re
from collections.abc import Sequence

from app.composition.draft import Draft
from app.composition.lookup import is_statement, stated
from app.composition.passages import Passages
from app.composition.verdicts import is_other_case
from app.retrieval.asking import asking
from app.retrieval.context import above, before
from app.retrieval.evidence import about, names_loosely
from app.retrieval.matching import asks_amount, clause_of, contradicts, fit_of, is_relative, measures_asked, unnamed
from app.retrieval.thresholds import thresholds
from app.types import Evidence, Query
from ingest.lexical import frequency, normalise, part_of_speech
from ingest.types import Figure
from prompts import phrase

MAX_LOOKED_AT = 3  # best sentences
_COMMON = 1000  # jieba's count from which a noun (问题, 孩子) tells nothing apart
_GROWTH = re.compile(
    r"增长|增速|增幅|提[升高]|上[升涨]|下[降跌]|降低|减少|\bgr[eo]w|\bincreas|\bdecreas|\brose|\bfell", re.I
)
_EXACT = frozenset(("own", "part"))


def answer_in_other_words(
    query: Query, ranked: Sequence[Evidence], unknown: frozenset[str], passages: Passages
) -> Draft | None:
    """The best sentence of all, where it holds a number of the sort asked for and nothing in it contradicts the question.

    One that gives the number for another place, year or case is passed over; behind one without a number nothing is looked
    at: on the dev questions the best sentence is the right one seven times in eight where it has such a number, the next
    hardly ever (docs/quality.md, "Abstention").
    """
    if query.kind == "claim" or not ((query.kind == "number" and query.heads) or asks_amount(query.text)):
        return None
    if any(_is_thing(query, term) for term in unnamed(unknown.intersection(query.qualifiers), ranked)):
        return None  # 海尔的误检率: of whom or of what the corpus does not speak
    told = [e for e in ranked if is_statement(e)]
    # Across languages words count for more than they say: only the first.
    most = 1 if query.language == "en" else MAX_LOOKED_AT
    for best in [e for e in told if e.score >= told[0].score - thresholds().as_good][:most]:
        figures = [f for f in best.sentence.figures if _is_of_sort(query, best, f)]
        if best.coverage < thresholds().other_words:
            return None
        exact = [f for f in figures if fit_of(query, f, best) in _EXACT and not contradicts(query, best, f)]
        if (
            exact
            and _names_modifiers(query, best)
            and about(query, best)
            and not is_other_case(query, best.sentence.figures)
        ):
            return Draft(
                lead=phrase(query.language, "in_other_words"),
                claims=stated(query, [best], passages),
                figures=[(figure, best) for figure in exact],
                verdict=True,
            )
    return None


def _is_thing(query: Query, term: str) -> bool:
    """Whether a word of the question names somebody or a thing of its own: a name, a rare noun, or what it begins with if no word."""
    tag = part_of_speech(term)
    if not tag:
        return normalise(query.text).startswith(term)
    return tag.startswith("n") and (tag != "n" or frequency(term) < _COMMON)


def _names_modifiers(query: Query, evidence: Evidence) -> bool:
    """Whether what narrows the measure down (购车补贴, 关税税率) is named by the sentence or above it."""
    around = f"{normalise(evidence.text)} {before(evidence)} {above(evidence)}"
    return all(names_loosely(around, word) for word in asking(query).modifiers)


def _is_of_sort(query: Query, evidence: Evidence, figure: Figure) -> bool:
    """Whether a figure is in the unit, or of the measure, that is asked for."""
    if figure.role == "原值" or (is_relative(figure) and not query.bases):
        return False
    units = asking(query).units
    if "%" in units and _GROWTH.search(query.text) and not _tells_growth(evidence, figure):
        return False
    if units and figure.unit not in units:
        return False
    return bool(units) or _measures(query, evidence, figure)


def _tells_growth(evidence: Evidence, figure: Figure) -> bool:
    """Whether the clause of a figure speaks of growing or falling at all; a share is no rate of growth."""
    return figure.role == "变化" or bool(_GROWTH.search(clause_of(evidence, figure)))


def _measures(query: Query, evidence: Evidence, figure: Figure) -> bool:
    """Whether a figure is of the measure asked for, or of the very thing: 多少注册用户, 注册用户5000万以上."""
    if query.heads:
        return measures_asked(query, evidence, figure)
    noun = asking(query).noun
    return bool(noun) and noun in normalise(clause_of(evidence, figure))
