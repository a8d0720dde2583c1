"""Questions that a document answers itself: 问：什么是…？ is followed by what its authors say."""

import re
from collections.abc import Sequence

from app.composition.draft import Draft, quote
from app.composition.lookup import of_period
from app.composition.passages import Passages
from app.composition.wording import source_heading
from app.retrieval.evidence import about
from app.types import Evidence, Query
from ingest.lexical import normalise

MAX_ANSWER = 6  # sentences
_ASKED = re.compile(r"[？?]$")
_NUMBER = re.compile(r"^(?:[一二三四五六七八九十\d]+[、.．]\s*)?(?:问\s*\d*\s*[:：]?|记者[:：])?\s*")
_LONGER = 1.8  # times as long as the user's question it may be
_SAID = 0.99  # share of the question's words that it must hold


def answer_as_asked(query: Query, ranked: Sequence[Evidence], passages: Passages) -> Draft | None:
    """The answer that a document gives to the same question; None where it asks no such one."""
    for e in ranked:
        if _ASKED.search(e.text) and _same_question(query, e.text) and _in_scope(query, e):
            answer = _following(e, passages)
            if answer:
                heading = source_heading(query, e.hit.source)
                return Draft(claims=[quote(query, a, heading) for a in answer])
    return None


def _in_scope(query: Query, question: Evidence) -> bool:
    """Whether a document's question is on a region and a period asked about: 2024年全市森林防火期 is none of 2025's."""
    return about(query, question) and (not query.periods or of_period(query, question))


def _same_question(query: Query, text: str) -> bool:
    bare = normalise(_NUMBER.sub("", text))
    if not query.terms or len(bare) > _LONGER * max(8, len(query.text)):
        return False
    said = sum(any(form in bare for form in term.split("|")) for term in query.terms)
    return said >= _SAID * len(query.terms)


def _following(question: Evidence, passages: Passages) -> list[Evidence]:
    """The sentences behind a question, up to the next one."""
    answer: list[Evidence] = []
    for e in passages.sentences(question, 0, 2):
        if e.sentence.start <= question.sentence.start:
            continue
        if _ASKED.search(e.text) or len(answer) == MAX_ANSWER:
            break
        if len(e.text) > 4:  # 答：
            answer.append(e)
    return answer
