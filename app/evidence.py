"""Which sentences speak to the question, and which figures answer it: selection without a model, scope first."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from app.measures import find_heads, names_head, related
from app.retrieve import Retrieved
from app.types import Evidence, Query
from ingest.figures import clause_spans
from ingest.lexical import normalise
from ingest.regions import find_regions, relation
from ingest.types import Figure

Fit = Literal["own", "part", "near", "wrong_period", "whole", "other"]

# Weights of a sentence's score: its words, its meaning, its chunk's rank. Calibrated on the sample suite's dev part.
_W_COVERAGE, _W_COSINE, _W_CHUNK = 1.0, 4.0, 0.12


# Share of the qualifiers that a figure's surroundings must name to be considered, and to count as what was asked.
MIN_MATCH, FULL_MATCH = 0.3, 0.6
# Verbs and adverbs that say nothing about what is measured.
_LIGHT = frozenset(
    "打算 建设 规划 计划 推动 发展 实现 降到 降至 提升 提升到 减少 平均 建成 成为 列为 列入 作为 用得 预计 达到 增加 下降 变化 出现 拥有 具有 存在 整体 "
    "总体 全部 一共 总共 大概 大约 新设 去年 今年 水平 数字 数据显示 高于 低于 超过 不足 具体 花了 投了 投入 相差 相比 计划 进行 开展 列 应用 average level".split()
)


@dataclass(frozen=True, slots=True)
class FigureMatch:
    """A figure that measures what was asked, and how its scope and period fit the question."""

    figure: Figure
    evidence: Evidence
    fit: Fit
    score: float


def rank_sentences(query: Query, found: Retrieved) -> tuple[Evidence, ...]:
    """All sentences of the hits, best first. The score adds word coverage (0..1), cosine and the chunk's fused score."""
    scored = []
    for hit in found.hits:
        cosines = hit.sentence_vectors.astype(np.float32) @ found.vector
        context = normalise(" ".join((hit.source.title, *hit.chunk.headings)))
        for sentence, cosine in zip(hit.chunk.sentences, cosines, strict=True):
            text = hit.chunk.text[sentence.start - hit.chunk.start : sentence.end - hit.chunk.start]
            own = coverage(normalise(text), query.terms, found.weights)
            above = coverage(context, query.terms, found.weights)
            score = _W_COVERAGE * (own + 0.25 * max(0.0, above - own)) + _W_COSINE * float(cosine) + _W_CHUNK * hit.score
            scored.append(Evidence(hit, sentence, score, max(own, 0.5 * above), float(cosine)))
    return tuple(sorted(scored, key=lambda e: -e.score))


def coverage(text: str, terms: Sequence[str], weights: dict[str, float]) -> float:
    """Share of the question's content words found in normalised `text`, by weight; a related word counts 0.8."""
    total = sum(weights.get(term, 0.0) for term in terms)
    if total <= 0:
        return 0.0
    got = 0.0
    for term in terms:
        if term in text:
            got += weights[term]
        elif names(text, term):
            got += 0.8 * weights[term]
    return got / total


def names(text: str, term: str) -> bool:
    """Whether normalised `text` names a term: itself, a related word, or both halves of a compound (科技 ... 产业)."""
    if any(word in text for word in related(term)):
        return True
    return len(term) == 4 and not term.isascii() and term[:2] in text and term[2:] in text


def match_figures(query: Query, ranked: Sequence[Evidence], unknown: frozenset[str]) -> tuple[FigureMatch, ...]:
    """Figures that measure what was asked, best first: own scope before a part's, before the nation's, before others'.

    A qualifier that the corpus does not know (`unknown`: 比亚迪) can be answered by no figure: what is left is near at best.
    """
    matches = []
    for evidence in ranked:
        for figure in evidence.sentence.figures:
            relevance = _relevance(query, evidence, figure)
            if relevance > 0:
                fit = _fit(query, figure)
                full = relevance >= FULL_MATCH and not unknown.intersection(_qualifiers(query))
                if not query.heads and not full:
                    continue  # without a measured noun in common, half a match is none
                if fit in {"own", "part"} and not (full and same_bases(query, evidence)):
                    fit = "near"  # the region's own figure, but for something else than what was asked
                matches.append(FigureMatch(figure, evidence, fit, relevance + 0.1 * evidence.score))
    order = {"own": 0, "part": 1, "wrong_period": 2, "near": 3, "whole": 4, "other": 5}
    return tuple(sorted(matches, key=lambda m: (order[m.fit], -m.score)))


