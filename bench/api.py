"""Measure the API: what /v1/ask over loopback takes beyond the engine, and what 20 users who never stop get of it.

    python -m bench.api [--questions 100] [--seconds 20] [--users 20]

A server of its own over the sample corpus, on loopback. Nothing is asserted: targets stand beside the numbers.
"""
# ruff: noqa: T201

import argparse
import http.client
import json
import os
import platform
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np

from app.build import open_engine
from app.settings import Settings
from bench.page import resident, served
from eval.gold import find_suite, load_suite
from ingest.embed import usable_processors


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--questions", type=int, default=100, help="questions asked of both, one after another")
    parser.add_argument("--seconds", type=float, default=20, help="of the run with many users")
    parser.add_argument("--users", type=int, default=20)
    options = parser.parse_args()
    load = f"{os.getloadavg()[0]:.1f}" if hasattr(os, "getloadavg") else "unknown"
    print(f"cores = {usable_processors()} of {os.cpu_count()}; load {load}; Python {platform.python_version()}")
    suite = find_suite("sample")
    questions = [case.question for case in load_suite(suite.gold) if not case.history]
    with (
        tempfile.TemporaryDirectory(prefix="policyqa-bench-") as folder,
        served(Path(folder), suite.corpus) as (address, pid),
    ):
        host = address.removeprefix("http://")
        print(f"\nresident memory when ready and warm: {resident(pid):.0f} MB (target < 1000)")
        overhead(host, Path(folder) / "store", questions[: options.questions])
        sustained(host, questions, options.users, options.seconds)


def overhead(host: str, store: Path, questions: list[str]) -> None:
    """Print the API's own time: each question asked over loopback and of an engine here, by turns, both on the same cores."""
    beyond, here, itself = [], [], []
    with open_engine(Settings(store=store)) as engine, connected(host) as connection:
        for number, question in enumerate([*questions[:5], *questions]):
            began = time.perf_counter()
            engine.ask(question)
            direct = time.perf_counter() - began
            took, answer = asked(connection, question)
            if number >= 5:  # the first ones warm both
                here.append(direct * 1000)
                beyond.append((took - direct) * 1000)
                itself.append(took * 1000 - answer["timings_ms"]["total"])
    print(f"\nPOST /v1/ask beside engine.ask, n = {len(here)}, alone; median ms")
    print(f"  engine.ask {median(here):.1f}; /v1/ask minus engine.ask {median(beyond):.1f} (target < 10)")
    print(f"  /v1/ask minus what its own engine says it took: {median(itself):.1f}")


def sustained(host: str, questions: list[str], users: int, seconds: float) -> None:
    """Print answers a second and how long one took, with users who ask again as soon as they have an answer."""
    until = time.perf_counter() + seconds

    def use(number: int) -> tuple[list[float], int]:
        times, failed = list[float](), 0
        with connected(host) as connection:
            while time.perf_counter() < until:
                number += 7
                took, answer = asked(connection, questions[number % len(questions)])
                times.append(took)
                failed += "answer" not in answer
        return times, failed

    began = time.perf_counter()
    with ThreadPoolExecutor(users) as all_of_them:
        results = list(all_of_them.map(use, range(users)))
    took = time.perf_counter() - began
    times = [one for mine, _ in results for one in mine]
    p50, p95 = np.percentile(times, [50, 95])
    print(
        f"\n{users} users without a pause, {took:.0f} s, n = {len(times)}, errors {sum(failed for _, failed in results)}"
    )
    print(f"  {len(times) / took:.1f} answers a second (target >= 10), p50 {p50:.2f} s, p95 {p95:.2f} s (target < 2)")


@contextmanager
def connected(host: str) -> Iterator[http.client.HTTPConnection]:
    """A connection that stays open, as a program that asks often keeps one."""
    connection = http.client.HTTPConnection(host, timeout=60)
    try:
        yield connection
    finally:
        connection.close()


def asked(connection: http.client.HTTPConnection, question: str) -> tuple[float, dict[str, Any]]:
    """Seconds until the answer was read whole, and the answer, or the error in its place."""
    body = json.dumps({"question": question}).encode()
    began = time.perf_counter()
    connection.request("POST", "/v1/ask", body, {"content-type": "application/json"})
    data = connection.getresponse().read()
    took = time.perf_counter() - began
    answer: dict[str, Any] = json.loads(data)
    return took, answer


if __name__ == "__main__":
    main()
