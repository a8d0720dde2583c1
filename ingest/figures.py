"""Figures: every quantity of a sentence with what it measures, whose it is, for when, and of what kind.

The scope is the point. "贵州规划机架数超30万个，2025年国内数据中心平均利用率约65%" holds two figures with two owners: the racks
are Guizhou's, the 65 % is national. See ingest.owners for the rule, ingest.periods for times and targets.
"""

import re
from dataclasses import dataclass, replace

from ingest.numbers import Quantity, find_quantities
from ingest.owners import clause_spans, is_object, owner_of, respective_owners
from ingest.periods import find_periods, kind_of, period_of, respective_periods
from ingest.regions import Mention, find_regions, relation
from ingest.types import Figure, FigureRole

__all__ = ["Context", "clause_spans", "find_figures", "find_periods", "is_object"]

_MONEY = re.compile(
    r"投入|投资|资金|营收|收入|产值|成本|利润|年薪|薪资|融资|拨款|补贴|税|经费|预算|(?:产业|市场|经济|投资|融资|贷款|资金|贸易|营业|销售)(?:的)?规模|增加值|GDP|金额|贷款|市值"
)
# 1100多万学生, 6600多万纳税人: people and things counted without a unit are no money.
_COUNTED = re.compile(
    r"^(?:多|余|名|个|位|户)*(?:纳税人|学生|农民|群众|居民|用户|人口|人才|职工|企业|家庭|高校|毕业生|斤|公斤|亩|人|户)"
)
MAX_INDICATOR = 24  # characters; a longer phrase is shown from a border of its own on
_LEADING = re.compile(
    r"^(?:[（(]?[一二三四五六七八九十\d]{1,3}[)）]|第[一二三四五六七八九十百\d]+[条章节]|[一二三四五六七八九十]{1,3}、|其中|同时|此外|另外|而|且|并|也|还|则|但|可|已经?|目前|当前|截至|截止|全年|力争|规划(?=[一-龥]{3})|计划|目标|预计|有望|实现|推动|使|令|把|将"
    r"|要|应|须|确保|共计?|总计|合计|按照|根据|按|的|了|[,，、；;：:（(“”\"]|\s|到|在|至|于|底|末|[一二三四]季度|[上下]半年"
    r"|(?:近|未来|过去|今后|最近)[一二两三四五六七八九十\d]+年"
    r"|该省|该市|该地|其(?!他|它|余)|它们?|全省|全市|全县|全区|[本我][省市县区]|我国|当地|[两三四]省的?|[两三四]市的?|[两三四]地的?)+"
)
_TRAILING = re.compile(
    r"(?:已经?|将|可|能|会|仅|只|就|都|(?<!平)均|则|为|是|达到?了?|有|从|由|(?:增长|提高|提升|增加|上升|扩大|下降|降低|减少|缩短|降|增|升)[到至为]"
    r"|却|竟|更|又|也"
    r"|才|要|所|了|约|的|共计?|总计|合计|分别|依次|[,，、；;：:（(“”\"]|\s)+$"
)
_TIME = re.compile(
    r"(?<![比较])(?:截至|截止|到|至|在|于)?(?:(?:19|20)\d{2}年?\s?[-—–~至到和、]*)*(?:19|20)\d{2}\s?年(?:Q[1-4])?"
    r"(?:底|末|初|以来|期间|上半年|下半年|第?[一二三四1-4]季度|\d{1,2}月(?:底|末|份)?)?"
)
_NOUN_AFTER = re.compile(
    r"^[的以上下内左右余多]*((?:(?![仅最只用来去以已将的是在而被把换得到给了和与及或为获占]|位于|提出|参与|完成|实现)[㐀-鿿A-Za-z]){2,12})"
)
# Verbs that leave their noun behind the number: 培育100家以上智能工厂, 给予500万元补助, 处五万元以下罚款.
_VERB_END = re.compile(
    r"(?:建设|培育|打造|建成|形成|引进|培养|新增|推出|发布|实施|开展|支持|给予|处|奖励|创建|认定|遴选|突破|制定|开放|落地|集聚|拥有|完成"
    r"|组织|举办|新建|改造|投资|投入|筹建|设立|布局|补助|资助|提供|并处|出台|汇聚|聚集|吸引|带动|孵化|选派|招收|开设|部署|上线)$"
)
_CHANGE = re.compile(r"(?:进一步|逐步|快速)?(?:增长|提高|提升|增加|上升|扩大|下降|降低|减少|缩短|压缩)")
_COMPARED = re.compile(r"(?P<word>不足|不到|超过|超|约|近|相当于|仅为|达到?)(?P<base>[^,，；;。]{1,8})的$")


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
    mentions, quantities = find_regions(text), list(find_quantities(text))
    spans = [(q.start, q.end) for q in quantities]
    owners, periods = respective_owners(text, spans, mentions), respective_periods(text, spans)
    figures: list[Figure] = []
    for number, quantity in enumerate(quantities):
        figure = _figure(text, quantity, mentions, offset, context)
        if number in owners:
            figure = replace(figure, scopes=(owners[number].code,), scope_text=owners[number].text)
        if number in periods:
            figure = replace(figure, period=periods[number])
        nameless = not figure.indicator or (figure.scope_text and figure.indicator.endswith(figure.scope_text))
        if nameless and figures and figures[-1].unit == figure.unit:  # 其中深圳15家、广州8家; 低于国内65%的平均水平
            figure = replace(figure, indicator=figures[-1].indicator)
        figures.append(figure)
    return tuple(figures)


