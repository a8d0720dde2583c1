"""What a follow-up leaves out: whether it stands on its own, and what of the question before it is its stem and subject."""

import re

from app.understanding.measures import head_spans
from app.understanding.periods import question_periods
from app.understanding.places import mentions_of

_HAN_NUMBERS = "一二三四五六七八九十"
_END = r"[，,。.！!？?~～\s]*$"
_COURTESY = re.compile(
    rf"^(?:(?:好的?|好吧|非常感谢|感谢|谢谢(?:你|您|啦|了)?|多谢|辛苦了?|嗯|行|可以|明白了?|懂了|知道了?|收到|了解了?|ok|okay|thanks|thank you|got it|great)[，,。.!！~\s]*)+{_END}",
    re.I,
)
_MORE = re.compile(
    r"^(?:请|麻烦|那|可不可以|可以|能不能|能否|能(?!不能|否)|你们?|给我|帮我|就这个|关于这个|对此)*[还再]?"
    r"(?:还有(?:呢|吗|别的|其他|其它|哪些|什么|没有)*(?:呢|吗|的)*|还有(?:别|其他|其它)的?(?:吗|呢)?|就这些|只有这些|别的呢|其他的?呢"
    r"|继续(?:说|讲)?|接着(?:说|讲)|往下说|更多|多说(?:一)?点|(?:再)?(?:详细|具体|细|深入)(?:地)?(?:一)?(?:点|些|说说|说明|讲讲|介绍|解释|展开)*(?:一下|吗|呢|点|些)*"
    r"|展开(?:说说|讲讲|说|讲)?(?:一下)?|说说看|说(?:得)?(?:更)?(?:详细|具体|细致?|清楚|明白)(?:一)?(?:点|些)(?:吗)?|举(?:个|几个)?例(?:子)?(?:说明)?(?:吗)?"
    r"|(?:and )?(?:anything|what) else|tell me more|more(?: details?)?|go on|continue|elaborate|can you elaborate|be more specific|give (?:me )?(?:an )?examples?)"
    rf"(?:吧|呢|吗)?{_END}",
    re.I,
)
_ITEM = re.compile(
    rf"(?<![一-龥])?(?:第|最后)(?P<number>[{_HAN_NUMBERS}]|\d{{1,2}})?(?:一)?(?:点|项|个|方面|部分)|第(?P<article>[{_HAN_NUMBERS}]|\d)条"
)
_ITEM_FRAME = re.compile(
    r"(?:请|麻烦|再|能|可以)?(?:详细|具体|展开|细|深入)?(?:地)?(?:说说|讲讲|说一下|讲一下|解释一下|介绍一下|说明|展开|解释|介绍|具体)?(?:一下|一点|是什么意思|是什么|怎么理解|呢|吗|吧)*"
)
_ARTICLE = re.compile(
    rf"^(?:那|那么|再看)?(第[零一二三四五六七八九十百两\d]{{1,7}}条)(?:呢|是什么|怎么说|说了什么|规定了什么|讲什么)?{_END}"
)
_WHY = re.compile(
    r"^(?:那|那么|但|可是|这是)?(?:又)?(?:为什么|为何|为啥|怎么(?:会|就)?(?:这样|这么|如此)?|咋(?:会|回事)?|怎么回事|什么原因|原因(?:是什么|呢|何在)|是什么原因)"
    r"(?:会|是)?(?P<how>(?:这么|那么|如此|这样|偏|不)?[高低多少快慢大小好差]?|[没不会能了][一-龥]{1,3})(?:呢|啊|呀)?"
    + _END
)
_ENGLISH_WHY = re.compile(
    r"^(?:but |and )?(?:why(?: is that| so| not)?|how come|what(?:'s| is) the reason)[?. ]*$", re.I
)
_POINT = re.compile(
    r"^(?:那么?|请问)?(?:上面|前面|刚才|你说的|答案里)?(?:的)?(?:这|那|该|此)(?:一)?(?:个|些|组)?(?:数字|数据|数值|数|比例|指标|结论|说法)?(?=是|属于|可靠|靠谱|准|对[吗不]|真|有(?:什么)?(?:依据|出处|根据)|指|包括|来自|出自|算|的(?:来源|出处|口径|范围))"
)
_ENGLISH_POINT = re.compile(r"^(?:and |but )?(?:is|are|does|was) (?:that|this|it)(?: figure| number)?\b", re.I)
_MARK = re.compile(r"呢[？?。!！]*$|^那|^(?:and|what about|how about)\b|^换成|^再说说", re.I)
_FILLER = re.compile(
    r"^(?:那么?|而|换成|再说说|再看看|说说|看看|同样的问题)|那么?|呢|怎么样|咋样|如何|是多少|有多少|多少|什么情况|情况|还有|也是(?:这样|如此)?(?:吗)?|也一样吗|也(?:有)?吗|同样|一样|又|平均|两|三|各|省市|地区"
    r"|和|与|跟|及|、|的|省|市|在|底|末|年|那边|这边|方面|\b(?:in|what about|how about|and|for|then)\b|[\s，,？?。.!！]",
    re.I,
)
# What somebody has or does: it wants an owner. Names of things (算力券, 深度合成) are no such words.
_ASPECT = re.compile(
    r"风险|短板|优势|劣势|弱点|特色|特点|亮点|原因|问题|目标|任务|做法|举措|措施|路线|路径|布局|战略|策略|政策|规划|计划|企业|公司|厂商|案例|例子|成效|效果|成果"
    r"|投入|投资|资金|人才|工程师|高校|大学|院校|机构|补贴|扶持|条件|流程|程序|材料|期限|依据|处罚|后果|责任|义务|权利|时间|重点|方向|薪资|待遇|成本|教训|挑战|困难|瓶颈|影响|前景|趋势|基础"
    r"|规模|产业|产值|增速|数量|比例|占比|项目|平台|园区|龙头|独角兽|申请|办理|罚|监管|监督|负责|违反|适用|生效|施行|有效期|例外|主要|核心|关键|具体|现状|进展|水平|排名|位置"
)
_ASKING = re.compile(
    r"什么|谁来?|由谁|哪些|哪个|哪里|哪家|哪|多少|多大|多高|多久|多长|怎么样|怎么|如何|怎样|为什么|为何|是不是|有没有|是否|要不要|能不能|主要|具体|分别|一共|总共|大概|大约|几[家个项座人年]?|有|是|的|了|吗|呢|啊|在|和|与|又|都|还|会|要|AI|人工智能|情况|其中|平均|最|AI|[a-zA-Z]{1,3}"
)
_INDEPENDENT = re.compile(
    r"《|什么是|何谓|什么叫|是什么意思|的定义|[一-龥]{3,}(?:法(?!院|官|人|治)|条例|办法|规定)|^what (?:is|are) (?:an? )?[a-z ]+\?*$|\b(?:law|regulation|act|plan)\b",
    re.I,
)
_TAIL = re.compile(
    r"(?:(?:分别)?(?:是|有|达到|为)?(?:多少|几(?:个|家))(?:个|家)?|怎么样|咋样|怎样|如何|是什么|有多高|有多大|情况|吗|呢|高吗|多吗|对吗|有哪些|[？?。.!！\s])+$"
)
_DEFINED = re.compile(
    r"^(?:请问|请)?(?:什么是|什么叫|何谓|何为|解释一下)(?P<after>.{2,20}?)[？?。]*$|^(?P<before>.{2,16}?)(?:到底|究竟)?是(?:什么|啥|指什么)(?:意思)?[？?。]*$"
)
_NOUN_END = re.compile(r"的|怎么|如何|怎样|要不要|应当|需要|可以|必须|有|是|能|多|什么|哪|要|会|对")
MAX_REMARK = 40  # characters: what is longer says more than "go on"
_MAX_SHORT = 16  # characters: longer questions say what they are about


