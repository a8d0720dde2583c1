"""What a law threatens: every rule of the document with its penalty, whole, where the question names no offence."""

import re
from collections.abc import Sequence
from dataclasses import replace

from app.composition.draft import Claim, Draft, quote
from app.composition.passages import Passages
from app.retrieval.asking import asking
from app.retrieval.evidence import about, distinct
from app.types import Evidence, Query

MAX_RULES = 8
_WHOLE = 200  # chunks of a document that are read for them
_FINE = re.compile(r"罚款|罚金|罰鍰|處新臺幣")
_GENERAL = re.compile(
    r"(?:违反|违规|违法|规定|罚款|处罚|罚则|法律|责任|怎么|罚|条例|办法|法|最高|多少|什么|会|被|后果|承担|数额|金额|标准)+"
)


def answer_penalties(
    query: Query, ranked: Sequence[Evidence], passages: Passages, title_terms: Sequence[str]
) -> Draft | None:
    """All rules with a fine of the document that the question is on; None where it names an offence of its own.

    `title_terms` are the question's words that stand in the document's title.
    """
    own = [t for t in query.terms if not _GENERAL.fullmatch(t) and t not in title_terms]
    if "罚款" not in query.heads or own or not ranked:
        return None
    near = next((e for e in ranked if about(query, e) and _FINE.search(e.text)), None)
    if near is None:
        return None
    rules = [e for e in passages.sentences(near, _WHOLE, _WHOLE) if _FINE.search(e.text)]
    if asking(query).end == "upper":
        rules = _highest(rules)
    claims: list[Claim] = []
    said: set[tuple[str, int, int]] = set()
    for e in distinct(rules)[:MAX_RULES]:
        if e.key in said:
            continue
        sentence = [*passages.before_it(e), e, *passages.rest_of(e)]
        first, rest = sentence[0], sentence[1:]
        claims += [quote(query, first), *(replace(quote(query, r), runs_on=True) for r in rest)]
        said |= {x.key for x in sentence}
    return Draft(claims=claims) if claims else None


def _highest(rules: Sequence[Evidence]) -> list[Evidence]:
    """The rules with the highest sum, and those that fine by a share or a multiple, which no sum can be set against."""
    tops = [max((f.value_high or f.value for f in e.sentence.figures if f.unit == "元"), default=0.0) for e in rules]
    by_share = [any(f.unit in {"倍", "%"} for f in e.sentence.figures) for e in rules]
    best = max(tops, default=0.0)
    first = [e for e, top in zip(rules, tops, strict=True) if best and top == best]
    return [*first, *(e for e, share in zip(rules, by_share, strict=True) if share and e not in first)] or list(rules)
