"""What Gradio would give away behind the page, and the headers of every response."""

import json
import os
from pathlib import Path

import pytest
from fake_engine import FakeEngine
from fastapi.testclient import TestClient

from app.doors import _NEEDED, is_closed
from app.server import build_app

CANARY = "CANARY-of-a-file"
REPO = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="module")
def client(tmp_path_factory):
    kept = tmp_path_factory.mktemp("gradio")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GRADIO_TEMP_DIR", str(kept))
        with TestClient(
            build_app(FakeEngine()), base_url="http://127.0.0.1:7860", raise_server_exceptions=False
        ) as client:
            client.kept = kept
            yield client


def test_the_documents_count_the_open_routes():
    words = ("none", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")
    told = (REPO / "docs" / "security.md").read_text(encoding="utf-8")
    assert f"routes are closed but for {words[_NEEDED.pattern.count('|') + 1]} " in told


def file_of(path):
    return {"path": path, "url": path, "meta": {"_type": "gradio.FileData"}}


def test_no_file_of_this_machine_and_no_address_comes_in_as_a_value(client, tmp_path):
    """Gradio copies a file that a caller names to where it serves it, or fetches it; on a mounted page it asks nothing."""
    (tmp_path / "secret.txt").write_text(CANARY, encoding="utf-8")
    config = client.get("/config").json()
    targets = (
        str(tmp_path / "secret.txt"),
        os.path.abspath("pyproject.toml"),
        "/etc/passwd",
        "http://127.0.0.1:9/x.svg",
    )
    for number, dependency in enumerate(config["dependencies"]):
        for target in targets:
            value = [file_of(target)] * max(1, len(dependency["inputs"]))
            body = {"data": value, "fn_index": dependency["id"], "session_hash": f"s{number}"}
            said = client.post("/gradio_api/run/predict", json=body).text
            assert CANARY not in said and str(client.kept) not in said
    body = {"data": [file_of(targets[0]), "s", None], "fn_index": 1, "session_hash": "queued"}
    if client.post("/gradio_api/queue/join", json=body).status_code == 200:
        said = client.get("/gradio_api/queue/data?session_hash=queued").text
        assert '"success":false' in said and CANARY not in said and str(client.kept) not in said
    assert [path for path in client.kept.rglob("*") if path.is_file()] == []


def test_functions_of_the_queue_are_called_through_it(client):
    config = client.get("/config").json()
    queued = [each for each in config["dependencies"] if each["queue"]]
    assert queued
    for dependency in queued[:3]:
        body = {"data": [None] * len(dependency["inputs"]), "fn_index": dependency["id"], "session_hash": "direct"}
        assert client.post("/gradio_api/run/predict", json=body).status_code == 404


@pytest.mark.parametrize(
    "path",
    ["/gradio_api/file=/etc/passwd", "/gradio_api/file/etc/passwd", "/gradio_api/proxy=http://169.254.169.254/", "//gradio_api/info",
     "/gradio_api/upload", "/gradio_api/upload_progress", "/gradio_api/call/run", "/gradio_api/call/v2/run", "/gradio_api/api/run",
     "/gradio_api/run/run", "/gradio_api/component_server", "/gradio_api/process_recording", "/gradio_api/vibe-edit/",
     "/gradio_api/info", "/gradio_api/openapi.json", "/gradio_api/stream/x/y/0/playlist.m3u8", "/gradio_api/runs",
     "/gradio_api/custom_component/1/client/component/x", "/gradio_api/mcp/sse", "/gradio_api/queue/join/../../file=/etc/passwd",
     "/gradio_api", "/gradio_api\n/file=x", "/monitoring", "/monitoring/summary", "/openapi.json", "/svelte/x", "/pwa_icon"],
)  # fmt: skip
def test_what_the_page_does_not_need_is_not_there(client, path):
    assert is_closed(path)
    if "\n" in path:
        return
    for method in ("GET", "POST"):
        reply = client.request(method, path)
        assert reply.status_code == 404 and "root:" not in reply.text
        assert reply.headers["x-content-type-options"] == "nosniff"


def test_what_the_page_and_the_api_need_is_open():
    for path in ("/", "/config", "/theme.css", "/assets/x.js", "/gradio_api/queue/join", "/gradio_api/heartbeat/a1", "/v1/ask",
                 "/source/d1", "/library/files", "/export/c0.md", "/login", "/gradio_apis"):  # fmt: skip
        assert not is_closed(path), path


def test_every_response_has_the_headers_each_once(client):
    replies = [
        client.get(path) for path in ("/", "/healthz", "/v1/documents", "/source/none", "/nowhere", "/monitoring")
    ]
    replies.append(client.get("/", headers={"host": "evil.example"}))
    replies.append(client.post("/v1/ask", json={}, headers={"origin": "http://evil.example"}))
    for reply in replies:
        for name in (
            "x-content-type-options",
            "referrer-policy",
            "cross-origin-opener-policy",
            "cross-origin-resource-policy",
        ):
            assert len(reply.headers.get_list(name)) == 1, (reply.url, name)
        policies = reply.headers.get_list("content-security-policy")
        assert any("script-src-attr 'none'" in one and "frame-ancestors 'none'" in one for one in policies)
        assert "camera=()" in reply.headers["permissions-policy"]
        assert "strict-transport-security" not in reply.headers
    secure = TestClient(build_app(FakeEngine()), base_url="https://127.0.0.1:7860")
    assert secure.get("/healthz").headers["strict-transport-security"] == "max-age=31536000"


def test_unreadable_calls_of_the_page_tell_nothing(client):
    bodies = (
        b"",
        b"{",
        b"[]",
        b'{"data":[]}',
        json.dumps({"data": [], "fn_index": 9999, "session_hash": "x"}).encode(),
    )
    for route in ("/gradio_api/queue/join", "/gradio_api/run/predict", "/gradio_api/cancel", "/gradio_api/reset"):
        for body in bodies:
            said = client.post(route, content=body, headers={"content-type": "application/json"}).text
            assert "Traceback" not in said and 'File "' not in said and os.getcwd() not in said
