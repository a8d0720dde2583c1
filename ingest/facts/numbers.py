r"""Chinese and Arabic quantities in running text: find them, and give value, unit and comparator.

`\b` and `\w` are of no use here (Han characters are word characters), so every pattern states its own edges.
A numeral in Han characters counts only if it is well formed and bound to a unit, so 四川, 三亚, 一体化, 十四五, 第二批,
三五家 and 数百家 are no quantities. What is doubtful is left out: a figure that is not there is asked again, a wrong
one is believed.
"""

import re
from collections.abc import Container, Iterator
from dataclasses import dataclass

from ingest.facts.numerals import (
    HAN_CHARACTERS,
    MULTIPLIER_PATTERN,
    MULTIPLIERS,
    NUMBER_PATTERN,
    POWERS,
    han_to_number,
    scaled,
    value_of,
)
from ingest.facts.units import UNIT_PATTERN, UNITS

_FOLD = str.maketrans("０１２３４５６７８９．％：／＋－−～≧≦＞＜", "0123456789.%:/+--~≥≤><")
_WIDE_COMMA = re.compile(r"(?<=[０-９])，(?=[０-９]{3}(?![０-９]))")  # １，２３４; elsewhere ， parts clauses
_BEFORE_WORDS = {
    "超": "超过 突破 高于 多于 大于 逾 超 > 上", "至少": "不低于 不少于 不小于 不得低于 不得少于 不得小于 至少 最少 最低 ≥",
    "至多": "不超过 不超 不高于 不多于 不大于 不得超过 不得超出 不得高于 不得多于 不得大于 不得逾 未超过 未逾 至多 最多 最高 ≤", "不足": "不足 不到 低于 少于 小于 不满 未满 <",
    "约": "大约 大概 约", "近": "将近 接近 近",
}  # fmt: skip
_BEFORE = {word: comparator for comparator, words in _BEFORE_WORDS.items() for word in words.split()}
# 至少建有1个, 最多提交3个: a verb may stand between.
_VERB_BETWEEN = rf"(?<=[至最][少多])(?:(?![{HAN_CHARACTERS}])[一-龥]){{1,3}}?"
# Words that end with a comparator's character and mean something else: 节约, 签约, 附近, 赶超, 以上.
_EDGE = {"约": "(?<![节签预邀违制条契公特])", "近": "(?<![最附临邻靠])", "超": "(?<![赶反不])", "上": "(?<![以百])"}
_LEAD = (
    f"(?:(?P<before>{'|'.join(_EDGE.get(word, '') + word for word in sorted(_BEFORE, key=len, reverse=True))})"
    rf"(?<!上(?![十百千万亿]))(?:有|占|为|达到|达|了|可达|(?<=最[高低])(?:给予|奖励|补助|补贴|资助|支持)|{_VERB_BETWEEN})?[ \u00a0]?)?"
    r"(?P<sign>(?<![0-9A-Za-z年月日%）)〕\]])-(?=[0-9])|(?<!正)负(?=[0-9百]))?"
)
_AFTER = {"以上": "以上", "以下": "以下", "以内": "至多", "左右": "约", "上下": "约", "多": "超", "余": "超", "+": "超"}
_TAIL = (
    r"(?P<tail>(?:（不?含[^（）]{0,6}）|\(不?含[^()]{0,6}\))?(?:及|或)?"
    r"(?P<bound>以上(?!所述)|以下(?!简称|统称|方面|几)|以内|左右|上下)(?:[（(]不?含(?:本数)?[)）])?"
    r"|(?<=[年月倍元里吨亩时天岁])(?P<plus>多(?![式元种样家个次方层能项名地边数])|(?<=元)余(?!额))|(?P<sum>\+)(?![0-9]))?"
)
_MORE = r"(?:余(?!额|热)|多(?!元化|样|式|边|层|方)|\+(?=[万亿家个人项]))"
_DASH = r"[ \u00a0]?(?:[-—–~]+|至|到)[ \u00a0]?"


def _amount(n: int) -> str:
    """Pattern of number n with multiplier and unit: 1.5万亿元, 1000余家, 3亿5000万元, 十余万人, 300 EFLOPS."""
    return (
        rf"(?P<big{n}>(?<![0-9A-Za-z.,])[0-9]+[亿万](?=[0-9]+(?:\.[0-9]+)?[万千](?!亿)))?"
        rf"(?P<num{n}>(?(big{n})[0-9]+(?:\.[0-9]+)?|{NUMBER_PATTERN}))"
        rf"(?P<more{n}>{_MORE})?(?P<mult{n}>{MULTIPLIER_PATTERN})?(?P<rest{n}>{_MORE})?"
        rf"(?:[ \u00a0]?(?P<unit{n}>{UNIT_PATTERN}))?"
    )


