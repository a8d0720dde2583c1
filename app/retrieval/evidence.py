"""Which sentences speak to the question: selection without a model."""

import functools
import re
from collections.abc import Sequence

import numpy as np

from app.retrieval.retrieve import Retrieved
from app.retrieval.thresholds import thresholds
from app.types import Evidence, Query
from app.understanding.measures import related
from ingest.facts.regions import relation
from ingest.lexical import frequency, normalise

# Weights of a sentence's score: its words, its meaning, its chunk's rank. Calibrated on the sample suite's dev part.
_W_COVERAGE, _W_COSINE, _W_CHUNK = 1.0, 4.0, 0.12


def rank_sentences(query: Query, found: Retrieved) -> tuple[Evidence, ...]:
    """All sentences of the hits, best first. The score adds word coverage (0..1), cosine and the chunk's fused score."""
    scored = []
    for hit in found.hits:
        cosines = hit.sentence_vectors.astype(np.float32) @ found.vector
        context = normalise(" ".join((hit.source.title, *hit.chunk.headings)))
        for sentence, cosine in zip(hit.chunk.sentences, cosines, strict=True):
            text = hit.chunk.text[sentence.start - hit.chunk.start : sentence.end - hit.chunk.start]
            if normalise(text) == normalise(hit.source.title):
                continue  # a title says what the text is about, and nothing of it
            own = coverage(normalise(text), query.terms, found.weights)
            above = coverage(context, query.terms, found.weights)
            score = (
                _W_COVERAGE * (own + 0.25 * max(0.0, above - own)) + _W_COSINE * float(cosine) + _W_CHUNK * hit.score
            )
            scored.append(Evidence(hit, sentence, score, max(own, 0.5 * above), float(cosine)))
    return tuple(sorted(scored, key=lambda e: -e.score))


def coverage(text: str, terms: Sequence[str], weights: dict[str, float]) -> float:
    """Share of the question's content words found in normalised `text`, by weight; a related word counts 0.8."""
    total = sum(weights.get(term, 0.0) for term in terms)
    if total <= 0:
        return 0.0
    got = 0.0
    for term in terms:
        if any(form in text for form in term.split("|")):
            got += weights[term]
        elif names(text, term):
            got += 0.8 * weights[term]
    return got / total


def names(text: str, term: str) -> bool:
    """Whether normalised `text` names a term: itself (in one of its translations), a related word, or both halves of a compound (科技 ... 产业)."""
    if any(word in text for form in term.split("|") for word in related(form)):
        return True
    return len(term) == 4 and not term.isascii() and term[:2] in text and term[2:] in text


_HAN = re.compile("[一-龥]{2,3}")
_COMMON = 50  # jieba's count from which a word is too common to be taken apart
_GAP = 10  # characters that a clause may put between two of a short form's


def names_loosely(text: str, term: str) -> bool:
    """The same, or a rare term of two or three characters that a clause takes apart: 报审 ~ 报市主管部门审定, 办手续 ~ 办理变更手续."""
    if names(text, term):
        return True
    short = bool(_HAN.fullmatch(term)) and frequency(term) <= _COMMON
    return short and bool(re.search(f"[^，。；、]{{0,{_GAP}}}?".join(term), text))


def about(query: Query, evidence: Evidence) -> bool:
    """Whether a sentence speaks about a region that was asked about (any sentence does where none was).

    In a region's own text it does even where it names what the region belongs to: 推动科技创新券在长三角地区通用 in 浙江's rules.
    """
    if not query.regions:
        return True
    own = evidence.hit.source.regions
    return any(
        relation(a, r) in {"same", "part"} or (r != "CN" and a in own and relation(a, r) == "whole")
        for a in query.regions
        for r in evidence.sentence.regions
    )


def relevant(query: Query, evidence: Evidence) -> bool:
    """Whether a sentence is evidence for the question at all."""
    if not query.terms:  # 湖北怎么样: the region is all that was asked; without one there is nothing to go by
        return bool(query.regions)
    limits = thresholds()
    if query.text.isascii():  # cosines across languages do not part the right sentences from the wrong ones
        return evidence.coverage >= limits.min_coverage
    meaning = limits.meaning_weight * max(0.0, evidence.cosine - limits.meaning_floor)
    return evidence.coverage + meaning >= limits.min_coverage


def distinct(evidence: Sequence[Evidence], most: int = 0) -> list[Evidence]:
    """Drop sentences that repeat one already taken (near-duplicate briefs, the same text in two files).

    With `most` the first so many are returned; comparing each with each is what costs.
    """
    kept: list[tuple[Evidence, frozenset[str]]] = []
    for e in evidence:
        if most and len(kept) == most:
            break
        own = _pairs(e.text)
        if not any(len(own & other) > 0.8 * max(1, min(len(own), len(other))) for _, other in kept):
            kept.append((e, own))
    return [e for e, _ in kept]


@functools.lru_cache(maxsize=4096)
def _pairs(text: str) -> frozenset[str]:
    return frozenset(text[i : i + 2] for i in range(len(text) - 1))


def reading_order(evidence: Sequence[Evidence]) -> list[Evidence]:
    """Best document first, and within a document as written."""
    first: dict[str, int] = {}
    for position, e in enumerate(evidence):
        first.setdefault(e.hit.chunk.doc_id, position)
    return sorted(evidence, key=lambda e: (first[e.hit.chunk.doc_id], e.sentence.start))


# Who signed and when: a line of its own that says nothing of what was asked.
_SIGNATURE = re.compile(
    r"[（(]?(?:(?:19|20)\d\d|二[〇○零Ｏ][〇○零Ｏ一二三四五六七八九]{2})\s?年\s?[\d一二三四五六七八九十]{1,3}\s?月\s?[\d一二三四五六七八九十]{1,3}\s?日(?:印发)?[）)]?"
    r"|(?!.*(?:是|(?<!无)为|负责|牵头|设在|位于|(?<!自)由|(?<![国公所])有(?!色)))[一-龥]{2,24}(?:人民政府|办公厅|办公室|委员会|[部局厅院])"
)


def is_signature(evidence: Evidence) -> bool:
    """Whether a sentence is only the line of who signed, or when; 主管部门是市数据局 says something."""
    return bool(_SIGNATURE.fullmatch(evidence.text.strip()))
