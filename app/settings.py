"""Settings, read once from the environment (POLICYQA_*). They hold values; objects are made in app.build."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from ingest.errors import InputError
from ingest.location import Location, as_location

DEFAULT_STORE = ".policyqa/store"
DEFAULT_HISTORY = ".policyqa/history.sqlite3"


@dataclass(frozen=True, slots=True)
class Settings:
    """All that can be set. Environment names are in README's table."""

    store: Location = Path(DEFAULT_STORE)
    embed_model: str = "bundled"
    rerank: str = "late"  # late, none, or a cross-encoder's name or folder
    cache: Path | None = None
    history: Path | None = Path(DEFAULT_HISTORY)  # conversations of the page; None keeps none
    allow_private_urls: bool = False  # whether ingest may fetch from private and loopback addresses
    llm_base_url: str = ""
    llm_model: str = ""
    llm_api_key: str = ""
    llm_timeout: float = 60.0
    llm_retries: int = 1
    llm_context: int = 8192

    @property
    def has_llm(self) -> bool:
        """Whether a generative model is configured."""
        return bool(self.llm_base_url and self.llm_model)


def load_settings(environment: Mapping[str, str] | None = None, store: str | None = None) -> Settings:
    """Read settings from the environment; `store` (the --store option) wins over POLICYQA_STORE.

    Raises InputError for a value that cannot be used.
    """
    env = os.environ if environment is None else environment
    cache = env.get("POLICYQA_CACHE", "")
    history = env.get("POLICYQA_HISTORY", "").strip() or DEFAULT_HISTORY
    base_url, model = env.get("POLICYQA_LLM_BASE_URL", "").strip(), env.get("POLICYQA_LLM_MODEL", "").strip()
    if bool(base_url) != bool(model):
        raise InputError("大模型配置不完整", "POLICYQA_LLM_BASE_URL 与 POLICYQA_LLM_MODEL 要同时设置")
    if base_url and not base_url.startswith(("http://", "https://")):
        raise InputError(f"POLICYQA_LLM_BASE_URL 不是网址：{base_url}", "例如 http://127.0.0.1:8080/v1")
    return Settings(
        store=as_location(store or env.get("POLICYQA_STORE") or DEFAULT_STORE),
        embed_model=env.get("POLICYQA_EMBED_MODEL") or "bundled",
        rerank=env.get("POLICYQA_RERANK", "").strip() or "late",
        cache=Path(cache) if cache else None,
        history=None if history == "off" else Path(history),
        allow_private_urls=env.get("POLICYQA_ALLOW_PRIVATE_URLS", "").strip() == "1",
        llm_base_url=base_url,
        llm_model=model,
        llm_api_key=env.get("POLICYQA_LLM_API_KEY", ""),
        llm_timeout=_number(env, "POLICYQA_LLM_TIMEOUT", 60.0, 0.1, 3600),
        llm_retries=int(_number(env, "POLICYQA_LLM_RETRIES", 1, 0, 5)),
        llm_context=int(_number(env, "POLICYQA_LLM_CONTEXT", 8192, 512, 2_000_000)),
    )


def _number(env: Mapping[str, str], name: str, default: float, low: float, high: float) -> float:
    raw = env.get(name, "").strip()
    if not raw:
        return default
    try:
        value = float(raw)
    except ValueError:
        value = float("nan")
    if not low <= value <= high:
        raise InputError(f"{name}={raw} 无效", f"要 {low:g} 到 {high:g} 之间的数")
    return value
