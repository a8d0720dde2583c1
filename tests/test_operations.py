"""Logs, metrics, traces and doctor: what they tell, what they never tell, and how many series they may have."""

import json
import logging
import os
import re
import sys
import threading
import time
from contextlib import closing
from types import SimpleNamespace

import httpx
import pytest
from access_server import Tab
from api_server import NotingLibrary
from fake_engine import FakeEngine
from fastapi.testclient import TestClient
from starlette.routing import Mount, Route

from app.access.accounts import add, set_disabled
from app.access.caller import SCOPE_KEY, Caller
from app.access.ledger import Ledger
from app.access.oidc_settings import OidcSettings
from app.build import open_engine
from app.doctor import examine
from app.library.library import Library
from app.library.shelf import Shelf
from app.operations.checks import _metrics
from app.operations.logs import Lines, secrets_in, set_up_logs
from app.operations.metrics import Meters, serve_metrics
from app.operations.options import Operating, load_operating
from app.operations.request import CURRENT
from app.operations.traces import open_traces
from app.operations.watch import Watch
from app.server import build_app
from app.settings import Settings, load_settings
from ingest.errors import InputError, MissingPartError, StoreError
from ingest.summary import Summary

QUESTION = "贵州的数据中心规划了多少个机架"


def record(message, *args, error=None, **fields):
    info = (type(error), error, error.__traceback__) if error else None
    made = logging.LogRecord("app.x", logging.WARNING, __file__, 1, message, args, info)
    if fields:
        made.fields = fields
    return made


class TestLogs:
    @pytest.mark.parametrize("as_json", [True, False])
    def test_one_line_and_no_secret(self, as_json):
        hidden = secrets_in({"POLICYQA_LLM_API_KEY": "sk-123456", "HOME": "/root", "X_TOKEN": "short"})
        line = Lines(as_json, hidden).format(record("用 sk-123456\n2026 error 伪造的一行"))
        assert "\n" not in line and "sk-123456" not in line and "***" in line
        assert not as_json or json.loads(line)["message"].endswith("伪造的一行")

    def test_an_errors_words_stay_out_unless_they_are_the_systems(self):
        def told(error, **more):
            try:
                raise error
            except Exception as caught:
                return Lines(True, **more).format(record("failed: %s", caught, error=caught))

        assert QUESTION not in told(KeyError(QUESTION)) and QUESTION not in told(InputError(QUESTION))
        assert "KeyError" in told(KeyError(QUESTION)) and "test_operations.py" in told(KeyError(QUESTION))
        assert "磁盘已满" in told(StoreError("磁盘已满")) and "No space" in told(OSError(28, "No space"))
        assert QUESTION in told(KeyError(QUESTION), questions=True)

    def test_the_question_is_written_only_where_that_is_set(self, tmp_path, capsys):
        for kept in (False, True):
            handlers = set_up_logs(Operating(log="json", log_file=tmp_path / "d" / "log"), "off")
            try:
                engine = FakeEngine()
                watch = Watch(Meters(), questions=kept)
                watch.asking()(asked_of(engine))
            finally:
                for handler in handlers:
                    logging.getLogger().removeHandler(handler)
                    handler.close()
            row = json.loads(capsys.readouterr().err)
            assert (row["event"], row.get("question")) == ("answer", "问" if kept else None)
        lines = (tmp_path / "d" / "log").read_text(encoding="utf-8").splitlines()
        assert len(lines) == 2

    @pytest.mark.parametrize(
        "env", [{"POLICYQA_LOG": "xml"}, {"POLICYQA_LOG_LEVEL": "loud"}, {"POLICYQA_METRICS_PORT": "70000"},
                {"POLICYQA_GRACE": "soon"}, {"POLICYQA_OTEL": "collector:4318"}],
    )  # fmt: skip
    def test_a_bad_setting_is_told(self, env):
        with pytest.raises(InputError, match=next(iter(env))):
            load_settings(env)


def asked_of(engine):
    from app.asked import Clock

    clock = Clock()
    clock.lap("understand")
    return clock.ended("问", next(e for e in engine.stream("问") if hasattr(e, "text") and hasattr(e, "abstained")), "")


