"""Lines of a page made of its characters, and its tables found by their ruling lines: merged cells, text in each.

Pure geometry. A table has at least two rows and two columns; one drawn without vertical lines is left as text.
"""

from bisect import bisect_left
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

from ingest.formats.pdf_lines import Line
from ingest.formats.pdf_paragraphs import glue

Char = tuple[str, float, float, float, float]  # text, left, right, bottom, top
Rule = tuple[float, float, float, float]  # x0, y0, x1, y1: axis-parallel, x0 <= x1, y0 <= y1
_NEAR = 3.0  # points: a drawn line's two edges, or the ends of two lines that meet
_OPEN = 8.0  # points by which lines run on past the last line across them: a row, or a column, without its border
_MIN_LENGTH, _MAX_RULES, _MAX_CELLS, _MAX_CELL_CHARS = 4.0, 800, 5_000, 600


@dataclass(frozen=True, slots=True)
class _Grid:
    xs: tuple[float, ...]  # column borders, rising
    ys: tuple[float, ...]  # row borders, rising
    across: tuple[Rule, ...]
    down: tuple[Rule, ...]

    def holds(self, char: Char) -> bool:
        x, y = _centre(char)
        return self.xs[0] < x < self.xs[-1] and self.ys[0] < y < self.ys[-1]

    def place(self, char: Char) -> tuple[int, int]:
        """Row and column of a character that the grid holds, counted from the bottom and the left."""
        x, y = _centre(char)
        return bisect_left(self.ys, y) - 1, bisect_left(self.xs, x) - 1


def lift_tables(chars: Sequence[Char], rules: Sequence[Rule]) -> list[Line | Char]:
    """Return a page's characters with those in ruled tables replaced, where the first stands, by a Line for each row.

    A row reads `| cell | cell |`. A cell merged over several rows is repeated in each of them, so that a row says
    whole what it says; one merged over several columns stands once.
    """
    grids = [grid for grid in _grids(rules) if _is_table(grid, chars)]
    if not grids:
        return list(chars)
    inside: list[list[Char]] = [[] for _ in grids]
    left: list[Char | int] = []
    last = -1  # the table in which the last printed character stands: blanks and line ends go with it
    for char in chars:
        invisible = char[0].isspace()
        if not invisible:
            last = next((at for at, grid in enumerate(grids) if grid.holds(char)), -1)
        if last < 0:
            left.append(char)
            continue
        if not inside[last]:
            left += [("\n", 0.0, 0.0, 0.0, 0.0), last]
        inside[last].append(char)
    out: list[Line | Char] = []
    for item in left:
        out += _rows(grids[item], inside[item]) if isinstance(item, int) else [item]
    return out


def lines_of(items: Sequence[Line | Char]) -> list[Line]:
    """Return the lines that characters form up to their line ends, with the ready ones among them, in the order given."""
    lines: list[Line] = []
    held: list[Char] = []
    for item in [*items, ("\n", 0.0, 0.0, 0.0, 0.0)]:
        if not isinstance(item, Line) and item[0] not in "\r\n":
            held.append(item)
            continue
        if held and (line := _line(held)):
            lines.append(line)
        held = []
        if isinstance(item, Line):
            lines.append(item)
    return lines


def _line(chars: list[Char]) -> Line | None:
    text = "".join(char[0] for char in chars).replace("\u00a0", " ").strip()
    inked = [char for char in chars if not char[0].isspace() and char[2] > char[1]]
    if not text:
        return None
    if not inked:
        return Line(text, 0.0, 0.0, 0.0, 0.0, 10.0)
    wide = [right - left for char, left, right, _, _ in inked if "\u2e80" <= char <= "\u9fff"]
    size = median(wide) if wide else 0.75 * median(top - bottom for _, _, _, bottom, top in inked)
    return Line(text, min(c[1] for c in inked), max(c[2] for c in inked), median(c[3] for c in inked),
                median(c[4] for c in inked), max(size, 1.0))  # fmt: skip


def _is_table(grid: _Grid, chars: Sequence[Char]) -> bool:
    """Tell a table from the frames and bands of a page's layout: rows with several filled cells, none of them a page."""
    held = Counter(grid.place(char) for char in chars if not char[0].isspace() and grid.holds(char))
    rows = Counter(row for row, _ in held)
    return sum(count >= 2 for count in rows.values()) >= 2 and max(held.values()) <= _MAX_CELL_CHARS


def _centre(char: Char) -> tuple[float, float]:
    return (char[1] + char[2]) / 2, (char[3] + char[4]) / 2


