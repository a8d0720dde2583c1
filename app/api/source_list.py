"""An answer's sources at the end of its text, for programs that show nothing but text."""

import re

from app.render import escape
from app.types import Answer, Citation
from app.understanding.language import HAN

_HEADS = {"zh": "**引文**", "en": "**Sources**"}
_LIST = re.compile(r"\n\n\*\*(?:引文|Sources)\*\*\n\n(?:- \[\d+\] .*(?:\n|$))+\s*\Z")


def with_sources(answer: Answer) -> str:
    """Return what follows the text: a numbered list of what was cited, "" where nothing was."""
    if not answer.citations:
        return ""
    head = _HEADS["zh" if HAN.search(answer.question) else "en"]
    return f"\n\n{head}\n\n" + "\n".join(map(_line, answer.citations))


def without_sources(text: str) -> str:
    """Return an earlier answer as a client sends it back, without the list: a follow-up question is about the answer."""
    return _LIST.sub("", text)


def _line(citation: Citation) -> str:
    page = f"第 {citation.page} 页" if citation.page else ""
    facts = (citation.issuer, citation.doc_number, citation.date, citation.tier, citation.validity, page)
    told = "，".join(filter(None, facts))
    place = f"{citation.source}:{citation.start}-{citation.end}"
    return f"- [{citation.id}] {escape(citation.title)}（{escape(told)}）“{escape(citation.quote)}” {escape(place)}"
