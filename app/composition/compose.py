"""Answers without a model: source sentences selected, ordered and framed. No fact is written that no source states.

Each kind of question has its form; what cannot be answered says so and gives the closest that is known, with its scope.
"""

import re
from collections.abc import Sequence
from dataclasses import replace

from app.composition.amounts import RELATED, also, answer_amount, state_figures, undisclosed
from app.composition.compare import PER_REGION, compare_documents, compare_regions
from app.composition.draft import Claim, Draft, quote
from app.composition.wording import period_text, region_names, related_heading
from app.retrieval.evidence import about, distinct, reading_order, relevant
from app.retrieval.matching import FigureMatch, asks_amount, period_fits
from app.retrieval.retrieve import Retrieved
from app.retrieval.thresholds import thresholds
from app.types import Evidence, Query
from app.understanding.measures import find_heads
from ingest.facts.figures import find_periods
from ingest.facts.regions import relation
from prompts import phrase

MAX_SENTENCES = 5  # in a lookup answer
MAX_ARTICLE = 40  # sentences of one article
_DEFINITION = re.compile(r"什么是|是什么|是指什么|的定义|的含义|指什么|\bdefin|what is meant", re.I)
_DEFINED_BY = re.compile(r"[，,]?(?:是指|指的是|系指|指(?=[一-龥]{4}))")
_POINTER = re.compile(r"该省|该市|该地区|该地(?!址)|该县|该区(?!域)")
# Places outside China that questions name; a corpus that never mentions them has nothing to say of them.
_FOREIGN = re.compile(
    r"美国|欧盟|欧洲|英国|法国|德国|日本|韩国|印度|俄罗斯|新加坡|加拿大|澳大利亚|以色列|越南|东盟|硅谷"
)
_IDENTITY = re.compile(
    r"叫什么|什么名字|名称是|是哪一?(?:家|个|省|市)|是谁|具体是(?:哪|谁)|what is the name|which (?:company|province|firm) is|who is",
    re.I,
)
_LISTED = re.compile(r"\s*(?:[-*+•]\s|\d{1,2}[.、]|[（(][一二三四五六七八九十\d]+[)）])")
_ARTICLE_START = re.compile(r"(?:\*\*)?(第[零一二三四五六七八九十百\d ]{1,9}条(?:之[一二三四五六七八九十])?)")
_DATED = re.compile(r"(?:19|20)\d{2}|[一二三四]季度|\d+月|十[一二三四五六]五|近[一二三四五六七八九十]年|起施行")


def compose(query: Query, found: Retrieved, ranked: Sequence[Evidence], known_regions: frozenset[str]) -> Draft:
    """Return the answer to a query from its ranked evidence."""
    if query.documents and query.article:
        return _article(query, found)
    if len(query.documents) >= 2:
        return compare_documents(query, ranked)
    missing = [code for code in query.regions if not _is_known(code, known_regions)]
    nowhere = bool(query.regions) and len(missing) == len(query.regions)
    no_region = Draft(lead=phrase(query.language, "no_region", region=region_names(query)), reason="no_document")
    if len(query.regions) >= 2 and (query.kind == "compare" or (query.kind in {"number", "claim"} and query.heads)):
        return compare_regions(query, ranked, found.unknown) or no_region
    if nowhere and not query.heads:
        return no_region
    if (refusal := _refusal(query, ranked, found.unknown)) is not None:
        return refusal
    bare = not set(query.terms) - {"数字", "数据", "指标"}
    if query.figures and (query.kind == "date" or (bare and query.kind != "claim")):
        return _whose_number(query, ranked)
    parts = _parts(query)
    if len(parts) > 1:
        return _joined([_amount(part, ranked, found.unknown, nowhere) for part in parts])
    if query.kind in {"number", "claim"} and (query.heads or query.figures or query.kind == "number"):
        return _amount(query, ranked, found.unknown, nowhere)
    if query.kind == "reason" and query.heads and query.regions:
        # 为什么贵州利用率只有65%: whether the figure in the question is the region's comes first.
        draft = answer_amount(query, ranked, found.unknown)
        if draft is not None and draft.reason == "wrong_scope":
            return draft
    return _lookup(query, ranked)


