"""Figures: every quantity of a sentence with what it measures, whose it is, for when, and of what kind.

The scope is the point. "贵州规划机架数超30万个，2025年国内数据中心平均利用率约65%" holds two figures with two owners: the racks
are Guizhou's, the 65 % is national. The owner is looked for in the figure's own clause, then in the clauses before it,
then in what the paragraph, the headings and the document are about; a region that is only compared with, or served,
is not an owner.
"""

import re
from dataclasses import dataclass

from ingest.numbers import Quantity, find_quantities
from ingest.regions import Mention, find_regions
from ingest.types import Figure, FigureKind, FigureRole

_CLAUSE_END = re.compile(r"(?<!\d)[,，](?!\d{3}(?!\d))|(?<=\d)[,，](?!\d)|[；;。！？!?：:\n]|——")
# A region after one of these is an object (compared with, supplied, aimed at), not the owner of the figure.
_OBJECT_BEFORE = re.compile(
    r"(?:针对|对接|面向|服务于?|向|与|比|(?<!比)较|相较于?|高于|低于|不足|不到|超过|领先于?|优于|来自|除|除了|距|距离|落后于?|相当于|避免与|承接|引进)$"
)
_BASE_AFTER = re.compile(
    r"^(?:的)?(?:[几一二三四五六七八九十\d]+分之|\d+/\d|\d+(?:\.\d+)?倍|[一两二三四五六七八九十]+倍|平均水平)"
)
_YEAR_WORD = re.compile(r"(?<![\d.])((?:19|20)\d{2})(?:(?:[-—–~]+|年?[至到])((?:19|20)\d{2}))?年(?!Q[1-4])")
_HAN_YEAR = re.compile(r"[一二][九〇零○][〇零○一二三四五六七八九]{2}年")
_QUARTER = re.compile(r"^[第]?([一二三四1-4])季度")
_HALF = re.compile(r"^(上|下)半年")
_SPAN = re.compile(r"近[一二两三四五六七八九十\d]+年")
_TARGET = re.compile(
    r"(?:规划|目标|力争|争取|计划|拟|将(?!.{0,6}(?:作为|写进|列为|其))|到(?:19|20)\d{2}年(?:底|末)?|要(?:达到|实现)|确保|预期目标|建成后)"
)
_FORECAST = re.compile(r"预计|有望|预测|预期(?!目标)|估计")
_ACHIEVED = re.compile(r"(?:已|已经|达到了?|突破了?|实现了?|完成|建成(?!后)|截至)")
_MONEY = re.compile(
    r"投入|投资|资金|营收|收入|产值|成本|利润|年薪|薪资|融资|拨款|补贴|税|经费|预算|规模|增加值|GDP|金额|贷款|市值"
)
_LEADING = re.compile(
    r"^(?:其中|同时|此外|另外|而|且|并|也|还|则|但|可|已|已经|目前|当前|截至目前|全年|力争|规划|计划|预计|有望|实现|推动|使|令|把|将|"
    r"的|了|,|，|、|\s|“|”|\"|到|在|至|底|末|一季度|二季度|三季度|四季度|上半年|下半年)+"
)
_TRAILING = re.compile(
    r"(?:已经?|将|可|能|会|仅|只|就|都|均|则|为|是|达到?了?|达|有|从|由|降至|降到|提升至|提升到|提高到|提高至|增至|升至|却|竟|更|又|也|才|要|所|了|约|的)+$"
)
_TIME_PREFIX = re.compile(
    r"(?:截至|截止|到|至|在|于)?(?:(?:19|20)\d{2}年?[-—–~至到]*)*(?:(?:19|20)\d{2}年)(?:底|末|初|以来|期间|上半年|下半年|第?[一二三四1-4]季度|\d{1,2}月(?:底|末)?)?"
)
_NOUN_AFTER = re.compile(
    r"^[的以上下内左右余多]*((?:(?![仅最只用来去以已将的是在而被把换得到给了])[㐀-鿿A-Za-z]){2,12})"
)
_POINTER = re.compile(r"^(?:该省|该市|该地|其|它们|全省|全市|本省|我省|我市|当地|它的?)+")
_COMPARED = re.compile(r"(?P<word>不足|不到|超过|超|约|近|相当于|仅为|达到?)(?P<base>[^,，；;。]{1,8})的$")


