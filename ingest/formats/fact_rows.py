"""Rows of a table of figures as sentences that can be cited alone: whose number, for which year, in which unit.

`| 贵州 | 2025 | 98.5 |` says nothing without its header, and the header is far away. A row becomes one line,
`| 贵州，2025年，算力规模 98.5EFLOPS |`: every word and digit stands in the sheet (cell, column header, row header, unit
column or 单位： line), only brought together. Commas part the cells because they also part the clauses in which
ingest.facts.figures looks for an owner, a period and an indicator; a colon between a header and its number would part those two.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from statistics import median

from ingest.facts.periods import find_periods
from ingest.facts.regions import by_name
from ingest.formats.fact_columns import (
    PERIOD,
    YEAR,
    Column,
    column_of,
    folded,
    is_measured,
    is_unit,
    joined_label,
    number_in,
)

MAX_LINE = 400  # characters; a longer row goes on in a line of its own that repeats its region, year or name
_PLACES = frozenset(
    "地区 地域 区域 省份 省市 省区市 省（区、市） 省 市 城市 地市 市州 市（州） 區域 地區 region province city area".split()
)
_TIMES = frozenset("年 年份 年度 时间 时期 期间 年月 報告期 报告期 時間 year period date".split())
_ITEMS = frozenset("指标 指标名称 指标项 主要指标 项目 指標 指標名稱 項目 indicator item metric".split())
_UNIT_COLUMNS = frozenset("单位 计量单位 單位 unit units".split())
# Numbers that count or measure nothing, and headers that say by their own words that the sheet's unit is not theirs.
_IDENTIFIERS = re.compile(
    r"序号|编号|代码|编码|排名|名次|位次|邮编|电话|手机|文号|证号|年份|年度|日期|时间|序號|編號|代碼|(?:^|\W)(?:no|id|code|rank|year)\.?$|^序$|^#$",
    re.IGNORECASE,
)
_OWN_MEASURE = re.compile(
    r"[率比例度倍]$|占比|比重|增速|增幅|增长|下降|指数|排名|[个家户人项件台套次]数|数量|PUE", re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class _Roles:
    """Which columns speak for the whole row: its place and time, what it measures, in which unit."""

    keys: tuple[int, ...]
    item: int | None
    unit: int | None


def fact_lines(header: Sequence[str], rows: Sequence[Sequence[str]], unit: str = "") -> Iterator[str]:
    """Yield one line for each row, or several for a long one; `unit` is that of a line 单位：亿元 above the table.

    Empty cells are left out. A number takes the unit of, in this order: its own cell, the unit column, its column's
    header, its row's header, the sheet. A row with one
    text in a table of three or more columns is a line of text.
    """
    columns = [column_of(text) for text in header]
    roles = _roles(header, columns, rows)
    for row in rows:
        stated = {cell for cell in row if cell}
        if len(stated) == 1 and len(columns) > 2 and not number_in(*stated):
            yield _safe(*stated)  # 一、东部地区; 注：……
            continue
        lead, rest = _pieces(header, columns, roles, row, unit)
        if not rest:
            lead, rest = [], lead
        line = list(lead)
        for piece in rest:
            if len(line) > len(lead) and sum(map(len, line)) + len(piece) > MAX_LINE:
                yield _line(line)
                line = list(lead)
            line.append(piece)
        if line:
            yield _line(line)


def plain_line(cells: Sequence[str]) -> str:
    """Return a row as it stands, cells parted by bars; "" where all are empty."""
    return f"| {' | '.join(_safe(cell) for cell in cells)} |" if any(cells) else ""


def _roles(header: Sequence[str], columns: Sequence[Column], rows: Sequence[Sequence[str]]) -> _Roles:
    names = [folded(text) for text in header]
    sample = rows[:200]
    times = [at for at, name in enumerate(names) if name in _TIMES and _mostly_periods(sample, at)]
    keys = (*(at for at, name in enumerate(names) if name in _PLACES), *times)
    unit = next((at for at, name in enumerate(names) if name in _UNIT_COLUMNS and _mostly_units(sample, at)), None)
    values = [at for at in range(len(columns)) if at not in keys and at != unit and _mostly_numbers(sample, at)]
    item = None
    if any(columns[at].bare for at in values):
        texts = [
            at for at in range(len(columns)) if at not in (*keys, *values, unit) and not _IDENTIFIERS.search(names[at])
        ]
        item = next((at for at in texts if names[at] in _ITEMS), None)
        first = texts[0] if texts and not keys else None
        # A first column without a telling header, before columns of years or regions, names what its rows measure.
        item = first if item is None and first is not None and median(_lengths(sample, first)) <= 30 else item
        if item is not None and item == first and names[item] not in _ITEMS and _mostly_regions(sample, item):
            keys, item = (item,), None
    return _Roles(keys, item, unit)


def _pieces(
    header: Sequence[str], columns: Sequence[Column], roles: _Roles, row: Sequence[str], sheet_unit: str
) -> tuple[list[str], list[str]]:
    """Return (what the row is about: place, time or its first words; its other cells in order)."""
    cells = [_safe(cell) for cell in row]
    lead = [_with_year(header[at], cells[at]) for at in roles.keys if at < len(cells) and cells[at]]
    item = column_of(cells[roles.item]) if roles.item is not None and roles.item < len(cells) else Column("", "", False)
    row_unit = cells[roles.unit] if roles.unit is not None and roles.unit < len(cells) else ""
    rest, used = [], False
    for at, cell in enumerate(cells):
        if not cell or at in roles.keys or at in (roles.item, roles.unit):
            continue
        column = columns[at] if at < len(columns) else Column("", "", False)
        number = number_in(cell)
        if not number and column.label and is_measured(cell):  # 65%, 约30万架: the unit is in the cell
            rest.append(f"{joined_label(column, item.label)} {cell}")
            used = True
            continue
        if not number or _IDENTIFIERS.search(column.label):
            rest.append(f"{header[at]}：{cell}" if at < len(header) and header[at] else cell)
            continue
        used = True
        unit = column.unit or ("" if _OWN_MEASURE.search(column.label) and not column.bare else row_unit or item.unit)
        unit = unit or ("" if _OWN_MEASURE.search(item.label or column.label) else sheet_unit)
        note = number["note"] or ""
        rest.append(f"{joined_label(column, item.label)} {cell.removesuffix(note)}{unit}{note}".strip())
    named = roles.item is not None and roles.item < len(cells) and cells[roles.item]
    repeats = bool(used and lead and item.label == named)
    if named and roles.item is not None and not repeats:  # it opens the line as it stands, bracket and all
        lead.append(named if used or not header[roles.item] else f"{header[roles.item]}：{named}")
    if roles.unit is not None and row_unit and not used:
        rest.append(f"{header[roles.unit]}：{row_unit}")
    if not lead and len(rest) > 1:
        at = next((at for at, piece in enumerate(rest[:3]) if not _IDENTIFIERS.search(piece.partition("：")[0])), 0)
        lead = rest[: at + 1]
        rest = rest[at + 1 :]
    return lead, rest


def _with_year(header: str, cell: str) -> str:
    """A year under the header 年份 is 2025年: the word is the header's."""
    return cell + "年" if YEAR.fullmatch(cell) and folded(header) in _TIMES else cell


