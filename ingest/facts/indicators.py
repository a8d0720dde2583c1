"""What a figure measures: the noun phrase beside it, as written."""

import re
from collections.abc import Sequence
from itertools import islice

from ingest.facts.numbers import Quantity, find_quantities
from ingest.facts.owners import is_object
from ingest.facts.regions import Mention

__all__ = ["MAX_INDICATOR", "carried", "indicator_of"]

NEAR = 100  # characters on either side of a figure that are looked at: what it measures stands beside it
# Figures beside one another, more of which are a table's row: not all of them are read again for each of them.
_MANY, _LAST = 6, 24  # the last of so many ends among the last characters
MAX_INDICATOR = 24  # characters; a longer phrase is shown from a border of its own on
_LEADING = re.compile(
    r"^(?:[（(]?[一二三四五六七八九十\d]{1,3}[)）]|第[一二三四五六七八九十百\d]+[条章节]|[一二三四五六七八九十]{1,3}、|其中|同时|此外|另外|而|且|并|也|还|则|但|可以?|分别|不?含[）)]|已经?|目前|当前|截至|截止|全年|力争|规划(?=[一-龥]{3})|计划(?!单列)|目标|预计|有望|实现|推动|使|令|把|将"
    r"|要|应(?![用急])当?|须|确保|共计?|总计|合计|按照|根据|按|的|了|[,，、；;：:（(“”\"]|\s|到|在|至|于|底|末|[一二三四]季度|[上下]半年"
    r"|(?:近|未来|过去|今后|最近)[一二两三四五六七八九十\d]+年"
    r"|该省|该市|该地|其(?!他|它|余)|它们?|全省|全市|全县|全区|[本我][省市县区]|我国|当地|[两三四]省的?|[两三四]市的?|[两三四]地的?"
    r"|[省市县区](?=[、，,的]))+"
)
_TRAILING = re.compile(
    r"(?:已经?|将|可|能|会|仅|只|就|都|(?<!平)均|则|为|是|达到?了?|有|从|由|(?:增长|提高|提升|增加|上升|扩大|下降|降低|减少|缩短|降|增|升)[到至为]"
    r"|却|竟|更|又|也|原则上"
    r"|才|要|所|了|约|的|共计?|总计|合计|分别|依次|[,，、；;：:（(“”\"]|\s)+$"
)
_TIME = re.compile(
    r"(?<![比较])(?:截至|截止|到|至|在|于)?(?:(?:19|20)\d{2}年?\s?[-—–~至到和、]*)*(?:19|20)\d{2}\s?年(?:Q[1-4])?"
    r"(?:底|末|初|以来|期间|上半年|下半年|第?[一二三四1-4]季度|\d{1,2}月(?:底|末|份)?)?"
)
# 应用, 未来, 在线, 供给 are nouns whose characters alone are verbs.
_NOUN_CHAR = (
    r"(?:(?![仅最只用来去以已将的是在而把换得到给了和与及或为获占]|被(?!调查)|位于|提出|参与|完成|实现)[㐀-鿿A-Za-z]"
    r"|(?<=[应信通专商民公费])用|(?<=未)来|在(?=[线岗校])|(?<=供)给|和(?=谐))"
)
_NOUN_AFTER = re.compile(
    r"^[的以上下内左右余多]*+(?!应(?![用急])|可(?![再信])|需(?!求)|须|均(?!衡)|都(?!市)|也|并(?![网购])|且|则|能(?![源力耗量])|会(?![议员展]))"
    rf"({_NOUN_CHAR}(?:(?!支持|予以|用于){_NOUN_CHAR}){{1,19}})"
)
# Verbs that leave their noun behind the number: 培育100家以上智能工厂, 给予500万元补助, 处五万元以下罚款.
_VERB_END = re.compile(
    r"(?:建设|培育|打造|建成|形成|引进|培养|新增|推出|发布|实施|开展|支持|给予|处|奖励|创建|认定|遴选|突破|制定|开放|落地|集聚|拥有|完成"
    r"|组织|举办|新建|改造|投资|投入|筹建|设立|布局|补助|资助|提供|并处|出台|汇聚|聚集|吸引|带动|孵化|选派|招收|开设|部署|上线"
    r"|安排|开出|发放|收取|加收|支付|拨付|争取|申请|提交|容纳|履行|导致|配备|惠及|接待|培训)$"
)
# The base of a rate is no part of the measure: 给予每人每月3000元, 按1000元/人的标准给予.
_PER = re.compile(r"(?:按照?|分别|每(?:人|个|户|家|年|月|件|次|所|台|吨|亩|天|日|辆|座|张|项|学年|学期))+$")
_BY = re.compile(r"^(?:[/／][一-龥]{1,2})+")
_GIVEN = re.compile(r"^的?(?:标准|比例|额度)?(?:分别|一次性)?(?:给予|予以|发放|计发)")
_GIVEN_TO = re.compile(r"(?:给予|发放|奖励|补助)[^，,]{2,24}$")
_COUNTS = frozenset("个 家 人 项 件 条 座 台 所 处 款 种 类 例 起 篇 辆 张 笔 支 户".split())
_NUMBER_OF = re.compile(r"(?:数|量|规模|人口|总计|面积|[率额值])$")
_MEASURE_END = re.compile(
    r"(?:[率额量数值价费]|薪资|工资|收入|规模|比重|占比|比例|水平|速度|面积|利润|成本|投入|人口|指数|投资|期限)$"
)
_HELD = re.compile(
    r"(?:保持|持续|稳步|稳定|不断|大幅|明显|显著|逐步)+(?:增长|提高|提升|增加|上升|扩大|下降|降低|减少|稳定|平稳)?$"
)
_BARE_CHANGE = re.compile(
    r"(?:(?:比|较|高于|低于)[^的]{1,12}?)?(?:同比|环比|年均|累计|平均|又|再)*"
    r"(?:增长|提高|提升|增加|上升|扩大|下降|降低|减少|缩短|高出?|低|多|少|快|增|降|升)(?:幅度)?"
)
_COMPARED_WITH = re.compile(r"(?:比|较)[^的]{1,12}?(?=(?:增长|提高|提升|增加|上升|扩大|下降|降低|减少|缩短)$)")
_CHANGE = re.compile(r"(?:进一步|逐步|快速)?(?:增长|提高|提升|增加|上升|扩大|下降|降低|减少|缩短|压缩)")


