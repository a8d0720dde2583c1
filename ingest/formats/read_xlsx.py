"""Excel workbooks (.xlsx, .xlsm): every visible sheet as a table, its values as a reader of the sheet sees them."""

import contextlib
import datetime
import io
import re
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any

from ingest.errors import UnreadableFileError
from ingest.formats.table_rows import MAX_ROWS, table_parts
from ingest.formats.xlsx_package import MAX_CELLS, MAX_SPREAD, Layout, check_package, column_number
from ingest.types import Part, Unread

_QUOTED = re.compile(r'"([^"]*)"|\\(.)|_.|\*.|\[[^\]]*\]')
_SUFFIX = re.compile(r'^[#0,.?]+\s*(?:"([^"]{1,8})"|\\?([个家户人元万亿%]))$')
_ESCAPED = re.compile(r"_x([0-9A-Fa-f]{4})_")
_RANGE = re.compile(r"([A-Z]{1,3})(\d{1,7}):([A-Z]{1,3})(\d{1,7})")
_YEAR = re.compile(r"(?:19|20)\d{2}")
_NUMBER = re.compile(r"[-+]?[\d,]+(?:\.\d+)?%?")
_LAST_ROW = 1_048_576  # of any sheet that Excel writes
_DECIMALS = 6  # what is kept of a computed fraction


@dataclass(frozen=True, slots=True)
class _Table:
    title: str
    grid: list[list[str]]
    notes: tuple[str, ...]
    cut: bool  # whether rows were left out


def read_xlsx(data: bytes) -> Iterator[Part | Unread]:
    """Yield the documents of a workbook: one for each visible sheet, or each row of a sheet of texts.

    `member` is the sheet's name where several sheets hold something. Values are those saved with the file; merged cells
    are repeated (a merged number is not: it stands once, and says over how many rows), dates ISO, 0.65 shown as 65% is
    65%. Notes: "formula-without-value", "hidden-rows" (they are read). Hidden sheets are Unread, macros ignored.
    Raises UnreadableFileError as check_package does, and for a workbook that openpyxl cannot open or without cells.
    """
    tables, hidden = _tables(data, check_package(data))
    filled = [table for table in tables if any(any(row) for row in table.grid)]
    if not filled:
        raise UnreadableFileError("Excel 文件里没有内容", "所有可见的工作表都是空的")
    for table in filled:
        yield from table_parts(table.grid, table.title if len(filled) > 1 else "", "xlsx", table.notes)
        if table.cut:
            rows = len(table.grid)
            yield Unread(f"{table.title} 第 {rows} 行之后", f"工作表过大，只读取了前 {rows} 行，请拆分后再导入")
    for title in hidden:
        yield Unread(title, "隐藏的工作表，没有读取；需要时请取消隐藏")


def _tables(data: bytes, layouts: dict[str, Layout]) -> tuple[list[_Table], list[str]]:
    """Return (the visible sheets, the names of the hidden ones)."""
    from openpyxl import load_workbook

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # what openpyxl does not know of a sheet (a style, a validation) is no loss
            book = load_workbook(io.BytesIO(data), read_only=True, data_only=True, keep_links=False)
            with contextlib.closing(book):
                shown_sheets = [sheet for sheet in book.worksheets if sheet.sheet_state == "visible"]
                hidden = [sheet.title for sheet in book.worksheets if sheet.sheet_state != "visible"]
                return [
                    _table(sheet, layouts.get(sheet._worksheet_path.lstrip("/"), Layout())) for sheet in shown_sheets
                ], hidden
    except UnreadableFileError:
        raise
    except Exception as error:  # openpyxl lets whatever its parsing meets escape: KeyError, TypeError, ValueError ...
        raise UnreadableFileError("Excel 文件已损坏", "内容无法解析，请重新保存后再导入") from error