@dataclass(frozen=True, slots=True)
class Context:
    """What stands above a sentence: the regions its paragraph, headings and document are about, in that order."""

    topic: tuple[str, ...] = ()
    topic_text: str = ""


def find_figures(text: str, offset: int = 0, context: Context | None = None) -> tuple[Figure, ...]:
    """Return the figures of one sentence, with offsets shifted by `offset` into the document."""
    context = context or Context()
    mentions = find_regions(text)
    return tuple(_figure(text, quantity, mentions, offset, context) for quantity in find_quantities(text))


def is_object(text: str, mention: Mention) -> bool:
    """Whether the mention is compared with, served or aimed at, rather than spoken about."""
    if _BASE_AFTER.match(text[mention.end :]):
        return True
    before = text[: mention.start]
    if _OBJECT_BEFORE.search(before):
        # 与/和 can also join two owners (广东与浙江的薪资): an object only if a comparison follows in the clause.
        joiner = before[-1:]
        clause = text[mention.end : mention.end + 24]
        return joiner != "与" or bool(re.search(r"相比|竞争|重叠|重合|差距|对接|合作|反差|不同|相反|相对", clause))
    return False


def _figure(text: str, quantity: Quantity, mentions: tuple[Mention, ...], offset: int, context: Context) -> Figure:
    start, end = _clause(text, quantity.start, quantity.end)
    before, after = text[start : quantity.start], text[quantity.end : end]
    scopes, scope_text = _scope(text, quantity, start, mentions, context)
    comparator, text_start = quantity.comparator, quantity.start
    base = _COMPARED.search(before) if quantity.unit in {"分数", "倍"} else None
    if base and not comparator:  # 不足广东的1/8: the words from the comparator on are the figure
        comparator = {"不足": "不足", "不到": "不足", "超过": "超", "超": "超", "约": "约", "近": "近"}.get(
            base["word"] or "", ""
        )
        text_start = start + base.start() if comparator else quantity.start
        before = before[: base.start()] if comparator else before
    unit = quantity.unit
    if not unit and abs(quantity.value) >= 1e4 and _MONEY.search(text[start:end]):
        unit = "元"
    return Figure(
        value=quantity.value,
        unit=unit,
        text=text[text_start : quantity.end],
        start=offset + text_start,
        end=offset + quantity.end,
        comparator=comparator,
        value_high=quantity.value_high,
        indicator=_indicator(before, after, mentions, start),
        scopes=scopes,
        scope_text=scope_text,
        period=_period(text, quantity.start, end),
        kind=_kind(text, start, quantity.start),
        role=_role(before, after),
    )


def _role(before: str, after: str) -> FigureRole:
    """Whether a figure is a level, a change, a difference from another's level, or the level before a change."""
    if before.endswith(("由", "从")) and re.match(r"[^,，。；]{0,6}(?:降|升|增|提|减|缩|扩|涨|跌|到|至)", after):
        return "原值"
    if re.search(r"(?:比|较|高于|低于).{1,20}[高低多少快慢强弱]出?(?:了|约|近|超)?$|相差(?:了|约)?$", before):
        return "差值"
    if re.search(
        r"(?:提升|提高|下降|降低|减少|缩短|增长|增加|上升|上涨|下跌|压缩|缩减|节约|节省)(?:了|约|近|超过?)*$", before
    ):
        return "变化"
    return "水平"


def clause_spans(text: str) -> list[tuple[int, int]]:
    """Spans of the clauses of `text`, without their closing mark; commas inside numbers do not part clauses."""
    spans, start = [], 0
    for match in _CLAUSE_END.finditer(text):
        if match.start() > start:
            spans.append((start, match.start()))
        start = match.end()
    if start < len(text):
        spans.append((start, len(text)))
    return spans


def _clause(text: str, start: int, end: int) -> tuple[int, int]:
    for a, b in clause_spans(text):
        if a <= start < b:
            return a, max(b, end)
    return 0, len(text)


def _scope(
    text: str, quantity: Quantity, clause_start: int, mentions: tuple[Mention, ...], context: Context
) -> tuple[tuple[str, ...], str]:
    owners = [m for m in mentions if m.end <= quantity.start and not is_object(text, m)]
    own_clause = [m for m in owners if m.start >= clause_start]
    if own_clause:
        return _joined(text, own_clause)
    following = [m for m in mentions if m.start >= quantity.end and m.start - quantity.end <= 2 and m.kind == "unnamed"]
    if following:
        return (following[0].code,), following[0].text
    for start, end in reversed([span for span in clause_spans(text) if span[1] <= clause_start]):
        inside = [m for m in owners if start <= m.start < end]
        if inside:
            return _joined(text, inside)
    return context.topic, context.topic_text


