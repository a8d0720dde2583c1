"""Answers made by hand for the scoring tests: text, markers, citations with true offsets, figure table."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

from eval.corpus import Corpus, known_scopes, load_corpus
from eval.gold import Case, find_suite, load_suite
from eval.score import Verdict, score_case
from eval.trace import Record

SUITE = find_suite("sample")


@cache
def sample_corpus() -> Corpus:
    return load_corpus(*SUITE.folders)


@cache
def sample_cases() -> dict[str, Case]:
    return {case.id: case for case in load_suite(SUITE.gold)}


@dataclass(frozen=True)
class Line:
    """A sentence of the answer and the sources that it cites as (file, words of the quote)."""

    text: str
    cites: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Made:
    """An answer by hand. `figures`: (value, unit, comparator, scope, period, number of the citation)."""

    case: str
    lines: tuple[Line, ...]
    figures: tuple[tuple[Any, str, str, str, str, int], ...] = ()
    abstained: bool = False
    lead: str = ""

    def swap(self, old: str, new: str) -> "Made":
        """The same answer with `old` replaced wherever the answer itself speaks; quotes stay."""
        lines = tuple(replace(line, text=line.text.replace(old, new)) for line in self.lines)
        assert lines != self.lines, f"{old} is not in the answer"
        return replace(self, lines=lines)

    def to_json(self) -> dict[str, Any]:
        """The answer in the form of `ask --json`."""
        citations: list[dict[str, Any]] = []
        numbers: dict[tuple[str, str], int] = {}
        sentences, shown = [], [self.lead] if self.lead else []
        for line in self.lines:
            for cite in line.cites:
                if cite not in numbers:
                    numbers[cite] = len(numbers) + 1
                    citations.append(_citation(numbers[cite], *cite))
            ids = [numbers[cite] for cite in line.cites]
            sentences.append({"text": line.text, "citations": ids})
            shown.append(line.text + " " + "".join(f"[{n}]" for n in ids))
        keys = ("value", "unit", "comparator", "scope", "period", "citation")
        return {
            "question": sample_cases()[self.case].question, "answer": "\n".join(shown), "abstained": self.abstained,
            "sentences": sentences, "citations": citations,
            "figures": [dict(zip(keys, figure, strict=True)) for figure in self.figures],
        }  # fmt: skip


def _citation(number: int, source: str, quote: str) -> dict[str, Any]:
    text = sample_corpus()[source].text
    start = text.index(quote)
    title = text.split("\n", 1)[0].lstrip("# ")
    return {"id": number, "source": source, "title": title, "start": start, "end": start + len(quote), "quote": quote}


def judge(answer: Made | dict[str, Any], case_id: str = "", hits: Sequence[dict[str, Any]] = ()) -> Verdict:
    """Score an answer against its gold row of the sample suite."""
    made = answer.to_json() if isinstance(answer, Made) else answer
    case = sample_cases()[case_id or (answer.case if isinstance(answer, Made) else "")]
    record = Record.model_validate({"id": case.id, "answer": made, "hits": list(hits), "seconds": 0.1})
    return score_case(case, record, sample_corpus(), known_scopes(tuple(sample_cases().values())))
