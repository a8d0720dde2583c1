"""Measure how ingestion and search grow with the corpus: in a folder, on a Chroma server, on Ray.

    python -m bench.scale [--where folder server] [--chunks 1000 10000] [--real 100 1000] [--ray 600]

Each point is a process of its own: files of about twenty chunks are made up (untimed), ingested, and, in another fresh
process, searched (Chroma and words, as an answer does, without the model). Vectors are drawn at random (384
dimensions), so that the times are the pipeline's and the store's; --real takes the bundled model, in a folder. "server"
is `chroma run` on this machine; --ray compares the engines on this machine's processors with the bundled model.
Memory is VmHWM (Linux). On a busy machine trust the processor's seconds, which are of the ingesting
process (a server's own are not in them). Nothing is asserted.
"""
# ruff: noqa: T201

import argparse
import hashlib
import multiprocessing
import os
import random
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from bench.embed import passages
from ingest.embed import Embedder, load_embedder, usable_processors
from ingest.location import Location
from ingest.pipeline import ingest_paths
from ingest.store import open_store

PASSAGES = 20  # per file; about one chunk each
QUERIES = 200
_HAN = [chr(code) for code in range(0x4E00, 0x5E00)]
# What real documents have in common, and what finding reposts must not stumble over.
_OPENING = "各省、自治区、直辖市人民政府，国务院各部委、各直属机构：\n\n为深入贯彻落实党中央、国务院决策部署，现将有关事项通知如下，请认真组织实施。"
_CLOSING = "本办法自印发之日起施行。各地区、各部门要加强组织领导，压实工作责任，确保各项任务落到实处。"


class RandomEmbedder:
    """Unit vectors drawn from the text's hash."""

    name, dimension = "random/384", 384

    def _vector(self, text: str) -> np.ndarray:
        seed = int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest())
        vector = np.random.default_rng(seed).standard_normal(self.dimension, dtype=np.float32)
        return vector / np.linalg.norm(vector)

    def embed_queries(self, texts: list[str]) -> np.ndarray:
        """Return [n, 384]."""
        return np.stack([self._vector(text) for text in texts])

    def embed_passages(self, texts: list[str], on_progress: Any = None) -> np.ndarray:
        """Return [n, 384]."""
        return self.embed_queries(texts)

    def embed_passages_with_spans(self, texts: list[str], spans: Any, on_progress: Any = None) -> Any:
        """Return [n, 384] and [k, 384] for each."""
        return self.embed_queries(texts), [
            np.stack([self._vector(text[a:b]) for a, b in own]) for text, own in zip(texts, spans, strict=True)
        ]


