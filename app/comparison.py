"""From the drafts of a matrix to a Comparison: citations numbered across all of it, every sentence checked, figures with their cells."""

from collections.abc import Sequence
from dataclasses import replace

from app.composition.draft import Claim, Draft
from app.composition.matrix import Row, column_of
from app.render import Numbering, checked, dotted
from app.retrieval.matching import narrowed
from app.types import AnswerSentence, Cell, CitedFigure, Comparison, Evidence, Language
from ingest.facts.regions import display
from ingest.types import Figure


def as_comparison(rows: Sequence[tuple[Row, Draft]], language: Language) -> Comparison:
    """Number and check the cells of every row. What fails its check is left out: a cell without a sentence is undisclosed."""
    numbering = Numbering(language)
    cells, notes, said = [], list[tuple[str, Cell]](), set[str]()
    for row, draft in rows:
        columns: dict[str, list[Claim]] = {}
        for claim in draft.claims:
            columns.setdefault(column_of(row, claim), []).append(claim)
        cells.append(tuple(_cell(row, draft, columns.get(code, ()), numbering, language) for code in row.query.regions))
        for claim in columns.get("", ()):
            note = _cell(row, draft, [claim], numbering, language)
            if note.sentences and claim.text not in said:
                said.add(claim.text)
                notes.append((row.label, note))
    codes = rows[0][0].query.regions if rows else ()
    return Comparison(
        regions=tuple(display(code, language) for code in codes),
        aspects=tuple(row.label for row, _ in rows),
        cells=tuple(cells),
        notes=tuple(notes),
        citations=tuple(numbering.citations),
        measured=frozenset(row.label for row, _ in rows if row.query.heads),
    )


def _cell(row: Row, draft: Draft, claims: Sequence[Claim], numbering: Numbering, language: Language) -> Cell:
    sentences: list[AnswerSentence] = []
    figures: list[CitedFigure] = []
    for claim in claims:
        sentence = checked(row.query, claim, numbering)
        if sentence is None:
            continue
        sentences.append(replace(sentence, text=dotted(claim)))
        for figure, evidence in _figures(draft, claim):
            owner = "、" if language == "zh" else ", "
            scope = owner.join(display(code, language) for code in figure.scopes)
            figures.append(CitedFigure(figure, scope, numbering.number(evidence)))
    return Cell(tuple(sentences), tuple(dict.fromkeys(figures)))


def _figures(draft: Draft, claim: Claim) -> list[tuple[Figure, Evidence]]:
    """The figures that a claim states: those that it was made for, else those within what it quotes."""
    evidence = claim.evidence[0]
    stated = [(f, e) for f, e in draft.figures if e.key == evidence.key and f.text in claim.text]
    if stated:
        return stated
    start = evidence.sentence.start + (evidence.text.find(claim.span) if claim.span else 0)
    end = start + len(claim.span or evidence.text)
    return [(narrowed(f), evidence) for f in evidence.sentence.figures if start <= f.start and f.end <= end]
