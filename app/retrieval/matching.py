"""Which figures answer the question: the same measure first, then whose it is, for when, and of what kind."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from app.retrieval.asking import MONEY, SHARES, TIME, Asking, asking, base_of, months_in, other_ordinal, other_time
from app.retrieval.context import above, before, listed, naming_run, plan_period, section
from app.retrieval.evidence import names_loosely
from app.retrieval.thresholds import thresholds
from app.types import Evidence, Query
from app.understanding.measures import MEASURE_WORDS, find_heads, names_head
from app.understanding.periods import span_years
from app.understanding.terms import LEFTOVER
from ingest.facts.figures import clause_spans
from ingest.facts.period_words import plan_years
from ingest.facts.regions import find_regions, relation
from ingest.lexical import normalise
from ingest.types import TIERS, Figure

# own: what was asked. part: of a part of the region. near: the region's, but another measure, role, kind or base.
Fit = Literal["own", "part", "near", "wrong_period", "whole", "other"]
_ORDER: dict[Fit, int] = {"own": 0, "part": 1, "wrong_period": 2, "near": 3, "whole": 4, "other": 5}
_CHANGE = re.compile(
    r"提升|提高|下降|降低|减少|缩短|增长|增加|上升|上涨|下跌|节省|节约|变化|增速|增幅|降了|省下|[少多省降升涨跌]多少|\bcut|\breduc|\bincreas|\bgr[eo]w|\bsav|\bfell|\brose|\bdecreas",
    re.I,
)
_DIFFERENCE = re.compile(r"比|相差|差距|高于|低于|高多少|低多少|高出|几分之|几倍|than|compar|gap|differ", re.I)
_TARGET = re.compile(r"目标|规划|计划|预计|力争|打算|要达到|将|\btarget|\bplan|\bgoal", re.I)
_ACTUAL = re.compile(r"实际|已经|建了|建成|达到了|完成了|已建|目前|现有|现在|\bactual|\bcurrent|\bnow\b", re.I)
_SPENT = re.compile(r"花[了掉费去多]|支出|费用|开销|\bcost|\bspen", re.I)
_EARNED = re.compile(r"(?<!投资)(?<!投入)(?<!支出)规模|产值|收入|营收|利润|市值|销售额|revenue|profit", re.I)
_SAVED = re.compile(r"节省|节约|省下|省去|省了|\bsav", re.I)
_COUNTED = frozenset(("家", "所", "个", "人", "座", "项", "户", "台", "套", "名"))
_RATES = frozenset(("占比", "增速"))
_SUMS = frozenset(("薪资", "营收", "产值", "增加值", "成本", "投资", "补贴", "罚款"))
_GIVEN = frozenset(("补贴", "罚款"))  # 按租金的50%补贴, 处违法所得一倍以上十倍以下罚款
_RELATIVE = re.compile(
    r"比例|比率|百分|几成|几倍|几分之|比.{0,12}[高低多少]|提高|增长|下降|降低|share|percent|how much (?:more|less)",
    re.I,
)
_SHARE_OF = re.compile(r"占.{1,16}的?(?:约|近|超过?|达到?|至)?$|占[^，,。；;]{1,16}?(?:的|比)?[约近超达]?\d")
_TEXT_KIND = re.compile(
    r"(?:实施|管理)?(?:办法|条例|规定|通知|意见|方案|规划|细则|政策|文件)"
)  # say which text, not of what
_RULES = frozenset(("法律", "行政法规", "地方性法规", "规章", "规范性文件"))
# What a unit says by itself: 45周岁以下 is an age without the word.
_IMPLIED = {"岁": "年龄", "周岁": "年龄"}
_GRANTED = re.compile(r"给予|支持|扶持|奖补|配套|发放")
_ADDED, _TOTAL = re.compile(r"新增|净增"), re.compile(r"累计|共有|总计|合计|总共|一共")
_HALF = 0.5  # of the qualifiers, for a figure in the unit asked for to come close
# A sentence that goes on with the case of the one before it: 拒不改正的，处……; 情节严重的，处…….
_CONTINUES = re.compile(
    r"拒不|情节|逾期|造成|导致|有前款|有前述|单位有|对(?:其)?直接|构成|没有违法所得|违法所得|并处|仍不|经责令"
)


@dataclass(frozen=True, slots=True)
class FigureMatch:
    """A figure that measures what was asked, and how its scope and period fit the question."""

    figure: Figure
    evidence: Evidence
    fit: Fit
    score: float


def match_figures(query: Query, ranked: Sequence[Evidence], unknown: frozenset[str]) -> tuple[FigureMatch, ...]:
    """Figures that measure what was asked, best first: own scope before a part's, before the nation's, before others'.

    A qualifier that the corpus does not know (`unknown`: 比亚迪) can be answered by no figure: what is left is near at best.
    """
    asked = asking(query)
    implied = {_IMPLIED[unit] for unit in asked.units if unit in _IMPLIED}
    nameless = unnamed(unknown.intersection(query.qualifiers) - implied, ranked)
    matches = []
    for evidence in ranked:
        for figure in (narrowed(f) for f in evidence.sentence.figures):
            relevance = _relevance(query, evidence, figure, asked)
            full = relevance >= thresholds().full_match and not nameless and _names_thing(asked, evidence, figure)
            half = bool(asked.units) and relevance >= _HALF
            if relevance <= 0 or not (query.heads or full or half):
                continue  # without a measured noun or a unit in common, half a match is none
            fit = fit_of(query, figure, evidence)
            exact = full and _same_sort(query, figure, evidence, asked)
            if fit in {"own", "part", "wrong_period"} and not exact:
                fit = "near"
            matches.append(
                FigureMatch(
                    figure, evidence, fit, relevance + 0.1 * evidence.score + _worded(query, figure, asked, evidence)
                )
            )
    return tuple(sorted(matches, key=lambda m: (_ORDER[m.fit], -m.score)))


def narrowed(figure: Figure) -> Figure:
    """The figure of the narrowest of its owners, where its sentence names none: a city's notice on a meet of its province."""
    if figure.scope_text or len(figure.scopes) < 2:
        return figure
    inner = tuple(c for c in figure.scopes if not any(relation(c, other) == "part" for other in figure.scopes))
    return replace(figure, scopes=inner) if inner else figure


