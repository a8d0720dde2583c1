"""Scoring a trace against gold: one verdict a case with its reasons, then the summary of all."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from eval import metrics
from eval.answers import Piece, read_answer
from eval.binding import Claim, check_table, counts_a_list, find_claims, foreign_regions, foreign_periods, is_misattributed
from eval.corpus import Corpus, KnownScope, known_scopes
from eval.gold import Case, Fact, FigureFact
from eval.meaning import find_twists
from eval.metrics import Rate
from eval.trace import Record

_FLAG = {True: "不该拒答", False: "该拒答而未拒答"}


@dataclass(frozen=True, slots=True)
class Verdict:
    """What scoring found for one case. `correct` is the absence of reasons; counts feed the summary's rates."""

    id: str
    group_id: str
    kind: str
    variant: str
    split: str
    reasons: tuple[str, ...]
    abstained: bool
    misattributed: bool
    recall5: float | None
    fact_recall: float | None
    supported: Rate
    markers: Rate
    quotes: Rate
    seconds: float

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

    Wrong are: the abstention flag, a forbidden string, a figure or region given to another owner, a number or year
    that the cited quotes do not state, a marker that does not resolve or fit, a quote that is not the source's text.
    """
    said = record.answer
    recall5 = metrics.retrieval_recall(case, record.hits, corpus)
    if said is None:
        failed = (f"出错：{record.error}",)
        empty = Rate(0, 0)
        return _verdict(case, record, failed, False, False, recall5, 0.0 if case.facts else None, empty, empty, empty)
    shown = read_answer(said)
    claims = find_claims(shown.pieces, said, case.asked)
    stated = [metrics.is_stated(fact, shown.pieces, claims) for fact in case.facts]
    missing = [fact for fact, is_there in zip(case.facts, stated, strict=True) if fact.vital and not is_there]
    forbidden = metrics.must_not_hits(case, shown)
    unstated, misowned = check_table(said, corpus, known)
    misowned += [f"{claim.name} → {claim.owner}" for claim in claims if is_misattributed(claim, corpus, known)]
    for piece in shown.pieces:
        misowned += [f"{name}：{piece.text[:24]}" for name in foreign_regions(piece, case.asked, corpus)]
    unstated += [claim.name for claim in claims if not claim.is_grounded and not counts_a_list(claim)]
    unstated += [f"{period}年" if period.isdigit() else period for piece in shown.pieces for period in foreign_periods(piece, case.asked, corpus)]
    twists = [twist for piece in shown.pieces for twist in find_twists(piece, case.asked, corpus, _grounded(piece, claims))]
    quotes = metrics.quote_exactness(said, corpus)
    reasons = [
        *([] if metrics.abstention_fits(case, said.abstained) else [_FLAG[said.abstained]]),
        *(f"缺关键事实 {fact.id}：{_name(fact)}" for fact in missing),
        *(f"出现禁止的说法：{text}" for text in forbidden),
        *(f"张冠李戴：{text}" for text in misowned),
        *(f"所引原文中没有：{text}" for text in unstated),
        *twists,
        *shown.problems,
        *([f"{quotes.n - quotes.successes} 条引文与原文不符"] if quotes.successes < quotes.n else []),
    ]
    sentences = [piece for piece in shown.pieces if piece.is_sentence]
    supported = Rate(sum(metrics.is_supported(piece, claims) for piece in sentences), len(sentences))
    return _verdict(
        case, record, tuple(dict.fromkeys(reasons)), said.abstained, bool(forbidden or misowned), recall5,
        metrics.key_fact_recall(stated), supported, metrics.marker_validity(shown), quotes,
    )  # fmt: skip


def _verdict(
    case: Case, record: Record, reasons: tuple[str, ...], abstained: bool, misattributed: bool, recall5: float | None,
    fact_recall: float | None, supported: Rate, markers: Rate, quotes: Rate,
) -> Verdict:  # fmt: skip
    return Verdict(
        case.id, case.group_id, case.kind, case.variant, case.split, reasons, abstained, misattributed, recall5,
        fact_recall, supported, markers, quotes, record.seconds,
    )  # fmt: skip


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
    correct cases, `misattribution_rate` the share with a wrong owner or a forbidden string; latencies are seconds.
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
        "robustness": _rate(metrics.robustness([(case, v.correct) for case, v in pairs])),
        "latency_p50": Measure(metrics.percentile(seconds, 0.5), len(seconds)),
        "latency_p95": Measure(metrics.percentile(seconds, 0.95), len(seconds)),
    }


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


def _grounded(piece: Piece, claims: Sequence[Claim]) -> bool:
    return any(claim.piece is piece and claim.is_grounded for claim in claims)
