"""What amount a question asks for: in which unit, of which thing, per what, at which date, the upper or the lower end."""

import functools
import re
from dataclasses import dataclass
from itertools import product

from app.types import Query
from app.understanding.measures import find_heads, head_spans
from app.understanding.terms import LEFTOVER
from ingest.facts.numerals import han_to_number
from ingest.lexical import normalise

TIME = frozenset(("年", "个月", "月", "周", "天", "日", "个工作日", "小时", "分钟", "秒"))
MONEY = frozenset(("元", "美元", "港元", "欧元", "英镑", "日元", "韩元", "新台币"))
SHARES = frozenset(("%", "‰", "百分点", "分数", "比"))
# A counter in a question and the units that can answer it; counters that are not listed stand for themselves.
_COUNTERS: dict[str, frozenset[str]] = {
    "钱": MONEY, "元": frozenset("元"), "块钱": frozenset("元"), "万元": MONEY, "亿元": MONEY, "资金": MONEY, "经费": MONEY,
    "家": frozenset(("家", "个", "户", "分数")), "个": frozenset(("个", "家", "机架", "项", "座", "所", "款", "种", "处")),
    "所": frozenset(("所", "个")), "人": frozenset(("人", "")), "名": frozenset(("人", "")), "位": frozenset(("人", "位")),
    "倍": frozenset(("倍", "分数")), "成": frozenset(("%", "成")), "年": frozenset(("年", "个月")),
    "个月": frozenset(("个月", "月", "年")), "月": frozenset(("个月", "月", "年")), "天": frozenset(("天", "日", "个工作日", "小时")),
    "日": frozenset(("天", "日", "个工作日", "小时")), "个工作日": frozenset(("个工作日",)), "工作日": frozenset(("个工作日",)),
    "小时": frozenset(("小时", "分钟")), "个小时": frozenset(("小时", "分钟")), "分钟": frozenset(("分钟", "小时")),
    "项": frozenset(("项", "个")), "座": frozenset(("座", "个")), "款": frozenset(("款", "个")), "类": frozenset(("类", "个")),
    "公里": frozenset(("公里", "千米")),
    "电": frozenset(("千瓦时", "兆瓦时", "吉瓦时", "太瓦时", "度")),
}  # fmt: skip
_COUNTER = "|".join(
    sorted(
        (*_COUNTERS, *"台 套 件 条 次 批 份 种 处 篇 门 枚 辆 户 亩 吨 斤 岁 度 公里 平方米".split()),
        key=len,
        reverse=True,
    )
)
# What makes the counter the beginning of a word: 多少人力成本, 几个人信息, 几成本.
_NO_COUNTER = r"(?!(?<=人)[力才均口工员民类群]|(?<=个)[人体性]|(?<=年)[轻级度均]|(?<=成)[本果功效立]|(?<=家)[庭电]|(?<=元)素|(?<=项)目|(?<=日)常|(?<=天)然)"
_HOW_MANY = re.compile(rf"(?:多少|(?<![好十百千万哪])几)\s*(?:(?P<counter>{_COUNTER}){_NO_COUNTER})?(?P<rest>.*)")
_HOW_OFTEN = re.compile(r"(?:多久|多长时间|几年|几个?月|几天)(?P<what>.{0,10}?)一[次回遍轮](?P<rest>.*)")
_HOW_LONG = re.compile(r"多久|多长时间|多长(?=[？?。]|$)|\bhow long\b", re.I)
_HOW_HIGH = re.compile(r"多[高大少]|几分之几|百分之几|是多少|如何|怎么?样|咋样|情况")
# What may stand between the noun and the question word.
_BETWEEN = re.compile(
    r"(?:[是为有达到占要能可得需共约了的在约罚给建会应须把]|最[高多低少长大]|至[多少]|不得?(?:超过|少于|低于)|不[高多]于|大概|一共|总共|大约|现在|目前"
    r"|可以|能够|领取?|拿|发放?|给予|安排|达到|年均|每年|一年|每月|一个月|平均|规定|标准|上限|下限|门槛|目标|金额|数额|额度|比例|比率)+$"
)
_LIGHT_NOUN = frozenset("门槛 标准 上限 下限 目标 金额 数额 额度 比例 比率 情况 水平 数字 要求 规定 条件".split())
_PER = "月|日|天|年|小时|人|户|件|家|个|次|所|亩|吨|平方米|学期|学年"
_BASE_ASKED = (
    (re.compile(r"每小时|小时(?:最低)?(?:工资|薪)|时薪|一小时|per hour|hourly", re.I), "小时"),
    (re.compile(r"每[日天]|日薪|一天|per day|daily", re.I), "日"),
    (
        re.compile(
            r"(?<![\d一二三四五六七八九十])月(?:最低)?(?:工资|薪)|每个?月|一个月|月薪|月均|per month|monthly", re.I
        ),
        "月",
    ),
    (re.compile(r"年薪|每年|一年|per year|annual", re.I), "年"),
)
_BASE_STATED = re.compile(
    rf"(?:每|按)({_PER})(?:每({_PER}))?[^，,。；;（）()0-9]{{0,6}}$|[/／]({_PER})(?:[/／]({_PER}))?$"
)
_BASE_BEHIND = re.compile(rf"[/／]({_PER})(?:[/／]({_PER}))?")
_DISTRICT = re.compile(r"[一-龥]{2,4}[区县旗]")
_NO_DISTRICT = re.compile(r"区[域块分别间]|县[级域]")
# 千里市质量奖…: a name and 市, and neither 市 begins a word (电力市场) nor is the name one that points or counts (各地市).
_CITY_FIRST = re.compile(
    r"(?:请问|在)?(?P<name>(?!所在|各地|各|全|本|该|哪|某|地级|县级|直辖)[一-龥]{2})市(?![场民值级政内外委长属直区])"
)
_ORDINAL = re.compile(r"第([零一二三四五六七八九十百\d]{1,5})([批届期轮次])")
_DATE = re.compile(r"((?:19|20)\d{2})年(\d{1,2})月(?:(\d{1,2})日|底|末)?|(?<![\d年])(\d{1,2})月(\d{1,2})日")
_YEAR_END = re.compile(r"((?:19|20)\d{2})年(?:年?[底末])")
_MONTHS = re.compile(r"(?:((?:19|20)\d{2})年)?(\d{1,2})月?[份]?[至到—－~-]+(?:\1年)?(\d{1,2})月(?!\d{1,2}日)")
_ENGLISH_MONTHS = "January February March April May June July August September October November December".split()

