"""Tables of an HTML page: which ones hold data, their rows as lines, and the header table of an official document."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

SPACES = re.compile(r"[ \t\r\n\f\u00a0]+")
# The fields of the table (or list) above an official document on gov.cn and its like.
_LABELS = (
    "索引号|信息索引号|主题分类|分类|体裁分类|组配分类|发文机关|发文单位|发布机构|发布机关|制定机关|公开机构|公开责任部门|成文日期|发文日期|"
    "标题|名称|信息名称|文件名称|发文字号|文号|文件编号|发布日期|发布时间|公开日期|生成日期|主题词|关键词|有效性|时效性|效力状态|统一编号|"
    "施行日期|实施日期|生效日期|失效日期|废止日期|公开方式|公开范围|内容概述|来源|信息来源"
)
_SPACED = "|".join(r"[ \u3000]*".join(label) for label in _LABELS.split("|"))
LABELLED = re.compile(rf"[ \u3000]*(?:{_SPACED})[ \u3000]*[:：]")
_MAX_SPAN, _MAX_REPEATED = 50, 60


@dataclass(frozen=True, slots=True)
class _Cell:
    text: str
    column_span: int
    row_span: int
    header: bool


def own_rows(table: Any) -> list[Any]:
    """Return a table's own rows, not those of tables inside it."""
    rows = []
    for child in table:
        if child.tag == "tr":
            rows.append(child)
        elif child.tag in ("thead", "tbody", "tfoot"):
            rows.extend(row for row in child if row.tag == "tr")
    return rows


def own_cells(row: Any) -> list[Any]:
    """Return a row's own cells."""
    return [cell for cell in row if cell.tag in ("td", "th")]


def is_data_table(table: Any) -> bool:
    """Tell data from layout: two rows or more, one with two cells, and no cell that is a text or a table of its own."""
    rows = [own_cells(row) for row in own_rows(table)]
    if len(rows) < 2 or not any(len(cells) > 1 for cells in rows):
        return False
    inner = sum(1 for _ in table.iter("table")) - 1
    if inner and (inner > 20 or any(_is_large(found) for found in table.iter("table") if found is not table)):
        return False
    return all(_paragraphs(cell) < 6 for cells in rows for cell in cells)


def _is_large(table: Any) -> bool:
    """A table of more than a few rows inside a cell is what the reader looks for; the one around it is layout."""
    return len(own_rows(table)) > 4 or next(table.iterdescendants("table"), None) is not None


def _paragraphs(cell: Any) -> int:
    count = 0
    for _ in cell.iter("p", "div", "li"):
        count += 1
        if count >= 6:
            break
    return count


def table_lines(rows: list[list[tuple[Any, str]]]) -> Iterator[str]:
    """Yield "| a | b |" lines of rows of (cell, its text); merged cells are spread so that columns stay aligned.

    A text merged over rows is repeated in each, as is a header's over columns; other merged columns stay empty. A table
    whose cells are the labels and values of a document's header gives lines such as 发文机关：国务院.
    """
    grid = [[_cell(cell, text) for cell, text in row] for row in rows]
    pairs = list(_label_pairs(grid))
    if pairs:
        yield from (f"{label}：{value}" for label, value in pairs if value)
        return
    above: dict[int, tuple[str, int]] = {}  # column -> (text that reaches down into it, rows left)
    for at, row in enumerate(grid):
        header = at == 0 or all(cell.header for cell in row)
        texts, above = _spread(row, above, header, len(grid) - at - 1)
        if any(texts):
            yield f"| {' | '.join(texts)} |"


def _cell(element: Any, text: str) -> _Cell:
    return _Cell(text.replace("|", "｜"), _span(element, "colspan"), _span(element, "rowspan"), element.tag == "th")


def _span(element: Any, name: str) -> int:
    value = (element.get(name) or "").strip()
    return max(1, min(int(value), _MAX_SPAN)) if re.fullmatch(r"[0-9]{1,4}", value) else 1


def _spread(
    row: list[_Cell], above: dict[int, tuple[str, int]], header: bool, rows_left: int
) -> tuple[list[str], dict[int, tuple[str, int]]]:
    """Place a row's cells in columns, around the cells that reach down from the rows above."""
    texts: list[str] = []
    below: dict[int, tuple[str, int]] = {}

    def take_from_above() -> None:
        while len(texts) in above:
            text, left = above[len(texts)]
            if left > 1:
                below[len(texts)] = (text, left - 1)
            texts.append(text)

    for cell in row:
        take_from_above()
        repeated = cell.text if len(cell.text) <= _MAX_REPEATED else ""
        for at in range(cell.column_span):
            shown = cell.text if at == 0 else repeated if header else ""
            if reach := min(cell.row_span - 1, rows_left):
                below[len(texts)] = (repeated if at == 0 or header else "", reach)
            texts.append(shown)
    take_from_above()
    return texts, below


def _label_pairs(grid: list[list[_Cell]]) -> Iterator[tuple[str, str]]:
    """Yield (label, value) of a header table: cells in turn a known label and its value, at least three labels in all."""
    cells = [[cell.text for cell in row] for row in grid]
    if len(cells) > 15 or any(len(row) % 2 for row in cells):
        return
    pairs = [(_label(row[at]), row[at + 1]) for row in cells for at in range(0, len(row), 2)]
    if len(pairs) >= 3 and sum(bool(re.fullmatch(_LABELS, label)) for label, _ in pairs) * 4 >= len(pairs) * 3:
        yield from pairs


def _label(text: str) -> str:
    return re.sub(r"[\s\u3000:：]+", "", text)