def _joined(text: str, mentions: list[Mention]) -> tuple[tuple[str, ...], str]:
    """Return the last owner and those joined to it by 、, 和, 与 or 及; a part follows its whole (广东深圳) and wins."""
    group = [mentions[-1]]
    for mention in reversed(mentions[:-1]):
        between = text[mention.end : group[0].start]
        if between in {"、", "和", "与", "及", "以及", "/", "，", ","}:
            group.insert(0, mention)
        else:
            break
    return tuple(dict.fromkeys(m.code for m in group)), text[group[0].start : group[-1].end]


def _indicator(before: str, after: str, mentions: tuple[Mention, ...], clause_start: int) -> str:
    phrase = _TIME_PREFIX.sub("", before)
    for mention in mentions:  # the owner is shown beside the indicator; a region compared with belongs to it
        if mention.start >= clause_start and not re.search(r"(?:比|与|和|较)$", phrase[: phrase.find(mention.text)]):
            phrase = phrase.replace(mention.text, "")
    phrase = _POINTER.sub("", _TRAILING.sub("", _LEADING.sub("", phrase.strip())))
    phrase = _TRAILING.sub("", re.sub(r"(?:不足|不到|超过|超|约|(?<![占环同对求])比|较)的?$", "", phrase))
    quantities = list(find_quantities(phrase))
    if quantities:  # 误检率从3%降至0.1%: the noun stands before the first of the two
        phrase = _TRAILING.sub("", phrase[: quantities[0].start]) or phrase[quantities[-1].end :]
    if len(phrase) < 2:
        noun = _NOUN_AFTER.match(after)
        phrase = phrase + noun[1] if noun else phrase
    return phrase[-24:]


def _period(text: str, position: int, clause_end: int) -> str:
    """Time that a figure is for: the last one stated before it in its sentence, else one after it in its clause."""
    stated = find_periods(text[:position])
    if stated:
        return stated[-1]
    span = _SPAN.search(text[:position])
    if span:
        return span[0]
    later = find_periods(text[position:clause_end])
    return later[0] if later else ""


def find_periods(text: str) -> tuple[str, ...]:
    """Periods named in `text`, in order: 2025, 2025Q1, 2025H1, 2025-2027, 十四五. Bare numbers are none."""
    found = [(m.start(), _year_period(text, m)) for m in _YEAR_WORD.finditer(text)]
    found += [(m.start(), f"{m[1]}Q{m[2]}") for m in re.finditer(r"(?<!\d)((?:19|20)\d{2})年?Q([1-4])", text)]
    found += [(m.start(), _han_year(m[0])) for m in _HAN_YEAR.finditer(text)]
    found += [(m.start(), m[0]) for m in re.finditer(r"十[一二三四五六]五", text)]
    return tuple(period for _, period in sorted(found))


def _han_year(text: str) -> str:
    return "".join(str("〇一二三四五六七八九".index(c.replace("零", "〇").replace("○", "〇"))) for c in text[:4])


def _year_period(text: str, match: re.Match[str]) -> str:
    year, until, tail = match[1], match[2], text[match.end() :]
    if until:
        return f"{year}-{until}"
    if quarter := _QUARTER.match(tail):
        return f"{year}Q{'一二三四'.index(quarter[1]) + 1 if quarter[1] in '一二三四' else quarter[1]}"
    half = _HALF.match(tail)
    return f"{year}H{1 if half[1] == '上' else 2}" if half else year


def _kind(text: str, clause_start: int, position: int) -> FigureKind:
    near = text[clause_start:position]
    if _FORECAST.search(near):
        return "预测"
    if _TARGET.search(near):
        return "目标值"
    if _ACHIEVED.search(near):
        return "实际值"
    lead = text[:clause_start]
    # A target stated at the head of a sentence governs its enumeration: 到2027年，打造…100个，培育…50家.
    if re.search(r"(?:到(?:19|20)\d{2}年|力争|目标)", lead) and not re.search(r"(?:已|截至|同比)", lead):
        return "目标值"
    return "实际值"
