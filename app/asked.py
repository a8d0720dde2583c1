"""What there is to tell of one question: how long each step took, and what came of it. Logs, metrics and traces read this."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, Protocol

from app.types import Answer
from ingest.summary import Summary

STAGES = ("understand", "retrieve", "rerank", "answer", "verify")  # of an answer's timings_ms
SPANS = ("understand", "retrieve", "rerank", "compose", "generate", "verify")  # `answer` is the fourth and the fifth
Model = Literal["", "used", "failed", "refused"]  # "": not asked; refused: nothing that it said passed the checks


@dataclass(frozen=True, slots=True)
class Span:
    """A step of answering, one of SPANS: when it began, in seconds since the question did, and how long it took."""

    name: str
    began: float
    seconds: float


@dataclass(frozen=True, slots=True)
class Asked:
    """A question that has ended. `error` is the name of what ended it without an answer; "left": who asked has gone."""

    question: str
    began: float  # seconds since 1970
    seconds: float
    spans: tuple[Span, ...]
    answer: Answer | None
    model: Model = ""
    error: str = ""


class Listener(Protocol):
    """Who is told of what an engine does. It is called in the engine's own threads: it must be quick, and raise nothing."""

    def asking(self) -> Callable[[Asked], None]:
        """A question has begun; what is returned is called at its end."""

    def ingested(self, summary: Summary) -> None:
        """Files have been read."""


class Clock:
    """Seconds by step, counted once for everyone who wants to know."""

    def __init__(self) -> None:
        self.model: Model = ""
        self._epoch, self._began = time.time(), time.perf_counter()
        self._last = self._began
        self._times: dict[str, float] = {}
        self._spans: list[Span] = []

    def lap(self, stage: str, span: str | None = None) -> None:
        """End a step: `stage` is what it counts for in timings_ms, `span` its name in SPANS ("" for none) where that differs."""
        now = time.perf_counter()
        self._times[stage] = self._times.get(stage, 0.0) + (now - self._last) * 1000
        if name := stage if span is None else span:
            self._spans.append(Span(name, self._last - self._began, now - self._last))
        self._last = now

    def times(self) -> dict[str, float]:
        """Milliseconds by stage, and in all."""
        stages = {name: self._times.get(name, 0.0) for name in STAGES}
        return {**stages, "total": (time.perf_counter() - self._began) * 1000}

    def ended(self, question: str, answer: Answer | None, error: str) -> Asked:
        """Return what there is to tell now."""
        seconds = time.perf_counter() - self._began
        return Asked(question, self._epoch, seconds, tuple(self._spans), answer, self.model, error)
