"""Comparisons as a table: aspects down, regions or documents across, each cell cited, what is missing said."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from app.composition.amounts import MAX_FIGURES, also, answer_amount, state_figures
from app.composition.draft import Claim, Draft, quote
from app.composition.excerpt import excerpt
from app.composition.facets import asked_aspects, marker, offered_aspects, speaks_of, topic_terms
from app.composition.lookup import is_statement
from app.composition.passages import Passages
from app.composition.wording import document_name, figure_note, measure_name, scope_name
from app.retrieval.evidence import distinct, names, relevant
from app.retrieval.matching import FigureMatch, clause_of, match_figures
from app.retrieval.retrieve import Retrieved
from app.types import Evidence, Query
from ingest.facts.figures import is_object
from ingest.facts.regions import display, find_regions, relation
from ingest.lexical import normalise
from prompts import phrase

MAX_ROWS = 6
_BESIDE = 2  # as _distance says
_WHOLE = 200  # chunks of a document that are read
_ENOUGH = 3  # sentences of its own that a region needs to do without those of others
OTHER = "aspect_other"
_COMPARED = re.compile(r"(?:比不上|不如|不及|低于|高于|不足|不到|超过|领先|落后于|[相对]?比)$")
PER_CELL = 2  # excerpts
MAX_JOINT = 2  # sentences that name several of the regions compared
RELATED = 2  # sentences on a region without the figure asked for
# The levels of government that a question sets beside each other, and how Source.level names them.
_LEVELS = (
    ("level_national", r"国家|全国|中央|national", ("国家",)), ("level_province", r"省级|各省|provinc", ("省级",)),
    ("level_city", r"市级|各市|municipal", ("市级",)), ("level_local", r"地方(?!性)|local", ("省级", "市级", "县级")),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Side:
    """What stands in one column: its name, and its sentences, best first."""

    name: str
    evidence: tuple[Evidence, ...]
    code: str = ""  # of the region whose column it is: no other's figure may stand in it


def compare_regions(query: Query, ranked: Sequence[Evidence], found: Retrieved, missing: Sequence[str]) -> Draft | None:
    """Several regions: one figure that covers all of them, a table of their figures, or a table of aspects.

    None where no region has any evidence. `missing` are the regions that the store has no text about.
    """
    if query.heads:
        joint = [m for m in match_figures(query, ranked, found.unknown) if m.fit == "own" and _covers_all(query, m)]
        return state_figures(query, joint) if joint else _compare_figures(query, ranked, found.unknown)
    topic = topic_terms(query, found.weights, found.unknown)
    alone = [e for e in ranked if len(_spoken_of(query, e)) <= 1]
    sides = [_region_side(query, code, alone) for code in query.regions]
    draft = _compare_sides(query, sides, topic)
    joint_ones = [e for e in ranked if len(_named(query, e)) > 1 and is_statement(e)]
    shared = distinct([e for e in joint_ones if _on_topic(topic, e) and (not topic or relevant(query, e))])
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
        if mine and len(told) < _ENOUGH:  # the document is read whole for the aspects asked for
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


def _region_side(query: Query, code: str, ranked: Sequence[Evidence]) -> Side:
    """A region's sentences; those on a part of it, or that name it only beside another, where it has hardly any."""
    mine = [e for e in ranked if any(relation(code, r) in {"same", "part"} for r in e.sentence.regions)]
    mine = [e for e in mine if not _is_yardstick(code, e)]
    mine.sort(key=lambda e: -e.score - (0.2 if e.sentence.figures else 0.0) + 0.3 * _distance(code, e))
    own = [e for e in mine if _distance(code, e) < _BESIDE and code in e.sentence.regions]
    return Side(display(code, query.language), tuple(own if len(own) >= _ENOUGH else mine), code)


