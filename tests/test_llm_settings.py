"""Which model is asked: presets, keys, model files, and what `policyqa doctor` tells of them."""

import contextlib
import http.server
import importlib.util
import json
import threading

import pytest

from app.doctor import examine, without_secrets
from app.documents import answer_as_text
from app.generation.backend import make_backend
from app.generation.presets import PRESETS
from app.settings import load_settings
from app.types import Answer, Dropped
from app.understanding.language import HAN
from ingest.errors import InputError, MissingPartError

SECRET = "sk-never-shown-0123"


def llm_part(environment, tmp_path):
    settings = load_settings(environment, store=str(tmp_path / "none"))
    report = examine(settings)
    return next(part for part in report["parts"] if part["name"] == "大模型"), json.dumps(report, ensure_ascii=False)


@contextlib.contextmanager
def models(status=200, body='{"data": [{"id": "glm-x"}, {"id": "other"}]}', seen=None):
    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            if seen is not None:
                seen.append((self.path, self.headers["Authorization"]))
            data = body.encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, *_):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/v1"
    server.shutdown()
    server.server_close()


@pytest.mark.parametrize("name", sorted(PRESETS))
def test_a_preset_gives_all_that_it_can(name):
    preset = PRESETS[name]
    environment = {"POLICYQA_LLM": name.upper(), **dict.fromkeys(preset.keys, SECRET)}
    if not preset.model:
        with pytest.raises(InputError, match="POLICYQA_LLM_MODEL"):
            load_settings(environment)
        environment["POLICYQA_LLM_MODEL"] = "some-model"
    settings = load_settings(environment)
    assert settings.has_llm and settings.llm_base_url.startswith("http") and settings.llm_model
    assert settings.llm_api_key == (SECRET if preset.keys else "") and SECRET not in repr(settings)
    assert settings.llm_base_url.startswith("https://") or "127.0.0.1" in settings.llm_base_url


def test_what_is_said_wins_over_the_preset():
    settings = load_settings(
        {
            "POLICYQA_LLM": "deepseek", "POLICYQA_LLM_MODEL": "m", "POLICYQA_LLM_BASE_URL": "http://127.0.0.1:1/v1",
            "DEEPSEEK_API_KEY": "vendor", "POLICYQA_LLM_API_KEY": "own", "POLICYQA_LLM_CONTEXT": "1000",
            "POLICYQA_LLM_EXTRA": '{"top_p": 0.5}',
        }
    )  # fmt: skip
    assert (settings.llm_model, settings.llm_base_url, settings.llm_context) == ("m", "http://127.0.0.1:1/v1", 1000)
    assert (settings.llm_api_key, settings.llm_key_from) == ("own", "POLICYQA_LLM_API_KEY")
    assert settings.llm_extra["top_p"] == 0.5 and "thinking" in settings.llm_extra


def test_a_vendors_key_is_not_sent_to_another_server():
    settings = load_settings(
        {"POLICYQA_LLM_BASE_URL": "http://127.0.0.1:1/v1", "POLICYQA_LLM_MODEL": "m", "OPENAI_API_KEY": SECRET}
    )
    assert settings.llm_api_key == ""


@pytest.mark.parametrize(
    ("environment", "part"),
    [
        ({"POLICYQA_LLM": "nobody"}, "deepseek"),
        ({"POLICYQA_LLM_MODEL": "m"}, "POLICYQA_LLM_BASE_URL"),
        ({"POLICYQA_LLM_BASE_URL": "ftp://x", "POLICYQA_LLM_MODEL": "m"}, "不是网址"),
        ({"POLICYQA_LLM_PRICE": "2"}, "输入价,输出价"),
        ({"POLICYQA_LLM_PRICE": "-1,2"}, "输入价,输出价"),
        ({"POLICYQA_LLM_PRICE": "nan,2"}, "输入价,输出价"),
        ({"POLICYQA_LLM_EXTRA": "[1]"}, "JSON"),
        ({"POLICYQA_LLM_EXTRA": "{"}, "JSON"),
        ({"POLICYQA_LLM_FIRST_TOKEN": "0"}, "POLICYQA_LLM_FIRST_TOKEN"),
    ],
)
def test_what_cannot_be_used_is_told_in_one_line(environment, part):
    with pytest.raises(InputError) as told:
        load_settings(environment)
    assert part in str(told.value) and "\n" not in str(told.value)


