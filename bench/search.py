"""Measure what searching and answering cost as the corpus grows, beside plain Chroma on the same chunks in the same run.

    python -m bench.search [--store DIR] [--sizes 10000 100000] [--rounds 2] [--keep DIR]

A base store (the sample suite's, or --store) is measured as it is and then grown: every copy of a document has other
words (three Han words in ten exchanged for words of the same length drawn from the corpus, so that word frequencies
stay real) and other vectors (noise added to a cosine of about 0.95), so that neither words nor vectors are made up.
Rows: search for questions that name no region, one region, or two to compare; ask, as a user gets it; and Chroma's ten
nearest chunks to the same questions with the same embedder. Milliseconds of the clock, and of the processors (all
threads), which a busy machine leaves alone. Nothing is asserted; the targets are printed.
"""
# ruff: noqa: T201

import argparse
import contextlib
import os
import random
import shutil
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cache
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from app.build import open_engine
from app.settings import Settings
from eval.gold import find_suite
from ingest.embed import usable_processors
from ingest.facts.regions import display
from ingest.lexical import cut, words
from ingest.store import open_store
from ingest.tokens import quantise, unpack
from ingest.types import Chunk

if TYPE_CHECKING:
    from app.engine import Engine
    from ingest.store import Store

EXCHANGED, NOISE = 0.3, 0.33  # share of words; length of the noise beside a unit vector
BATCH = 4000  # chunks a write to Chroma
TARGETS = {"search": 60, "ask": 400}  # ms, p95 at 10,000 chunks
TOPICS = (
    "算力基础设施布局", "人工智能产业的支持政策", "公共数据授权运营的要求", "大模型企业的补贴标准", "数据交易场所的规定",
    "中小企业数字化转型目标", "智能网联汽车的管理办法", "人才引进的措施", "数据安全管理的责任", "政务服务中的人工智能应用",
)  # fmt: skip
GENERAL = (
    "{}有哪些", "如何推进{}", "关于{}怎么规定", "What is the policy on data security and AI governance?",
    "2025年{}", "{}存在什么问题", "谁负责{}", "{}的期限是多久",
)  # fmt: skip
PLACES = ("{place}{topic}", "{place}的{topic}是什么", "2025年{place}{topic}如何")
PAIRS = ("比较{place}和{other}的{topic}", "{place}与{other}在{topic}上有什么不同")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--store", type=Path, help="store to grow (default: one of the sample suite, made for this run)"
    )
    parser.add_argument("--sizes", type=int, nargs="*", default=[10_000], help="chunks to grow to")
    parser.add_argument("--rounds", type=int, default=2, help="how often every question is asked")
    parser.add_argument(
        "--keep", type=Path, help="folder for the grown stores; those that are there are not made again"
    )
    options = parser.parse_args()
    load = f"{os.getloadavg()[0]:.1f}" if hasattr(os, "getloadavg") else "unknown"
    print(f"cores = {usable_processors()} of {os.cpu_count()}; load {load}")
    with contextlib.ExitStack() as opened:
        top = options.keep or Path(opened.enter_context(tempfile.TemporaryDirectory(prefix="policyqa-bench-")))
        base = options.store or _sample(top / "sample")
        for size in (0, *options.sizes):
            store = base if not size else top / f"grown-{size}"
            if size and not (store / "done").exists():
                shutil.rmtree(store, ignore_errors=True)
                grow(base, store, size)
            with open_engine(Settings(store=store)) as engine:
                measure(engine, options.rounds)


def _sample(folder: Path) -> Path:
    with open_engine(Settings(store=folder), writable=True, on_note=print) as engine:
        engine.ingest([str(find_suite("sample").corpus)])
    return folder


def questions(store: "Store") -> dict[str, list[str]]:
    """Questions that name no region, one, or two, over the regions that the store says most about."""
    counts = store.catalog.region_counts()
    codes = sorted((code for code in counts if code.isdigit()), key=lambda code: -counts[code])[:20]
    places = [display(code) for code in codes]
    dice = random.Random(3)
    return {
        "no region": [form.format(topic) for form in GENERAL for topic in TOPICS[:: 1 if "{}" in form else 10]],
        "a region": [form.format(place=dice.choice(places), topic=topic) for form in PLACES for topic in TOPICS],
        "two regions": [
            form.format(place=one, other=other, topic=topic)
            for form in PAIRS
            for topic in TOPICS
            for one, other in [dice.sample(places, 2)]
        ],
    }


