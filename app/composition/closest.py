"""Refusals that help: what is not disclosed, what comes closest to it and whose, of when and of what kind that is."""

import re
from collections.abc import Sequence

from app.composition.draft import Claim, Draft, quote
from app.composition.wording import asked, period_text, region_names, related_heading, scope_name
from app.retrieval.evidence import about, distinct, is_signature, reading_order, relevant
from app.retrieval.matching import FigureMatch
from app.retrieval.thresholds import thresholds
from app.types import AbstainReason, Evidence, Query
from ingest.facts.figures import find_periods
from ingest.lexical import fold
from prompts import phrase

RELATED = 4  # sentences beside an abstention
# A telephone number has an area code: 湖南省常住人口：65680000 is a figure.
_CONTACT = re.compile(
    r"[一-龥（）()、]{2,24}[\s:：]*[(（]?0\d{2,3}[)）]?[-—\s]?\d{7,8}(?:[、,，/]\s*(?:0\d{2,3}-)?\d{7,8})*。?"
)
_ASKS_CONTACT = re.compile(
    r"电话|電話|联系|聯繫|号码|號碼|热线|熱線|咨询|諮詢|举报|舉報|投诉|投訴|传真|傳真|phone|contact|hotline|fax|\bcall\b",
    re.IGNORECASE,
)


def closest(query: Query, ranked: Sequence[Evidence], match: FigureMatch) -> Draft:
    """Not disclosed, and the closest figure with the scope, the period and the kind that it really has."""
    values = {"asked": asked(query), "region": region_names(query), "quote": match.evidence.text}
    values["scope"] = scope_name(match.figure, query)
    key = {"whole": "national_closest", "part": "part_closest"}.get(match.fit, "other_closest")
    if (
        match.fit == "other"
        and match.figure.scopes[:1]
        and match.figure.scopes[0].startswith("某")
        and not about(query, match.evidence)
    ):
        key = "unnamed_closest"
    if match.fit == "near" or values["scope"] in {"", values["region"]}:  # another district of the city asked about
        key = "near_closest"
    cited: tuple[Evidence, ...] = (match.evidence,)
    if match.fit == "wrong_period":
        key = "period_closest"
        values["found"], cited = _found_period(query, match)
    reasons: dict[str, AbstainReason] = {"wrong_period": "wrong_period", "near": "not_disclosed"}
    draft = Draft(reason=reasons.get(match.fit, "wrong_scope"))
    draft.claims.append(Claim(phrase(query.language, key, **values), cited))
    draft.figures.append((match.figure, match.evidence))
    draft.claims += also(query, ranked, {match.evidence.key})
    return draft


def _found_period(query: Query, match: FigureMatch) -> tuple[str, tuple[Evidence, ...]]:
    """Of when the closest figure is, as far as something cited states it, and what to cite for it."""
    stated, source = period_stated(match)
    period, issued = match.figure.period, match.evidence.hit.source.issued[:4]
    cited = (match.evidence,) if source is None else (match.evidence, source)
    if period and stated:
        return (period_text(period) if query.language == "zh" else period), cited
    if issued:
        return phrase(query.language, "found_period_issued", year=issued), cited
    return phrase(query.language, "found_period_unknown"), cited


def period_stated(match: FigureMatch) -> tuple[bool, Evidence | None]:
    """Whether the figure's period may be shown, and the sentence before it that states it (到2025年，…；…), if it is that."""
    period, evidence = match.figure.period, match.evidence
    source, chunk = evidence.hit.source, evidence.hit.chunk
    years = set(re.findall(r"\d{4}", period)) or {period}
    if not period or all(year in evidence.text for year in years) or period in find_periods(fold(evidence.text)):
        return True, None
    for sentence in reversed([s for s in chunk.sentences if s.end <= evidence.sentence.start]):
        text = chunk.text[sentence.start - chunk.start : sentence.end - chunk.start]
        if all(year in text for year in years):
            return True, Evidence(evidence.hit, sentence, evidence.score, 0.0, evidence.cosine)
    return all(year in f"{source.title} {source.issued}" for year in years), None


def undisclosed(query: Query, ranked: Sequence[Evidence]) -> Draft:
    """Nothing comes near: say so, and give what is said of the region."""
    key = "no_date" if query.kind == "date" else "not_disclosed"
    draft = Draft(lead=phrase(query.language, key, asked=asked(query)), reason="not_disclosed")
    draft.claims = also(query, ranked, set())
    return draft


def also(query: Query, ranked: Sequence[Evidence], used: set[tuple[str, int, int]]) -> list[Claim]:
    """Sentences about the region that touch what was asked; where no region was, those that are evidence by themselves."""
    touching = [
        e for e in ranked
        if about(query, e) and e.key not in used and _touches(query, e) and not (is_signature(e) or _beside(query, e))
    ]  # fmt: skip
    touching.sort(key=lambda e: -(e.score + (0.4 if query.kind in {"number", "claim"} and e.sentence.figures else 0.0)))
    heading = related_heading(query)
    return [quote(query, e, heading) for e in reading_order(distinct(touching, RELATED))]


def _beside(query: Query, evidence: Evidence) -> bool:
    """Whether a sentence is a body's telephone number and no number was asked for."""
    return bool(_CONTACT.fullmatch(evidence.text.strip())) and not _ASKS_CONTACT.search(query.text)


def _touches(query: Query, evidence: Evidence) -> bool:
    if not query.regions:
        return relevant(query, evidence)
    return evidence.coverage > 0 or evidence.cosine >= thresholds().meaning_floor + 0.01
