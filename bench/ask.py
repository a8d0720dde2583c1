"""Measure what an answer costs, warm and from a cold start, beside the obvious alternatives in the same run.

    python -m bench.ask [--rounds 3] [--starts 7] [--cold 5]

Warm: every question of the sample suite through the default answerer, beside plain vector search of the same chunks
(which yields passages, no answer): with the same embedder and Chroma, and as LlamaIndex does it off the shelf
(VectorStoreIndex over sentence-transformers in fp32, on the same weights). The three take turns, round by round: two thread pools at once would slow each other.
Cold: `--help` beside an empty Python, and one `ask` beside the bare import of the libraries that such an index needs.
Nothing is asserted: the targets are printed beside the numbers.
"""
# ruff: noqa: T201

import argparse
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from app.build import open_engine
from app.settings import Settings
from app.types import Turn
from eval.gold import Suite, find_suite, load_suite
from ingest.cache import default_cache_dir
from ingest.embed import usable_processors
from ingest.model import ensure_bundled_model
from ingest.prepare import prepare_document
from ingest.walk import find_files

if TYPE_CHECKING:
    from app.engine import Engine

ROOT = Path(__file__).resolve().parent.parent
QUESTION = "贵州算力利用率如何"
PASSAGES = 5
EAGER = "import llama_index.core, chromadb, sentence_transformers"
TARGETS = {"warm p95": 0.5, "help": 0.3, "cold": 3.0}  # seconds


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=2, help="how often every question is asked, warm")
    parser.add_argument("--starts", type=int, default=7, help="starts of --help and of an empty Python")
    parser.add_argument("--cold", type=int, default=5, help="cold starts of ask and of the eager imports")
    options = parser.parse_args()
    print(f"cores = {usable_processors()} of {os.cpu_count()}; load {_load()}; Python {platform.python_version()}")
    if os.environ.get("PYTHONDONTWRITEBYTECODE"):
        print("PYTHONDONTWRITEBYTECODE is set: modules without bytecode are compiled anew at every start")
    suite = find_suite("sample")
    with tempfile.TemporaryDirectory(prefix="policyqa-bench-") as folder:
        settings = Settings(store=Path(folder) / "store")
        with open_engine(settings, writable=True, on_note=print) as engine:
            engine.ingest([str(suite.corpus)])
        # Cold first: nothing of this process is on the way of the subprocesses, and the files are in the page cache.
        cold(settings.store, options.starts, options.cold)
        with open_engine(settings) as engine:
            warm(engine, suite, options.rounds)


def cold(store: Path, starts: int, asks: int) -> None:
    """Print what starting costs, as medians of wall seconds of whole processes."""
    command = _command()
    helps, empty = take_turns([*command, "--help"], [sys.executable, "-c", "pass"], starts)
    _compare("policyqa --help", helps, "python -c pass", empty, TARGETS["help"])
    ours, eager = take_turns([*command, "ask", QUESTION, "--store", str(store)], [sys.executable, "-c", EAGER], asks)
    _compare("policyqa ask, cold", ours, f"python -c '{EAGER}'", eager, TARGETS["cold"])


def _command() -> list[str]:
    script = Path(sys.executable).parent / "policyqa"
    return [str(script)] if script.exists() else [sys.executable, "-m", "app"]


def take_turns(ours: Sequence[str], other: Sequence[str], count: int) -> tuple[list[float], list[float]]:
    """Run two commands in turns, `count` times each after one unmeasured start; return their wall seconds."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("POLICYQA_LLM")}

    def once(command: Sequence[str]) -> float:
        return seconds(
            lambda: subprocess.run(command, cwd=ROOT, env=environment, check=True, stdout=subprocess.DEVNULL)
        )

    once(ours), once(other)
    pairs = [(once(ours), once(other)) for _ in range(count)]
    return [a for a, _ in pairs], [b for _, b in pairs]


def seconds(work: Callable[[], object]) -> float:
    """Return the wall time of one call."""
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def warm(engine: "Engine", suite: Suite, rounds: int) -> None:
    """Print p50 and p95 of whole answers and of the two plain searches."""
    cases = load_suite(suite.gold)
    questions = [(case.question, [Turn(turn.role, turn.content) for turn in case.history]) for case in cases]
    index = _off_the_shelf(suite.corpus)

    def same_embedder(question: str) -> object:
        return engine.store.nearest(engine.embedder.embed_queries([question])[0], PASSAGES)

    for question, history in questions[:3]:
        engine.ask(question, history), same_embedder(question), index.retrieve(question)
    arms: dict[str, Callable[[str, Sequence[Turn]], object]] = {
        "ask": engine.ask,
        "chroma": lambda question, _: same_embedder(question),
        "llamaindex": lambda question, _: index.retrieve(question),
    }
    times: dict[str, list[float]] = {name: [] for name in arms}
    for _ in range(rounds):
        for name, arm in arms.items():
            for question, history in questions:
                times[name].append(seconds(partial(arm, question, history)))
    documents, chunks = engine.store.catalog.count()
    print(f"\nwarm: n = {len(questions)} questions x {rounds} rounds; {documents} documents, {chunks} chunks")
    for name, label in (
        ("ask", "ask: understood, retrieved, composed, verified"),
        ("chroma", f"same embedder + Chroma, top {PASSAGES}, no answer"),
        ("llamaindex", f"LlamaIndex + SentenceTransformer fp32 (1 thread), top {PASSAGES}, no answer"),
    ):
        p50, p95 = np.percentile(times[name], [50, 95]) * 1000
        target = f"  (target: p95 < {TARGETS['warm p95'] * 1000:.0f} ms)" if name == "ask" else ""
        print(f"  {label:<70} p50 {p50:6.1f} ms, p95 {p95:6.1f} ms{target}")
    for name in ("chroma", "llamaindex"):
        print(f"  ratio of medians, ask to {name}: {np.median(times['ask']) / np.median(times[name]):.2f}")


def _off_the_shelf(corpus: Path) -> Any:
    """A LlamaIndex retriever over the same chunks, with sentence-transformers in fp32 on the same weights."""
    import torch
    from llama_index.core import VectorStoreIndex
    from llama_index.core.schema import TextNode

    from app.llamaindex import PolicyEmbedding
    from ingest.embed import SentenceTransformerEmbedder

    torch.set_num_threads(1)  # in its favour: for one short text more threads wait for each other on a busy machine
    files = [found.path for found in find_files([str(corpus)])]
    chunks = [chunk for path in files for chunk in prepare_document(path, path.name)[1]]
    embedding = PolicyEmbedding(SentenceTransformerEmbedder(str(ensure_bundled_model(default_cache_dir()))))
    nodes = [TextNode(id_=chunk.id, text=chunk.text) for chunk in chunks]
    return VectorStoreIndex(nodes, embed_model=embedding).as_retriever(similarity_top_k=PASSAGES)


def _compare(name: str, ours: Sequence[float], other_name: str, other: Sequence[float], target: float) -> None:
    a, b = statistics.median(ours), statistics.median(other)
    print(f"\n{name}: median {a:.3f} s, {min(ours):.3f} to {max(ours):.3f}, n = {len(ours)} (target < {target:g} s)")
    print(f"  {other_name}: median {b:.3f} s, n = {len(other)}\n  ratio: {a / b:.2f}")


def _load() -> str:
    return f"{os.getloadavg()[0]:.1f}" if hasattr(os, "getloadavg") else "unknown"


if __name__ == "__main__":
    main()
