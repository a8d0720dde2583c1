"""Answers without a model: source sentences selected, ordered and framed. No fact is written that no source states.

Each kind of question has its form; what cannot be answered says so and gives the closest that is known, with its scope.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from app.evidence import FigureMatch, asks_amount, match_figures
from app.retrieve import Retrieved
from app.types import AbstainReason, Evidence, Query
from ingest.numbers import Quantity, find_quantities
from ingest.regions import display, find_regions, relation
from ingest.types import Figure
from prompts import phrase

MAX_SENTENCES = 5  # in a lookup answer
MAX_FIGURES = 4
RELATED = 4  # beside an abstention
PER_REGION = 3  # in a comparison, for each region
# A sentence is evidence when enough of the question's words are in it, or enough of its meaning; measured on the dev part
# of the sample suite together with questions that it cannot answer.
MIN_COVERAGE = 0.32
# Cosines of the bundled model: off-topic sentences stay below 0.87, those on the topic lie between 0.88 and 0.93.
MEANING_FLOOR, MEANING_WEIGHT = 0.86, 6.0


@dataclass(frozen=True, slots=True)
class Claim:
    """One sentence of a draft: text without markers, the evidence it rests on, and the heading it stands under.

    `framed` says that the words around the quotation are this module's own (未披露, 最接近的是): their numbers and scopes are
    checked, their wording is not compared with the source.
    """

    text: str
    evidence: tuple[Evidence, ...]
    heading: str = ""
    bullet: bool = False
    framed: bool = True


@dataclass(slots=True)
class Draft:
    """An answer before checking. `lead` is said without citation (that something is not in the sources)."""

    claims: list[Claim] = field(default_factory=list)
    figures: list[tuple[Figure, Evidence]] = field(default_factory=list)  # those that answer; all cited ones follow
    lead: str = ""
    reason: AbstainReason = ""

    @property
    def abstained(self) -> bool:
        """Whether the question itself stays unanswered."""
        return bool(self.reason)


def compose(query: Query, found: Retrieved, ranked: Sequence[Evidence], known_regions: frozenset[str]) -> Draft:
    """Return the answer to a query from its ranked evidence."""
    missing = [code for code in query.regions if not _is_known(code, known_regions)]
    if query.kind == "compare" and len(query.regions) >= 2:
        return _compare(query, ranked, found.unknown)
    if query.regions and len(missing) == len(query.regions) and not query.heads:
        return Draft(lead=phrase(query.language, "no_region", region=_names(query)), reason="no_document")
    if query.kind in {"number", "claim"} and (query.heads or query.kind == "number"):
        return _number(query, ranked, found.unknown, all_missing=bool(missing) and len(missing) == len(query.regions))
    return _lookup(query, ranked)


def _is_known(code: str, known: frozenset[str]) -> bool:
    return any(relation(code, other) in {"same", "part"} for other in known)


def _names(query: Query) -> str:
    return phrase(query.language, "list_join").join(display(code, query.language) for code in query.regions)


def about(query: Query, evidence: Evidence) -> bool:
    """Whether a sentence speaks about a region that was asked about (any sentence does where none was)."""
    if not query.regions:
        return True
    return any(relation(a, r) in {"same", "part"} for a in query.regions for r in evidence.sentence.regions)


def relevant(query: Query, evidence: Evidence) -> bool:
    """Whether a sentence is evidence for the question at all."""
    if not query.terms:  # 湖北怎么样: the region is all that was asked; without one there is nothing to go by
        return bool(query.regions)
    if query.text.isascii():  # cosines across languages do not part the right sentences from the wrong ones
        return evidence.coverage >= MIN_COVERAGE
    return evidence.coverage + MEANING_WEIGHT * max(0.0, evidence.cosine - MEANING_FLOOR) >= MIN_COVERAGE


def _lookup(query: Query, ranked: Sequence[Evidence]) -> Draft:
    chosen = _distinct([e for e in ranked if about(query, e) and relevant(query, e)])[:MAX_SENTENCES]
    if query.kind == "date" and chosen:
        chosen = [e for e in chosen if _DATED.search(e.text)]
        if not chosen:
            return _undisclosed(query, ranked)
    if not chosen:
        return _nothing(query, ranked)
    best = chosen[0].score
    chosen = [e for e in chosen if e.score >= best - 0.55]
    draft = Draft(claims=[_quote(query, e) for e in _reading_order(chosen)])
    return draft


_DATED = re.compile(r"(?:19|20)\d{2}|[一二三四]季度|\d+月|十[一二三四五六]五|近[一二三四五六七八九十]年|起施行")


def _nothing(query: Query, ranked: Sequence[Evidence]) -> Draft:
    """Say that nothing was found; where the region is covered, give what comes closest for it."""
    draft = Draft(lead=phrase(query.language, "no_evidence"), reason="no_evidence")
    if query.regions:
        close = _distinct([e for e in ranked if about(query, e) and e.coverage > 0])[:2]
        draft.claims = [_quote(query, e, _related_heading(query)) for e in close]
    return draft


def _quote(query: Query, evidence: Evidence, heading: str = "") -> Claim:
    return Claim(phrase(query.language, "quoted", quote=evidence.text), (evidence,), heading, bullet=True)


def _distinct(evidence: Sequence[Evidence]) -> list[Evidence]:
    """Drop sentences that repeat one already taken (near-duplicate briefs, the same text in two files)."""
    kept: list[Evidence] = []
    for e in evidence:
        if not any(_overlap(e.text, other.text) > 0.8 for other in kept):
            kept.append(e)
    return kept


def _overlap(a: str, b: str) -> float:
    x, y = {a[i : i + 2] for i in range(len(a) - 1)}, {b[i : i + 2] for i in range(len(b) - 1)}
    return len(x & y) / max(1, min(len(x), len(y)))


def _reading_order(evidence: Sequence[Evidence]) -> list[Evidence]:
    """Best document first, and within a document as written."""
    first = {}
    for position, e in enumerate(evidence):
        first.setdefault(e.hit.chunk.doc_id, position)
    return sorted(evidence, key=lambda e: (first[e.hit.chunk.doc_id], e.sentence.start))


def _number(query: Query, ranked: Sequence[Evidence], unknown: frozenset[str], all_missing: bool) -> Draft:
    matches = match_figures(query, ranked, unknown)
    own = [m for m in matches if m.fit == "own"]
    claimed = list(find_quantities(query.text)) if query.kind == "claim" else []
    if own:
        return _figures(query, own, claimed)
    # A claim with a number in it is best answered by whose number that is.
    close = [m for m in matches if any(q.value == m.figure.value and q.unit == m.figure.unit for q in claimed)]
    close = close or [m for m in matches if m.fit != "other"] or [m for m in matches if about(query, m.evidence)]
    if query.kind == "claim" and not claimed and not query.regions:
        return _lookup(query, ranked)
    if close:
        return _closest(query, ranked, close[0])
    if all_missing:
        return Draft(lead=phrase(query.language, "no_region", region=_names(query)), reason="no_document")
    if query.kind == "number" and (query.heads and query.regions or asks_amount(query.text)):
        return _undisclosed(query, ranked)
    return _lookup(query, ranked)


def _figures(query: Query, matches: Sequence[FigureMatch], claimed: Sequence[Quantity]) -> Draft:
    """State the figure first, then the sentence that it stands in."""
    best = matches[0].score
    chosen: dict[tuple[float, str, tuple[str, ...], str], FigureMatch] = {}
    for match in matches:
        figure = match.figure
        if match.score >= best - 0.2 and not figure.baseline:
            chosen.setdefault((figure.value, figure.unit, figure.scopes, figure.period), match)
    draft = Draft()
    for match in list(chosen.values())[:MAX_FIGURES] or [matches[0]]:
        lead = phrase(
            query.language, "figure_lead", scope=scope_name(match.figure, query), indicator=match.figure.indicator,
            figure=match.figure.text, note=_note(query, match.figure),
        )  # fmt: skip
        text = phrase(query.language, "figure_with_quote", lead=lead, quote=match.evidence.text)
        draft.claims.append(Claim(text, (match.evidence,), bullet=len(chosen) > 1))
        draft.figures.append((match.figure, match.evidence))
    if claimed:
        draft.lead = _verdict(query, claimed, [figure for figure, _ in draft.figures])
    return draft


def _verdict(query: Query, claimed: Sequence[Quantity], stated: Sequence[Figure]) -> str:
    """What the sources say to a number in the question: the same, the same but for 超/约/不足, or another."""
    for quantity in claimed:
        for figure in stated:
            if quantity.value == figure.value and quantity.unit == figure.unit:
                if quantity.comparator == figure.comparator:
                    return phrase(query.language, "claim_same")
                return phrase(query.language, "claim_close", figure=figure.text)
    return phrase(query.language, "claim_differs")


def scope_name(figure: Figure, query: Query) -> str:
    """Whose figure it is, in the answer's language."""
    return phrase(query.language, "list_join").join(display(code, query.language) for code in figure.scopes)


