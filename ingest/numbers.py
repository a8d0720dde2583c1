"""Chinese and Arabic quantities in running text: find them, and give value, unit and comparator.

`\\b` and `\\w` are of no use here (Han characters are word characters), so every pattern states its own edges.
Numerals in Han characters count only when bound to a unit, so 四川, 三亚, 一体化, 十四五 and 第二批 are no quantities.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

_FULL_WIDTH = str.maketrans("０１２３４５６７８９．，％：／＋－～", "0123456789.,%:/+-~")
_DIGITS = {"零": 0, "〇": 0, "一": 1, "二": 2, "两": 2, "三": 3, "四": 4, "五": 5, "六": 6, "七": 7, "八": 8, "九": 9}
_SMALL = {"十": 10, "百": 100, "千": 1000}
_BIG = {"万": 10_000, "亿": 100_000_000}
_MULTIPLIER = {
    "": 1, "百": 1e2, "千": 1e3, "万": 1e4, "十万": 1e5, "百万": 1e6, "千万": 1e7, "亿": 1e8, "十亿": 1e9,
    "百亿": 1e10, "千亿": 1e11, "万亿": 1e12, "兆": 1e12,
}  # fmt: skip

# Longest first; the canonical form where the spelling differs.
_UNITS = {
    "个百分点": "百分点", "百分点": "百分点", "％": "%", "%": "%", "‰": "‰",
    "元人民币": "元", "人民币": "元", "美元": "美元", "欧元": "欧元", "港元": "港元", "日元": "日元", "新台币": "新台币", "元": "元",
    "标准机架": "机架", "个机架": "机架", "架": "机架", "千瓦时": "千瓦时", "度电": "千瓦时", "kWh": "千瓦时",
    "千瓦": "千瓦", "兆瓦": "兆瓦", "吉瓦": "吉瓦", "吨标准煤": "吨标准煤", "吨": "吨", "平方公里": "平方公里",
    "平方米": "平方米", "公里": "公里", "公顷": "公顷", "亩": "亩", "米": "米",
    "EFLOPS": "EFLOPS", "Eflops": "EFLOPS", "PFLOPS": "PFLOPS", "Pflops": "PFLOPS", "EB": "EB", "PB": "PB",
    "TB": "TB", "GB": "GB", "Gbps": "Gbps", "Tbps": "Tbps", "P": "P", "E": "E",
    "个省区市": "个", "家": "家", "户": "户", "人次": "人次", "人": "人", "名": "人", "位": "位", "所": "所", "座": "座",
    "项": "项", "台": "台", "套": "套", "辆": "辆", "件": "件", "条": "条", "款": "款", "种": "种", "类": "类",
    "处": "处", "次": "次", "场": "场", "篇": "篇", "部": "部", "颗": "颗", "枚": "枚", "只": "只", "款产品": "款",
    "个月": "个月", "个工作日": "个工作日", "工作日": "个工作日", "个": "个", "倍": "倍", "成": "成", "小时": "小时", "分钟": "分钟",
    "毫秒": "毫秒", "秒": "秒", "周岁": "岁", "岁": "岁", "年": "年", "天": "天", "日": "日", "分": "分",
}  # fmt: skip
_UNIT_RE = "|".join(re.escape(unit) for unit in sorted(_UNITS, key=len, reverse=True))
_BEFORE = {
    "超过": "超", "突破": "超", "高于": "超", "多于": "超", "大于": "超", "逾": "超", "超": "超",
    "不低于": "至少", "不少于": "至少", "不小于": "至少", "至少": "至少", "最少": "至少",
    "不超过": "至多", "不高于": "至多", "不多于": "至多", "不大于": "至多", "至多": "至多", "最多": "至多", "最高": "至多",
    "不足": "不足", "不到": "不足", "低于": "不足", "少于": "不足", "小于": "不足", "不满": "不足",
    "大约": "约", "约为": "约", "约": "约", "大概": "约", "将近": "近", "接近": "近", "近": "近", "上": "超",
}  # fmt: skip
_AFTER = {"以上": "以上", "以下": "以下", "以内": "至多", "左右": "约", "上下": "约", "余": "超", "多": "超", "+": "超"}
_ARABIC = r"\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?"
_HAN = "[零〇一二两三四五六七八九十百千万亿]+(?:点[零〇一二三四五六七八九]+)?"
_MULT = "万亿|千亿|百亿|十亿|千万|百万|十万|亿|万|千|百|兆"
_BEFORE_RE = "|".join(sorted(_BEFORE, key=len, reverse=True))
_QUANTITY = re.compile(
    rf"(?P<before>(?:{_BEFORE_RE})(?:了|达|达到)?)?(?P<sign>(?<![\d年月])[-+－](?=\d))?"
    rf"(?:百分之(?P<hanpct>{_HAN}|{_ARABIC})"
    rf"|(?P<num1>\d+)(?P<ratio>[/:∶])(?P<num2>\d+)(?![/:∶\d])"
    rf"|(?:(?P<low>{_ARABIC})(?P<lowmid>(?:{_MULT})?(?:{_UNIT_RE})?)(?P<dash>[-—–~～至到]+))?"
    rf"(?P<num>{_ARABIC}|{_HAN})(?P<more>[余多])?(?P<mult>{_MULT})?(?P<more2>[余多])?(?P<unit>{_UNIT_RE})?"
    rf"(?P<half>[一二三四五六七八九半](?![个家项一-龥]))?)"
    rf"(?P<after>以上|以下|以内|左右|上下|余|多|\+)?"
)
# What looks like a quantity and is none: dates, ordinals, document numbers, plan periods, clause numbers.
_NOT_AFTER = re.compile(r"(?:第|〔|\[|No\.?|N°|[A-Za-z])\s*$")
_DATE_AFTER = re.compile(r"^(?:年(?:代|度|版|期间|以来|底|初|末|前|后|[0-9一二三四上下第—－-]|$|[^级制限内龄薪均])|月|号|〕|\]|时\d|[-/.]\d)")
_IDIOM = re.compile(r"^(?:一|两)(?:个|家|项|位|名|次|种|类|条|件|处|台|场|部|年|日|天|成|套|款|些|批|系列|体|方面)")


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
    """Value of a numeral in Han characters (六十五, 一千二百, 三点五, 二〇二五), or None where it is none."""
    whole, _, fraction = text.partition("点")
    if not whole or any(c not in _DIGITS and c not in _SMALL and c not in _BIG for c in whole):
        return None
    if all(c in _DIGITS for c in whole) and len(whole) > 1:
        value = float("".join(str(_DIGITS[c]) for c in whole))
    else:
        value = _positional(whole)
    if fraction:
        value += float("0." + "".join(str(_DIGITS[c]) for c in fraction))
    return value


def _positional(text: str) -> float:
    total = section = digit = 0.0
    for c in text:
        if c in _DIGITS:
            digit = _DIGITS[c]
        elif c in _SMALL:
            section += (digit or 1) * _SMALL[c]
            digit = 0
        else:
            total = (total + section + digit or 1) * _BIG[c]
            section = digit = 0
    return total + section + digit


def _number(text: str) -> float | None:
    text = text.replace(",", "")
    if text[:1].isdigit():
        return float(text)
    return han_to_number(text)


def find_quantities(text: str) -> Iterator[Quantity]:
    """Yield the quantities of `text` from left to right, without overlap.

    Full-width digits and signs are read as half-width; offsets refer to `text` as given (the mapping is one to one).
    """
    plain = text.translate(_FULL_WIDTH)
    position = 0
    while match := _QUANTITY.search(plain, position):
        quantity = _quantity(plain, match)
        position = match.end() if quantity else max(match.start("num"), match.start("num1"), match.start()) + 1
        if quantity:
            position = quantity.end
            yield quantity
        elif match["num"] and match["num"][0].isdigit():
            # Step over the whole number: the tail of 2025年 must not be read again as 25年.
            position = max(position, match.end("num"))


def _quantity(plain: str, match: re.Match[str]) -> Quantity | None:
    number_start = next(match.start(g) for g in ("low", "hanpct", "num1", "num") if match[g])
    if match["hanpct"]:
        number_start -= len("百分之")
    if _NOT_AFTER.search(plain[max(0, number_start - 4) : number_start]):
        return None
    comparator = _BEFORE.get(re.sub("(?:了|达|达到)$", "", match["before"] or ""), "")
    if not comparator and match["after"]:
        comparator = _AFTER[match["after"]]
    if match["hanpct"]:
        value = _number(match["hanpct"])
        return value if value is None else Quantity(value, "%", comparator, match.start(), match.end(), number_start)
    if match["ratio"]:
        return _ratio(plain, match, comparator, number_start)
    return _plain_quantity(plain, match, comparator, number_start)


def _ratio(plain: str, match: re.Match[str], comparator: str, number_start: int) -> Quantity | None:
    first, second = float(match["num1"]), float(match["num2"])
    if first == 0 or second == 0:
        return None  # a score (0:0), not a ratio
    if match["ratio"] == "/" and (first >= second or first > 20):
        return None  # 2025/11 is a date
    if match["ratio"] != "/" and (len(match["num1"]) == 2 and len(match["num2"]) == 2 and second < 60):
        return None  # 10:30 is a time of day
    unit = "比" if match["ratio"] != "/" else "分数"
    value = first / second
    return Quantity(value, unit, comparator, match.start(), match.end(), number_start)


def _plain_quantity(plain: str, match: re.Match[str], comparator: str, number_start: int) -> Quantity | None:
    raw, mult, unit = match["num"], match["mult"] or "", match["unit"] or ""
    han = not raw[0].isdigit()
    end = match.end()
    # In 上亿元 and 百万年薪 the multiplier has been read as the numeral itself; that is its value.
    if han and (not unit and not mult or _IDIOM.match(plain[number_start:])):
        bare = raw[-1] in "亿万" and len(raw) >= 1 and bool(comparator or raw[0] in "百千十")
        if not bare or _IDIOM.match(plain[number_start:]):
            return None
    if unit == "成" and plain[end : end + 1] and plain[end] in "为立果本功效员品套长熟渝都":
        return None
    if unit in {"年", "日", "月"} and not mult and _is_date(plain, raw, match.end("num"), comparator, han):
        return None
    if not unit and not mult and not han:
        return None  # a bare number states nothing that can be defended
    if unit in {"条", "款", "项"} and plain[max(0, number_start - 1) : number_start] == "第":
        return None
    if unit == "年" and plain[match.end("unit") : match.end("unit") + 1] == "薪":  # 百万年薪: the unit belongs to 年薪
        unit, end = "", match.start("unit")
    value = _number(raw)
    if value is None:
        return None
    if match["more"] or match["more2"]:
        comparator = comparator or "超"
    scale = _MULTIPLIER[mult]
    value, canonical = value * scale, _UNITS.get(unit, "")
    if canonical == "成":
        value, canonical = value * 10 + (_DIGITS.get(match["half"] or "", 0) or (5 if match["half"] == "半" else 0)), "%"
    elif match["half"]:
        end = match.start("half")
    if match["sign"] and match["sign"] in "-－":
        value = -value
    low = _low_end(match, mult, scale)
    if low is None:
        return Quantity(value, canonical, comparator, match.start(), end, match.start("num"))
    return Quantity(low, canonical, comparator, match.start(), end, number_start, value_high=value)


def _low_end(match: re.Match[str], mult: str, scale: float) -> float | None:
    if not match["low"] or match["lowmid"].endswith(("年", "月")):
        return None
    low = float(match["low"].replace(",", ""))
    own = re.match(_MULT, match["lowmid"])
    return low * (_MULTIPLIER[own[0]] if own else scale if mult and not match["lowmid"] else 1)


def _is_date(plain: str, raw: str, end: int, comparator: str, han: bool) -> bool:
    """Whether `raw` and the 年/日 after it name a point in time rather than a duration."""
    if plain[end] == "日":
        return True
    value = _number(raw) or 0
    if 1900 <= value <= 2100 or (len(raw) == 4 and not han):
        return True
    return bool(_DATE_AFTER.match(plain[end:])) and not comparator and (han and len(raw) > 1 and value > 99)