def measure(engine: "Engine", rounds: int) -> None:
    """Print p50 and p95 in ms of each arm, and the ratio of its median to plain Chroma's."""
    asked = questions(engine.store)
    everyone = [question for group in asked.values() for question in group]

    def plain(question: str) -> object:
        return engine.store.nearest(engine.embedder.embed_queries([question])[0], 10)

    stages: list[dict[str, float]] = []

    def ask(question: str) -> object:
        answer = engine.ask(question)
        stages.append(answer.timings_ms)
        return answer

    arms: dict[str, tuple[Callable[[str], object], Sequence[str]]] = {
        "plain Chroma, top 10": (plain, everyone),
        **{f"search, {name}": (engine.search, group) for name, group in asked.items()},
        **{f"ask, {name}": (ask, group) for name, group in asked.items()},
    }
    for question in everyone[:3]:
        engine.ask(question), plain(question)
    documents, chunks = engine.store.catalog.count()
    print(f"\n{documents} documents, {chunks} chunks; n = {len(everyone)} questions x {rounds} rounds", flush=True)
    times: dict[str, list[tuple[float, float]]] = {name: [] for name in arms}
    for _ in range(rounds):
        for name, (arm, group) in arms.items():
            for question in group:
                began, worked = time.perf_counter(), time.process_time()
                arm(question)
                seconds = (time.perf_counter() - began, time.process_time() - worked)
                times[name].append((seconds[0] * 1000, seconds[1] * 1000))
    whole = {kind: [t for name, own in times.items() if name.startswith(f"{kind},") for t in own] for kind in TARGETS}
    median = float(np.median([clock for clock, _ in times["plain Chroma, top 10"]]))
    for name, values in (*times.items(), *((f"{kind}, all questions", t) for kind, t in whole.items())):
        (p50, cpu50), (p95, cpu95) = np.percentile(values, [50, 95], axis=0)
        target = f"  (target: p95 < {TARGETS[name.split(',')[0]]} ms)" if name.endswith("all questions") else ""
        print(f"  {name:<24} p50 {p50:6.1f} ms, p95 {p95:6.1f} ms, {p50 / median:4.1f} times plain; "
              f"processor p50 {cpu50:6.1f}, p95 {cpu95:6.1f}{target}", flush=True)  # fmt: skip
    for stage in stages[0]:
        p50, p95 = np.percentile([answer[stage] for answer in stages], [50, 95])
        print(f"    of ask: {stage:<20} p50 {p50:6.1f} ms, p95 {p95:6.1f} ms", flush=True)


def grow(base: Path, folder: Path, size: int) -> None:
    """Write a store of about `size` chunks made of copies of another's documents, no two alike."""
    with open_store(base) as old:
        model, dimension = old.catalog.get_meta("model"), int(old.catalog.get_meta("dimension"))
        with open_store(folder, model, dimension, writable=True) as new:
            began, written = time.perf_counter(), 0
            pending: list[tuple[Chunk, np.ndarray]] = []
            for copy in count():
                written = _copy(old, new, copy, written, size, pending)
                if written >= size:
                    break
            _flush(new, pending)
            new.settle()
    (folder / "done").touch()
    print(f"grew {written} chunks in {time.perf_counter() - began:.0f} s", flush=True)


def _copy(
    old: "Store", new: "Store", copy: int, written: int, size: int, pending: list[tuple[Chunk, np.ndarray]]
) -> int:
    dice, noise = random.Random(copy), np.random.default_rng(copy)
    for entry in old.catalog.entries():
        document, ids = old.catalog.document(entry.id), old.catalog.neighbours(entry.id)
        if document is None or not ids or written >= size:
            continue
        name = f"{entry.id}-{copy}"
        source = replace(
            document.source, title=_exchanged(document.source.title, dice), path=f"{copy}/{document.source.path}"
        )
        rows = old.catalog.chunks(ids)
        vectors, tokens = _vectors(old, entry.id), old.catalog.tokens(ids)
        chunks = [
            replace(rows[i][0], id=f"{i}-{copy}", doc_id=name, text=_exchanged(rows[i][0].text, dice)) for i in ids
        ]
        pending += [(chunk, _moved(vectors[i], noise)) for i, chunk in zip(ids, chunks, strict=True)]
        new.put(
            replace(document, id=name, source=source),
            replace(entry, id=name, key=f"{copy}/{entry.key}", file=f"{copy}/{entry.file}", same_as=""),
            chunks,
            [" ".join(w for token in cut(chunk.text) for w in _words(token)) for chunk in chunks],
            [_moved(rows[i][1].astype(np.float32), noise).astype(np.float16) for i in ids],
            [quantise(_moved(unpack(tokens[i]), noise)) for i in ids] if tokens else (),
        )
        written += len(ids)
        if len(pending) >= BATCH:
            _flush(new, pending)
    return written


def _flush(store: "Store", pending: list[tuple[Chunk, np.ndarray]]) -> None:
    if pending:
        store.add_vectors([chunk for chunk, _ in pending], np.stack([vector for _, vector in pending]))
    pending.clear()


@cache
def _vectors(store: "Store", doc_id: str) -> dict[str, np.ndarray]:
    found = store._vectors().get(where={"doc_id": doc_id}, include=["embeddings"])
    return dict(zip(found["ids"], np.asarray(found["embeddings"], dtype=np.float32), strict=True))


def _moved(vectors: np.ndarray, noise: np.random.Generator) -> np.ndarray:
    drawn = noise.standard_normal(vectors.shape, dtype=np.float32)
    moved: np.ndarray = vectors + NOISE * drawn / np.linalg.norm(drawn, axis=-1, keepdims=True)
    return moved / np.linalg.norm(moved, axis=-1, keepdims=True)


@cache
def _words(token: str) -> tuple[str, ...]:
    return tuple(words(token, keep_stop_words=True))


_SEEN: dict[int, list[str]] = {}


def _exchanged(text: str, dice: random.Random) -> str:
    """The text with some of its Han words exchanged for words as long that stood in texts before it."""
    made = []
    for token in _tokens(text):
        han = len(token) > 1 and "一" <= token[0] <= "龥"
        seen = _SEEN.setdefault(len(token), []) if han else []
        if han and dice.random() < EXCHANGED and seen:
            made.append(dice.choice(seen))
        else:
            made.append(token)
        if han and len(seen) < 50_000:
            seen.append(token)
    return "".join(made)


@cache
def _tokens(text: str) -> tuple[str, ...]:
    return tuple(cut(text))


if __name__ == "__main__":
    main()
