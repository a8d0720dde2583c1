"""Ways to make a right answer wrong: the sentence operators of eval.mutate put to work in it, and its citations broken.

Pure. A mutant is a whole answer as `ask --json` gives it, with what was changed in words.
"""

import itertools
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from app.types import Evidence
from eval.answers import UNDISCLOSED
from eval.corpus import Corpus
from eval.gold import Case
from eval.mutate import ENGLISH, OPERATORS, Operator, other_citations
from eval.passages import evidence_of, passage
from eval.rights import NO_ANSWER, Right, cite
from eval.text import is_chinese
from eval.trace import Said, SaidCitation, SaidSentence
from ingest.facts.figures import find_figures
from ingest.facts.regions import display, find_regions
from ingest.types import Sentence, Source

AnswerOperator = Callable[[Right, Corpus], Iterator["Mutant"]]
_MARKERS = re.compile(r"(?:\s*\[\d{1,4}\])+")


@dataclass(frozen=True, slots=True)
class Mutant:
    """A wrong answer to a case, and the change that made it wrong: the words before and after."""

    case: Case
    said: Said
    before: str
    after: str


def in_sentences(name: str) -> AnswerOperator:
    """Return the operator that changes one cited sentence of an answer by the sentence operator of that name."""

    def mutate(right: Right, corpus: Corpus) -> Iterator[Mutant]:
        for at, sentence in enumerate(right.said.sentences):
            cited = _cited(right.said, sentence)
            if not cited or sentence.text not in right.said.answer:
                continue
            operators = OPERATORS if is_chinese(sentence.text) else ENGLISH
            operator: Operator | None = operators.get(name)
            evidence = evidence_of(cited, corpus)
            for text in dict.fromkeys(operator(sentence.text, evidence) if operator else ()):
                if text != sentence.text:
                    yield Mutant(right.case, _retold(right.said, at, text), sentence.text, text)

    return mutate


def wrong_citation(right: Right, corpus: Corpus) -> Iterator[Mutant]:
    """A sentence's only citation exchanged for one of the sentences of the same source most like it."""
    for sentence in right.said.sentences:
        cited = _cited(right.said, sentence)
        if len(cited) != 1 or cited[0].source not in corpus:
            continue
        (old,) = cited
        pool = [_evidence_at(old, s.start, s.end, corpus) for s in corpus[old.source].sentences]
        for other in other_citations(sentence.text, evidence_of(cited, corpus), pool, 2):
            if other.text in old.quote or old.quote in other.text:
                continue
            new = old.model_copy(update={"start": other.sentence.start, "end": other.sentence.end, "quote": other.text})
            citations = tuple(new if c.id == old.id else c for c in right.said.citations)
            yield Mutant(right.case, right.said.model_copy(update={"citations": citations}), old.quote, other.text)


def dropped_citation(right: Right, corpus: Corpus) -> Iterator[Mutant]:
    """A sentence without its markers, in the text and in the data."""
    for at, sentence in enumerate(right.said.sentences):
        place = right.said.answer.find(sentence.text)
        if place < 0 or not sentence.citations:
            continue
        end = place + len(sentence.text)
        marks = _MARKERS.match(right.said.answer, end)
        answer = right.said.answer[:end] + right.said.answer[marks.end() if marks else end :]
        bare = SaidSentence(text=sentence.text, citations=())
        said = right.said.model_copy(update={"answer": answer, "sentences": _put(right.said, at, bare)})
        yield Mutant(right.case, said, sentence.text, "（无引注）")


def duplicated_citation(right: Right, corpus: Corpus) -> Iterator[Mutant]:
    """A marker shown twice behind its sentence, and a citation given twice under two numbers."""
    for at, sentence in enumerate(right.said.sentences):
        cited, place = _cited(right.said, sentence), right.said.answer.find(sentence.text)
        if not cited or place < 0:
            continue
        marker, end = f"[{cited[0].id}]", place + len(sentence.text)
        first = right.said.answer.find(marker, end)
        if first < 0:
            continue
        head, tail = right.said.answer[: first + len(marker)], right.said.answer[first + len(marker) :]
        twice = right.said.model_copy(update={"answer": head + marker + tail})
        yield Mutant(right.case, twice, marker, marker * 2)
        copied = cite(right.said, [(cited[0].source, cited[0].start, cited[0].end)], corpus)
        number = copied.citations[-1].id
        both = SaidSentence(text=sentence.text, citations=(*sentence.citations, number))
        answer = f"{head}[{number}]{tail}"
        said = copied.model_copy(update={"answer": answer, "sentences": _put(copied, at, both)})
        yield Mutant(right.case, said, marker, f"{marker}[{number}]")


def undisclosed(right: Right, corpus: Corpus) -> Iterator[Mutant]:
    """A sentence told as one that no source says, clause by clause: what its citation says is denied."""
    for at, sentence in enumerate(right.said.sentences):
        # What stands before a colon only announces; a sentence that says this already would say it twice.
        if "：" in sentence.text or not is_chinese(sentence.text) or UNDISCLOSED.search(sentence.text):
            continue
        for frame in ("资料未披露", "没有资料说", "资料未提供"):
            told = re.sub(r"(?<![^，；。])(?=[^，；。\s])", frame, sentence.text)
            if _cited(right.said, sentence) and sentence.text in right.said.answer:
                yield Mutant(right.case, _retold(right.said, at, told), sentence.text, told)


