"""Limits: so many at once, so many waiting, so long, so often; the end of the server; a caller who goes."""

import asyncio
import contextlib
import json
import socket
import threading
import time

import httpx
import pytest
from fake_engine import FakeEngine

from app.access.caller import SCOPE_KEY, Caller
from app.api.app import make_v1
from app.api.limits import Bounds, Limits, bounds_of
from app.api.ready import Readiness
from app.api.work import Work
from app.settings import Settings, load_settings
from ingest.errors import InputError


def app_of(engine, rate="", stopping=lambda: False, caller=None, **bounds):
    """The API in its limits, without the page."""
    from fastapi import FastAPI

    app = FastAPI(openapi_url=None)
    app.mount("/v1", make_v1(engine, None, Work(Bounds(**bounds))))

    async def asked_by(scope, receive, send):
        if caller is not None:
            scope[SCOPE_KEY] = caller
        await Limits(app, "", stopping)(scope, receive, send) if not rate else await limited(scope, receive, send)

    limited = Limits(app, rate, stopping) if rate else None
    return asked_by


def run(app, talk):
    async def main():
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:
            return await talk(client)

    return asyncio.run(main())


def code_of(reply):
    return reply.status_code, reply.json()["error"]["code"]


def test_so_many_at_once_so_many_wait_and_the_rest_is_told_to_come_again():
    engine = FakeEngine()

    async def talk(client):
        def post():
            return asyncio.ensure_future(client.post("/v1/ask", json={"question": "慢"}))

        under_way = [post(), post(), post()]
        while len(engine.seen) < 2:
            await asyncio.sleep(0.01)
        refused = await client.post("/v1/ask", json={"question": "快"})
        assert len(engine.seen) == 2  # the third waits
        engine.gate.set()
        return refused, await asyncio.gather(*under_way)

    refused, done = run(app_of(engine, concurrent=2, waiting=1), talk)
    assert code_of(refused) == (429, "busy") and int(refused.headers["retry-after"]) >= 1
    assert [reply.status_code for reply in done] == [200, 200, 200]


def test_an_answer_that_takes_too_long_is_given_up_and_keeps_its_place_until_it_ends():
    engine = FakeEngine()

    async def talk(client):
        late = await client.post("/v1/ask", json={"question": "慢"})
        still = await client.post("/v1/ask", json={"question": "快"})  # waits for the place until its own time is over
        engine.gate.set()
        await asyncio.sleep(0.1)
        return late, still, await client.post("/v1/ask", json={"question": "快"})

    late, still, after = run(app_of(engine, concurrent=1, seconds=0.2), talk)
    assert code_of(late) == code_of(still) == (504, "timeout") and after.status_code == 200


def test_a_late_error_is_the_last_event():
    async def talk(client):
        return await client.post("/v1/ask", json={"question": "慢", "stream": True})

    engine = FakeEngine()
    reply = run(app_of(engine, seconds=0.2), talk)
    engine.gate.set()
    name, data = reply.text.strip().split("\n\n")[-1].splitlines()
    assert name == "event: error" and json.loads(data[6:])["error"]["code"] == "timeout"


@pytest.mark.parametrize("stream", [True, False])
def test_a_caller_who_goes_is_not_worked_for(stream):
    engine, ended = FakeEngine(), threading.Event()
    plain = engine.stream

    def watched(*args):
        try:
            yield from plain(*args)
        finally:
            ended.set()

    engine.stream = watched
    body = json.dumps({"question": "慢", "stream": stream}).encode()
    scope = {
        "type": "http", "method": "POST", "path": "/v1/ask", "raw_path": b"/v1/ask", "query_string": b"", "root_path": "",
        "headers": [(b"content-type", b"application/json"), (b"host", b"127.0.0.1")], "http_version": "1.1", "scheme": "http",
    }  # fmt: skip

    async def main():
        gone, messages = asyncio.Event(), iter([{"type": "http.request", "body": body, "more_body": False}])

        async def receive():
            if (message := next(messages, None)) is not None:
                return message
            await gone.wait()
            return {"type": "http.disconnect"}

        async def send(message):
            pass

        asked = asyncio.ensure_future(app_of(engine)(scope, receive, send))
        while not engine.seen:
            await asyncio.sleep(0.01)
        await asyncio.sleep(0.05)
        gone.set()
        await asyncio.wait_for(asked, 5)  # at once, though the engine still works
        assert not ended.is_set()
        engine.gate.set()  # its step ends; the next one is not begun
        assert await asyncio.to_thread(ended.wait, 5)

    asyncio.run(main())


