"""From a draft to the Answer: citations numbered in order of use, every sentence checked, Markdown with [n] markers."""

import dataclasses
import re
from collections.abc import Sequence

from app.composition.draft import Claim, Draft, quote
from app.retrieval.matching import narrowed
from app.types import Answer, AnswerSentence, Citation, CitedFigure, Evidence, Language, Query
from app.verification.verify import check_sentence
from ingest.facts.regions import display
from prompts import phrase


class Numbering:
    """Citation numbers in order of first use; one sentence of a document has one number."""

    def __init__(self, language: Language) -> None:
        self._language = language
        self._ids: dict[tuple[str, int, int], int] = {}
        self.citations: list[Citation] = []

    def number(self, evidence: Evidence) -> int:
        """Return the number of a cited sentence, giving it the next one if it is new."""
        if evidence.key not in self._ids:
            self._ids[evidence.key] = len(self._ids) + 1
            self.citations.append(self._citation(self._ids[evidence.key], evidence))
        return self._ids[evidence.key]

    def _citation(self, number: int, evidence: Evidence) -> Citation:
        source, (doc_id, start, end) = evidence.hit.source, evidence.key
        regions = "、".join(display(code, self._language) for code in source.regions)
        return Citation(
            number, doc_id, source.path, source.title, source.issuer, source.doc_number, regions, source.issued,
            source.tier, evidence.hit.chunk.page, start, end, evidence.text, evidence.hit.validity,
        )  # fmt: skip


def render(query: Query, draft: Draft) -> Answer:
    """Number, check and write out a draft. Sentences that fail their check are left out, never shown as fact."""
    numbering = Numbering(query.language)
    sentences: list[AnswerSentence] = []
    lines: list[str] = []
    if draft.lead:
        lines.append(escape(draft.lead))
    for typed, read in draft.corrections or query.corrections:
        lines.append(escape(phrase(query.language, "read_as", typed=typed, read=read)))
    if query.shortened:
        lines.append(escape(phrase(query.language, "shortened", text=query.text[:120])))
    heading = ""
    for group in _groups(draft.claims):
        if group[0].cell:
            table = _table(query, group, draft.corner, numbering)
            sentences += table.sentences
            lines += ["", *table.lines, ""]
            continue
        claim = group[0]
        if claim.heading != heading:
            heading = claim.heading
            lines.append(f"\n**{escape(heading)}**\n" if heading else "")
        if not claim.evidence:
            lines.append(("- " if claim.bullet else "") + escape(claim.text))
            continue
        sentence = checked(query, claim, numbering)
        if sentence is None:
            continue
        sentences.append(sentence)
        if claim.runs_on and sentences[:-1] and lines[-1]:
            lines[-1] += " " + written(sentence)
        else:
            if not claim.bullet and lines and lines[-1].startswith("- "):
                lines.append("")  # or Markdown takes it for the rest of the bullet
            lines.append(("- " if claim.bullet else "") + written(sentence))
    if not sentences and any(claim.evidence for claim in draft.claims) and (draft.verdict or not draft.lead):
        # Nothing stood its check: neither an empty answer nor a verdict on nothing may be given.
        return render(query, _bare(query, draft))
    lines += _superseded(query.language, numbering.citations)
    shown = {(c.doc_id, c.start, c.end) for c in numbering.citations}
    quoted = [
        (figure, e) for claim in draft.claims for e in claim.evidence for figure in map(narrowed, e.sentence.figures)
    ]
    figures = [
        CitedFigure(figure, "、".join(display(code, query.language) for code in figure.scopes), numbering.number(e))
        for figure, e in (*draft.figures, *quoted)
        if e.key in shown
    ]
    return Answer(
        question=query.original,
        text="\n".join(lines).strip(),
        sentences=tuple(sentences),
        citations=tuple(numbering.citations),
        figures=tuple(dict.fromkeys(figures)),
        abstained=draft.abstained,
        abstain_reason=draft.reason,
    )


def _bare(query: Query, draft: Draft) -> Draft:
    """What is left of a draft whose own words did not stand: the sentences themselves, under a lead that claims nothing."""
    cited = {claim.evidence[0].key: claim.evidence[0] for claim in draft.claims if claim.evidence and claim.framed}
    quotes = [quote(query, evidence) for evidence in cited.values()]
    if draft.verdict or draft.abstained or not quotes or [c.text for c in draft.claims] == [c.text for c in quotes]:
        return Draft(lead=phrase(query.language, "no_evidence"), reason="no_evidence")
    return Draft(lead=phrase(query.language, "in_other_words"), claims=quotes, verdict=True)


@dataclasses.dataclass(frozen=True, slots=True)
class _Written:
    """A part of the answer: its lines of Markdown and its checked sentences."""

    lines: list[str]
    sentences: list[AnswerSentence]


