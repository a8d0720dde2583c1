"""Compare ways of finding the right passage, on questions with a known answer: what each piece of retrieval is worth.

    python -m bench.retrieval [--sets sample policy cmrc drcd] [--questions 400] [--keep DIR]

Sets: `sample`, the bundled suite (every question with evidence); `policy`, the questions of
tests/data/split_questions.jsonl over all official texts (POLICYQA_TEST_CORPUS, or `corpus` in the folder that --material
names); `cmrc` and `drcd` (traditional script), reading passages joined into long documents (POLICYQA_TEST_DATA). A set
whose texts are absent is skipped with a line that says so. A passage is right if it is of the right document and holds
a whole quoted evidence. nDCG@10 with binary gains, R@5 (share of the evidence in the first five), S@1 (the first
passage is right). Rows: BM25 over character pairs (the floor), BM25 over jieba's words, the embedder alone, their
reciprocal rank fusion, and ours with and without its pieces.
"""
# ruff: noqa: T201

import argparse
import contextlib
import importlib
import math
import os
import random
import re
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from app.build import open_engine
from app.retrieval.rerank import Reranker
from app.retrieval.retrieve import retrieve
from app.settings import Settings
from app.types import Turn
from app.understanding.understand import understand
from bench.chunks import gather
from eval.gold import find_suite, load_suite
from ingest.lexical import normalise, words

if TYPE_CHECKING:
    from app.engine import Engine

DEPTH = 10
RRF = 60


@dataclass(frozen=True, slots=True)
class Asked:
    """A question with what was said before, and what answers it: (file name, paragraph or "", offset in it, quote)."""

    text: str
    history: tuple[Turn, ...]
    evidence: tuple[tuple[str, str, int, str], ...]


Arm = Callable[[Asked], list[str]]  # ids of the chunks found, best first


def main() -> None:
    """Measure and print one table a set."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sets", nargs="+", choices=("sample", "policy", "cmrc", "drcd"),
                        default=["sample", "policy", "cmrc", "drcd"])  # fmt: skip
    parser.add_argument("--questions", type=int, default=400, help="questions a set at most, the same in every run")
    parser.add_argument(
        "--keep", type=Path, help="folder for the sets' stores; those that are there are not made again"
    )
    options = parser.parse_args()
    with contextlib.ExitStack() as opened:
        top = options.keep or Path(opened.enter_context(tempfile.TemporaryDirectory(prefix="policyqa-bench-")))
        for name in options.sets:
            try:
                questions = prepare(name, top)
            except FileNotFoundError as absent:
                print(f"{name}: skipped, {absent}")
                continue
            random.Random(1).shuffle(questions)
            with open_engine(Settings(store=top / name / "store")) as engine:
                table(name, engine, questions[: options.questions])


def prepare(name: str, top: Path) -> list[Asked]:
    """Make a set's store where it is not there yet; return its questions. Raises FileNotFoundError for absent texts."""
    sources = top / name / "sources"
    sources.mkdir(parents=True, exist_ok=True)
    if name == "sample":
        suite = find_suite("sample")
        corpus, asked = suite.corpus, [
            Asked(case.question, tuple(Turn(t.role, t.content) for t in case.history),
                  tuple((Path(e.source).name, "", 0, e.quote) for e in case.evidence))
            for case in load_suite(suite.gold)
            if case.evidence
        ]  # fmt: skip
    else:
        variable, folder = ("POLICYQA_TEST_CORPUS", "corpus") if name == "policy" else ("POLICYQA_TEST_DATA", "data")
        material = Path(os.environ.get(variable, ""))
        if not os.environ.get(variable) or not material.is_dir():
            raise FileNotFoundError(f"its texts are absent (set {variable})")
        corpus = material if name == "policy" else sources
        parent = material if material.name != folder else material.parent
        asked = [Asked(q.text, (), ((q.file, q.paragraph, q.offset, q.answer),)) for q in gather(name, parent, sources)]
    if not (top / name / "store").exists():
        with open_engine(Settings(store=top / name / "store"), writable=True, on_note=print) as engine:
            engine.ingest([str(corpus)])
    return asked


def table(name: str, engine: "Engine", questions: Sequence[Asked]) -> None:
    """Print a row for each way of finding."""
    spans = _Spans(engine)
    placed = [(asked, right) for asked in questions if (right := spans.of(asked))]
    print(f"\n{name}: n = {len(placed)} questions, {engine.store.catalog.count()[1]} passages", flush=True)
    for label, arm in arms(engine).items():
        sums, times = np.zeros(3), []
        for asked, right in placed:
            began = time.perf_counter()
            found = arm(asked)
            times.append((time.perf_counter() - began) * 1000)
            sums += score(found[:DEPTH], right)
        ndcg, recall, first = sums / max(1, len(placed))
        p50, p95 = np.percentile(times, [50, 95])
        print(f"  {label:<42} nDCG@10 {ndcg:.3f}  R@5 {recall:.3f}  S@1 {first:.3f}  p50 {p50:5.1f} p95 {p95:5.1f} ms",
              flush=True)  # fmt: skip


