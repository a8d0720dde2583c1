"""Comparisons as a table: aspects down, regions or documents across, each cell cited, what is missing said."""

import re
from collections.abc import Collection, Sequence
from dataclasses import replace

from app.composition.amounts import state_figures
from app.composition.compare_figures import compare_figures
from app.composition.draft import Claim, Draft, quote
from app.composition.excerpt import LONG
from app.composition.facets import (
    APPROACH,
    asked_aspects,
    asks_approach,
    is_rule,
    offered_aspects,
    speaks_of,
    topic_terms,
)
from app.composition.lookup import is_statement
from app.composition.passages import Passages
from app.composition.sides import ENOUGH, OTHER, Side, cell_excerpt, region_side
from app.composition.wording import document_name
from app.retrieval.evidence import distinct, names, relevant
from app.retrieval.matching import FigureMatch, clause_of, match_figures
from app.retrieval.retrieve import Retrieved
from app.types import Evidence, Query
from ingest.facts.regions import display, find_regions, relation
from ingest.lexical import normalise
from prompts import phrase

Key = tuple[str, int, int]  # of a sentence
MAX_ROWS = 4
_FULL_TABLE = 3  # rows; beside so many that set something against something, no one-sided one is shown
_CELL_BAND = 0.2  # how far below a cell's first excerpt another may score
_TO_A_SIDE = 24  # sentences among which its rows are looked for
_STRONGEST = 1  # sentences of a side that stand in the table whatever their aspect
_WHOLE = 200  # chunks of a document that are read
PER_CELL = 3  # excerpts
_CELL_LONG = 120  # characters beyond which no further excerpt is put into a cell
MAX_JOINT = 2  # sentences that name several of the regions compared
# The levels of government that a question sets beside each other, and how Source.level names them.
_LEVELS = (
    ("level_national", r"国家|全国|中央|national", ("国家",)), ("level_province", r"省级|各省|provinc", ("省级",)),
    ("level_city", r"市级|各市|municipal", ("市级",)), ("level_local", r"地方(?!性)|local", ("省级", "市级", "县级")),
)  # fmt: skip


def compare_regions(query: Query, ranked: Sequence[Evidence], found: Retrieved, missing: Sequence[str]) -> Draft | None:
    """Several regions: one figure that covers all of them, a table of their figures, or a table of aspects.

    None where no region has any evidence. `missing` are the regions that the store has no text about.
    """
    if query.heads:
        joint = [m for m in match_figures(query, ranked, found.unknown) if m.fit == "own" and _covers_all(query, m)]
        if joint and query.language == "en":  # how one region stands to the other is best left in the source's words
            return Draft([quote(query, joint[0].evidence)], [(joint[0].figure, joint[0].evidence)])
        return state_figures(query, joint) if joint else compare_figures(query, ranked, found.unknown)
    topic = topic_terms(query, found.weights, found.unknown)
    alone = [e for e in ranked if len(spoken_of(query, e)) <= 1]
    sides = [region_side(query, code, alone) for code in query.regions]
    draft = _compare_sides(query, sides, topic)
    joint_ones = [e for e in ranked if len(named_in(query, e)) > 1 and is_statement(e)]
    shared = distinct([e for e in joint_ones if on_topic(topic, e) and (not topic or relevant(query, e))])
    draft.claims += [quote(query, e, phrase(query.language, "both")) for e in shared[:MAX_JOINT]]
    if silent := [display(code, query.language) for code in query.regions if code in missing]:
        draft.lead = phrase(query.language, "nothing_about", region=phrase(query.language, "list_join").join(silent))
    return draft if any(claim.evidence for claim in draft.claims) else None


