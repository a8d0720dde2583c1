"""What the API is given and gives, as pydantic models: bodies are checked by them, answers are described by them."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from app.understanding.plain import MAX_TYPED

MAX_K = 200  # passages of a search, as on the command line
MAX_TURNS = 100  # earlier messages with a question; 20 questions are looked back at
MAX_MESSAGES = 2_000  # of a chat client, which sends all of a conversation every time
MAX_URLS = 20
MAX_PAGE = 100_000  # characters of a document's text at once
LISTED = 500  # documents at once

Question = Annotated[str, Field(min_length=1, max_length=MAX_TYPED, pattern=r"\S", examples=["贵州算力利用率如何"])]
Language = Literal["zh", "en"]
# 10.0 is an integer in JSON.
Whole = BeforeValidator(lambda given: int(given) if isinstance(given, float) and given.is_integer() else given)
OneEvent = {
    "type": "object",
    "properties": {"event": {"type": "string"}, "data": {"type": "string"}},
    "required": ["data"],
}


class _Given(BaseModel):
    """Read strictly: no other fields, no text for a number."""

    model_config = ConfigDict(strict=True, extra="forbid")


class TurnIn(_Given):
    """An earlier message of the conversation."""

    role: Literal["user", "assistant"]
    content: Annotated[str, Field(max_length=MAX_TYPED)]


class AskIn(_Given):
    """A question."""

    question: Question
    history: Annotated[list[TurnIn], Field(max_length=MAX_TURNS)] = []
    lang: Annotated[Language | None, Field(description="of the answer; that of the question if none")] = None
    id: Annotated[str, Field(max_length=200, description="comes back with the answer")] = ""
    stream: Annotated[bool, Field(description="server-sent events: stage, sentence, answer or error")] = False


class SearchIn(_Given):
    """What to look for."""

    question: Question
    k: Annotated[int, Field(ge=1, le=MAX_K), Whole] = 10
    history: Annotated[list[TurnIn], Field(max_length=MAX_TURNS)] = []


class FetchIn(_Given):
    """Addresses to fetch and add."""

    urls: Annotated[
        list[Annotated[str, Field(min_length=1, max_length=2_000)]], Field(min_length=1, max_length=MAX_URLS)
    ]


class _ChatGiven(BaseModel):
    """As OpenAI's clients send it: what is not known here (temperature ...) has no effect."""

    model_config = ConfigDict(strict=True, extra="ignore")


class ChatPart(_ChatGiven):
    """A part of a message; only text is read."""

    type: str
    text: str = ""


class ChatMessage(_ChatGiven):
    """A message. Those of `system`, `developer`, `tool` and `function` are read by nobody."""

    role: Literal["system", "developer", "user", "assistant", "tool", "function"]
    content: str | list[ChatPart] | None = None

    def text(self) -> str:
        """Return what is said in it."""
        if isinstance(self.content, list):
            return "\n".join(part.text for part in self.content if part.type == "text")
        return self.content or ""


class ChatOptions(_ChatGiven):
    """How to stream."""

    include_usage: bool | None = None


class ChatIn(_ChatGiven):
    """A chat completion's request."""

    model: Annotated[str, Field(max_length=200, examples=["policyqa"])]
    messages: Annotated[list[ChatMessage], Field(min_length=1, max_length=MAX_MESSAGES)]
    stream: bool | None = None
    stream_options: ChatOptions | None = None
    n: Annotated[Literal[1] | None, Field(description="one answer"), Whole] = None


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
