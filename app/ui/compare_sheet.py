"""A comparison as a workbook: the matrix, its figures and its sources, a sheet each. All text stays text in Excel."""

import io
import re
from collections.abc import Sequence
from typing import Any

from app.composition.series import all_figures
from app.render import visible
from app.types import Cell, Comparison, Language
from app.ui.strings import words

MAX_CELL = 32_000  # characters; Excel takes 32,767
_NOT_XML = re.compile(r"[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_FORMULA = tuple("=+-@＝＋－＠")
_SOURCES = ("title", "issuer", "doc_number", "region", "date", "tier", "validity", "page", "quote", "source")
_MATRIX_WIDTH, _WIDE, _NARROW = 42, 46, 16  # characters


def workbook(comparison: Comparison, language: Language) -> bytes:
    """Return the .xlsx file."""
    from openpyxl import Workbook

    book = Workbook()
    sheet = book.active
    sheet.title = words(language, "sheet_matrix")
    _write(sheet, _matrix(comparison, language), [_NARROW] + [_MATRIX_WIDTH] * len(comparison.regions))
    figures = book.create_sheet(words(language, "sheet_figures"))
    _write(figures, _figures(comparison, language), [_NARROW, _WIDE, *[_NARROW] * 7])
    sources = book.create_sheet(words(language, "sheet_sources"))
    _write(sources, _sources(comparison, language), [6, _WIDE, 24, 20, 12, 12, 12, 16, 8, _WIDE, _WIDE])
    buffer = io.BytesIO()
    book.save(buffer)
    return buffer.getvalue()


def _matrix(comparison: Comparison, language: Language) -> list[list[object]]:
    rows: list[list[object]] = [[words(language, "compare_aspect"), *comparison.regions]]
    for aspect, row in zip(comparison.aspects, comparison.cells, strict=True):
        rows.append([aspect, *(_said(cell) or words(language, "undisclosed") for cell in row)])
    if comparison.notes:
        rows += [[], [words(language, "compare_notes")]]
        rows += [[aspect, _said(note)] for aspect, note in comparison.notes]
    return [*rows, [], [words(language, "compare_undisclosed")]]


def _said(cell: Cell) -> str:
    return "\n".join(s.text + " " + "".join(f"[{n}]" for n in s.citations) for s in cell.sentences)


def _figures(comparison: Comparison, language: Language) -> list[list[object]]:
    names = ("scope", "indicator", "value", "value_high", "unit", "as_stated", "period", "kind", "citation")
    rows: list[list[object]] = [[words(language, f"figure_{name}") for name in names]]
    for cited in all_figures(comparison):
        f = cited.figure
        rows.append([
            cited.scope, f.indicator, f.value, f.value_high, f.unit, f.text, f.period or words(language, "plot_no_period"),
            words(language, f"plot_kind_{f.kind}"), cited.citation,
        ])  # fmt: skip
    return rows


def _sources(comparison: Comparison, language: Language) -> list[list[object]]:
    rows: list[list[object]] = [[words(language, f"sheet_{name}") for name in ("number", *_SOURCES)]]
    return rows + [[c.id, *(getattr(c, name) for name in _SOURCES)] for c in comparison.citations]


def _write(sheet: Any, rows: Sequence[Sequence[object]], widths: Sequence[int]) -> None:
    from openpyxl.styles import Alignment, Font
    from openpyxl.utils import get_column_letter

    for down, row in enumerate(rows, 1):
        for across, value in enumerate(row, 1):
            cell = sheet.cell(down, across)
            if isinstance(value, str):
                # A text that begins as formulas do is none, and stays none when its cell is edited.
                cell.value = _NOT_XML.sub("", visible(value))[:MAX_CELL]
                cell.data_type = "s"
                cell.quotePrefix = cell.value.lstrip().startswith(_FORMULA)
            else:
                cell.value = value
            cell.alignment = Alignment(wrap_text=True, vertical="top")
            if down == 1:
                cell.font = Font(bold=True)
    for across, width in enumerate(widths, 1):
        sheet.column_dimensions[get_column_letter(across)].width = width
    sheet.freeze_panes = "B2"
