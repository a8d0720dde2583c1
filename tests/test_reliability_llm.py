"""A model that hangs, drips, drops, lies or fails, behind the running server: every answer comes in time and can be defended.

tests/test_llm.py has the same failures one by one below the server; here they are a department's: over HTTP, as JSON, as a
stream of events and to an OpenAI client, with questions at once, and a sound answer as soon as the model is sound again.
"""

import json
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest
from api_server import sample_app, served
from fake_llm import DONE, Scripted, chunk, cite, serving, silent

from app.generation.backend import make_backend
from app.settings import load_settings

ASKED = "贵州的做法是什么"
GOOD = ("把算力外包和行业", "贵州把算力外包和行业解决方案结合起来")
TIMEOUT = 1.5  # seconds that the model gets
PATIENCE = TIMEOUT + 15  # until an answer must be there: far above on purpose, the machine may be busy


def plain(status, kind, body):
    """A server that answers with this body, whatever it is asked."""

    def behave(connection, stopped):
        from fake_llm import read_request

        with connection:
            read_request(connection)
            head = f"HTTP/1.1 {status} X\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n"
            connection.sendall(head.encode() + body)

    return behave


def lie(text):
    """A well-formed stream that says `text` of the first source."""
    return Scripted(lambda body: cite(body, GOOD[0], text), DONE)


COMPLETION = json.dumps(
    {"choices": [{"index": 0, "message": {"role": "assistant", "content": "贵州在2030年建成9座。[1]"}}]}
)
SHORT = {
    "hangs": silent,
    "drips": Scripted(forever=chunk("贵")),
    "drops": Scripted(chunk("贵州把算力"), reset=True),
    "500": plain("500", "application/json", b"{}"),
    "invented citation": Scripted(chunk("贵州在2025年的算力利用率达到88%[97]。"), DONE),
}
LONG = {
    **SHORT,
    "drops at once": lambda connection, stopped: connection.close(),
    "401": plain("401", "application/json", b'{"error": {"message": "bad key sk-secret"}}'),
    "429": plain("429", "application/json", b'{"error": "slow down"}'),
    "wrong figure": lie("贵州在2030年新建9座智算中心"),
    "wrong place": lie("广东把算力外包和行业解决方案结合起来，利用率为99%"),
    "broken JSON": Scripted(b'data: {"choices": [{"delta": {"content": "\xff\xfe\n\n', DONE),
    "other JSON": Scripted(b'data: ["a", 1, null]\n\n', b"data: 17\n\n", DONE),
    "wrong type": plain("200", "image/png", b"\x89PNG\r\n\x1a\n" + bytes(500)),
    "a whole completion": plain("200", "application/json", COMPLETION.encode()),
    "a login page": plain("200", "text/html", b"<html><form action=/login></form></html>"),
    "endless": Scripted(forever=chunk("啊" * 500)),
    "endless line": Scripted(b"data: ", forever=b"x" * 50_000),
    "markers only": Scripted(chunk("[1][2][3]" * 300), DONE),
    "markup": Scripted(chunk("<script>alert(1)</script>[1]。"), DONE),
}


@pytest.fixture(scope="module")
def server(sample_store, tmp_path_factory):
    with (
        sample_app(sample_store, tmp_path_factory.mktemp("library")) as (app, engine, _),
        served(app) as address,
        httpx.Client(base_url=address, timeout=60) as client,
    ):
        yield engine, client, client.post("/v1/ask", json={"question": ASKED}).json()


def behind(engine, address):
    settings = load_settings(
        {
            "POLICYQA_LLM_BASE_URL": address, "POLICYQA_LLM_MODEL": "m", "POLICYQA_LLM_TIMEOUT": str(TIMEOUT),
            "POLICYQA_LLM_RETRIES": "0", "POLICYQA_LLM_API_KEY": "sk-secret",
        }
    )  # fmt: skip
    engine.backend = make_backend(settings)


def defended(server, behave, at_once=4):
    """Several ask at once, one as a stream of events: all get the extractive answer with a note, in time."""
    engine, client, extractive = server
    with serving(behave) as address:
        behind(engine, address)
        began = time.monotonic()
        with ThreadPoolExecutor(at_once) as pool:
            replies = list(pool.map(lambda _: client.post("/v1/ask", json={"question": ASKED}), range(at_once)))
        streamed = client.post("/v1/ask", json={"question": ASKED, "stream": True}).text
        assert time.monotonic() - began < 2 * PATIENCE
    engine.backend = None
    last = json.loads(streamed.strip().rpartition("data: ")[2])
    for answer in [*(reply.json() for reply in replies), last]:
        assert (answer["answer"], answer["citations"]) == (extractive["answer"], extractive["citations"])
        assert answer["model"].startswith("extractive (") and "secret" not in json.dumps(answer)
    assert {reply.status_code for reply in replies} == {200}
    again = client.post("/v1/ask", json={"question": ASKED}).json()  # the next request works
    assert again["model"] == "extractive" and again["answer"] == extractive["answer"]


@pytest.mark.parametrize("kind", SHORT)
def test_whatever_the_model_does_every_answer_comes_and_can_be_defended(server, kind):
    defended(server, SHORT[kind])


@pytest.mark.full
@pytest.mark.parametrize("kind", LONG)
def test_whatever_else_the_model_does(server, kind):
    defended(server, LONG[kind], at_once=12)


def test_a_model_that_recovers_is_used_again(server):
    engine, client, extractive = server
    states = [("500", "", "{}")] * 3
    with serving(Scripted(lambda body: cite(body, *GOOD), DONE, statuses=states)) as address:
        behind(engine, address)
        said = [client.post("/v1/ask", json={"question": ASKED}).json() for _ in range(5)]
    engine.backend = None
    assert [answer["model"] == "m" for answer in said] == [False] * 3 + [True] * 2
    assert all(answer["answer"] == extractive["answer"] for answer in said[:3])
    assert all("贵州把算力外包和行业解决方案结合起来" in answer["answer"] for answer in said[3:])


def test_hung_answers_leave_room_for_health_and_leave_no_thread_behind(server):
    engine, client, _ = server
    before = threading.active_count()
    with serving(silent) as address:
        behind(engine, address)
        with ThreadPoolExecutor(8) as pool:
            waiting = [pool.submit(client.post, "/v1/ask", json={"question": ASKED}) for _ in range(8)]
            assert client.get("/healthz").status_code == client.get("/readyz").status_code == 200
            assert client.get("/v1/search", params={"q": "算力"}).status_code in {200, 504}
            assert {reply.result(60).status_code for reply in waiting} == {200}
    engine.backend = None
    end = time.monotonic() + 30
    while threading.active_count() > before + 3 and time.monotonic() < end:
        time.sleep(0.1)
    assert threading.active_count() <= before + 3
