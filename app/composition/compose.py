"""Answers without a model: source sentences selected, ordered and framed. No fact is written that no source states.

Each kind of question has its form; what cannot be answered says so and gives the closest that is known, with its scope.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import replace

from app.composition.amounts import RELATED, also, answer_amount, state_figures, undisclosed
from app.composition.compare import compare_documents, compare_levels, compare_regions
from app.composition.compare_times import compare_contrast, compare_force
from app.composition.counted import answer_count, asks_classes
from app.composition.definition import answer_definition, asks_definition
from app.composition.draft import Claim, Draft, quote
from app.composition.faq import answer_as_asked
from app.composition.lists import answer_list
from app.composition.lookup import answer_lookup, is_statement, nothing_found, select
from app.composition.other_words import answer_in_other_words
from app.composition.parts import add_parts
from app.composition.passages import Passages
from app.composition.penalties import answer_penalties
from app.composition.timeline import answer_timeline, asks_timeline
from app.composition.wording import document_name, region_names
from app.composition.yesno import answer_yes_no, asks_yes_no
from app.retrieval.evidence import about
from app.retrieval.matching import FigureMatch, asks_amount
from app.retrieval.retrieve import Retrieved
from app.retrieval.slips import mended
from app.types import Evidence, Query
from app.understanding.measures import find_heads
from ingest.facts.regions import relation
from ingest.lexical import normalise
from prompts import phrase

MAX_ARTICLE = 40  # sentences of one article
_POINTER = re.compile(r"该省|该市|该地区|该地(?!址)|该县|该区(?!域)")
# Places outside China that questions name; a corpus that never mentions them has nothing to say of them.
_FOREIGN = re.compile(
    r"美国|欧盟|欧洲|英国|法国|德国|日本|韩国|印度|俄罗斯|新加坡|加拿大|澳大利亚|以色列|越南|东盟|硅谷"
)
_LAW = re.compile(r"(?<!办)法典?$")  # what it says itself no other text can tell
_IDENTITY = re.compile(
    r"叫什么|什么名字|名称是|是哪一?(?:家|个|省|市)|是谁|具体是(?:哪|谁)|what is the name|which (?:company|province|firm) is|who is",
    re.I,
)
_ARTICLE_START = re.compile(r"(?:\*\*)?(第[零一二三四五六七八九十百\d ]{1,9}条(?:之[一二三四五六七八九十])?)")


def compose(
    query: Query,
    found: Retrieved,
    ranked: Sequence[Evidence],
    known_regions: frozenset[str],
    passages: Passages = Passages(),  # noqa: B008  (frozen, holds nothing)
) -> Draft:
    """Return the answer to a query from its ranked evidence; `passages` reads on in its documents."""
    query = mended(query, found.unknown, ranked)
    draft = _composed(query, found, ranked, known_regions, passages)
    draft.corrections = query.corrections
    if draft.abstained:  # beside a refusal only what states something
        draft.claims = [c for c in draft.claims if not (c.heading and c.evidence) or is_statement(c.evidence[0])]
    return draft


def _composed(
    query: Query,
    found: Retrieved,
    ranked: Sequence[Evidence],
    known_regions: frozenset[str],
    passages: Passages,
) -> Draft:
    if query.documents and query.article:
        return _article(query, found)
    if (draft := compare_force(query, ranked, passages)) is not None:
        return draft
    if len(_named_apart(query, ranked)) >= 2:
        return compare_documents(query, ranked, found, passages)
    if (draft := _of_regions(query, found, ranked, known_regions)) is not None:
        return draft
    if (refusal := _refusal(query, ranked, found.unknown)) is not None:
        return refusal
    bare = not set(query.terms) - {"数字", "数据", "指标"}
    if query.figures and (query.kind == "date" or (bare and query.kind != "claim")):
        return _whose_number(query, ranked)
    return _in_form(query, found, ranked, known_regions, passages)


def _named_apart(query: Query, ranked: Sequence[Evidence]) -> set[str]:
    """The names of the documents that the question names; the same text in two files is one."""
    return {document_name(e.hit.source) for e in ranked if e.hit.chunk.doc_id in query.documents}


def _of_regions(
    query: Query, found: Retrieved, ranked: Sequence[Evidence], known_regions: frozenset[str]
) -> Draft | None:
    """Several regions side by side, or that the sources have none of those asked about; None for everything else."""
    missing = [code for code in query.regions if not _is_known(code, known_regions)]
    nowhere = bool(query.regions) and len(missing) == len(query.regions)
    no_region = Draft(lead=phrase(query.language, "no_region", region=region_names(query)), reason="no_document")
    beside = query.kind in {"compare", "lookup"} or (query.kind in {"number", "claim"} and bool(query.heads))
    if len(query.regions) >= 2 and beside:
        return compare_regions(query, ranked, found, missing) or (
            no_region if missing else nothing_found(query, ranked)
        )
    return no_region if nowhere and not query.heads else None


def _in_form(
    query: Query,
    found: Retrieved,
    ranked: Sequence[Evidence],
    known_regions: frozenset[str],
    passages: Passages,
) -> Draft:
    """The answer in the form that its question asks for; a form for which the evidence does not do gives way to the next."""
    nowhere = bool(query.regions) and not any(_is_known(code, known_regions) for code in query.regions)
    forms: tuple[Callable[[], Draft | None], ...] = (
        lambda: compare_levels(query, ranked, found) if query.kind == "compare" else None,
        lambda: compare_contrast(query, ranked),
        lambda: answer_timeline(query, ranked, found.unknown) if asks_timeline(query) else None,
        lambda: answer_penalties(query, ranked, passages, _in_titles(query, ranked)),
        lambda: _in_other_words(
            query, ranked, found.unknown, _numbers_or_count(query, found, ranked, nowhere), passages
        ),
        lambda: answer_definition(query, ranked, passages) if asks_definition(query.text) else None,
        lambda: answer_as_asked(query, ranked, passages),
        lambda: answer_yes_no(query, ranked) if asks_yes_no(query) else None,
        lambda: answer_list(query, select(query, ranked), passages) if query.kind == "list" else None,
    )
    for form in forms:
        if (draft := form()) is not None:
            return add_parts(query, ranked, draft)
    return answer_lookup(query, ranked, passages)


def _in_titles(query: Query, ranked: Sequence[Evidence]) -> tuple[str, ...]:
    """The question's words that stand in the title of the document that answers best."""
    best = next((e for e in ranked if about(query, e)), None)
    return tuple(t for t in query.terms if best is not None and t in normalise(best.hit.source.title))


