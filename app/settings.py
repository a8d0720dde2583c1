"""Settings, read once from the environment (POLICYQA_*). They hold values; objects are made in app.build."""

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from app.access.oidc_settings import OidcSettings, load_oidc
from app.generation.presets import PRESETS, Preset
from app.operations.options import Operating, load_operating
from ingest.errors import InputError
from ingest.location import Location, as_location

DEFAULT_STORE = ".policyqa/store"
DEFAULT_HISTORY = ".policyqa/history.sqlite3"
DEFAULT_LIBRARY = ".policyqa/library"
DEFAULT_ACCOUNTS = ".policyqa/accounts.sqlite3"
_OWN_KEY = "POLICYQA_LLM_API_KEY"


@dataclass(frozen=True, slots=True)
class Settings:
    """All that can be set. Environment names are in README's table."""

    # An address or a request's extra fields may hold a password: neither is shown where the settings are.
    store: Location = field(default=Path(DEFAULT_STORE), repr=False)
    embed_model: str = "bundled"
    rerank: str = "late"  # late, none, or a cross-encoder's name or folder
    cache: Path | None = None
    history: Path | None = Path(DEFAULT_HISTORY)  # conversations of the page; None keeps none
    library: Path | None = Path(DEFAULT_LIBRARY)  # files that are added on the page; None: none can be
    accounts: Path | None = Path(DEFAULT_ACCOUNTS)  # who may sign in; None: nobody can, on this machine nobody need
    oidc: OidcSettings | None = None  # an organisation's sign-in
    allow_private_urls: bool = False  # whether ingest may fetch from private and loopback addresses
    rate: str = ""  # requests of one caller, as 60/minute; off: any number; "": as app.api.limits has it
    concurrency: int = 4  # answers of the API made at once
    queue: int = 64  # that may wait for that
    answer_timeout: float = 120.0  # seconds that one of them may take, waiting included
    operating: Operating = field(default_factory=Operating)  # logs, metrics, traces, the end of the server
    llm_base_url: str = field(default="", repr=False)
    llm_model: str = ""
    llm_api_key: str = field(default="", repr=False)
    llm_key_from: str = ""  # the variable that the key was read from
    llm_gguf: Path | None = None  # a model file, run in this process
    llm_timeout: float = 60.0  # seconds that one answer may take
    llm_first_token: float = 30.0  # seconds until the first sign of life
    llm_retries: int = 1
    llm_context: int = 8192  # tokens
    llm_price: tuple[float, float] | None = None  # per million tokens in, out
    llm_extra: Mapping[str, Any] = field(default_factory=dict, repr=False)  # added to the request's body
    llm_usage: bool = True  # whether token counts may be asked for

    @property
    def has_llm(self) -> bool:
        """Whether a generative model is configured."""
        return self.llm_gguf is not None or bool(self.llm_base_url and self.llm_model)


def load_settings(environment: Mapping[str, str] | None = None, store: str | None = None) -> Settings:
    """Read settings from the environment; `store` (the --store option) wins over POLICYQA_STORE.

    Raises InputError for a value that cannot be used.
    """
    env = os.environ if environment is None else environment
    cache = env.get("POLICYQA_CACHE", "")
    history = env.get("POLICYQA_HISTORY", "").strip() or DEFAULT_HISTORY
    accounts = env.get("POLICYQA_ACCOUNTS", "").strip() or DEFAULT_ACCOUNTS
    location = as_location(store or env.get("POLICYQA_STORE") or DEFAULT_STORE)
    library = env.get("POLICYQA_LIBRARY", "").strip()
    return Settings(
        store=location,
        embed_model=env.get("POLICYQA_EMBED_MODEL") or "bundled",
        rerank=env.get("POLICYQA_RERANK", "").strip() or "late",
        cache=Path(cache) if cache else None,
        history=None if history == "off" else Path(history),
        library=None if library == "off" else Path(library) if library else _beside(location),
        accounts=None if accounts == "off" else Path(accounts),
        oidc=load_oidc(env),
        allow_private_urls=env.get("POLICYQA_ALLOW_PRIVATE_URLS", "").strip() == "1",
        rate=env.get("POLICYQA_RATE", "").strip(),
        concurrency=int(_number(env, "POLICYQA_CONCURRENCY", 4, 1, 256)),
        queue=int(_number(env, "POLICYQA_QUEUE", 64, 0, 10_000)),
        answer_timeout=_number(env, "POLICYQA_ANSWER_TIMEOUT", 120.0, 1, 3600),
        operating=load_operating(env),
        **_llm_settings(env),
    )