def indicator_of(
    text: str, start: int, before: str, after: str, unit: str, mentions: tuple[Mention, ...], owner: str = ""
) -> str:
    """Noun phrase measured, as written, without its time, its owner and the verb's helpers; "" where there is none.

    `before` and `after` are what stands beside the figure in its clause, which begins at text[start]; `owner` is how its
    owner reads.
    """
    start, before, after = start + len(before[:-NEAR]), before[-NEAR:], after[:NEAR]
    words = list(before)
    for mention in mentions:  # the owner is shown beside the indicator; a region compared with belongs to it
        if start <= mention.start and mention.end <= start + len(before) and not is_object(text, mention):
            words[mention.start - start : mention.end - start] = ["\0"] * (mention.end - mention.start)
    phrase = _TIME.sub("", "".join(words).replace("\0", "").removeprefix(owner))
    opened = phrase.rfind("（")
    if opened > phrase.rfind("）"):  # what a bracket says of its own, else what stands before it
        inner = _trimmed(phrase[opened + 1 :])
        phrase = inner if len(inner) > 1 else phrase[:opened]
    if phrase.endswith(("和", "及", "与", "或", "、")):
        counted = list(islice(find_quantities(phrase), _MANY))
        if counted and _behind(phrase, counted)[:-1].strip():  # 90%以上乡镇和60%以上…, but not 10万元、20万元
            phrase = ""
    phrase = _trimmed(_PER.sub("", _without_others(_trimmed(phrase))))
    behind = _GIVEN.sub("", _without_quantities(after))
    found = _NOUN_AFTER.match(behind)
    noun = re.sub(r"(?<![集其高初])[中里内]?有?$", "", found[1]) if found else ""
    noun = "" if noun in {"比例", "标准", "额度", "部分", "水平"} else noun
    if len(phrase) < 2 or _VERB_END.search(phrase):
        phrase += noun
    elif noun and unit == "元" and _GIVEN_TO.search(phrase):
        phrase = noun  # 给予市级企业100万元奖补
    elif noun and unit in _COUNTS and not _NUMBER_OF.search(phrase):
        phrase = noun  # 每个赛道仅可提交1个作品: what is counted stands behind its unit
    if len(phrase) < 2 or phrase in {"是指", "指"}:
        phrase = _named_before(text, start) or phrase
    return _shortened(phrase.lstrip("●•·-* "))


