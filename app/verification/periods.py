"""Years, plans and words like 去年 in a sentence: each must be one that the citations state."""

import re
from collections.abc import Sequence

from app.types import Evidence
from ingest.facts.figures import find_periods
from ingest.lexical import normalise

YEAR = re.compile(r"(?<![\d.])((?:19|20)\d{2})(?!\d|\.\d)")
_ISSUED = re.compile(r"发布|印发|公布|出台|今年|本年|当年|issued|published|this year", re.I)
_THIS_YEAR = re.compile(r"今年|本年(?!度)|当年")
_RELATIVE = ({"去年", "上年"}, {"明年", "次年"}, {"前年"}, {"今年", "本年"})
_YEAR_ON_YEAR = re.compile(r"[比较](?:上年|去年)(?:同期)?")
_SPAN = re.compile(r"(?:近|未来|过去|今后|最近)([一二两三四五六七八九十\d]+)年")


def years_stand(claim: str, cited: Sequence[Evidence], digits: str) -> bool:
    """Whether each period of the claim is stated; `digits` is the claim without 文号, whose years are no periods."""
    known = " ".join(e.text + " " + e.hit.source.title for e in cited)
    known += " " + " ".join(f.period for e in cited for f in e.sentence.figures)
    if _ISSUED.search(claim):
        known += " " + " ".join(e.hit.source.issued for e in cited)
    if not all(year in known for year in YEAR.findall(digits)):
        return False
    return set(find_periods(digits)) <= _periods(cited, bool(_ISSUED.search(claim))) and _relative_stand(claim, cited)


def _periods(cited: Sequence[Evidence], issued: bool) -> set[str]:
    """Periods that the citations state, in full and by their year; the year of issue where the claim speaks of it."""
    stated = {p for e in cited for p in (*find_periods(e.text), *find_periods(e.hit.source.title))}
    stated |= {f.period for e in cited for f in e.sentence.figures}
    stated |= {e.hit.source.issued[:4] for e in cited if issued or _THIS_YEAR.search(e.text)}
    return stated | {p[:4] for p in stated}


def _relative_stand(claim: str, cited: Sequence[Evidence]) -> bool:
    """今年, 去年, 近五年: words that mean another time than the source's words must not be put in."""
    said = normalise(" ".join(e.text for e in cited))
    if "同比" in said:
        claim = _YEAR_ON_YEAR.sub("", claim)
    for words in _RELATIVE:
        if any(word in claim for word in words) and not any(word in said for word in words):
            other = any(word in said for group in _RELATIVE for word in group)
            if "今年" not in words or other:
                return False
    return {_number(n) for n in _SPAN.findall(claim)} <= {_number(n) for n in _SPAN.findall(said)}


def _number(numeral: str) -> str:
    return str("一二三四五六七八九十".find(numeral.replace("两", "二")) + 1 or numeral)