def _refusal(query: Query, ranked: Sequence[Evidence], unknown: frozenset[str]) -> Draft | None:
    """What cannot be answered whatever was found: a document, a place or a body that the sources do not have or name."""
    if query.unknown_document:
        lead = phrase(query.language, "no_article_source", name=query.unknown_document)
        return Draft(lead=lead, reason="no_document")
    if not query.regions and (pointer := _POINTER.search(query.text)):
        return Draft(lead=phrase(query.language, "which_region", word=pointer[0]), reason="no_evidence")
    foreign = _FOREIGN.search(query.text)
    if foreign and foreign[0].lower() in unknown:
        return Draft(lead=phrase(query.language, "no_region", region=foreign[0]), reason="no_document")
    unnamed = [code for code in query.regions if code.startswith("某")]
    if unnamed and query.kind != "claim" and _IDENTITY.search(query.text):
        lead = phrase(query.language, "unnamed_body", name=unnamed[0])
        return Draft(lead=lead, reason="not_disclosed", claims=also(query, ranked, set()))
    return None


def _article(query: Query, found: Retrieved) -> Draft:
    """The article asked for, whole: from the sentence that bears its number to the next article."""
    claims = []
    for doc_id in query.documents:
        sentences = sorted(
            (
                Evidence(hit, s, hit.score, 1.0, 0.0)
                for hit in found.hits
                if hit.chunk.doc_id == doc_id
                for s in hit.chunk.sentences
            ),
            key=lambda e: e.sentence.start,
        )
        inside = False
        for e in sentences:
            number = _ARTICLE_START.match(e.text)
            if number:
                inside = number[1].replace(" ", "") == query.article
            if inside:
                claims.append(quote(query, e))
    if not claims:
        return Draft(lead=phrase(query.language, "no_article", article=query.article), reason="no_evidence")
    return Draft(claims=claims[:MAX_ARTICLE])


def _amount(query: Query, ranked: Sequence[Evidence], unknown: frozenset[str], nowhere: bool) -> Draft:
    """The answer to a question for a figure; `nowhere` says that the store has no text on its regions."""
    draft = answer_amount(query, ranked, unknown)
    if draft is None and nowhere:
        return Draft(lead=phrase(query.language, "no_region", region=region_names(query)), reason="no_document")
    amount = bool(query.heads and query.regions) or asks_amount(query.text)
    if draft is None and (
        (query.kind == "number" and amount) or (query.kind == "claim" and query.heads and query.figures)
    ):
        return undisclosed(query, ranked)
    return draft or _lookup(query, ranked)


def _parts(query: Query) -> list[Query]:
    """A question for several measures in several clauses (机架多少、利用率高不高) as one question each."""
    if query.kind != "number" or len(query.heads) < 2 or query.text.isascii():
        return [query]
    clauses = [c for c in re.split(r"[，,；;、。？?]|(?<!共)和", query.text) if find_heads(c)]
    if len(clauses) < 2:
        return [query]
    return [
        replace(query, heads=find_heads(c), qualifiers=tuple(q for q in query.qualifiers if q in c.lower()))
        for c in clauses
    ]


def _joined(drafts: Sequence[Draft]) -> Draft:
    """Several answers as one: unanswered only if all are; what is said of the region once stands last."""
    joined = Draft(reason=drafts[0].reason if all(d.abstained for d in drafts) else "")
    for draft in drafts:
        if draft.lead:
            joined.claims.append(Claim(draft.lead, ()))
        joined.claims += [claim for claim in draft.claims if not claim.heading]
        joined.figures += draft.figures
    said = {e.key for claim in joined.claims for e in claim.evidence}
    related: dict[tuple[str, int, int], Claim] = {}
    for claim in (c for draft in drafts for c in draft.claims if c.heading and c.evidence):
        if claim.evidence[0].key not in said:
            related.setdefault(claim.evidence[0].key, claim)
    joined.claims += list(related.values())[:RELATED]
    return joined


def _is_known(code: str, known: frozenset[str]) -> bool:
    return any(relation(code, other) in {"same", "part"} for other in known)