_CANDIDATE = re.compile(f"{_LEAD}(?P<num>{NUMBER_PATTERN}|(?<![0-9A-Za-z.,])[0-9]+(?=[亿万][0-9]))")
_HALF = "(?P<half>半(?![年数导径天月])|(?<=成)[一二三四五六七八九](?![个家项万亿百千十成线些般样甲级]))?"
_SINGLE = re.compile(_LEAD + _amount(1) + _HALF + _TAIL)
_RANGE = re.compile(_LEAD + _amount(1) + _DASH + _amount(2) + _TAIL)
_FRACTION = re.compile(
    rf"{_LEAD}(?P<num>(?P<base>[百千万]|{NUMBER_PATTERN})分之[ ]?(?P<low>{NUMBER_PATTERN}))"
    rf"(?:{_DASH}(?:(?P=base)分之)?(?P<high>{NUMBER_PATTERN}))?{_TAIL}"
)
_RATIO = re.compile(
    rf"{_LEAD}(?<![0-9A-Za-z.:/])"
    r"(?P<num>(?P<num1>[0-9]+(?:\.[0-9]+)?)(?P<mark>[/:∶])(?P<num2>[0-9]+(?:\.[0-9]+)?))"
    rf"(?![0-9]*[/:∶%]|[0-9])(?!{MULTIPLIER_PATTERN}|[ ]?(?:{UNIT_PATTERN})){_TAIL}"
)
# What a text without the sign cannot hold need not be looked for at each of its numbers.
_SHAPES = tuple(
    (shape, re.compile(sign)) for shape, sign in ((_FRACTION, "分之"), (_RATIO, "[/:∶]"), (_RANGE, "[-—–~至到]"))
)
_POWER_ALONE = re.compile(r"[百千万亿]+")
_PAY = re.compile(r"年薪|资金|投资|投入|产值|花费|砸|拨款|参数")
# What looks like a quantity and is none: ordinals and lists of them (第三、四条, 第3—5名, 附件1), what a bracket
# repeats (含3人), ranks (前三名), 7×24小时.
_ORDINAL = re.compile(
    r"(?:附件|附表|[图表]|[（(]不?含)[ ]?$|[×xX*][ ]?$"
    rf"|(?:第|〔|\[|No\.?|N°)[ ]?(?:[0-9{HAN_CHARACTERS}]+[条款项章节名届]?(?:[、,至到和或与—–~-]+)第?)*$"
)
_RANK = re.compile(r"(?<!提)(?<!年)前$")
_SESSION = re.compile(r"届|人大|常委会|政协|全会")
_DAYS = re.compile(r"(?:以内|内(?!容)|的期限|期满)")
_YEAR_NAME = re.compile(r"[ ]?年(?:行动|规划|计划|攻坚|版|月|底|[0-9一二三四]{1,2}月|第?[一二三四]季度|[上下]半年)")
_PUE = re.compile(r"(?:PUE|电能利用效率|能效比)[^0-9，,。；;]{0,10}$")
_RACKS = re.compile(r"机架|机柜|数据中心")
_SPLIT = ("千", "百", "万", "亿")
_PROGRAMME = re.compile(r"[一-龥]{1,10}?(?:行动|工程|计划)")
_TERMS = {"年", "个月", "月", "日", "周", "小时", "个工作日", "工作日"}  # 一年内 is a term, 一年 alone often is none
_SIGNED = {"%", "‰", "百分点", "元", "倍"}

__all__ = ["Quantity", "find_quantities", "han_to_number"]


@dataclass(frozen=True, slots=True)
class Quantity:
    """A quantity as written at text[start:end], folded: 1.5万亿元 is value 1.5e12, unit 元."""

    value: float
    unit: str
    comparator: str
    start: int
    end: int
    number_start: int  # where the number itself starts, after the comparator
    value_high: float | None = None


def find_quantities(text: str) -> Iterator[Quantity]:
    """Yield the quantities of `text` from left to right, without overlap.

    Full-width digits and signs are read as half-width; offsets refer to `text` as given (the mapping is one to one).
    """
    plain = _WIDE_COMMA.sub(",", text).translate(_FOLD)
    shapes = tuple(pattern for pattern, sign in _SHAPES if sign.search(plain))
    position = 0
    while candidate := _CANDIDATE.search(plain, position):
        quantity = _read(plain, candidate.start(), candidate.start("num"), shapes)
        # Step over the whole number: the tail of 2025年 must not be read again as 25年.
        position = quantity.end if quantity else candidate.end()
        if quantity:
            yield quantity


