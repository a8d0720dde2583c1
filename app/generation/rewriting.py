"""A follow-up rewritten by a configured LLM, where it does better than the rules and keeps to the conversation.

What the model returns is untrusted: it may neither bring in nor lose a region, a period, a number or a document, must be made of
the conversation's own words, and has a few seconds. Whatever fails leaves the rules' rewriting in force.
"""

import logging
import re
from collections.abc import Callable, Sequence
from datetime import date

from app.generation.backend import Backend
from app.generation.errors import LLMError
from app.generation.stream import complete
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
log = logging.getLogger(__name__)
_FRAME = re.compile(r"^(?:改写后的?|独立的?)?(?:问题|question|rewritten question)?\s*[:：]\s*", re.I)


def llm_rewriter(backend: Backend) -> Callable[[str, Sequence[Turn], str], str]:
    """A rewriter (question, history, the rules' rewriting) -> rewriting, by the configured model. It never raises."""

    def rewrite(question: str, history: Sequence[Turn], rule: str) -> str:
        asked = [turn.content for turn in history if turn.role == "user"][-_TURNS:]
        if not asked or (rule == question and len(question) > MAX_SHORT):
            return rule
        language = "zh" if HAN.search(question) else "en"
        prompt = message(
            language, "rewrite.user.md", history="\n".join(f"- {text}" for text in asked), question=question
        )
        try:
            candidate = plain_line(complete(backend, "", prompt, min(backend.limits.total, MAX_WAIT)))
        except LLMError as error:  # the rules' rewriting stands; the answer's own call will tell of it
            log.info("a question was not rewritten: %s", error.message)
            return rule
        return candidate if keeps_to(candidate, rule, [*asked, question]) else rule

    return rewrite


def plain_line(answer: str) -> str:
    """The first line of a model's answer that holds words, folded, without quotation marks and a heading."""
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
