"""Right answers to start mutants from: one made of each gold row in its sources' own words, and those of a run."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from eval.corpus import Corpus, KnownScope
from eval.gold import Case, linked_evidence
from eval.score import score_case
from eval.trace import Record, Said, SaidCitation, SaidSentence

NO_ANSWER = {True: "No source answers this.", False: "资料中没有这项内容。"}


@dataclass(frozen=True, slots=True)
class Right:
    """An answer that scoring calls correct for its case."""

    case: Case
    said: Said


def record_of(case: Case, said: Said) -> Record:
    """Return an answer as a row of a trace, without hits."""
    return Record(id=case.id, answer=said, hits=(), seconds=0.0)


def right_answers(
    cases: Sequence[Case], records: Mapping[str, Record], corpus: Corpus, known: Sequence[KnownScope]
) -> tuple[list[Right], int]:
    """Return the answers that scoring calls correct, and how many it does not: mutants of those would prove nothing.

    Of each group one answer is made of gold; of a run (`records`, may be empty) every answer is tried.
    """
    tried = [(case, made_of_gold(case, corpus)) for case in cases if case.variant == "canonical"]
    tried += [(case, said) for case in cases if case.id in records and (said := records[case.id].answer) is not None]
    rights = [
        Right(case, said) for case, said in tried if score_case(case, record_of(case, said), corpus, known).correct
    ]
    return rights, len(tried) - len(rights)


def made_of_gold(case: Case, corpus: Corpus) -> Said:
    """Return an answer in the sources' own words: the whole sentence around a quote of every vital fact, each cited.

    An unanswerable case abstains in words of its own; a trap that may do either abstains and cites.
    """
    vital = [fact for fact in case.facts if fact.vital]
    spans: list[tuple[str, int, int]] = []
    for fact in vital:
        for evidence in linked_evidence(fact, case.evidence)[:1]:
            spans += [span for span in _sentences(evidence.source, evidence.quote, corpus) if span not in spans]
    citations = tuple(_citation(n, *span, corpus) for n, span in enumerate(spans, 1))
    sentences = tuple(SaidSentence(text=c.quote, citations=(c.id,)) for c in citations)
    shown = [] if case.answerable else [NO_ANSWER[case.variant == "en"]]
    return Said(
        question=case.question, answer="\n".join([*shown, *(f"{s.text} [{s.citations[0]}]" for s in sentences)]),
        abstained=not case.answerable, sentences=sentences, citations=citations,
    )  # fmt: skip


def _sentences(source: str, quote: str, corpus: Corpus) -> Iterator[tuple[str, int, int]]:
    """Spans of the sentences that hold a quote or a part of it, where it stands first."""
    start = corpus[source].text.find(quote)
    found = [s for s in corpus[source].sentences if s.start < start + len(quote) and start < s.end]
    yield from ((source, s.start, s.end) for s in found)


def _citation(number: int, source: str, start: int, end: int, corpus: Corpus) -> SaidCitation:
    text = corpus[source].text
    title = text.partition("\n")[0].lstrip("# ")
    return SaidCitation(id=number, source=source, title=title, start=start, end=end, quote=text[start:end])


def cite(said: Said, spans: Iterable[tuple[str, int, int]], corpus: Corpus) -> Said:
    """Return the answer with citations for these spans put behind those it has."""
    last = max((c.id for c in said.citations), default=0)
    added = tuple(_citation(n, *span, corpus) for n, span in enumerate(spans, last + 1))
    return said.model_copy(update={"citations": (*said.citations, *added)})
