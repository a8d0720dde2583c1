"""Words of time as patterns without groups: one place for the figures of a text and the periods of a question."""

YEAR = r"(?:19|20)\d{2}"
HAN_YEAR = r"[一二][九〇零○][〇零○一二三四五六七八九]{2}年"
PLAN = r"十[一二三四五六]五"
ORDINAL = r"[一二三四1-4]"  # of a quarter
QUARTER = rf"第?{ORDINAL}季度"
HALF = r"[上下]半年"
COUNT = r"[一二两三四五六七八九十\d]+"
SPAN_LEAD = r"近|未来|过去|今后|最近"
SPAN = rf"(?:{SPAN_LEAD}){COUNT}年"
RELATIVE_YEAR = {"今年": 0, "去年": -1, "上年": -1, "前年": -2, "明年": 1, "后年": 2}
DASH = r"(?:[-—–~]+|起?[至到])"


def ordinal(text: str) -> int:
    """Number of a quarter written as 一 or 1."""
    return "一二三四".find(text) + 1 or int(text)


def han_year(text: str) -> str:
    """二〇二四年 as 2024."""
    return "".join(str("〇一二三四五六七八九".index(c.replace("零", "〇").replace("○", "〇"))) for c in text[:4])


def plan_years(plan: str) -> range:
    """The years of a five-year plan: 十四五 is 2021 to 2025. `plan` is what PLAN matches."""
    first = 2021 + 5 * ("一二三四五六七八九".index(plan[-2]) - "一二三四五六七八九".index("四"))
    return range(first, first + 5)
