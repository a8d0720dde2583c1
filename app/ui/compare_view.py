"""What a comparison shows: the cited matrix, plots of its figures, the figures as a table, downloads. Everything is escaped."""

import base64
import re
from collections.abc import Mapping

from app.composition.series import Series, all_figures, make_series
from app.types import AnswerSentence, Cell, Citation, CitedFigure, Comparison, Language
from app.ui.cards import card_html, escape
from app.ui.compare_sheet import workbook
from app.ui.plot import Point, plot_svg
from app.ui.strings import words
from ingest.types import Document

TURN = 0  # its cards are src-0-n; the questions of a conversation count from 1
MAX_PLOTS = 6
MAX_FIGURES = 200  # lines of the table
_XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_FIGURE_COLUMNS = ("scope", "indicator", "as_stated", "period", "kind", "citation")
_NOT_IN_NAMES = re.compile(r"[^\w\-]+")


def comparison_html(comparison: Comparison, language: Language) -> str:
    """Return the matrix with its downloads, the plots and the table of figures."""
    return "".join((
        _downloads(comparison, language),
        _matrix(comparison, language),
        _notes(comparison, language),
        _plots(comparison, language),
        _figures(comparison, language),
    ))  # fmt: skip


def sources_html(comparison: Comparison, documents: Mapping[str, Document | None], language: Language) -> str:
    """Return a card for each citation, its sentence marked."""
    cards = [card_html(TURN, c, documents.get(c.doc_id), language) for c in comparison.citations]
    if not cards:
        return f'<p class="pq-note">{escape(words(language, "sources_none"))}</p>'
    return f'<div data-pq-list="">{"".join(cards)}</div>'  # the document view goes through them one by one


def _downloads(comparison: Comparison, language: Language) -> str:
    # What is on the page is what is saved: nothing is looked up again, and no file stays on the server.
    held = base64.b64encode(workbook(comparison, language)).decode("ascii")
    name = escape(_file_name("、".join(comparison.regions)))
    return (
        f'<p class="pq-export"><a class="pq-xlsx" download="{name}.xlsx" href="data:{_XLSX};base64,{held}">'
        f"{escape(words(language, 'compare_xlsx'))}</a></p>"
    )


def _file_name(text: str) -> str:
    return _NOT_IN_NAMES.sub("_", text)[:40].strip("_") or "policyqa"


def _matrix(comparison: Comparison, language: Language) -> str:
    corner = escape(words(language, "compare_aspect"))
    head = "".join(f'<th scope="col">{escape(region)}</th>' for region in comparison.regions)
    body = "".join(
        f'<tr><th scope="row">{escape(aspect)}</th>{"".join(_cell(cell, language) for cell in row)}</tr>'
        for aspect, row in zip(comparison.aspects, comparison.cells, strict=True)
    )
    note = escape(words(language, "compare_undisclosed"))
    return (
        f'<div class="pq-table" tabindex="0" role="region" aria-label="{escape(words(language, "compare"))}">'
        f'<table class="pq-matrix"><thead><tr><th scope="col">{corner}</th>{head}</tr></thead><tbody>{body}</tbody></table></div>'
        f'<p class="pq-note">{note}</p>'
    )


def _cell(cell: Cell, language: Language) -> str:
    if not cell.sentences:
        return f'<td class="pq-none">{escape(words(language, "undisclosed"))}</td>'
    if len(cell.sentences) == len(
        cell.figures
    ):  # each states its figure: whose, of when and of what kind stands with it
        told = zip(cell.sentences, cell.figures, strict=True)
        return f"<td>{''.join(f'<p>{_sentence(s)}<small>{_whose(f, language)}</small></p>' for s, f in told)}</td>"
    figures = "".join(f"<li>{escape(f.figure.text)} · {_whose(f, language)}</li>" for f in cell.figures)
    listed = f'<ul class="pq-cell-figures">{figures}</ul>' if figures else ""
    return f"<td>{''.join(f'<p>{_sentence(s)}</p>' for s in cell.sentences)}{listed}</td>"


