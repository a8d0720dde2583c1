"""The nouns of the history, and how an Answer is written down and read again."""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any, Literal

from app.types import Answer, AnswerSentence, Citation, Dropped, Language, Usage

Rating = Literal["", "up", "down"]


@dataclass(frozen=True, slots=True)
class Kept:
    """One conversation in the list. Times are ISO 8601 in UTC."""

    id: str
    title: str
    created: str
    updated: str
    exchanges: int


@dataclass(frozen=True, slots=True)
class KeptExchange:
    """A question and what came of it. `answer` is None while it is being answered, and after that if it never was.

    `basis` says what the answer rested on: model, pipeline, and the sha256 of the documents then indexed.
    """

    id: str  # the replay id
    conversation: str
    question: str
    language: Language | None
    asked: str
    answer: Answer | None = None
    error: str = ""
    basis: Mapping[str, Any] = field(default_factory=dict)
    rating: Rating = ""
    reason: str = ""


def answer_from_json(value: Mapping[str, Any]) -> Answer:
    """Read what Answer.to_json wrote, less its figures (they are for other programs, the page shows none of them).

    Fields that this version does not know are left out, those that are missing get their defaults; raises KeyError or
    TypeError for what is no answer.
    """
    sentences = tuple(
        AnswerSentence(s["text"], tuple(s["citations"]), s["support"], s["checks"]["numbers"], s["checks"]["scope"])
        for s in value["sentences"]
    )
    citations = tuple(Citation(**_known(Citation, c)) for c in value["citations"])
    return Answer(
        question=value["question"], text=value["answer"], sentences=sentences, citations=citations,
        abstained=value["abstained"], abstain_reason=value["abstain_reason"], model=value["model"],
        timings_ms=dict(value["timings_ms"]), id=value.get("id", ""),
        dropped=tuple(Dropped(d["text"], d["reason"]) for d in value.get("dropped") or ()),
        usage=Usage(**_known(Usage, value["usage"])) if value.get("usage") else None,
    )  # fmt: skip


def _known(noun: type[Any], value: Mapping[str, Any]) -> dict[str, Any]:
    """Those of a record's fields that this version's noun has."""
    names = {f.name for f in fields(noun)}
    return {name: part for name, part in value.items() if name in names}
