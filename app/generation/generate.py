"""Answers by a configured LLM, sentence by sentence, through the same checks as every other sentence.

Any OpenAI-compatible server, through LlamaIndex. What the model says is untrusted: markers that it invents are dropped,
a sentence without a citation or one that fails its check is not shown, and if nothing is left the extractive answer stands.
"""

import contextlib
import queue
import re
import threading
import time
from collections.abc import Iterator, Sequence
from typing import Any

from app.composition.draft import Claim
from app.settings import Settings
from app.types import Evidence, Query
from ingest.errors import PolicyQAError
from ingest.facts.regions import display
from ingest.text.split import split_sentences
from prompts import message

MAX_EVIDENCE = 10  # sentences shown to the model
MAX_OUTPUT = 4000  # characters read from the model; more is cut
MAX_WAITING = 1  # deltas read ahead: the model is heard no faster than its words are used
_MARKER = re.compile(r"[\[［【(（](?:来源|资料|source)?\s*(\d{1,3}(?:\s*[,，、]\s*\d{1,3})*)\s*[\]］】)）]", re.I)
_HEAD_MARKERS = re.compile(rf"\s*(?:{_MARKER.pattern}[ \t]*)+(?=\S)", re.I)
_TRAILING_MARKERS = re.compile(rf"([。！？!?；;.])[ \t]*((?:{_MARKER.pattern}[ \t]*)+)", re.I)
# The evidence line's own head, repeated.
_SOURCE_ECHO = re.compile(r"^\s*[（(][^（）();]{1,40};[^（）()]{1,120}[）)]\s*")
_TEMPLATE_TOKEN = re.compile(r"<\|[^|]{1,40}\|>|</?(?:think|s|start_of_turn|end_of_turn|eos|bos)[^>]{0,20}>")
_LIST_MARK = re.compile(r"^\s*(?:[-*•#>]+|\d{1,2}[.、)）](?!\d))\s*")
_THINKING = re.compile(r"<think>.*?(?:</think>|$)", re.S)


class LLMError(PolicyQAError):
    """The model server failed, timed out or answered nothing usable. The caller falls back."""


def make_llm(settings: Settings) -> Any:
    """A LlamaIndex LLM for the configured server. Imports the client (3 s), so only where an LLM is set."""
    from llama_index.llms.openai_like import OpenAILike

    return OpenAILike(
        model=settings.llm_model, api_base=settings.llm_base_url, api_key=settings.llm_api_key or "none",
        is_chat_model=True, context_window=settings.llm_context, timeout=settings.llm_timeout,
        max_retries=settings.llm_retries, temperature=0.0, max_tokens=700,
    )  # fmt: skip


def select_evidence(claims: Sequence[Claim], ranked: Sequence[Evidence]) -> list[Evidence]:
    """What the model may cite: the extractive answer's own sentences first, then the best of the rest."""
    chosen: dict[tuple[str, int, int], Evidence] = {e.key: e for claim in claims for e in claim.evidence}
    for evidence in ranked:
        if len(chosen) >= MAX_EVIDENCE:
            break
        chosen.setdefault(evidence.key, evidence)
    return list(chosen.values())[:MAX_EVIDENCE]


def write_messages(query: Query, evidence: Sequence[Evidence]) -> tuple[str, str]:
    """System and user message; each source line carries its number, region, date and title."""
    lines = []
    for number, e in enumerate(evidence, 1):
        regions = "、".join(display(code, query.language) for code in e.sentence.regions) or "-"
        lines.append(f"[{number}] ({regions}; {e.hit.source.issued or '-'}; {e.hit.source.title}) {e.text}")
    system = message(query.language, "answer.system.md")
    return system, message(query.language, "answer.user.md", evidence="\n".join(lines), question=query.text)


def generate_claims(llm: Any, query: Query, evidence: Sequence[Evidence], timeout: float) -> Iterator[Claim]:
    """Yield the model's sentences as claims on the evidence they cite, as soon as each is complete.

    Invented markers are dropped; a sentence left without a citation has no evidence and fails its check. Raises LLMError.
    """
    system, user = write_messages(query, evidence)
    buffer, written = "", 0
    for delta in _stream(llm, system, user, timeout):
        buffer += delta
        written += len(delta)
        complete, buffer = _complete_sentences(buffer)
        yield from (claim for text in complete if (claim := _claim(text, evidence, query)))
        if written > MAX_OUTPUT:
            break
    for text in _sentences(buffer):
        if claim := _claim(text, evidence, query):
            yield claim


