"""One question of a run as the HTML page shows it: JSON-ready data, all text made visible."""

from collections.abc import Mapping, Sequence
from typing import Any

from eval.gold import Case, Fact, FigureFact
from eval.reports.passages import passages
from eval.reports.report import Report
from eval.reports.words import visible
from eval.trace import Record
from ingest.facts.regions import display, find_regions, province_of


def page_data(report: Report) -> dict[str, Any]:
    """Return `rows`, and `passages` that they refer to by number: variants of a question often cite the same."""
    pool: dict[str, int] = {}
    kept: list[dict[str, Any]] = []
    rows = []
    for case, verdict in zip(report.cases, report.summary["cases"], strict=True):
        record = report.records[case.id]
        numbers = []
        for passage in passages(case, record, report.corpus):
            key = repr(passage)
            if key not in pool:
                pool[key] = len(kept)
                kept.append(passage)
            numbers.append(pool[key])
        rows.append(_row(case, record, verdict, _flip(case.id, report.summary)) | {"passages": numbers})
    return {"rows": rows, "passages": kept}


def _row(case: Case, record: Record, verdict: Mapping[str, Any], flip: str) -> dict[str, Any]:
    said = record.answer
    return {
        "id": visible(case.id), "group": visible(case.group_id), "kind": case.kind, "variant": case.variant,
        "split": case.split, "regions": regions_of(case), "right": bool(verdict["correct"]), "flip": flip,
        "question": visible(case.question), "seconds": record.seconds,
        "history": [[message.role, visible(message.content)] for message in case.history],
        "answer": visible(said.answer) if said else "", "error": visible(record.error),
        "abstained": bool(said and said.abstained), "answerable": case.answerable, "either": case.either_flag,
        "reasons": [visible(reason) for reason in verdict["reasons"]], "hints": hints(case, record, verdict),
        "facts": [[fact.vital, _fact(fact), _is_missing(fact, verdict["reasons"])] for fact in case.facts],
        "must_not": [visible(text) for text in case.must_not],
    }  # fmt: skip


def regions_of(case: Case) -> list[str]:
    """Return the regions that question, history and facts are about, and the provinces that these lie in, by name."""
    scopes = [fact.scope for fact in case.facts if isinstance(fact, FigureFact)]
    codes = [mention.code for text in (case.asked, *scopes) for mention in find_regions(text)]
    wider = [province for code in codes if (province := province_of(code))]
    return list(dict.fromkeys(display(code) for code in (*codes, *wider)))


def hints(case: Case, record: Record, verdict: Mapping[str, Any]) -> list[str]:
    """Say at which step a wrong answer went wrong, as far as the verdict tells; [] for a right one."""
    if verdict["correct"] or record.answer is None:
        return []
    found = verdict.get("recall5")
    missing = any(_is_missing(fact, verdict["reasons"]) for fact in case.facts)
    if missing and found is not None and found < 1:
        return [f"检索前 5 条只找到 {found:.0%} 的事实依据：先看检索。"]
    if missing and found == 1:
        return ["检索前 5 条已有全部事实依据，回答没有用上：先看选句与组织。"]
    if case.answerable and record.answer.abstained:
        return ["有据可答却拒答：先看对问题的理解，再看检索。"]
    return []


def _is_missing(fact: Fact, reasons: Sequence[str]) -> bool:
    return any(reason.startswith(f"缺关键事实 {fact.id}：") for reason in reasons)


def _fact(fact: Fact) -> str:
    if isinstance(fact, FigureFact):
        number = f"{fact.comparator}{fact.value:g}{fact.unit}"
        return visible(" ".join(part for part in (fact.scope, fact.period, number) if part))
    return visible(" / ".join(fact.any))


def _flip(identifier: str, summary: Mapping[str, Any]) -> str:
    return next((flip for flip in ("lost", "won") if identifier in summary.get(flip, ())), "")