def test_a_model_file_is_looked_at_before_anything_slow(tmp_path, monkeypatch):
    path = tmp_path / "Model.GGUF"
    settings = load_settings({"POLICYQA_LLM": str(path)})
    assert settings.has_llm and settings.llm_model == "Model" and settings.llm_base_url == ""
    real = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name, *a: None if name == "xllamacpp" else real(name, *a))
    with pytest.raises(MissingPartError, match=r"policyqa\[llama\]"):
        make_backend(settings)
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name, *a: object() if name == "xllamacpp" else real(name, *a)
    )
    with pytest.raises(InputError, match="读不到"):
        make_backend(settings)
    path.write_text("not a model", encoding="utf-8")
    with pytest.raises(InputError, match="不是 GGUF"):
        make_backend(settings)
    path.write_bytes(b"GGUF....")
    assert make_backend(settings).name == "Model"


@pytest.mark.parametrize(
    ("status", "body", "ok", "said"),
    [
        (200, '{"data": [{"id": "glm-x"}]}', True, "模型在列"),
        (200, '{"data": [{"id": "a"}, {"id": "b"}]}', False, "模型不在列；有 a、b"),
        (200, '{"data": []}', True, "没有列出模型"),
        (200, "<html>login</html>", True, "没有列出模型"),
        (401, "{}", False, "密钥无效"),
        (404, "{}", True, "没有 /models 接口"),
        (500, "{}", False, "HTTP 500"),
    ],
)
def test_doctor_asks_the_server_for_its_models_and_never_shows_the_key(tmp_path, status, body, ok, said):
    seen = []
    with models(status, body, seen) as address:
        part, report = llm_part(
            {
                "POLICYQA_LLM": "zhipu",
                "POLICYQA_LLM_BASE_URL": address,
                "POLICYQA_LLM_MODEL": "glm-x",
                "ZAI_API_KEY": SECRET,
            },
            tmp_path,
        )
    assert part["ok"] is ok and said in part["detail"] and "ZAI_API_KEY" in part["detail"]
    assert SECRET not in report and seen == [("/v1/models", f"Bearer {SECRET}")]
    assert status != 200 or "毫秒" in part["detail"]


def test_doctor_on_a_dead_server_and_without_a_model(tmp_path):
    part, report = llm_part(
        {"POLICYQA_LLM": "ollama", "POLICYQA_LLM_BASE_URL": "http://me:pw@127.0.0.1:9/v1"}, tmp_path
    )
    assert not part["ok"] and "无法访问" in part["detail"] and "pw" not in report
    part, _ = llm_part({}, tmp_path)
    assert part["ok"] and "未配置" in part["detail"]


def test_addresses_lose_what_may_be_secret():
    assert without_secrets("https://u:p@h.example:8/v1?key=1#x") == "https://h.example:8/v1"


@pytest.mark.parametrize(
    ("model", "dropped", "line"),
    [
        ("extractive", 0, ""),
        ("m (dropped 2)", 2, "（m，略去 2 句未通过核验的话）"),
        ("m", 0, "（m）"),
        ("extractive (m: nothing passed the checks)", 3, "（大模型的 3 句话都未通过核验，以上为原文摘录）"),
        ("extractive (LLM failed: 大模型密钥无效（E 401）)", 0, "（大模型密钥无效（E 401），以上为原文摘录）"),
    ],
)
def test_the_terminal_says_what_became_of_a_models_words(model, dropped, line):
    answer = Answer("甲？", "甲。", model=model, dropped=(Dropped("乙", "scope"),) * dropped)
    assert answer_as_text(answer) == "\n".join(["甲。", *(["", line] if line else [])])
    assert not HAN.search(answer_as_text(answer, "en").replace("甲。", "").replace("大模型密钥无效（E 401）", ""))
