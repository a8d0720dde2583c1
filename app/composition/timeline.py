"""What happened or is planned when: a table by period, targets and forecasts apart from what has come about."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from app.composition.compare_times import compare_years, years_compared
from app.composition.draft import Claim, Draft
from app.composition.excerpt import excerpt
from app.composition.lookup import is_statement
from app.composition.wording import figure_note, period_text, scope_name
from app.retrieval.evidence import about, distinct, relevant
from app.retrieval.matching import match_figures
from app.types import Evidence, Query
from ingest.facts.figures import find_periods
from ingest.types import Figure
from prompts import phrase

MAX_ROWS = 10
PER_CELL = 2
_ASKS = re.compile(
    r"演变|历程|沿革|时间线|时间表|路线图|来龙去脉|大事记|历年|逐年|各年|每年(?:的)?(?:变化|数据|情况)|(?:年|以来|期间)[^，。？]{0,24}(?:变化|走势|趋势|进展)"
    r"|分(?:几个)?阶段|[两三四]步走|\btimeline\b|\bevolution\b|\bevolved?\b|\bover the years\b|\bhistory of\b|\btrends?\b|\bmilestones?\b",
    re.I,
)
_PLANNED = re.compile(r"目标|力争|规划|计划|拟|预计|将(?=[^军领])|到\W{0,2}20\d\d|要(?:建|实现|达到|形成)")


@dataclass(frozen=True, slots=True)
class _Entry:
    """Something said of a period: planned or so, with the figure where one is what was asked for."""

    period: str
    planned: bool
    evidence: Evidence
    figure: Figure | None = None


def asks_timeline(query: Query) -> bool:
    """Whether a question asks how something went over time: in words, or by naming several periods."""
    spans = [p for p in query.periods if re.fullmatch(r"\d{4}-\d{4}", p)]
    several = len([p for p in query.periods if re.match(r"\d{4}|十[一二三四五六]五", p)]) > 1
    changes = re.search(r"变化|分别|趋势|增长情况|各|进展|\bchange|\beach\b", query.text)
    return bool(years_compared(query) or _ASKS.search(query.text) or ((spans or several) and changes))


def answer_timeline(query: Query, ranked: Sequence[Evidence], unknown: frozenset[str]) -> Draft | None:
    """The table of what is said of each period; None where fewer than two periods are spoken of."""
    whole = replace(query, periods=())
    entries = _measured(whole, ranked, unknown) if query.heads else []
    entries = [e for e in entries if _asked_for(query, e.period)]
    if len({e.period for e in entries}) < 2 and (beside := compare_years(query, ranked)) is not None:
        return beside
    if len({e.period for e in entries}) < 2:
        entries = [e for e in _told(whole, ranked) if _asked_for(query, e.period)]
    if len({e.period for e in entries}) < 2:
        return None
    draft = Draft(corner=phrase(query.language, "period"))
    done, planned = phrase(query.language, "column_stated"), phrase(query.language, "column_planned")
    columns = [c for c in (done, planned) if any((planned if e.planned else done) == c for e in entries)]
    for period in sorted({e.period for e in entries}, key=_when)[:MAX_ROWS]:
        label = period_text(period) if query.language == "zh" else period
        for column in columns:
            mine = [e for e in entries if e.period == period and (planned if e.planned else done) == column][:PER_CELL]
            draft.claims += [_claim(query, e, (label, column), draft) for e in mine]
            if not mine:
                draft.claims.append(Claim(phrase(query.language, "nothing_in_cell"), (), cell=(label, column)))
    return draft


def _measured(query: Query, ranked: Sequence[Evidence], unknown: frozenset[str]) -> list[_Entry]:
    matches = [m for m in match_figures(query, ranked, unknown) if m.fit in {"own", "near"} and m.figure.period]
    matches = [m for m in matches if m.fit == "own"] or matches
    found: dict[tuple[str, float, str], _Entry] = {}
    for m in matches:
        key = (m.figure.period, m.figure.value, m.figure.unit)
        found.setdefault(key, _Entry(m.figure.period, m.figure.kind != "实际值", m.evidence, m.figure))
    return list(found.values())


def _told(query: Query, ranked: Sequence[Evidence]) -> list[_Entry]:
    """Sentences on the subject that name a period themselves, best first; each stands under its last period."""
    entries = []
    for e in distinct([e for e in ranked if about(query, e) and relevant(query, e)][:60]):
        if not is_statement(e):
            continue
        periods = [p for p in dict.fromkeys((*find_periods(e.text), *_bold_years(e.text))) if _when(p) != (0, "")]
        if periods:
            planned = bool(_PLANNED.search(e.text)) or any(f.kind != "实际值" for f in e.sentence.figures)
            planned = planned or (e.hit.source.issued != "" and str(_when(periods[0])[0]) > e.hit.source.issued[:4])
            entries.append(_Entry(periods[0], planned, e))
    return entries


def _bold_years(text: str) -> list[str]:
    """Years that Markdown marks part from their 年: 到**2030**年."""
    return re.findall(r"\*\*((?:19|20)\d{2})\*\*年", text)


def _asked_for(query: Query, period: str) -> bool:
    """Whether a period lies within the span from the first to the last year that the question names; any, if it names none."""
    years = [int(y) for p in query.periods for y in re.findall(r"\d{4}", p)]
    own = [int(y) for y in re.findall(r"\d{4}", period)]
    return not years or (bool(own) and min(years) <= own[0] and own[-1] <= max(years))


def _when(period: str) -> tuple[int, str]:
    """A period as what it is sorted by: its last year, 十四五 as 2025; (0, "") for one without a year."""
    plan = re.search(r"十([一二三四五六])五", period)
    if plan:
        return (2010 + 5 * "一二三四五六".index(plan[1]), period)
    years = re.findall(r"\d{4}", period)
    return (int(years[-1]), period) if years else (0, "")


def _claim(query: Query, entry: _Entry, cell: tuple[str, str], draft: Draft) -> Claim:
    if entry.figure is not None:
        draft.figures.append((entry.figure, entry.evidence))
        figure = entry.figure
        text = phrase(
            query.language, "figure_lead", scope=scope_name(figure, query), indicator=figure.indicator,
            figure=figure.text, note=figure_note(figure, query),
        )  # fmt: skip
        return Claim(text, (entry.evidence,), cell=cell)
    span = excerpt(entry.evidence, re.compile(re.escape(entry.period[:4])))
    return Claim(phrase(query.language, "quoted", quote=span), (entry.evidence,), cell=cell, span=span)