def _groups(claims: Sequence[Claim]) -> list[list[Claim]]:
    """Claims one by one, those of one table together."""
    groups: list[list[Claim]] = []
    for claim in claims:
        if claim.cell and groups and groups[-1][0].cell:
            groups[-1].append(claim)
        else:
            groups.append([claim])
    return groups


def _table(query: Query, claims: Sequence[Claim], corner: str, numbering: Numbering) -> _Written:
    """A Markdown table; rows and columns stand in order of first appearance. A cell of which nothing stands is undisclosed."""
    cells: dict[tuple[str, str], list[str]] = {}
    sentences = []
    for claim in claims:
        assert claim.cell is not None
        said = cells.setdefault(claim.cell, [])
        if not claim.evidence:
            said.append(escape(claim.text))
        elif sentence := checked(query, claim, numbering):
            sentences.append(sentence)
            said.append(_shown(claim, sentence))
    rows, columns = (list(dict.fromkeys(cell[axis] for cell in cells)) for axis in (0, 1))
    missing = [escape(phrase(query.language, "nothing_for_region"))]
    lines = [_row([escape(corner), *map(escape, columns)]), _row(["---"] * (len(columns) + 1))]
    lines += [_row([escape(row), *(" ".join(cells.get((row, c)) or missing) for c in columns)]) for row in rows]
    return _Written(lines, sentences)


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _shown(claim: Claim, sentence: AnswerSentence) -> str:
    """A cell's sentence with its markers."""
    marks = "".join(f"[{n}]" for n in sentence.citations)
    return f"{escape(dotted(claim))} {marks}"


def dotted(claim: Claim) -> str:
    """A claim's text with dots where it is cut out of its source sentence."""
    source = claim.evidence[0].text
    if not claim.span or claim.span == source:
        return claim.text
    before, _, after = source.partition(claim.span)
    cut = ("……" if before else "") + claim.span + ("……" if after.strip("。；;，, ") else "")
    return claim.text.replace(claim.span, cut)


def _superseded(language: Language, citations: Sequence[Citation]) -> list[str]:
    """A line for each cited document that is no longer, or not yet, in force."""
    told: dict[str, list[Citation]] = {}
    for citation in citations:
        if citation.validity.startswith(("已废止", "已失效", "已被修订", "征求意见稿", "尚未施行")):
            told.setdefault(citation.doc_id, []).append(citation)
    return [
        "\n"
        + escape(phrase(language, "not_in_force", title=cited[0].title, validity=cited[0].validity))
        + " "
        + "".join(f"[{c.id}]" for c in cited)
        for cited in told.values()
    ]


def checked(query: Query, claim: Claim, numbering: Numbering) -> AnswerSentence | None:
    """The claim as a checked sentence, None where the check fails."""
    check = check_sentence(_full(claim), claim.evidence, query, claim.framed)
    if check.support == "unsupported":
        return None
    return AnswerSentence(
        claim.text, tuple(numbering.number(e) for e in claim.evidence), check.support, check.numbers_ok, check.scope_ok
    )


def _full(claim: Claim) -> str:
    """The text to check: of an excerpt, which is a span of one cited sentence, the whole sentence it is cut from."""
    whole = next((e.text for e in claim.evidence if claim.span and claim.span in e.text), "")
    return claim.text.replace(claim.span, whole) if whole else claim.text


def written(sentence: AnswerSentence) -> str:
    """The sentence in Markdown with its markers."""
    return escape(sentence.text) + " " + "".join(f"[{n}]" for n in sentence.citations)


# Untrusted text must neither format nor link nor close a tag; [ ] are escaped so that a source cannot forge a marker.
_SPECIAL = re.compile(r"([\\`*_\[\]<>#|~$])")
_ESCAPED = re.compile(rf"\\{_SPECIAL.pattern}")
# Controls, and the marks that reorder text on screen: a file name could use them to look like another.
_UNSEEN = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]")


def escape(text: str) -> str:
    """Escape Markdown and HTML in text that comes from documents, questions or models."""
    return _SPECIAL.sub(r"\\\1", text.replace("\n", " "))


def unescape(text: str) -> str:
    """Return the text that `escape` was given."""
    return _ESCAPED.sub(r"\1", text)


def visible(text: str) -> str:
    """Return text without control characters and direction overrides; tabs become spaces, line feeds stay."""
    return _UNSEEN.sub("", text).replace("\t", " ")


def with_timings(answer: Answer, timings: dict[str, float], model: str) -> Answer:
    """Return the answer with stage timings in milliseconds and the model's name."""
    return dataclasses.replace(answer, timings_ms={k: round(v, 1) for k, v in timings.items()}, model=model)