def series(text):
    return {line.partition(" ")[0] for line in text.splitlines() if line and not line.startswith("#")}


class TestFailures:
    def test_what_nobody_foresaw_is_answered_by_us_and_logged_as_an_error(self, caplog):
        app = build_app(FakeEngine())

        def broken(request):
            raise RuntimeError(QUESTION)

        app.router.routes.insert(0, Route("/healthz", broken))
        client = TestClient(app, base_url="http://127.0.0.1:7860")  # raises what reaches the server
        with caplog.at_level(logging.INFO, "policyqa"):
            reply = client.get("/healthz", headers={"X-Request-ID": "a.b-c"})
        assert (reply.status_code, reply.text) == (500, "Internal error.\n")
        assert reply.headers["x-request-id"] == "a.b-c" and "content-security-policy" in reply.headers
        told = [record for record in caplog.records if record.levelno == logging.ERROR]
        assert [record.fields["status"] for record in told if hasattr(record, "fields")] == [500]
        assert any(record.exc_info and QUESTION in str(record.exc_info[1]) for record in told)
        text = client.get("/metrics").text
        assert 'policyqa_requests_total{method="GET",route="/healthz",status="500"} 1.0' in text

    def test_an_answer_that_breaks_off_is_cut_and_logged(self, caplog):
        app = build_app(FakeEngine())

        async def broken(scope, receive, send):
            await send({"type": "http.response.start", "status": 200, "headers": []})
            await send({"type": "http.response.body", "body": b"half", "more_body": True})
            raise RuntimeError("cut")

        app.router.routes.insert(0, Mount("/library", broken))
        with pytest.raises(RuntimeError, match="cut"), caplog.at_level(logging.INFO, "policyqa"):
            TestClient(app, base_url="http://127.0.0.1:7860").get("/library/a")
        assert any(record.levelno == logging.ERROR and record.exc_info for record in caplog.records)


