"""A follow-up rewritten by a configured LLM, where it does better than the rules and keeps to the conversation.

What the model returns is untrusted: it may neither bring in nor lose a region, a period, a number or a document, must be made of
the conversation's own words, and has a few seconds. Whatever fails leaves the rules' rewriting in force.
"""

import queue
import re
import threading
from collections.abc import Callable, Sequence
from datetime import date
from typing import Any

from app.types import Turn
from app.understanding.language import HAN
from app.understanding.periods import question_periods
from app.understanding.places import mentions_of
from ingest.facts.numbers import find_quantities
from ingest.lexical import fold, words
from prompts import message

MAX_WAIT = 8.0  # seconds: a rewriting is not worth more
MAX_LENGTH = 200  # characters
MAX_SHORT = 30  # characters: a longer question that the rules leave alone says what it is about
MIN_OWN = 0.8  # share of a rewriting's words that the conversation must hold
_TURNS = 6
_FRAME = re.compile(r"^(?:改写后的?|独立的?)?(?:问题|question|rewritten question)?\s*[:：]\s*", re.I)


def llm_rewriter(make: Callable[[], Any], timeout: float) -> Callable[[str, Sequence[Turn], str], str]:
    """A rewriter (question, history, the rules' rewriting) -> rewriting, by the model that `make` gives. It never raises."""

    def rewrite(question: str, history: Sequence[Turn], rule: str) -> str:
        asked = [turn.content for turn in history if turn.role == "user"][-_TURNS:]
        if not asked or (rule == question and len(question) > MAX_SHORT):
            return rule
        language = "zh" if HAN.search(question) else "en"
        prompt = message(
            language, "rewrite.user.md", history="\n".join(f"- {text}" for text in asked), question=question
        )
        answer = _complete(make, prompt, min(timeout, MAX_WAIT))
        candidate = plain_line(answer)
        return candidate if keeps_to(candidate, rule, [*asked, question]) else rule

    return rewrite


def plain_line(answer: str) -> str:
    """The first line of a model's answer that holds words, folded, without quotation marks and a heading."""
    answer = re.sub(r"<think>.*?(?:</think>|$)", "", answer, flags=re.S)
    line = next((line for line in answer.split("\n") if any(char.isalnum() for char in line)), "")
    return _FRAME.sub("", fold(line).strip()).strip("\"'“”「」` ")


def keeps_to(candidate: str, rule: str, conversation: Sequence[str]) -> bool:
    """Whether a rewriting says what the rules' says of regions and periods, and nothing that no user of the conversation has said."""
    if not 2 <= len(candidate) <= MAX_LENGTH or bool(HAN.search(candidate)) != bool(HAN.search(rule)):
        return False
    said = "\n".join(conversation)
    if not _places(rule) <= _places(candidate) <= _places(said):
        return False
    if not _times(rule) <= _times(candidate) <= _times(said) | _times(rule):
        return False
    if not _numbers(candidate) <= _numbers(said) | _numbers(rule):
        return False
    own, known = words(candidate), set(words(said, True)) | set(words(rule, True))
    return bool(own) and sum(word in known for word in own) >= MIN_OWN * len(own)


def _places(text: str) -> set[str]:
    return {mention.code for mention in mentions_of(text)}


def _times(text: str) -> set[str]:
    return {period for line in text.split("\n") for period in question_periods(line, date.today())[0]}


def _numbers(text: str) -> set[str]:
    """Values of the quantities of a text, and the titles that it names."""
    return {f"{q.value}{q.unit}" for q in find_quantities(text)} | set(re.findall(r"《[^》]+》", text))


def _complete(make: Callable[[], Any], prompt: str, timeout: float) -> str:
    """The model's answer, or "" where it fails or does not answer in time. Read in a thread, for a server may stay silent."""
    answers: queue.Queue[str] = queue.Queue(1)

    def ask() -> None:
        try:
            answers.put(str(make().complete(prompt).text))
        except Exception:  # whatever a client raises means that the rules' rewriting stands
            answers.put("")

    threading.Thread(target=ask, daemon=True).start()
    try:
        return answers.get(timeout=timeout)
    except queue.Empty:
        return ""