def _stream(llm: Any, system: str, user: str, timeout: float) -> Iterator[str]:
    """Text deltas of a chat completion; one deadline bounds connecting, retries, pings and dripping together.

    The stream is read in a thread of its own, because a server that sends no word cannot be waited for with a limit.
    """
    lines: queue.Queue[str | Exception | None] = queue.Queue(MAX_WAITING)
    stopped = threading.Event()
    threading.Thread(target=_read, args=(llm, system, user, lines, stopped), daemon=True).start()
    deadline = time.monotonic() + timeout
    try:
        while True:
            item = lines.get(timeout=max(0.0, deadline - time.monotonic()))
            if item is None:
                return
            if isinstance(item, Exception):
                raise LLMError(
                    f"大模型调用失败：{type(item).__name__}", "检查 POLICYQA_LLM_BASE_URL 与模型服务"
                ) from item
            yield item
    except queue.Empty:
        raise LLMError(f"大模型在 {timeout:g} 秒内没有答完", "调大 POLICYQA_LLM_TIMEOUT 或换用更快的模型") from None
    finally:
        stopped.set()


def _read(llm: Any, system: str, user: str, lines: "queue.Queue[Any]", stopped: threading.Event) -> None:
    """Put the deltas into `lines`, then None, or the error that ended them."""
    from llama_index.core.llms import ChatMessage

    try:
        messages = [ChatMessage(role="system", content=system), ChatMessage(role="user", content=user)]
        for response in llm.stream_chat(messages):
            if not _offer(lines, response.delta or "", stopped):
                return
        _offer(lines, None, stopped)
    except Exception as error:  # the client's, httpx's and parsers' errors all mean that the model failed; raised above
        _offer(lines, error, stopped)


def _offer(lines: "queue.Queue[Any]", item: Any, stopped: threading.Event) -> bool:
    """Put `item` unless the reader has gone; False if it has."""
    while not stopped.is_set():
        with contextlib.suppress(queue.Full):
            lines.put(item, timeout=0.2)
            return True
    return False


def _complete_sentences(buffer: str) -> tuple[list[str], str]:
    """Part finished sentences from the running text; a sentence is finished once the next one has begun."""
    if "<think>" in buffer and "</think>" not in buffer:
        return [], buffer
    sentences = _sentences(buffer)
    if len(sentences) < 2:
        return [], buffer
    last = buffer.rfind(sentences[-1][:12])
    return sentences[:-1], buffer[last:] if last >= 0 else sentences[-1]


def _sentences(text: str) -> list[str]:
    """Sentences, each with its markers inside: those behind its full stop (。[1]) and those at the head of its line."""
    text = _TEMPLATE_TOKEN.sub(" ", _THINKING.sub(" ", text))
    found: list[str] = []
    for line in text.split("\n"):
        head = _HEAD_MARKERS.match(line)
        body = _SOURCE_ECHO.sub("", line[head.end() :] if head else line)
        body = _TRAILING_MARKERS.sub(lambda m: m[2].strip() + m[1], body)
        for start, end in split_sentences(body):
            sentence = body[start:end]
            found.append(f"{head[0].strip()}{sentence}" if head and not _MARKER.search(sentence) else sentence)
    return found


def _claim(text: str, evidence: Sequence[Evidence], query: Query) -> Claim | None:
    """A sentence as a claim; None for one without words and for the question given back."""
    numbers = [int(n) for match in _MARKER.finditer(text) for n in re.findall(r"\d+", match[1])]
    cited = tuple(evidence[n - 1] for n in dict.fromkeys(numbers) if 1 <= n <= len(evidence))
    bare = _LIST_MARK.sub("", _MARKER.sub("", text)).strip()
    bare = re.sub(r"\s+([。！？；.])", r"\1", bare).replace("**", "")
    if not re.search(r"[一-龥A-Za-z]{2}", bare) or _echoes(bare, query.text):
        return None
    return Claim(bare, cited, framed=False)


def _echoes(text: str, question: str) -> bool:
    """Whether a sentence only says the question again."""
    bare, asked = (re.sub(r"[^㐀-鿿a-z0-9]", "", t.lower()) for t in (text, question))
    grams = [bare[i : i + 2] for i in range(len(bare) - 1)]
    return bool(re.search(r"[？?]\s*$", text)) or sum(gram in asked for gram in grams) >= 0.9 * max(1, len(grams))
