"""The matrix of regions and aspects: what a comparison puts into its table, asked for one aspect at a time."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from app.composition.compare import MAX_JOINT, aspect_cell, best_few, named_in, on_topic, spoken_of, write_cell
from app.composition.compare_figures import compare_figures
from app.composition.draft import Claim, Draft, quote
from app.composition.facets import APPROACH, ASPECTS, OPEN, asked_aspects, is_rule, speaks_of, topic_terms
from app.composition.lookup import is_statement
from app.composition.sides import OTHER, Side, cell_excerpt, region_side
from app.retrieval.evidence import distinct, names, relevant
from app.retrieval.retrieve import Retrieved
from app.types import Demands, Evidence, Language, Query
from app.understanding.understand import understand
from ingest.errors import InputError
from ingest.facts.regions import NATION, display, find_regions, relation
from ingest.lexical import normalise
from prompts import phrase

MAX_REGIONS = MAX_ASPECTS = 8
MAX_WORDS = 60  # characters of an aspect in free words
_FIGURES = 12  # of a measure in a cell: its years
_TO_A_CELL = 24  # sentences among which a cell's are chosen
_NEAR = 0.35  # share of the words of a measure
_WHOLE_SUBJECT = 3  # words of a free aspect that must all be named; of more, most
_BEGINS = re.compile(
    r"[\W\d]*(?:第\S{1,6}条\s*)?[在而但]?"
)  # what may stand before a name with which a sentence begins
_LAWS = frozenset(("法律", "行政法规", "地方性法规", "规章"))
_BASIS = re.compile(
    r"制定本|(?:根据|按照|依据)\S{0,30}《|贯彻|为指导"
)  # names whose rules a text rests on, not what they do
_SHORT = 8  # characters below which a line states nothing
# Measures that texts also speak of without an amount; where none is found their sentences stand in the cell.
_TOLD_IN_WORDS = frozenset(("补贴", "罚款", "期限", "投资"))


@dataclass(frozen=True, slots=True)
class Row:
    """One aspect as it is asked of every region."""

    aspect: str  # a key of facets.ASPECTS, or free words
    label: str
    query: Query  # of all regions
    beside: tuple[str, ...]  # the keys of all rows

    def parts(self) -> list[Query]:
        """The question as it is looked up for each region by itself, so that none starves."""
        return [_of_region(self.query, code) for code in self.query.regions]


def ask_rows(regions: Sequence[str], aspects: Sequence[str], language: Language) -> list[Row]:
    """The rows to look up. Raises InputError where there is nothing to compare, or more than a page can show."""
    codes, wanted = list(dict.fromkeys(regions)), list(dict.fromkeys(a.strip() for a in aspects if a.strip()))
    if not codes or not wanted:
        raise InputError("没有选好要比较的内容", "至少选一个地区和一个方面")
    if len(codes) > MAX_REGIONS or len(wanted) > MAX_ASPECTS:
        told = f"最多比较 {MAX_REGIONS} 个地区、{MAX_ASPECTS} 个方面；现在是 {len(codes)} 个地区、{len(wanted)} 个方面"
        raise InputError(told, "减少所选的地区或方面，分几次比较")
    if not all(map(is_name, wanted)):
        raise InputError(f"自定义的方面要有文字，最多 {MAX_WORDS} 个字", "写一个简短的名称，例如：数据中心机架")
    keys = tuple(aspect for aspect in wanted if aspect in ASPECTS)
    return [
        Row(
            aspect,
            phrase(language, aspect) if aspect in ASPECTS else aspect,
            _query(aspect, tuple(codes), language),
            keys,
        )
        for aspect in wanted
    ]


def is_name(aspect: str) -> bool:
    """Whether an aspect in free words can be looked up."""
    return len(aspect) <= MAX_WORDS and any(char.isalnum() for char in aspect)


def _query(aspect: str, codes: tuple[str, ...], language: Language) -> Query:
    """An aspect understood as a question's words are; whom it is asked of is chosen, not read."""
    known = aspect in ASPECTS
    query = understand(phrase("zh", aspect) if known else aspect, language=language)
    return replace(
        query, kind="compare", regions=codes, bases=(), members=(), heads=() if known else query.heads, figures=(),
        documents=(), article="", unknown_document="", demands=Demands(),
    )  # fmt: skip


def _of_region(query: Query, code: str) -> Query:
    name = display(code)
    if query.translated:
        return replace(query, regions=(code,), translated=f"{name} {query.translated}")
    return replace(query, regions=(code,), text=f"{name}的{query.text}")


