"""The server under a day's load: ingestion beside questions, replicas behind one Chroma, and 10,000 questions with flat memory."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from itertools import count

import httpx
import numpy as np
import pytest
from chroma_server import ChromaServer
from own_server import article, own_cache, own_server

from bench.page import ask_as, resident, sending

QUESTIONS, STEPS, USERS = 10_000, 40, 8
BY_THE_PAGE = 15  # of the questions of a step, each in a tab of its own
SLOPE = 2.0  # MB for each 1,000 questions, of the second half


def library(server, folder, documents, filler=0):
    folder.mkdir(exist_ok=True)
    for number in range(documents):
        name, text, _, _ = article(number, filler)
        (folder / name).write_text(text, encoding="utf-8")
    done = server.run("ingest", folder)
    assert done.returncode == 0, done.stderr


@pytest.mark.full
def test_a_large_ingestion_starves_no_question(tmp_path, capsys):
    with own_server(tmp_path) as server:
        library(server, tmp_path / "own", 4)
        server.start()
        server.holds(0)
        stop, times, wrong = threading.Event(), [], []

        def ask(number):
            while not stop.is_set():
                began = time.perf_counter()
                reply = server.ask(article(number)[2])
                times.append(time.perf_counter() - began)
                if reply.status_code != 200 or article(number)[3] not in reply.json()["answer"]:
                    wrong.append(reply.text[:300])

        with ThreadPoolExecutor(4) as pool:
            asking = [pool.submit(ask, number) for number in range(4)]
            accepted = [server.add(*article(number, 120)[:2]) for number in range(4, 24)]
            assert all(isinstance(job, str) for job in accepted)
            jobs = server.settled()
            stop.set()
            for one in asking:
                one.result(60)
        assert {jobs[job]["state"] for job in accepted} == {"done"}
        for number in (4, 13, 23):
            server.holds(number)
        total = server.client.get("/v1/documents").json()["documents"]
        p50, p95 = np.percentile(times, [50, 95])
        with capsys.disabled():
            chunks = sum(row["chunks"] for row in total)
            print(
                f"\n{len(times)} answers beside {chunks} chunks of ingestion: p50 {p50:.2f} s, p95 {p95:.2f} s, slowest {max(times):.2f} s"
            )
        assert not wrong and len(times) > 20, wrong[:2]


@pytest.mark.full
def test_replicas_behind_one_chroma_answer_alike_and_see_what_either_is_given(tmp_path):
    chroma = ChromaServer(tmp_path / "chroma").start()
    try:
        caches = [own_cache(tmp_path / name) for name in ("a", "b")]  # each replica has its own mirror
        with (
            own_server(tmp_path / "a", store=chroma.url, POLICYQA_CACHE=caches[0]) as one,
            own_server(tmp_path / "b", store=chroma.url, POLICYQA_CACHE=caches[1], POLICYQA_LIBRARY="off") as two,
        ):
            library(one, tmp_path / "own", 4)
            one.start()
            two.start()
            for number in range(4):
                said = [server.ask(article(number)[2]).json() for server in (one, two)]
                assert said[0]["answer"] == said[1]["answer"] and said[0]["citations"] == said[1]["citations"]
            assert two.client.put("/v1/files?name=a.md", content=b"x").status_code == 403  # one replica writes
            assert isinstance(one.add(*article(4)[:2]), str)
            one.settled()
            end = time.monotonic() + 30  # a replica looks every two seconds
            while article(4)[3] not in two.ask(article(4)[2]).json().get("answer", "") and time.monotonic() < end:
                time.sleep(0.5)
            one.holds(4)
            two.holds(4)
            one.kill()
            two.holds(4)
            gone = next(
                row["doc_id"] for row in two.client.get("/v1/documents").json()["documents"] if "第4号" in row["title"]
            )
            one.start()
            assert one.client.delete(f"/v1/documents/{gone}").status_code == 202
            one.settled()
            while two.client.get(f"/v1/documents/{gone}").status_code == 200 and time.monotonic() < end + 60:
                two.ask(article(0)[2])
                time.sleep(0.5)
            assert two.client.get(f"/v1/documents/{gone}").status_code == 404
    finally:
        chroma.stop()


def memory(server, total, steps, by_the_page, capsys):
    """Ask `total` questions in equal steps; resident memory after each, MB. Some come by the page, each in a tab of its own."""
    sizes, numbers = [], count()
    event = sending(server.url)

    def ask(client, times):
        for _ in range(times):
            number = next(numbers) % 60
            # Not sixty questions for ever: what is remembered by its words would hide what grows with them.
            reply = client.post("/v1/ask", json={"question": f"{article(number % 4)[2]}，{next(numbers)}年呢"})
            assert reply.status_code == 200 and reply.json()["answer"], reply.text

    def look(times):
        for _ in range(times):
            assert ask_as(server.url, event, article(next(numbers) % 4)[2])[-1]["success"]

    with ThreadPoolExecutor(USERS + 1) as pool:
        clients = [httpx.Client(base_url=server.url, timeout=60) for _ in range(USERS)]
        for _ in range(steps):
            share = (total // steps - by_the_page) // USERS
            asking = [pool.submit(ask, client, share) for client in clients]
            asking += [pool.submit(look, total // steps - share * USERS)]
            for one in asking:
                one.result(600)
            sizes.append(resident(server.process.pid))
        for client in clients:
            client.close()
    with capsys.disabled():
        print(f"\n{total} questions, resident MB: {' '.join(f'{size:.0f}' for size in sizes)}")
    return sizes


@pytest.mark.full
def test_ten_thousand_questions_leave_memory_flat(tmp_path, capsys):
    with own_server(tmp_path) as server:
        library(server, tmp_path / "own", 4)
        server.start()
        began = time.monotonic()
        sizes = memory(server, QUESTIONS, STEPS, BY_THE_PAGE, capsys)
        half = np.array(sizes[STEPS // 2 :])
        asked = np.arange(len(half)) * QUESTIONS / STEPS / 1000
        slope = float(np.polyfit(asked, half, 1)[0])
        with capsys.disabled():
            print(
                f"second half: {slope:+.2f} MB a thousand questions; {QUESTIONS / (time.monotonic() - began):.0f} a second"
            )
        assert slope < SLOPE and half.max() - half.min() < 40
        server.holds(0)


def test_a_server_starts_before_anything_was_added_and_takes_the_first_document(tmp_path):
    with own_server(tmp_path) as server:
        server.start()
        empty = server.ask(article(0)[2])
        assert empty.status_code == 200 and empty.json()["abstained"]
        assert isinstance(server.add(*article(0)[:2]), str)
        server.settled()
        server.holds(0)
        server.stop()
        server.environment["POLICYQA_LIBRARY"], server.environment["POLICYQA_STORE"] = "off", str(tmp_path / "none")
        refused = server.run("serve", "--port", server.port)  # a reader makes none
        assert refused.returncode == 2 and "没有找到索引" in refused.stderr and not (tmp_path / "none").exists()