def compare_documents(query: Query, ranked: Sequence[Evidence], found: Retrieved, passages: Passages) -> Draft:
    """Several documents named: a column for each."""
    sides = []
    for doc_id in query.documents:
        mine = [e for e in ranked if e.hit.chunk.doc_id == doc_id]
        name = document_name(mine[0].hit.source) if mine else doc_id
        told = [e for e in mine if relevant(query, e)]
        if mine and len(told) < ENOUGH:  # the document is read whole for the aspects asked for
            whole = passages.sentences(mine[0], _WHOLE, _WHOLE)
            told += [e for e in whole if any(speaks_of(e, aspect) for aspect in asked_aspects(query))]
        sides.append(Side(name, tuple(told)))
    return _or_nothing(_compare_sides(query, sides, topic_terms(query, found.weights, found.unknown)))


def compare_levels(query: Query, ranked: Sequence[Evidence], found: Retrieved) -> Draft | None:
    """国家和省级: a column for the texts of each level; None where the question names fewer than two, or one has none."""
    sides = [
        Side(
            phrase(query.language, key),
            tuple(e for e in ranked if e.hit.source.level in levels and relevant(query, e)),
        )
        for key, words, levels in _LEVELS
        if re.search(words, query.text, re.I)
    ]
    if len(sides) < 2 or not any(side.evidence for side in sides):
        return None
    return _compare_sides(query, sides, topic_terms(query, found.weights, found.unknown), named=True)


def _or_nothing(draft: Draft) -> Draft:
    if not any(claim.evidence for claim in draft.claims):
        draft.reason = "no_evidence"
    return draft


def _compare_sides(query: Query, sides: Sequence[Side], topic: tuple[str, ...], named: bool = False) -> Draft:
    """The table of the sides by aspect. With `named`, an excerpt says which document it is from."""
    topical = _topical(query, sides, topic)
    asked = asked_aspects(query)
    aspects = asked or offered_aspects(query, [side.evidence for side in topical])
    rows: list[tuple[str, list[list[Evidence]]]] = []
    used: set[Key] = set()
    for aspect in aspects:
        cells = [aspect_cell(side, aspect, aspects, used) for side in topical]
        if any(cells) or asked:
            used |= {e.key for cell in cells for e in cell}
            rows.append((aspect, cells))
    if not asked:
        rows = _telling(rows, topical, used)
        if asks_approach(query):  # what they set out to do, and do, is what is asked; how it went follows
            rows.sort(key=lambda row: row[0] not in APPROACH or not all(row[1]))
    draft = Draft(corner=phrase(query.language, "aspect"))
    for aspect, cells in rows:
        for side, cell in zip(topical, cells, strict=True):
            draft.claims += write_cell(query, aspect, side, cell, named)
    return draft


def _topical(query: Query, sides: Sequence[Side], topic: tuple[str, ...]) -> list[Side]:
    """The sides with what they say of the subject; where neither says anything of it, with all that they say."""
    kept = [[e for e in side.evidence if on_topic(topic, e)] for side in sides]
    if not any(kept):
        kept = [[e for e in side.evidence if relevant(query, e)] for side in sides]
    if asks_approach(query):  # articles of law say little of an approach, where anything else is said
        kept = [[e for e in mine if not is_rule(e)] or mine for mine in kept]
    return [
        replace(side, evidence=tuple(distinct([e for e in mine if is_statement(e)], _TO_A_SIDE)))
        for side, mine in zip(sides, kept, strict=True)
    ]


def aspect_cell(side: Side, aspect: str, rows: Sequence[str], used: Collection[Key] = ()) -> list[Evidence]:
    """What stands in a side's column of an aspect, one of a table's `rows`; nothing that is `used` elsewhere."""
    fitting = [
        e
        for e in side.evidence
        if e.key not in used and speaks_of(e, aspect, rows) and cell_excerpt(e, aspect, side.code)
    ]
    return best_few(fitting)


def best_few(fitting: Sequence[Evidence]) -> list[Evidence]:
    """What stands in a cell: the first, and another only where it scores about as well."""
    kept: list[Evidence] = []
    for e in fitting[:PER_CELL]:
        room = _CELL_LONG - sum(min(LONG, len(other.text)) for other in kept)
        if e.score >= fitting[0].score - _CELL_BAND and (not kept or len(e.text) <= room):
            kept.append(e)
    return kept