def _note(query: Query, figure: Figure) -> str:
    kind = {"目标值": "kind_target", "预测": "kind_forecast", "实际值": "kind_actual"}[figure.kind]
    parts = [part for part in (figure.period, phrase(query.language, kind)) if part]
    return phrase(query.language, "note", parts=phrase(query.language, "note_join").join(parts)) if parts else ""


def measure_name(query: Query) -> str:
    """What was asked for, in the words of the question: 算力利用率, AI企业的数量."""
    if query.language == "en":
        return phrase("en", "measure_default")
    named = [m.span() for head in query.heads for m in re.finditer(re.escape(head), query.text)]
    if not named:
        qualifiers = "".join(_as_typed(query, term) for term in sorted(query.terms, key=query.text.lower().find))
        return "的".join(part for part in (qualifiers, *query.heads[:1]) if part) or phrase("zh", "measure_default")
    start, end = named[0]
    moved = True
    while moved:  # grow to the left over the words that qualify the noun: 数据中心 的 平均 利用率
        before = query.text[:start].removesuffix("的").lower()
        longest = max((t for t in query.terms if before.endswith(t)), key=len, default="")
        moved, start = bool(longest), len(before) - len(longest) if longest else start
    return query.text[start:end]


def _as_typed(query: Query, term: str) -> str:
    at = query.text.lower().find(term)
    return query.text[at : at + len(term)] if at >= 0 else ""