def _table(sheet: Any, layout: Layout) -> _Table:
    if layout.cells > MAX_CELLS:
        raise UnreadableFileError(f"工作表过大：{sheet.title}", f"有 {layout.cells} 个单元格，上限为 {MAX_CELLS} 个")
    if layout.spread > MAX_SPREAD:
        raise UnreadableFileError(f"工作表过大：{sheet.title}", "单元格之间的空白过多，请删去多余的行列")
    sheet.reset_dimensions()  # files state them wrongly
    grid: list[list[str]] = []
    cut = False
    for row in islice(
        sheet.iter_rows(), _LAST_ROW
    ):  # a row that says it is number 10^11 has as many empty ones before it
        if len(grid) > MAX_ROWS:
            cut = any(cell.value is not None for cell in row)
            if cut:
                break
            continue
        texts = [shown(cell.value, getattr(cell, "number_format", "")) for cell in row]
        while texts and not texts[-1]:
            texts.pop()
        grid.append(texts)
    while grid and not grid[-1]:
        grid.pop()
    _spread(grid, layout.merged)
    notes = (("formula-without-value",) if layout.formulas_without_value else ()) + (
        ("hidden-rows",) if layout.hidden else ()
    )
    return _Table(sheet.title, grid, notes, cut)


def _spread(grid: list[list[str]], merged: list[str]) -> None:
    """Repeat merged cells: headers, names and years in every cell that they cover, a number only where it stands."""
    budget = 2 * MAX_CELLS
    for text in merged:
        match = _RANGE.fullmatch(text.replace("$", "").upper())
        if not match:
            continue
        left, right, top, bottom = (
            column_number(match[1]) - 1,
            column_number(match[3]),
            int(match[2]) - 1,
            int(match[4]),
        )
        bottom = min(bottom, len(grid))
        if top >= bottom or left >= right or left >= len(grid[top]) or not grid[top][left]:
            continue
        value = grid[top][left]
        if _NUMBER.fullmatch(value) and not _YEAR.fullmatch(value):
            if bottom - top > 1:
                grid[top][left] = f"{value}（合并单元格，共{bottom - top}行）"
            continue
        budget -= (bottom - top) * (right - left)
        if budget < 0:
            return
        for row in grid[top:bottom]:
            row += [""] * (right - len(row))
            row[left:right] = [value] * (right - left)


def shown(value: Any, number_format: str = "") -> str:
    """Return a cell's value as text: what the sheet shows, but with all its digits (up to six decimals)."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, (int, float)):
        return _number(value, number_format or "General")
    if isinstance(value, (datetime.datetime, datetime.date)):
        return _date(value, number_format)
    if isinstance(value, datetime.time):
        return value.isoformat()
    return _ESCAPED.sub(lambda match: chr(int(match[1], 16)), str(value)).replace("\r", "").strip()


def _number(value: float, number_format: str) -> str:
    first = number_format.split(";")[0]
    plain = _QUOTED.sub("", first)
    if "%" in plain:
        return f"{_plain(value * 100)}%"
    suffix = _SUFFIX.match(first.strip())
    return _plain(value) + ((suffix[1] or suffix[2]) if suffix else "")


def _plain(value: float) -> str:
    """Write a number without exponent, binary remainder or .0."""
    if isinstance(value, int) or value != value or value in {float("inf"), float("-inf")}:
        return str(value)
    digits = _DECIMALS if abs(value) >= 1e-4 or not value else 15
    text = f"{round(value, digits):.{digits}f}" if abs(value) < 1e15 else f"{value:.0f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def _date(value: datetime.date, number_format: str) -> str:
    """ISO form, as exact as the cell shows it: a year, a month, a day or a moment."""
    form = _QUOTED.sub("", number_format.split(";")[0]).lower()
    if form and "y" in form and "d" not in form and "h" not in form:
        months = "m" in form
        if "年" in number_format:
            return f"{value.year}年{value.month}月" if months else f"{value.year}年"
        return f"{value.year}-{value.month:02d}" if months else str(value.year)
    if isinstance(value, datetime.datetime):
        return (
            value.date().isoformat()
            if value.time() == datetime.time()
            else value.isoformat(sep=" ", timespec="seconds")
        )
    return value.isoformat()