def unnamed(terms: Iterable[str], ranked: Sequence[Evidence]) -> set[str]:
    """Unknown words of a question that nothing found names in other words: 比亚迪, but not 专业人才 or a rest of a date."""
    texts = {e.hit.chunk.id: e.hit.chunk.text for e in ranked}
    asked = {term for term in terms if not LEFTOVER.fullmatch(term)}
    return {term for term in asked if not any(names_loosely(normalise(text), term) for text in texts.values())}


def _names_thing(asked: Asking, evidence: Evidence, figure: Figure) -> bool:
    """Whether the very thing asked about stands with the figure.

    收费多少 is answered by no figure whose sentence knows no fee; what right before a measure narrows it down (购车补贴,
    关税税率) must be named by the sentence, by what stands before it, or by its headings.
    """
    text = normalise(f"{evidence.text} {figure.indicator} {_IMPLIED.get(figure.unit, '')} {listed(evidence)}")
    if _CONTINUES.match(evidence.text):
        text = f"{text} {before(evidence)}"
    if asked.noun and not names_loosely(text, asked.noun) and not (len(asked.noun) > 2 and asked.noun[-2:] in text):
        return False
    around = f"{text} {before(evidence)} {above(evidence)}"
    return all(names_loosely(around, word) for word in asked.modifiers)


def _in_places(asked: Asking, evidence: Evidence) -> bool:
    """Whether the districts that the question names are named by the sentence, before it or above it."""
    around = f"{normalise(evidence.text)} {before(evidence)} {above(evidence)}" if asked.places else ""
    return all(place in around for place in asked.places)


def _worded(query: Query, figure: Figure, asked: Asking, evidence: Evidence) -> float:
    """What speaks for a figure among several that fit: its indicator in the question's words, the end asked for."""
    indicator, question = normalise(figure.indicator), normalise(query.text)
    grams = {indicator[i : i + 2] for i in range(len(indicator) - 1)}
    worded = 0.3 * sum(gram in question for gram in grams) / len(grams) if grams else 0.0
    ends = {"upper": {"至多", "以下"}, "lower": {"至少", "以上"}}.get(asked.end, set())
    worded -= 0.01 * TIERS.index(evidence.hit.source.tier)
    worded += 0.2 if asked.noun and indicator.endswith(asked.noun) else 0.0
    return worded + (0.1 if figure.comparator in ends or (ends and figure.value_high is not None) else 0.0)


