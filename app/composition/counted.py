"""How many of something where the source gives the number right beside its name: 置署長一人, 分为四级."""

import re
from collections.abc import Sequence

from app.composition.draft import Draft, quote
from app.retrieval.evidence import distinct, relevant
from app.types import Evidence, Query
from ingest.lexical import normalise

MAX_SENTENCES = 2
_NUMBER = r"(?:\d+|[一二两三四五六七八九十百]{1,4})"
_ASKED = re.compile(r"(?:几|多少)个?(?P<unit>[人名个位级类种项条章部步期次所家]|方面|阶段|等级|部分|大类)")
_CLASSES = re.compile(r"几个?(?:[级类种项条章部步期次]|方面|阶段|等级|部分|大类)")
_DIVIDED = re.compile(r"分[为成]|划分")


def asks_classes(question: str) -> bool:
    """Whether a question asks into what something is divided (分为哪几级), for which no amount is an answer."""
    return bool(_CLASSES.search(question))


def answer_count(query: Query, ranked: Sequence[Evidence]) -> Draft | None:
    """The sentences that count what is asked for, None where none does."""
    asked = _ASKED.search(query.text)
    if asked is None or not query.terms:
        return None
    unit = asked["unit"]
    divided = bool(_DIVIDED.search(query.text))
    found = []
    for e in ranked:
        text = normalise(e.text)
        named = [t for t in query.terms if t in text and not _ASKED.search(t) and not _DIVIDED.search(t)]
        wanted = [t for t in query.terms if not _ASKED.search(t) and not _DIVIDED.search(t)]
        if not wanted or len(named) < len(wanted) or text.endswith(("？", "?")):
            continue
        if divided:
            near = bool(re.search(rf"{_NUMBER}个?{unit}|(?:分[为成]|划分).{{0,40}}[、和].{{0,12}}{unit[-1]}", text))
        else:
            near = any(re.search(rf"(?<!副){re.escape(t)}.{{0,2}}{_NUMBER}{unit}", text) for t in wanted)
        if near:
            found.append(e)
    found = distinct([e for e in found if relevant(query, e)])[:MAX_SENTENCES]
    return Draft(claims=[quote(query, e) for e in found]) if found else None