def is_courtesy(text: str) -> bool:
    """Whether a message is thanks or a nod, and no question."""
    return len(text) <= MAX_REMARK and bool(_COURTESY.match(text))


def asks_for_more(text: str) -> bool:
    """Whether a follow-up only asks for more of the same: 还有呢, 详细说说."""
    return len(text) <= MAX_REMARK and bool(_MORE.match(text))


def item_asked(text: str) -> int | None:
    """Index of the item of a list that a follow-up points to (第二点 is 1, 最后一点 is -1), None where it points to none."""
    match = _ITEM.search(text) if len(text) <= MAX_REMARK else None
    if not match or _ITEM_FRAME.sub("", text.replace(match[0], "", 1)).strip("，,。.？?！! "):
        return None
    written = match["number"] or match["article"]
    if match["article"] and not re.search(r"说说|讲讲|展开|详细|具体", text):
        return None  # 第五条呢 is an article
    if not written or match[0].startswith("最后"):
        return -1 if match[0].startswith("最后") else None
    number = int(written) if written.isdigit() else _HAN_NUMBERS.index(written) + 1
    return number - 1 if number else None


def only_article(text: str) -> str:
    """The article that a follow-up asks for and nothing else (那第二十二条呢), else ""."""
    match = _ARTICLE.match(text)
    return match[1] if match else ""


