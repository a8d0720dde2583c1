"""When a figure is for, and whether it is a target, a forecast or a fact."""

import re
from collections.abc import Sequence

from ingest.facts.owners import numbers_behind
from ingest.facts.period_words import DASH, HAN_YEAR, ORDINAL, PLAN, SPAN, YEAR, han_year, ordinal
from ingest.types import FigureKind

# 2025-2027年, and with the days: 2022年10月1日至2025年12月31日.
_YEAR_WORD = re.compile(
    rf"(?<![\d.])({YEAR})(?:(?:年(?:\d{{1,2}}月(?:\d{{1,2}}日)?)?)?\s?{DASH}\s?({YEAR}))?\s?财?年(?!Q[1-4])"
)
_HAN_YEAR = re.compile(HAN_YEAR)
_YEAR_QUARTER = re.compile(rf"(?<!\d)({YEAR})年?Q([1-4])")
_PLAN = re.compile(PLAN)
_QUARTER = re.compile(rf"第?({ORDINAL})季度")
_HALF = re.compile(r"(上|下)半年")
_SPAN = re.compile(SPAN)
_BASE_YEAR = re.compile(
    r"(?:比|较|相比|较之|同比)(?:于)?(?:(?:19|20)\d{2}年(?:底|末|同期)?|去年|上年)|与(?:19|20)\d{2}年.{0,3}相比"
)
# A plan or an aim that somebody has, not its name, its book or what serves it: 国土空间规划, 计划单列市, 实现目标的企业.
_PLANNED = r"规划(?![》”、，。；：之中期局院部纲设编用和及与]|的[，,、；]|要求|管理|条件|范围|体系)"
_AIM = r"目标(?![、任市用群责管的客导])"
# 增长到2024年的1200亿元 states a fact; 到2027年 at the head of a clause sets a target.
_TARGET = re.compile(
    rf"{_PLANNED}|{_AIM}|力争|争取|(?:(?<!行动|补助|资助|培养|研发|投资|年度|工作|专项)计划(?![之书单内外生中类项专管》”、，。；]|的[，,、；]))|拟"
    r"|将(?=(?:再|新|累计|逐步)?(?:达|突破|建|超|实现|新增|增|形成|完成|投|打造|培育|提|升|降|下降|有|于|在|推出|引进|部署|布))"
    r"|(?:19|20)\d{2}年[底末]?前|(?<![长升高加降大少减展直])到(?:19|20)\d{2}年(?:底|末)?"
    r"|要(?:达到|实现)|确保|建成后"
)
_FORECAST = re.compile(r"预计|有望|预测(?!性|模型|预警|分析|系统)|预期(?!目标|性)|估计")
_ACHIEVED = re.compile(r"已|(?:达到|突破|实现|完成|建成|超过)了|超额|截至|截止|实际|以来")
# At the head of a sentence the last of these governs what follows; 规划 and 将 are too common there.
_LEAD = re.compile(
    rf"(?P<target>(?<![长升高加降大少减展直])到(?:19|20)\d{{2}}年|力争|{_AIM}|规划(?=建设|布局)"
    r"|计划(?=(?:19|20)\d{2}|投入|建设|用|在)|拟(?=用|投|建)|(?:19|20)\d{2}年[底末]?前)|(?P<forecast>预计|预测(?!性|模型|预警|分析|系统))|(?P<fact>已|截至|同比|以来|实际)"
)


def find_periods(text: str) -> tuple[str, ...]:
    """Periods named in `text`, in order: 2025, 2025Q1, 2025H1, 2025-2027, 十四五. Bare numbers are none."""
    return tuple(period for _, period in _found(text))


def _found(text: str) -> list[tuple[int, str]]:
    found = [(m.start(), _year_period(text, m)) for m in _YEAR_WORD.finditer(text)]
    found += [(m.start(), f"{m[1]}Q{m[2]}") for m in _YEAR_QUARTER.finditer(text)]
    found += [(m.start(), han_year(m[0])) for m in _HAN_YEAR.finditer(text)]
    found += [(m.start(), m[0]) for m in _PLAN.finditer(text)]
    return sorted(found)


def _year_period(text: str, match: re.Match[str]) -> str:
    year, until, tail = match[1], match[2], match.end()
    if until and until != year:
        return f"{year}-{until}"
    if quarter := _QUARTER.match(text, tail):
        return f"{year}Q{ordinal(quarter[1])}"
    half = _HALF.match(text, tail)
    return f"{year}H{1 if half[1] == '上' else 2}" if half else year


# 由2018年的15%提升到50%: the year is that of the level before.
_FROM_YEAR = re.compile(
    r"[由从](?:19|20)\d{2}年[^，,。；]{0,16}?(?=(?:提升|提高|增长|增加|增至|升至|上升|扩大|降至|下降|降低|缩短|减少))"
)


def period_of(text: str, position: int, clause_end: int, lead: str = "") -> str:
    """Time that the figure at `position` is for: the last stated before it, else one behind it in its clause.

    A year that it is only compared with (比2020年增长) is not its own. `lead` is what stands before the sentence in
    the same enumeration.
    """
    before = _FROM_YEAR.sub("", _BASE_YEAR.sub("", text[:position]))
    if stated := find_periods(before):
        whole_year = re.search("全年", before[before.rfind("半年") + 1 :])  # 2024年上半年…，全年有望…
        return stated[-1][:4] if whole_year and stated[-1][4:5] == "H" else stated[-1]
    if span := list(_SPAN.finditer(before)):
        return span[-1][0]
    if later := find_periods(_BASE_YEAR.sub("", text[position:clause_end])):
        return later[0]
    stated = find_periods(_BASE_YEAR.sub("", lead))
    return stated[-1] if stated else ""


def respective_periods(text: str, spans: Sequence[tuple[int, int]]) -> dict[int, str]:
    """Periods that 分别 hands out in order: quantity number -> period, for 2023年和2024年分别为10亿元、12亿元."""
    found: dict[int, str] = {}
    for match in re.finditer("分别|依次", text):
        numbers, stated = numbers_behind(text, spans, match.end()), find_periods(text[: match.start()])
        if len(numbers) == len(stated) > 1:
            found.update(zip(numbers, stated, strict=True))
    return found


def kind_of(text: str, clause_start: int, position: int, lead: str | None = "") -> FigureKind:
    """Whether a figure is a target, a forecast or a fact, by its clause, then by the head of its sentence.

    `lead` is what stands before the sentence in the same enumeration, None where only the clause counts.
    A target stated at the head governs the enumeration: 到2027年，打造…100个，培育…50家.
    """
    near = _BASE_YEAR.sub("", text[clause_start:position])
    if _FORECAST.search(near):
        return "预测"
    achieved, target = _ACHIEVED.search(near), list(_TARGET.finditer(near))
    if target and not (achieved and achieved.start() > target[-1].start()):
        return "目标值"
    if achieved:
        return "实际值"
    if lead is None:
        return "实际值"
    kinds: dict[str, FigureKind] = {"target": "目标值", "forecast": "预测", "fact": "实际值"}
    governing = [match.lastgroup or "" for match in _LEAD.finditer(lead + text[:clause_start])]
    return kinds[governing[-1]] if governing else "实际值"