def asks_amount(question: str) -> bool:
    """Whether only a figure can answer: how many, how much, how long, by how much."""
    return bool(
        re.search(
            r"多少|几分之|百分之几|多久|多长时间|(?<![好十百千万])几(?:个|家|所|年|倍|成|项|人|座|名|位|天|日|月|小时|款|份|次|类|种|条|户|周|万|亿|元|块)"
            r"|\bhow (?:many|much|large|big|long|high)\b",
            question,
            re.I,
        )
    )


def measures_asked(query: Query, evidence: Evidence, figure: Figure) -> bool:
    """Whether a figure measures what is asked for, of whatever."""
    return any(_measures(head, figure, normalise(clause_of(evidence, figure))) for head in query.heads)


def clause_of(evidence: Evidence, figure: Figure) -> str:
    """The clause of the sentence in which the figure stands."""
    text, at = evidence.text, figure.end - evidence.sentence.start - 1
    return next((text[start:end] for start, end in clause_spans(text) if start <= at < end), text)


def _relevance(query: Query, evidence: Evidence, figure: Figure, asked: Asking) -> float:
    """How well a figure measures what was asked, 0 where it does not: the noun must be the same, its qualifiers should.

    A qualifier counts by where it is named: beside the figure, in its sentence, before it in its chunk, in its headings.
    """
    around = normalise(clause_of(evidence, figure))
    sentence = normalise(evidence.text)
    if asked.units:
        if figure.unit not in asked.units:
            return 0.0
        if query.heads and not any(
            _fits_units(head, asked.units) or names_head(sentence, head) for head in query.heads
        ):
            return 0.0
    elif query.heads and not any(_measures(head, figure, around) for head in query.heads):
        return 0.0
    if len(query.heads) > 1 and "占比" in query.heads and figure.unit not in SHARES:
        return 0.0  # 租金补贴的比例: the share, not the sum
    if not query.qualifiers:
        return 1.0
    terms = [t for t in query.qualifiers if not LEFTOVER.fullmatch(t) and t not in MEASURE_WORDS]
    terms = [t for t in terms if not _TEXT_KIND.fullmatch(t)] or terms
    if not terms:
        return 1.0
    naming, implied = naming_run(query.text, evidence.hit.source.title), _IMPLIED.get(figure.unit, "")
    places = (
        (1.0, f"{around} {normalise(figure.indicator)} {implied}"), (0.9, f"{sentence} {normalise(listed(evidence))}"),
        (0.9, naming), (0.8, section(evidence)), (0.8 if _CONTINUES.match(sentence) else 0.5, before(evidence)),
        (0.5, above(evidence)),
    )  # fmt: skip
    whole = 1.0 if _sum_fits(query, figure) else 0.55  # a share is no sum: what comes closest at best
    weights = (next((weight for weight, text in places if names_loosely(text, term)), 0.0) for term in terms)
    score = whole * sum(weights) / len(terms)
    return score if score >= thresholds().min_match else 0.0


def _fits_units(head: str, units: frozenset[str]) -> bool:
    """Whether a measure needs no word beside a figure in one of the units: a number of things, a term in days."""
    return head == "数量" or (head == "期限" and units <= TIME)


def _measures(head: str, figure: Figure, around: str) -> bool:
    """Whether the figure's own words name the measure; shares and rates must also have the unit of one, sums that of money."""
    if head == "增速":
        grows = figure.role == "变化" or figure.indicator.endswith("增长")
        return figure.unit in {"%", "百分点"} and (grows or names_head(around, head))
    if head == "数量" and figure.unit in _COUNTED:
        return True  # 高校超400所: the unit says that it is a number of them; of what, the qualifiers decide
    if head == "占比" and figure.unit in SHARES and (_SHARE_OF.search(around) or names_head(around, "市场占有率")):
        return True
    if head == "补贴" and figure.unit in {*MONEY, "%"} and _GRANTED.search(around):
        return True  # 给予20万元支持
    if not (names_head(normalise(figure.indicator), head) or names_head(around, head)):
        return False
    if head.endswith("率") or head in _RATES:
        fits = figure.unit in {*SHARES, ""}
    elif head == "数量":
        fits = figure.unit not in {"%", "百分点", "元", "年"}
    elif figure.unit in {"年", "个月", "天"}:
        fits = "周期" in head or "期限" in head
    elif head in _SUMS:
        fits = True
    else:  # 规模…其中占比达40%: the share names its own measure, so it is not the size that was asked for
        own = find_heads(normalise(figure.indicator))
        fits = not own or head in own or figure.unit == "元"
    return fits


