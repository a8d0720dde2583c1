"""An answer as it is spoken: pieces of Markdown whose sum is the answer, each checked before it is given."""

from collections.abc import Iterable, Iterator

from app.engine import Stage
from app.render import written
from app.types import Answer, AnswerSentence


def spoken(events: Iterable[Stage | AnswerSentence | Answer]) -> Iterator[str | Answer]:
    """Yield a model's sentences as they pass, then the rest of the text, then the Answer; an answer by rule in one piece.

    Where a model fails after its first sentences, the quoted answer follows them, as nothing sent can be taken back.
    """
    said, writing = "", False
    for event in events:
        if isinstance(event, Stage):
            writing = event.name == "answer"
        elif isinstance(event, Answer):
            told = set(said.split("\n"))
            rest = "\n".join(line for line in event.text.split("\n") if not line or line not in told)
            if rest.strip():
                yield rest
            yield event
        elif writing:
            piece = written(event) + "\n"
            said += piece
            yield piece