class TestMetrics:
    def test_what_is_asked_is_counted_and_strangers_add_no_series(self, api):
        address, _, _ = api
        with httpx.Client(base_url=address, timeout=60) as client:
            answered = client.post("/v1/ask", json={"question": QUESTION}, headers={"X-Request-ID": "a.b-c"})
            assert answered.headers["x-request-id"] == "a.b-c"
            for bad in ("x" * 65, "a b", 'a"b', ""):
                given = client.get("/healthz", headers={"X-Request-ID": bad}).headers["x-request-id"]
                assert re.fullmatch("[0-9a-f]{16}", given)
            client.post("/v1/ask", json={"question": "量子"})
            client.get("/no/such/0")
            before = series(client.get("/metrics").text)
            for n in range(1, 30):
                client.get(f"/no/such/{n}")
                client.get(f"/v1/documents/x{n}")
                client.get(f"/source/{n:012x}")
                client.request(f"M{n}", "/healthz")
            text = client.get("/metrics").text
        assert 'policyqa_requests_total{method="POST",route="/v1/ask",status="200"}' in text
        for name in ("answer_seconds_count", "store_chunks", "queue_depth", "ingest_chunks_total", "jobs_waiting"):
            assert f"\npolicyqa_{name} " in text
        assert "policyqa_answers_total" in text and "process_resident_memory_bytes" in text
        assert 'policyqa_stage_seconds_count{stage="retrieve"}' in text
        new = {name.split("{")[1] for name in series(text) - before if "_bucket" not in name and "{" in name}
        assert len(new) <= 12, new
        assert "x29" not in text and "such" not in text

    def test_the_pages_questions_are_counted_timed_and_told_of_as_the_apis_are(self, api, caplog):
        def counted():
            text = httpx.get(api[0] + "/metrics").text
            names = ('answers_total{result="answered"}', "answer_seconds_count", 'stage_seconds_count{stage="compose"}')
            return [float(re.search(rf"policyqa_{re.escape(name)} (\S+)", text)[1]) for name in names]

        httpx.post(api[0] + "/v1/ask", json={"question": QUESTION}, timeout=60)
        before, tab = counted(), Tab(SimpleNamespace(address=api[0], cookie=lambda who: {}), "", "t1")
        (asking,) = tab.of("pq-question", "submit")
        with caplog.at_level(logging.DEBUG, "policyqa"):
            assert "30万" in tab.call(asking, {"pq-question": QUESTION})
        assert [now - then for now, then in zip(counted(), before, strict=True)] == [1, 1, 1]
        told = [(record.getMessage(), record.fields) for record in caplog.records if hasattr(record, "fields")]
        ids = {fields.get("route", event): fields["request_id"] for event, fields in told}
        assert ids["answer"] == ids["/gradio_api/queue/join"]

    def test_the_pages_questions_that_wait_are_counted(self):
        app = build_app(FakeEngine())
        (page,) = [r.app.get_blocks() for r in app.routes if hasattr(getattr(r, "app", None), "get_blocks")]
        client = TestClient(app, base_url="http://127.0.0.1:7860")
        assert "policyqa_queue_depth 0.0" in client.get("/metrics").text
        asking = [fn for fn in page.fns.values() if getattr(fn.fn, "__qualname__", "") == "wire_ask.<locals>.run"]
        (asked,) = {fn.concurrency_id for fn in asking}
        page._queue.event_queue_per_concurrency_id[asked] = SimpleNamespace(queue=[None, None])
        assert "policyqa_queue_depth 2.0" in client.get("/metrics").text

    def test_refusals_of_every_kind_are_counted(self):
        meters = Meters()
        meters.request("POST", "/v1/ask", 429, 0.1)
        meters.request("POST", "/v1/ask", 503, 0.1)
        meters.request("GET", "/readyz", 503, 0.1)  # a probe, not a caller
        meters.ingested(Summary(added=2, skipped=[{"source": "a", "reason": "b"}], chunks=7))
        text = meters.text().decode()
        for line in ('refused_total{status="429"} 1.0', 'refused_total{status="503"} 1.0', "ingest_chunks_total 7.0",
                     'ingest_documents_total{change="failed"} 1.0', 'ingest_documents_total{change="added"} 2.0'):  # fmt: skip
            assert f"policyqa_{line}" in text

    @pytest.mark.parametrize(("role", "status"), [("reader", 403), ("editor", 403), ("admin", 200)])
    def test_for_administrators_only(self, role, status):
        app = build_app(FakeEngine())

        async def signed_in(scope, receive, send):
            scope[SCOPE_KEY] = Caller("某人", role)
            await app(scope, receive, send)

        assert TestClient(signed_in, base_url="http://127.0.0.1:7860").get("/metrics").status_code == status

    def test_off_or_on_a_port_of_its_own(self):
        off = Settings(operating=Operating(metrics=False))
        client = TestClient(build_app(FakeEngine(), settings=off), base_url="http://127.0.0.1:7860")
        assert "policyqa_requests" not in client.get("/metrics").text
        meters = Meters()
        from chroma_server import free_port

        settings = Settings(operating=Operating(metrics=False, metrics_port=free_port()))
        assert _metrics(settings, lambda name, ok, told, **_: told) == "metrics_off"
        both = build_app(FakeEngine(), settings=settings)
        with closing(both.state.operations) as operations:
            assert operations.open_metrics_port() == 0
            with pytest.raises(httpx.ConnectError):
                httpx.get(f"http://127.0.0.1:{operations.operating.metrics_port}/metrics")
        stop = serve_metrics(meters, "127.0.0.1", port := free_port())
        try:
            assert "policyqa_answers_in_progress" in httpx.get(f"http://127.0.0.1:{port}/metrics").text
        finally:
            stop()


