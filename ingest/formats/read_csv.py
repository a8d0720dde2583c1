"""CSV and TSV files: a table of facts is one document, a table with a column of texts one for each row."""

import csv
import io
import re
from collections import Counter
from collections.abc import Iterator

from ingest.errors import UnreadableFileError
from ingest.formats.decode import decode
from ingest.formats.table_rows import MAX_ROWS, table_parts
from ingest.types import Part, Unread

_DELIMITERS = ",\t;|"
_MAX_FIELD = 64_000_000  # characters of one cell; the module's own limit of 131,072 is less than a long law
_MAX_CELLS = 3_000_000
_SAMPLE_CHARS, _SAMPLE_ROWS = 400_000, 200
_STATED = re.compile(r"\A\s*\"?sep=(.)\"?[ \t]*\r?\n", re.IGNORECASE)


def read_csv(data: bytes) -> Iterator[Part | Unread]:
    """Yield the documents of a CSV or TSV file; see ingest.formats.table_rows for the two shapes.

    The delimiter (, tab ; |) is the one that parts most rows alike, or what a first line sep=; states. Line ends inside
    quotes belong to the cell; rows may be ragged. More than 200,000 rows or 3 million cells: the rest is one Unread.
    Raises UnreadableFileError as ingest.formats.decode does, and for a file without any cell.
    """
    text, encoding = decode(data)
    text = text.replace("\0", "")
    stated = _STATED.match(text)
    text = text[stated.end() :] if stated else text
    delimiter = stated[1] if stated else _delimiter(text)
    # The limit is the process's; it is only ever raised, so that readers in other threads are not disturbed.
    csv.field_size_limit(max(csv.field_size_limit(), _MAX_FIELD))
    rows: list[list[str]] = []
    cells, cut = 0, False
    try:
        for row in csv.reader(io.StringIO(text, newline=""), delimiter=delimiter):
            cells += len(row)
            if len(rows) > MAX_ROWS or cells > _MAX_CELLS:
                cut = True
                break
            rows.append(row)
    except csv.Error as error:
        raise UnreadableFileError("CSV 文件的格式有误", f"第 {len(rows) + 1} 行附近无法解析") from error
    found = False
    for part in table_parts(_even(rows, delimiter), encoding=encoding):
        found = True
        yield part
    if not found:
        raise UnreadableFileError("CSV 文件是空的", "没有任何单元格有内容")
    if cut:
        yield Unread(f"第 {len(rows)} 行之后", f"表格过大，只读取了前 {len(rows)} 行，请拆分后再导入")


def _delimiter(text: str) -> str:
    """Return the delimiter that gives the first row and most others the same number of cells, and most of them."""
    sample = text[:_SAMPLE_CHARS]
    best, score = ",", (0.0, 0)
    csv.field_size_limit(max(csv.field_size_limit(), _MAX_FIELD))
    for delimiter in _DELIMITERS:
        if delimiter not in sample:
            continue
        try:
            reader = csv.reader(io.StringIO(sample, newline=""), delimiter=delimiter)
            widths = [len(row) for _, row in zip(range(_SAMPLE_ROWS), reader, strict=False) if row]
        except csv.Error:
            continue
        widths = widths[:-1] if len(widths) > 2 and len(text) > _SAMPLE_CHARS else widths  # the last row may be cut
        width, count = max(
            Counter(width for width in widths if width > 1).items(), key=lambda item: (item[1], item[0]), default=(1, 0)
        )
        found = (round(count / max(1, len(widths)), 1), width)
        if width > 1 and found > score:
            best, score = delimiter, found
    return best


def _even(rows: list[list[str]], delimiter: str) -> list[list[str]]:
    """Give what an unquoted delimiter in the last column cut off back to it."""
    width = len(rows[0]) if rows else 0
    if width < 2 or not all(rows[0]):
        return rows
    return [row if len(row) <= width else [*row[: width - 1], delimiter.join(row[width - 1 :])] for row in rows]
