"""What kind of answer a question wants."""

import re

from app.types import QuestionKind
from app.understanding.measures import find_heads
from ingest.facts.numbers import find_quantities

COMPARE = re.compile(
    r"比较|对比|不一样|哪里不同|孰优|相比|区别|差异|差别|不同(?!意)|异同|哪[个家](?:更|强|好|最)|谁的?.{0,8}(?:更|强|多|高|大)|谁更|孰|差在哪|差距(?:在哪|有哪些|是什么)"
    r"|\bwhich (?:is|one|has|are)\b.{0,30}\b(?:\w+er|more|better)\b|\bvs\b|\bversus\b|\bcompar|\bdiffer|比.{1,8}(?:如何|怎么?样)|比.{1,6}(?:高|低|多|少|好|强)",
    re.I,
)
_CLAIM = re.compile(
    r"(?<!可以)吗[？?。!！]*(?:谢谢[。!！]?)?$|(?<![什怎多那这要])么[？?]?$|是不是|是否|有没有|有木有|对不对|是真的|真的假的|属实"
    r"|(?<!怎)(?<!多)([一-龥])(?:不|没)\1(?!多)|(?:了|过|有)没有?[？?]?$"
    r"|^(?:is|are|was|were|does|do|did|has|have|can|could|will|must|should|may)\b",
    re.I,
)
# 多不多, 高不高: the amount is asked for, not a yes.
_DEGREE = re.compile(r"([多高大快])不\1")
_REASON = re.compile(
    r"为什么|为何|原因|为啥|咋(?:就|会|这么)|怎么会|怎么(?:就|这么)|失败|风险|隐患|陷阱|困境|挑战|短板|瓶颈|教训|缺点|不足之处"
    r"|有什么问题|问题是|问题[？?。]?$|因素|不行|导致|造成|栽[在了]|\bwhy\b|\brisks?\b|\bchallenges?\b|\breasons?\b|\bproblems?\b|\bfail",
    re.I,
)
_DATE = re.compile(
    r"什么时候|何时|几时|啥时候|哪一?[年天日月]|几月|几号|(?:哪个?|什么|哪一)(?:时期|季度|时候|月份|年份|日期)"
    r"|(?:施行|生效|实施|发布|出台|截止|成立)(?:的)?(?:时间|日期)|\bwhen\b|\b(?:what|which) (?:year|period|date|time|quarter|month)\b",
    re.I,
)
_LIST = re.compile(r"哪些|哪几|列出|列举|有哪|分别|几个方面|\bwhich\b|\blist\b|\bwhat are\b", re.I)
_HOW_MANY = re.compile(
    r"多少|几分之|百分之几|(?<!哪)几(?!乎|何|近|经|度|时|月|号)(?:个|家|所|年|倍|成|项|万|亿|人|座|天|[一-龥])|多大|多高|多长|多久"
    r"|\bhow (?:many|much|large|big|high|long)\b",
    re.I,
)
_HOW_MUCH_MORE = re.compile(
    r"[高低多少快慢大小差]\s*(?:多少|几成|几倍|几个百分点)|how much (?:more|less|higher|lower)", re.I
)
_HOW_TO = re.compile(r"(?:如何|怎么|怎样|how (?:to|do|does|did|can|is|are))(?!样|\s*$|[？?])[一-龥a-z ]{1,4}")
_WHICH_TEXT = re.compile(r"哪一?[份部篇件](?!分)|哪(?:一?[项条个])?(?:文件|法律|法规|条例|办法|规定|通知|政策|标准)")
_AND_HOW_MUCH = re.compile(r"[，,？?。；; ](?:是|有|要|为)?多少[^，,。；;]{0,6}[？?。]?$")  # 有没有下限？是多少？
_PENALTY = re.compile(r"(?:怎么|如何|怎样)(?:处罚|罚|处理|奖励|补贴)")
_WHAT_SORT = re.compile(r"(?:有|是|给)(?:些)?什么样?的?(?!水平|程度|量级)")
_HOW_FULL = re.compile(r"(?:用得|利用|使用)(?:得)?(?:怎么样|咋样|如何|怎样)")
_PLACES_EACH = re.compile(r"各(?:有|自|是|省|市|地)|分别|谁|respectively|each", re.I)
_TAIL = re.compile(r"(?:如何|怎么样|咋样|怎样|是多少|多少|情况)[呢？?。 ]*$")
_TIMELINE = re.compile(
    r"历程|时间线|时间轴|演变|演进|脉络|沿革|大事记|历年|逐年|变化趋势|走势|怎么一步步|一步步|按时间|时间顺序|先后|发展史|来龙去脉"
    r"|怎么(?:变化|演变|发展起?来)的|\btimeline\b|\bchronolog|\bhistory of\b|\bevolv|\bevolution\b|\bover (?:the years|time)\b|\byear by year\b"
    r"|\bhow ha(?:s|ve) .{3,80} (?:developed|changed|grown|progressed)\b",
    re.I,
)
_DEFINITION = re.compile(
    r"什么是|什么叫|何谓|何为(?!了)|啥(?:是|叫)|是(?:一?个)?(?:什么|啥)(?:意思|东西|概念)|(?:是|叫)(?:个啥|什么玩意)"
    r"|是指(?:什么|哪|啥)|指的是什么|(?<!主要)指什么|的(?:定义|含义|涵义|概念)|(?:怎么|如何)(?:理解|定义|界定)|解释(?:一下|下)?(?!权)|名词解释"
    r"|\bdefin|\bwhat (?:is|are) meant by\b|\bwhat does .{2,60} mean\b|\bmeaning of\b",
    re.I,
)
_BARE_WHAT = re.compile(r"^([^的，,。0-9]{2,12}?)(?:到底|究竟)?是(?:什么|啥)[呢啊呀]?[？?。]?$")
_ENGLISH_WHAT = re.compile(r"^what(?:'s| is| are) (?:an? )?((?:[a-z-]+ ?){1,4})[?.]?$", re.I)
# What belongs to something: "the strategy" asks for a content, not for the meaning of a word.
_BELONGING = re.compile(
    r"路线|口号|风险|原因|目标|做法|特点|特色|优势|短板|重点|举措|措施|结果|依据|方向|条件|问题|任务|任务书|规定|政策|情况|要求|数字|数据是"
    r"|\bthe\b|\b(?:its|their|his)\b|strateg|risk|goal|target|polic|number|rate|level|reason|advantage|rules",
    re.I,
)


