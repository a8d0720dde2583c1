"""A chat completion as text, under one deadline: silent, dripping, pinging and endless servers all come to an end.

The reply is read in a thread of its own, because a server that sends no word cannot be waited for with a limit. A failed
call is tried again only while nothing has been heard: words once used cannot be taken back.
"""

import contextlib
import queue
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from app.generation.backend import Backend, Limits, watch_calls
from app.generation.errors import LLMError, asked_to_wait, is_refused, may_pass, told
from app.generation.parse import without_thoughts

MAX_WAITING = 1  # deltas read ahead: the model is heard no faster than its words are used
MAX_SHORT = 20_000  # characters of a completion that is wanted whole, thoughts included
_FIRST_PAUSE = 0.5  # seconds before the first new try; doubled each time
_THOUGHT = object()  # a sign of life without a word


@dataclass(slots=True)
class Tally:
    """What is known of a call while it runs."""

    attempts: int = 0
    first_token: float | None = None  # seconds from the first request to the first word
    prompt_tokens: int = 0  # as the server counts them; 0 where it does not say
    completion_tokens: int = 0
    thought: bool = False  # whether it reasoned aloud, which is never shown


def stream_text(
    backend: Backend, system: str, user: str, tally: Tally | None = None, limits: Limits | None = None
) -> Iterator[str]:
    """Yield the words of a chat completion as they come. Raises LLMError.

    Closing the iterator ends the call: the connection is cut at the next sign of the server's.
    """
    tally, limits = tally if tally is not None else Tally(), limits or backend.limits
    llm, began, options = backend.open().llm, time.monotonic(), backend.ask_usage
    while True:
        tally.attempts += 1
        heard = False
        try:
            for text in _attempt(llm, system, user, limits, began, options, tally):
                heard = True
                if tally.first_token is None:
                    tally.first_token = time.monotonic() - began
                yield text
            return
        except _FailedError as failed:
            error = failed.error
            if heard or tally.thought:
                raise told(error) from error
            if options and is_refused(error):  # perhaps it does not know stream_options
                options = False
                continue
            pause = max(_FIRST_PAUSE * 2 ** (tally.attempts - 1), asked_to_wait(error))
            spent = time.monotonic() - began
            if tally.attempts > limits.retries or not may_pass(error) or spent + pause >= limits.total:
                raise told(error) from error
            time.sleep(pause)


def complete(backend: Backend, system: str, user: str, timeout: float) -> str:
    """Return a whole completion within `timeout` seconds, thoughts taken out. Raises LLMError.

    For short answers that a rule reads afterwards (a rewritten question); nothing of it may be shown unchecked.
    """
    limits = replace(backend.limits, total=timeout, first_token=min(timeout, backend.limits.first_token))
    said = ""
    for text in stream_text(backend, system, user, limits=limits):
        said += text
        if len(said) > MAX_SHORT:
            raise LLMError("大模型的回答过长")
    return without_thoughts(said).strip()


class _FailedError(Exception):
    """A try that ended with an error of the client's."""

    def __init__(self, error: Exception) -> None:
        super().__init__(str(error))
        self.error = error


def _attempt(
    llm: Any, system: str, user: str, limits: Limits, began: float, options: bool, tally: Tally
) -> Iterator[str]:
    lines: queue.Queue[Any] = queue.Queue(MAX_WAITING)
    stopped = threading.Event()
    threading.Thread(target=_read, args=(llm, system, user, lines, stopped, options, tally), daemon=True).start()
    asked, alive = time.monotonic(), False
    try:
        while True:
            until = began + limits.total if alive else min(began + limits.total, asked + limits.first_token)
            item = lines.get(timeout=max(0.0, until - time.monotonic()))
            if item is None:
                return
            if isinstance(item, Exception):
                raise _FailedError(item)
            alive = True
            if item is _THOUGHT:
                tally.thought = True
            else:
                yield item
    except queue.Empty:
        raise _late(limits, alive) from None
    finally:
        stopped.set()


def _late(limits: Limits, alive: bool) -> LLMError:
    if alive or limits.first_token >= limits.total:
        return LLMError(f"大模型在 {limits.total:g} 秒内没有答完", "调大 POLICYQA_LLM_TIMEOUT 或换用更快的模型")
    return LLMError(
        f"大模型在 {limits.first_token:g} 秒内没有开始回答", "调大 POLICYQA_LLM_FIRST_TOKEN 或换用更快的模型"
    )


def _read(
    llm: Any, system: str, user: str, lines: "queue.Queue[Any]", stopped: threading.Event, options: bool, tally: Tally
) -> None:
    """Put the deltas into `lines`, then None, or the error that ended them."""
    from llama_index.core.llms import ChatMessage

    watch_calls(stopped)
    asking: dict[str, Any] = {"stream_options": {"include_usage": True}} if options else {}
    try:
        messages = [ChatMessage(role="system", content=system), ChatMessage(role="user", content=user)]
        for response in llm.stream_chat(messages, **asking):
            known = getattr(response, "additional_kwargs", None) or {}
            tally.prompt_tokens = known.get("prompt_tokens") or tally.prompt_tokens
            tally.completion_tokens = known.get("completion_tokens") or tally.completion_tokens
            item = response.delta or (_THOUGHT if known.get("thinking_delta") else "")
            if item and not _offer(lines, item, stopped):
                return
        _offer(lines, None, stopped)
    except Exception as error:  # the client's, httpx's and parsers' errors all mean that the model failed; told above
        _offer(lines, error, stopped)


def _offer(lines: "queue.Queue[Any]", item: Any, stopped: threading.Event) -> bool:
    """Put `item` unless the reader has gone; False if it has."""
    while not stopped.is_set():
        with contextlib.suppress(queue.Full):
            lines.put(item, timeout=0.2)
            return True
    return False
