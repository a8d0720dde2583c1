"""The end of a real server: nothing cut, nothing acknowledged lost, exit code 0; and what it logged and sent until then."""

import signal
import threading
import time
from http.server import BaseHTTPRequestHandler, HTTPServer
from types import SimpleNamespace

import pytest
from fake_llm import DONE, Scripted, chunk, cite, serving
from server_process import Served, events_of

from app.operations.traces import Traces

QUESTION = "贵州的数据中心规划了多少个机架"
KEY = "sk-very-secret-value"
TRACE = "0af7651916cd43dd8448eb211c80319c"


class Collector:
    """An OTLP receiver on loopback that keeps what it is sent."""

    def __enter__(self):
        self.spans = spans = []

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

                body = ExportTraceServiceRequest.FromString(self.rfile.read(int(self.headers["content-length"])))
                spans.extend(s for r in body.resource_spans for scope in r.scope_spans for s in scope.spans)
                self.send_response(200)
                self.end_headers()

            def log_message(self, *_):
                pass

        self.server = HTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()


def slow(seconds, then=b""):
    def wait(_):
        time.sleep(seconds)
        return then

    return wait


def test_an_answer_under_way_is_finished_and_all_is_told(tmp_path, sample_store):
    said = "贵州规划机架超30万个"
    model = Scripted(lambda body: cite(body, "30万", said), slow(2), chunk(usage=(900, 12)), DONE)
    with serving(model) as url, Collector() as collector:
        env = {
            "POLICYQA_LLM_BASE_URL": url, "POLICYQA_LLM_MODEL": "small", "POLICYQA_LLM_API_KEY": KEY,
            "POLICYQA_OTEL": collector.url, "POLICYQA_LOG_FILE": str(tmp_path / "logs" / "log"),
        }  # fmt: skip
        with Served(tmp_path, sample_store, **env) as server:
            head = {"X-Request-ID": "abc-1", "traceparent": f"00-{TRACE}-b7ad6b7169203331-01"}
            asked = {"question": QUESTION, "stream": True}
            with server.client.stream("POST", "/v1/ask", json=asked, headers=head) as response:
                assert response.headers["x-request-id"] == "abc-1"
                events = events_of(response)
                heard = [next(events) for _ in range(3)]
                metrics = server.client.get("/metrics").text
                assert "policyqa_answers_in_progress 1.0" in metrics
                server.signal()
                time.sleep(0.3)
                stopped = server.client.get("/readyz")
                assert (stopped.status_code, stopped.json()["error"]["code"]) == (503, "stopping")
                refused = server.client.post("/v1/ask", json={"question": QUESTION})
                assert (refused.status_code, refused.json()["error"]["code"]) == (503, "stopping")
                heard += list(events)
            assert server.code() == 0
            assert heard[-1][0] == "answer" and heard[-1][1]["model"] == "small"
            wrote = server.wrote()
        assert QUESTION not in wrote and said not in wrote and KEY not in wrote and "Traceback" not in wrote
        assert (tmp_path / "logs" / "log").read_text(encoding="utf-8").strip().splitlines()
        (answer,) = server.lines("answer")
        assert answer["request_id"] == "abc-1" and answer["tokens"] == {"prompt": 900, "completion": 12}
        assert set(answer["stages"]) == {"understand", "retrieve", "rerank", "compose", "generate", "verify"}
        requests = {(row["route"], row["status"]) for row in server.lines("request")}
        assert {("/v1/ask", 200), ("/v1/ask", 503)} <= requests
        assert [row["event"] for row in server.lines() if row["event"] in {"start", "ending", "stop"}] == [
            "start", "ending", "stop",
        ]  # fmt: skip
        spans = {span.name: span for span in collector.spans}
        assert set(spans) == {"question", *answer["stages"]}
        assert {span.trace_id.hex() for span in collector.spans} == {TRACE}
        assert {spans[name].parent_span_id for name in answer["stages"]} == {spans["question"].span_id}
        tokens = {a.key: a.value.int_value for a in spans["generate"].attributes}
        assert tokens["gen_ai.usage.input_tokens"] == 900
        assert not any(QUESTION in str(span) or "机架" in str(span) for span in collector.spans)


def test_an_answer_that_takes_too_long_ends_with_a_word(tmp_path, sample_store):
    model = Scripted(lambda body: cite(body, "30万", "贵州规划机架超30万个"), slow(30))
    with serving(model) as url:
        env = {"POLICYQA_LLM_BASE_URL": url, "POLICYQA_LLM_MODEL": "small", "POLICYQA_GRACE": "0.5"}
        with Served(tmp_path, sample_store, **env) as server:
            with server.client.stream("POST", "/v1/ask", json={"question": QUESTION, "stream": True}) as response:
                events = events_of(response)
                next(events)
                server.signal(signal.SIGINT)
                heard = list(events)
            assert server.code(60) == 0
    assert heard[-1][0] == "error" and heard[-1][1]["error"]["code"] == "stopping"


HANGING = """
import sys, time
from app.cli import main
from app.library.library import Library
from app.operations import ending
ending.CLOSING = 1.0
Library.close = lambda self: time.sleep(1000)
sys.exit(main(sys.argv[1:]))
"""


def test_the_end_has_a_bound_whatever_holds_it(tmp_path, sample_store):
    with Served(tmp_path, sample_store, ("-c", HANGING), POLICYQA_GRACE="0.5") as server:
        server.signal()
        assert server.code(60) == 0
    (overdue,) = server.lines("overdue")
    assert overdue["level"] == "error" and "MainThread" in overdue["threads"]


def test_a_receiver_of_traces_that_does_not_answer_holds_nothing_up(monkeypatch):
    monkeypatch.setattr("app.operations.traces._LAST_SENDING", 0.05)
    never = threading.Event()
    traces = Traces(SimpleNamespace(get_tracer=lambda name: None, shutdown=never.wait))
    traces.close()
    assert not never.is_set()


@pytest.mark.full
def test_files_that_were_acknowledged_are_read_after_the_next_start(tmp_path, sample_store):
    import shutil

    store = tmp_path / "store"
    shutil.copytree(sample_store, store)
    with Served(tmp_path, store) as server:
        before = server.client.get("/healthz").json()["documents"]
        for n in range(5):
            lines = "\n\n".join(
                f"第{i}条 安顺市第{n}号试点在{i}个园区建设算力设施，投资{n + 3}{i}亿元。" for i in range(40)
            )
            files = {"file": (f"试点{n}.txt", f"安顺市试点方案{n}\n\n{lines}".encode())}
            assert server.client.post("/v1/files", files=files).status_code in {200, 201, 202}
        server.signal()
        assert server.code() == 0
    with Served(tmp_path, store) as server:
        until = time.monotonic() + 60
        while time.monotonic() < until and server.client.get("/healthz").json()["documents"] < before + 5:
            time.sleep(0.2)
        assert server.client.get("/healthz").json()["documents"] == before + 5
        server.signal()
        assert server.code() == 0