def _figure(text: str, quantity: Quantity, mentions: tuple[Mention, ...], offset: int, context: Context) -> Figure:
    start, end = _clause(text, quantity.start, quantity.end)
    before, after = text[start : quantity.start], text[quantity.end : end]
    scopes, scope_text = owner_of(text, quantity.start, quantity.end, start, mentions, context.topic, context.home)
    comparator, text_start = quantity.comparator, quantity.start
    base = _COMPARED.search(before) if quantity.unit in {"分数", "倍"} else None
    if base and not comparator:  # 不足广东的1/8: the words from the comparator on are the figure
        comparator = {"不足": "不足", "不到": "不足", "超过": "超", "超": "超", "约": "约", "近": "近"}.get(
            base["word"] or "", ""
        )
        text_start = start + base.start() if comparator else quantity.start
        before = before[: base.start()] if comparator else before
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
        indicator=_indicator(text, start, before, after, mentions),
        scopes=scopes,
        scope_text=scope_text or context.topic_text,
        period=period_of(text, quantity.start, end, context.lead),
        kind=kind_of(text, start, quantity.start, None if _is_yardstick(mentions, start, scopes) else context.lead),
        role=_role(before, after),
    )


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


def _indicator(text: str, start: int, before: str, after: str, mentions: tuple[Mention, ...]) -> str:
    """Noun phrase measured, as written, without its time, its owner and the verb's helpers; "" where there is none."""
    words = list(before)
    for mention in mentions:  # the owner is shown beside the indicator; a region compared with belongs to it
        if start <= mention.start and mention.end <= start + len(before) and not is_object(text, mention):
            words[mention.start - start : mention.end - start] = ["\0"] * (mention.end - mention.start)
    phrase = _TIME.sub("", "".join(words).replace("\0", ""))
    opened = phrase.rfind("（")
    if opened > phrase.rfind("）"):  # what a bracket says of its own, else what stands before it
        inner = _trimmed(phrase[opened + 1 :])
        phrase = inner if len(inner) > 1 else phrase[:opened]
    phrase = _without_others(_trimmed(phrase))
    if len(phrase) < 2 or _VERB_END.search(phrase):
        noun = _NOUN_AFTER.match(_without_quantities(after))
        phrase += re.sub(r"(?<![集其高初])[中里内]?有?$", "", noun[1]) if noun else ""
    return _shortened(phrase.lstrip("●•·-* "))


def _shortened(phrase: str) -> str:
    """The end of a long phrase from a border on (的, 、, a blank), never from inside a word."""
    if len(phrase) <= MAX_INDICATOR:
        return phrase
    borders = [m.end() for m in re.finditer(r"[的、]|\s", phrase[:-2]) if len(phrase) - m.end() <= MAX_INDICATOR]
    return phrase[borders[0] :] if borders else phrase


def _without_others(phrase: str) -> str:
    """The part of a phrase that is about its own number where it holds other numbers.

    误检率从3%降至: what stands before them; 一等奖8000元、二等奖: what stands behind; 60岁及以上常住人口: all of it.
    """
    quantities = list(find_quantities(phrase))
    if not quantities:
        return phrase
    head, behind = _trimmed(phrase[: quantities[0].start]), phrase[quantities[-1].end :]
    tail = _trimmed(behind.rpartition("、")[2])
    if len(tail) > 1 and not _CHANGE.fullmatch(tail):
        return tail if head or len(quantities) > 1 or behind[:1] in "、和及或" else phrase
    return head


def _trimmed(phrase: str) -> str:
    phrase = _TRAILING.sub("", _LEADING.sub("", phrase))
    return _TRAILING.sub(
        "", re.sub(r"(?:(?<![集其高初])中|不足|不到|超过|超|约|最高|最低|(?<![占环同对求])比|较)的?$", "", phrase)
    )


def _without_quantities(after: str) -> str:
    """What follows the quantities that stand right at the start of `after`: 罚款 of 五十万元以下罚款."""
    for quantity in find_quantities(after):
        if quantity.start > 1:
            break
        return _without_quantities(after[quantity.end :])
    return after
