"""Scoring a trace against gold: one verdict a case with its reasons, then the summary of all."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from eval import metrics
from eval.answers import read_answer
from eval.binding import find_claims
from eval.citing import NAMES as CITING
from eval.citing import citations
from eval.corpus import Corpus, KnownScope, known_scopes
from eval.faults import find_faults
from eval.gold import Case, Fact, FigureFact
from eval.metrics import Rate
from eval.retrieval import NAMES as RETRIEVAL
from eval.retrieval import retrieval
from eval.trace import Record, Said

STAGES = ("understand", "retrieve", "rerank", "answer", "verify")  # of timings_ms, in order
_FLAG = {True: "不该拒答", False: "该拒答而未拒答"}


@dataclass(frozen=True, slots=True)
class Verdict:
    """What scoring found for one case. `correct` is the absence of reasons; counts and values feed the summary.

    `values`: metrics that are averaged over cases, by name, None where one does not apply; `stages`: seconds by stage.
    """

    id: str
    group_id: str
    kind: str
    variant: str
    split: str
    regions: tuple[str, ...]
    reasons: tuple[str, ...]
    abstained: bool
    misattributed: bool
    misbound: bool
    recall5: float | None
    fact_recall: float | None
    supported: Rate
    markers: Rate
    quotes: Rate
    seconds: float
    values: dict[str, float | None]
    stages: dict[str, float]

    @property
    def correct(self) -> bool:
        """Whether nothing is wrong with the answer."""
        return not self.reasons

    def to_json(self) -> dict[str, Any]:
        """Return the verdict as a JSON object."""
        return {**asdict(self), "reasons": list(self.reasons), "correct": self.correct}


def score_trace(
    cases: Sequence[Case], records: Mapping[str, Record], corpus: Corpus, all_cases: Sequence[Case] | None = None
) -> list[Verdict]:
    """Score the cases in order. `all_cases` (default: the same) is the whole suite, whose figure facts fix owners."""
    known = known_scopes(all_cases or cases)
    return [score_case(case, records[case.id], corpus, known) for case in cases]


def score_case(case: Case, record: Record, corpus: Corpus, known: Sequence[KnownScope]) -> Verdict:
    """Score one answer: correct if every vital fact is stated with its citation and nothing is wrong with the rest.

    What is wrong is listed in eval.faults. A known error in place of an answer is wrong, whatever was asked.
    """
    said = record.answer
    found = retrieval(case, record.hits, corpus)
    recall5 = metrics.retrieval_recall(case, record.hits, corpus)
    if said is None:
        wanted = dict.fromkeys(CITING, 0.0 if case.evidence and (case.answerable or case.either_flag) else None)
        no_answer = {name: None if name.endswith("precision") else value for name, value in wanted.items()}
        return Verdict(
            **_named(case), reasons=(f"出错：{record.error}",), abstained=False, misattributed=False, misbound=False,
            recall5=recall5, fact_recall=0.0 if case.facts else None, supported=Rate(0, 0), markers=Rate(0, 0),
            quotes=Rate(0, 0), seconds=record.seconds, values={**found, **no_answer, **tokens(None)}, stages={},
        )  # fmt: skip
    shown = read_answer(said)
    claims = find_claims(shown.pieces, said, case.asked)
    stated = [metrics.is_stated(fact, shown.pieces, claims) for fact in case.facts]
    faults = find_faults(case, said, shown, claims, corpus, known)
    missing = [fact for fact, is_there in zip(case.facts, stated, strict=True) if fact.vital and not is_there]
    quotes = metrics.quote_exactness(said, corpus)
    reasons = [
        *([] if metrics.abstention_fits(case, said.abstained) else [_FLAG[said.abstained]]),
        *(f"缺关键事实 {fact.id}：{_name(fact)}" for fact in missing),
        *faults.reasons,
        *shown.problems,
        *([f"{quotes.n - quotes.successes} 条引文与原文不符"] if quotes.successes < quotes.n else []),
    ]
    sentences = [piece for piece in shown.pieces if piece.is_sentence]
    return Verdict(
        **_named(case), reasons=tuple(dict.fromkeys(reasons)), abstained=said.abstained,
        misattributed=bool(faults.forbidden or faults.misowned), misbound=bool(faults.misowned or faults.misbound),
        recall5=recall5, fact_recall=metrics.key_fact_recall(stated),
        supported=Rate(sum(metrics.is_supported(piece, claims) for piece in sentences), len(sentences)),
        markers=metrics.marker_validity(shown), quotes=quotes, seconds=record.seconds,
        values={**found, **citations(case, said, corpus), **tokens(said)},
        stages={stage: said.timings_ms[stage] / 1000 for stage in STAGES if stage in said.timings_ms},
    )  # fmt: skip


def _named(case: Case) -> dict[str, Any]:
    return {
        "id": case.id, "group_id": case.group_id, "kind": case.kind, "variant": case.variant, "split": case.split,
        "regions": case.regions,
    }  # fmt: skip


def tokens(said: Said | None) -> dict[str, float | None]:
    """Tokens that the model read and wrote for an answer, and their cost; None where no model was asked, or has no price."""
    usage = said.usage if said else None
    return {
        "tokens_prompt": float(usage.prompt_tokens) if usage else None,
        "tokens_completion": float(usage.completion_tokens) if usage else None,
        "cost": usage.cost if usage else None,
    }


@dataclass(frozen=True, slots=True)
class Measure:
    """One line of a summary: a rate with its counts and interval, or a mean over n cases."""

    value: float | None
    n: int
    interval: tuple[float, float] | None = None

    def to_json(self) -> dict[str, Any]:
        """Return the measure as a JSON object, rounded to four places."""
        rounded = None if self.value is None else round(self.value, 4)
        interval = [round(end, 4) for end in self.interval] if self.interval else None
        return {"value": rounded, "n": self.n, "interval": interval}


def measure(verdicts: Sequence[Verdict], cases: Mapping[str, Case]) -> dict[str, Measure]:
    """Return all metrics over the verdicts, by name; their formulas are in eval.metrics.

    Rates over sentences, markers and citations are pooled, the others are means over cases. `accuracy` is the share of
    correct cases, `misattribution_rate` the share with a wrong owner or a forbidden string, `misbinding_rate` that with a
    figure given to a wrong owner, period or kind (planned, done); latencies are seconds, tokens and cost means over the
    answers that a model wrote.
    """
    pairs = [(cases[v.id], v) for v in verdicts]
    precision, recall, over = metrics.abstention([(case, v.abstained) for case, v in pairs])
    seconds = [v.seconds for v in verdicts]
    return {
        "accuracy": _rate(Rate(sum(v.correct for v in verdicts), len(verdicts))),
        "recall_at_5": _mean([v.recall5 for v in verdicts]),
        "key_fact_recall": _mean([v.fact_recall for v in verdicts]),
        "citation_precision": _rate(_pooled(v.supported for v in verdicts)),
        "marker_validity": _rate(_pooled(v.markers for v in verdicts)),
        "quote_exactness": _rate(_pooled(v.quotes for v in verdicts)),
        "abstention_precision": _rate(precision),
        "abstention_recall": _rate(recall),
        "over_refusal_rate": _rate(over),
        "misattribution_rate": _rate(Rate(sum(v.misattributed for v in verdicts), len(verdicts))),
        "misbinding_rate": _rate(Rate(sum(v.misbound for v in verdicts), len(verdicts))),
        "robustness": _rate(metrics.robustness([(case, v.correct) for case, v in pairs])),
        "latency_p50": Measure(metrics.percentile(seconds, 0.5), len(seconds)),
        "latency_p95": Measure(metrics.percentile(seconds, 0.95), len(seconds)),
        **{name: _mean([v.values[name] for v in verdicts]) for name in (*RETRIEVAL, *CITING, *tokens(None))},
        **{name: cell for stage in STAGES for name, cell in _stage(stage, verdicts)},
    }


def _stage(stage: str, verdicts: Sequence[Verdict]) -> list[tuple[str, Measure]]:
    seconds = [v.stages[stage] for v in verdicts if stage in v.stages]
    return [
        (f"latency_{stage}_{name}", Measure(metrics.percentile(seconds, share), len(seconds)))
        for name, share in (("p50", 0.5), ("p95", 0.95))
    ]


def _rate(rate: Rate) -> Measure:
    return Measure(rate.value, rate.n, rate.interval)


def _mean(values: Sequence[float | None]) -> Measure:
    return Measure(metrics.mean(values), sum(value is not None for value in values))


def _pooled(rates: Iterable[Rate]) -> Rate:
    kept = list(rates)
    return Rate(sum(rate.successes for rate in kept), sum(rate.n for rate in kept))


def summarise(verdicts: Sequence[Verdict], cases: Mapping[str, Case]) -> dict[str, Any]:
    """Return the summary as JSON-ready data: metrics over all, by kind, variant and split, and every verdict."""
    parts: dict[str, Callable[[Verdict], str]] = {
        "by_kind": lambda v: v.kind, "by_variant": lambda v: v.variant, "by_split": lambda v: v.split,
    }  # fmt: skip
    summary: dict[str, Any] = {"n": len(verdicts), "metrics": _as_json(measure(verdicts, cases))}
    for name, key in parts.items():
        groups: dict[str, list[Verdict]] = {}
        for verdict in verdicts:
            groups.setdefault(key(verdict), []).append(verdict)
        measured = {group: _as_json(measure(members, cases)) for group, members in groups.items()}
        summary[name] = {group: {"n": len(groups[group]), "metrics": found} for group, found in measured.items()}
    summary["cases"] = [verdict.to_json() for verdict in verdicts]
    return summary


def _as_json(measures: Mapping[str, Measure]) -> dict[str, Any]:
    return {name: value.to_json() for name, value in measures.items()}


def _name(fact: Fact) -> str:
    if isinstance(fact, FigureFact):
        number = f"{fact.comparator}{fact.value:g}{fact.unit}"
        return " ".join(part for part in (fact.scope, fact.period, number) if part)
    return fact.any[0]