def make_files(folder: Path, chunks: int) -> None:
    """Write files that come to about so many chunks; no two are alike but in what opens and closes them."""
    folder.mkdir(parents=True)
    dice = random.Random(chunks)
    lines = passages(chunks)
    for number in range(max(1, chunks // PASSAGES)):
        own = lines[number * PASSAGES : (number + 1) * PASSAGES]
        names = ("".join(dice.choices(_HAN, k=60)) for _ in own)
        articles = "\n\n".join(
            f"第{n}条 {text}{name}。" for n, (text, name) in enumerate(zip(own, names, strict=True), 1)
        )
        text = f"# 关于第{number}号事项的通知\n\n{_OPENING}\n\n{articles}\n\n{_CLOSING}\n"
        (folder / f"{number:06d}.md").write_text(text, encoding="utf-8")


def _embedder(real: bool) -> Embedder:
    return load_embedder() if real else RandomEmbedder()


def memory(pid: int | str = "self", field: str = "VmHWM") -> float:
    """Return a process's peak memory in MB; nan where /proc is absent."""
    try:
        lines = Path(f"/proc/{pid}/status").read_text(encoding="utf-8").splitlines()
    except OSError:
        return float("nan")
    return next((int(line.split()[1]) / 1024 for line in lines if line.startswith(field)), float("nan"))


def add(files: Path, store: Location, cache: Path, real: bool) -> dict[str, float]:
    """Ingest the files; return chunks, seconds, seconds of a second run that changes nothing, and peak memory."""
    embedder = _embedder(real)
    embedder.embed_queries(["x"])  # loading the model is not the point
    with open_store(store, embedder.name, embedder.dimension, writable=True, cache=cache) as opened:
        began, worked = time.perf_counter(), time.process_time()
        summary = ingest_paths([str(files)], opened, embedder)
        seconds, worked = time.perf_counter() - began, time.process_time() - worked
    peak = memory()
    began = time.perf_counter()
    with open_store(store, embedder.name, embedder.dimension, writable=True, cache=cache) as opened:
        again = ingest_paths([str(files)], opened, embedder)
    assert not again.added
    return {"chunks": summary.chunks, "files": summary.added, "seconds": seconds, "cpu": worked,
            "again": time.perf_counter() - began, "peak": peak}  # fmt: skip


def search(store: Location, cache: Path) -> dict[str, float]:
    """Search an opened store; return the seconds of opening it with a first search, p50 and p95 in ms, and memory."""
    embedder = RandomEmbedder()
    began = time.perf_counter()
    with open_store(store, embedder.name, embedder.dimension, cache=cache) as opened:
        vectors = embedder.embed_queries([f"问题{n}" for n in range(QUERIES + 1)])
        opened.nearest(vectors[-1], 50)
        first = time.perf_counter() - began
        times = []
        for vector in vectors[:-1]:
            began = time.perf_counter()
            found = dict(opened.nearest(vector, 50))
            found |= dict(opened.catalog.search_words(["算力", "年均", "补助"], 50))
            opened.catalog.chunks(found)
            times.append((time.perf_counter() - began) * 1000)
    p50, p95 = np.percentile(times, [50, 95])
    return {"first": first, "p50": float(p50), "p95": float(p95), "peak": memory()}


def apart(work: Any, *arguments: Any) -> Any:
    """Run a function in a fresh process."""
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
        return pool.submit(work, *arguments).result()


@contextmanager
def chroma_server(folder: Path) -> Iterator[tuple[str, int]]:
    """Run a Chroma server; give its address and process id."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
    program = Path(sys.executable).parent / "chroma"
    command = [str(program) if program.exists() else "chroma", "run", "--path", str(folder), "--port", str(port)]
    process = subprocess.Popen([*command, "--host", "127.0.0.1"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        while True:
            with socket.socket() as trial:
                if trial.connect_ex(("127.0.0.1", port)) == 0:
                    break
            time.sleep(0.05)
        yield f"http://127.0.0.1:{port}", process.pid
    finally:
        process.kill()
        process.wait()


def megabytes(folder: Path) -> float:
    """Return the size of a folder's files in MB."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()) / 1e6


def point(folder: Path, chunks: int, real: bool, server: bool) -> tuple[float, float]:
    """Measure one size and print its row; return the seconds of ingestion, of the clock and of the processor."""
    files, cache = folder / "files", folder / "cache"
    if not files.exists():
        make_files(files, chunks)
    if not server:
        store = folder / "store"
        added = apart(add, files, store, cache, real)
        found = apart(search, store, cache) if not real else {}
        disk, beside = megabytes(store), ""
    else:
        with chroma_server(folder / "chroma") as (url, pid):
            added = apart(add, files, url, cache, real)
            found = apart(search, url, cache)
            began = time.perf_counter()
            apart(search, url, folder / "another")  # a client that has no mirror yet
            beside = f"; server {memory(pid):.0f} MB; a new client is ready after {time.perf_counter() - began:.1f} s"
        disk = megabytes(folder / "chroma")
        beside += f"; mirror {megabytes(cache):.0f} MB"
    rate = added["chunks"] / added["seconds"]
    row = ("server" if server else "folder") + (", real model" if real else ", random vectors")
    row += f": {added['chunks']} chunks of {added['files']} files in {added['seconds']:.1f} s = {rate:.0f}/s "
    row += f"(processor {added['cpu']:.1f} s); unchanged again {added['again']:.2f} s; "
    row += f"peak {added['peak']:.0f} MB; disk {disk:.0f} MB"
    if found:
        row += f"; open + first search {found['first']:.2f} s; search p50 {found['p50']:.1f} ms, p95 {found['p95']:.1f} ms, "
        row += f"{found['peak']:.0f} MB"
    print(row + beside, flush=True)
    return float(added["seconds"]), float(added["cpu"])


def on_ray(files: Path, store: Path) -> tuple[float, float]:
    """Ingest with the real model on a Ray cluster of this machine; return the seconds of its start and of the work."""
    from ingest.engine_ray import reading_on_ray

    embedder = load_embedder()
    began = time.perf_counter()
    with reading_on_ray(partial(load_embedder, threads=1), embedder) as read:
        ready = time.perf_counter()
        with open_store(store, embedder.name, embedder.dimension, writable=True) as opened:
            assert ingest_paths([str(files)], opened, embedder, read=read).added
        return ready - began, time.perf_counter() - ready


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--chunks", type=int, nargs="*", default=[1000, 10000])
    parser.add_argument("--real", type=int, nargs="*", default=[], help="chunks to take with the bundled model")
    parser.add_argument("--where", nargs="*", choices=("folder", "server"), default=["folder"])
    parser.add_argument("--ray", type=int, metavar="CHUNKS", default=0)
    options = parser.parse_args()
    print(
        f"cores = {usable_processors()} of {os.cpu_count()}; load {os.getloadavg()[0]:.1f}; Python {sys.version.split()[0]}"
    )
    top = Path(tempfile.mkdtemp(prefix="policyqa-scale-"))
    try:
        for where in options.where:
            series(top / where, options.chunks, real=False, server=where == "server")
        series(top / "real", options.real, real=True, server=False)
        if options.ray:
            files = top / "ray"
            make_files(files, options.ray)
            here = apart(add, files, top / "local-store", top / "cache", True)["seconds"]
            start, there = apart(on_ray, files, top / "ray-store")
            print(
                f"engines, real model, {options.ray} chunks: local {here:.1f} s; ray {there:.1f} s after a start of {start:.1f} s"
            )
    finally:
        shutil.rmtree(top)


def series(folder: Path, sizes: Sequence[int], real: bool, server: bool) -> None:
    """Measure rising sizes and print how the time grows from each to the next."""
    seconds = [point(folder / str(size), size, real, server) for size in sizes]
    for (small, one), (large, other) in zip(zip(sizes, seconds), list(zip(sizes, seconds))[1:]):  # noqa: B905
        clock, cpu = other[0] / one[0], other[1] / one[1]
        print(
            f"  {large / small:.0f} times the chunks: {clock:.1f} times the time, {cpu:.1f} times the processor's",
            flush=True,
        )


if __name__ == "__main__":
    main()
