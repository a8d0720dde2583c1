"""Measure the page as a reader has it: until it can be used, until the first words of an answer, 20 at once, 500 questions long.

    python -m bench.page [--opens 5] [--questions 500]

A server of its own over the sample corpus, on loopback. The browser's part needs Chromium and playwright and is left out
without them; the rest speaks to the page's queue as its script does. Nothing is asserted: targets stand beside the numbers.
"""
# ruff: noqa: T201

import argparse
import contextlib
import json
import os
import platform
import secrets
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np

from eval.gold import find_suite, load_suite
from ingest.embed import usable_processors

ROOT = Path(__file__).resolve().parent.parent
USERS = 20
FIRST = "#pq-chat .pq-answer :is(p, li)"  # the first words of an answer
Event = tuple[int, int]


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--opens", type=int, default=5, help="how often the page is opened in a fresh browser profile")
    parser.add_argument("--questions", type=int, default=500, help="questions of the run that watches memory")
    options = parser.parse_args()
    load = f"{os.getloadavg()[0]:.1f}" if hasattr(os, "getloadavg") else "unknown"
    print(f"cores = {usable_processors()} of {os.cpu_count()}; load {load}; Python {platform.python_version()}")
    suite = find_suite("sample")
    questions = [case.question for case in load_suite(suite.gold) if not case.history]
    with (
        tempfile.TemporaryDirectory(prefix="policyqa-bench-") as folder,
        served(Path(folder), suite.corpus) as (at, pid),
    ):
        in_browser(at, questions, options.opens)
        at_once(at, questions)
        for_long(at, pid, questions, options.questions)


@contextlib.contextmanager
def served(folder: Path, corpus: Path) -> Iterator[tuple[str, int]]:
    """Address and process id of a server over a corpus, its index and history in `folder`."""
    store = str(folder / "store")
    environment = {name: value for name, value in os.environ.items() if not name.startswith("POLICYQA_LLM")}
    environment["POLICYQA_HISTORY"] = str(folder / "history.sqlite3")
    ingest = [sys.executable, "-m", "app", "ingest", "--store", store, str(corpus)]
    subprocess.run(ingest, cwd=ROOT, env=environment, check=True, capture_output=True)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "app", "serve", "--store", store, "--port", str(port)]
    with subprocess.Popen(command, cwd=ROOT, env=environment, stderr=subprocess.DEVNULL) as process:
        try:
            address = f"http://127.0.0.1:{port}"
            while process.poll() is None:
                with contextlib.suppress(OSError):
                    fetch(address, "/healthz").read()
                    break
                time.sleep(0.1)
            time.sleep(3)  # it warms itself up
            yield address, process.pid
        finally:
            process.terminate()


def in_browser(address: str, questions: list[str], opens: int) -> None:
    """Print how long until the question box takes a question, and from Enter to the first words of the answer."""
    browser_path = os.environ.get("POLICYQA_CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        browser_path = None
    if not browser_path:
        print("\nin a browser: not measured (needs Chromium and playwright)")
        return
    ready, first = [], []
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=browser_path, args=["--no-sandbox", "--disable-gpu"])
        for number in range(opens + 1):  # the first start of a browser reads it from disk
            page = browser.new_context().new_page()
            began = time.perf_counter()
            page.goto(address, wait_until="commit")
            page.wait_for_selector("#pq-question textarea:enabled")
            page.wait_for_selector("#pq-example-row button")
            took = time.perf_counter() - began
            page.fill("#pq-question textarea", questions[number])
            began = time.perf_counter()
            page.press("#pq-question textarea", "Enter")
            page.wait_for_selector(FIRST)
            if number:
                ready.append(took)
                first.append(time.perf_counter() - began)
            page.context.close()
        browser.close()
    print(f"\nin Chromium, empty cache, n = {opens}")
    print(
        f"  page takes a question after: median {median(ready):.2f} s, {min(ready):.2f} to {max(ready):.2f} (target < 2 s)"
    )
    print(
        f"  first words after Enter:     median {median(first):.2f} s, {min(first):.2f} to {max(first):.2f} (target < 1 s)"
    )


