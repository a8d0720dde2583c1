"""An answer's sources at the end of its text, for programs that show nothing but text."""

import re

from app.citation_words import facts_in_words, language_of
from app.render import escape
from app.types import Answer, Citation, Language

_HEADS: dict[Language, str] = {"zh": "**引文**", "en": "**Sources**"}
_LIST = re.compile(r"\n\n\*\*(?:引文|Sources)\*\*\n\n(?:- \[\d+\] .*(?:\n|$))+\s*\Z")


def with_sources(answer: Answer, wanted: Language | None = None) -> str:
    """Return what follows the text: a numbered list of what was cited, "" where nothing was. `wanted`: the language asked for."""
    if not answer.citations:
        return ""
    language = language_of(answer, wanted)
    return f"\n\n{_HEADS[language]}\n\n" + "\n".join(_line(citation, language) for citation in answer.citations)


def without_sources(text: str) -> str:
    """Return an earlier answer as a client sends it back, without the list: a follow-up question is about the answer."""
    return _LIST.sub("", text)


def _line(citation: Citation, language: Language) -> str:
    place = f"{citation.source}:{citation.start}-{citation.end}"
    told = escape(facts_in_words(citation, language))
    return f"- [{citation.id}] {escape(citation.title)}{told}“{escape(citation.quote)}” {escape(place)}"