def _grids(rules: Sequence[Rule]) -> list[_Grid]:
    across = _joined([r for r in rules if r[3] - r[1] < _NEAR and r[2] - r[0] > _MIN_LENGTH], 1)
    down = _joined([r for r in rules if r[2] - r[0] < _NEAR and r[3] - r[1] > _MIN_LENGTH], 0)
    if min(len(across), len(down)) < 3 or len(across) + len(down) > _MAX_RULES:  # no grid, or a drawing
        return []
    grids = []
    for group in _touching(across + down):
        flat = tuple(r for r in group if r[3] - r[1] < _NEAR)
        tall = tuple(r for r in group if r[3] - r[1] >= _NEAR)
        xs = _closed(_borders([r[0] for r in tall]), [(r[0], r[2]) for r in flat])
        ys = _closed(_borders([r[1] for r in flat]), [(r[1], r[3]) for r in tall])
        if len(xs) >= 3 and len(ys) >= 3 and len(xs) * len(ys) <= _MAX_CELLS:
            grids.append(_Grid(xs, ys, flat, tall))
    return grids


def _joined(rules: list[Rule], at: int) -> list[Rule]:
    """Lines drawn in pieces made whole; `at` is 1 for lines across, 0 for lines down."""
    whole: list[Rule] = []
    for rule in sorted(rules, key=lambda r: (round(r[at]), r[1 - at])):
        last = whole[-1] if whole else rule
        if whole and round(last[at]) == round(rule[at]) and rule[1 - at] <= last[3 - at] + _NEAR:
            longer = max(last[3 - at], rule[3 - at])
            whole[-1] = (*last[:2], longer, last[3]) if at else (*last[:2], last[2], longer)
        else:
            whole.append(rule)
    return whole


def _touching(rules: list[Rule]) -> list[list[Rule]]:
    """Groups of lines that meet, directly or through others."""
    groups: list[list[Rule]] = []
    rest = sorted(rules)
    while rest:
        group, fresh = [], [rest.pop()]
        while fresh:
            one = fresh.pop()
            group.append(one)
            fresh += [other for other in rest if _meet(one, other)]
            rest = [other for other in rest if not _meet(one, other)]
        groups.append(group)
    return groups


def _meet(a: Rule, b: Rule) -> bool:
    wide, tall = min(a[2], b[2]) - max(a[0], b[0]), min(a[3], b[3]) - max(a[1], b[1])
    return wide >= -_NEAR and tall >= -_NEAR


def _borders(places: list[float]) -> tuple[float, ...]:
    borders: list[float] = []
    for place in sorted(places):
        if not borders or place - borders[-1] > _NEAR:
            borders.append(place)
    return tuple(borders)


def _closed(borders: tuple[float, ...], spans: list[tuple[float, float]]) -> tuple[float, ...]:
    """Add the outer border of a table open at its sides, or cut by the page's end, where most lines across it end."""
    if len(borders) < 2 or len(spans) < 2:
        return borders
    first, last = min(span[0] for span in spans), max(span[1] for span in spans)
    open_first = borders[0] - first > _OPEN and 2 * sum(span[0] - first < _OPEN for span in spans) >= len(spans)
    open_last = last - borders[-1] > _OPEN and 2 * sum(last - span[1] < _OPEN for span in spans) >= len(spans)
    return (*((first,) if open_first else ()), *borders, *((last,) if open_last else ()))


def _rows(grid: _Grid, chars: list[Char]) -> list[Line]:
    """Lines of the table's rows, from top to bottom."""
    columns, rows = len(grid.xs) - 1, len(grid.ys) - 1
    owner = {(row, column): _owner(grid, row, column) for row in range(rows) for column in range(columns)}
    cells: dict[tuple[int, int], list[Char]] = {}
    last = (0, 0)
    for char in chars:
        if not char[0].isspace():
            last = owner[grid.place(char)]
        cells.setdefault(last, []).append(char)
    lines = []
    for row in reversed(range(rows)):
        owners = list(dict.fromkeys(owner[row, column] for column in range(columns)))
        texts = [_text(cells.get(cell, [])) for cell in owners]
        bottom, top = grid.ys[row], grid.ys[row + 1]
        if any(texts):
            lines.append(
                Line(f"| {' | '.join(texts)} |", grid.xs[0], grid.xs[-1], bottom, top, min(top - bottom, 12.0))
            )
    return lines


def _owner(grid: _Grid, row: int, column: int) -> tuple[int, int]:
    """Return the (row, column) of the top left part of the cell that a place of the grid belongs to."""
    while column and not _is_ruled(grid.down, grid.xs[column], (grid.ys[row] + grid.ys[row + 1]) / 2, upright=True):
        column -= 1
    middle = (grid.xs[column] + grid.xs[column + 1]) / 2
    while row + 2 < len(grid.ys) and not _is_ruled(grid.across, grid.ys[row + 1], middle, upright=False):
        row += 1
    return row, column


def _is_ruled(rules: tuple[Rule, ...], border: float, middle: float, upright: bool) -> bool:
    at = 0 if upright else 1
    return any(abs(r[at] - border) <= _NEAR and r[1 - at] - _NEAR < middle < r[3 - at] + _NEAR for r in rules)


def _text(chars: list[Char]) -> str:
    """Text of a cell, its lines joined."""
    joined = ""
    for part in "".join(char[0] for char in chars).replace("\r", "\n").replace("|", "｜").split("\n"):
        part = part.strip()
        if part:
            joined += (glue(joined, part) if joined else "") + part
    return joined