def at_once(address: str, questions: list[str]) -> None:
    """Print what 20 readers who ask at the same moment wait, beside one who asks alone."""
    event = sending(address)
    alone = [timed(address, event, questions[n])[0] for n in range(10)]
    with ThreadPoolExecutor(USERS) as readers:
        asked = [readers.submit(timed, address, event, questions[n % len(questions)]) for n in range(USERS)]
        results = [future.result() for future in asked]
    p50, p95 = np.percentile([took for took, _ in results], [50, 95])
    failed = sum(not answered for _, answered in results)
    print(
        f"\n{USERS} at once: p50 {p50:.2f} s, p95 {p95:.2f} s, errors {failed}; one alone: median {median(alone):.2f} s"
    )
    print(f"  ratio of medians, {USERS} at once to one alone: {p50 / median(alone):.1f}")


def for_long(address: str, pid: int, questions: list[str], count: int) -> None:
    """Print the server's resident memory along a day of questions, in conversations of 25."""
    event, failed, sizes = sending(address), 0, {0: resident(pid)}
    session = ""
    for number in range(1, count + 1):
        if number % 25 == 1:
            session = secrets.token_hex(6)
        failed += not timed(address, event, questions[number % len(questions)], session)[1]
        if number % max(1, count // 5) == 0:
            sizes[number] = resident(pid)
    told = ", ".join(f"{size:.0f} MB after {number}" for number, size in sizes.items())
    print(f"\n{count} questions one after another, errors {failed}; resident memory: {told}")
    after = list(sizes.values())
    print(f"  ratio, after {count} to after {list(sizes)[1]}: {after[-1] / after[1]:.3f}")


def resident(pid: int) -> float:
    """Resident memory of a process, MB; 0 where the system does not tell it as Linux does."""
    try:
        lines = Path(f"/proc/{pid}/status").read_text(encoding="utf-8").splitlines()
    except OSError:
        return 0.0
    return next((int(line.split()[1]) / 1024 for line in lines if line.startswith("VmRSS:")), 0.0)


def timed(address: str, event: Event, question: str, session: str = "") -> tuple[float, bool]:
    """Seconds until an answer was complete, and whether it was one."""
    began = time.perf_counter()
    heard = ask_as(address, event, question, session)
    said = json.dumps(heard, ensure_ascii=False)
    answered = heard[-1].get("success") is True and "pq-answer" in said and "pq-error" not in said
    return time.perf_counter() - began, answered


def fetch(address: str, path: str, body: dict[str, Any] | None = None) -> Any:
    """Open a path of the server, with a body as POST."""
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(address + path, data, {"content-type": "application/json"})
    return urllib.request.urlopen(request, timeout=60)


def sending(address: str) -> Event:
    """Number of the event that the send button starts, and how many inputs it takes, found as the page's script finds them."""
    config = json.loads(fetch(address, "/config").read())
    button = next(c["id"] for c in config["components"] if c["props"].get("elem_id") == "pq-send")
    return next((d["id"], len(d["inputs"])) for d in config["dependencies"] if [button, "click"] in d["targets"])


def ask_as(address: str, event: Event, question: str, session: str = "") -> list[dict[str, Any]]:
    """Send a question as a browser tab would, in its conversation; return what the queue told until the answer was complete."""
    number, inputs = event
    session = session or secrets.token_hex(6)
    body = {"fn_index": number, "session_hash": session, "data": [question, *[None] * (inputs - 1)]}
    fetch(address, "/gradio_api/queue/join", body).read()
    heard = []
    with fetch(address, f"/gradio_api/queue/data?session_hash={session}") as stream:
        for line in stream:
            if line.startswith(b"data:"):
                heard.append(json.loads(line[5:]))
                if heard[-1]["msg"] in {"unexpected_error", "close_stream"}:
                    break
    return [message for message in heard if message["msg"] != "close_stream"]


if __name__ == "__main__":
    main()