def _lookup(query: Query, ranked: Sequence[Evidence]) -> Draft:
    fitting = distinct([e for e in ranked if about(query, e) and relevant(query, e)])
    chosen = fitting[:MAX_SENTENCES]
    if _DEFINITION.search(query.text):
        chosen = [e for e in fitting if _defines(query, e)][:PER_REGION] or chosen
    if query.kind == "date" and chosen:
        chosen = [e for e in chosen if _DATED.search(e.text) and e.coverage >= 0.5]
        if not chosen:
            return undisclosed(query, ranked)
    if chosen and query.periods:  # what is said of another year is no answer
        chosen = [e for e in chosen if _of_period(query, e)]
        if not chosen:
            periods = "、".join(period_text(p) if query.language == "zh" else p for p in query.periods)
            lead = phrase(query.language, "no_period", period=periods)
            return Draft(lead=lead, reason="wrong_period", claims=also(query, ranked, set()))
    if not chosen:
        return _nothing(query, ranked)
    best = max(e.score for e in chosen)
    chosen = [e for e in chosen if e.score >= best - thresholds().best_band]
    chosen = distinct([*chosen, *_introduced(chosen, ranked)])
    return Draft(claims=[quote(query, e) for e in reading_order(chosen)])


def _defines(query: Query, evidence: Evidence) -> bool:
    """Whether a sentence says what the thing asked for is: the term, then 是指."""
    match = _DEFINED_BY.search(evidence.text)
    if match is None:
        return False
    defined = evidence.text[max(0, match.start() - 30) : match.start()].lower()
    return sum(term in defined for term in query.terms) >= 0.6 * max(1, len(query.terms))


def _of_period(query: Query, evidence: Evidence) -> bool:
    """Whether a sentence is of a period asked for: by its words, its figures, or its document's title or date."""
    source = evidence.hit.source
    own = find_periods(evidence.text)
    if own or any(f.period for f in evidence.sentence.figures):
        stated = {*own, *(f.period for f in evidence.sentence.figures)}
        return any(period_fits(query, period) or period[:4] in query.periods for period in stated)
    above = " ".join((source.title, source.issued, *evidence.hit.chunk.headings))
    return any(period[:4] in above for period in query.periods)


def _introduced(chosen: Sequence[Evidence], ranked: Sequence[Evidence]) -> list[Evidence]:
    """What a chosen lead-in introduces (…包括：, or a sentence right before a list): the sentences after it in its chunk."""
    following = [
        e for lead in chosen if _leads_in(lead) for e in ranked
        if e.hit.chunk.id == lead.hit.chunk.id and e.sentence.start > lead.sentence.start
    ]  # fmt: skip
    return sorted(following, key=lambda e: e.sentence.start)[:MAX_SENTENCES]


def _leads_in(evidence: Evidence) -> bool:
    chunk = evidence.hit.chunk
    line = chunk.text[: evidence.sentence.start - chunk.start].rpartition("\n")[2]
    behind = chunk.text[evidence.sentence.end - chunk.start :]
    before_a_list = (
        "\n" in behind[:3]
        and bool(_LISTED.match(behind))
        and not _LISTED.match(line)
        and not _LISTED.match(evidence.text)
    )
    return evidence.text.endswith(("：", ":")) or before_a_list


def _nothing(query: Query, ranked: Sequence[Evidence]) -> Draft:
    """Say that nothing was found; where the region is covered, give what comes closest for it."""
    draft = Draft(lead=phrase(query.language, "no_evidence"), reason="no_evidence")
    if query.regions:
        close = distinct([e for e in ranked if about(query, e) and e.coverage > 0])[:2]
        draft.claims = [quote(query, e, related_heading(query)) for e in close]
    return draft


def _whose_number(query: Query, ranked: Sequence[Evidence]) -> Draft:
    """65%是谁的数字: state what the sources say of that number."""
    values = {(f.value, f.unit) for f in query.figures}
    matches = [
        FigureMatch(f, e, "own", e.score) for e in ranked for f in e.sentence.figures
        if any(f.value == value and (f.unit == unit or not unit) for value, unit in values)
    ]  # fmt: skip
    if query.kind == "date":
        matches = [m for m in matches if m.figure.period]
        return state_figures(query, matches) if matches else undisclosed(query, ranked)
    return state_figures(query, matches) if matches else _nothing(query, ranked)
