"""Answers to questions for a figure: the figure with its scope, or that it is not disclosed and what comes closest."""

import re
from collections.abc import Sequence

from app.composition.closest import RELATED, also, closest, period_stated, undisclosed
from app.composition.conflicts import same_measure, show_conflict, show_superseded, sort_out, time_of
from app.composition.draft import Claim, Draft, quote
from app.composition.verdicts import is_other_case, verdict
from app.composition.wording import figure_lead
from app.retrieval.asking import asking
from app.retrieval.evidence import about, names
from app.retrieval.matching import FigureMatch, match_figures, measures_asked
from app.types import Evidence, Query
from app.understanding.measures import names_head
from app.understanding.terms import LEFTOVER
from ingest.lexical import fold, normalise
from prompts import phrase

__all__ = ["MAX_FIGURES", "RELATED", "also", "answer_amount", "state_figures", "undisclosed"]

MAX_FIGURES = 4
# How far below the best figure's score another may lie to be stated beside it: in its sentence, and in another one.
_SAME_SENTENCE, _OTHER_SENTENCE = 0.2, 0.1
_NUMERAL = r"(?:[0-9]{1,4}|[一二两三四五六七八九十百]{1,4})"
_COUNTER_ASKED = re.compile(r"(?:多少|几)\s*(人|名|位|个|类|种|项|次|章|条|款|级|档|部分|方面|日|天|年|月|份|批)")
_HOW_OFTEN = re.compile(r"(?:多久|多长时间|几年|几个?月|几天).{0,10}一[次回遍轮]")
_ROUND = re.compile(
    r"每[半一两二三四五六七八九十\d]*个?(?:年|季度|月|周|日|天)|年度|季度|按[年季月周]|逐[年月]|定期|实时"
)
_MOST = 0.75  # of a question's words, for a figure of somebody without a name to be worth telling
_LAWFUL = 5  # characters of a term of the text's own that join two of its sentences: 简易计税方法


def answer_amount(query: Query, ranked: Sequence[Evidence], unknown: frozenset[str]) -> Draft | None:
    """The figure asked for, or the closest one and that it is not what was asked; None where no figure comes near."""
    matches = match_figures(query, ranked, unknown)
    own = [m for m in matches if m.fit == "own"]
    own += [m for m in matches if m.fit == "near" and own and _is_newer(query, m, own[0])]
    if own:
        found = sort_out(query, own, ranked)
        if found.rivals:
            return show_conflict(query, found)
        if not found.standing:
            return show_superseded(query, found)
        draft = state_figures(query, found.standing)
        draft.claims += found.notes
        return draft
    if (told := _recurring(query, ranked) or _counted(query, ranked, unknown) or _bridged(query, ranked)) is not None:
        return told
    if query.kind == "claim" and not query.figures and not query.regions:
        return None  # 缺口能在短期内补上吗: a measure is named, but no amount is asked for
    # A claim with a number in it is best answered by whose number that is.
    claimed = {(f.value, f.unit) for f in query.figures}
    close = [m for m in matches if (m.figure.value, m.figure.unit) in claimed]
    close = close or [m for m in matches if m.fit != "other"] or [m for m in matches if about(query, m.evidence)]
    close = close or [m for m in matches if _of_somebody(query, m)]
    return closest(query, ranked, close[0]) if close else None


def state_figures(query: Query, matches: Sequence[FigureMatch]) -> Draft:
    """State the figure first, then the sentence that it stands in."""
    best, first = matches[0].score, matches[0].evidence.key
    chosen: dict[tuple[float, str, tuple[str, ...], str], FigureMatch] = {}
    for match in matches:
        figure = match.figure
        near = _SAME_SENTENCE if match.evidence.key == first else _OTHER_SENTENCE
        if (match.score >= best - near or _is_newer(query, match, matches[0])) and figure.role != "原值":
            chosen.setdefault((figure.value, figure.unit, figure.scopes, figure.period), match)
    kept = list(chosen.values()) or [matches[0]]
    if query.kind == "claim" and query.figures:  # the verdict is on the figures that it speaks of, where there are any
        said = {(f.value, f.unit) for f in query.figures}
        kept = [m for m in kept if (m.figure.value, m.figure.unit) in said] or kept
    draft = Draft()
    by_sentence: dict[tuple[str, int, int], list[FigureMatch]] = {}
    for match in kept[:MAX_FIGURES]:
        by_sentence.setdefault(match.evidence.key, []).append(match)
        draft.figures.append((match.figure, match.evidence))
    draft.claims = [statement(query, together, bullet=len(by_sentence) > 1) for together in by_sentence.values()]
    if query.kind == "claim" and query.figures:
        fitting = [figure for figure, e in draft.figures if not is_other_case(query, e.sentence.figures)]
        draft.lead = verdict(query, fitting) if fitting else phrase(query.language, "claim_other_case")
        draft.verdict = True
    return draft