def _beside(store: Location) -> Path:
    """Where the library's files are kept unless that is set: beside the index."""
    return store.parent / "library" if isinstance(store, Path) else Path(DEFAULT_LIBRARY)


def _llm_settings(env: Mapping[str, str]) -> dict[str, Any]:
    """The fields llm_*. POLICYQA_LLM names a preset or a model file; the other variables win over what it stands for."""
    chosen = env.get("POLICYQA_LLM", "").strip()
    gguf = Path(chosen).expanduser() if chosen.lower().endswith(".gguf") else None
    if chosen and gguf is None and chosen.lower() not in PRESETS:
        known = "、".join(PRESETS)
        raise InputError(f"POLICYQA_LLM={chosen} 无法识别", f"可填 {known}，或一个 .gguf 文件的路径")
    preset = PRESETS.get(chosen.lower(), Preset(""))
    base_url = env.get("POLICYQA_LLM_BASE_URL", "").strip() or preset.base_url
    model = env.get("POLICYQA_LLM_MODEL", "").strip() or (gguf.stem if gguf else preset.model)
    if gguf is None:
        _check_server(chosen, base_url, model)
    key_from = next((name for name in (_OWN_KEY, *preset.keys) if env.get(name, "").strip()), "")
    return {
        "llm_base_url": "" if gguf else base_url,
        "llm_model": model,
        "llm_api_key": env.get(key_from, "").strip() if key_from else "",
        "llm_key_from": key_from,
        "llm_gguf": gguf,
        "llm_timeout": _number(env, "POLICYQA_LLM_TIMEOUT", 60.0, 0.1, 3600),
        "llm_first_token": _number(env, "POLICYQA_LLM_FIRST_TOKEN", 30.0, 0.1, 3600),
        "llm_retries": int(_number(env, "POLICYQA_LLM_RETRIES", 1, 0, 5)),
        "llm_context": int(_number(env, "POLICYQA_LLM_CONTEXT", preset.context if preset.base_url else 8192, 512, 2e6)),
        "llm_price": _price(env),
        "llm_extra": {**preset.extra, **_extra(env)},
        "llm_usage": preset.usage,
    }


def _check_server(chosen: str, base_url: str, model: str) -> None:
    if chosen and not model:
        raise InputError(f"POLICYQA_LLM={chosen} 还要说明用哪个模型", "设置 POLICYQA_LLM_MODEL")
    if bool(base_url) != bool(model):
        raise InputError(
            "大模型配置不完整", "POLICYQA_LLM_BASE_URL 与 POLICYQA_LLM_MODEL 要同时设置，或设置 POLICYQA_LLM"
        )
    if base_url and not base_url.startswith(("http://", "https://")):
        raise InputError("POLICYQA_LLM_BASE_URL 不是网址", "例如 http://127.0.0.1:8080/v1")


def _price(env: Mapping[str, str]) -> tuple[float, float] | None:
    """Prices of a million tokens in and out, in the operator's currency: POLICYQA_LLM_PRICE=2,8."""
    raw = env.get("POLICYQA_LLM_PRICE", "").strip()
    if not raw:
        return None
    try:
        paid, earned = (float(part) for part in raw.replace("，", ",").split(","))
    except ValueError:
        paid = earned = -1.0
    if not (0 <= paid < 1e6 and 0 <= earned < 1e6):
        raise InputError(f"POLICYQA_LLM_PRICE={raw} 无效", "写作“输入价,输出价”，每百万 token，例如 2,8")
    return paid, earned


def _extra(env: Mapping[str, str]) -> dict[str, Any]:
    raw = env.get("POLICYQA_LLM_EXTRA", "").strip()
    try:
        value = json.loads(raw) if raw else {}
    except json.JSONDecodeError:
        value = None
    if not isinstance(value, dict):
        raise InputError("POLICYQA_LLM_EXTRA 不是 JSON 对象", '例如 {"enable_thinking": false}')
    return value


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
