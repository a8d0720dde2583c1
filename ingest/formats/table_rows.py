"""A grid of cells (CSV, a sheet, a list of flat objects) as documents: one of facts, or one for each row.

Found by what the cells are, not by position: title and 单位： lines above the header, headers of up to three rows, blocks
parted by blank rows, a column of long texts that makes every row a document.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from statistics import median

from ingest.formats.fact_columns import is_unit, is_when_or_where, number_in
from ingest.formats.fact_rows import fact_lines, plain_line
from ingest.formats.record_parts import STRONG_TEXT, TEXT, is_title, key_of, record_part
from ingest.types import Part, Unread

MAX_ROWS = 200_000
_MAX_ABOVE, _MAX_HEADER, _SAMPLE = 12, 3, 500
_MAX_COLUMNS = 1_000  # of a table; what is wider is no table, and its rows stay as they are
_LONG, _VERY_LONG, _NAMED_LONG = 200, 400, 80  # median characters of a column of documents: see _text_column
_UNIT_LINE = re.compile(r"(?:计量)?单位\s*[:：]\s*([^\s，,；;、（）()]+)")
_VALUE = re.compile(r"[-+−]?\d[\d,]*(?:\.\d+)?\s*[%％‰万亿]?[A-Za-z元个家万亿架户人]{0,6}")

Row = Sequence[str]


@dataclass(frozen=True, slots=True)
class _Block:
    above: tuple[str, ...]  # lines over the table
    header: tuple[str, ...]  # () where there is none
    rows: tuple[Row, ...]


def table_parts(
    grid: Sequence[Row], member: str = "", encoding: str = "", notes: tuple[str, ...] = ()
) -> Iterator[Part | Unread]:
    """Yield one Part for each row of a table of documents, else one Part for the whole table; nothing where it is empty.

    The members of documents are their rows' numbers from 1, behind `member#` if that is given; a row without text is
    Unread. A table of facts has its header once as a row of bars, then a sentence for each row (ingest.formats.fact_rows).
    """
    rows = [tuple(cell.strip() for cell in row) for row in grid]
    filled = [row for row in rows if any(row)]
    if not filled:
        return
    first = _block(filled, ())
    column = _text_column(first.header, first.rows)
    if column is not None:
        yield from _documents(first, column, member, encoding, notes)
        return
    lines: list[str] = []
    header: tuple[str, ...] = ()
    title = ""
    for number, group in enumerate(_parted(rows)):
        block = _block(group, header)
        title = title or (_title(block.above) if number == 0 else "")
        lines += _lines(block, repeated=block.header == header)
        header = block.header or header
    if encoding == "utf-8-replaced":
        notes = (*notes, encoding)
    layer = "\n".join("\t".join(row) for row in filled)
    yield Part("\n".join(lines), {"title": title} if title else {}, member, encoding, notes, layer=layer)


def _documents(
    block: _Block, column: int, member: str, encoding: str, notes: tuple[str, ...]
) -> Iterator[Part | Unread]:
    names = [name or f"第{at + 1}列" for at, name in enumerate(block.header)]
    for number, row in enumerate(block.rows, 1):
        fields: dict[str, str] = {}
        for at, cell in enumerate(row):
            name = names[at] if at < len(names) else f"第{at + 1}列"
            fields[f"{name}（第{at + 1}列）" if name in fields else name] = cell
        place = f"{member}#{number}" if member else str(number)
        text = row[column] if column < len(row) else ""
        if not text:
            yield Unread(place, f"没有正文：第 {number} 行的“{names[column]}”是空的")
            continue
        found = record_part(fields, place, encoding=encoding, chosen=names[column])
        yield found if isinstance(found, Unread) else _noted(found, notes)


def _noted(part: Part, notes: tuple[str, ...]) -> Part:
    return Part(part.text, part.meta, part.member, part.encoding, (*part.notes, *notes))


def _text_column(header: Sequence[str], rows: Sequence[Row]) -> int | None:
    """Return the column whose cells are documents, None if the table is one of facts.

    By its name (正文, full_text; 内容 or text only where half of the cells have 80 characters and more), or, beside a
    column of titles, by a median of more than 200 characters; without one, of more than 400.
    """
    lengths = {}
    for at in range(len(header)):
        cells = [len(row[at]) for row in rows[:_SAMPLE] if at < len(row) and row[at]]
        lengths[at] = median(cells) if cells else 0
    named = [at for at, name in enumerate(header) if key_of(name) in TEXT]
    named = [at for at in named if key_of(header[at]) in STRONG_TEXT or lengths[at] >= _NAMED_LONG]
    if named:
        return max(named, key=lambda at: lengths[at])
    longest = max(lengths, key=lambda at: lengths[at], default=None)
    if longest is None:
        return None
    titled = any(is_title(name) for at, name in enumerate(header) if at != longest)
    return longest if lengths[longest] > (_LONG if titled else _VERY_LONG) else None


def _parted(rows: Sequence[Row]) -> Iterator[list[Row]]:
    """Part a sheet at its blank rows."""
    group: list[Row] = []
    for row in rows:
        if any(row):
            group.append(row)
        elif group:
            yield group
            group = []
    if group:
        yield group


def _block(rows: Sequence[Row], header: tuple[str, ...]) -> _Block:
    """Find title lines and header of one block; without a header of its own it goes on under the one given."""
    if max(map(len, rows)) > _MAX_COLUMNS:
        return _Block((), (), tuple(rows))
    width = max(sum(1 for cell in row if cell) for row in rows[:50])
    if width == 1 and not (len(rows[0]) == 1 and key_of(rows[0][0]) in TEXT):
        return _Block(tuple(_said(row) for row in rows), (), ())
    at = 0
    while at < min(len(rows), _MAX_ABOVE) and width > 1 and _is_above(rows[at], width):
        at += 1
    if at == len(rows):
        return _Block(tuple(_said(row) for row in rows), (), ())
    above = tuple(_said(row) for row in rows[:at])
    if not _is_header(rows[at]):
        return _Block(above, header if len(header) >= width else (), tuple(rows[at:]))
    depth = 1
    while at + depth < len(rows) and depth < _MAX_HEADER and _goes_on(rows[at], rows[at + depth]):
        depth += 1
    return _Block(above, _header(rows[at : at + depth]), tuple(rows[at + depth :]))


def _is_above(row: Row, width: int) -> bool:
    """Tell a title, a note or a 单位： line over the table from its header."""
    stated = list(dict.fromkeys(cell for cell in row if cell))
    if len(stated) == 1:
        return True
    labels = [cell for cell in stated if re.search(r"[:：]", cell)]
    return len(stated) <= 3 and width > len(stated) and bool(labels)


def _is_header(row: Row) -> bool:
    stated = [cell for cell in row if cell]
    return bool(stated) and not any(_is_value(cell) for cell in stated)


def _is_value(cell: str) -> bool:
    return not is_when_or_where(cell) and bool(number_in(cell) or _VALUE.fullmatch(cell))


def _goes_on(first: Row, row: Row) -> bool:
    """Tell whether a row belongs to the header above: nothing new in its first column, and no numbers but years."""
    if row[0] and row[0] != first[0]:
        return False
    return any(row[1:]) and _is_header(row) and (not all(first) or len(set(first)) < len(first))


def _header(rows: Sequence[Row]) -> tuple[str, ...]:
    """Join the rows of a header column by column: 算力规模 over 2023年 is 2023年算力规模, over EFLOPS 算力规模（EFLOPS）."""
    width = max(len(row) for row in rows)
    joined = []
    for at in range(width):
        parts: list[str] = []
        for depth, row in enumerate(rows):
            below = any(at < len(other) and other[at] for other in rows[depth + 1 :])
            cell = row[at] if at < len(row) else ""
            if not cell and below:  # what a merged cell covers is empty in a CSV
                cell = next((row[left] for left in range(min(at, len(row)) - 1, -1, -1) if row[left]), "")
            if cell and cell not in parts:
                parts.append(cell)
        units = [part for part in parts[1:] if is_unit(part)]
        when = [part for part in parts if len(parts) > 1 and is_when_or_where(part)]
        words = [part for part in parts if part not in units and part not in when]
        when = [f"{part}年" if re.fullmatch(r"(?:19|20)\d{2}", part) else part for part in when]
        joined.append("".join((*when, *words, *(f"（{part}）" for part in units))))
    return tuple(joined)


def _lines(block: _Block, repeated: bool) -> Iterator[str]:
    title = _title(block.above)
    for line in block.above:
        yield f"# {line}" if line == title and block.rows else line
    if block.header and not repeated:
        yield plain_line(block.header)
    if not block.header:
        yield from filter(None, (plain_line(row) for row in block.rows))
        return
    found = next((match[1] for line in block.above if (match := _UNIT_LINE.search(line))), "")
    yield from fact_lines(block.header, block.rows, found if is_unit(found) else "")


def _title(above: Sequence[str]) -> str:
    return next(
        (line for line in above if len(line) <= 80 and not re.match(r"[（(]?(?:计量)?单位\s*[:：]|[注附]", line)), ""
    )


def _said(row: Row) -> str:
    return " ".join(" ".join(dict.fromkeys(cell for cell in row if cell)).replace("|", "｜").split())
