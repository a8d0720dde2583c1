"""What something is: the sentences that define it, each with the list that goes on with it, by document."""

import re
from collections.abc import Sequence
from dataclasses import replace

from app.composition.draft import Claim, Draft, quote
from app.composition.lists import read_list, state_list
from app.composition.passages import Passages
from app.composition.wording import source_heading
from app.retrieval.evidence import distinct
from app.types import Evidence, Query
from ingest.lexical import normalise
from ingest.text.blocks import list_mark

MAX_DEFINITIONS = 3
_ASKS = re.compile(
    r"什么是|什么叫|是什么(?!时候|原因|关系)(?:意思|东西|概念)?[？?。 ]*$|何谓|何为|指什么|是指什么|指的是什么|的?(?:定义|含义|概念)|\bdefin|what is meant|^what (?:is|are) (?!the\b)[^?]{2,60}\??$",
    re.I,
)
_NOT_A_TERM = re.compile(r"定义|含义|概念|意思")
# X，是指…; 所称X，指…; X是…的Y in a statute.
_DEFINED_BY = re.compile(r"[，,]?(?:是指|指的是|系指|係指|指(?=[一-龥]{4})|是(?=[^否不]))")
_WORDED = re.compile(r"是指|指的是|系指|係指|所称|所稱|所指")
_MIN_FIT = 0.45
_OPENING = re.compile(
    r"^(?:第\s*[零〇一二三四五六七八九十百\d]+\s*[条條]|[（(][一二三四五六七八九十\d]+[)）]|\d{1,2}[.．、])?\s*(?:(?:本[一-龥]{1,4}|《[^《》]{1,40}》)所[称稱指]的?)?"
)
_TAIL = ("技术", "服务", "活动", "行为", "信息")


def asks_definition(question: str) -> bool:
    """Whether a question asks what something is."""
    return bool(_ASKS.search(question))


def answer_definition(query: Query, ranked: Sequence[Evidence], passages: Passages) -> Draft | None:
    """The definitions of the term asked for; None where no sentence defines it."""
    fits = sorted(
        ((f, e) for e in ranked if (f := _fit(query, e)) >= _MIN_FIT), key=lambda pair: (-pair[0], -pair[1].score)
    )
    if not fits:
        return None
    best = fits[0][0]
    kept = distinct([e for f, e in fits if f >= best - 0.15], MAX_DEFINITIONS)
    several = len({e.hit.chunk.doc_id for e in kept}) > 1
    claims: list[Claim] = []
    for e in kept:
        heading = source_heading(query, e.hit.source) if several or query.language == "en" else ""
        listing = read_list(e, passages) if e.text.endswith(("：", ":")) else None
        claims += (
            state_list(query, listing, heading)
            if listing
            else [quote(query, e, heading), *_rest(query, e, passages, heading)]
        )
    return Draft(claims=claims)


def _rest(query: Query, evidence: Evidence, passages: Passages, heading: str) -> list[Claim]:
    if list_mark(evidence.text)[0]:
        return []
    return [replace(quote(query, r, heading), runs_on=True) for r in passages.rest_of(evidence)]


def _fit(query: Query, evidence: Evidence) -> float:
    """How exactly a sentence defines the term asked for: 1 where its subject is the term, 0 where it does not."""
    text = _OPENING.sub("", evidence.text)
    match = _DEFINED_BY.search(text)
    if match is None or match.start() > 30:
        return 0.0
    worded = bool(_WORDED.search(evidence.text[: len(evidence.text) - len(text) + match.end()]))
    if text.endswith(("？", "?")):
        return 0.0
    if match[0].endswith("是") and not (worded or re.search(r"的[^，。；、]{2,12}[。；，]|：$", text)):
        return 0.0
    subject = normalise(re.sub(r"[（(][^）)]*[)）]", "", text[: match.start()])).strip('“”"，, ')
    title = normalise(evidence.hit.source.title)
    named = [t for t in query.terms if not _NOT_A_TERM.search(t)]
    # 上海市数据条例怎么定义公共数据: the text's own name is no part of the term.
    terms = [t for t in named if not any(form in title for form in t.split("|"))] or named
    if not subject or not terms:
        return 0.0
    said = 0
    for term in terms:
        form = next((f for f in term.split("|") if f in subject), "")
        said += bool(form)
        subject = subject.replace(form, "", 1) if form else subject
    if said < len(terms):
        return 0.0
    rest = subject.replace("的", "")
    if not rest:
        return 1.0 if worded else 0.95
    return 0.9 if rest in _TAIL else max(0.0, 0.6 - 0.05 * len(rest)) * (1.0 if worded else 0.5)
