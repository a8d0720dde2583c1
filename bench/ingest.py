"""Measure ingestion: against embedding alone, again without a change, ten times the chunks, PDF pages, peak memory.

    python -m bench.ingest [--chars 120000] [--files 1000]

Texts are made up here, so that anyone can run it. Each figure is a ratio in one run, or names what it stands beside.
"""
# ruff: noqa: T201

import argparse
import random
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

import numpy as np

from bench.embed import passages
from ingest.embed import Embedder, Vectors, load_embedder
from ingest.pipeline import ingest_paths
from ingest.prepare import prepare_file
from ingest.store import open_store
from ingest.types import Unread
from ingest.walk import Found


class RandomEmbedder:
    """Vectors that cost nothing, so that what is measured is everything but the model."""

    name, dimension = "random/384", 384

    def _draw(self, count: int) -> Vectors:
        found = np.random.default_rng(count).normal(size=(count, self.dimension)).astype(np.float32)
        return found / np.linalg.norm(found, axis=1, keepdims=True)

    def embed_queries(self, texts: list[str]) -> Vectors:
        """Return [n, 384]."""
        return self._draw(len(texts))

    def embed_passages(self, texts: list[str], on_progress: object = None) -> Vectors:
        """Return [n, 384]."""
        return self._draw(len(texts))

    def embed_passages_with_spans(
        self, texts: list[str], spans: list[list[tuple[int, int]]], on_progress: object = None
    ) -> tuple[Vectors, list[Vectors]]:
        """Return [n, 384] and for each text [k, 384]."""
        return self._draw(len(texts)), [self._draw(len(inner)) for inner in spans]


def write_files(folder: Path, count: int, paragraphs: int, seed: int = 1) -> int:
    """Write `count` different plans of `paragraphs` numbered paragraphs each; return their characters."""
    folder.mkdir(parents=True, exist_ok=True)
    pool, dice, chars = passages(400, 160), random.Random(seed), 0
    for number in range(count):
        body = "\n\n".join(f"第{n + 1}条 {number}号：{dice.choice(pool)}" for n in range(paragraphs))
        text = f"# 某市人工智能发展计划（{number}）\n\n{body}\n"
        (folder / f"{number:05d}.md").write_text(text, encoding="utf-8")
        chars += len(text)
    return chars


def ingest(files: Path, store: Path, embedder: Embedder) -> float:
    """Return the seconds of one ingestion, opening the store included."""
    start = time.perf_counter()
    with open_store(store, embedder.name, embedder.dimension, writable=True) as opened:
        ingest_paths([str(files)], opened, embedder)
    return time.perf_counter() - start


def against_embedding(root: Path, chars: int, rounds: int) -> None:
    """Ingestion of some text against embedding the same chunks and nothing else, alternating."""
    files, embedder = root / "files", load_embedder()
    write_files(files, max(4, chars // 4000), 22)
    chunks = []
    for path in sorted(files.iterdir()):
        for prepared in prepare_file(Found(path, path.name)):
            if not isinstance(prepared, Unread):
                chunks += [chunk.embed_text(prepared.document.source.title) for chunk in prepared.chunks]
    embedder.embed_passages(chunks[:8])
    ratios, speeds = [], []
    for number in range(rounds):
        start = time.perf_counter()
        embedder.embed_passages(chunks)
        alone = time.perf_counter() - start
        whole = ingest(files, root / f"store{number}", embedder)
        ratios.append(whole / alone)
        speeds.append(sum(map(len, chunks)) / whole)
    print(f"end to end / embedding alone, {len(chunks)} chunks: {median(ratios):.2f} "
          f"(by round: {', '.join(f'{r:.2f}' for r in ratios)}); {median(speeds):.0f} characters/s")  # fmt: skip


def without_change(root: Path, files: int) -> None:
    """A second ingestion of many files of which none has changed, as a user runs it: a process of its own."""
    folder, store, embedder = root / "many", root / "many_store", RandomEmbedder()
    write_files(folder, files, 3)
    ingest(folder, store, embedder)
    again = [ingest(folder, store, embedder) for _ in range(3)]
    print(f"re-ingest of {files} unchanged files: {median(again):.2f} s in the process (target < 2 s)")


def growth(root: Path) -> None:
    """Ten times the chunks, without the model: how much longer does everything else take."""
    embedder, took = RandomEmbedder(), []
    for name, count in (("small", 60), ("large", 600)):
        write_files(root / name, count, 16)
        took.append(ingest(root / name, root / f"{name}_store", embedder))
    print(f"10 times the documents, everything but the model: {took[1] / took[0]:.1f} times the seconds (target <= 11)")


def peak_memory(root: Path) -> None:
    """Peak memory of two whole runs with the real model, the second on four times the text."""
    code = """
import sys
from pathlib import Path
from bench.ingest import ingest
from ingest.embed import load_embedder
import resource
ingest(Path(sys.argv[1]), Path(sys.argv[2]), load_embedder())
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024)
"""
    peaks = []
    for name, count in (("m1", 12), ("m4", 48)):
        write_files(root / name, count, 22)
        arguments = [sys.executable, "-c", code, str(root / name), str(root / f"{name}_store")]
        run = subprocess.run(
            arguments, check=True, capture_output=True, encoding="utf-8", cwd=Path(__file__).parent.parent
        )
        peaks.append(int(run.stdout.split()[-1]))
    print(f"peak memory: {peaks[0]} MB, with four times the text {peaks[1]} MB (target < 1500)")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--chars", type=int, default=120_000)
    parser.add_argument("--files", type=int, default=1000)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        against_embedding(root, options.chars, options.rounds)
        without_change(root, options.files)
        growth(root)
        peak_memory(root)
    print(f"this process: {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024} MB at its peak")


if __name__ == "__main__":
    main()
