"""Sweep the thresholds of app.retrieval.thresholds over gold questions and print what each value gains and costs.

`python -m eval.calibrate --gold GOLD --store DIR [--gold GOLD --store DIR ...] [--split dev] [--set min_match=0.35 ...]`

Retrieval does not depend on the thresholds: every question is understood and looked up once, then answered again for each
value. A question ends in one of four ways: an answerable one is answered right, answered wrongly or refused; one that the
texts do not answer is refused (right) or answered (wrongly).
"""

import argparse
import os
import sys
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from app.build import open_engine
from app.composition.compose import compose
from app.engine import CHUNKS, Engine
from app.render import render
from app.retrieval.evidence import rank_sentences
from app.retrieval.retrieve import MAX_DOCUMENT_CHUNKS, Retrieved, retrieve
from app.retrieval.thresholds import Thresholds, thresholds, using
from app.settings import load_settings
from app.types import Evidence, Query, Turn
from app.understanding.understand import understand
from eval.corpus import Corpus, KnownScope, Paper, known_scopes, relative_source
from eval.gold import Case, load_suite
from eval.score import score_case
from eval.trace import Record, Said
from ingest.errors import InputError, PolicyQAError

Outcome = Literal["right", "wrong", "over_refused", "refused", "answered"]
# The values tried of each threshold, around the one in use.
SWEEPS: dict[str, tuple[float, ...]] = {
    "min_coverage": (0.16, 0.2, 0.24, 0.28, 0.32, 0.36, 0.4, 0.48),
    "meaning_floor": (0.84, 0.85, 0.86, 0.87, 0.88, 0.89),
    "meaning_weight": (0.0, 3.0, 6.0, 9.0, 12.0),
    "min_match": (0.1, 0.2, 0.3, 0.4, 0.5),
    "full_match": (0.4, 0.5, 0.55, 0.6, 0.65, 0.7, 0.8, 0.9),
    "best_band": (0.25, 0.4, 0.55, 0.7, 0.85),
    "other_words": (0.0, 0.1, 0.2, 0.3, 0.4, 0.5),
    "as_good": (0.0, 0.05, 0.1, 0.2, 0.3),
    "rule_on_it": (0.2, 0.25, 0.3, 0.35, 0.4, 0.5),
}


@dataclass(frozen=True, slots=True, eq=False)
class Prepared:
    """A question understood and looked up, ready to be answered under any thresholds."""

    case: Case
    query: Query
    found: Retrieved
    ranked: tuple[Evidence, ...]
    regions: frozenset[str]  # those the store has texts about
    corpus: Corpus
    folder: Path  # that the gold's sources are relative to
    known: tuple[KnownScope, ...]


def prepare(engine: Engine, cases: Sequence[Case]) -> list[Prepared]:
    """Understand and look up every case. The corpus to score against is read from the store itself."""
    corpus, folder = stored_corpus(engine)
    regions, titles = frozenset(engine.store.catalog.region_counts()), engine.store.catalog.titles()
    known, prepared = known_scopes(cases), []
    for case in cases:
        history = [Turn(message.role, message.content) for message in case.history]
        try:
            query = understand(case.question, history, regions, titles=titles)
        except PolicyQAError as error:
            raise InputError(f"{case.id}：{error}", "校准只用能够读懂的问题") from error
        found = retrieve(query, engine.store, engine.embedder, MAX_DOCUMENT_CHUNKS if query.article else CHUNKS)
        prepared.append(Prepared(case, query, found, rank_sentences(query, found), regions, corpus, folder, known))
    return prepared


def stored_corpus(engine: Engine) -> tuple[Corpus, Path]:
    """The store's documents as scoring reads them, and the folder that holds all their files."""
    catalog = engine.store.catalog
    documents = [d for doc_id in dict(catalog.titles()) if (d := catalog.document(doc_id)) is not None]
    folder = Path(os.path.commonpath([str(Path(d.source.path).resolve().parent) for d in documents]))
    papers = {}
    for document in documents:
        chunks = sorted(
            (chunk for chunk, _ in catalog.chunks(catalog.neighbours(document.id)).values()), key=lambda c: c.start
        )
        sentences = tuple(sentence for chunk in chunks for sentence in chunk.sentences)
        papers[relative_source(document.source.path, folder)] = Paper(document.text, sentences)
    return papers, folder