def _sentence(sentence: AnswerSentence) -> str:
    return escape(sentence.text) + " " + "".join(_link(n) for n in sentence.citations)


def _link(number: int) -> str:
    return f'<a class="pq-cite" href="#src-{TURN}-{number}">[{number}]</a>'


def _whose(cited: CitedFigure, language: Language) -> str:
    """Whose a figure is, of when and of what kind: 全国 · 2025 · 实际值."""
    scope = cited.scope or words(language, "figure_no_scope")
    return escape(" · ".join((scope, _period(cited, language), _kind(cited, language))))


def _period(cited: CitedFigure, language: Language) -> str:
    return cited.figure.period or words(language, "plot_no_period")


def _kind(cited: CitedFigure, language: Language) -> str:
    return words(language, f"plot_kind_{cited.figure.kind}")


def _notes(comparison: Comparison, language: Language) -> str:
    if not comparison.notes:
        return ""
    items = "".join(
        f"<li><strong>{escape(aspect)}</strong> {''.join(_sentence(s) for s in note.sentences)}</li>"
        for aspect, note in comparison.notes
    )
    return f'<h3>{escape(words(language, "compare_notes"))}</h3><ul class="pq-compare-notes">{items}</ul>'


def _plots(comparison: Comparison, language: Language) -> str:
    """A picture for each measure; with none, why there is none."""
    title = f"<h3>{escape(words(language, 'compare_plots'))}</h3>"
    series = make_series(comparison)
    if not series:
        return (
            f'{title}<p class="pq-note">{escape(words(language, "compare_no_plots"))}</p>'
            if all_figures(comparison)
            else ""
        )
    shown = "".join(_plot(comparison, one, language) for one in series[:MAX_PLOTS])
    return f'{title}<div class="pq-plots">{shown}</div>'


def _plot(comparison: Comparison, series: Series, language: Language) -> str:
    points = [
        Point(
            cited.scope, cited.figure.period, cited.figure.value, cited.figure.kind, cited.figure.text,
            f"src-{TURN}-{cited.citation}", f"[{cited.citation}]", cited.figure.value_high,
        )
        for cited in series.figures
    ]  # fmt: skip
    svg = plot_svg(points, series.unit, series.measure, language, _cited_lines(comparison, series))
    save = escape(words(language, "compare_png"))
    button = f'<button type="button" class="pq-png" data-name="{escape(_file_name(series.measure))}">{save}</button>'
    return f'<figure class="pq-plot-box"><div class="pq-plot-scroll">{svg}</div>{button}</figure>'


def _cited_lines(comparison: Comparison, series: Series) -> list[str]:
    """A line for each document that the figures come from: [3][5] title · issuer · date."""
    numbers = {figure.citation for figure in series.figures}
    cited: dict[str, list[Citation]] = {}
    for citation in comparison.citations:
        if citation.id in numbers:
            cited.setdefault(citation.doc_id, []).append(citation)
    return [
        "".join(f"[{c.id}]" for c in same)
        + " "
        + " · ".join(part for part in (same[0].title or same[0].source, same[0].issuer, same[0].date) if part)
        for same in cited.values()
    ]


def _figures(comparison: Comparison, language: Language) -> str:
    figures = all_figures(comparison)[:MAX_FIGURES]
    if not figures:
        return ""
    names = [escape(words(language, f"figure_{name}")) for name in _FIGURE_COLUMNS]
    head = "".join(f'<th scope="col">{name}</th>' for name in names)
    rows = []
    for cited in figures:
        scope = cited.scope or words(language, "figure_no_scope")
        told = (scope, cited.figure.indicator, cited.figure.text, _period(cited, language), _kind(cited, language))
        cells = [*map(escape, told), _link(cited.citation)]
        rows.append("<tr>" + "".join(f"<td>{cell}</td>" for cell in cells) + "</tr>")
    return (
        f"<details><summary>{escape(words(language, 'compare_figures', count=len(figures)))}</summary>"
        f'<div class="pq-table"><table class="pq-figures"><thead><tr>{head}</tr></thead><tbody>{"".join(rows)}</tbody></table></div>'
        "</details>"
    )
