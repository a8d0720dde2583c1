"""Whose a statement is: regions must be those that the citations speak of, and a figure keeps its owner."""

import re
from collections.abc import Sequence
from functools import lru_cache

from app.types import Evidence
from app.verification.clauses import Clause, clauses_of, contained
from ingest.facts.figures import is_object
from ingest.facts.regions import Mention, expand, find_regions, relation
from ingest.types import Figure

_A_BODY = re.compile(r"\b(?:company|firm|enterprise|manufacturer|province|city|region|institution)\b", re.I)
_LIST = 3  # parts listed with 等 from which on they may be told as their whole's


@lru_cache(maxsize=4096)
def mentions_of(text: str) -> tuple[Mention, ...]:
    """Regions named in a text, cached."""
    return find_regions(text)


def regions_stand(claim: str, cited: Sequence[Evidence]) -> bool:
    """A region named must be one that the citations speak of, in their words or by where they stand, or hold one.

    东部 in a source is no word on a province of the east, unless the text is about that province.
    """
    spoken = {code for e in cited for code in e.sentence.regions}
    spoken |= {m.code for e in cited for m in mentions_of(e.text)}
    return all(
        _is_spoken_of(m.code, spoken) or all(_is_spoken_of(code, spoken) for code in expand(m.code))
        for m in mentions_of(claim)
    ) and _subjects_stand(claim, cited)


def _is_spoken_of(code: str, spoken: set[str]) -> bool:
    return any(relation(code, s) == "same" or (code != "CN" and relation(code, s) == "part") for s in spoken)


def _subjects_stand(claim: str, cited: Sequence[Evidence]) -> bool:
    """Where a source speaks of several regions, each clause must speak of that of its nearest source clause."""
    for clause in clauses_of(claim):
        subjects = _subjects(claim, clause)
        if not subjects:
            continue
        evidence = max(cited, key=lambda e: max((contained(clause, c) for c in clauses_of(e.text)), default=0.0))
        theirs = clauses_of(evidence.text)
        nearest = max(theirs, key=lambda c: contained(clause, c), default=None)
        if nearest is None or contained(clause, nearest) < 0.5:
            continue
        spoken = _subjects(evidence.text, nearest)
        if spoken and not any(_shared(code, s) for code in subjects for s in spoken):
            return False
    return True


def _subjects(text: str, clause: Clause) -> set[str]:
    return {
        code
        for m in mentions_of(text)
        if clause.start <= m.start < clause.end and not is_object(text, m)
        for code in expand(m.code)
    }


def _shared(code: str, other: str) -> bool:
    return relation(code, other) == "same" or inside(code, other)


def inside(code: str, other: str) -> bool:
    """Whether one of two named places lies in the other (安徽 for 合肥); the nation holds none in this sense."""
    return "CN" not in (code, other) and ("part" in (relation(code, other), relation(other, code)))


def is_unowned(claimed: Figure, claim: str) -> bool:
    """Whether a figure is told without saying whose it is, neither in the claim nor in the question."""
    return not claimed.scopes and not mentions_of(claim)


def same_owner(claimed: Figure, stated: Figure, claim: str, source: Evidence) -> bool:
    """Whether a figure is claimed for the owner that it is stated for."""
    if not stated.scopes or is_unowned(claimed, claim):
        return True
    if not claimed.scopes:
        return stated.scopes == ("CN",)  # a figure without an owner reads as everybody's
    if any(s in claim for s in stated.scopes if not s.isascii()):
        return True  # an owner of no gazetteer, in its own words: 一些跟风的省份
    if not mentions_of(claim) and any(s.startswith("某") for s in stated.scopes) and _A_BODY.search(claim):
        return True
    if not mentions_of(claim) and _is_documents_own(claimed, stated, source):
        return True
    mentions = mentions_of(claim)
    objects = {code for m in mentions if is_object(claim, m) for code in expand(m.code)}
    named = {code for m in mentions for code in expand(m.code)} - objects
    claims = {code for scope in claimed.scopes for code in expand(scope)}
    compared = {m.code for m in mentions_of(source.text)}
    # Where the figure's own clause names its owner, others may be named elsewhere in the sentence, as they are in the source.
    near = {
        c for m in mentions if _clause_start(claim, claimed.start) <= m.start < claimed.end for c in expand(m.code)
    } - objects
    earlier = {c for m in mentions if m.start < claimed.end for c in expand(m.code)} & named
    others = (earlier - claims) if not near & claims else set()
    owners_ok = all(any(_shared(code, s) for s in stated.scopes) for code in claims | others)
    # The other way round, too: 广东 alone may be given a figure of 广东和浙江, but a whole may not stand for its part.
    exact = any(relation(code, s) == "same" for code in claims for s in stated.scopes) or _listed(
        claims, stated, source
    )
    return owners_ok and exact and objects <= compared and not (objects & set(stated.scopes))


def _clause_start(text: str, at: int) -> int:
    return max(text.rfind(mark, 0, at) for mark in "，,。；;：:") + 1


def _is_documents_own(claimed: Figure, stated: Figure, source: Evidence) -> bool:
    """Whether a claim that names nobody, under a question about what the title names, gives a figure of the document's place."""
    titled = {m.code for m in mentions_of(source.hit.source.title)}
    return set(claimed.scopes) <= titled - set(source.hit.source.regions) and "CN" not in stated.scopes


def _listed(claims: set[str], stated: Figure, source: Evidence) -> bool:
    """Whether a text on a place gives the figure to a list of its parts: 广州、深圳……等6个."""
    home = any(relation(code, s) == "same" for code in claims for s in source.hit.source.regions)
    return home and len(stated.scopes) >= _LIST
