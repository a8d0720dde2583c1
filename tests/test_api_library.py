"""Documents through the API and a real library: added, found, taken out; what does not come in whole leaves nothing."""

import socket
import time

import pytest
from small_embedder import SmallEmbedder

from app.engine import Engine
from app.library.library import Library
from app.library.shelf import Shelf
from ingest.store import open_store

EMBEDDER = SmallEmbedder()
TEXT = (
    "# 贵州省算力券办法\n\n贵州省人民政府\n2024年3月1日\n\n第一条 贵州省对企业发放算力券，补贴比例为合同金额的20%。\n"
)


@pytest.fixture
def client(tmp_path):
    from fastapi.testclient import TestClient

    from app.server import build_app

    with open_store(tmp_path / "store", EMBEDDER.name, EMBEDDER.dimension, writable=True):
        pass
    with open_store(tmp_path / "store", EMBEDDER.name, EMBEDDER.dimension) as store:
        engine = Engine(store, EMBEDDER)
        library = Library(engine, Shelf(tmp_path / "library"))
        yield TestClient(build_app(engine, library=library), base_url="http://127.0.0.1:7860")
        library.close()


def ended(client, reply):
    assert reply.status_code == 202, reply.text
    (job,) = reply.json()["jobs"]
    until = time.monotonic() + 20
    while job["state"] in {"waiting", "running"} and time.monotonic() < until:
        time.sleep(0.02)
        job = client.get(f"/v1/jobs/{job['id']}").json()
    return job


def found(client):
    hits = client.get("/v1/search", params={"q": "算力券补贴比例"}).json()["hits"]
    return {hit["doc_id"] for hit in hits}


def test_a_file_is_added_found_and_taken_out(client):
    assert found(client) == set()
    assert ended(client, client.put("/v1/files?name=办法.md", content=TEXT.encode()))["state"] == "done"
    (doc_id,) = found(client)
    assert client.get(f"/v1/documents/{doc_id}?text=1").json()["text"]["text"].count("算力券") == 2
    assert (
        client.post("/v1/ask", json={"question": "贵州算力券的补贴比例是多少"}).json()["citations"][0]["doc_id"]
        == doc_id
    )
    removed = ended(client, client.delete(f"/v1/documents/{doc_id}"))
    assert removed["state"] == "done" and removed["removed"]
    assert found(client) == set() and client.get(f"/v1/documents/{doc_id}").status_code == 404


def test_what_cannot_be_read_or_fetched_is_told(client):
    refused = client.post("/v1/files", files={"file": ("坏.exe", b"MZ\x90\0")})
    assert refused.status_code == 422 and "坏.exe" in refused.json()["error"]["message"]
    inside = ended(client, client.post("/v1/documents", json={"urls": ["http://127.0.0.1:7860/healthz"]}))
    assert inside["state"] == "failed" and "未能完成" in inside["message"]
    assert client.get("/v1/documents").json() == {"documents": [], "total": 0, "next": None}


def test_a_file_that_breaks_off_leaves_nothing(api):
    host, port = api[0].removeprefix("http://").split(":")
    incoming = api[2].shelf.folder / ".incoming"
    with socket.create_connection((host, int(port)), timeout=10) as wire:
        wire.sendall(b"PUT /v1/files?name=a.txt HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-length: 1000\r\n\r\nbeginning")
        until = time.monotonic() + 10
        while not (incoming.is_dir() and any(incoming.iterdir())) and time.monotonic() < until:
            time.sleep(0.01)
        assert any(incoming.iterdir())
    while any(incoming.iterdir()) and time.monotonic() < until:
        time.sleep(0.01)
    assert not any(incoming.iterdir()) and not any(name.startswith("a.txt") for _, name in api[2].told)