def asks_why(text: str) -> str:
    """The words of a follow-up that only asks for the reason (为什么, 为什么这么低), else ""."""
    if match := _WHY.match(text):
        return "原因是什么" if "原因" in match[0] else f"为什么{match['how']}"
    return "Why?" if _ENGLISH_WHY.match(text) else ""


def point_of_reference(text: str) -> int:
    """Where 这个数字 ends at the head of a follow-up (这个数字是全国的吗), 0 where it does not stand there."""
    if match := _POINT.match(text):
        return match.end()
    return len(match[0]) if (match := _ENGLISH_POINT.match(text)) else 0


def only_place_and_time(text: str) -> bool:
    """Whether a follow-up names regions or periods and nothing else of substance: 那浙江呢, 2024年呢, 浙江2024年."""
    mentions, (periods, rest) = mentions_of(text), _without_periods(text)
    if not mentions and not periods:
        return False
    for mention in mentions:
        rest = rest[: mention.start] + " " * len(mention.text) + rest[mention.end :]
    return len(_FILLER.sub("", rest)) <= 1


def _without_periods(text: str) -> tuple[tuple[str, ...], str]:
    import datetime

    return question_periods(text, datetime.date.today())


def is_elliptic(text: str) -> bool:
    """Whether a question says by its form that something is left out: 利用率呢, 那利用率, what about."""
    return bool(_MARK.search(text))


def depends(text: str) -> bool:
    """Whether a question without a region of its own wants the owner of the question before it.

    It does by its form (利用率呢), or when, short as it is, it asks for an aspect (风险是什么, 为什么会失败) and names no thing
    of its own.
    """
    if _INDEPENDENT.search(text) or re.match(r"全国|国内|我国", text):
        return False
    if is_elliptic(text):
        return True
    if len(text) > _MAX_SHORT or text.isascii():
        return False
    rest = text
    for start, end, _ in reversed(head_spans(text)):
        rest = rest[:start] + rest[end:]
    return len(_ASKING.sub("", _ASPECT.sub("", rest)).strip("，,。.？?！! ")) <= 2


def stem(question: str) -> str:
    """A question without the words that ask: 贵州算力利用率是多少？ is 贵州算力利用率."""
    return _TAIL.sub("", question) or question


def subject(question: str) -> str:
    """The thing that a question without regions is about: 什么是深度合成 -> 深度合成, 算力券怎么申请 -> 算力券; else ""."""
    if match := _DEFINED.match(question):
        return match["after"] or match["before"]
    if question.isascii():
        match = re.match(r"^what (?:is|are) (?:an? |the )?([a-z -]{3,40})\?*$", question, re.I)
        return match[1] if match else ""
    first = _NOUN_END.split(stem(question))[0]
    return first if 2 <= len(first) <= 16 else ""
