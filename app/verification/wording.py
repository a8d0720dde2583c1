"""How far the words of a claim stand in its citations: the support score, by clause."""

import re
from collections.abc import Sequence
from functools import lru_cache
from math import log

from app.types import Evidence
from app.verification.certainty import told_otherwise
from app.verification.clauses import Clause, clauses_of, contained, whole_of
from app.verification.polarity import modals_stand, ranks_stand, turned_around
from ingest.lexical import cut, frequency

_MIN_CLAUSE = 6  # characters; shorter clauses are frames (其中, 对此)
_MIN_WORDS = 4  # of them without names of regions
# Who says it; a name in 《》 is checked as a quotation.
_ATTRIBUTION = re.compile(
    r"(?:根据|按照|依据|依照|在)?《[^《》]{2,80}》(?:第[一二三四五六七八九十百零\d]+条)?的?(?:规定|提出|明确|要求|指出|显示|中)?[，,：:]"
    r"|(?:从|就|对)[^，,。]{0,8}(?:来?看|而言|来说|来讲)[，,]"
    r"|(?:文章|报告|资料|材料|文件|[该本](?:办法|条例|意见|通知|规划|方案|文件))(?:认为|指出|显示|提出|称|规定|明确|要求)[，,：:]?"
)
# Puts somebody else under what was just said.
_LIKEWISE = re.compile(r"(?:也|同样|亦)(?:都)?(?:是)?(?:如此|这样|一样|不例外|然(?=[，。]|$))|同理")
_WORDS = 6e7  # occurrences counted in the dictionary: rarity is the log of one in how many


def weakest_clause(claim: str, cited: Sequence[Evidence]) -> float | None:
    """Smallest support of a clause by one cited sentence, 0..1; None where there are no words to compare.

    A clause that turns its source around (denies it, changes its modality or an opposite, gives a plan as done) counts 0.
    """
    claim = _ATTRIBUTION.sub(" ", claim)
    whole, source = whole_of(claim), " ".join(e.text for e in cited)
    clauses: Sequence[Clause] = [c for c in clauses_of(claim) if c.length >= _MIN_CLAUSE and len(c.words) >= _MIN_WORDS]
    if not clauses:
        clauses = [whole] if len(whole.words) >= 2 else []
    if not clauses:
        return None
    if not _ranks_and_modals_stand(claim, cited) or any(m[0] not in source for m in _LIKEWISE.finditer(claim)):
        return 0.0
    short = [c for c in clauses_of(claim) if len(c.words) >= 2 and c not in clauses]
    if any(_turned_around(clause, cited) for clause in short):
        return 0.0
    return min(_support(clause, cited) for clause in clauses)


def _ranks_and_modals_stand(claim: str, cited: Sequence[Evidence]) -> bool:
    whole = whole_of(claim)
    source = whole_of(" ".join(e.text for e in cited) if len(cited) > 1 else cited[0].text)
    nearest = max(cited, key=lambda e: contained(whole, whole_of(e.text)))
    return ranks_stand(whole.text, source.text) and modals_stand(clauses_of(claim), clauses_of(nearest.text))


def _support(clause: Clause, cited: Sequence[Evidence]) -> float:
    if _turned_around(clause, cited):
        return 0.0
    return max(support_score(clause, whole_of(e.text)) for e in cited)


def _turned_around(clause: Clause, cited: Sequence[Evidence]) -> bool:
    source = max(cited, key=lambda e: contained(clause, whole_of(e.text)))
    nearest = sorted(clauses_of(source.text), key=lambda c: -contained(clause, c)) or [whole_of(source.text)]
    return turned_around(clause, nearest) or told_otherwise(clause, nearest[0], source)


def support_score(clause: Clause, source: Clause) -> float:
    """Mean of the share of a clause's bigrams and the share of its words, weighted by rarity, that stand in the source."""
    return (contained(clause, source) + _covered(clause.words, source.words)) / 2


def _covered(words: str, source: str) -> float:
    weights = _weighted(words)
    total = sum(weight for _, weight in weights)
    if not total:
        return 1.0
    return sum(weight * _share(word, source) for word, weight in weights) / total


def _share(word: str, source: str) -> float:
    """1 where the word stands in the source, half the share of its characters where only those do (人力成本, 成本)."""
    if word in source:
        return 1.0
    return 0.5 * sum(char in source for char in word) / len(word)


@lru_cache(maxsize=4096)
def _weighted(words: str) -> tuple[tuple[str, float], ...]:
    return tuple((w, log(_WORDS / (frequency(w) + 1))) for w in cut(words) if re.search(r"[㐀-鿿a-z]", w))