def _line(pieces: Sequence[str]) -> str:
    return f"| {'，'.join(piece.rstrip('，,') for piece in pieces)} |"


def _safe(cell: str) -> str:
    return " ".join(cell.replace("|", "｜").split())


def _cells(rows: Sequence[Sequence[str]], at: int) -> list[str]:
    return [row[at].strip() for row in rows if at < len(row) and row[at].strip()]


def _lengths(rows: Sequence[Sequence[str]], at: int) -> list[int]:
    return [len(cell) for cell in _cells(rows, at)] or [0]


def _mostly_numbers(rows: Sequence[Sequence[str]], at: int) -> bool:
    cells = _cells(rows, at)
    return 2 * sum(1 for cell in cells if number_in(cell)) >= len(cells) > 0


def _mostly_units(rows: Sequence[Sequence[str]], at: int) -> bool:
    cells = _cells(rows, at)
    return 2 * sum(1 for cell in cells if is_unit(cell)) >= len(cells) > 0


def _mostly_periods(rows: Sequence[Sequence[str]], at: int) -> bool:
    cells = _cells(rows, at)
    return 2 * sum(1 for cell in cells if find_periods(cell + "年") or PERIOD.fullmatch(cell)) >= len(cells) > 0


def _mostly_regions(rows: Sequence[Sequence[str]], at: int) -> bool:
    cells = _cells(rows, at)
    return 2 * sum(1 for cell in cells if by_name(cell)) >= len(cells) > 0
