"""What a model's sentence must not be, before its facts are checked: reasons to leave it out that need no source.

Each reason has a name (app.types.DropReason); the facts are the verifier's business.
"""

import re
from collections.abc import Sequence

from app.composition.draft import Claim
from app.types import DropReason, Query
from ingest.facts.figures import find_periods
from ingest.facts.numbers import find_quantities
from ingest.lexical import normalise

MAX_SENTENCE = {"zh": 220, "en": 600}  # characters of one sentence
_LINK = re.compile(r"https?:|ftp:|data:|javascript:|mailto:|www\.|!\[|\]\(|<\s*/?\s*[a-z!][^<>]{0,200}>?", re.I)
_HAN = re.compile(r"[㐀-鿿]")
_LATIN = re.compile(r"[A-Za-z]{2,}")
_QUOTED = re.compile(r"[“「《\"][^”」》\"]*[”」》\"]")
_LEAK = 0.6  # share of a sentence's shingles that stand in the instructions
_MIN_LEAK = 8  # shingles; shorter sentences share them by chance


def flaw(claim: Claim, query: Query, instructions: Sequence[str]) -> DropReason | None:
    """Return why a sentence may not be said, None if nothing speaks against it. `instructions` are the prompt's texts."""
    if leaks(claim.text, instructions):
        return "prompt"
    if _LINK.search(claim.text):
        return "link"
    if not claim.evidence:
        return "citation"
    if len(claim.text) > MAX_SENTENCE[query.language]:
        return "length"
    return None if _speaks(claim.text, query.language) else "language"


def hides_period(claim: Claim, query: Query) -> bool:
    """Whether a figure of another period than the one asked for is given without saying so.

    After “未披露2027年的……” a bare figure reads as that year's.
    """
    if not query.periods or find_periods(claim.text):
        return False
    said = {quantity.value for quantity in find_quantities(claim.text)}
    figures = [f for e in claim.evidence for f in e.sentence.figures if f.value in said or f.value_high in said]
    return any(f.period and f.period not in query.periods for f in figures)


def echoes(text: str, question: str) -> bool:
    """Whether a sentence only says the question again."""
    bare, asked = (re.sub(r"[^㐀-鿿a-z0-9]", "", t.lower()) for t in (text, question))
    grams = [bare[i : i + 2] for i in range(len(bare) - 1)]
    return bool(re.search(r"[？?]\s*$", text)) or sum(gram in asked for gram in grams) >= 0.9 * max(1, len(grams))


def leaks(text: str, instructions: Sequence[str]) -> bool:
    """Whether a sentence repeats the instructions: most of its shingles (3 Han characters, 3 words) are theirs."""
    said = _shingles(text)
    if len(said) < _MIN_LEAK:
        return False
    known = {shingle for part in instructions for shingle in _shingles(part)}
    return sum(shingle in known for shingle in said) >= _LEAK * len(said)


def _shingles(text: str) -> list[str]:
    plain = normalise(text)
    units = re.findall(r"[㐀-鿿]|[a-z]+|\d+", plain.lower())
    return ["".join(units[i : i + 3]) for i in range(len(units) - 2)]


def _speaks(text: str, language: str) -> bool:
    """Whether a sentence is in the answer's language; quotations keep their own."""
    own = _QUOTED.sub(" ", text)
    han, latin = len(_HAN.findall(own)), len(_LATIN.findall(own))
    if language == "en":
        return latin >= 2 and han <= latin
    return han >= latin