def outcome(prepared: Prepared) -> tuple[Outcome, tuple[str, ...]]:
    """How a question ends under the thresholds in use, with what scoring has against the answer."""
    draft = compose(prepared.query, prepared.found, prepared.ranked, prepared.regions)
    answer = render(prepared.query, draft).to_json()
    for citation in answer["citations"]:
        citation["source"] = relative_source(citation["source"], prepared.folder)
    record = Record(id=prepared.case.id, answer=Said.model_validate(answer), hits=(), seconds=0.0)
    verdict = score_case(prepared.case, record, prepared.corpus, prepared.known)
    if not prepared.case.answerable and not prepared.case.either_flag:
        return ("refused" if verdict.correct else "answered"), verdict.reasons
    if verdict.correct:
        return "right", ()
    return ("over_refused" if verdict.abstained and prepared.case.answerable else "wrong"), verdict.reasons


def count(prepared: Iterable[Prepared], values: Thresholds) -> Counter[str]:
    """How many questions end in which way under `values`."""
    with using(values):
        return Counter(outcome(one)[0] for one in prepared)


def line(name: str, value: float, counts: Counter[str], chosen: bool) -> str:
    """A row of the curve: answerable questions answered right, wrongly, refused; unanswerable ones refused, answered."""
    cells = [str(counts[key]) for key in ("right", "wrong", "over_refused", "refused", "answered")]
    return f"| {name} | {value:g}{' *' if chosen else ''} | " + " | ".join(cells) + f" | {score(counts)} |"


def score(counts: Counter[str]) -> int:
    """What a setting is worth: right answers and right refusals, less wrong answers. A refusal too many costs nothing more."""
    return counts["right"] + counts["refused"] - counts["wrong"] - counts["answered"]


def main(argv: Sequence[str] | None = None) -> int:
    """Print the curve of every threshold, or with --show the questions that do not end right. Exit code 0, or 2."""
    parser = argparse.ArgumentParser(prog="python -m eval.calibrate", description="在开发集上校准阈值")
    parser.add_argument("--gold", action="append", required=True, type=Path, help="题目文件，可重复")
    parser.add_argument("--store", action="append", required=True, help="与题目对应的索引目录，可重复")
    parser.add_argument("--split", choices=("dev", "test"), default="dev")
    parser.add_argument("--set", action="append", default=[], metavar="名=值", help="先改一个阈值")
    parser.add_argument("--only", action="append", choices=SWEEPS, help="只扫描这些阈值")
    parser.add_argument("--show", action="store_true", help="不扫描，列出没有答对的题")
    args = parser.parse_args(argv)
    try:
        base = replace(thresholds(), **{name: float(value) for name, _, value in (s.partition("=") for s in args.set)})
        prepared = []
        for gold, store in zip(args.gold, args.store, strict=True):
            cases = [case for case in load_suite(gold) if case.split == args.split]
            with open_engine(load_settings(store=store)) as engine:
                prepared += prepare(engine, cases)
    except (PolicyQAError, ValueError, TypeError) as error:
        sys.stderr.write(f"错误：{error}\n")
        return 2
    sys.stdout.write(_shown(prepared, base) if args.show else _curve(prepared, base, args.only or list(SWEEPS)))
    return 0


def _curve(prepared: Sequence[Prepared], base: Thresholds, names: Sequence[str]) -> str:
    answerable = sum(one.case.answerable or one.case.either_flag for one in prepared)
    rows = [
        f"n = {len(prepared)}: {answerable} answerable, {len(prepared) - answerable} not; * is the value in use\n",
        "| threshold | value | right | wrong | over-refused | refused | answered | worth |", "|---|---|---|---|---|---|---|---|",
    ]  # fmt: skip
    for name in names:
        current = getattr(base, name)
        for value in sorted({*SWEEPS[name], current}):
            rows.append(line(name, value, count(prepared, replace(base, **{name: value})), value == current))
    return "\n".join(rows) + "\n"


def _shown(prepared: Sequence[Prepared], base: Thresholds) -> str:
    with using(base):
        ends = [(one.case, *outcome(one)) for one in prepared]
    rows = [
        f"{end}\t{case.id}\t{case.question}\t{'；'.join(reasons)}" for case, end, reasons in ends
        if end not in {"right", "refused"}
    ]  # fmt: skip
    rows.append(f"{dict(Counter(end for _, end, _ in ends))} n={len(ends)}")
    return "\n".join(rows) + "\n"


if __name__ == "__main__":
    sys.exit(main())