def _read(plain: str, start: int, number_start: int, shapes: Container[re.Pattern[str]]) -> Quantity | None:
    """The quantity that begins at `start`; `shapes` are those of _SHAPES whose sign the text has at all."""
    if _ORDINAL.search(plain[max(0, number_start - 40) : number_start]):
        return None
    if _FRACTION in shapes and (match := _FRACTION.match(plain, start)):
        return _fraction(match)
    if _RATIO in shapes and (match := _RATIO.match(plain, start)):
        return _ratio(plain, match)
    if _RANGE in shapes and (match := _RANGE.match(plain, start)) and (quantity := _range(plain, match)):
        return quantity
    match = _SINGLE.match(plain, start)
    return _single(plain, match) if match else None


def _comparator(match: re.Match[str], *more: str | None) -> str:
    if match["before"]:
        return _BEFORE[match["before"]]
    return "超" if any(more) else _AFTER.get(match["bound"] or match["plus"] or match["sum"] or "", "")


def _fraction(match: re.Match[str]) -> Quantity | None:
    """百分之六十五, 三分之二, 百分之二十至三十, 万分之五."""
    base, low = value_of(match["base"]), value_of(match["low"])
    high = value_of(match["high"]) if match["high"] else None
    if low is None or not base or (match["high"] and (high is None or high <= low)):
        return None
    unit = {100.0: "%", 1000.0: "‰"}.get(base, "分数")
    divisor = base if unit == "分数" else 1.0
    low, high = (-low if match["sign"] else low) / divisor, high / divisor if high is not None else None
    return Quantity(low, unit, _comparator(match), match.start(), match.end(), match.start("num"), high)


def _ratio(plain: str, match: re.Match[str]) -> Quantity | None:
    first, second = float(match["num1"]), float(match["num2"])
    if first == 0 or second == 0 or len(match["num"]) > 15:
        return None  # a score (0:0), not a ratio
    near = plain[max(0, match.start() - 12) : match.start()]
    if match["mark"] == "/":  # 2025/11 is a date
        unit, sound = "分数", first < second and first <= 10 and not match["num1"].startswith("0")
    else:  # 8:30 and 10:30 are times of day, 3:2 after 比分 is a score
        unit = "比"
        sound = "比分" not in near and (1.0 in (first, second) or "比" in near) and match["num2"][0] != "0"
    if not sound:
        return None
    return Quantity(first / second, unit, _comparator(match), match.start(), match.end(), match.start("num"))


def _range(plain: str, match: re.Match[str]) -> Quantity | None:
    """30%至50%, 30—50家, 10—20万元, 五至十家; None where the two ends do not belong together."""
    low, high, unit, own = value_of(match["num1"]), value_of(match["num2"]), match["unit2"], match["unit1"]
    if low is None or high is None or match["big1"] or match["big2"] or not (unit or match["mult2"]):
        return None
    if (own and UNITS[own] != UNITS.get(unit or "")) or _is_power(match, 2) or not _is_count(plain, match, 2):
        return None
    scale = MULTIPLIERS[match["mult2"] or ""]
    shared = scale if match["mult2"] else _trailing_power(match["num2"])
    low_scale = MULTIPLIERS[match["mult1"]] if match["mult1"] else 1.0 if own else shared
    if low * low_scale >= high * scale:
        low_scale = 1.0  # 5000—1万元
    low, high = scaled(low, low_scale), scaled(high, scale)
    if low >= high or match["sign"]:
        return None
    tens, canonical = (10.0, "%") if unit == "成" else (1.0, _canonical(plain, match, unit or ""))
    comparator = _comparator(match, match["rest2"])
    return Quantity(low * tens, canonical, comparator, match.start(), match.end(), match.start("num1"), high * tens)


def _trailing_power(raw: str) -> float:
    """Multiplier that 五至十万 and 三至五千 share: that at the end of the upper number."""
    match = re.search(r"(?<=.)[百千万亿]+$", raw)
    return MULTIPLIERS.get(match[0], 1.0) if match else 1.0


def _single(plain: str, match: re.Match[str]) -> Quantity | None:
    raw, mult, unit, big = match["num1"], match["mult1"] or "", match["unit1"] or "", match["big1"]
    value, comparator = value_of(raw), _comparator(match, match["more1"], match["rest1"])
    if value is None or not _states_amount(plain, match, comparator) or not _is_count(plain, match, 1):
        return None
    value = scaled(value, MULTIPLIERS[mult]) + (float(big[:-1]) * POWERS[big[-1]] if big else 0.0)
    canonical, start = _canonical(plain, match, unit), match.start()
    if canonical == "成":  # 六成五, 三成半
        half = {"": 0.0, "半": 5.0}.get(match["half"] or "")
        value, canonical = value * 10 + (half if half is not None else han_to_number(match["half"]) or 0.0), "%"
    elif match["half"] and canonical in {"年", "倍", "天"}:  # 3年半
        value += 0.5
    if match["sign"] and canonical in _SIGNED:
        value = -value
    elif match["sign"] and not match["before"]:
        start = match.end("sign")
    return Quantity(value, canonical, comparator, start, match.end(), match.start("big1" if big else "num1"))