def kind_of(text: str, places: int, translated: str) -> QuestionKind:
    """Kind of a question that names `places` regions; `translated` are the Chinese words of an English one."""
    source = translated or text
    if _CLAIM.search(text) and not _DEGREE.search(text) and list(find_quantities(text)):
        return "claim"
    if _HOW_MUCH_MORE.search(text):
        return "number"
    if (places >= 2 and _PLACES_EACH.search(text)) or (COMPARE.search(text) and (places >= 2 or not find_heads(text))):
        return "compare"
    if _CLAIM.search(text) and not _DEGREE.search(text):
        return "number" if _AND_HOW_MUCH.search(text) else "claim"
    if _TIMELINE.search(text):
        return "timeline"
    if _is_definition(text, places):
        return "definition"
    if _REASON.search(text):
        return "reason"
    if _DATE.search(text):
        return "date"
    if _HOW_MANY.search(text) or _DEGREE.search(text) or _HOW_FULL.search(text):
        return "number"
    if _LIST.search(text):
        return "list"
    if (
        find_heads(source)
        and not (_PENALTY.search(text) or _WHAT_SORT.search(text) or _WHICH_TEXT.search(text))
        and (_TAIL.search(text) or not _HOW_TO.search(text))
    ):
        return "number"
    return "lookup"


def _is_definition(text: str, places: int) -> bool:
    """Whether the meaning of a word is asked for: 什么是X; X是什么 only where X is a bare word, no thing of somebody's."""
    if _DEFINITION.search(text):
        return not re.search(r"什么是.{0,12}(?:关键|重点|原因|问题)", text)
    bare = _BARE_WHAT.match(text) or _ENGLISH_WHAT.match(text)
    return bool(bare) and not places and not _BELONGING.search(text) and not find_heads(text)
