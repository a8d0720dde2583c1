"""Compare chunk sizes by what they do for retrieval, through the product's own ingestion, search and ranking.

    python -m bench.chunks --material DIR [--sizes 120/250 200/400 ...] [--sets policy cmrc drcd] [--questions 200]

DIR holds `corpus/` (official texts) and `data/` (cmrc2018, drcd). Sets: `policy`, the questions of
tests/data/split_questions.jsonl over the official texts that they name; `cmrc` and `drcd` (traditional), paragraphs
joined by twenty into long documents, because in a short one nothing depends on where it is cut. A hit is a chunk of the
right document that holds the whole answer (the anchor). Columns: nDCG@10 and S@1 (first chunk is the hit); in1500: the
hit lies within the first 1,500 characters of chunks returned, so that a size is not paid for by length; sent@5: the
answer stands in one of the five best sentences of the 20 best chunks, which is what an answer is written from; chars@5:
mean length of the first five chunks.
"""
# ruff: noqa: T201

import argparse
import json
import math
import random
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from app.build import open_engine
from app.engine import CHUNKS, Engine
from app.retrieval.evidence import rank_sentences
from app.retrieval.retrieve import retrieve
from app.settings import Settings
from app.types import Hit
from app.understanding.understand import understand
from ingest.text.split import ChunkSize

QUESTIONS = Path(__file__).resolve().parent.parent / "tests" / "data" / "split_questions.jsonl"
SETS = {"policy": "", "cmrc": "cmrc2018/squad-style-data__cmrc2018_trial.json", "drcd": "drcd/DRCD_dev.json"}
PARAGRAPHS, DOCUMENTS = 20, 20  # per joined document; documents per set
BUDGET = 1500  # characters


@dataclass(frozen=True, slots=True)
class Question:
    """A question, its document's file name, and where the answer is: `answer` at `offset` behind `paragraph`'s start."""

    text: str
    file: str
    paragraph: str
    offset: int
    answer: str


@dataclass(slots=True)
class Tally:
    """Sums over questions."""

    asked: int = 0
    ndcg: float = 0.0
    first: int = 0
    within: int = 0
    sentences: int = 0
    chars: int = 0

    def row(self) -> str:
        """One line of the table."""
        means = (self.ndcg, self.first, self.within, self.sentences)
        shares = "  ".join(f"{value / max(1, self.asked):.3f}" for value in means)
        return f"{shares}  {self.chars / max(1, self.asked):6.0f}  {self.asked:4d}"


def main() -> None:
    """Measure and print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--material", type=Path, required=True, help="folder with corpus/ and data/")
    parser.add_argument("--sizes", nargs="+", default=["120/250", "200/400", "320/480", "300/600", "450/800"])
    parser.add_argument("--sets", nargs="+", choices=SETS, default=list(SETS))
    parser.add_argument("--questions", type=int, default=200, help="questions per set, the same in every run")
    options = parser.parse_args()
    print("set     size      nDCG@10 S@1   in1500 sent@5 chars@5    n  chunks  seconds")
    for name in options.sets:
        with tempfile.TemporaryDirectory(prefix="policyqa-bench-") as folder:
            sources = Path(folder) / "sources"
            sources.mkdir()
            questions = list(gather(name, options.material, sources))
            random.Random(1).shuffle(questions)
            for size in options.sizes:
                began = time.monotonic()
                store, cut = Path(folder) / size.replace("/", "-"), ChunkSize(*map(int, size.split("/")))
                tally, chunks = measure(sources, store, questions[: options.questions], cut)
                print(f"{name:7} {size:9} {tally.row()}  {chunks:6d}  {time.monotonic() - began:7.0f}", flush=True)


def gather(name: str, material: Path, sources: Path) -> Iterator[Question]:
    """Write a set's documents to `sources` and yield its questions."""
    if name == "policy":
        for line in QUESTIONS.read_text(encoding="utf-8").splitlines():
            asked = json.loads(line)
            (sources / asked["file"]).write_bytes((material / "corpus" / asked["file"]).read_bytes())
            yield Question(asked["question"], asked["file"], "", 0, asked["anchor"])
        return
    articles = json.loads((material / "data" / SETS[name]).read_text(encoding="utf-8"))["data"]
    paragraphs: list[dict[str, Any]] = [paragraph for article in articles for paragraph in article["paragraphs"]]
    for number in range(min(DOCUMENTS, len(paragraphs) // PARAGRAPHS)):
        part = paragraphs[number * PARAGRAPHS : (number + 1) * PARAGRAPHS]
        file = f"{name}{number}.txt"
        (sources / file).write_text("\n".join(each["context"] for each in part), encoding="utf-8")
        for each in part:
            for qa in each["qas"]:
                answer = qa["answers"][0]
                if qa["question"] and each["context"].startswith(answer["text"], answer["answer_start"]):
                    yield Question(qa["question"], file, each["context"], answer["answer_start"], answer["text"])


def measure(sources: Path, store: Path, questions: Sequence[Question], size: ChunkSize) -> tuple[Tally, int]:
    """Ingest the sources in chunks of a size and ask; return the sums and the number of chunks."""
    settings = Settings(store=store)
    with open_engine(settings, writable=True) as engine:
        engine.ingest([str(sources)], size=size)
        texts = {Path(entry.key).name: (entry.id, _text(engine, entry.id)) for entry in engine.store.catalog.entries()}
        tally = Tally()
        for question in questions:
            doc_id, text = texts.get(question.file, ("", ""))
            start = text.find(question.paragraph) if question.paragraph else text.find(question.answer)
            if start >= 0 and doc_id:  # a paragraph that cleaning changed cannot be placed, at any size
                start += question.offset
                _ask(engine, question.text, doc_id, (start, start + len(question.answer)), tally)
        return tally, engine.store.catalog.count()[1]


def _text(engine: Engine, doc_id: str) -> str:
    document = engine.document(doc_id)
    return document.text if document else ""


def _ask(engine: Engine, text: str, doc_id: str, span: tuple[int, int], tally: Tally) -> None:
    query = understand(text, (), frozenset(engine.store.catalog.region_counts()))
    found = retrieve(query, engine.store, engine.embedder, CHUNKS)
    best = rank_sentences(query, found)[:5]
    rank = next((number for number, hit in enumerate(found.hits[:10], 1) if _holds(hit, doc_id, span)), 0)
    tally.asked += 1
    tally.ndcg += 1 / math.log2(rank + 1) if rank else 0.0
    tally.first += rank == 1
    tally.within += bool(rank) and sum(len(hit.chunk.text) for hit in found.hits[:rank]) <= BUDGET
    tally.sentences += any(
        e.hit.chunk.doc_id == doc_id and e.sentence.start < span[1] and e.sentence.end > span[0] for e in best
    )
    tally.chars += sum(len(hit.chunk.text) for hit in found.hits[:5])


def _holds(hit: Hit, doc_id: str, span: tuple[int, int]) -> bool:
    return hit.chunk.doc_id == doc_id and hit.chunk.start <= span[0] and span[1] <= hit.chunk.end


if __name__ == "__main__":
    main()