class TestTraces:
    def test_one_trace_a_question(self, sample_store):
        from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

        exporter = InMemorySpanExporter()
        scope = {"headers": [(b"traceparent", b"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")]}
        with open_engine(Settings(store=sample_store)) as engine:
            watch = Watch(Meters(), open_traces(Operating(), exporter))
            engine.listeners.append(watch)
            engine.ask("火星的算力利用率如何")
            CURRENT.set(
                SimpleNamespace(id="r1", caller="", headers={k.decode(): v.decode() for k, v in scope["headers"]})
            )
            try:
                engine.ask(QUESTION)
            finally:
                CURRENT.set(None)
            with pytest.raises(InputError):
                engine.ask("   ")
        assert watch.busy == 0
        traces = {}
        for span in exporter.get_finished_spans():
            traces.setdefault(span.context.trace_id, []).append(span)
        assert len(traces) == 3 and 0x0AF7651916CD43DD8448EB211C80319C in traces
        for spans in traces.values():
            (root,) = [span for span in spans if span.name == "question"]
            for span in spans:
                assert root.start_time <= span.start_time <= span.end_time <= root.end_time
                assert span is root or span.parent.span_id == root.context.span_id
                assert "算力" not in span.to_json() and "机架" not in span.to_json()
        asked = traces[0x0AF7651916CD43DD8448EB211C80319C]
        assert {span.name for span in asked} == {"question", "understand", "retrieve", "rerank", "compose", "verify"}

    def test_what_is_asked_of_a_part_of_the_documents_is_told_too(self, sample_store):
        with open_engine(Settings(store=sample_store)) as engine:
            if not hasattr(engine, "seen_by"):
                pytest.skip("documents have no collections yet")
            meters = Meters()
            engine.listeners.append(Watch(meters))
            engine.seen_by(Caller("甲", "reader", frozenset({""}))).ask(QUESTION)
        assert "policyqa_answer_seconds_count 1.0" in meters.text().decode()

    def test_off_unless_configured(self):
        assert open_traces(load_operating({})) is None
        ours = load_operating({"POLICYQA_OTEL": "http://127.0.0.1:4318"})
        theirs = load_operating({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:4318/"})
        assert ours.otel == theirs.otel == "http://127.0.0.1:4318/v1/traces"
        for off in ({"POLICYQA_OTEL": "off"}, {"OTEL_SDK_DISABLED": "true"}, {"OTEL_TRACES_EXPORTER": "none"}):
            assert load_operating({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:4318", **off}).otel == ""

    def test_the_missing_extra_is_named_with_its_command(self, monkeypatch):
        monkeypatch.setitem(sys.modules, "opentelemetry.exporter.otlp.proto.http.trace_exporter", None)
        with pytest.raises(MissingPartError, match=r"pip install 'policyqa\[otel\]'"):
            open_traces(Operating(otel="http://127.0.0.1:4318/v1/traces"))

    def test_chroma_sends_nothing_whatever_the_environment_says(self, monkeypatch, tmp_path):
        from chromadb.config import Settings as ChromaSettings

        from ingest import chroma

        monkeypatch.setenv("CHROMA_OTEL_COLLECTION_ENDPOINT", "http://127.0.0.1:4317")
        monkeypatch.chdir(tmp_path)
        (tmp_path / ".env").write_text("ANONYMIZED_TELEMETRY=True\n")
        made = ChromaSettings(**chroma.SILENT)
        assert (made.chroma_otel_collection_endpoint, made.anonymized_telemetry) == ("", False)


class _Slow:
    """An engine whose writing waits until it is let go."""

    def __init__(self):
        self.begun, self.go = threading.Event(), threading.Event()

    def entries(self):
        return []

    def files(self):
        return {}

    def entry(self, doc_id):
        return SimpleNamespace(source=SimpleNamespace(title="某方案"), id=doc_id, file="/f", key="/f")

    def ingest(self, paths, **more):
        self.begun.set()
        self.go.wait(20)
        return Summary(unchanged=1)


class TestJobs:
    def test_what_was_acknowledged_outlives_the_server(self, tmp_path, monkeypatch):
        monkeypatch.setattr("app.library.library.given", lambda entry: "/f")
        first = Library(_Slow(), Shelf(tmp_path / "library"), allow_private=True)
        first.again("d1")
        assert first._engine.begun.wait(10)
        first.fetch("http://127.0.0.1:9/a.txt")
        first.remove("d2")
        first.stop()
        first._engine.go.set()
        first.close()
        second = Library(_Slow(), Shelf(tmp_path / "library"), allow_private=True)
        kept = {(wanted.kind, wanted.what) for wanted in second._pending.all()}
        assert kept == {("fetch", "http://127.0.0.1:9/a.txt"), ("remove", "d2")}
        ended = []
        second.listen(lambda job, seconds: ended.append(job.name))
        second.resume()
        until = time.monotonic() + 20
        while second._pending.all() and time.monotonic() < until:
            time.sleep(0.02)
        second.close()
        assert second._pending.all() == [] and set(ended) == {"某方案", "http://127.0.0.1:9/a.txt"}

    def test_jobs_are_counted(self, tmp_path):
        library = NotingLibrary(tmp_path)
        app = build_app(FakeEngine(), library=library)
        library.on_end(SimpleNamespace(id="1", state="failed", total=0), 0.5)
        client = TestClient(app, base_url="http://127.0.0.1:7860")
        assert 'policyqa_jobs_total{state="failed"} 1.0' in client.get("/metrics").text


class TestDoctor:
    def test_the_service_is_looked_at(self, sample_store, tmp_path, api):
        import shutil

        store = tmp_path / "store"
        shutil.copytree(sample_store, store)
        settings = Settings(store=store, history=tmp_path / "h.sqlite3", library=tmp_path / "library")
        parts = {part["name"]: part for part in examine(settings, url=api[0])["parts"]}
        assert {"索引格式", "磁盘", "权限", "时钟", "备份", "占用", "日志", "指标", "追踪", "网页服务"} <= set(parts)
        assert parts["索引格式"]["ok"] and parts["网页服务"]["ok"] and not parts["备份"]["ok"]
        catalog = store / "catalog.sqlite3"
        os.utime(catalog, (time.time() + 5000, time.time() + 5000))
        (store / "last-backup").write_text("2020-01-01T00:00:00+00:00 /b.tar\n")
        settings = Settings(
            store=store, history=None, library=None, operating=Operating(otel="http://127.0.0.1:9/v1/traces")
        )
        parts = {part["name"]: part for part in examine(settings, language="en", url="http://127.0.0.1:9")["parts"]}
        assert not any(parts[name]["ok"] for name in ("clock", "backup", "traces", "server"))
        assert "policyqa store backup" in parts["backup"]["detail"]

    def test_what_keeps_people_from_working_is_noticed(self, sample_store, tmp_path, monkeypatch):
        import shutil
        import sqlite3

        store, accounts = tmp_path / "store", tmp_path / "accounts.sqlite3"
        shutil.copytree(sample_store, store)
        tmp_path.chmod(0o755)
        store.chmod(0o755)
        oidc = OidcSettings("http://127.0.0.1:9/realm", "id", "a secret of ours", "https://p.example.org")

        def parts(**changed):
            known = {"store": store, "history": None, "library": tmp_path / "library", "accounts": accounts, **changed}
            return {part["name"]: part for part in examine(Settings(**known), url="http://127.0.0.1:9")["parts"]}

        found = parts(embed_model="BAAI/bge-m3")
        assert not found["索引"]["ok"] and "BAAI/bge-m3" in found["索引"]["detail"]
        assert found["账号"]["ok"] and found["权限"]["ok"]  # this machine alone, and nobody signs in
        with closing(Ledger(accounts)) as ledger:
            add(ledger, "chen", "a long enough word", "admin", None)
            monkeypatch.setattr("app.operations.sign_in_checks._is_open", lambda path: path == store)
            found = parts(oidc=oidc)
            assert "管理员 1 个" in found["账号"]["detail"] and str(store) in found["权限"]["detail"]
            assert not found["统一登录"]["ok"] and "secret" not in str(found)
            set_disabled(ledger, "chen", True)
            assert not parts()["账号"]["ok"]
        accounts.write_bytes(b"no database" * 100)
        assert not parts()["账号"]["ok"]
        with closing(sqlite3.connect(store / "catalog.sqlite3")) as db, db:
            db.execute("UPDATE documents SET file = ? || '/a.txt'", (str((tmp_path / "library").resolve()),))
        (tmp_path / "library").rmdir() if (tmp_path / "library").is_dir() else None
        assert "16 份" in parts()["资料库"]["detail"] and not parts()["资料库"]["ok"]
        monkeypatch.setattr("shutil.disk_usage", lambda path: SimpleNamespace(free=5_000_000))
        assert "TMPDIR" in parts()["临时目录"]["detail"]