def _numbers_or_count(query: Query, found: Retrieved, ranked: Sequence[Evidence], nowhere: bool) -> Draft | None:
    """A figure, else a number that stands right beside the name of what is counted, else what comes closest."""
    draft = _numbers(query, found, ranked, nowhere)
    if query.heads or (draft is not None and not draft.abstained):
        return draft
    return answer_count(query, ranked) or draft


def _in_other_words(
    query: Query, ranked: Sequence[Evidence], unknown: frozenset[str], draft: Draft | None, passages: Passages
) -> Draft | None:
    """A number that was not found in the question's words, in other words; else what was to be said instead."""
    if draft is None or draft.reason != "not_disclosed":
        return draft
    return answer_in_other_words(query, ranked, unknown, passages) or draft


def _numbers(query: Query, found: Retrieved, ranked: Sequence[Evidence], nowhere: bool) -> Draft | None:
    """The answer to a question for figures; None where it asks for none, or no figure comes near."""
    if not query.heads and asks_classes(query.text):
        return None
    parts = _parts(query)
    if len(parts) > 1:
        drafts = [_amount(part, ranked, found.unknown, nowhere) for part in parts]
        return _joined([draft or undisclosed(part, ranked) for part, draft in zip(parts, drafts, strict=True)])
    if query.kind in {"number", "claim"} and (query.heads or query.figures or query.kind == "number"):
        return _amount(query, ranked, found.unknown, nowhere)
    if query.kind == "reason" and query.heads and query.regions:
        # 为什么贵州利用率只有65%: whether the figure in the question is the region's comes first.
        draft = answer_amount(query, ranked, found.unknown)
        return draft if draft is not None and draft.reason == "wrong_scope" else None
    return None


def _refusal(query: Query, ranked: Sequence[Evidence], unknown: frozenset[str]) -> Draft | None:
    """What cannot be answered whatever was found: a document, a place or a body that the sources do not have or name."""
    if query.unknown_document and (
        query.article or _LAW.search(query.unknown_document) or not _is_spoken_of(query.unknown_document, ranked)
    ):
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


def _is_spoken_of(name: str, ranked: Sequence[Evidence]) -> bool:
    """Whether a text found speaks of a document that the store does not hold."""
    plain = normalise(name)
    return any(plain in normalise(e.text) for e in ranked)


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


def _amount(query: Query, ranked: Sequence[Evidence], unknown: frozenset[str], nowhere: bool) -> Draft | None:
    """The answer to a question for a figure; `nowhere` says that the store has no text on its regions."""
    draft = answer_amount(query, ranked, unknown)
    if draft is None and nowhere:
        return Draft(lead=phrase(query.language, "no_region", region=region_names(query)), reason="no_document")
    amount = bool(query.heads and query.regions) or asks_amount(query.text)
    if draft is None and (
        (query.kind == "number" and amount) or (query.kind == "claim" and query.heads and query.figures)
    ):
        return undisclosed(query, ranked)
    return draft


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
    return state_figures(query, matches) if matches else nothing_found(query, ranked)