def _canonical(plain: str, match: re.Match[str], unit: str) -> str:
    if unit == "架" and _RACKS.search(plain[max(0, match.start() - 24) : match.start()]):
        return "机架"  # of drones and planes it is 架
    if unit == "度" and "电" in plain[max(0, match.start() - 12) : match.start()]:
        return "千瓦时"
    return UNITS.get(unit, "")


def _is_power(match: re.Match[str], n: int) -> bool:
    return bool(_POWER_ALONE.fullmatch(match[f"num{n}"]))


def _states_amount(plain: str, match: re.Match[str], comparator: str) -> bool:
    """Whether number 1 is more than a bare numeral, a bare power (see _is_power_meant) or a part of another."""
    raw, mult, start = match["num1"], match["mult1"], match.start("big1" if match["big1"] else "num1")
    arabic = raw[0].isascii()
    behind = plain[match.end("mult1") : match.end("mult1") + 1]
    if mult and arabic and (behind.isdigit() or plain[start - 1 : start] in _SPLIT):
        return False  # 6千6百多万: written in parts that no pattern here puts together
    if _is_power(match, 1):
        return _is_power_meant(plain, match, comparator)
    if match["unit1"] or mult:
        return True
    if not arabic:
        return raw[-1] in "万亿"  # 二十万
    return "." in raw and bool(_PUE.search(plain[max(0, match.start() - 16) : match.start()]))  # PUE has no unit


def _is_power_meant(plain: str, match: re.Match[str], comparator: str) -> bool:
    """Tell 近百家, 上亿元, 百亿元 and 百万年薪 from 万元 (a column's unit), 百年大计, 千家万户 and 千万不要."""
    if comparator and (match["unit1"] or len(match["num1"]) > 1 or match["before"] == "上"):
        return True
    if len(match["num1"]) < 2:
        return False
    if _PROGRAMME.match(plain, match.end()):
        return False  # 千亿斤粮食产能提升行动
    near = plain[max(0, match.start() - 3) : match.start()] + plain[match.end() : match.end() + 3]
    return bool(match["unit1"] or _PAY.search(near))


def _is_count(plain: str, match: re.Match[str], n: int) -> bool:
    """Whether the unit (if any) is counted, not part of a date, a rank, a level or a name."""
    raw, unit, start = match[f"num{n}"], match[f"unit{n}"] or "", match.start("num1")
    end = max(match.end(f"num{n}"), match.end(f"mult{n}"), match.end(f"rest{n}"), match.end(f"unit{n}"))
    han, before = not raw[0].isascii(), plain[max(0, start - 8) : start]
    stated = bool(match["before"] or match["tail"] or (unit in _TERMS and _DAYS.match(plain, end)))
    if plain.startswith("级", end) or (han and not stated and _is_name(raw, unit, before, bool(match[f"mult{n}"]))):
        return False  # 千亿级产业集群 names a level
    if unit in {"名", "位", "项", "款", "条"}:
        return not _RANK.search(before)
    if unit == "次":
        return not _SESSION.search(before)
    if unit == "分":
        return not han and (stated or not re.match(r"[一-龥]", plain[end : end + 1]))
    if unit == "P":  # 1080P: lines of a picture
        return bool(match[f"mult{n}"]) or raw not in {"480", "720", "1080", "2160"}
    if unit == "年":
        return bool(match[f"mult{n}"]) or not _is_date(plain, match, n, before)
    return unit != "日" or (not before.endswith("月") and (stated or bool(_DAYS.match(plain, end))))


def _is_name(raw: str, unit: str, before: str, multiplied: bool) -> bool:
    """Whether a Han numeral is part of a name: 一个, 一体化, 二次, “三支一扶”, “两个维护”."""
    if raw in {"一", "二"} and not multiplied and unit != "倍" and not (raw == "二" and unit == "成"):
        return True
    if unit == "元" and len(raw) == 1 and raw not in "十百千万亿" and not multiplied:  # 二元结构, 人机物三元协同
        return True
    return before.endswith("“") and not unit.endswith(("元", "倍", "成"))


def _is_date(plain: str, match: re.Match[str], n: int, before: str) -> bool:
    """Whether the number and the 年 after it name a point in time or a plan, no duration; 近五年 is a period."""
    raw = match[f"num{n}"]
    value = value_of(raw) or 0.0
    if 1900 <= value <= 2100 or (len(raw) == 4 and raw.isascii()) or match["before"] == "近":
        return True
    return before.endswith(("近", "未来", "过去", "今后", "民国", "世纪")) or bool(
        _YEAR_NAME.match(plain, match.end(f"num{n}"))
    )
