"""A GGUF model run in this process by llama.cpp (package xllamacpp), behind an OpenAI-compatible server on loopback.

The server's threads end with the process. It wants a key that is made for each start, so that other users of the machine
cannot use it.
"""

import importlib.util
import json
import os
import secrets
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from app.generation.errors import LLMError
from ingest.errors import InputError, MissingPartError

_SERVERS: dict[tuple[Path, int, str], "LocalServer"] = {}  # one per model file; loading takes seconds and gigabytes
_LOCK = threading.Lock()
_TEMPLATE = 256  # tokens beyond the context asked for: what a chat template puts around the messages


@dataclass(frozen=True, slots=True)
class LocalServer:
    """A running server: its address, the key it wants, and what keeps it alive."""

    base_url: str
    key: str
    handle: Any

    def count_tokens(self, text: str) -> int:
        """Return how many tokens the model's own tokenizer makes of a text. Raises OSError, ValueError or KeyError."""
        import urllib.request

        address = self.base_url.removesuffix("/v1") + "/tokenize"
        body = json.dumps({"content": text}).encode("utf-8", "replace")
        headers = {"Content-Type": "application/json", "Authorization": f"Bearer {self.key}"}
        direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with direct.open(urllib.request.Request(address, body, headers), timeout=10) as reply:
            return len(json.load(reply)["tokens"])


def check_model_file(path: Path) -> None:
    """Raise where a model file cannot be run here: MissingPartError without the extra, InputError for the file."""
    if importlib.util.find_spec("xllamacpp") is None:
        raise MissingPartError("运行 .gguf 模型缺少 xllamacpp", 'pip install "policyqa[llama]"')
    try:
        with path.open("rb") as file:
            magic = file.read(4)
    except OSError as error:
        raise InputError(f"读不到模型文件 {path}", "检查 POLICYQA_LLM 的路径") from error
    if magic != b"GGUF":
        raise InputError(f"{path} 不是 GGUF 模型文件", "检查 POLICYQA_LLM 的路径，或文件是否下载完整")


def start_server(path: Path, context: int, template: str = "") -> LocalServer:
    """Load a model, or return the server that runs it already. `template` replaces the chat template of the file.

    Raises as check_model_file, and LLMError where llama.cpp refuses the file.
    """
    check_model_file(path)
    with _LOCK:
        known = _SERVERS.get((path, context, template))
        return known or _SERVERS.setdefault((path, context, template), _start(path, context, template))


def stop_servers() -> None:
    """End the servers of this process and free their memory; for tests and long-lived programs."""
    with _LOCK:
        _SERVERS.clear()


def _start(path: Path, context: int, template: str) -> LocalServer:
    import xllamacpp

    key = secrets.token_urlsafe(24)
    parameters = xllamacpp.CommonParams()
    parameters.model.path = str(path)
    parameters.model_alias = {path.stem}
    parameters.hostnames, parameters.port, parameters.api_keys = ["127.0.0.1"], 0, [key]
    parameters.n_ctx, parameters.n_parallel = context + _TEMPLATE, 1
    parameters.cpuparams.n_threads = max(1, (os.cpu_count() or 1) - 1)  # one stays free for the embedder and the page
    parameters.use_jinja, parameters.chat_template = True, template
    parameters.verbosity, parameters.offline, parameters.ui = 0, True, False
    try:
        server = xllamacpp.Server(parameters)
    except RuntimeError as error:
        raise LLMError(f"模型 {path.name} 无法加载", "检查文件是否完整、内存是否足够") from error
    return LocalServer(f"{server.listening_address}/v1", key, server)
