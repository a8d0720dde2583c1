"""The configured model as a LlamaIndex LLM, made on first use, with the limits under which it is asked."""

import logging
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from app.generation.embedded import check_model_file, start_server
from app.generation.tokens import Count, estimate_tokens
from app.settings import Settings

MAX_ANSWER = 700  # tokens that the model may write
MAX_BYTES = 4_000_000  # of one reply: a server that never ends is left
_watched = threading.local()  # .stopped: the event that ends the call which this thread is making

# They log addresses and whole requests, in which keys may stand, at whatever level the process logs.
_TALKATIVE = ("openai", "httpx", "httpcore", "llama_index")


@dataclass(frozen=True, slots=True)
class Limits:
    """Seconds for one answer in all and until the first sign of life, tries after a failure, tokens of context."""

    total: float = 60.0
    first_token: float = 30.0
    retries: int = 1
    context: int = 8192

    @property
    def answer(self) -> int:
        """Tokens kept free for the answer."""
        return min(MAX_ANSWER, self.context // 3)


@dataclass(frozen=True, slots=True)
class Opened:
    """A LlamaIndex LLM and how its tokens are counted; `exact` where the model's own tokenizer does it."""

    llm: Any
    count: Count = estimate_tokens
    exact: bool = False


class Backend:
    """A model by name, opened once, on first use. Safe to share by threads."""

    def __init__(
        self,
        name: str,
        make: Callable[[], Opened],
        limits: Limits | None = None,
        price: tuple[float, float] | None = None,
        ask_usage: bool = False,
    ) -> None:
        self.name = name
        self.limits = limits or Limits()
        self.price = price
        self.ask_usage = ask_usage  # whether the request asks for token counts (stream_options)
        self._make = make
        self._opened: Opened | None = None
        self._lock = threading.Lock()

    def open(self) -> Opened:
        """Return the LLM. Raises LLMError where a model file cannot be loaded."""
        with self._lock:
            if self._opened is None:
                self._opened = self._make()
            return self._opened


def make_backend(settings: Settings) -> Backend | None:
    """The configured model; None where none is. Raises MissingPartError or InputError for a model file, early."""
    if not settings.has_llm:
        return None
    if settings.llm_gguf is not None:
        check_model_file(settings.llm_gguf)
    limits = Limits(settings.llm_timeout, settings.llm_first_token, settings.llm_retries, settings.llm_context)
    return Backend(settings.llm_model, lambda: _open(settings, limits), limits, settings.llm_price, settings.llm_usage)


def _open(settings: Settings, limits: Limits) -> Opened:
    if settings.llm_gguf is None:
        return Opened(_openai_like(settings, settings.llm_base_url, settings.llm_api_key, limits))
    server = start_server(settings.llm_gguf, settings.llm_context)
    return Opened(_openai_like(settings, server.base_url, server.key, limits), server.count_tokens, exact=True)


def _openai_like(settings: Settings, base_url: str, key: str, limits: Limits) -> Any:
    """A LlamaIndex LLM for a server. Imports the client (3 s), so only where an LLM is set. Retries are app's own."""
    import httpx
    from llama_index.llms.openai_like import OpenAILike

    for name in _TALKATIVE:
        logging.getLogger(name).setLevel(logging.WARNING)
    local = settings.llm_gguf is not None
    waiting = min(limits.total, limits.first_token)  # between two pieces of a reply
    client = httpx.Client(timeout=waiting, event_hooks={"response": [_watch]}, trust_env=not local)
    return OpenAILike(
        model=settings.llm_model, api_base=base_url, api_key=key or "none", is_chat_model=True,
        context_window=limits.context, timeout=waiting, max_retries=0, temperature=0.0, max_tokens=limits.answer,
        http_client=client, additional_kwargs={"extra_body": dict(settings.llm_extra)} if settings.llm_extra else {},
    )  # fmt: skip


def watch_calls(stopped: threading.Event) -> None:
    """Let calls made by this thread end when `stopped` is set."""
    _watched.stopped = stopped


def _watch(response: Any) -> None:
    """End a reply at the next piece of it once nobody waits for it, or when it is too long.

    A hook of httpx, called before the body is read. Pieces are looked at as they come from the wire, so that keep-alive
    comments, which the client swallows, count as well.
    """
    import httpx

    source, stopped = response.stream, getattr(_watched, "stopped", None)

    class Watched(httpx.SyncByteStream):  # type: ignore[misc,unused-ignore]
        def __iter__(self) -> Iterator[bytes]:
            received = 0
            for piece in source:
                received += len(piece)
                if (stopped is not None and stopped.is_set()) or received > MAX_BYTES:
                    return
                yield piece

        def close(self) -> None:
            source.close()

    response.stream = Watched()