def _relevance(query: Query, evidence: Evidence, figure: Figure) -> float:
    """How well a figure measures what was asked, 0 where it does not: the noun must be the same, its qualifiers should."""
    around = normalise(_clause_of(evidence, figure))
    sentence = normalise(evidence.text)
    heading = normalise(" ".join((evidence.hit.source.title, *evidence.hit.chunk.headings)))
    if query.heads:
        if not any(_measures(head, figure, around) for head in query.heads):
            return 0.0
    elif not _unit_fits(query.text, figure):
        return 0.0
    qualifiers = _qualifiers(query)
    if not qualifiers:
        return 1.0
    named_in = [sum(names(text, term) for term in qualifiers) / len(qualifiers) for text in (around, sentence, heading)]
    score = max(named_in[0], 0.9 * named_in[1], 0.6 * named_in[2])
    return score if score >= MIN_MATCH else 0.0


def _qualifiers(query: Query) -> list[str]:
    """What narrows the measure down: the content words that are neither the measured noun nor light verbs, longest first."""
    words = [t for t in query.terms if len(t) > 1 and t not in _LIGHT and not any(t in head or head in t for head in query.heads)]
    return [t for t in words if not any(t != other and t in other for other in words)]


def _measures(head: str, figure: Figure, around: str) -> bool:
    """Whether the figure's own words name the measure; shares and rates must also have the unit of one."""
    if not (names_head(normalise(figure.indicator), head) or names_head(around, head)):
        return False
    if head.endswith("率") or head in {"占比", "增速"}:
        return figure.unit in {"%", "‰", "百分点", "分数", "比", ""}
    if head == "数量":
        return figure.unit not in {"%", "百分点", "元", "年"}
    if figure.unit in {"年", "个月", "天"}:
        return "周期" in head or "期限" in head
    # 规模…其中占比达40%: the share names its own measure, so it is not the size that was asked for.
    own = find_heads(normalise(figure.indicator))
    return not own or head in own or figure.unit == "元"


def asks_amount(question: str) -> bool:
    """Whether only a figure can answer: how many, how much, by how much."""
    return bool(re.search(r"多少|几分之|几(?:个|家|所|年|倍|成|项|人|座)|\bhow (?:many|much|large|big)\b", question, re.I))


def same_bases(query: Query, evidence: Evidence) -> bool:
    """Whether what the question compares with is what the sentence compares with (不足广东的1/8 is not 不足浙江的1/8)."""
    named = {m.code for m in find_regions(evidence.text)} if query.bases else set()
    return all(any(relation(base, code) == "same" for code in named) for base in query.bases)


def _unit_fits(question: str, figure: Figure) -> bool:
    if "几分之" in question:
        return figure.unit in {"分数", "比", "%"}
    asked = re.search(r"多少(个|家|所|人|元|钱|倍|年|项|台|座|亿|万|资金)|几(个|家|所|年|倍|成)|多(久|长时间)", question)
    if not asked:
        return True
    word = asked[1] or asked[2] or asked[3]
    wanted = {
        "钱": {"元", "美元", "港元"}, "元": {"元"}, "资金": {"元"}, "家": {"家", "个", "户", "分数"}, "个": {"个", "家", "机架", "项", "座", "所"},
        "人": {"人", ""}, "年": {"年"}, "久": {"年", "个月", "天"}, "长时间": {"年", "个月", "天"}, "倍": {"倍", "分数"},
        "成": {"%"}, "所": {"所", "个"},
    }  # fmt: skip
    return figure.unit in wanted.get(word, {figure.unit})


def _clause_of(evidence: Evidence, figure: Figure) -> str:
    text, at = evidence.text, figure.start - evidence.sentence.start
    for start, end in clause_spans(text):
        if start <= at < end:
            return text[start:end]
    return text


def _fit(query: Query, figure: Figure) -> Fit:
    if query.regions:
        kinds = {relation(asked, scope) for asked in query.regions for scope in figure.scopes}
        if not figure.scopes:
            scope: Fit = "other"
        elif "same" in kinds:
            scope = "own"
        elif "part" in kinds:
            scope = "part"
        elif "whole" in kinds or "national" in kinds:
            scope = "whole"
        else:
            scope = "other"
    else:
        scope = "own"
    if scope in {"own", "part"} and not period_fits(query, figure.period):
        return "wrong_period"
    return scope


def period_fits(query: Query, period: str) -> bool:
    """Whether a figure's period is the one asked for; a figure without a period does not answer a question for a year."""
    if not query.periods:
        return True
    for asked in query.periods:
        if asked == period or re.fullmatch(rf"{re.escape(asked)}(?:[QH]\d)?", period):
            return True
        years = re.fullmatch(r"(\d{4})-(\d{4})", period)
        if years and asked.isdigit() and int(years[1]) <= int(asked) <= int(years[2]):
            return True
    return False