_ENGLISH_DATE = re.compile(
    rf"\b(?:(\d{{1,2}}) )?({'|'.join(_ENGLISH_MONTHS)})(?: (\d{{1,2}}))?,? ((?:19|20)\d{{2}})\b", re.I
)
_WHOLE_YEAR = re.compile(r"全年|年度|年均")
_UPPER = re.compile(r"最高|最多|上限|封顶|不得?超过|最长|最迟|至多|\bmax|\bat most|\bup to|\blimit\b", re.I)
_LOWER = re.compile(r"最低(?!工资|生活|价)|最少|下限|至少|起步|门槛|\bmin(?!imum wage)|\bat least", re.I)

Date = tuple[str, int, int]  # year or "", month, day or 0
Months = tuple[str, int, int]  # year or "", first and last month: 2025年9月至10月


@dataclass(frozen=True, slots=True)
class Asking:
    """The amount asked for. Empty fields are not said by the question."""

    units: frozenset[str] = frozenset()  # canonical units that can answer it
    noun: str = ""  # the thing counted or measured, a content word of the question
    base: str = ""  # 月, 日, 年, 小时: per what
    dates: tuple[Date, ...] = ()
    months: tuple[Months, ...] = ()
    end: str = ""  # "upper", "lower"
    modifiers: tuple[str, ...] = ()  # content words right before the measured nouns: 购车补贴, 关税税率
    places: tuple[str, ...] = ()  # districts and counties, which the gazetteer of regions does not hold: 天河区


def asking(query: Query) -> Asking:
    """Read from a question what amount it asks for."""
    return _asking(query.text, tuple(q for q in query.qualifiers if not find_heads(q) and not LEFTOVER.fullmatch(q)))


@functools.lru_cache(maxsize=64)
def _asking(text: str, terms: tuple[str, ...]) -> Asking:
    match = _HOW_MANY.search(text)
    units: frozenset[str] = frozenset()
    if "几分之" in text:
        units = frozenset(("分数", "比", "%"))
    elif "百分之几" in text or re.search(r"几个(?:百分)?点(?!位)", text):
        units = SHARES
    elif _HOW_LONG.search(text):
        units = TIME
    elif match and match["counter"]:
        units = _COUNTERS.get(match["counter"], frozenset((match["counter"], "个")))
    base = next((base for pattern, base in _BASE_ASKED if pattern.search(text)), "")
    if units and units <= TIME:
        base = ""  # 一年几次, 每年几天 ask for a term, not for a rate
    end = "upper" if _UPPER.search(text) else "lower" if _LOWER.search(text) else ""
    places = tuple(t for t in terms if _is_place(t, text.lower()))
    return Asking(
        units, _noun(text, terms, match), base, dates_in(text), months_in(text), end, _modifiers(text, terms), places
    )


def _is_place(term: str, text: str) -> bool:
    """Whether a term is a district or a county, which the gazetteer lacks; or a city unknown to it that the question begins with."""
    behind = text.partition(term)[2]
    if _DISTRICT.fullmatch(term) or (_DISTRICT.fullmatch(term + behind[:1]) and not _NO_DISTRICT.match(behind)):
        return True
    city = _CITY_FIRST.match(text)
    return city is not None and term.removesuffix("市") == city["name"]