def _asked(query: Query) -> str:
    """What was asked for and for whom and when: 贵州2024年的算力产业规模."""
    measure = measure_name(query)
    if query.language == "en":
        of = f" for {_names(query)}" if query.regions else ""
        return f"{measure}{of}" + (f" in {', '.join(query.periods)}" if query.periods else "")
    owner = _names(query) + "、".join(period_text(p) for p in query.periods)
    return f"{owner}的{measure}" if owner else measure


def period_text(period: str) -> str:
    """A period in Chinese: 2025年, 2025年一季度, 2025年上半年, 2025—2027年, 十四五."""
    if quarter := re.fullmatch(r"(\d{4})Q([1-4])", period):
        return f"{quarter[1]}年{'一二三四'[int(quarter[2]) - 1]}季度"
    if half := re.fullmatch(r"(\d{4})H([12])", period):
        return f"{half[1]}年{'上下'[int(half[2]) - 1]}半年"
    return f"{period.replace('-', '—')}年" if re.fullmatch(r"[\d-]+", period) else period


def _closest(query: Query, ranked: Sequence[Evidence], match: FigureMatch) -> Draft:
    """Not disclosed, and the closest figure with the scope that it really has."""
    values = {"asked": _asked(query), "region": _names(query), "quote": match.evidence.text}
    values["scope"] = scope_name(match.figure, query)
    key = {"whole": "national_closest", "part": "part_closest", "other": "other_closest", "own": "other_closest"}.get(match.fit, "")
    if match.fit == "near" or (key and not values["scope"]):
        key = "near_closest"
    if match.fit == "wrong_period":
        key, found = "period_closest", match.figure.period or phrase(query.language, "found_period_unknown")
        values["found"] = period_text(found) if query.language == "zh" else found
    reasons: dict[str, AbstainReason] = {"wrong_period": "wrong_period", "near": "not_disclosed"}
    draft = Draft(reason=reasons.get(match.fit, "wrong_scope"))
    draft.claims.append(Claim(phrase(query.language, key, **values), (match.evidence,)))
    draft.figures.append((match.figure, match.evidence))
    draft.claims += _also(query, ranked, {match.evidence.key})
    return draft


def _undisclosed(query: Query, ranked: Sequence[Evidence]) -> Draft:
    draft = Draft(lead=phrase(query.language, "not_disclosed", asked=_asked(query)), reason="not_disclosed")
    draft.claims = _also(query, ranked, set())
    return draft


def _also(query: Query, ranked: Sequence[Evidence], used: set[tuple[str, int, int]]) -> list[Claim]:
    """Sentences about the region that touch what was asked; where no region was, those that are evidence by themselves."""
    touching = [
        e for e in ranked
        if about(query, e) and e.key not in used
        and ((e.coverage > 0 or e.cosine >= MEANING_FLOOR + 0.01) if query.regions else relevant(query, e))
    ]  # fmt: skip
    touching.sort(key=lambda e: -(e.score + (0.4 if query.kind in {"number", "claim"} and e.sentence.figures else 0.0)))
    heading = _related_heading(query)
    return [_quote(query, e, heading) for e in _reading_order(_distinct(touching)[:RELATED])]


def _related_heading(query: Query) -> str:
    if query.regions:
        return phrase(query.language, "related", region=_names(query))
    return phrase(query.language, "related_general")


def _compare(query: Query, ranked: Sequence[Evidence], unknown: frozenset[str]) -> Draft:
    """Each region under its own heading with its own evidence; what is missing is said."""
    draft = Draft()
    for code in query.regions:
        heading = display(code, query.language)
        chosen = _side(query, code, ranked, unknown)
        if not chosen:
            draft.claims.append(Claim(phrase(query.language, "nothing_for_region"), (), heading, bullet=True))
        draft.claims += [_quote(query, e, heading) for e in _reading_order(chosen)]
    if not any(claim.evidence for claim in draft.claims):
        return Draft(lead=phrase(query.language, "no_region", region=_names(query)), reason="no_document")
    return draft


def _side(query: Query, code: str, ranked: Sequence[Evidence], unknown: frozenset[str]) -> list[Evidence]:
    """Evidence for one side: what answers for it in figures, what names it, then what is said under its heading."""

    def closeness(e: Evidence) -> int:
        if any(m.code == code for m in find_regions(e.text)):
            return 0
        return 1 if code in e.sentence.regions else 2

    mine = [e for e in ranked if any(relation(code, r) in {"same", "part"} for r in e.sentence.regions)]
    mine.sort(key=lambda e: (closeness(e), -e.score - (0.2 if e.sentence.figures else 0.0)))
    if query.heads:
        figures = match_figures(query, mine, unknown)
        mine = [m.evidence for m in figures if any(relation(code, s) in {"same", "part"} for s in m.figure.scopes)] + mine
    return _distinct(mine)[:PER_REGION]
