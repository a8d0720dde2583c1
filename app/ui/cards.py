"""The source pane as HTML: one card per citation, the cited sentence marked in its context. Everything is escaped."""

import html
import re
from collections.abc import Mapping
from urllib.parse import urlsplit

from app.types import Answer, Citation, Language
from app.ui.message import visible
from app.ui.strings import words
from ingest.types import Document

CONTEXT = 120  # characters shown before and after the cited sentence, at most
_SENTENCE_END = re.compile(r"[。！？；!?;]['\"”’」』）)]*|\n+|(?<=[a-z0-9)])\.(?=\s)")
_HASHES = re.compile(r"^#{1,6} +", re.MULTILINE)


def escape(text: str) -> str:
    """Return text that is safe inside an element and inside a quoted attribute.

    Gradio reads `${...}` and `{{...}}` in HTML components as templates, so `$`, braces and backticks are escaped too.
    """
    escaped = html.escape(visible(text), quote=True)
    return escaped.replace("$", "&#36;").replace("{", "&#123;").replace("}", "&#125;").replace("`", "&#96;")


def context(text: str, start: int, end: int, width: int = CONTEXT) -> tuple[str, str]:
    """Return what stands before `start` and after `end`, each at most `width` characters and cut at sentence ends.

    Where the window holds no sentence end, it is cut hard and an ellipsis says so.
    """
    before, after = text[max(0, start - width) : start], text[end : end + width]
    if start > width:
        first = _SENTENCE_END.search(before)
        before = before[first.end() :] if first and before[first.end() :].strip() else f"…{before}" if not first else ""
    if end + width < len(text):
        ends = [m.end() for m in _SENTENCE_END.finditer(after)]
        after = after[: ends[-1]] if ends else f"{after}…"
    return before.lstrip(), after.rstrip()


def pane_html(turn: int, answer: Answer, documents: Mapping[str, Document | None], language: Language) -> str:
    """Return the cards of one answer. Ids are `src-{turn}-{n}`, so that every [n] of a conversation has its own card."""
    asked = escape(words(language, "sources_of", question=answer.question))
    cards = "".join(card_html(turn, c, documents.get(c.doc_id), language) for c in answer.citations)
    if not cards:
        cards = f'<p class="pq-note">{escape(words(language, "sources_none"))}</p>'
    return f'<section class="pq-turn" data-turn="{turn}"><p class="pq-note pq-asked">{asked}</p>{cards}</section>'


def empty_html(language: Language) -> str:
    """Return the pane before the first answer."""
    return f'<p class="pq-note pq-empty">{escape(words(language, "sources_empty"))}</p>'


def card_html(turn: int, citation: Citation, document: Document | None, language: Language) -> str:
    """Return one card: number, title, badges, heading path and the marked quote."""
    name = f"src-{turn}-{citation.id}"
    back = escape(words(language, "back"))
    return (
        f'<article class="pq-card" id="{name}" tabindex="-1" aria-labelledby="{name}-title">'
        f'<header><a class="pq-number" href="#cite-{turn}-{citation.id}" title="{back}" aria-label="{back}">'
        f'{citation.id}</a><h3 id="{name}-title">{escape(citation.title or citation.source)}</h3></header>'
        f"{_badges(citation, document, language)}{_quote(citation, document, language)}{_origin(citation, language)}"
        "</article>"
    )


def _badges(citation: Citation, document: Document | None, language: Language) -> str:
    tier = citation.tier or "未知"
    badges = [("tier", words(language, f"tier_{tier}") if tier in _TIERS else tier)]
    facts = [citation.issuer, citation.doc_number, citation.region, citation.date]
    if citation.page is not None:
        facts.append(words(language, "page", page=citation.page))
    badges += [("fact", fact) for fact in facts if fact]
    if document and document.source.repealed:
        badges.append(("warn", words(language, "repealed", date=document.source.repealed)))
    if document and document.source.repairs:
        badges.append(("fact", words(language, "repaired")))
    spans = "".join(f'<span class="pq-{kind}">{escape(text)}</span>' for kind, text in badges)
    return f'<div class="pq-badges">{spans}</div>'


_TIERS = frozenset(("政策原文", "官方解读", "统计", "智库", "媒体", "自媒体", "未知"))


def _quote(citation: Citation, document: Document | None, language: Language) -> str:
    if document is None:
        note = f'<p class="pq-note">{escape(words(language, "document_missing"))}</p>'
        return f"<blockquote><mark>{escape(citation.quote)}</mark></blockquote>{note}"
    before, after = context(document.text, citation.start, citation.end)
    path = " › ".join(_headings(document, citation.start))
    above = f'<p class="pq-path">{escape(path)}</p>' if path else ""
    marked = escape(document.text[citation.start : citation.end])
    return f"{above}<blockquote>{_plain(before)}<mark>{marked}</mark>{_plain(after)}</blockquote>"


def _plain(text: str) -> str:
    """Context as read: heading signs and empty lines tell nothing beside a quote."""
    return escape(re.sub(r"\n{2,}", "\n", _HASHES.sub("", text)))


def _headings(document: Document, offset: int) -> tuple[str, ...]:
    for block in document.blocks:
        if block.start <= offset < block.end:
            return tuple(h for h in block.headings if h != document.source.title)
    return ()


def _origin(citation: Citation, language: Language) -> str:
    """The file name, or a link for a web page. Only http(s) becomes a link: a source is what someone typed."""
    address = visible(citation.source).strip()
    try:
        is_web = urlsplit(address).scheme in {"http", "https"}
    except ValueError:
        is_web = False
    if is_web:
        label = escape(words(language, "open_original"))
        link = f'<a href="{escape(address)}" target="_blank" rel="noopener noreferrer">{label}</a>'
        return f'<footer class="pq-origin">{link} <span>{escape(address)}</span></footer>'
    file_name = re.split(r"[\\/]", address)[-1]
    return f'<footer class="pq-origin" title="{escape(address)}">{escape(file_name)}</footer>'
