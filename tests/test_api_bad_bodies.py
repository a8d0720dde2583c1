"""Whatever is sent as a body: a 4xx in JSON, never a 500, never a trace."""

import contextlib
import gzip
import json
import socket

import httpx
import pytest

JSON = {"content-type": "application/json"}
ASK = b'{"question": "x"}'
BODIES = {
    "nothing": b"",
    "not JSON": b"question=x",
    "cut off": b'{"question": "x',
    "two values": ASK + ASK,
    "deep lists": b'{"question": ' + b"[" * 100_000 + b"]" * 100_000 + b"}",
    "deep objects": b'{"a":' * 50_000 + b"1" + b"}" * 50_000,
    "a number of 100,000 digits": b'{"question": "x", "k": ' + b"9" * 100_000 + b"}",
    "a huge exponent": b'{"question": "x", "k": 1e999999}',
    "NaN": b'{"question": "x", "k": NaN}',
    "infinity": b'{"question": "x", "history": [-Infinity]}',
    "an array": b'["question"]',
    "a string": b'"question"',
    "null": b"null",
    "a number": b"1",
    "the wrong type": b'{"question": 1}',
    "an object for text": b'{"question": {"$gt": ""}}',
    "a number for a role": b'{"question": "x", "history": [{"role": 1, "content": "y"}]}',
    "another role": b'{"question": "x", "history": [{"role": "system", "content": "y"}]}',
    "text for a list": b'{"question": "x", "history": "y"}',
    "another field": b'{"question": "x", "__proto__": {"admin": true}}',
    "a key twice": b'{"question": "x", "question": "y"}',
    "blank": b'{"question": " \\u3000\\n"}',
    "a lone surrogate": b'{"question": "\\ud800"}',
    "invalid UTF-8": b'{"question": "\xff\xfe"}',
    "UTF-16": '{"question": "x"}'.encode("utf-16"),
    "a byte order mark": b"\xef\xbb\xbf" + ASK,
    "long": json.dumps({"question": "x" * 50_000}).encode(),
    "long history": json.dumps({"question": "x", "history": [{"role": "user", "content": "y"}] * 500}).encode(),
    "10 MB": b'{"question": "' + b"x" * 10_000_000 + b'"}',
}
HEADS = {
    "no type": {},
    "text": {"content-type": "text/plain"},
    "a form": {"content-type": "application/x-www-form-urlencoded"},
    "multipart": {"content-type": "multipart/form-data; boundary=x"},
    "XML": {"content-type": "application/xml"},
    "near JSON": {"content-type": "application/jsonp"},
    "nonsense": {"content-type": ";;;\xff"},
}
ROUTES = ["/v1/ask", "/v1/search", "/v1/chat/completions", "/v1/documents", "/mcp"]


@pytest.fixture(scope="module")
def client(api):
    with httpx.Client(base_url=api[0], timeout=30) as client:
        yield client


def check(reply, *statuses):
    assert reply.status_code in (statuses or range(400, 500)), reply.text[:300]
    assert reply.headers["content-type"].startswith("application/json")
    assert "error" in reply.json() and "Traceback" not in reply.text and 'File "' not in reply.text


@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES)
def test_a_malicious_body_is_refused_by_every_route(client, body):
    for route in ROUTES:
        headers = JSON | ({"accept": "application/json, text/event-stream"} if route == "/mcp" else {})
        check(client.post(route, content=body, headers=headers))


@pytest.mark.parametrize("headers", HEADS.values(), ids=HEADS)
def test_only_json_is_read_as_json(client, headers):
    head = [(name.encode(), value.encode("latin-1")) for name, value in headers.items()]
    for route in ROUTES[:4]:
        check(client.post(route, content=ASK, headers=head), 415)
    check(client.post("/v1/files", content=ASK, headers=head), 400, 415)


def test_a_body_that_grows_is_cut_off_where_it_is_too_large(client):
    def endless():
        sent = 0
        while sent < 200_000_000:  # far more than is read of it
            yield b"x" * 65_536
            sent += 65_536

    # The server may close the connection before all of it was sent.
    with contextlib.suppress(httpx.WriteError, httpx.RemoteProtocolError, httpx.ReadError):
        check(client.post("/v1/ask", content=endless(), headers=JSON), 413)
    check(client.post("/v1/ask", content=b"x" * 2_000_000, headers=JSON), 413)


def test_a_length_that_is_too_large_or_none_is_refused_before_anything_is_read(api):
    host, port = api[0].removeprefix("http://").split(":")
    for length, statuses in (
        ("60000000", {b"413"}),
        ("99999999999999999999999", {b"413", b"400"}),
        ("-1", {b"400"}),
        ("1e3", {b"400"}),
    ):
        with socket.create_connection((host, int(port)), timeout=10) as wire:
            head = f"PUT /v1/files?name=a.txt HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-length: {length}\r\n\r\n"
            wire.sendall(head.encode())
            assert wire.recv(4096).split(b" ")[1] in statuses, length


def test_compressed_bodies_are_not_unpacked(client):
    bomb = gzip.compress(b" " * 20_000_000 + ASK)
    for encoding in ("gzip", "deflate", "br", "gzip, gzip", "x"):
        check(client.post("/v1/ask", content=bomb, headers=JSON | {"content-encoding": encoding}), 415)
    check(client.post("/v1/ask", content=bomb, headers=JSON), 400)


@pytest.mark.parametrize(
    "path",
    [
        "/v1/search", "/v1/search?q=", "/v1/search?q=%20", "/v1/search?q=a&k=0", "/v1/search?q=a&k=201", "/v1/search?q=a&k=x",
        "/v1/search?q=a&k=1e400", "/v1/documents?offset=-1", "/v1/documents?limit=999999999999999999999999", "/v1/documents/%00",
        "/v1/documents/..%2f..%2fetc%2fpasswd", "/v1/documents/a?text=2", "/v1/documents/%ff%fe", "/v1/jobs/%ed%a0%80",
    ],
)  # fmt: skip
def test_addresses_out_of_bounds_are_refused(client, path):
    check(client.get(path))


def test_the_next_request_works(client):
    assert client.post("/v1/ask", json={"question": "贵州\x00算力\u200b规模"}).status_code == 200
