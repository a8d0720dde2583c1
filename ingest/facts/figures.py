"""Figures: every quantity of a sentence with what it measures, whose it is, for when, and of what kind.

The scope is the point. "贵州规划机架数超30万个，2025年国内数据中心平均利用率约65%" holds two figures with two owners: the racks
are Guizhou's, the 65 % is national. See ingest.facts.owners for the rule, ingest.facts.periods for times and targets.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from ingest.facts.indicators import carried, indicator_of
from ingest.facts.numbers import Quantity, find_quantities
from ingest.facts.owners import clause_spans, is_object, owner_of, respective_owners
from ingest.facts.periods import find_periods, kind_of, period_of, respective_periods
from ingest.facts.regions import Mention, find_regions, relation
from ingest.types import Figure, FigureRole

__all__ = ["Context", "clause_spans", "find_figures", "find_periods", "is_object"]

_MONEY = re.compile(
    r"投入|投资|资金|营收|收入|产值|成本|利润|年薪|薪资|融资|拨款|补贴|税|经费|预算|(?:产业|市场|经济|投资|融资|贷款|资金|贸易|营业|销售)(?:的)?规模|增加值|GDP|金额|贷款|市值"
)
# 1100多万学生, 6600多万纳税人: people and things counted without a unit are no money.
_COUNTED = re.compile(
    r"^(?:多|余|名|个|位|户)*(?:纳税人|学生|农民|群众|居民|用户|人口|人才|职工|企业|家庭|高校|毕业生|斤|公斤|亩|人|户)"
)
_COMPARED = re.compile(
    r"(?P<word>不足|不到|(?<![不得])超过|(?<![不得])超|约|近|相当于|仅为|达到?)(?P<base>[^,，；;。]{1,8})的$"
    r"|(?P<bound>不得?(?:超过|高于|大于|低于|少于|小于))(?P<whole>[^,，；;。0-9%]{2,28}?)[的之]?$"
)
_OF_BASE = {"不足": "不足", "不到": "不足", "超过": "超", "超": "超", "约": "约", "近": "近"}
_LISTED = re.compile(r"(?:[/／][一-龥]{1,2})?(?:[、，,]|和|及|或|与|以及|或者)")
_ABOVE, _BELOW = {"以上"}, {"以下", "不足", "至多"}


@dataclass(frozen=True, slots=True)
class Context:
    """What stands above a sentence: the regions its paragraph, headings and document are about, in that order.

    `lead` is what stands before the sentence in the same enumeration (到2027年，…；…；), for periods and targets;
    `home` are the document's regions, which 全省 and 全市 point to.
    """

    topic: tuple[str, ...] = ()
    topic_text: str = ""
    lead: str = ""
    home: tuple[str, ...] = ()


def find_figures(text: str, offset: int = 0, context: Context | None = None) -> tuple[Figure, ...]:
    """Return the figures of one sentence, with offsets shifted by `offset` into the document."""
    context = context or Context()
    mentions, quantities = find_regions(text), _bounded(list(find_quantities(text)), text)
    spans = [(q.start, q.end) for q in quantities]
    owners, periods = respective_owners(text, spans, mentions), respective_periods(text, spans)
    figures: list[Figure] = []
    for number, quantity in enumerate(quantities):
        figure = _figure(text, quantity, mentions, offset, context)
        if number in owners:
            figure = replace(figure, scopes=(owners[number].code,), scope_text=owners[number].text)
        if number in periods:
            figure = replace(figure, period=periods[number])
        earlier = figures[-1] if figures else None
        if earlier and earlier.unit == figure.unit and _LISTED.fullmatch(text[spans[number - 1][1] : quantity.start]):
            figure = replace(figure, indicator=earlier.indicator)  # 10万元、20万元和50万元的奖励
        else:
            clause = _clause(text, quantity.start, quantity.end)[0]
            subject = earlier.indicator if earlier else ""
            figure = replace(figure, indicator=carried(figure.indicator, subject, text, clause))
        nameless = not figure.indicator or (figure.scope_text and figure.indicator.endswith(figure.scope_text))
        if nameless and figures and figures[-1].unit == figure.unit:  # 其中深圳15家、广州8家; 低于国内65%的平均水平
            figure = replace(figure, indicator=figures[-1].indicator)
        figures.append(figure)
    return tuple(figures)


def _bounded(quantities: Sequence[Quantity], text: str) -> list[Quantity]:
    """The quantities with 五万元以上五十万元以下 (不满, 不超过 五十万元) put together as one range."""
    found: list[Quantity] = []
    for quantity in quantities:
        low = found[-1] if found else None
        if (
            low
            and low.comparator in _ABOVE
            and low.value_high is None is quantity.value_high
            and quantity.comparator in _BELOW
            and low.unit in {quantity.unit, ""}
            and low.value < quantity.value
            and text[low.end : quantity.start] in {"", "、", "，", ","}
        ):
            found[-1] = replace(low, unit=quantity.unit, comparator="", end=quantity.end, value_high=quantity.value)
        else:
            found.append(quantity)
    return found


def _figure(text: str, quantity: Quantity, mentions: tuple[Mention, ...], offset: int, context: Context) -> Figure:
    start, end = _clause(text, quantity.start, quantity.end)
    before, after = text[start : quantity.start], text[quantity.end : end]
    scopes, scope_text = owner_of(text, quantity.start, quantity.end, start, mentions, context.topic, context.home)
    comparator, text_start, whole = quantity.comparator, quantity.start, ""
    base = None if comparator or quantity.unit not in {"分数", "倍", "%"} else _COMPARED.search(before)
    if base and base["bound"]:  # 不超过投资额的10%: what it is a part of is what is measured, unless a measure is named
        whole = base["whole"]
        comparator = "至少" if base["bound"][-2:] in {"低于", "少于", "小于"} else "至多"
        before = before[: base.start()]
    elif base and quantity.unit != "%" and (comparator := _OF_BASE.get(base["word"], "")):
        text_start = start + base.start()  # 不足广东的1/8: the words from the comparator on are the figure
        before = before[: base.start()]
    unit = quantity.unit
    if not unit and abs(quantity.value) >= 1e4 and _MONEY.search(text[start:end]) and not _COUNTED.match(after):
        unit = "元"
    return Figure(
        value=quantity.value,
        unit=unit,
        text=text[text_start : quantity.end],
        start=offset + text_start,
        end=offset + quantity.end,
        comparator=comparator,
        value_high=quantity.value_high,
        indicator=indicator_of(text, start, before, after, unit, mentions, scope_text) or whole,
        scopes=scopes,
        scope_text=scope_text or context.topic_text,
        period=period_of(text, quantity.start, end, context.lead),
        kind=kind_of(text, start, quantity.start, None if _is_yardstick(mentions, start, scopes) else context.lead),
        role="条件" if _is_condition(text, quantity) else _role(before, after),
    )


# 交易金额不足一万元的，处……罚款; 注册量达100件以上的机构，给予奖励; （三）泄露100万人以上信息的。: what a rule asks for, not what
# it gives.
_CONDITION = re.compile(
    r"[^，,。；;：:]{0,30}的(?:[一-龥、（）()]{0,16}[，,](?=[^。；;]{0,40}(?:处|罚|给予|奖励|补贴|补助|资助|支持|责令|可以|应当|不得|按|予以))|[。；;])"
)
_LISTED = re.compile(r"^\s*[（(]?[一二三四五六七八九十\d]{1,3}[）)、.．]")


def _is_condition(text: str, quantity: Quantity) -> bool:
    if quantity.unit in {"岁", "周岁"}:
        return True  # an age says whom a rule is for
    found = _CONDITION.match(text, quantity.end)
    return found is not None and (found[0][-1] in "，," or _LISTED.match(text) is not None)


def _is_yardstick(mentions: tuple[Mention, ...], start: int, scopes: tuple[str, ...]) -> bool:
    """Whether the clause at `start` sets the nation's number beside another's: that one's target is not the nation's."""
    named = [m for m in mentions if m.start >= start and m.code in scopes]
    return bool(named) and any(m.start < start and relation(m.code, named[0].code) == "national" for m in mentions)


def _role(before: str, after: str) -> FigureRole:
    """Whether a figure is a level, a change, a difference from another's level, or the level before a change."""
    if re.search(r"[由从](?:(?:19|20)\d{2}年(?:的|底|末)*)?$", before) and re.match(
        r"[^,，。；]{0,6}(?:降|升|增|提|减|缩|扩|涨|跌|到|至)", after
    ):
        return "原值"
    if re.search(r"(?:比|较|高于|低于).{1,20}[高低多少快慢强弱]出?(?:了|约|近|超)?$|相差(?:了|约)?$", before):
        return "差值"
    if re.search(
        r"(?:提升|提高|下降|降低|减少|缩短|增长|增加|上升|上涨|下跌|压缩|缩减|节约|节省)(?:了|约|近|超过?)*$", before
    ):
        return "变化"
    return "水平"


def _clause(text: str, start: int, end: int) -> tuple[int, int]:
    for a, b in clause_spans(text):
        if a <= start < b:
            return a, max(b, end)
    return 0, len(text)