def _modifiers(text: str, terms: tuple[str, ...]) -> tuple[str, ...]:
    """The content words that stand right before the measured nouns of a question; one that names a place is none."""
    found = []
    for start, _, _ in head_spans(text):
        before = _BETWEEN.sub("", text[:start].lower().rstrip(" 的"))
        word = max((t for t in terms if before.endswith(t)), key=len, default="")
        if word and not re.search(r"[区县旗]$", word):
            found.append(word)
    return tuple(dict.fromkeys(found))


def _noun(text: str, terms: tuple[str, ...], match: re.Match[str] | None) -> str:
    """The content word that the question word asks about: the last of those behind it (多少个物流枢纽), else the one before."""
    lower = text.lower()
    if often := _HOW_OFTEN.search(lower):  # 多久做一次合规审计
        return _run(often["rest"].lstrip("的 "), terms)
    if match and (behind := _run(lower[match.start("rest") :].lstrip("的 "), terms)):
        return behind
    asked = match or _HOW_LONG.search(text) or _HOW_HIGH.search(text)
    if asked is None:
        return ""
    before = _BETWEEN.sub("", lower[: asked.start()].rstrip(" ，,的"))
    before = _BETWEEN.sub("", before.rstrip(" ，,的"))
    bare = [t[:-2] if t[-2:] in _LIGHT_NOUN else t for t in terms]  # 贷款额度: how much is lent
    noun = max((t for t in bare if t and before.endswith(t)), key=len, default="")
    return "" if noun and find_heads(noun) else noun


def _run(text: str, terms: tuple[str, ...]) -> str:
    """The last of the content words that `text` begins with, one behind the other; "" where it begins with none."""
    last = ""
    while text:
        longest = max((t for t in terms if text.startswith(t)), key=len, default="")
        if not longest:
            break
        last, text = longest, text[len(longest) :].removeprefix("的")
    return last


def base_of(before: str, behind: str) -> frozenset[str]:
    """Per what a figure is given, from what stands before it in its clause and right behind it: 每人每月3000元, 0.1万元/户/年."""
    match = _BASE_STATED.search(before) or _BASE_BEHIND.match(behind)
    if not match:
        return frozenset()
    return frozenset("日" if part == "天" else part for part in match.groups() if part)


def dates_in(text: str) -> tuple[Date, ...]:
    """Dates to the month or the day that a text names, but for spans of months; a date without its year has ""."""
    plain = _MONTHS.sub(" ", normalise(text))
    english = tuple(
        (m[4], _ENGLISH_MONTHS.index(m[2].capitalize()) + 1, int(m[1] or m[3] or 0))
        for m in _ENGLISH_DATE.finditer(text)
    )
    ends = tuple((m[1], 12, 0) for m in _YEAR_END.finditer(plain))  # 2025年底: December
    return (
        english
        + ends
        + tuple(
            (m[1], int(m[2]), int(m[3] or 0)) if m[1] else ("", int(m[4]), int(m[5])) for m in _DATE.finditer(plain)
        )
    )


def months_in(text: str) -> tuple[Months, ...]:
    """Spans of months that a text names: 9月到10月, 2025年1—3月."""
    spans = ((m[1] or "", int(m[2]), int(m[3])) for m in _MONTHS.finditer(normalise(text)))
    return tuple(span for span in spans if 1 <= span[1] < span[2] <= 12)


def other_ordinal(question: str, text: str) -> bool:
    """Whether a text is of another of the things that a question tells apart by number: 第二十二批 is not 第二十批."""
    asked, stated = _ordinals(question), _ordinals(text)
    return any(word in stated and number not in stated[word] for word, numbers in asked.items() for number in numbers)


def _ordinals(text: str) -> dict[str, set[float | None]]:
    found: dict[str, set[float | None]] = {}
    for number, word in _ORDINAL.findall(text):
        found.setdefault(word, set()).add(float(number) if number.isdigit() else han_to_number(number))
    return found


def other_time(asked: Asking, text: str, around: str) -> bool:
    """Whether a sentence is of another time than the months or the dates asked for; `around` says what it leaves unsaid.

    A span of months is only what is said to be of the very span: a whole year's figure is no part's.
    """
    if asked.months:
        stated = months_in(text) or months_in(around)
        return not any(a[1:] == b[1:] and (a[0] == b[0] or "" in (a[0], b[0])) for a in asked.months for b in stated)
    return other_date(asked.dates, text) or bool(asked.dates and _WHOLE_YEAR.search(text) and not dates_in(text))


def other_date(asked: tuple[Date, ...], text: str) -> bool:
    """Whether `text` names dates and none of them is one asked for."""
    stated = dates_in(text) if asked else ()
    return bool(stated) and not any(_same_date(a, b) for a, b in product(asked, stated))


def _same_date(a: Date, b: Date) -> bool:
    return a[1] == b[1] and (a[0] == b[0] or "" in (a[0], b[0])) and (a[2] == b[2] or 0 in (a[2], b[2]))
