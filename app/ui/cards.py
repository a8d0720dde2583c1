"""The source pane as HTML: one card per citation, the cited sentence marked in its context. Everything is escaped."""

import hashlib
import html
import re
from collections.abc import Mapping
from urllib.parse import urlsplit

from app.citation_words import tier_in_words, validity_in_words
from app.render import visible
from app.types import Answer, Citation, Language
from app.ui.strings import words
from ingest.types import REPAIRS, Document

CONTEXT = 120  # characters shown before and after the cited sentence, at most
_SENTENCE_END = re.compile(r"[。！？；!?;]['\"”’」』）)]*|\n+|(?<=[a-z0-9)])\.(?=\s)")
_HASHES = re.compile(r"^#{1,6} +", re.MULTILINE)


def escape(text: str) -> str:
    """Return text that is safe inside an element and inside a quoted attribute.

    Gradio reads `${...}` and `{{...}}` in HTML components as templates, so `$`, braces and backticks are escaped too.
    """
    escaped = html.escape(visible(text), quote=True)
    return escaped.replace("$", "&#36;").replace("{", "&#123;").replace("}", "&#125;").replace("`", "&#96;")


def context(text: str, start: int, end: int, low: int = 0, high: int | None = None) -> tuple[str, str]:
    """Return what stands before `start` and after `end` within [low, high), each at most CONTEXT characters.

    Both are cut at sentence ends; where the window holds none it is cut hard and an ellipsis says so.
    """
    high = len(text) if high is None else high
    before, after = text[max(low, start - CONTEXT) : start], text[end : min(high, end + CONTEXT)]
    if start - CONTEXT > low:
        first = _SENTENCE_END.search(before)
        before = before[first.end() :] if first else f"…{before}"
    if end + CONTEXT < high:
        ends = [m.end() for m in _SENTENCE_END.finditer(after)]
        after = after[: ends[-1]] if ends else f"{after}…"
    return before.lstrip(), after.rstrip()


def pane_html(turn: int, answer: Answer, documents: Mapping[str, Document | None], language: Language) -> str:
    """Return the cards of one answer. Ids are `src-{turn}-{n}`: every [n] of a conversation has its own card."""
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
        f"{badges(citation, document, language)}{_quote(citation, document, language)}{_origin(citation, document, language)}"
        "</article>"
    )


def badges(citation: Citation, document: Document | None, language: Language) -> str:
    """Return what is known of a cited document: tier, issuer, number, region, date, page, validity, what is wrong with it."""
    badges = [("tier", tier_in_words(citation.tier or "未知", language))]
    facts = [citation.issuer, citation.doc_number, citation.region, citation.date]
    if citation.page is not None:
        facts.append(words(language, "page", page=citation.page))
    badges += [("fact", fact) for fact in facts if fact]
    if citation.validity:
        kind = "fact" if citation.validity.startswith("现行有效") else "warn"
        badges.append((kind, validity_in_words(citation.validity, language)))
    if document and document.source.repealed and citation.validity.startswith(("现行有效", "尚未施行")):
        badges.append(("fact", words(language, "valid_until", date=document.source.repealed)))
    if document:
        badges += [("warn", words(language, f"flag_{name}")) for name in document.health.flags]
    if document and any(note in REPAIRS for note in document.source.repairs):
        badges.append(("fact", words(language, "repaired")))
    spans = "".join(f'<span class="pq-{kind}">{escape(text)}</span>' for kind, text in badges)
    return f'<div class="pq-badges">{spans}</div>'


def _quote(citation: Citation, document: Document | None, language: Language) -> str:
    if document is None:
        note = f'<p class="pq-note">{escape(words(language, "document_missing"))}</p>'
        return f"<blockquote><mark>{escape(citation.quote)}</mark></blockquote>{note}"
    headings, low, high = section(document, citation.start)
    before, after = context(document.text, citation.start, citation.end, low, high)
    path = " › ".join(plain(h) for h in headings if h != document.source.title)
    above = f'<p class="pq-path">{escape(path)}</p>' if path else ""
    text = document.text[citation.start : citation.end]
    if citation.quote and text != citation.quote:  # read anew since the answer was given: another sentence stands there
        note = f'<p class="pq-note pq-warn">{escape(words(language, "sentence_moved"))}</p>'
        return f"<blockquote><mark>{escape(citation.quote)}</mark></blockquote>{note}"
    marked = escape(text)
    return f"{above}<blockquote>{escape(plain(before))}<mark>{marked}</mark>{escape(plain(after))}</blockquote>"


def section(document: Document, offset: int) -> tuple[tuple[str, ...], int, int]:
    """Return heading path, start and end of the section around `offset`: neighbours under the same headings."""
    blocks = document.blocks
    at = next((i for i, block in enumerate(blocks) if block.start <= offset < block.end), None)
    if at is None:
        return (), 0, len(document.text)

    def belongs(i: int) -> bool:
        return blocks[i].headings == blocks[at].headings and blocks[i].kind not in {"title", "heading"}

    first = last = at
    while first > 0 and belongs(first - 1):
        first -= 1
    while last + 1 < len(blocks) and belongs(last + 1):
        last += 1
    return blocks[at].headings, blocks[first].start, blocks[last].end


def plain(text: str) -> str:
    """Return text as read: heading signs and empty lines tell nothing beside a quote."""
    return re.sub(r"\n{2,}", "\n", _HASHES.sub("", text))


def _origin(citation: Citation, document: Document | None, language: Language) -> str:
    """Return the way into the document, then its file name, or a link for a web page."""
    opener = opener_html(citation, language) if document else ""
    address = visible(citation.source).strip()
    if link := web_link(address, words(language, "open_original")):
        return f'<footer class="pq-origin">{opener}{link} <span>{escape(address)}</span></footer>'
    file_name = re.split(r"[\\/]", address)[-1]
    return f'<footer class="pq-origin" title="{escape(address)}">{opener}{escape(file_name)}</footer>'


def opener_html(citation: Citation, language: Language) -> str:
    """Return the button that opens the cited document at the sentence (viewer.js). Any pane may show one."""
    place = {
        "doc": citation.doc_id, "start": citation.start, "end": citation.end, "sum": digest(citation.quote),
        "page": citation.page or "", "number": citation.id,
    }  # fmt: skip
    return _opener(place, words(language, "open_document"))


def reader_html(doc_id: str, language: Language) -> str:
    """Return the button that opens a whole document at its beginning."""
    return _opener({"doc": doc_id}, words(language, "read_document"))


def _opener(place: Mapping[str, object], label: str) -> str:
    data = "".join(f' data-{name}="{escape(str(value))}"' for name, value in place.items())
    return f'<button type="button" class="pq-open"{data}>{escape(label)}</button>'


def digest(quote: str) -> str:
    """Return a short hash of a quote, by which a link to a sentence tells whether the text is still the one cited."""
    return hashlib.sha256(quote.encode("utf-8", "replace")).hexdigest()[:12]


def web_link(address: str, label: str) -> str:
    """Return a link to a web page, "" for anything else. Only http(s) becomes a link: a source is what someone typed."""
    address = visible(address).strip()
    try:
        is_web = urlsplit(address).scheme in {"http", "https"}
    except ValueError:
        is_web = False
    if not is_web:
        return ""
    return f'<a href="{escape(address)}" target="_blank" rel="noopener noreferrer">{escape(label)}</a>'