def _is_newer(query: Query, match: FigureMatch, best: FigureMatch) -> bool:
    """Whether a question that names no time also wants this figure: the best one's measure as it stood later."""
    later = not query.periods and time_of(match)[:4] > time_of(best)[:4]
    return later and same_measure(match, best, any_period=True)


def statement(query: Query, matches: Sequence[FigureMatch], bullet: bool) -> Claim:
    """The figures of one sentence, each with its owner, and the sentence once; what its period rests on is cited as well."""
    evidence = matches[0].evidence
    leads, cited = [], [evidence]
    for match in matches:
        stated, source = period_stated(match)
        if source is not None and source.key not in {e.key for e in cited}:
            cited.append(source)
        leads.append(figure_lead(match.figure, query, evidence.hit.source, stated))
    lead = phrase(query.language, "lead_join").join(dict.fromkeys(leads))
    text = phrase(query.language, "figure_with_quote", lead=lead, quote=evidence.text)
    return Claim(text, tuple(cited), bullet=bullet)


def _of_somebody(query: Query, match: FigureMatch) -> bool:
    """Whether the very measure asked for is known of a body without a name: 广东全省的误检率 beside that of 某家电企业."""
    if match.figure.role == "原值" or not "".join(match.figure.scopes).startswith("某"):
        return False
    text = normalise(match.evidence.text)
    return sum(names(text, q) for q in query.qualifiers) >= _MOST * max(1, len(query.qualifiers))


def _recurring(query: Query, ranked: Sequence[Evidence]) -> Draft | None:
    """多久调整一次: the sentence that says of the very thing that it comes round every year or so (实行年度动态调整)."""
    if not _HOW_OFTEN.search(query.text):
        return None
    terms = [t for t in query.terms if not LEFTOVER.fullmatch(t)]
    for evidence in ranked[:12]:
        text = normalise(evidence.text)
        if terms and about(query, evidence) and _ROUND.search(text) and all(names(text, t) for t in terms):
            return Draft(claims=[quote(query, evidence)])
    return None


def _counted(query: Query, ranked: Sequence[Evidence], unknown: frozenset[str]) -> Draft | None:
    """署長幾人: the sentence that binds a numeral to the very thing counted (置署長一人), where no figure was read."""
    wanted, noun = _COUNTER_ASKED.search(query.text), asking(query).noun
    if not wanted or not noun or unknown.intersection(query.qualifiers) or query.regions:
        return None
    bound = re.compile(rf"(?<![副前原非]){re.escape(noun)}[^，,。；;：:0-9]{{0,4}}?{_NUMERAL}{wanted[1]}")
    for evidence in ranked[:12]:
        text = normalise(fold(evidence.text))
        above = normalise(evidence.hit.source.title)
        if bound.search(text) and all(term in text or term in above for term in query.qualifiers):
            return Draft(claims=[quote(query, evidence)])
    return None


def _bridged(query: Query, ranked: Sequence[Evidence]) -> Draft | None:
    """What one sentence of a text says in a term that another one gives the figure for; both are quoted.

    小规模纳税人可以按…简易计税方法 with 适用简易计税方法…的征收率为百分之三. Only where the text has one such figure.
    """
    if not query.heads or not query.qualifiers or query.periods or query.regions:
        return None
    measured = [(f, e) for e in ranked for f in e.sentence.figures if measures_asked(query, e, f)]
    for bridge in ranked[:8]:
        text, doc_id = normalise(bridge.text), bridge.hit.chunk.doc_id
        if bridge.sentence.figures or not all(names_head(text, head) for head in query.heads):
            continue
        stated = {(f.value, f.unit): (f, e) for f, e in measured if e.hit.chunk.doc_id == doc_id}
        above = f"{text} {normalise(bridge.hit.source.title)}"
        if len(stated) != 1 or not all(term in above for term in query.qualifiers):
            continue
        figure, evidence = next(iter(stated.values()))
        if _shared_term(text, normalise(evidence.text), normalise(query.text)):
            match = FigureMatch(figure, evidence, "own", evidence.score)
            claims = [statement(query, [match], bullet=True), quote(query, bridge)]
            return Draft(claims=claims, figures=[(figure, evidence)])
    return None


def _shared_term(one: str, other: str, question: str) -> bool:
    spans = {one[i : i + _LAWFUL] for i in range(len(one) - _LAWFUL + 1)}
    return any(span in other and span not in question and re.fullmatch(r"[一-龥]+", span) for span in spans)