def indicator_swapped(right: Right, corpus: Corpus) -> Iterator[Mutant]:
    """Two figures of a sentence, of one unit and of two things, changed about."""
    for at, sentence in enumerate(right.said.sentences):
        text, named = sentence.text, [f for f in find_figures(sentence.text) if len(f.indicator) > 1]
        if not (_cited(right.said, sentence) and text in right.said.answer and is_chinese(text)):
            continue
        for a, b in itertools.combinations(named, 2):
            one, other = text[a.start : a.end], text[b.start : b.end]
            apart = a.indicator not in b.indicator and b.indicator not in a.indicator
            if a.end <= b.start and a.unit == b.unit and one != other and apart:
                told = text[: a.start] + other + text[a.end : b.start] + one + text[b.end :]
                yield Mutant(right.case, _retold(right.said, at, told), text, told)


def refusal(right: Right, corpus: Corpus) -> Iterator[Mutant]:
    """A refusal instead of an answer, with the flag and without it."""
    if right.case.answerable or (right.case.either_flag and any(fact.vital for fact in right.case.facts)):
        text = NO_ANSWER[right.case.variant == "en"]
        for flag in (True, False):
            said = Said(question=right.said.question, answer=text, abstained=flag, sentences=(), citations=())
            yield Mutant(right.case, said, right.said.answer, text)


def answering_the_unanswerable(right: Right, corpus: Corpus) -> Iterator[Mutant]:
    """The sentence of the corpus nearest to a question that has no answer, as its answer.

    Word for word without the flag; and, where the question names a region, told of that region, with and without the flag.
    """
    if right.case.answerable or right.case.either_flag:
        return
    asked = right.case.asked.rsplit("\n", 1)[-1]
    wanted = [m for m in find_regions(asked) if m.code != "CN"]
    for source, start, end in nearest_sentences(asked, corpus):
        quote = corpus[source].text[start:end]
        yield Mutant(right.case, _answer(right.said, quote, (source, start, end), corpus, False), "", quote)
        for mention in [m for m in find_regions(quote) if wanted and m.code not in {w.code for w in wanted}][:1]:
            told = quote[: mention.start] + display(wanted[0].code) + quote[mention.end :]
            for flag in (True, False):
                yield Mutant(right.case, _answer(right.said, told, (source, start, end), corpus, flag), quote, told)


def nearest_sentences(asked: str, corpus: Corpus, most: int = 3) -> list[tuple[str, int, int]]:
    """Spans of the sentences that share most character pairs with a question, figures first."""
    grams = {asked[i : i + 2] for i in range(len(asked) - 1)}
    ranked = sorted(
        ((source, s) for source, paper in corpus.items() for s in paper.sentences),
        key=lambda item: -_shared(grams, corpus[item[0]].text[item[1].start : item[1].end]) - bool(item[1].figures),
    )
    return [(source, s.start, s.end) for source, s in ranked[:most]]


def _shared(grams: set[str], text: str) -> int:
    return len(grams & {text[i : i + 2] for i in range(len(text) - 1)})


def _answer(said: Said, text: str, span: tuple[str, int, int], corpus: Corpus, flag: bool) -> Said:
    empty = Said(question=said.question, answer=f"{text} [1]", abstained=flag, sentences=(), citations=())
    sentences = (SaidSentence(text=text, citations=(1,)),)
    return cite(empty, [span], corpus).model_copy(update={"sentences": sentences})


def _evidence_at(citation: SaidCitation, start: int, end: int, corpus: Corpus) -> Evidence:
    source = Source(citation.source, "", citation.title)
    return passage(corpus[citation.source].text, Sentence(start, end), source)


def _cited(said: Said, sentence: SaidSentence) -> list[SaidCitation]:
    return [c for c in said.citations if c.id in sentence.citations]


def _put(said: Said, at: int, sentence: SaidSentence) -> tuple[SaidSentence, ...]:
    return (*said.sentences[:at], sentence, *said.sentences[at + 1 :])


def _retold(said: Said, at: int, text: str) -> Said:
    old = said.sentences[at]
    new = SaidSentence(text=text, citations=old.citations)
    return said.model_copy(update={"answer": said.answer.replace(old.text, text, 1), "sentences": _put(said, at, new)})


_STRUCTURAL: dict[str, AnswerOperator] = {
    "wrong citation": wrong_citation, "dropped citation": dropped_citation, "duplicated citation": duplicated_citation,
    "undisclosed": undisclosed, "indicator swapped": indicator_swapped,
    "refusal": refusal, "answering the unanswerable": answering_the_unanswerable,
}  # fmt: skip
ANSWER_OPERATORS: dict[str, AnswerOperator] = {
    **{name: in_sentences(name) for name in dict.fromkeys((*OPERATORS, *ENGLISH))}, **_STRUCTURAL,
}  # fmt: skip
