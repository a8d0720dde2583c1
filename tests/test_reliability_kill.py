"""kill -9 under load: whatever was reported as stored is there after the restart, found and verifiable; the next request works."""

import random
import sqlite3
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest
from chroma_server import ChromaServer
from own_server import article, own_cache, own_server

from bench.page import ask_as, sending


class Load:
    """Threads that ask and upload until they are told to stop; every answer is looked at."""

    def __init__(self, server, numbers):
        self.server, self.numbers = server, list(numbers)
        self.stop = threading.Event()
        self.accepted, self.answers, self.refused, self.wrong = [], 0, 0, []
        self.pool = ThreadPoolExecutor(3)
        self.running = [self.pool.submit(self._upload), *(self.pool.submit(self._ask, seed) for seed in (0, 1))]

    def _upload(self):
        for number in self.numbers:
            if self.stop.is_set():
                return
            name, text, _, _ = article(number, filler=6)
            try:
                job = self.server.add(name, text)
            except httpx.HTTPError:  # cut off: nothing was reported
                return
            if isinstance(job, str):
                self.accepted.append(number)

    def _ask(self, seed):
        while not self.stop.is_set():
            try:
                reply = self.server.client.post("/v1/ask", json={"question": article(seed)[2]})
            except httpx.HTTPError:
                time.sleep(0.05)
                continue
            if reply.status_code == 200 and article(seed)[3] in reply.json()["answer"]:
                self.answers += 1
            elif reply.status_code == 503 and reply.json()["error"]["code"] == "store_unavailable":
                self.refused += 1
            else:
                self.wrong.append((reply.status_code, reply.text[:300]))

    def end(self):
        self.stop.set()
        for thread in self.running:
            thread.result(120)
        self.pool.shutdown()


def begun(server, tmp_path, count=2):
    """A store with the first documents, put there by the command line."""
    own = tmp_path / "own"
    own.mkdir()
    for number in range(count):
        name, text, _, _ = article(number)
        (own / name).write_text(text, encoding="utf-8")
    done = server.run("ingest", own)
    assert done.returncode == 0, done.stderr


@pytest.mark.full
def test_a_server_killed_under_load_has_what_it_accepted_after_the_restart(tmp_path):
    with own_server(tmp_path) as server:
        begun(server, tmp_path)
        server.start()
        event = sending(server.url)
        heard = ask_as(server.url, event, article(0)[2])
        assert heard[-1]["success"]
        load = Load(server, range(2, 40))
        time.sleep(random.uniform(0.5, 3))
        server.kill()
        load.end()
        assert load.accepted and load.answers and not load.wrong
        server.start()
        server.settled()
        for number in [0, 1, *load.accepted]:
            server.holds(number)
        kept = sqlite3.connect(tmp_path / "history.sqlite3").execute("SELECT question FROM exchanges WHERE answer<>''")
        assert (article(0)[2],) in kept.fetchall()
        assert ask_as(server.url, event, article(1)[2])[-1]["success"]


@pytest.mark.full
def test_an_ingestion_killed_beside_answers_is_finished_by_the_next_one(tmp_path):
    """The command line against a Chroma server, while a page answers from it."""
    chroma = ChromaServer(tmp_path / "chroma").start()
    try:
        with own_server(tmp_path / "one", store=chroma.url, POLICYQA_CACHE=own_cache(tmp_path)) as server:
            begun(server, tmp_path)
            server.start()
            for number in range(2, 40):
                name, text, _, _ = article(number, filler=12)
                (tmp_path / "own" / name).write_text(text, encoding="utf-8")
            load = Load(server, ())
            for pause in (3.0, 5.0):
                ingestion = ThreadPoolExecutor(1).submit(_killed_after, server, tmp_path / "own", pause)
                ingestion.result(120)
            before = {row["title"] for row in server.client.get("/v1/documents").json()["documents"]}
            done = server.run("ingest", tmp_path / "own", "--json")
            assert done.returncode == 0, done.stderr
            time.sleep(3)  # the page looks every two seconds
            after = {row["title"] for row in server.client.get("/v1/documents").json()["documents"]}
            load.end()
            assert before <= after and len(after) == 40 and load.answers > 5 and not load.wrong
            for number in (0, 7, 39):
                server.holds(number)
    finally:
        chroma.stop()


def _killed_after(server, folder, seconds):
    import subprocess
    import sys

    from own_server import REPO

    process = subprocess.Popen(
        [sys.executable, "-m", "app", "ingest", str(folder)], cwd=REPO, env=server.environment,
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    time.sleep(seconds)
    process.kill()
    process.wait()


@pytest.mark.full
def test_a_chroma_server_killed_under_load_comes_back_with_everything(tmp_path):
    chroma = ChromaServer(tmp_path / "chroma").start()
    try:
        with own_server(tmp_path / "one", store=chroma.url, POLICYQA_CACHE=own_cache(tmp_path)) as server:
            begun(server, tmp_path)
            server.start()
            load = Load(server, range(2, 12))
            time.sleep(2)
            chroma.stop()  # by SIGKILL
            end = time.monotonic() + 30
            while not load.refused and time.monotonic() < end:
                time.sleep(0.1)
            assert load.refused
            answered = load.answers
            chroma.start()
            while load.answers < answered + 5 and time.monotonic() < end + 60:
                time.sleep(0.1)
            load.end()
            assert load.answers >= answered + 5 and not load.wrong, load.wrong[:3]
            server.ready()
            jobs = server.settled()
            told = [job for job in jobs.values() if job["state"] == "failed"]
            assert all("Chroma" in job["message"] for job in told), told
            lost = {job["name"] for job in told}
            for number in [0, 1, *load.accepted]:
                if article(number)[0] not in lost:
                    server.holds(number)
            server.stop()
            server.start()  # what the outage left undone is taken up
            server.settled()
            for number in load.accepted:
                server.holds(number)
    finally:
        chroma.stop()
