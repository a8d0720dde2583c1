"""What the API gives, as pydantic models: they describe it for OpenAPI, nothing is made of them."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

ONE_EVENT = {
    "type": "object",
    "properties": {"event": {"type": "string"}, "data": {"type": "string"}},
    "required": ["data"],
}


class ErrorBody(BaseModel):
    """What went wrong and what to do."""

    class Told(BaseModel):
        """The error."""

        code: str
        message: str
        hint: str

    error: Told


class ChatErrorBody(BaseModel):
    """What went wrong, as OpenAI tells it."""

    class Told(BaseModel):
        """The error."""

        message: str
        type: str
        param: str | None
        code: str | None

    error: Told


def error_responses(body: type[BaseModel]) -> dict[int | str, dict[str, Any]]:
    """Return what OpenAPI is told of errors with such a body."""
    return {
        "4XX": {"model": body, "description": "The request cannot be used as it is"},
        "5XX": {"model": body, "description": "Try again later"},
        422: {"model": body, "description": "Read, but of no use: another language, an unreadable file"},
    }


class Checks(BaseModel):
    """What was compared with the cited text."""

    numbers: bool
    scope: bool


class SentenceOut(BaseModel):
    """A sentence of an answer."""

    text: str
    citations: list[int]
    support: Literal["supported", "partial", "unsupported"]
    checks: Checks


class CitationOut(BaseModel):
    """A span of a document; `quote` is its text there."""

    id: int
    doc_id: str
    source: str
    title: str
    issuer: str
    doc_number: str
    region: str
    date: str
    tier: str
    page: int | None
    start: int
    end: int
    quote: str
    validity: str


class FigureOut(BaseModel):
    """A figure and whose it is."""

    indicator: str
    value: float | list[float]
    unit: str
    comparator: str
    scope: str
    period: str
    kind: str
    citation: int


class AnswerOut(BaseModel):
    """An answer, as `policyqa ask --json` prints it."""

    id: str
    question: str
    answer: Annotated[str, Field(description="Markdown with [n] markers")]
    abstained: bool
    abstain_reason: str
    sentences: list[SentenceOut]
    citations: list[CitationOut]
    figures: list[FigureOut]
    model: str
    dropped: list[dict[str, Any]]
    usage: dict[str, Any] | None
    timings_ms: dict[str, float]


class HitOut(BaseModel):
    """A passage that was found."""

    rank: int
    score: float
    doc_id: str
    chunk_id: str
    source: str
    title: str
    page: int | None
    start: int
    end: int
    text: str
    regions: list[str]
    validity: str


class HitsOut(BaseModel):
    """Passages, as `policyqa search --json` prints them."""

    question: str
    hits: list[HitOut]


class DocumentOut(BaseModel):
    """A document's record, as `policyqa docs list --json` prints it; more fields than these."""

    model_config = ConfigDict(extra="allow")
    doc_id: str
    source: str
    title: str
    issuer: str
    doc_number: str
    regions: list[str]
    date: str
    tier: str
    chars: int
    chunks: int
    health: str
    validity: str


class DocumentsOut(BaseModel):
    """A part of the list."""

    documents: list[DocumentOut]
    total: int
    next: Annotated[int | None, Field(description="`offset` of the next part")]


class TextOut(BaseModel):
    """A piece of a document's cleaned text."""

    start: int
    end: int
    chars: int
    text: str
    next: Annotated[int | None, Field(description="`offset` of the next piece")]


class DocumentWithText(DocumentOut):
    """A record, with a piece of the text where it was asked for."""

    health_report: dict[str, Any]
    text: TextOut | None = None


class JobOut(BaseModel):
    """Work on the library."""

    id: str
    name: str
    state: Literal["waiting", "running", "done", "failed"]
    share: Annotated[float | None, Field(description="0 to 1, of a document that is being read")]
    message: str
    removed: Annotated[str, Field(description="id of a removal, which can be undone; else empty")]


class JobsOut(BaseModel):
    """Several jobs."""

    jobs: list[JobOut]


class ChatOut(BaseModel):
    """A chat completion. `citations` is an addition of ours."""

    class Choice(BaseModel):
        """The one answer."""

        class Message(BaseModel):
            """What is said."""

            role: Literal["assistant"]
            content: str

        index: int
        message: Message
        finish_reason: Literal["stop"]

    class Usage(BaseModel):
        """Tokens of the model, 0 where none was asked."""

        prompt_tokens: int
        completion_tokens: int
        total_tokens: int

    id: str
    object: Literal["chat.completion"]
    created: int
    model: str
    choices: list[Choice]
    usage: Usage
    citations: list[CitationOut]
    abstained: bool


class ModelOut(BaseModel):
    """The one model."""

    id: str
    object: Literal["model"]
    created: int
    owned_by: str


class ModelsOut(BaseModel):
    """All models."""

    object: Literal["list"]
    data: list[ModelOut]