def _sum_fits(query: Query, figure: Figure) -> bool:
    """Whether a figure has the unit of the sums asked for: money, or a share or a multiple where a rule grants or fines by it."""
    heads = _SUMS.intersection(query.heads)
    if not heads or asking(query).units or figure.unit in {*MONEY, ""}:
        return True
    if figure.unit not in {"%", "倍", "分数", "百分点"}:
        return False
    return bool(heads & _GIVEN or _RELATIVE.search(query.text) or _CHANGE.search(query.text))


_CONDITION = re.compile(
    r"条件|门槛|要求|资格|标准|什么情况|达到|符合|超过|不足|以上|以下|threshold|eligib|qualif|condition"
)


def _same_sort(query: Query, figure: Figure, evidence: Evidence, asked: Asking) -> bool:
    """Whether level, change, difference, target and actual are what the question asks for, and per what."""
    text = query.text
    if contradicts(query, evidence, figure):
        return False
    relative = (
        bool(query.bases) or any(f.unit in {"分数", "倍"} for f in query.figures) or bool(_DIFFERENCE.search(text))
    )
    if is_relative(figure) and not relative:
        return False
    return figure.role != "条件" or bool(_CONDITION.search(text) or asked.end) or _is_noun(asked, figure)


def contradicts(query: Query, evidence: Evidence, figure: Figure) -> bool:
    """Whether a figure is plainly of another sort, or another round, than is asked for.

    A rise for a fall, a difference for a level, what was saved or earned for what was spent, a total for what was added, a
    target for what was reached, an hour's for a month's, a difference from somebody else.
    """
    if other_ordinal(query.text, f"{evidence.text} {evidence.hit.source.title}"):
        return True
    text, clause, base = query.text, clause_of(evidence, figure), asking(query).base
    at = clause.find(figure.text)
    if base and at >= 0:
        stated = base_of(clause[:at], clause[at + len(figure.text) :]) & {"月", "日", "年", "小时"}
        if stated and base not in stated:
            return True
    if figure.role == "变化":
        up, down, asks_up, asks_down = _rises(figure.indicator), _falls(figure.indicator), _rises(text), _falls(text)
        if (up and asks_down and not asks_up) or (down and asks_up and not asks_down):
            return True
        if not (_CHANGE.search(text) or "增速" in query.heads):
            return True
    if _SPENT.search(text) and any(
        pattern.search(said) and not pattern.search(text)
        for pattern, said in ((_SAVED, clause), (_EARNED, figure.indicator))
    ):
        return True
    if figure.role == "差值" and not _DIFFERENCE.search(text):
        return True
    if (_ADDED.search(text) and _TOTAL.search(clause) and not _ADDED.search(clause)) or (
        _TOTAL.search(text) and _ADDED.search(clause) and not _TOTAL.search(clause)
    ):
        return True  # 新增 of a quarter is not what there is in all
    if not _same_bases(query, evidence, figure):
        return True
    if _TARGET.search(text):
        return figure.kind == "实际值" and bool(re.search(r"目标|target|goal", text))
    return bool(_ACTUAL.search(text)) and figure.kind == "目标值"


def _is_noun(asked: Asking, figure: Figure) -> bool:
    """Whether the very thing asked about is what the figure measures: 人均预期寿命提高到80岁 is no condition."""
    return bool(asked.noun) and normalise(figure.indicator).endswith(asked.noun)


def _falls(text: str) -> bool:
    return bool(re.search(r"降|减|缩|跌|节|省下|少(?=多少|了)|\bcut|\breduc|\bfell|\bdecreas|\bsav", text))


