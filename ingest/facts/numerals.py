"""Numerals alone, in digits or in Han characters: their patterns and their values. Pure."""

import re

_DIGITS = {"零": 0, "〇": 0, "一": 1, "二": 2, "两": 2, "三": 3, "四": 4, "五": 5, "六": 6, "七": 7, "八": 8, "九": 9}
POWERS = {"十": 10, "百": 100, "千": 1000, "万": 10_000, "亿": 100_000_000}
MULTIPLIERS = {
    "": 1.0, "百": 1e2, "千": 1e3, "万": 1e4, "十万": 1e5, "百万": 1e6, "千万": 1e7, "亿": 1e8, "十亿": 1e9,
    "百亿": 1e10, "千亿": 1e11, "万亿": 1e12, "兆": 1e12,
}  # fmt: skip
# A multiplier after digits, not the beginning of a unit (千瓦, 百分点); 兆 counts money only, else it is mega.
MULTIPLIER_PATTERN = (
    "(?:万亿|千亿|百亿|十亿|千万|百万|十万|亿|万|千(?![瓦克米伏兆卡帕])|百(?![分姓货])|兆(?=元|美元|新台币|日元|韩元))"
)
HAN_CHARACTERS = "零〇一二两三四五六七八九十百千万亿"
# 数百家 and 十几家 are vague; 总数三十家 is not.
_HAN = (
    rf"(?<![{HAN_CHARACTERS}几第若])(?<!(?<![总人个户件次家位])数)"
    rf"[{HAN_CHARACTERS}]++(?:点[零〇一二三四五六七八九]++)?(?!几)"
)
# No tail of another number, of a name (H100, GPT-4) or of a decimal; 1.2025年 is a list mark before a year.
_ARABIC = (
    r"(?<![0-9A-Za-z.])(?<![0-9],)(?<![A-Za-z]-)"
    r"(?:[0-9]{1,3}(?:,[0-9]{3})+(?:\.[0-9]+)?|[0-9]+(?:\.(?!(?:19|20)[0-9]{2}年)[0-9]+)?)(?![.,]?[0-9])"
)
NUMBER_PATTERN = f"(?:{_ARABIC}|{_HAN})"

_SECTION = (
    "(?:[一二两三四五六七八九]?千)?零?(?:[一二两三四五六七八九]?百)?零?(?:[一二三四五六七八九]?十)?零?"
    "[一二两三四五六七八九]?"
)
_WELL_FORMED = re.compile(f"(?:{_SECTION}万?亿)?零?(?:{_SECTION}万)?{_SECTION}")
_YEAR = re.compile("[一二][零〇一二三四五六七八九]{3}")
_AMBIGUOUS_END = re.compile("[百千万亿][一二两三四五六七八九]$")  # 一万五: 15,000 to most, 10,005 to the letter


def han_to_number(text: str) -> float | None:
    """Value of a numeral in Han characters (六十五, 一千二百, 三点五, 二〇二五), or None where it is none.

    一万五 and 三五 are none: whether they mean 15,000 and 3 to 5 is the reader's guess.
    """
    whole, _, fraction = text.partition("点")
    if not set(text) <= {*_DIGITS, *POWERS, "点"} or not whole or set(fraction) & POWERS.keys() or "点" in fraction:
        return None
    if _YEAR.fullmatch(whole) and not fraction:  # a year, digit by digit
        return float("".join(str(_DIGITS[c]) for c in whole))
    whole = whole.replace("〇", "零")
    if whole != "零" and (not whole.strip("零") or not _WELL_FORMED.fullmatch(whole) or _AMBIGUOUS_END.search(whole)):
        return None
    decimals = "".join(str(_DIGITS[c]) for c in fraction)
    return float(f"{_positional(whole)}.{decimals or 0}")


def _positional(text: str) -> int:
    total = section = digit = 0
    for c in text:
        power = POWERS.get(c)
        if power is None:
            digit = _DIGITS[c]
        elif power < 10_000:
            section += (digit or 1) * power
            digit = 0
        else:  # 万 multiplies what stands since 亿 (一亿二千万), 亿 all before it (三千万亿)
            kept = total if power == POWERS["万"] else 0
            total = kept + (total - kept + section + digit or 1) * power
            section = digit = 0
    return total + section + digit


def value_of(numeral: str) -> float | None:
    """Value of a numeral as NUMBER_PATTERN finds it, or None for what states no amount.

    That is: a Han numeral that is none, more than 15 digits (an identifier), leading zeros (the tail of 350 000).
    """
    if not "0" <= numeral[0] <= "9":
        return han_to_number(numeral)
    plain = numeral.replace(",", "")
    if len(plain) > 15 or (plain[0] == "0" and plain[1:2].isdigit()):
        return None
    return float(plain)


def scaled(value: float, scale: float) -> float:
    """`value` times `scale` without the binary remainder: 17.4 * 1e12 is 1.74e13."""
    return round(value * scale, 6)
