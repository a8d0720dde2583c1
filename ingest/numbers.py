"""Chinese and Arabic quantities in running text: find them, and give value, unit and comparator.

`\\b` and `\\w` are of no use here (Han characters are word characters), so every pattern states its own edges.
A numeral in Han characters counts only if it is well formed and bound to a unit, so 四川, 三亚, 一体化, 十四五, 第二批,
三五家 and 数百家 are no quantities. What is doubtful is left out: a figure that is not there is asked again, a wrong
one is believed.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from ingest.units import UNIT_PATTERN, UNITS

_FOLD = str.maketrans("０１２３４５６７８９．％：／＋－−～≧≦＞＜", "0123456789.%:/+--~≥≤><")
_WIDE_COMMA = re.compile(r"(?<=[０-９])，(?=[０-９]{3}(?![０-９]))")  # １，２３４; between other digits ， parts clauses
_DIGITS = {"零": 0, "〇": 0, "一": 1, "二": 2, "两": 2, "三": 3, "四": 4, "五": 5, "六": 6, "七": 7, "八": 8, "九": 9}
_POWERS = {"十": 10, "百": 100, "千": 1000, "万": 10_000, "亿": 100_000_000}
_MULTIPLIER = {
    "": 1.0, "百": 1e2, "千": 1e3, "万": 1e4, "十万": 1e5, "百万": 1e6, "千万": 1e7, "亿": 1e8, "十亿": 1e9,
    "百亿": 1e10, "千亿": 1e11, "万亿": 1e12, "兆": 1e12,
}  # fmt: skip
_MONEY = r"(?:元|美元|新台币|日元|韩元)"
_MULT = f"(?:万亿|千亿|百亿|十亿|千万|百万|十万|亿|万|千(?![瓦克米伏兆卡帕])|百(?![分姓货])|兆(?={_MONEY}))"

_BEFORE = {
    "超过": "超", "突破": "超", "高于": "超", "多于": "超", "大于": "超", "逾": "超", "超": "超", ">": "超",
    "不低于": "至少", "不少于": "至少", "不小于": "至少", "至少": "至少", "最少": "至少", "最低": "至少", "≥": "至少",
    "不超过": "至多", "不高于": "至多", "不多于": "至多", "不大于": "至多", "至多": "至多", "最多": "至多", "最高": "至多", "≤": "至多",
    "不足": "不足", "不到": "不足", "低于": "不足", "少于": "不足", "小于": "不足", "不满": "不足", "未满": "不足", "<": "不足",
    "大约": "约", "约": "约", "大概": "约", "将近": "近", "接近": "近", "近": "近", "上": "超",  # 上百家, 上亿元
}  # fmt: skip
# Words that end with a comparator's character and mean something else: 节约, 签约, 附近, 赶超, 以上.
_NOT_BEFORE = {"约": "(?<![节签预邀违制条契公特])", "近": "(?<![最附临邻靠])", "超": "(?<![赶反])", "上": "(?<![以百])"}
_LEAD = (
    "(?:(?P<before>"
    + "|".join(_NOT_BEFORE.get(word, "") + word for word in sorted(_BEFORE, key=len, reverse=True))
    + r")(?<!上(?![十百千万亿]))(?:有|占|为|达到|达|了)?[ \u00a0]?)?"
    + r"(?P<sign>(?<![0-9A-Za-z年月日%）)〕\]])-(?=[0-9])|(?<!正)负(?=[0-9百]))?"
)
_AFTER = {"以上": "以上", "以下": "以下", "以内": "至多", "左右": "约", "上下": "约", "多": "超", "余": "超", "+": "超"}
_TAIL = (
    r"(?P<after>(?:（含[^（）]{0,6}）|\(含[^()]{0,6}\))?(?:及|或)?(?:以上(?!所述)|以下(?!简称|统称|方面|几)|以内|左右|上下)"
    r"|(?<=[年月倍元里吨亩时天岁])多(?![式元种样家个次方层能项名地边数])|(?<=元)余(?!额)|\+(?![0-9]))?"
)
_HAN_CHAR = "零〇一二两三四五六七八九十百千万亿"
# 数百家 and 十几家 are vague; 总数三十家 is not. A lone 兆, 零 or 万 is told apart later.
_HAN = rf"(?<![{_HAN_CHAR}几第若])(?<!(?<![总人个户件次家位])数)[{_HAN_CHAR}]++(?:点[零〇一二三四五六七八九]++)?(?!几)"
_ARABIC = (
    r"(?<![0-9A-Za-z.])(?<![0-9],)(?<![A-Za-z]-)"
    r"(?:[0-9]{1,3}(?:,[0-9]{3})+(?:\.[0-9]+)?|[0-9]+(?:\.(?!(?:19|20)[0-9]{2}年)[0-9]+)?)(?![.,]?[0-9])"
)
_NUMBER = f"(?:{_ARABIC}|{_HAN})"
_MORE = r"(?:余(?!额|热)|多(?!元化|样|式|边|层|方)|\+(?=[万亿家个人项]))"
_DASH = r"[ \u00a0]?(?:[-—–~]+|至|到)[ \u00a0]?"


def _amount(n: int) -> str:
    """Pattern of number n with multiplier and unit: 1.5万亿元, 1000余家, 3亿5000万元, 十余万人, 300 EFLOPS."""
    return (
        rf"(?P<big{n}>(?<![0-9A-Za-z.,])[0-9]+[亿万](?=[0-9]+(?:\.[0-9]+)?[万千](?!亿)))?"
        rf"(?P<num{n}>(?(big{n})[0-9]+(?:\.[0-9]+)?|{_NUMBER}))(?P<more{n}>{_MORE})?(?P<mult{n}>{_MULT})?(?P<rest{n}>{_MORE})?"
        rf"(?:[ \u00a0]?(?P<unit{n}>{UNIT_PATTERN}))?"
    )


_CANDIDATE = re.compile(f"{_LEAD}(?P<num>{_NUMBER}|(?<![0-9A-Za-z.,])[0-9]+(?=[亿万][0-9]))")
_SINGLE = re.compile(_LEAD + _amount(1) + r"(?P<half>半(?![年数导径天月])|(?<=成)[一二三四五六七八九](?![个家项万亿百千十成线些般样甲级]))?" + _TAIL)
_RANGE = re.compile(_LEAD + _amount(1) + _DASH + _amount(2) + _TAIL)
_FRACTION = re.compile(
    rf"{_LEAD}(?P<num>(?P<base>[百千万]|{_NUMBER})分之[ ]?(?P<low>{_NUMBER}))(?:{_DASH}(?:(?P=base)分之)?(?P<high>{_NUMBER}))?{_TAIL}"
)
_RATIO = re.compile(
    rf"{_LEAD}(?<![0-9A-Za-z.:/])(?P<num>(?P<num1>[0-9]+(?:\.[0-9]+)?)(?P<mark>[/:∶])(?P<num2>[0-9]+(?:\.[0-9]+)?))"
    rf"(?![0-9]*[/:∶%]|[0-9])(?!{_MULT}|[ ]?(?:{UNIT_PATTERN})){_TAIL}"
)
_SECTION = "(?:[一二两三四五六七八九]?千)?零?(?:[一二两三四五六七八九]?百)?零?(?:[一二三四五六七八九]?十)?零?[一二两三四五六七八九]?"
_WELL_FORMED = re.compile(f"(?:{_SECTION}万?亿)?零?(?:{_SECTION}万)?{_SECTION}")
_BIG_ALONE = re.compile(r"[百千万亿]+")
_PAY = re.compile(r"年薪|资金|投资|投入|产值|花费|砸|拨款|参数")
# What looks like a quantity and is none: ordinals and lists of them (第三、四条, 第3—5名, 附件1), what a bracket
# repeats (含3人), ranks (前三名), 7×24小时.
_ORDINAL = re.compile(rf"(?:附件|附表|[图表]|[（(]不?含)[ ]?$|(?:第|〔|\[|No\.?|N°)[ ]?(?:[0-9{_HAN_CHAR}]+[条款项章节名届]?(?:[、,至到和或与—–~-]+)第?)*$")
_RANK = re.compile(r"(?<!提)(?<!年)前$")
_SPLIT = ("千", "百", "万", "亿")
_TIMES = re.compile(r"[×xX*][ ]?$")
_DAY_COUNT = re.compile(r"(?:以内|内(?!容)|的期限|期满)")
_YEAR_NAME = re.compile(r"[ ]?年(?:行动|规划|计划|攻坚|代|版|月|底|[0-9一二三四]{1,2}月|第?[一二三四]季度|[上下]半年)")
_PUE = re.compile(r"(?:PUE|电能利用效率|能效比)[^0-9，,。；;]{0,10}$")


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


def han_to_number(text: str) -> float | None:
    """Value of a numeral in Han characters (六十五, 一千二百, 三点五, 二〇二五), or None where it is none.

    一万五 and 三五 are none: whether they mean 15,000 and 3 to 5 is the reader's guess.
    """
    whole, _, fraction = text.partition("点")
    if re.fullmatch(r"[一二][零〇一二三四五六七八九]{3}", whole) and not fraction:  # a year, digit by digit
        return float("".join(str(_DIGITS[c]) for c in whole))
    whole = whole.replace("〇", "零")
    if whole != "零" and (not _WELL_FORMED.fullmatch(whole) or not whole.strip("零") or re.search(r"[百千万亿][^零百千万亿十]$", whole)):
        return None
    value = _positional(whole)
    if fraction:
        if any(c not in _DIGITS for c in fraction):
            return None
        value += float("0." + "".join(str(_DIGITS[c]) for c in fraction))
    return value


def _positional(text: str) -> float:
    total = section = digit = 0.0
    for c in text:
        power = _POWERS.get(c)
        if power is None:
            digit = _DIGITS[c]
        elif power < 10_000:
            section += (digit or 1) * power
            digit = 0
        else:
            total = (total + section + digit or 1) * power
            section = digit = 0
    return total + section + digit


def _number(text: str) -> float | None:
    if not "0" <= text[0] <= "9":
        return han_to_number(text)
    plain = text.replace(",", "")
    if len(plain) > 15 or (plain[0] == "0" and plain[1:2].isdigit()):  # an identifier, or the tail of 350 000
        return None
    return float(plain)


def _scaled(value: float, scale: float) -> float:
    return round(value * scale, 6)  # 17.4 * 1e12 is not 1.74e13


def find_quantities(text: str) -> Iterator[Quantity]:
    """Yield the quantities of `text` from left to right, without overlap.

    Full-width digits and signs are read as half-width; offsets refer to `text` as given (the mapping is one to one).
    """
    plain = _WIDE_COMMA.sub(",", text).translate(_FOLD)
    position = 0
    while candidate := _CANDIDATE.search(plain, position):
        quantity = _read(plain, candidate.start(), candidate.start("num"))
        # Step over the whole number: the tail of 2025年 must not be read again as 25年.
        position = quantity.end if quantity else candidate.end()
        if quantity:
            yield quantity


def _read(plain: str, start: int, number_start: int) -> Quantity | None:
    before = plain[max(0, number_start - 40) : number_start]
    if _ORDINAL.search(before) or _TIMES.search(before):
        return None
    if match := _FRACTION.match(plain, start):
        return _fraction(match)
    if match := _RATIO.match(plain, start):
        return _ratio(plain, match)
    if (match := _RANGE.match(plain, start)) and (quantity := _range(plain, match)):
        return quantity
    match = _SINGLE.match(plain, start)
    return _single(plain, match) if match else None


def _comparator(match: re.Match[str], *more: str | None) -> str:
    if match["before"]:
        return _BEFORE[match["before"]]
    if any(more):
        return "超"
    return _AFTER[re.sub(r"^（[^）]*）|^\([^)]*\)|^[及或]|(?<=）)[及或]", "", match["after"])] if match["after"] else ""


def _fraction(match: re.Match[str]) -> Quantity | None:
    """百分之六十五, 三分之二, 百分之二十至三十, 万分之五."""
    base, low = _number(match["base"]), _number(match["low"])
    high = _number(match["high"]) if match["high"] else None
    if low is None or not base or (match["high"] and (high is None or high <= low)):
        return None
    unit = {100.0: "%", 1000.0: "‰"}.get(base, "分数")
    divisor = base if unit == "分数" else 1.0
    sign = -1.0 if match["sign"] else 1.0
    high = high / divisor if high is not None else None
    return Quantity(sign * low / divisor, unit, _comparator(match), match.start(), match.end(), match.start("num"), high)


def _ratio(plain: str, match: re.Match[str]) -> Quantity | None:
    first, second = float(match["num1"]), float(match["num2"])
    if first == 0 or second == 0 or len(match["num"]) > 15:
        return None  # a score (0:0), not a ratio
    near = plain[max(0, match.start() - 12) : match.start()]
    if match["mark"] == "/":
        unit, sound = "分数", first < second and first <= 10 and not match["num1"].startswith("0")
    else:  # 8:30 and 10:30 are times of day, 3:2 after 比分 is a score
        unit, sound = "比", "比分" not in near and (1.0 in (first, second) or "比" in near) and match["num2"][0] != "0"
    if not sound:
        return None
    return Quantity(first / second, unit, _comparator(match), match.start(), match.end(), match.start("num"))


def _range(plain: str, match: re.Match[str]) -> Quantity | None:
    """30%至50%, 30—50家, 10—20万元, 五至十家; None where the two ends do not belong together."""
    low, high, unit, own = _number(match["num1"]), _number(match["num2"]), match["unit2"], match["unit1"]
    if low is None or high is None or match["big1"] or match["big2"] or not (unit or match["mult2"]):
        return None
    if (own and UNITS[own] != UNITS.get(unit or "")) or _is_bare(match, 2) or not _is_count(plain, match, 2):
        return None
    scale = _MULTIPLIER[match["mult2"] or ""]
    shared = scale if match["mult2"] else _trailing_power(match["num2"])
    low_scale = _MULTIPLIER[match["mult1"]] if match["mult1"] else 1.0 if own else shared
    if low * low_scale >= high * scale:
        low_scale = 1.0  # 5000—1万元
    low, high = _scaled(low, low_scale), _scaled(high, scale)
    if low >= high or match["sign"]:
        return None
    tens, canonical = (10.0, "%") if unit == "成" else (1.0, _canonical(plain, match, unit or ""))
    comparator = _comparator(match, match["rest2"])
    return Quantity(low * tens, canonical, comparator, match.start(), match.end(), match.start("num1"), high * tens)


def _trailing_power(raw: str) -> float:
    """Multiplier that 五至十万 and 三至五千 share: that at the end of the upper number."""
    match = re.search(r"(?<=.)[百千万亿]+$", raw)
    return _MULTIPLIER.get(match[0], 1.0) if match else 1.0


def _single(plain: str, match: re.Match[str]) -> Quantity | None:
    raw, mult, unit, big = match["num1"], match["mult1"] or "", match["unit1"] or "", match["big1"]
    value = _number(raw)
    if value is None or not _is_count(plain, match, 1):
        return None
    end, number_start = match.end(), match.start("big1") if big else match.start("num1")
    comparator = _comparator(match, match["more1"], match["rest1"])
    if not unit and not mult and not _is_bare_number_meant(plain, match):
        return None
    if mult and raw[0].isascii() and (plain[end : end + 1].isdigit() or not big and plain[number_start - 1 : number_start] in _SPLIT):
        return None  # 6千6百多万: written in parts that no pattern here puts together
    if _is_bare(match, 1) and not _is_bare_meant(plain, match, comparator):
        return None
    value = _scaled(value, _MULTIPLIER[mult])
    if big:
        value += float(big[:-1]) * _POWERS[big[-1]]
    canonical = _canonical(plain, match, unit)
    if canonical == "成":
        value, canonical = value * 10 + (5 if match["half"] == "半" else _DIGITS.get(match["half"] or "", 0)), "%"
    elif match["half"]:  # 3年半
        value += 0.5 if canonical in {"年", "倍", "天"} else 0.0
    start = match.start()
    if match["sign"]:
        if canonical in {"%", "‰", "百分点", "元", "倍"}:
            value = -value
        elif not match["before"]:
            start = match.end("sign")
    return Quantity(value, canonical, comparator, start, end, number_start)


def _canonical(plain: str, match: re.Match[str], unit: str) -> str:
    if unit == "架" and re.search(r"机架|机柜|数据中心", plain[max(0, match.start() - 24) : match.start()]):
        return "机架"  # of drones and planes it is 架
    return UNITS.get(unit, "")


def _is_bare(match: re.Match[str], n: int) -> bool:
    """Whether the numeral is only a power: 百, 万, 千亿."""
    return bool(_BIG_ALONE.fullmatch(match[f"num{n}"]))


def _is_bare_meant(plain: str, match: re.Match[str], comparator: str) -> bool:
    """Tell 近百家, 上亿元, 百亿元 and 百万年薪 from 万元 (a column's unit), 百年大计, 千家万户, 百亿级 and 千万不要."""
    if comparator and (match["unit1"] or len(match["num1"]) > 1 or match["before"] == "上"):
        return True
    if len(match["num1"]) < 2:
        return False
    near = plain[max(0, match.start() - 3) : match.start()] + plain[match.end() : match.end() + 3]
    return bool(match["unit1"] or _PAY.search(near))


def _is_bare_number_meant(plain: str, match: re.Match[str]) -> bool:
    """Whether a number without unit states something: 二十万, and PUE, which has no unit."""
    if not match["num1"][0].isascii():
        return match["num1"][-1] in "万亿"
    return "." in match["num1"] and bool(_PUE.search(plain[max(0, match.start() - 16) : match.start()]))


def _is_count(plain: str, match: re.Match[str], n: int) -> bool:
    """Whether the unit (if any) is counted, not part of a date, a rank, a level or a name."""
    raw, unit, start = match[f"num{n}"], match[f"unit{n}"] or "", match.start("num1")
    han, stated = not raw[0].isascii(), bool(match["before"] or match["after"])
    end = max(match.end(f"{group}{n}") for group in ("num", "mult", "rest", "unit"))
    if plain.startswith("级", end):  # 千亿级产业集群 names a level
        return False
    before = plain[max(0, start - 8) : start]
    if raw in {"一", "二"} and not match[f"mult{n}"] and not stated and unit not in {"倍", "成", "元"}:
        return False  # 一个, 一家, 一体; 二次, 二类 are ordinals
    if han and not stated and before.endswith("“") and not unit.endswith(("元", "倍", "成")):
        return False  # “三支一扶”, “两个维护” are names
    if raw == "一" and unit in {"成", "元"} and not stated:
        return False
    if unit in {"名", "位", "项", "款", "条"} and _RANK.search(before):
        return False
    if unit == "次" and re.search(r"届|人大|常委会|政协|全会", before):
        return False
    if unit == "分" and (han or re.match(r"[一-龥]", plain[match.end() : match.end() + 1]) and not match["after"]):
        return False
    if unit == "P" and not match[f"mult{n}"] and raw in {"480", "720", "1080", "2160"}:  # lines of a picture
        return False
    if unit == "年":
        return not _is_date(plain, match, n, raw, before)
    return unit != "日" or bool((match["before"] or match["after"] or _DAY_COUNT.match(plain, match.end())) and not before.endswith("月"))


def _is_date(plain: str, match: re.Match[str], n: int, raw: str, before: str) -> bool:
    """Whether `raw` and the 年 after it name a point in time or a plan rather than a duration; 近五年 is a period."""
    if match[f"mult{n}"]:
        return False
    value = _number(raw) or 0.0
    if 1900 <= value <= 2100 or (len(raw) == 4 and raw.isascii()) or match["before"] == "近" or before.endswith(("近", "民国")):
        return True
    return bool(_YEAR_NAME.match(plain, match.end(f"num{n}"))) or before.endswith("世纪")
