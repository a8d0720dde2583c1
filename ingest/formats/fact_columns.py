"""What a table's headers and cells say of numbers: label and unit of a column, periods and regions, what is a number."""

import re
import unicodedata
from dataclasses import dataclass

from ingest.facts.numbers import find_quantities
from ingest.facts.periods import find_periods
from ingest.facts.regions import by_name
from ingest.facts.units import UNITS

_PLAIN = r"[-+−－]?(?:\d{1,3}(?:[,，]\d{3})+|\d+)(?:\.\d+)?"
_NUMBER = re.compile(
    rf"(?:[≥≤><≧≦＞＜]|约|超过?|近|不低于|不少于|不超过|不足)?\s*{_PLAIN}(?:\s*[-—~～至]\s*(?<!\d{{4}}[-—~～至]){_PLAIN})?"
    r"(?P<note>（合并单元格，共\d+行）)?"
)
_FOLD = str.maketrans("０１２３４５６７８９．", "0123456789.")
YEAR = re.compile(r"(?:19|20)\d{2}")
PERIOD = re.compile(
    r"(?:19|20)\d{2}年?(?:[-—–~至到]+(?:19|20)\d{2}年?)?(?:[Q第]?[1-4一二三四](?:季度)?|[上下]半年|底|末|\d{1,2}月)?"
)
_MAX_HEADER = 100  # characters; a longer one is a sentence
_GENERIC = frozenset("数值 值 数据 数量 数额 金额 指标值 數值 數據 value amount data".split())
_ROLES = frozenset("目标值 实际值 现值 基期值 基准值 完成值 预期值 当前值 目标 实际 target actual".split())
_POWERS = re.compile(r"^(?:百万|千万|十万|万亿|百亿|千亿|[十百千万亿])")
_MORE_UNITS = frozenset(
    "MW kW GW TW kV V MWh GWh TWh POPS TOPS FLOPS MFLOPS ZFLOPS 万 亿 千 百万 千万 万亿 ％ 人年 万标准箱 户次 点 bps".split()
)
_BRACKET = re.compile(r"\s*[（(\[【]\s*(?:单位[:：])?\s*([^（()）\[\]【】]{1,20}?)\s*[）)\]】]")
_BEHIND = re.compile(r"\s*(?:[/／]|[:：]|\s)\s*([^\s/／:：]{1,10})$|([%％‰])$")


@dataclass(frozen=True, slots=True)
class Column:
    """A column's header without its unit, the unit, and whether the header says only when or where, or nothing."""

    label: str
    unit: str
    bare: bool


def column_of(header: str) -> Column:
    """Part a header from its unit: 算力规模（EFLOPS）, 投资额/亿元, 利用率%. A bracket that is no unit stays in the label."""
    header = header.strip()
    if len(header) > _MAX_HEADER:
        return Column(header, "", False)
    unit, label = "", header
    for match in reversed(list(_BRACKET.finditer(header))):
        stated = next((part for part in re.split(r"[,，、;；]", match[1]) if is_unit(part.strip())), "")
        if stated:
            unit = stated.strip()
            label = (header[: match.start()] + header[match.end() :]).strip() if stated == match[1] else header
            break
    if not unit and (behind := _BEHIND.search(header)) and is_unit(behind[1] or behind[2]):
        unit = behind[1] or behind[2]
        label = header[: behind.start()].strip() if behind[1] else header
    label = label.rstrip(":：") or header
    key = folded(label)
    return Column(label, unit, key in _GENERIC or key in _ROLES or is_when_or_where(label))


def is_unit(text: str) -> bool:
    """Tell whether the whole of a short text is a unit, with or without 万, 亿 ...; 万元/亩 counts too."""
    if len(text) > 20:
        return False
    if "/" in text.strip("/"):
        return all(is_unit(part) for part in text.split("/", 1))
    text = text.strip()
    rest = _POWERS.sub("", _POWERS.sub("", text))
    return bool(text) and (text in UNITS or text in _MORE_UNITS or rest in UNITS or rest in _MORE_UNITS)


def is_when_or_where(header: str) -> bool:
    """Tell whether a header is only a period (2024年, 2025, 十四五) or a region (贵州, 全国)."""
    header = header.strip()
    if not header or len(header) > _MAX_HEADER:
        return False
    if PERIOD.fullmatch(header) or by_name(header):
        return True
    return len(header) <= 12 and bool(find_periods(header)) and header.startswith(("十", "二"))


def number_in(cell: str) -> re.Match[str] | None:
    """Match a cell that is a number and nothing else."""
    return _NUMBER.fullmatch(cell.translate(_FOLD))


def is_measured(cell: str) -> bool:
    """Tell whether a cell is a quantity with its unit and nothing else: 65%, 约30万架, 60%以上."""
    if len(cell) > 24 or not any(char.isdigit() for char in cell):
        return False
    return any(q.start == 0 and q.end == len(cell) and (q.unit or q.comparator) for q in find_quantities(cell))


def joined_label(column: Column, item: str) -> str:
    """Say what a number is from its row's and its column's header: 2024年 + 算力规模, 算力规模 + 目标值."""
    key = folded(column.label)
    label = column.label + "年" if YEAR.fullmatch(column.label) else column.label
    if not item or not label:
        return item or label
    if key in _GENERIC:
        return item
    return label + item if column.bare and key not in _ROLES else item + label


def folded(header: str) -> str:
    """Return a header in the form in which headers are compared."""
    return unicodedata.normalize("NFKC", header).strip().lower().replace("(", "（").replace(")", "）").replace(" ", "")