def compose_row(row: Row, found: Retrieved, ranked: Sequence[Evidence]) -> Draft:
    """The claims of a row, each in the cell of its region; those without a cell speak of several regions, or of the nation.

    `ranked` is what was found for all regions, `found` any one of the lookups (they weigh the words alike).
    """
    query = row.query
    apart = replace(query, regions=tuple(c for c in query.regions if c != NATION))  # 国家 is named by everybody
    if query.heads:
        draft = compare_figures(query, ranked, found.unknown, _FIGURES) or Draft()
        draft.claims = [c for c in draft.claims if c.evidence and not c.heading and (c.cell or _is_near(c))]
        if draft.figures or not _TOLD_IN_WORDS.issuperset(query.heads):
            return draft
    fitting = [e for e in ranked if len(e.text) >= _SHORT and is_statement(e) and _fits(row, found, e)]
    draft, alone = Draft(), [e for e in fitting if len(spoken_of(apart, e)) <= 1]
    for code in query.regions:
        side = _side(row, code, alone)
        aspect = row.aspect if row.aspect in ASPECTS else OTHER
        chosen = aspect_cell(side, aspect, row.beside) if aspect != OTHER else best_few(side.evidence)
        draft.claims += [c for c in write_cell(query, aspect, side, chosen, named=False) if c.evidence]
    joint = distinct([e for e in fitting if len(named_in(apart, e)) > 1 and not _BASIS.search(e.text)], MAX_JOINT)
    draft.claims += [quote(query, e, phrase(query.language, "both")) for e in joint]
    return draft


def _is_near(claim: Claim) -> bool:
    """Whether what comes closest to a measure names enough of it to be worth saying beside the table."""
    return max(e.coverage for e in claim.evidence) >= _NEAR


def _fits(row: Row, found: Retrieved, evidence: Evidence) -> bool:
    """Whether a sentence speaks of the row's aspect: of a known one in its words, of a free one on its very subject.

    A word that no text holds is a subject that none is on.
    """
    if row.aspect in ASPECTS:
        return speaks_of(evidence, row.aspect, row.beside)
    named = asked_aspects(row.query)
    if named and not any(speaks_of(evidence, aspect, named) for aspect in named):
        return False
    if topic := topic_terms(row.query, found.weights, frozenset()):
        around = normalise(" ".join((evidence.text, *evidence.hit.chunk.headings)))
        whole = len(topic) > _WHOLE_SUBJECT or all(names(around, term) for term in topic)
        return whole and on_topic(topic, evidence)
    return bool(row.query.terms) and relevant(row.query, evidence)


def _side(row: Row, code: str, fitting: Sequence[Evidence]) -> Side:
    """A region's sentences for a cell.

    Articles of law tell what a region does only where nothing else tells it, and never how it fares.
    """
    side = region_side(row.query, code, [e for e in fitting if _speaks_for(code, e, row.query.regions)])
    own = [e for e in side.evidence if cell_excerpt(e, OTHER, code)]
    if row.aspect in OPEN:
        policies = [e for e in own if not (is_rule(e) or e.hit.source.doc_type in _LAWS)]
        own = policies or (own if row.aspect in APPROACH else [])
    return replace(side, evidence=tuple(distinct(own, _TO_A_CELL)))


def _speaks_for(code: str, evidence: Evidence, columns: Sequence[str]) -> bool:
    """Whether a sentence is the region's and not only a part's: a city's text says nothing of its province by itself.

    One that begins with the name of a part says whose it is, and stands for what it says, unless that has its own column.
    """
    regions, source = evidence.sentence.regions, evidence.hit.source.regions
    if not any(relation(code, other) in {"same", "part"} for other in regions):
        return False
    mentions = find_regions(evidence.text)
    if code == NATION:  # its parts speak for themselves
        return {*regions, *(m.code for m in mentions)} == {NATION}
    if mentions and _BEGINS.fullmatch(evidence.text[: mentions[0].start]):
        named = relation(code, mentions[0].code)
        if named == "same" or (named == "part" and mentions[0].code not in columns):
            return True
    if any(relation(code, other) == "part" for other in source):
        return False
    inside = [other for other in regions if relation(code, other) == "part"]
    return code in source if inside else code in regions


def column_of(row: Row, claim: Claim) -> str:
    """The code of the region in whose column a claim stands, "" where it stands in none."""
    return next((c for c in row.query.regions if claim.cell and claim.cell[1] == display(c, row.query.language)), "")
