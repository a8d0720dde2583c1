"""LLM judges of LlamaIndex, as an option beside the scores: what a verdict cannot be read from is unscored, never 0 or 1.

Imports LlamaIndex (seconds), so only the command that judges imports this module.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from llama_index.core.evaluation import BaseEvaluator, CorrectnessEvaluator, FaithfulnessEvaluator
from llama_index.core.llms import CompletionResponse, CompletionResponseGen, CustomLLM, LLMMetadata
from llama_index.core.prompts import PromptTemplate
from pydantic import PrivateAttr

from app.generation.backend import Backend
from app.generation.errors import LLMError
from app.generation.stream import stream_text
from eval.gold import Case, FigureFact
from eval.trace import Record, Said
from prompts import message

METRICS = ("faithfulness", "correctness")
_THOUGHT = re.compile(r"<think>.*?</think>", re.DOTALL)
_VERDICT = re.compile(r"\W*(?:(?P<yes>是|yes)|(?P<no>否|no))(?![\w])\W*", re.IGNORECASE)
_GRADE = re.compile(r"\W*([1-5](?:\.\d+)?)\s*分?\W*(?:/\s*5)?\W*")


@dataclass(frozen=True, slots=True)
class Judgement:
    """One judge's word on one case. `score`: faithfulness 0 or 1, correctness 1..5; None is unscored, for the reason given."""

    id: str
    metric: str
    score: float | None
    unscored: str
    reply: str

    def to_json(self) -> dict[str, Any]:
        """Return the judgement as a JSON object."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Tally:
    """Mean over what was scored, None if nothing was; n = scored + unscored."""

    mean: float | None
    scored: int
    unscored: int


class JudgeLLM(CustomLLM):
    """The configured model as LlamaIndex asks it, under the limits that answers have. Raises LLMError."""

    _backend: Backend = PrivateAttr()

    def __init__(self, backend: Backend) -> None:
        super().__init__()
        self._backend = backend

    @property
    def metadata(self) -> LLMMetadata:
        """The context that is set for the model, so that LlamaIndex parts what does not fit."""
        limits = self._backend.limits
        return LLMMetadata(context_window=limits.context, num_output=limits.answer, model_name=self._backend.name)

    def complete(self, prompt: str, formatted: bool = False, **kwargs: Any) -> CompletionResponse:
        """Ask once; what the model thinks aloud is left out."""
        text = "".join(stream_text(self._backend, "", prompt))
        return CompletionResponse(text=_THOUGHT.sub("", text).strip())

    def stream_complete(self, prompt: str, formatted: bool = False, **kwargs: Any) -> CompletionResponseGen:
        """Ask once and give the whole reply as one piece."""
        yield self.complete(prompt, formatted)


def judge(cases: Iterable[Case], records: Mapping[str, Record], backend: Backend) -> Iterator[Judgement]:
    """Yield a judgement of every metric for every case, in order."""
    llm = JudgeLLM(backend)
    evaluators = {language: _evaluators(llm, language) for language in ("zh", "en")}
    for case in cases:
        said = records[case.id].answer
        for metric, evaluator in evaluators["en" if case.variant == "en" else "zh"].items():
            yield _judged(case, said, metric, evaluator)


def tally(judgements: Sequence[Judgement]) -> dict[str, Tally]:
    """Return the mean and the counts of every metric."""
    found = {}
    for metric in METRICS:
        scores = [j.score for j in judgements if j.metric == metric]
        kept = [score for score in scores if score is not None]
        found[metric] = Tally(sum(kept) / len(kept) if kept else None, len(kept), len(scores) - len(kept))
    return found


def read_verdict(reply: str) -> float | None:
    """1 for a first line that is yes (是), 0 for one that is no (否); None for anything else."""
    match = _VERDICT.fullmatch(_first_line(reply))
    return None if match is None else float(bool(match["yes"]))


def read_grade(reply: str) -> tuple[float | None, str]:
    """Return the grade 1..5 that is the first line, or None, and the reply; a parser for CorrectnessEvaluator."""
    match = _GRADE.fullmatch(_first_line(reply))
    grade = float(match[1]) if match else None
    return (grade if grade is not None and grade <= 5 else None), reply


def _first_line(reply: str) -> str:
    return next((line.strip() for line in reply.splitlines() if line.strip()), "")


def _evaluators(llm: JudgeLLM, language: str) -> dict[str, BaseEvaluator]:
    faithful = message(language, "judge.faithfulness.user.md", information="{query_str}", context="{context_str}")
    correct = message(
        language, "judge.correctness.user.md", question="{query}", reference="{reference_answer}",
        answer="{generated_answer}",
    )  # fmt: skip
    return {
        # A template given as a string is lost by this evaluator: it takes its own.
        "faithfulness": FaithfulnessEvaluator(llm=llm, eval_template=PromptTemplate(faithful)),
        "correctness": CorrectnessEvaluator(llm=llm, eval_template=PromptTemplate(correct), parser_function=read_grade),
    }


def _judged(case: Case, said: Said | None, metric: str, evaluator: BaseEvaluator) -> Judgement:
    if said is None:
        return Judgement(case.id, metric, None, "没有回答", "")
    quotes = [citation.quote for citation in said.citations]
    if metric == "faithfulness" and not quotes:
        return Judgement(case.id, metric, None, "没有引文可以对照", "")
    try:
        # All quotes as one context: parted, the evaluator would ask again for each with an English template.
        result = evaluator.evaluate(
            query=case.asked, response=said.answer, contexts=["\n".join(quotes)], reference=reference(case)
        )
    except LLMError as error:
        return Judgement(case.id, metric, None, str(error), "")
    reply = result.feedback or ""
    # The faithfulness evaluator takes whatever holds no "yes" for a no: its reply is read again.
    score = read_verdict(reply) if metric == "faithfulness" else result.score
    return Judgement(case.id, metric, score, "" if score is not None else "裁决读不懂", reply)


def reference(case: Case) -> str:
    """Return what gold says of a case, for a judge: its facts and the sources' words."""
    if not case.answerable and not case.facts:
        return "资料没有答案。"
    facts = [
        f"{f.scope} {f.period} {f.comparator}{f.value:g}{f.unit}" if isinstance(f, FigureFact) else f.any[0]
        for f in case.facts
    ]  # fmt: skip
    lead = [] if case.answerable else ["资料没有直接的答案，应当说明；最接近的是："]
    return "\n".join([*lead, *facts, *(f"“{item.quote}”" for item in case.evidence)])