def _compare_sides(query: Query, sides: Sequence[Side], topic: tuple[str, ...], named: bool = False) -> Draft:
    """The table of the sides by aspect. With `named`, an excerpt says which document it is from."""
    topical = _topical(query, sides, topic)
    asked = asked_aspects(query)
    aspects = asked or offered_aspects([side.evidence for side in topical])
    rows: list[tuple[str, list[list[Evidence]]]] = []
    used: set[tuple[str, int, int]] = set()
    for aspect in aspects:
        cells = [
            [
                e
                for e in side.evidence
                if e.key not in used and speaks_of(e, aspect, aspects) and _excerpt(e, aspect, side.code)
            ][:PER_CELL]
            for side in topical
        ]
        if any(cells) or asked:
            used |= {e.key for cell in cells for e in cell}
            rows.append((aspect, cells))
    if not asked:
        rows = _telling(rows, topical, used)
    draft = Draft(corner=phrase(query.language, "aspect"))
    for aspect, cells in rows:
        for side, cell in zip(topical, cells, strict=True):
            draft.claims += _cell(query, aspect, side, cell, named)
    return draft


def _topical(query: Query, sides: Sequence[Side], topic: tuple[str, ...]) -> list[Side]:
    """The sides with what they say of the subject; where neither says anything of it, with all that they say."""
    kept = [[e for e in side.evidence if _on_topic(topic, e)] for side in sides]
    if not any(kept):
        kept = [[e for e in side.evidence if relevant(query, e)] for side in sides]
    return [
        replace(side, evidence=tuple(distinct([e for e in mine if is_statement(e)])[:24]))
        for side, mine in zip(sides, kept, strict=True)
    ]


def _telling(
    rows: list[tuple[str, list[list[Evidence]]]], sides: Sequence[Side], used: set[tuple[str, int, int]]
) -> list[tuple[str, list[list[Evidence]]]]:
    """The rows that set something beside something, in their order; one-sided ones only as far as they fill the table."""
    both = [row for row in rows if sum(bool(cell) for cell in row[1]) > 1]
    room = max(0, 5 - len(both))
    single = [row for row in rows if row not in both]
    single.sort(key=lambda row: -max(e.score for cell in row[1] for e in cell))
    kept = (both + single[:room])[:MAX_ROWS]
    kept.sort(key=rows.index)
    shown = [any(row[1][at] for row in kept) for at in range(len(sides))]
    if not all(shown):  # a side whose sentences fit no aspect is still not silent
        rest = [
            [] if shown[at] else [e for e in s.evidence if e.key not in used and _excerpt(e, OTHER, s.code)][:PER_CELL]
            for at, s in enumerate(sides)
        ]
        if any(rest) or not kept:
            kept.append((OTHER, rest))
    return kept


def _excerpt(evidence: Evidence, aspect: str, code: str) -> str:
    """What of a sentence stands in a region's column: the part before a figure of somebody else's; "" where none is."""
    foreign = [
        f.start - evidence.sentence.start
        for f in evidence.sentence.figures
        if code and any(map(_is_place, f.scopes)) and not any(relation(code, s) in {"same", "part"} for s in f.scopes)
    ]
    wanted = marker(aspect) if aspect != OTHER else None
    return excerpt(evidence, wanted, min(foreign, default=len(evidence.text)))


def _is_place(scope: str) -> bool:
    """Whether a figure's owner is a place; an unnamed firm in a region's text is none."""
    return scope.isascii() or bool(re.search("[省市县区]|地方", scope))


def _cell(query: Query, aspect: str, side: Side, evidence: Sequence[Evidence], named: bool) -> list[Claim]:
    cell = (phrase(query.language, aspect), side.name)
    if not evidence:
        return [Claim(phrase(query.language, "nothing_for_region"), (), cell=cell)]
    claims = []
    for e in evidence:
        text = span = _excerpt(e, aspect, side.code)
        if query.language == "en":
            text = phrase("en", "quoted", quote=text)
        elif named:
            text = phrase("zh", "from_document", name=document_name(e.hit.source), quote=text)
        claims.append(Claim(text, (e,), cell=cell, span=span))
    return claims


