"""Sentences of the composer's own around a quotation: what they say of its figures' owner, time and kind must be so.

And clauses in any sentence that say what the sources do not say: they hold no fact to check.
"""

import re
from collections.abc import Sequence

from app.types import Evidence, Query
from app.verification.numbers import figures_of, quantities_stand, same_amount
from ingest.facts.figures import find_periods
from ingest.facts.regions import find_regions, relation
from ingest.lexical import normalise

UNDISCLOSED = re.compile(
    r"(?:资料|材料|文中)?(?:中)?(?:均|都)?(?:未|没有?)(?:披露|提供|给出|提及|说明)(?:(?!但|而是|不过|只有|仅)(?:[^，,。；;：:\d]|\d(?=[A-Z])|(?:19|20)\d{2}(?=[年财\-—至Q])))*[，,。；;]?"
    r"|[（(]?(?:但)?(?:这|它|该数字)?(?:并)?不是[^，,。；;\d]{0,12}(?:自身|本身|自己)的(?:数字|数据|情况)[）)]?[，,。；;]?"
    r"|No source discloses(?:[^;,.\d]|\b(?:19|20)\d{2}\b)*[;,.]?",
    re.I,
)
_OF_SOURCES = re.compile(r"资料|材料|文中|原文|来源|报告|文章")
# What is asked for and not given, up to what comes closest; whose the closest is not.
_ASKED = re.compile(
    r"^.*?(?:未披露|No source discloses)[^；;]*[；;]?|[（(][^（）()]*(?:不是|不能认定|not |nothing says)[^（）()]*[）)]",
    re.I,
)
# indicator：figure（note）, as app.composition.amounts writes it; in English a colon and a blank.
_LEAD = re.compile(r"(?:：\s*|(?<=[A-Za-z一-龥]): )([^：；。（(“”]+?)\s*(?=[（(；。]|;|\.\s|$)")
_COMPARATOR = re.compile(r"(?:^(?:不超过|不低于|超过|不足)|(?:at most|at least|more than|less than) )")
_KINDS = (("目标值", re.compile(r"目标值|target")), ("预测", re.compile(r"预测|forecast")))


def without_denials(claim: str, cited: Sequence[Evidence]) -> str:
    """The claim less what it says that the sources do not say, "" where that is all.

    What a source itself says that somebody did not give (未提供证明材料的，不予受理) is a statement like others, and stays.
    """
    if UNDISCLOSED.fullmatch(claim):
        return ""
    said = "".join(e.text for e in cited)

    def left(match: re.Match[str]) -> str:
        words = re.match(r"(?:均|都)?((?:未|没有?)(?:披露|提供|给出|提及|说明))", match[0])
        own = words is not None and words[1] in said and not _OF_SOURCES.search(claim[: match.start()])
        return match[0] if own else ""

    return UNDISCLOSED.sub(left, claim)


def closest_stands(claim: str, cited: Sequence[Evidence]) -> bool:
    """Whether a frame that says what is not disclosed gives the closest figure its own owner and time."""
    rest = _ASKED.sub(" ", claim)
    owners = {s for e in cited for f in e.sentence.figures for s in f.scopes}
    owners |= {code for e in cited for code in (*e.sentence.regions, *(m.code for m in find_regions(e.text)))}
    regions_ok = all(any(relation(m.code, s) == "same" for s in owners) for m in find_regions(rest))
    stated = {p for e in cited for p in find_periods(e.text)} | {f.period for e in cited for f in e.sentence.figures}
    if re.search(r"发布|印发|issued|published", rest):
        stated |= {e.hit.source.issued[:4] for e in cited}
    years = set(find_periods(rest)) | set(re.findall(r"(?<!\d)(?:19|20)\d{2}(?!\d)", rest))
    return regions_ok and quantities_stand(rest, cited) and years <= stated | {p[:4] for p in stated}


def leads_stand(claim: str, cited: Sequence[Evidence]) -> bool:
    """Whether what a lead gives behind its colon is written so in a citation, but for a comparator and the note in brackets.

    Some figures are no amount once they stand alone (百万年薪, 广东的1/8): their words are compared.
    """
    said = normalise("\n".join(e.text for e in cited))
    words = (word for match in _LEAD.finditer(claim) for word in _COMPARATOR.sub("", match[1].strip()).split())
    return all(normalise(word) in said for word in words)


def kinds_stand(claim: str, cited: Sequence[Evidence], query: Query) -> bool:
    """Whether the note behind each figure of a lead gives the kind that is stated; without a note it is a fact."""
    figures = figures_of(claim, query)
    for figure, following in zip(figures, [*figures[1:], None], strict=False):
        note = claim[figure.end : following.start if following else len(claim)]
        note = note.partition("；")[0].partition("; ")[0]
        kind = next((kind for kind, pattern in _KINDS if pattern.search(note)), "实际值")
        same = [f for e in cited for f in e.sentence.figures if same_amount(figure, f)]
        if same and not any(f.kind == kind for f in same):
            return False
    return True
