"""What stands in quotation marks must stand so in a cited sentence or its title."""

import re
from collections.abc import Sequence

from app.types import Evidence
from ingest.lexical import normalise

_QUOTED = re.compile(r"[“「《‘]([^”」》’]{1,200})[”」》’]")
_MARKS = re.compile(r"[\s“”「」《》‘’\"'*]")


def without_quotes(text: str, cited: Sequence[Evidence]) -> str:
    """The sentence less what it quotes verbatim from its citations, "" where it is one of them itself."""
    for evidence in cited:
        text = text.replace(f"“{evidence.text}”", " ")
        if text.strip() == evidence.text:
            return ""
    return text


def quotes_stand(claim: str, cited: Sequence[Evidence]) -> bool:
    """Whether every quotation and every name of a document is verbatim, whatever marks stand inside it."""
    said = _plain(" ".join(f"{e.text} {e.hit.source.title}" for e in cited))
    return all(_plain(quoted) in said for quoted in _QUOTED.findall(claim))


def _plain(text: str) -> str:
    return _MARKS.sub("", normalise(text))