def test_a_rate_is_each_callers_own():
    async def talk(client):
        return [await client.get("/v1/models") for _ in range(4)]

    for caller in (None, Caller("a", "reader"), Caller("b", "reader")):
        replies = run(app_of(FakeEngine(), rate="3/minute", caller=caller), talk)
        assert [reply.status_code for reply in replies] == [200, 200, 200, 429]
        assert (
            replies[-1].json()["error"]["code"] == "rate_limited"
            and 1 <= int(replies[-1].headers["retry-after"]) <= 120
        )


def test_a_server_that_ends_takes_nothing_new():
    async def talk(client):
        return await client.post("/v1/ask", json={"question": "问"})

    assert code_of(run(app_of(FakeEngine(), stopping=lambda: True), talk)) == (503, "stopping")


def test_a_body_that_does_not_come_is_not_waited_for(monkeypatch):
    monkeypatch.setattr("app.api.limits.READ_SECONDS", 0.05)

    async def slow():
        yield b"{"
        await asyncio.sleep(1)
        yield b"}"

    async def talk(client):
        return await client.post("/v1/ask", content=slow(), headers={"content-type": "application/json"})

    assert code_of(run(app_of(FakeEngine()), talk)) == (408, "timeout")


def test_an_unknown_error_is_told_without_its_words():
    async def talk(client):
        streamed = await client.post("/v1/ask", json={"question": "坏", "stream": True})
        chat = {"model": "policyqa", "messages": [{"role": "user", "content": "坏"}]}
        return streamed, await client.post("/v1/chat/completions", json=chat)

    async def main():
        transport = httpx.ASGITransport(app_of(FakeEngine()), raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:
            return await talk(client)

    streamed, chat = asyncio.run(main())
    assert streamed.status_code == chat.status_code == 500 and "secret" not in streamed.text + chat.text
    assert chat.json()["error"]["type"] == "server_error"


def test_readers_read_and_editors_edit():
    async def talk(client):
        return [
            await client.get("/v1/documents"), await client.delete("/v1/documents/d1"), await client.get("/v1/jobs"),
            await client.post("/v1/documents", json={"urls": ["https://example.org"]}),
            await client.put("/v1/files?name=a.txt", content=b"x"),
        ]  # fmt: skip

    read, *edited = run(app_of(FakeEngine(), caller=Caller("r", "reader")), talk)
    assert read.status_code == 200 and {code_of(reply) for reply in edited} == {(403, "forbidden")}
    assert "editor" in edited[0].json()["error"]["hint"]
    _, *edited = run(app_of(FakeEngine(), caller=Caller("e", "editor")), talk)
    assert {code_of(reply) for reply in edited} == {(403, "read_only")}
    engine = FakeEngine()
    run(app_of(engine, caller=Caller("r", "reader", frozenset({""}))), talk)
    assert engine.narrowed == [frozenset({""})]  # never more than may be read


def test_settings_of_the_limits():
    set_ = load_settings(
        {
            "POLICYQA_RATE": "5/second",
            "POLICYQA_CONCURRENCY": "2",
            "POLICYQA_QUEUE": "0",
            "POLICYQA_ANSWER_TIMEOUT": "9",
        }
    )
    assert bounds_of(set_, True) == Bounds(2, 0, 9.0, "5/second")
    assert bounds_of(Settings(), True).rate == "" and bounds_of(Settings(), False).rate == "120/minute"
    assert bounds_of(Settings(rate="off"), False).rate == ""
    with pytest.raises(InputError, match="POLICYQA_RATE"):
        bounds_of(Settings(rate="often"), True)


def test_ready_once_warm_and_as_long_as_the_index_is_the_same(tmp_path):
    from types import SimpleNamespace

    catalog = tmp_path / "catalog.sqlite3"
    catalog.write_bytes(b"")
    engine = FakeEngine()
    engine.store = SimpleNamespace(folder=tmp_path)
    ready = Readiness(engine)
    assert ready.problem() == "warming"
    ready.warm()
    assert ready.problem() == ""
    replaced = tmp_path / "new"
    replaced.write_bytes(b"")
    replaced.replace(catalog)
    ready._looked = 0.0
    assert ready.problem() == "index_replaced"
    catalog.unlink()
    ready._looked = 0.0
    assert ready.problem() == "index_replaced"
    ready.stopping.set()
    assert ready.problem() == "stopping"


def test_a_reader_uploads_nothing_and_so_many_upload_at_once(monkeypatch):
    monkeypatch.setattr("app.api.limits.MAX_UPLOADS", 1)
    read = []

    async def slowly():
        for _ in range(3):
            read.append(1)
            yield b"x"
            await asyncio.sleep(0.05)

    async def refused(client):
        return await client.put("/v1/files?name=a.txt", content=slowly())

    assert code_of(run(app_of(FakeEngine(), caller=Caller("r", "reader")), refused)) == (403, "forbidden")
    assert not read  # not a byte of it was taken

    class Slow:
        """An app that reads the whole of a body."""

        async def __call__(self, scope, receive, send):
            while (await receive()).get("more_body"):
                pass
            await send({"type": "http.response.start", "status": 200, "headers": []})
            await send({"type": "http.response.body", "body": b"{}"})

    async def talk(client):
        both = client.put("/v1/files?name=a", content=slowly()), client.put("/v1/files?name=b", content=slowly())
        replies = await asyncio.gather(*both)
        return [*replies, await client.put("/v1/files?name=c", content=slowly())]

    assert [reply.status_code for reply in run(Limits(Slow()), talk)] == [200, 429, 200]


def test_no_more_work_waits_on_the_library_than_it_can_bear(tmp_path, monkeypatch):
    from api_server import NotingLibrary
    from fastapi import FastAPI

    monkeypatch.setattr("app.api.document_routes.MAX_JOBS", 2)
    library = NotingLibrary(tmp_path)
    library._note("fetch", "https://example.org/before").state = "waiting"
    app = FastAPI(openapi_url=None)
    app.mount("/v1", make_v1(FakeEngine(), library, Work(Bounds())))

    async def talk(client):
        one, many = {"urls": ["https://example.org/a"]}, {"urls": ["https://example.org/a"] * 2}
        return [(await client.post("/v1/documents", json=body)).status_code for body in (many, one)]

    assert run(app, talk) == [429, 202]


@pytest.mark.parametrize("before", [b"", b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"])
def test_a_head_that_does_not_come_is_not_waited_for(before, monkeypatch):
    monkeypatch.setattr("app.heads.HEAD_SECONDS", 0.2)
    for begun in (b"", b"GET /late HTTP/1.1\r\nHost"):
        with listening() as there, socket.create_connection(there, 20) as caller:
            caller.sendall(before)
            assert not before or b"200 OK" in caller.recv(65_536)
            caller.sendall(begun)
            assert b"HTTP" not in received(caller)


@pytest.mark.parametrize(
    "begun", [b"GET / HTTP/1.1\r\n", b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n"]
)
def test_a_head_or_a_trailer_without_end_is_cut_off(begun):
    for endless in ((b"X: " + b"a" * 1000 + b"\r\n") * 10_000, b"X: " + b"a" * 10_000_000):
        with listening() as there, socket.create_connection(there, 20) as caller:
            with contextlib.suppress(OSError):
                caller.sendall(begun + endless)
                caller.shutdown(socket.SHUT_WR)
            assert b"200 OK" not in received(caller)


def test_a_body_of_two_lengths_is_refused_and_what_follows_is_not_read():
    with listening() as there, socket.create_connection(there, 20) as caller:
        caller.sendall(
            b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 44\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"
        )
        caller.sendall(b"GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n")
        assert received(caller).count(b"HTTP/1.1 ") == 1


def test_a_body_is_no_head():
    with listening() as there, socket.create_connection(there, 20) as caller:
        caller.sendall(b"POST / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: 200000\r\n\r\n")
        caller.sendall(b"a" * 200_000)
        assert received(caller).endswith(b"200000")


def received(caller):
    """What comes until the other side closes."""
    pieces = []
    with contextlib.suppress(ConnectionError):
        while piece := caller.recv(65_536):
            pieces.append(piece)
    return b"".join(pieces)


@contextlib.contextmanager
def listening():
    """(host, port) of an app that counts a body, behind the protocol of the server."""
    import uvicorn

    from app.heads import bounded_protocol

    async def counts(scope, receive, send):
        size, more = 0, True
        while more:
            message = await receive()
            size, more = size + len(message.get("body", b"")), message.get("more_body", False)
        told = str(size).encode()
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"%d" % len(told))]})
        await send({"type": "http.response.body", "body": told})

    config = uvicorn.Config(
        Limits(counts),
        port=0,
        http=bounded_protocol(),
        ws="none",
        lifespan="off",
        log_level="critical",
        timeout_keep_alive=1,
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        assert thread.is_alive()
        time.sleep(0.01)
    try:
        yield server.servers[0].sockets[0].getsockname()
    finally:
        server.should_exit = True
        thread.join(10)