def carried(indicator: str, earlier: str, text: str, start: int) -> str:
    """The indicator with its subject where it only says how that changes: 国内生产总值126万亿元，增长5.2%.

    `earlier` is the indicator of the figure before in the sentence, "" if there is none; then the clause before may
    name the subject (平均薪资，比中西部高30%). `start` is where the figure's clause begins.
    """
    if not _BARE_CHANGE.fullmatch(indicator):
        return indicator
    return _shortened((earlier or _subject_before(text, start)) + indicator)


def _subject_before(text: str, start: int) -> str:
    """The measure that the clause before text[start] names at its end, "" if it ends with none."""
    clause = re.split(r"[,，;；:：。！？]", text[:start].rstrip(",，;；:："))[-1]
    clause = _HELD.sub("", clause)  # 社会物流总额保持稳定增长，2020年超过300万亿元
    return _trimmed(clause).rpartition("的")[2] if _MEASURE_END.search(clause) else ""


def _named_before(text: str, start: int) -> str:
    """What the clause before gives (…给予资助，最高不超过20万元), sets a bound to (补助比率，不得超过…) or defines (所称青年，是指…)."""
    clause = re.split(r"[,，;；:：。！？]", text[:start].rstrip(",，"))[-1]
    if match := re.search(r"(?:给予|予以|发放|享受|所称)(?:一次性)?([一-龥]{2,10})$", clause):
        return match[1]
    return _subject_before(text, start)


def _shortened(phrase: str) -> str:
    """The end of a long phrase from a border on (的, 、, a blank), never from inside a word; its base of comparison goes first."""
    if len(phrase) > MAX_INDICATOR:
        phrase = _COMPARED_WITH.sub("", phrase)
    if len(phrase) <= MAX_INDICATOR:
        return phrase
    borders = [m.end() for m in re.finditer(r"[的、]|\s", phrase[:-2]) if len(phrase) - m.end() <= MAX_INDICATOR]
    return phrase[borders[0] :] if borders else phrase


def _without_others(phrase: str) -> str:
    """The part of a phrase that is about its own number where it holds other numbers.

    误检率从3%降至: what stands before them; 一等奖8000元、二等奖: what stands behind; 60岁及以上常住人口: all of it.
    """
    quantities = list(islice(find_quantities(phrase), _MANY))
    if not quantities:
        return phrase
    behind = _behind(phrase, quantities)
    head, tail = _trimmed(phrase[: quantities[0].start]), _trimmed(behind.rpartition("、")[2])
    if len(tail) > 1 and not _CHANGE.fullmatch(tail):
        return tail if head or len(quantities) > 1 or behind[:1] in "、和及或" else phrase
    return head


def _behind(phrase: str, first: Sequence[Quantity]) -> str:
    """What stands behind the last quantity of a phrase, of which `first` are the first _MANY."""
    if len(first) < _MANY:
        return phrase[first[-1].end :]
    parts = (phrase[-_LAST:], phrase)
    return next(part[found[-1].end :] for part in parts if (found := list(find_quantities(part))))


def _trimmed(phrase: str) -> str:
    phrase = _TRAILING.sub("", _LEADING.sub("", phrase))
    return _TRAILING.sub(
        "", re.sub(r"(?:(?<![集其高初])中|不足|不到|超过|超|约|最高|最低|(?<![占环同对求])比|较)的?$", "", phrase)
    )


def _without_quantities(after: str) -> str:
    """What follows the quantities that stand right at the start of `after`: 罚款 of 五十万元以下罚款."""
    for _ in range(_MANY):
        after = _BY.sub("", after)
        first = next(find_quantities(after), None)
        if first is None or first.start > 1:
            break
        after = after[first.end :]
    return after