def score(found: Sequence[str], right: Sequence[frozenset[str]]) -> np.ndarray:
    """nDCG@10, R@5 and S@1 of a ranking; `right` holds for each piece of evidence the chunks that hold it (0..1 each)."""
    gains, seen = [], set[int]()
    for chunk_id in found:
        new = {n for n, chunks in enumerate(right) if chunk_id in chunks} - seen
        seen |= new
        gains.append(bool(new))
    ideal = sum(1 / math.log2(rank + 2) for rank in range(min(DEPTH, len(right))))
    ndcg = sum(gain / math.log2(rank + 2) for rank, gain in enumerate(gains)) / ideal
    recall = sum(any(chunk_id in chunks for chunk_id in found[:5]) for chunks in right) / len(right)
    return np.array([min(1.0, ndcg), recall, float(bool(gains and gains[0]))])


class _Spans:
    """Where evidence stands in the chunks of a store."""

    def __init__(self, engine: "Engine") -> None:
        self._engine = engine
        self._ids = {Path(entry.key).name: entry.same_as or entry.id for entry in engine.store.catalog.entries()}

    def of(self, asked: Asked) -> list[frozenset[str]]:
        """For each piece of evidence the ids of the chunks that hold most of it; those that stand nowhere are left out."""
        found = []
        for file, paragraph, offset, quote in asked.evidence:
            doc_id = self._ids.get(file, "")
            document = self._engine.document(doc_id)
            text = document.text if document else ""
            start = text.find(paragraph or quote)
            if start < 0:
                continue  # cleaning changed it
            middle = start + (offset if paragraph else 0) + len(quote) // 2
            chunks = self._engine.store.catalog.chunks(self._engine.store.catalog.neighbours(doc_id))
            found.append(frozenset(i for i, (chunk, _) in chunks.items() if chunk.start <= middle < chunk.end))
        return [chunks for chunks in found if chunks]


def arms(engine: "Engine") -> dict[str, Arm]:
    """The ways of finding that are compared."""
    store, embedder = engine.store, engine.embedder
    pairs = PairIndex(engine)

    def dense(asked: Asked, k: int = DEPTH) -> list[str]:
        return [i for i, _ in store.nearest(embedder.embed_queries([asked.text])[0], k)]

    def jieba(asked: Asked, k: int = DEPTH) -> list[str]:
        return [i for i, _ in store.catalog.search_words(words(asked.text), k)]

    def rrf(asked: Asked) -> list[str]:
        scores: Counter[str] = Counter()
        for ranking in (dense(asked, 50), jieba(asked, 50)):
            for rank, chunk_id in enumerate(ranking, 1):
                scores[chunk_id] += 1 / (RRF + rank)  # type: ignore[assignment]
        return [i for i, _ in scores.most_common(DEPTH)]

    def ours(asked: Asked, reranker: Reranker | None = None) -> list[str]:
        query = understand(asked.text, asked.history, frozenset(store.catalog.region_counts()))
        return [hit.chunk.id for hit in retrieve(query, store, embedder, DEPTH, reranker).hits]

    def without(name: str, value: float | Callable[[str], float]) -> Arm:
        def arm(asked: Asked) -> list[str]:
            with changed(name, value):
                return ours(asked, engine.reranker)

        return arm

    return {
        "BM25, character pairs": lambda asked: pairs.search(asked.text, DEPTH),
        "BM25, jieba words": jieba,
        "dense": dense,
        "dense + jieba, RRF": rrf,
        "ours, no reranker": ours,
        "ours (late interaction)": lambda asked: ours(asked, engine.reranker),
        "  without the lexical side": without("app.retrieval.fuse.DENSE_WEIGHT", 1.0),
        "  without the region bonus": without("app.retrieval.fuse.REGION_BONUS", 0.0),
        "  without validity": without("app.retrieval.retrieve.behind", lambda _: 0.0),
    }


@contextlib.contextmanager
def changed(path: str, value: object) -> Iterator[None]:
    """Put a value in a constant's place while the block runs: the pieces are constants of the product; here alone they vary."""
    module, _, name = path.rpartition(".")
    held = importlib.import_module(module)
    before = getattr(held, name)
    setattr(held, name, value)
    try:
        yield
    finally:
        setattr(held, name, before)


class PairIndex:
    """BM25 (k1 1.2, b 0.75) over pairs of characters: the floor that any retrieval in Chinese should stand above."""

    def __init__(self, engine: "Engine") -> None:
        rows = engine.store.catalog.chunks(engine.store.catalog.chunk_ids())
        self._ids = list(rows)
        self._lists: dict[str, list[tuple[int, int]]] = {}
        self._lengths = np.zeros(len(rows))
        for number, (chunk, _) in enumerate(rows.values()):
            counts = Counter(_pairs(chunk.text))
            self._lengths[number] = sum(counts.values())
            for pair, times in counts.items():
                self._lists.setdefault(pair, []).append((number, times))

    def search(self, text: str, k: int) -> list[str]:
        """Ids of the k best chunks."""
        scores = np.zeros(len(self._ids))
        norm = 1.2 * (0.25 + 0.75 * self._lengths / max(1.0, self._lengths.mean()))
        for pair in set(_pairs(text)):
            held = self._lists.get(pair, [])
            idf = math.log(1 + (len(self._ids) - len(held) + 0.5) / (len(held) + 0.5))
            for number, times in held:
                scores[number] += idf * times * 2.2 / (times + norm[number])
        best = np.argsort(-scores, kind="stable")[:k]
        return [self._ids[n] for n in best if scores[n] > 0]


def _pairs(text: str) -> list[str]:
    return [
        run[i : i + 2] for run in re.findall(r"[a-z0-9㐀-鿿]+", normalise(text)) for i in range(max(1, len(run) - 1))
    ]


if __name__ == "__main__":
    main()
