"""A comparison as HTML and as a workbook: what is shown, what is said where nothing is, hostile words stay words."""

import base64
import io
import re
from dataclasses import replace

import pytest
from fake_engine import FakeEngine, citation, compared, document
from openpyxl import load_workbook
from test_ui import PAYLOADS, tags_of, text_of

from app.types import Cell, CitedFigure
from app.ui.compare_pane import compare, region_choices, split_free
from app.ui.compare_sheet import workbook
from app.ui.compare_view import comparison_html, sources_html
from ingest.types import Figure

FORMULAS = [
    "=1+1",
    "+1",
    "-1",
    "@SUM(A1)",
    "\t=1",
    "＝1+1",
    '=HYPERLINK("http://evil.example")',
    "\r=cmd|' /C calc'!A0",
]
TAGS = {
    "p", "a", "div", "table", "thead", "tbody", "tr", "th", "td", "ul", "li", "h3", "strong", "figure", "svg", "title", "line",
    "text", "circle", "rect", "path", "button", "details", "summary",
}  # fmt: skip


def test_every_cell_has_its_citation_and_empty_ones_say_so():
    page = comparison_html(compared(), "zh")
    assert text_of(page).count("未披露") == 2  # one cell, and what it means
    assert page.count('<a class="pq-cite" href="#src-0-1">[1]</a>') == 3  # cell, note, list of figures
    assert "2027 · 目标值" in text_of(page) and "2024 · 实际值" in text_of(page)
    assert "not disclosed" in text_of(comparison_html(compared(), "en"))


def test_a_plot_stands_where_figures_measure_the_same_and_its_absence_is_told():
    page = comparison_html(compared(), "zh")
    assert page.count("<svg") == 1 and page.count('class="pq-png"') == 1 and 'href="#src-0-2"' in page
    table = compared()
    lone = replace(
        table, cells=((replace(table.cells[0][0], figures=table.cells[0][0].figures[:1]), Cell()),), notes=()
    )
    told = comparison_html(lone, "zh")
    assert "<svg" not in told and "没有同一指标" in told


def test_the_cards_are_those_that_the_marks_lead_to():
    cards = sources_html(compared(), {"d1": document()}, "zh")
    assert 'id="src-0-1"' in cards and 'id="src-0-2"' in cards


@pytest.mark.parametrize("payload", [*PAYLOADS, "长" * 10_000])
def test_untrusted_text_stays_text(payload):
    table = compared(text=payload, cited=citation(title=payload, issuer=payload, quote=payload, source=payload))
    page = comparison_html(replace(table, regions=(payload, payload), aspects=(payload,)), "zh")
    assert tags_of(page) <= TAGS
    assert not re.search(r"<[^>]*\son\w+\s*=", re.sub(r'"[^"]*"', '""', page))
    assert 'href="javascript' not in page and payload.strip() in text_of(page)
    assert not {"$", "{"} & set(page)


def sheets(table, language="zh"):
    return load_workbook(io.BytesIO(workbook(table, language)))


def test_the_workbook_holds_matrix_figures_and_sources():
    book = sheets(compared())
    matrix, figures, sources = book.worksheets
    assert book.sheetnames == ["对比", "数字", "出处"]
    assert [c.value for c in matrix[1]] == ["方面", "甘肃", "青海"]
    assert "[1]" in matrix["B2"].value and matrix["C2"].value == "未披露"
    told = [[c.value for c in row] for row in figures.iter_rows(min_row=2)]
    assert ["甘肃", "智能算力规模", 20000, None, "P", "2万P", "2027", "目标值", 2] in told
    assert [row[0].value for row in sources.iter_rows(min_row=2)] == [1, 2]
    assert sheets(compared(), "en").sheetnames == ["Comparison", "Figures", "Sources"]


@pytest.mark.parametrize("payload", [*FORMULAS, *PAYLOADS, "长" * 40_000, "坏\x00\ud800\ufffe字"])
def test_no_text_becomes_a_formula_or_breaks_the_file(payload):
    table = compared(text=payload, cited=citation(title=payload, quote=payload, source=payload))
    figure = Figure(1.0, payload, payload, 0, 1, indicator=payload, scopes=("620000",), period=payload)
    cell = replace(table.cells[0][0], figures=(CitedFigure(figure, payload, 1),))
    book = sheets(replace(table, regions=(payload, payload), aspects=(payload,), cells=((cell, Cell()),)))
    cells = [c for sheet in book.worksheets for row in sheet.iter_rows() for c in row if c.value is not None]
    assert {c.data_type for c in cells} <= {"s", "n"} and not any(c.hyperlink for c in cells)
    risky = [c for c in cells if str(c.value).lstrip().startswith(("=", "+", "-", "@", "＝"))]
    assert all(c.quotePrefix for c in risky) and bool(risky) is (payload in FORMULAS)


def test_the_download_is_the_workbook():
    held = re.search(r'download="(.+?)\.xlsx" href="data:[^,]+;base64,([^"]+)"', comparison_html(compared(), "zh"))
    assert held[1] == "甘肃_青海" and load_workbook(io.BytesIO(base64.b64decode(held[2])))["对比"]["B1"].value == "甘肃"


@pytest.mark.parametrize("language", ["zh", "en"])
def test_what_is_wrong_with_a_choice_is_one_plain_line(language):
    engine = FakeEngine()
    nothing, cards = compare(engine, [], ["aspect_goal"], language)
    many, _ = compare(engine, [str(n) for n in range(9)], ["aspect_goal"], language)
    unnamed, _ = compare(engine, ["620000"], ["？"], language)
    assert (
        "60" in text_of(unnamed)
        and "pq-error" in nothing
        and "pq-error" in many
        and "8" in text_of(many)
        and "9" in text_of(many)
    )
    assert "pq-card" not in cards
    assert "pq-matrix" in compare(engine, ["620000"], ["aspect_goal"], language)[0]


def test_known_and_unknown_errors_are_said_without_their_insides():
    engine = FakeEngine()
    assert "换一种问法" in compare(engine, ["620000"], ["错"], "zh")[0]
    unknown, _ = compare(engine, ["620000"], ["坏"], "zh")
    assert "程序出了问题" in unknown and "secret" not in unknown


def test_places_are_offered_and_nobodies_are_not():
    codes = ["CN", "520000", "各地", "某北方省份", "不少企业", "EAST", "440300"]
    assert [code for _, code in region_choices(codes, "zh")] == ["520000", "440300", "CN", "EAST", "某北方省份"]
    assert region_choices(["520000"], "en") == [("Guizhou", "520000")]
    assert split_free("人才、 机架；,PUE\n") == ["人才", "机架", "PUE"] and split_free("") == []