def _on_topic(terms: tuple[str, ...], evidence: Evidence) -> bool:
    """Whether a sentence, with its headings, names most of what is compared."""
    if not terms:
        return len(evidence.text) >= 8
    own, above = normalise(evidence.text), normalise(" ".join(evidence.hit.chunk.headings))
    said = [_names(own, t) or (0.7 if _names(above, t) else 0.0) for t in terms]
    return sum(said) >= (0.75 if len(terms) < 3 else 0.5) * len(terms) and max(said) == 1.0


def _names(text: str, term: str) -> float:
    return float(any(form in text for form in term.split("|")) or names(text, term))


def _named(query: Query, evidence: Evidence) -> set[str]:
    return {m.code for m in find_regions(evidence.text)} & set(query.regions)


def _spoken_of(query: Query, evidence: Evidence) -> set[str]:
    """Those of the regions compared that a sentence names, or that stand above it where it names none."""
    return _named(query, evidence) or set(query.regions) & set(evidence.sentence.regions)


def _covers_all(query: Query, match: FigureMatch) -> bool:
    """Whether one figure speaks of every region asked about, as owner or as what it is compared with."""
    spoken = {*match.figure.scopes, *(m.code for m in find_regions(clause_of(match.evidence, match.figure)))}
    return all(any(relation(code, other) == "same" for other in spoken) for code in query.regions)


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


def _compare_figures(query: Query, ranked: Sequence[Evidence], unknown: frozenset[str]) -> Draft | None:
    """A row for each measure, in each cell the region's own figures; the nation's stands below, as the nation's."""
    draft = Draft(corner=phrase(query.language, "measure"))
    missing: dict[str, set[tuple[str, int, int]]] = {}
    national: dict[str, FigureMatch] = {}
    for head in query.heads:
        for code in query.regions:
            part = replace(query, regions=(code,), heads=(head,))
            matches = match_figures(part, ranked, unknown)
            own = [m for m in matches if m.fit == "own"]
            cell = (measure_name(replace(query, heads=(head,))), display(code, query.language))
            draft.claims += _figure_cell(part, own, cell, draft)
            if not own:
                missing.setdefault(code, set()).update(m.evidence.key for m in matches if m.fit in {"whole", "other"})
                whole = [m for m in matches if m.fit == "whole" and "CN" in m.figure.scopes]
                if whole:
                    national[head] = whole[0]
    if not draft.figures:  # for none of them: the closest is said once
        closest = answer_amount(query, ranked, unknown)
        if closest is not None:
            return closest
        draft.reason = "not_disclosed"
    for match in national.values():
        if match.evidence.key not in {e.key for _, e in draft.figures}:
            draft.claims.append(_note(query, match))
    for code, foreign in missing.items():
        mine = _region_side(query, code, ranked).evidence
        draft.claims += also(replace(query, regions=(code,)), mine, foreign)[:RELATED]
    return draft if any(claim.evidence for claim in draft.claims) else None


def _figure_cell(query: Query, own: Sequence[FigureMatch], cell: tuple[str, str], draft: Draft) -> list[Claim]:
    if not own:
        return [Claim(phrase(query.language, "nothing_for_region"), (), cell=cell)]
    stated = state_figures(query, own)
    draft.figures += stated.figures
    return [
        Claim(
            phrase(
                query.language, "figure_lead", scope=scope_name(figure, query), indicator=figure.indicator,
                figure=figure.text, note=figure_note(figure, query),
            ),
            (evidence,),
            cell=cell,
        )
        for figure, evidence in stated.figures[:MAX_FIGURES]
    ]  # fmt: skip


def _note(query: Query, match: FigureMatch) -> Claim:
    return Claim(phrase(query.language, "national_note", quote=match.evidence.text), (match.evidence,))
