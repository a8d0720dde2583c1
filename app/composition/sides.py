"""What stands in one column of a comparison: a region's sentences, those that speak of it most plainly first."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from app.composition.excerpt import excerpt
from app.composition.facets import marker
from app.types import Evidence, Query
from ingest.facts.figures import is_object
from ingest.facts.regions import display, find_regions, relation

OTHER = "aspect_other"
ENOUGH = 3  # sentences of its own that a region needs to do without those of others
_BESIDE = 2  # as _distance says
_OPENING = 3  # characters before a name with which a sentence still begins
_COMPARED = re.compile(r"(?:比不上|不如|不及|低于|高于|不足|不到|超过|领先|落后于|[相对]?比)$")


@dataclass(frozen=True, slots=True)
class Side:
    """What stands in one column: its name, and its sentences, best first."""

    name: str
    evidence: tuple[Evidence, ...]
    code: str = ""  # of the region whose column it is: no other's figure may stand in it


def region_side(query: Query, code: str, ranked: Sequence[Evidence]) -> Side:
    """A region's sentences; those on a part of it, or that name it only beside another, where it has hardly any.

    One that begins with the region's name is about it, and goes before one that only mentions it.
    """
    mine = [e for e in ranked if any(relation(code, r) in {"same", "part"} for r in e.sentence.regions)]
    mine = [e for e in mine if not (_is_yardstick(code, e) or _is_of_nobody(code, e))]
    mine.sort(
        key=lambda e: (
            -e.score - (0.2 if e.sentence.figures else 0.0) + 0.3 * _distance(code, e) - 0.2 * _opens_with(code, e)
        )
    )
    own = [e for e in mine if _distance(code, e) < _BESIDE and code in e.sentence.regions]
    return Side(display(code, query.language), tuple(own if len(own) >= ENOUGH else mine), code)


def cell_excerpt(evidence: Evidence, aspect: str, code: str) -> str:
    """What of a sentence stands in a region's column: the part before a figure of somebody else's; "" where none is."""
    foreign = [
        f.start - evidence.sentence.start
        for f in evidence.sentence.figures
        if code and any(map(_is_place, f.scopes)) and not any(relation(code, s) in {"same", "part"} for s in f.scopes)
    ]
    wanted = marker(aspect) if aspect not in {OTHER, ""} else None
    return excerpt(evidence, wanted, min(foreign, default=len(evidence.text)))


def _is_place(scope: str) -> bool:
    """Whether a figure's owner is a place; an unnamed firm in a region's text is none."""
    return scope.isascii() or bool(re.search("[省市县区]|地方", scope))


def _is_of_nobody(code: str, evidence: Evidence) -> bool:
    """Whether a sentence is on a body without a name (某家电企业) and does not say itself that it is the region's."""
    unnamed = any(region.startswith("某") and region != code for region in evidence.sentence.regions)
    return unnamed and all(mention.code != code for mention in find_regions(evidence.text))


def _is_yardstick(code: str, evidence: Evidence) -> bool:
    """Whether a sentence names the region only as what another is measured by: it says nothing of the region itself."""
    mentions = [m for m in find_regions(evidence.text) if m.code == code]
    return bool(mentions) and all(
        is_object(evidence.text, m) or _COMPARED.search(evidence.text[: m.start]) for m in mentions
    )


def _distance(code: str, evidence: Evidence) -> int:
    """0: speaks about the region; 1: said under its heading; 2: names it only beside another, or is about a part of it."""
    mentions = [m for m in find_regions(evidence.text) if m.code == code]
    if any(not is_object(evidence.text, m) for m in mentions):
        return 0
    return 1 if code in evidence.sentence.regions and not mentions else 2


def _opens_with(code: str, evidence: Evidence) -> bool:
    first = next(iter(find_regions(evidence.text)), None)
    return first is not None and first.code == code and first.start < _OPENING
