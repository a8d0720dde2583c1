"""What the API is given, as pydantic models that check it, and how much of it at once."""

from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from app.understanding.plain import MAX_TYPED

MODEL = "policyqa"  # the one that OpenAI's clients may ask for
MAX_K = 200  # passages of a search, as on the command line
MAX_TURNS = 100  # earlier messages with a question; 20 questions are looked back at
MAX_MESSAGES = 2_000  # of a chat client, which sends all of a conversation every time
MAX_URLS = 20
MAX_PAGE = 100_000  # characters of a document's text at once
LISTED = 500  # documents at once

Question = Annotated[str, Field(min_length=1, max_length=MAX_TYPED, pattern=r"\S", examples=["贵州算力利用率如何"])]
Language = Literal["zh", "en"]
Into = Annotated[str | None, Field(max_length=200, description="the collection that it is added to")]
Address = Annotated[
    str, Field(max_length=2_000, pattern=r"^[hH][tT][tT][pP][sS]?://", examples=["https://example.org/a"])
]
# 10.0 is an integer in JSON.
Whole = BeforeValidator(lambda given: int(given) if isinstance(given, float) and given.is_integer() else given)


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

    urls: Annotated[list[Address], Field(min_length=1, max_length=MAX_URLS)]


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

    model: Annotated[str, Field(max_length=200, json_schema_extra={"enum": [MODEL]})]
    messages: Annotated[list[ChatMessage], Field(min_length=1, max_length=MAX_MESSAGES)]
    stream: bool | None = None
    stream_options: ChatOptions | None = None
    n: Annotated[Literal[1] | None, Field(description="one answer"), Whole] = None