def _telling(
    rows: list[tuple[str, list[list[Evidence]]]], sides: Sequence[Side], used: set[Key]
) -> list[tuple[str, list[list[Evidence]]]]:
    """The rows that set something beside something, those first that say most on what was asked; one-sided ones fill the table.

    The strongest sentences of a side stand in the table even where they fit none of its rows.
    """
    both = sorted((row for row in rows if sum(map(bool, row[1])) > 1), key=_strength)[:MAX_ROWS]
    single = sorted((row for row in rows if sum(map(bool, row[1])) == 1), key=_strength)
    kept = both + single[: max(0, _FULL_TABLE - len(both))]
    shown = {e.key for row in kept for cell in row[1] for e in cell}
    rest = [[e for e in _strongest(s) if e.key not in shown and cell_excerpt(e, OTHER, s.code)] for s in sides]
    silent = [not any(row[1][at] for row in kept) for at in range(len(sides))]
    for at, side in enumerate(sides):  # a side whose sentences fit no aspect is still not silent
        if silent[at] and not rest[at]:
            rest[at] = [e for e in side.evidence if e.key not in shown and cell_excerpt(e, OTHER, side.code)][:PER_CELL]
    if any(rest) or not kept:
        kept.append((OTHER, rest))
    return kept


def _strongest(side: Side) -> list[Evidence]:
    """The sentences of a side that score best, and the one that speaks of it most plainly."""
    best = sorted(side.evidence, key=lambda e: -e.score)[:_STRONGEST]
    return best + [e for e in side.evidence[:1] if e not in best]


def _strength(row: tuple[str, list[list[Evidence]]]) -> float:
    """For sorting rows, the strongest first: the best score of each cell, added up."""
    return -sum(max(e.score for e in cell) for cell in row[1] if cell)


def write_cell(query: Query, aspect: str, side: Side, evidence: Sequence[Evidence], named: bool) -> list[Claim]:
    """The excerpts of a cell as claims that stand in it, or that nothing is disclosed."""
    cell = (phrase(query.language, aspect), side.name)
    if not evidence:
        return [Claim(phrase(query.language, "nothing_for_region"), (), cell=cell)]
    claims = []
    for e in evidence:
        text = span = cell_excerpt(e, aspect, side.code)
        if query.language == "en":
            text = phrase("en", "quoted", quote=text)
        elif named:
            text = phrase("zh", "from_document", name=document_name(e.hit.source), quote=text)
        claims.append(Claim(text, (e,), cell=cell, span=span))
    return claims


def on_topic(terms: tuple[str, ...], evidence: Evidence) -> bool:
    """Whether a sentence, with its headings, names most of what is compared."""
    if not terms:
        return len(evidence.text) >= 8
    own, above = normalise(evidence.text), normalise(" ".join(evidence.hit.chunk.headings))
    said = [_names(own, t) or (0.7 if _names(above, t) else 0.0) for t in terms]
    return sum(said) >= (0.75 if len(terms) < 3 else 0.5) * len(terms) and max(said) == 1.0


def _names(text: str, term: str) -> float:
    return float(any(form in text for form in term.split("|")) or names(text, term))


def named_in(query: Query, evidence: Evidence) -> set[str]:
    """Those of the regions compared that a sentence names."""
    return {m.code for m in find_regions(evidence.text)} & set(query.regions)


def spoken_of(query: Query, evidence: Evidence) -> set[str]:
    """Those of the regions compared that a sentence names, or that stand above it where it names none."""
    return named_in(query, evidence) or set(query.regions) & set(evidence.sentence.regions)


def _covers_all(query: Query, match: FigureMatch) -> bool:
    """Whether one figure speaks of every region asked about, as owner or as what it is compared with."""
    spoken = {*match.figure.scopes, *(m.code for m in find_regions(clause_of(match.evidence, match.figure)))}
    return all(any(relation(code, other) == "same" for other in spoken) for code in query.regions)
