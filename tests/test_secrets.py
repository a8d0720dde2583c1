"""Secrets that are set are told to nobody: not on a terminal, in JSON, a log, an export, an error page or a repr."""

import json
import logging
import re
from pathlib import Path

import pytest
from fake_engine import FakeEngine
from fake_llm import Scripted, serving
from fastapi.testclient import TestClient

from app.cli import main
from app.history.book import open_history
from app.server import build_app
from app.settings import load_settings

README = Path(__file__).resolve().parent.parent / "README.md"
CANARY = "canary7f3a-never-shown"
# Every variable that is documented and whose name says that it is a secret: one that is added is tested from then on.
NAMED = set(re.findall(r"POLICYQA_\w*(?:KEY|SECRET|PASSWORD|(?<!FIRST_)TOKEN)\w*", README.read_text(encoding="utf-8")))
SECRETS = {
    **dict.fromkeys(NAMED, CANARY),
    **dict.fromkeys(("DEEPSEEK_API_KEY", "DASHSCOPE_API_KEY", "OPENAI_API_KEY", "ZAI_API_KEY"), CANARY),
    "POLICYQA_LLM_EXTRA": json.dumps({"api_key": CANARY}),
    "POLICYQA_LLM_RETRIES": "0",
    "POLICYQA_LLM_MODEL": "m",
    "POLICYQA_OIDC_ISSUER": "https://idp.invalid",
    "POLICYQA_OIDC_CLIENT_ID": "client",
    "POLICYQA_PUBLIC_URL": "https://policyqa.invalid",
}
ADDRESS = f"http://me:{CANARY}@127.0.0.1:9"
COMMANDS = [
    ({}, ["doctor"]),
    ({}, ["doctor", "--json"]),
    ({}, ["ask", "贵州算力利用率如何"]),
    ({}, ["ask", "贵州算力利用率如何", "--json"]),
    ({}, ["history", "list", "--json"]),
    ({"POLICYQA_STORE": ADDRESS}, ["docs", "list", "--json"]),
    ({"POLICYQA_STORE": f"{ADDRESS}/?token={CANARY}"}, ["ask", "x"]),
    ({"POLICYQA_LLM_BASE_URL": f"htp://me:{CANARY}@h"}, ["ask", "x"]),
    ({"POLICYQA_LLM_BASE_URL": f"http://me:{CANARY}@[::1"}, ["ask", "贵州算力利用率如何"]),
    ({"POLICYQA_LLM_EXTRA": f'["{CANARY}"]'}, ["ask", "x"]),
    ({"POLICYQA_LLM_EXTRA": f'{{"{CANARY}'}, ["ask", "x"]),
    ({}, ["ingest", f"http://me:{CANARY}@127.0.0.1/x"]),
    ({}, ["serve", "--port", "0"]),
]


@pytest.fixture
def secretive(monkeypatch, tmp_path):
    for name, value in {**SECRETS, "POLICYQA_LLM_BASE_URL": f"{ADDRESS}/v1?key={CANARY}"}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("POLICYQA_HISTORY", str(tmp_path / "history.sqlite3"))


def test_the_names_of_secrets_are_found_in_the_readme():
    assert "POLICYQA_LLM_API_KEY" in NAMED and not any("FIRST_TOKEN" in name for name in NAMED)


@pytest.mark.parametrize(("environment", "command"), COMMANDS, ids=lambda value: " ".join(value) or "set")
def test_no_command_prints_a_secret(secretive, monkeypatch, sample_store, capfd, caplog, environment, command):
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    store = [] if "POLICYQA_STORE" in environment else ["--store", str(sample_store)]
    with caplog.at_level(logging.DEBUG):
        main([*command, *store])
    said = "".join(capfd.readouterr()) + caplog.text
    assert CANARY not in said and "Traceback" not in said


@pytest.mark.parametrize("status", [(401, "", '{"error": "no such key: %s"}'), (500, "", "%s")])
def test_a_server_that_repeats_the_key_is_not_repeated(monkeypatch, sample_store, capfd, caplog, status):
    answered = (status[0], status[1], status[2] % CANARY)
    with serving(Scripted(statuses=[answered] * 9)) as address:
        for name, value in {**SECRETS, "POLICYQA_LLM_BASE_URL": address}.items():
            monkeypatch.setenv(name, value)
        with caplog.at_level(logging.DEBUG):
            for command in (
                ["ask", "贵州算力利用率如何", "--json"],
                ["ask", "贵州算力利用率如何"],
                ["doctor", "--json"],
            ):
                main([*command, "--store", str(sample_store)])
    assert CANARY not in "".join(capfd.readouterr()) + caplog.text


def test_settings_show_no_secret():
    settings = load_settings({**SECRETS, "POLICYQA_LLM_BASE_URL": f"{ADDRESS}/v1", "POLICYQA_STORE": ADDRESS})
    assert settings.llm_api_key == CANARY and CANARY not in repr(settings) + str(settings)


class Failing(FakeEngine):
    """Every way in fails with words that hold a secret."""

    def documents(self):
        raise RuntimeError(f"key {CANARY}")

    def search(self, *_, **__):
        raise RuntimeError(f"key {CANARY}")

    def document(self, doc_id):
        raise RuntimeError(f"key {CANARY}")


def test_no_page_and_no_export_shows_a_secret_or_a_trace(secretive, tmp_path):
    settings = load_settings()
    with open_history(tmp_path / "h.sqlite3") as book:
        app = build_app(Failing(), book=book, settings=settings)
        with TestClient(app, base_url="http://127.0.0.1:7860", raise_server_exceptions=False) as client:
            replies = [client.get(p) for p in ("/", "/config", "/healthz", "/readyz", "/v1/documents", "/v1/search?q=x", "/source/d1",
                       "/source/d1/original", "/v1/openapi.json", "/export/c0123456789abcdef.md", "/v1/documents/d1")]  # fmt: skip
            for question in ("坏", "错"):
                replies.append(client.post("/v1/ask", json={"question": question}))
                replies.append(client.post("/v1/ask", json={"question": question, "stream": True}))
                message = {"model": "policyqa", "messages": [{"role": "user", "content": question}]}
                replies.append(client.post("/v1/chat/completions", json=message))
    assert {reply.status_code for reply in replies} >= {200, 404, 500}
    for reply in replies:
        said = reply.text + str(reply.headers)
        assert not re.search(f'{CANARY}|secret detail|Traceback|File "|{re.escape(str(tmp_path))}', said), reply.url