def _rises(text: str) -> bool:
    return bool(re.search(r"提[升高]|增|上[升涨]|涨|扩|多(?=多少|了)|\bincreas|\bgr[eo]w|\brose", text))


def _same_bases(query: Query, evidence: Evidence, figure: Figure) -> bool:
    """Whether what the question compares with is what the sentence compares with (不足广东的1/8 is not 不足浙江的1/8)."""
    named = {m.code for m in find_regions(evidence.text)} - set(figure.scopes) if query.bases else set()
    return all(any(relation(base, code) == "same" for code in named) for base in query.bases)


def is_relative(figure: Figure) -> bool:
    """Whether a figure says how many only beside another number: 不足广东的1/8."""
    return figure.unit in {"分数", "倍"}


def fit_of(query: Query, figure: Figure, evidence: Evidence) -> Fit:
    """Whose a figure is and for when, against what the question asks; its measure is not looked at."""
    asked = asking(query)
    fit = _fit(query, figure, evidence) if _in_places(asked, evidence) else "other"
    late = fit in {"own", "part"} and other_time(asked, evidence.text, f"{before(evidence)} {above(evidence)}")
    return "wrong_period" if late else fit


def _fit(query: Query, figure: Figure, evidence: Evidence) -> Fit:
    scope: Fit = "own"
    if query.regions:
        kinds = {relation(asked, code) for asked in query.regions for code in figure.scopes}
        if "same" in kinds:
            scope = "own"
        elif "part" in kinds:
            scope = "part"
        elif "whole" in kinds or "national" in kinds:
            scope = "whole"
        else:
            scope = "other"
    period = figure.period or _year_above(query, evidence) or _planned(query, evidence) or _in_force(figure, evidence)
    fits = period_fits(query, period) or _set_by_plan(query, figure, evidence)
    return "wrong_period" if scope in {"own", "part"} and not fits else scope


def _year_above(query: Query, evidence: Evidence) -> str:
    """The year that the title gives to the span of months that its sentence names without one: 4月至6月，新增93款."""
    named = {span[1:] for span in months_in(evidence.text)}
    spans = months_in(evidence.hit.source.title) if named and asking(query).months else ()
    return next((year for year, *span in spans if year and tuple(span) in named), "")


def _planned(query: Query, evidence: Evidence) -> str:
    """The plan that the sentence's headings or its text's title name, where the question is for a plan."""
    return plan_period(evidence) if any(period.endswith("五") for period in query.periods) else ""


def _set_by_plan(query: Query, figure: Figure, evidence: Evidence) -> bool:
    """Whether a plan that is asked for sets the figure as its aim for one of its own years: 到2025年 in the 十四五 plan."""
    plan = plan_period(evidence)
    if plan not in query.periods or figure.kind != "目标值":
        return False
    return figure.period[:4].isdigit() and int(figure.period[:4]) in plan_years(plan)


def _in_force(figure: Figure, evidence: Evidence) -> str:
    """The year of a rule, which is that of its amounts where it gives none: 2019年的补贴标准 is what the 2019 text says."""
    source = evidence.hit.source
    rule = source.tier == "政策原文" and source.doc_type in _RULES and figure.kind == "实际值"
    return source.issued[:4] if rule else ""


def period_fits(query: Query, period: str) -> bool:
    """Whether a figure's period is the one asked for: the same, or a span of years around the year asked.

    A figure without a period does not answer a question for a year, nor a quarter's one for the whole year.
    """
    for asked in query.periods:
        if asked == period or (asked[:1] in {"Q", "H"} and period.endswith(asked)):
            return True
        span = re.fullmatch(r"(\d{4})-(\d{4})", asked)  # 近三年: what is of one of its years belongs to it
        own = re.findall(r"(?<!\d)\d{4}", period)
        if span and own and span[1] <= own[0] and own[-1] <= span[2]:
            return True
        if span and span_years(period) == int(span[2]) - int(span[1]) + 1:
            return True  # 近五年 in the question and in the text
        years = re.fullmatch(r"(\d{4})-(\d{4})", period)
        if years and asked.isdigit() and int(years[1]) <= int(asked) <= int(years[2]):
            return True
    return not query.periods
